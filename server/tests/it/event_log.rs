//! The staff's pages about the log: what is searched and followed, an order through time, those who follow the log and
//! their states built anew, and another rule tried out.

use types::admin::EventRow;
use types::live::{MAX_FILTERS, ServerMessage, State, Topic};
use types::order::order_number;
use types::staff::Role;

use crate::client::Client;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const PAGE: &str = "/admin/events";
const CONSUMERS: &str = "/admin/events/consumers";
const WHAT_IF: &str = "/admin/events/what-if";
const GOOD_CARD: &str = "pm_card_visa";

/// The positions of the events that a page lists, in its order.
fn positions(page: &str) -> Vec<u64> {
    let rows = page.split("/admin/events?of=%23").skip(1);
    rows.map(|row| {
        let digits: String = row.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a position")
    })
    .collect()
}

/// The types of the events that a page lists.
fn kinds(page: &str) -> Vec<String> {
    let rows = page.split("class=\"log-row__kind\">").skip(1);
    rows.map(|row| row.split('<').next().unwrap_or_default().to_owned())
        .collect()
}

async fn shown(staff: &mut Client, query: &str) -> String {
    staff.get(&format!("{PAGE}?{query}")).await.expect_ok().body
}

async fn sold(shop: &TestShop) -> types::OrderId {
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_topic_type_key_attribute_field_and_text() {
    let shop = TestShop::open().await;
    let (order, other) = (sold(&shop).await, sold(&shop).await);
    let mut staff = shop.staff().await;
    let number = order_number(order);

    let page = shown(&mut staff, "topic=orders&type=order.*").await;
    assert!(
        kinds(&page).iter().all(|kind| kind.starts_with("order.")),
        "{page}"
    );
    assert_eq!(
        kinds(&page)
            .iter()
            .filter(|kind| *kind == "order.placed")
            .count(),
        2
    );
    // The address is the state: the form shows what was asked.
    assert!(page.contains("value=\"order.*\""), "{page}");

    for query in [format!("key={number}"), format!("key={order}&type=")] {
        let page = shown(&mut staff, &query).await;
        assert!(
            kinds(&page).contains(&"order.confirmed".to_owned()),
            "{page}"
        );
        assert!(page.contains(&number), "{page}");
        let of_other = shop
            .number(&format!(
                "select min(position) from events where key = '{other}'"
            ))
            .await;
        assert!(
            !positions(&page).contains(&of_other.unsigned_abs()),
            "{page}"
        );
    }
    let page = shown(
        &mut staff,
        "attribute=source%3Dinventory*&type=stock.reserved",
    )
    .await;
    assert_eq!(kinds(&page), ["stock.reserved", "stock.reserved"]);
    let page = shown(
        &mut staff,
        &format!("field=moves.sku%3D{RING}&type=stock.reserved"),
    )
    .await;
    assert_eq!(kinds(&page).len(), 2, "{page}");
    let page = shown(&mut staff, "field=moves.sku%3DAS-LUM-*&type=stock.reserved").await;
    assert_eq!(kinds(&page).len(), 0, "{page}");
    let page = shown(
        &mut staff,
        &format!("text={}&type=order.placed", RING.to_lowercase()),
    )
    .await;
    assert_eq!(kinds(&page).len(), 2, "whatever its case: {page}");
    // Neither sign is one of the database's.
    for text in ["%25", "_", "100%25_"] {
        let page = shown(&mut staff, &format!("text=A{text}Z&type=order.placed")).await;
        assert_eq!(kinds(&page).len(), 0, "{text}: {page}");
    }
    for (query, field) in [
        ("key=V-00000000", "key"),
        ("attribute=inventory", "attribute"),
        ("field=a..b", "field"),
    ] {
        let page = shown(&mut staff, query).await;
        assert!(
            page.contains(&format!("id=\"filter-{field}-wrong\"")),
            "{query}: {page}"
        );
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_events_meet_without_a_gap() {
    let shop = TestShop::open().await;
    sold(&shop).await;
    let mut staff = shop.staff().await;
    let head = shop.log().stored_head().await.expect("a head");
    let mut address = format!("{PAGE}?topic=*");
    let mut all = Vec::new();
    loop {
        let page = staff.get(&address).await.expect_ok().body;
        let found = positions(&page);
        assert!(
            found.len() <= 50 && found.is_sorted_by(|a, b| a > b),
            "{found:?}"
        );
        all.extend(found);
        let older = page.split("rel=\"next\"").nth(1);
        let Some(older) = older else { break };
        let href = older.split("href=\"").nth(1).expect("an address");
        let href = href.split('"').next().unwrap_or_default();
        address = href.replace("&amp;", "&");
    }
    all.reverse();
    let every: Vec<u64> = (1..=all.last().copied().unwrap_or_default()).collect();
    assert_eq!(all, every);
    assert!(all.len() as u64 >= head, "{} of {head}", all.len());
    shop.closed().await;
}

async fn events_of(socket: &mut crate::socket::Socket, wanted: &Topic) -> Vec<EventRow> {
    loop {
        match socket.next_or_end().await.expect("a message") {
            ServerMessage::Snapshot {
                topic,
                state: State::Events { events },
                ..
            }
            | ServerMessage::Change {
                topic,
                state: State::Events { events },
                ..
            } if topic == *wanted => {
                return events;
            }
            ServerMessage::Error { detail, .. } => panic!("{detail}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_sent_the_events_that_it_asked_for_and_no_others() {
    let shop = TestShop::open().await;
    let staff = shop.staff().await;
    let mut socket = staff.socket().await;
    let topic = "events:\u{1f}order.*\u{1f}\u{1f}\u{1f}\u{1f}";
    let parsed: Topic = topic.parse().expect("a topic");
    socket.subscribe(&[topic], 0).await;
    assert_eq!(events_of(&mut socket, &parsed).await, []);
    let mut seen = Vec::new();
    let order = sold(&shop).await;
    while !seen
        .iter()
        .any(|event: &EventRow| event.kind == "order.confirmed")
    {
        seen.extend(events_of(&mut socket, &parsed).await);
    }
    let number = order_number(order);
    assert!(
        seen.iter()
            .all(|event| event.kind.starts_with("order.") && event.subject == number),
        "{seen:?}"
    );
    // Another tab that comes back gets what it has missed.
    let mut later = staff.socket().await;
    later.subscribe(&[topic], seen[0].position).await;
    let missed = events_of(&mut later, &parsed).await;
    assert_eq!(missed, seen[1..]);

    // One connection follows a few of them, and lets go of one for the next.
    for n in 1..=MAX_FILTERS {
        let topic = format!("events:topic-{n}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}");
        later.subscribe(&[&topic], 0).await;
        let is_refused = loop {
            match later.next_or_end().await.expect("a message") {
                ServerMessage::Snapshot { topic: told, .. } if told.to_string() == topic => {
                    break false;
                }
                ServerMessage::Error { detail, .. } => {
                    assert!(detail.contains("at most 4 filters"), "{detail}");
                    break true;
                }
                _ => {}
            }
        };
        assert_eq!(is_refused, n == MAX_FILTERS, "{n}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_with_its_payment_and_its_stock_at_every_step() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, "pm_card_chargeDeclined", RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, GOOD_CARD).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    shop.count(RING, 9).await;
    let mut staff = shop.staff().await;
    let number = order_number(order);
    let position = async |kind: &str| {
        let sql =
            format!("select max(position) from events where type = '{kind}' and key = '{order}'");
        shop.number(&sql).await
    };
    // Status, payment and what is on hand, allocated and available of the ring.
    let mut then = async |at: Option<i64>| {
        let at = at.map(|at| format!("&at={at}")).unwrap_or_default();
        let page = shown(&mut staff, &format!("of={number}{at}")).await;
        let of = |section: &str, name: &str| {
            let part = page
                .split(&format!("id=\"{section}\""))
                .nth(1)
                .expect("a section");
            let part = part.split("</section>").next().unwrap_or_default();
            let fact = part
                .split(&format!("<dt>{name}</dt>"))
                .nth(1)
                .unwrap_or_default();
            let value = fact.split("<dd").nth(1).unwrap_or_default();
            let value = value.split('>').nth(1).unwrap_or_default();
            value.split('<').next().unwrap_or_default().to_owned()
        };
        let row = page
            .split(&format!("<th scope=\"row\">{RING}</th>"))
            .nth(1)
            .expect("a row");
        let cells = row.split("</tr>").next().unwrap_or_default();
        let cells = cells.split("<td").skip(1).map(|cell| {
            let text = cell.split('>').nth(1).unwrap_or_default();
            text.split('<').next().unwrap_or_default().to_owned()
        });
        (
            of("then-order", "status"),
            of("then-payment", "status"),
            cells.collect::<Vec<_>>().join(" "),
        )
    };
    let expected = |order: &str, payment: &str, stock: &str| {
        (order.to_owned(), payment.to_owned(), stock.to_owned())
    };
    let placed = position("order.placed").await;
    assert_eq!(
        then(Some(placed)).await,
        expected("being reserved", "not asked for yet", "4 0 0 4")
    );
    let reserved = position("stock.reserved").await;
    assert_eq!(then(Some(reserved)).await.2, "4 1 0 3");
    let declined = position("payment.declined").await;
    assert_eq!(then(Some(declined)).await.1, "declined");
    let confirmed = position("order.confirmed").await;
    assert_eq!(
        then(Some(confirmed)).await,
        expected("confirmed", "authorized", "4 1 0 3")
    );
    assert_eq!(
        then(None).await,
        expected("confirmed", "authorized", "9 1 0 8")
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_shown_with_its_content_and_all_that_it_led_to() {
    let shop = TestShop::open().await;
    let order = sold(&shop).await;
    let mut staff = shop.staff().await;
    let placed = shop
        .number(&format!(
            "select position from events where type = 'stock.reserved' and key = '{order}'"
        ))
        .await;
    let page = shown(&mut staff, &format!("of=%23{placed}")).await;
    assert!(page.contains(&format!("Event #{placed}")), "{page}");
    assert!(
        page.contains("&quot;moves&quot;") || page.contains("\"moves\""),
        "{page}"
    );
    assert!(page.contains(">order.confirmed<"), "{page}");
    let page = shown(&mut staff, "of=%231000000").await;
    assert!(page.contains("id=\"look-up-of-wrong\""), "{page}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_what_each_consumer_is_and_have_states_built_anew() {
    let shop = TestShop::open().await;
    sold(&shop).await;
    let mut staff = shop.staff().await;
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    for words in [
        "decider",
        "view",
        "reactor",
        "up to date",
        "closed",
        "Rebuild",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let mut socket = staff.socket().await;
    socket.subscribe(&["consumers"], 0).await;
    let answer = staff
        .submit("/api/rebuild_states", &[("consumer", "orders")])
        .await;
    assert_eq!(answer.location(), Some(CONSUMERS));
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    assert!(
        page.contains("The states of orders are being built anew."),
        "{page}"
    );
    let done = "select count(*) from events where type = 'broker.replayed' and key = 'orders'";
    eventually("the states are built anew", async || {
        shop.number(done).await == 1
    })
    .await;
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    assert!(page.contains("the same as before"), "{page}");
    // What is pushed says the same as the page.
    loop {
        match socket.next_or_end().await.expect("a message") {
            ServerMessage::Snapshot {
                state: State::Consumers { consumers },
                ..
            }
            | ServerMessage::Change {
                state: State::Consumers { consumers },
                ..
            } => {
                let orders = consumers.iter().find(|row| row.name == "orders");
                assert!(orders.is_some(), "{consumers:?}");
                let payment = consumers.iter().find(|row| row.name == "payment");
                let circuit = payment.and_then(|row| row.circuit).expect("a circuit");
                assert!(!circuit.is_open);
                break;
            }
            _ => {}
        }
    }
    staff
        .post("/api/rebuild_states", &[("consumer", "payment")])
        .await
        .problem(404);
    let mut viewer = shop.signed_in_as(Role::Viewer).await;
    viewer
        .post("/api/rebuild_states", &[("consumer", "orders")])
        .await
        .problem(403);
    let page = viewer.get(CONSUMERS).await.expect_ok().body;
    assert!(!page.contains("/api/rebuild_states"), "{page}");
    assert_eq!(shop.number(done).await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_record_that_cannot_be_read_is_put_in_quarantine() {
    let shop = TestShop::open().await;
    let order = sold(&shop).await;
    let mut staff = shop.staff().await;
    let good = staff
        .submit("/api/quarantine_event", &[("position", "2")])
        .await;
    assert_eq!(good.location(), Some(CONSUMERS));
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    assert!(
        page.contains("only a damaged one can be stepped over"),
        "{page}"
    );
    for position in ["", "two", "99999999"] {
        let refused = staff
            .post("/api/quarantine_event", &[("position", position)])
            .await;
        assert!(
            refused.problem(422).field("position").is_some(),
            "{position}"
        );
    }
    let damaged = shop
        .number(&format!(
            "select position from events where type = 'order.confirmed' and key = '{order}'"
        ))
        .await;
    shop.alter(format!(
        "update events set data = '{{}}' where position = {damaged}"
    ))
    .await;
    // The list goes on without it.
    let page = shown(&mut staff, "type=order.*").await;
    assert_eq!(kinds(&page), ["order.placed"], "{page}");
    let position = damaged.to_string();
    staff
        .submit("/api/quarantine_event", &[("position", position.as_str())])
        .await;
    let page = staff.get(CONSUMERS).await.expect_ok().body;
    assert!(
        page.contains(&format!("#{damaged} is stepped over from now on")),
        "{page}"
    );
    let done = "select count(*) from events where type = 'broker.quarantined'";
    assert_eq!(shop.number(done).await, 1);
    shop.closed().await;
}

/// What the shop decides with, and what it shows.
async fn books(shop: &TestShop) -> Vec<String> {
    let mut books = Vec::new();
    for sql in [
        "select data from events order by position",
        "select decider || ' ' || key || ' ' || state from decider_states order by decider, key",
        "select name || ' ' || cast(position as text) from consumers order by name",
        "select id || ' ' || status from purchase_orders order by id",
        "select id || ' ' || state from alerts order by id",
        "select sku || ' ' || cast(on_hand as text) from stock order by sku",
        "select consumer from replays order by consumer",
    ] {
        books.extend(shop.lines(sql).await);
    }
    books
}

#[tokio::test(flavor = "multi_thread")]
async fn another_threshold_is_tried_out_and_nothing_of_the_shop_changes() {
    let shop = TestShop::open().await;
    sold(&shop).await;
    sold(&shop).await;
    let crossed = "select count(*) from events where type = 'restock.threshold_crossed'";
    eventually("the threshold of two is crossed", async || {
        shop.number(crossed).await == 1
    })
    .await;
    eventually("a draft", async || {
        shop.number("select count(*) from purchase_orders").await == 1
    })
    .await;
    eventually("all are up to date", async || {
        let lags = shop.log().lags().await.expect("lags");
        lags.iter().all(|lag| lag.behind == 0)
    })
    .await;
    let mut staff = shop.staff().await;
    staff.get(WHAT_IF).await.expect_ok();
    eventually("the sign-in is written down", async || {
        let lags = shop.log().lags().await.expect("lags");
        lags.iter().all(|lag| lag.behind == 0)
    })
    .await;
    let (head, before) = (
        shop.log().stored_head().await.expect("a head"),
        books(&shop).await,
    );
    assert!(before.len() > 10, "{before:?}");

    let mut tried = async |query: &str| {
        let page = staff
            .get(&format!("{WHAT_IF}?sku={RING}&{query}"))
            .await
            .expect_ok()
            .body;
        let sums = |name: &str| {
            let row = page.split(&format!("<th scope=\"row\">{name}</th>")).nth(1);
            let row = row.unwrap_or_else(|| panic!("{name}: {page}"));
            let row = row.split("</tr>").next().unwrap_or_default();
            let cells = row.split("<td").skip(1).map(|cell| {
                let text = cell.split('>').nth(1).unwrap_or_default();
                text.split('<').next().unwrap_or_default().to_owned()
            });
            cells.collect::<Vec<_>>().join(" to ")
        };
        assert!(!page.contains("Take the comparison with care"), "{page}");
        (sums("Alerts"), sums("Drafts of orders"), page)
    };
    // As it was.
    let (alerts, drafts, page) = tried("threshold=2").await;
    assert_eq!((&*alerts, &*drafts), ("1 to 1", "1 to 1"), "{page}");
    assert!(page.contains("Nothing would have been different"), "{page}");
    // With one less nobody would have been told yet.
    let (alerts, drafts, page) = tried("threshold=1").await;
    assert_eq!((&*alerts, &*drafts), ("1 to 0", "1 to 0"), "{page}");
    assert!(
        page.contains("Threshold 1 in place of 2") && page.contains("1 difference<"),
        "{page}"
    );
    // With one more it would have been at the first sale.
    let (alerts, drafts, page) = tried("threshold=3").await;
    assert_eq!((&*alerts, &*drafts), ("1 to 1", "1 to 1"), "{page}");
    assert!(
        page.contains("2 differences") && page.contains("3 left: an alert"),
        "{page}"
    );
    // After what happened there is nothing to be told.
    let (alerts, ..) = tried(&format!("threshold=1&from={}", head - 1)).await;
    assert!(alerts.starts_with("0 to "), "{alerts}");

    for (query, field) in [
        ("sku=a%20ring&threshold=1", "sku"),
        ("sku=AS-VEG-WG-50&threshold=many", "threshold"),
        ("sku=AS-VEG-WG-50&threshold=-1", "threshold"),
        ("sku=AS-VEG-WG-50&threshold=1&from=10&to=10", "from"),
    ] {
        let page = staff
            .get(&format!("{WHAT_IF}?{query}"))
            .await
            .expect_ok()
            .body;
        assert!(
            page.contains(&format!("id=\"what-if-{field}-wrong\"")),
            "{query}: {page}"
        );
    }
    assert_eq!(shop.log().stored_head().await.expect("a head"), head);
    assert_eq!(books(&shop).await, before, "nothing has changed");
    shop.closed().await;
}
