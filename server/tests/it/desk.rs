//! The staff's page about the log: lags, dead letters and what is decided about them, the past.

use broker::{NewEvent, ParkedState};
use types::OrderId;

use crate::client::Client;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const PAGE: &str = "/admin/events";
const CONSUMERS: &str = "/admin/events/consumers";
const CONSUMER: &str = "inventory";
/// A SKU that the shop does not have.
const UNKNOWN: &str = "AS-NONE-1";

/// A shop with a dead letter, and its position: a count that inventory cannot read.
async fn shop_with_dead_letter() -> (TestShop, u64) {
    let shop = TestShop::with(&["--max-attempts=1"]).await;
    let position = shop.unreadable_count().await;
    (shop, position)
}

impl TestShop {
    async fn unreadable_count(&self) -> u64 {
        let data = "{\"nonsense\":1}";
        let event = NewEvent::new("stock.correction_requested", "stock", UNKNOWN, data);
        let mut tx = self.log().begin("test").await.expect("a transaction");
        tx.append(event, None);
        let position = tx.commit().await.expect("a commit").expect("a position");
        eventually("a dead letter", async || self.is_dead(position).await).await;
        position
    }

    async fn is_dead(&self, position: u64) -> bool {
        let parked = self.log().parked(true, 10).await.expect("parked events");
        parked
            .iter()
            .any(|parked| parked.position == position && parked.state == ParkedState::Dead)
    }

    /// Where the event of an order or a SKU stands in the log.
    async fn position_of(&self, kind: &str, key: &str) -> i64 {
        let found =
            format!("select max(position) from events where type = '{kind}' and key = '{key}'");
        self.number(&found).await
    }

    /// An order that came to its end.
    async fn sold(&self) -> OrderId {
        let mut ada = self.shopper();
        let order = ada.order(RING, "pm_card_visa", RING_PRICE).await;
        self.until_status(order, "confirmed").await;
        order
    }
}

/// What a browser is told where a plain form leads it.
async fn submit(staff: &mut Client, command: &str, consumer: &str, position: u64) -> String {
    let position = position.to_string();
    let form = [("consumer", consumer), ("position", position.as_str())];
    let answer = staff.submit(command, &form).await;
    assert_eq!(answer.status, 302, "{answer:?}");
    let location = answer.location().expect("a page to go to").to_owned();
    assert_eq!(location, CONSUMERS);
    staff.get(&location).await.expect_ok().body
}

/// The name and the value of each fact that a look-up shows.
fn facts(page: &str) -> Vec<(String, String)> {
    let text = |part: &str| {
        let text = part.split('<').next().unwrap_or_default();
        text.to_owned()
    };
    let each = page.split("<dt>").skip(1);
    each.map(|fact| {
        let value = fact.split("<dd>").nth(1).unwrap_or_default();
        (text(fact), text(value))
    })
    .collect()
}

async fn fact(staff: &mut Client, of: &str, at: Option<i64>, name: &str) -> String {
    let at = at.map(|at| format!("&at={at}")).unwrap_or_default();
    let page = staff.get(&format!("{PAGE}?of={of}{at}")).await.expect_ok();
    let facts = facts(&page.body);
    let found = facts.iter().find(|(known, _)| known == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {facts:?}"))
        .1
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_see_the_log_and_decide_about_it() {
    let (shop, position) = shop_with_dead_letter().await;
    let mut shopper = shop.shopper();
    shopper.add(RING, "1", "").await.expect_ok();
    for mut visitor in [shop.shopper(), shopper] {
        for page in [
            PAGE.to_owned(),
            CONSUMERS.to_owned(),
            format!("{PAGE}?of={RING}"),
            format!("{PAGE}?text=nonsense"),
            format!("{PAGE}/what-if?sku={RING}&threshold=1"),
        ] {
            let answer = visitor.get(&page).await;
            assert_eq!(answer.status, 302, "{answer:?}");
            assert_eq!(answer.location(), Some("/admin/sign-in"));
            assert!(!answer.body.contains("nonsense"), "{}", answer.body);
            assert!(!answer.body.contains("on hand"), "{}", answer.body);
        }
        for command in ["/api/redrive_event", "/api/discard_event"] {
            let at = position.to_string();
            let form = [("consumer", CONSUMER), ("position", at.as_str())];
            visitor.post(command, &form).await.problem(401);
            let plain = visitor.submit(command, &form).await;
            assert_eq!(plain.location(), Some(CONSUMERS));
            let after = visitor.get(CONSUMERS).await;
            assert_eq!(after.location(), Some("/admin/sign-in"));
        }
    }
    assert!(shop.is_dead(position).await, "nobody decided");
    let decided = "select count(*) from events where type like 'broker.%_requested'";
    assert_eq!(shop.number(decided).await, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_how_far_consumers_are_and_what_they_could_not_handle() {
    let (shop, position) = shop_with_dead_letter().await;
    let mut staff = shop.staff().await;
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    for consumer in ["inventory", "orders", "catalogue", "cart_return", "payment"] {
        let row = format!("<th scope=\"row\">{consumer}<");
        assert!(page.contains(&row), "{consumer}: {page}");
    }
    assert!(page.contains(&format!("#{position}")), "{page}");
    assert!(page.contains("Dead after 1 attempt."), "{page}");
    assert!(page.contains("nonsense"), "its content: {page}");
    assert!(page.contains("/api/redrive_event"), "{page}");
    // Consumers pass what is for others once they rest.
    eventually("all are up to date", async || {
        let lags = shop.log().lags().await.expect("lags");
        lags.iter().all(|lag| lag.behind == 0)
    })
    .await;
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    let listed = shop.log().lags().await.expect("lags").len();
    assert_eq!(page.matches("up to date").count(), listed, "{page}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_dead_letter_is_gone_and_the_page_says_so() {
    let (shop, position) = shop_with_dead_letter().await;
    let mut staff = shop.staff().await;
    let page = submit(&mut staff, "/api/discard_event", CONSUMER, position).await;
    let told = format!("#{position} was discarded for {CONSUMER}.");
    assert!(page.contains(&told), "{page}");
    assert!(page.contains("Every event so far was handled"), "{page}");
    assert!(!shop.is_dead(position).await);

    let page = submit(&mut staff, "/api/discard_event", CONSUMER, position).await;
    assert!(
        page.contains("Somebody may have decided already."),
        "{page}"
    );
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    assert!(!page.contains("Somebody may have decided"), "told once");
    shop.sold().await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redriven_dead_letter_is_tried_again() {
    let (shop, position) = shop_with_dead_letter().await;
    let mut staff = shop.staff().await;
    let page = submit(&mut staff, "/api/redrive_event", CONSUMER, position).await;
    let told = format!("#{position} was handed to {CONSUMER} again.");
    assert!(page.contains(&told), "{page}");
    // It is as unreadable as before.
    let died = "select count(*) from events where type = 'broker.dead_lettered'";
    eventually("it died again", async || shop.number(died).await == 2).await;
    let id = shop.id_of_staff().await;
    let by = format!(
        "select count(*) from events where type = 'broker.redriven' and data like '%\"{id}\"%'"
    );
    assert_eq!(shop.number(&by).await, 1, "who decided is written down");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_dead_letter_cannot_be_decided_about() {
    let (shop, position) = shop_with_dead_letter().await;
    let mut staff = shop.staff().await;
    let dead = position.to_string();
    for command in ["/api/redrive_event", "/api/discard_event"] {
        for (consumer, position, status) in [
            (CONSUMER, "1", 404),
            (CONSUMER, "18446744073709551615", 404),
            ("orders", dead.as_str(), 404),
            ("", dead.as_str(), 404),
            (CONSUMER, "", 400),
            (CONSUMER, "-1", 400),
            (CONSUMER, "the last one", 400),
        ] {
            let form = [("consumer", consumer), ("position", position)];
            staff.post(command, &form).await.problem(status);
        }
        staff.post(command, &[]).await.problem(400);
    }
    // An address alone does not make the page say that something was done.
    let made_up = format!("{CONSUMERS}?redriven=1&consumer=orders");
    let page = staff.get(&made_up).await.expect_ok();
    assert!(!page.body.contains("was handed to"));
    assert!(shop.is_dead(position).await);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_and_a_sku_are_shown_as_they_were() {
    let shop = TestShop::open().await;
    let opened = shop.position_of("stock.corrected", RING).await;
    let order = shop.sold().await;
    shop.count(RING, 9).await;
    let mut staff = shop.staff().await;
    let number = types::order::order_number(order);
    let key = order.to_string();
    let placed = shop.position_of("order.placed", &key).await;
    let confirmed = shop.position_of("order.confirmed", &key).await;

    for of in [number.as_str(), &number.to_lowercase(), &key] {
        assert_eq!(fact(&mut staff, of, None, "status").await, "confirmed");
        let status = fact(&mut staff, of, Some(placed), "status").await;
        assert_eq!(status, "being reserved");
        let status = fact(&mut staff, of, Some(confirmed - 1), "status").await;
        assert_eq!(status, "being paid");
    }
    for (at, on_hand, allocated) in [
        (Some(opened), "4", "0"),
        (Some(placed), "4", "0"),
        (Some(confirmed), "4", "1"),
        (None, "9", "1"),
    ] {
        assert_eq!(
            fact(&mut staff, RING, at, "on hand").await,
            on_hand,
            "{at:?}"
        );
        assert_eq!(
            fact(&mut staff, RING, at, "allocated").await,
            allocated,
            "{at:?}"
        );
    }

    // The whole story, each event one step to the side of its cause.
    let page = staff
        .get(&format!("{PAGE}?of={number}"))
        .await
        .expect_ok()
        .body;
    let depth_of = |kind: &str| {
        let before = page.split(&format!(">{kind}<")).next().unwrap_or_default();
        let depth = before.rsplit("data-depth=\"").next().unwrap_or_default();
        depth[..1]
            .parse::<u32>()
            .unwrap_or_else(|_| panic!("{kind}: {page}"))
    };
    let kinds = [
        "order.placed",
        "stock.reserved",
        "payment.requested",
        "payment.authorized",
        "order.confirmed",
    ];
    assert_eq!(kinds.map(depth_of), [0, 1, 2, 3, 4]);
    assert!(
        page.contains(&format!("{PAGE}?of={number}&amp;at={placed}")),
        "{page}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_finds_nothing_says_why_under_its_field() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    for (query, field, message) in [
        ("of=V-00000000", "of", "There is no order V-00000000."),
        (
            "of=AS-NO-SUCH-1",
            "of",
            "No order, SKU or event is called AS-NO-SUCH-1.",
        ),
        ("of=%3Cscript%3E", "of", "No order, SKU or event is called"),
        (
            "of=&at=4",
            "of",
            "Enter the number of an order, a SKU or a position",
        ),
        (
            "of=AS-VEG-WG-50&at=0",
            "of",
            "There was no stock of AS-VEG-WG-50 at position 0.",
        ),
        (
            "of=AS-VEG-WG-50&at=soon",
            "at",
            "Enter a position of the log",
        ),
        ("of=AS-VEG-WG-50&at=-1", "at", "Enter a position of the log"),
    ] {
        let page = staff.get(&format!("{PAGE}?{query}")).await.expect_ok().body;
        let described = format!("id=\"look-up-{field}-wrong\"");
        let told = page.split(&described).nth(1).unwrap_or_default();
        let told = told.split("</p>").next().unwrap_or_default();
        assert!(told.contains(message), "{query}: {page}");
        assert!(
            page.contains("order.placed") || page.contains("stock.corrected"),
            "the rest stands"
        );
        assert!(!page.contains("<script>\""), "{query}: {page}");
    }
    // One that is still to come is now.
    assert_eq!(
        fact(&mut staff, RING, Some(1_000_000), "on hand").await,
        "4"
    );
    shop.closed().await;
}

/// What came into the house, as the log has it, behind an event of the same kind that nobody can read: given up, too.
async fn given_up(
    shop: &TestShop,
    staff: &mut Client,
    (kind, topic, key): (&'static str, &'static str, &str),
    data: &str,
) -> u64 {
    let mut tx = shop.log().begin("test").await.expect("a transaction");
    for data in ["{\"nonsense\":1}", data] {
        tx.append(NewEvent::new(kind, topic, key, data), None);
    }
    let position = tx.commit().await.expect("a commit").expect("a position");
    let waiting = format!(
        "select count(*) from parked where consumer = '{CONSUMER}' and position = {position}"
    );
    eventually("it waits behind the other", async || {
        shop.number(&waiting).await == 1 && shop.is_dead(position - 1).await
    })
    .await;
    shop.alter(format!(
        "update parked set state = 'dead' where consumer = '{CONSUMER}' and position = {position}"
    ))
    .await;
    for position in [position, position - 1] {
        submit(staff, "/api/discard_event", CONSUMER, position).await;
    }
    position
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_of_an_event_that_is_given_up_are_an_alert_until_somebody_counts() {
    let shop = TestShop::with(&["--max-attempts=1"]).await;
    let mut staff = shop.staff().await;
    let order = shop.sold().await;
    let before = shop.stock(RING).await;
    let lines = format!("[{{\"sku\":\"{RING}\",\"quantity\":3}}]");
    let id = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    let received = format!(
        "{{\"supplier\":\"sup-marais\",\"order_id\":\"{id}\",\"received\":{lines},\"lines\":[],\
         \"status\":\"closed\",\"by\":\"ada\"}}"
    );
    let came_back = format!(
        "{{\"order_id\":\"{order}\",\"shipment_id\":\"{id}\",\"number\":1,\"lines\":{lines},\
         \"status\":\"shipped\"}}"
    );
    let returned = format!(
        "{{\"order_id\":\"{order}\",\"return_id\":\"{id}\",\"number\":1,\"lines\":\
         [{{\"sku\":\"{RING}\",\"restocked\":3,\"written_off\":1}}]}}"
    );
    let raised = format!(
        "select count(*) from events where key = '{RING}' and type in ('alert.raised', 'alert.repeated')"
    );
    for (n, (kind, topic, key, data)) in [
        (
            "purchase_order.received",
            "purchasing",
            id.to_owned(),
            received,
        ),
        (
            "shipment.came_back",
            "fulfilment",
            order.to_string(),
            came_back,
        ),
        ("return.received", "returns", order.to_string(), returned),
    ]
    .into_iter()
    .enumerate()
    {
        let position = given_up(&shop, &mut staff, (kind, topic, &key), &data).await;
        let times = i64::try_from(n).expect("few") + 1;
        eventually("an alert says so", async || {
            shop.number(&raised).await == times
        })
        .await;
        let page = staff.get("/admin/alerts").await.expect_ok().body;
        assert!(
            page.contains(&format!("Pieces that came are not counted: {RING}")),
            "{kind}: {page}"
        );
        assert!(
            page.contains(&format!("#{position} {kind}")),
            "{kind}: {page}"
        );
        assert!(page.contains(&format!("3 × {RING}")), "{kind}: {page}");
    }
    assert_eq!(
        shop.stock(RING).await,
        before,
        "nobody knows where they are"
    );
    shop.count(RING, 12).await;
    eventually("a count ends it", async || {
        let page = staff_page(&shop).await;
        !page.contains("Pieces that came are not counted")
    })
    .await;
    shop.closed().await;
}

async fn staff_page(shop: &TestShop) -> String {
    let mut staff = shop.staff().await;
    staff.get("/admin/alerts").await.expect_ok().body
}

/// A parcel has left whether or not the inventory could take note of it: its pieces do not stay promised for ever.
#[tokio::test(flavor = "multi_thread")]
async fn pieces_that_have_left_are_taken_out_of_the_books_when_their_event_is_given_up() {
    let shop = TestShop::with(&["--max-attempts=1"]).await;
    let mut staff = shop.staff().await;
    let order = shop.sold().await;
    let (on_hand, allocated) = shop.stock(RING).await;
    assert_eq!(allocated, 1);
    let id = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    let shipped = format!(
        "{{\"order_id\":\"{order}\",\"shipment_id\":\"{id}\",\"number\":1,\"lines\":\
         [{{\"sku\":\"{RING}\",\"quantity\":1}}],\"carrier\":\"manual\",\"tracking\":null,\
         \"status\":\"shipped\"}}"
    );
    let key = order.to_string();
    let of = ("shipment.shipped", "fulfilment", &*key);
    given_up(&shop, &mut staff, of, &shipped).await;
    eventually("the books follow the parcel", async || {
        shop.stock(RING).await == (on_hand - 1, 0)
    })
    .await;
    let asked = "select count(*) from events where type = 'stock.dispatch_requested'";
    assert_eq!(shop.number(asked).await, 1);
    shop.closed().await;
}
