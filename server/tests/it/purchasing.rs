//! Shelves that refill themselves: a threshold that is crossed drafts an order and raises an alert, and what
//! the supplier brings is in the shop at once.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use mail_parser::{MessageParser, MimeHeaders};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use types::live::{ServerMessage, State};
use webhooks::{Headers, Secret};

use crate::client::Client;
use crate::mails::files;
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, RING_TOPIC, TestShop, data, eventually};

const GOOD_CARD: &str = "pm_card_visa";
const ORDERS: &str = "/admin/purchase-orders";

impl TestShop {
    pub async fn text(&self, sql: &str) -> String {
        let row = db::query(db::trusted_sql(sql.to_owned()))
            .fetch_optional(self.log().db().reader())
            .await
            .expect(sql);
        row.map_or_else(String::new, |row| db::Columns::get(&row, 0))
    }

    async fn happened(&self, kind: &str) -> i64 {
        let sql = format!("select count(*) from events where type = '{kind}'");
        self.number(&sql).await
    }

    async fn until_happened(&self, kind: &str, times: i64) {
        eventually(&format!("{kind} {times} times"), async || {
            self.happened(kind).await == times
        })
        .await;
    }

    /// The only order to a supplier.
    async fn purchase_order(&self) -> String {
        eventually("one order to a supplier", async || {
            self.number("select count(*) from purchase_orders").await == 1
        })
        .await;
        self.text("select id from purchase_orders").await
    }

    async fn until_purchase(&self, id: &str, status: &str) {
        let sql = format!("select status from purchase_orders where id = '{id}'");
        eventually(&format!("the purchase order is {status}"), async || {
            self.text(&sql).await == status
        })
        .await;
    }
}

/// The ring has four pieces and a threshold of two: the second sale crosses it.
async fn sell(shop: &TestShop, pieces: usize) {
    for _ in 0..pieces {
        let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
        shop.until_status(order, "confirmed").await;
    }
}

async fn change(staff: &mut Client, id: &str, form: &[(&str, &str)]) {
    let form = [&[("order_id", id)], form].concat();
    let answer = staff.submit("/api/change_purchase_order", &form).await;
    let page = format!("{ORDERS}/{id}");
    assert_eq!(answer.location(), Some(page.as_str()), "{answer:?}");
    let page = staff.get(&page).await.expect_ok().body;
    assert!(!page.contains("notice--problem"), "{form:?}: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_to_its_threshold_is_ordered_once_and_what_comes_is_in_the_shop_at_once() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    sell(&shop, 1).await;
    assert_eq!(shop.happened("restock.threshold_crossed").await, 0);
    sell(&shop, 2).await;
    // Crossed with the second, and not again with the third.
    shop.until_happened("restock.threshold_crossed", 1).await;
    shop.until_happened("purchase_order.drafted", 1).await;
    shop.until_happened("alert.raised", 1).await;
    let id = shop.purchase_order().await;
    let list = staff.get(ORDERS).await.expect_ok().body;
    assert!(
        list.contains("Atelier du Marais") && list.contains(&id),
        "{list}"
    );
    let alerts = staff.get("/admin/alerts").await.expect_ok().body;
    assert!(
        alerts.contains("Stock is low: ") && alerts.contains(RING),
        "{alerts}"
    );
    assert!(alerts.contains("restock.threshold_crossed"), "{alerts}");
    let restock = staff.get(&format!("/admin/restock?q={RING}")).await;
    let restock = restock.expect_ok().body;
    assert!(restock.contains("on a draft"), "{restock}");
    assert!(restock.contains("sold in 7 days"), "says why: {restock}");

    let lines = [
        ("what", "set_lines"),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", "6"),
    ];
    change(&mut staff, &id, &lines).await;
    change(&mut staff, &id, &[("what", "approve")]).await;
    change(&mut staff, &id, &[("what", "send")]).await;
    shop.until_purchase(&id, "sent").await;
    // The supplier has a mail with the order as a table and as a PDF.
    let folder = data(shop.scratch());
    let orders: Vec<Vec<u8>> = files(&folder)
        .into_iter()
        .map(|file| std::fs::read(file).expect("a mail"))
        .filter(|bytes| String::from_utf8_lossy(bytes).contains("atelier-marais.example"))
        .collect();
    let [order] = &orders[..] else {
        panic!("{} mails to the supplier", orders.len());
    };
    let mail = MessageParser::default().parse(order).expect("a mail");
    assert!(mail.subject().expect("a subject").starts_with("Order PO-"));
    let names: Vec<&str> = mail
        .attachments()
        .filter_map(|it| it.attachment_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let contents: Vec<&[u8]> = mail.attachments().map(|it| it.contents()).collect();
    assert!(String::from_utf8_lossy(contents[0]).contains("\"AS-VEG-WG-50\""));
    assert!(contents[1].starts_with(b"%PDF-"));

    change(
        &mut staff,
        &id,
        &[("what", "confirm"), ("expected", "2029-01-31")],
    )
    .await;
    let level = || shop.inner().levels().level(&RING.parse().expect("a SKU"));
    eventually("six are to come", async || {
        level().expect("a level").incoming == 6
    })
    .await;
    let mut onlooker = shop.shopper().socket().await;
    onlooker.subscribe(&[RING_TOPIC], 0).await;
    let (_, _, State::Product(before)) = onlooker.next_snapshot().await else {
        panic!("expected the ring");
    };
    let receive = |quantity: &'static str| {
        [
            ("what", "receive"),
            ("lines[0][sku]", RING),
            ("lines[0][quantity]", quantity),
        ]
    };
    change(&mut staff, &id, &receive("4")).await;
    onlooker.until_available(before.available + 4).await;
    assert_eq!(shop.stock(RING).await, (8, 3));
    shop.until_purchase(&id, "partly_received").await;
    eventually("two are to come", async || {
        level().expect("a level").incoming == 2
    })
    .await;
    // There is enough again: the alert has ended by itself.
    shop.until_happened("alert.changed", 1).await;
    eventually("no alert is open", async || shop.inner().open_alerts() == 0).await;
    change(&mut staff, &id, &receive("2")).await;
    shop.until_purchase(&id, "closed").await;
    onlooker.until_available(before.available + 6).await;
    assert_eq!(shop.stock(RING).await, (10, 3));
    let page = staff.get(&format!("{ORDERS}/{id}")).await.expect_ok().body;
    for told in [
        "purchase_order.drafted",
        "purchase_order.sent",
        "6 of 6 pieces received",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let csv = staff
        .get(&format!("{ORDERS}/{id}/order.csv"))
        .await
        .expect_ok();
    assert!(csv.body.contains("\"AS-VEG-WG-50\""), "{}", csv.body);
    for decider in ["inventory", "restock", "purchasing", "alerts"] {
        let told = command(&shop, &["replay", "--consumer", decider]).await;
        let told = told.expect("replayed");
        assert!(told.contains("the same, byte for byte"), "{told}");
    }
    let told = command(&shop, &["purchase-orders", "list"])
        .await
        .expect("told");
    assert!(
        told.contains("closed") && told.contains("6 of 6 pieces"),
        "{told}"
    );
    let number = told.split(' ').next().expect("a number").to_owned();
    let told = command(&shop, &["purchase-orders", "show", &number]).await;
    assert!(told.expect("told").contains("ordered 6, received 6"));
    let json = command(&shop, &["purchase-orders", "list", "--json"])
        .await
        .expect("told");
    let row: serde_json::Value = serde_json::from_str(json.trim()).expect("JSON");
    assert_eq!(row["status"], "closed");
    // A restart knows the same.
    let shop = shop.reopened().await;
    let level = shop.inner().levels().level(&RING.parse().expect("a SKU"));
    assert_eq!(level.expect("a level").incoming, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_acts_on_an_older_page_is_told_and_nothing_comes_twice() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    sell(&shop, 2).await;
    let id = shop.purchase_order().await;
    change(&mut staff, &id, &[("what", "approve")]).await;
    change(&mut staff, &id, &[("what", "mark_sent")]).await;
    let receive = [
        ("order_id", id.as_str()),
        ("what", "receive"),
        ("seen", "3"),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", "1"),
    ];
    staff
        .post("/api/change_purchase_order", &receive)
        .await
        .expect_ok();
    let again = staff.post("/api/change_purchase_order", &receive).await;
    let again = again.problem(409);
    assert!(again.detail.contains("has changed since"), "{again:?}");
    eventually("one came", async || shop.stock(RING).await == (5, 2)).await;
    let more = [
        ("order_id", id.as_str()),
        ("what", "receive"),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", "1000"),
    ];
    let refused = staff.submit("/api/change_purchase_order", &more).await;
    let page = staff
        .get(refused.location().expect("back to it"))
        .await
        .expect_ok();
    assert!(
        page.body.contains("more would have come than was ordered"),
        "{}",
        page.body
    );
    change(&mut staff, &id, &[("what", "cancel")]).await;
    shop.until_purchase(&id, "closed").await;
    let late = [("order_id", id.as_str()), ("what", "approve")];
    let late = staff.post("/api/change_purchase_order", &late).await;
    assert!(late.problem(409).detail.contains("has ended"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_staff_sees_or_does_any_of_it() {
    let shop = TestShop::open().await;
    sell(&shop, 2).await;
    let id = shop.purchase_order().await;
    let mut eve = shop.shopper();
    for page in [
        ORDERS.to_owned(),
        format!("{ORDERS}/{id}"),
        format!("{ORDERS}/{id}/order.pdf"),
        format!("{ORDERS}/{id}/order.csv"),
        "/admin/alerts".to_owned(),
        "/admin/restock".to_owned(),
        "/admin/suppliers".to_owned(),
    ] {
        let answer = eve.get(&page).await;
        assert_eq!(
            answer.location(),
            Some("/admin/sign-in"),
            "{page}: {answer:?}"
        );
        assert!(!answer.body.contains("Marais"), "{page}");
    }
    let alert = shop.text("select id from alerts").await;
    let form = [
        ("order_id", id.as_str()),
        ("alert_id", alert.as_str()),
        ("what", "cancel"),
        ("sku", RING),
        ("id", "eve"),
        ("name", "Eve"),
    ];
    for command in [
        "/api/change_purchase_order",
        "/api/change_alert",
        "/api/order_suggested",
        "/api/set_restock_rule",
        "/api/set_supplier",
    ] {
        eve.post(command, &form).await.problem(401);
    }
    let mut socket = eve.socket().await;
    let topics = ["alerts", "purchasing", "restock"];
    socket.subscribe(&topics, 0).await;
    for _ in topics {
        match socket.next_or_end().await.expect("an answer") {
            ServerMessage::Error { detail, .. } => assert!(detail.contains("Sign in as staff")),
            told => panic!("{told:?}"),
        }
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_acknowledge_give_mute_and_resolve_alerts_and_the_house_is_written_to_once() {
    let shop = TestShop::with(&["--alert-mail=house@shop.example"]).await;
    let mut staff = shop.staff().await;
    let mut watch = staff.socket().await;
    watch.subscribe(&["alerts"], 0).await;
    let (_, _, State::Alerts(none)) = watch.next_snapshot().await else {
        panic!("expected the alerts");
    };
    assert_eq!(none.open, 0);
    sell(&shop, 2).await;
    shop.until_happened("alert.mailed", 1).await;
    let mailed = |shop: &TestShop| {
        let files = files(&data(shop.scratch())).into_iter();
        let mails = files.map(|file| std::fs::read_to_string(file).expect("a mail"));
        mails
            .filter(|mail| mail.contains("house@shop.example"))
            .count()
    };
    assert_eq!(mailed(&shop), 1);
    loop {
        if let ServerMessage::Change {
            state: State::Alerts(news),
            ..
        } = watch.next_or_end().await.expect("news")
            && news.open == 1
        {
            break;
        }
    }
    let front = staff.get("/admin/prices").await.expect_ok().body;
    assert!(front.contains("data-open=\"1\""), "on every page: {front}");
    let id = shop.text("select id from alerts").await;
    let me = shop.text("select id from staff").await;
    let mut alert = async |what: &str, more: (&str, &str)| {
        let form = [("alert_id", id.as_str()), ("what", what), more];
        let answer = staff.submit("/api/change_alert", &form).await;
        assert_eq!(answer.location(), Some("/admin/alerts"), "{answer:?}");
        staff.get("/admin/alerts").await.expect_ok().body
    };
    let page = alert("acknowledge", ("", "")).await;
    assert!(page.contains("Acknowledged, since"), "{page}");
    let page = alert("acknowledge", ("", "")).await;
    assert!(page.contains("it is so already"), "{page}");
    let page = alert("assign", ("to", &me)).await;
    assert!(page.contains("takes care of it"), "{page}");
    let page = alert("assign", ("to", "nobody")).await;
    assert!(page.contains("Choose a member of staff"), "{page}");
    let page = alert("mute", ("hours", "8")).await;
    assert!(page.contains("Muted until"), "{page}");
    alert("resolve", ("", "")).await;
    let gone = staff.get("/admin/alerts").await.expect_ok().body;
    assert!(gone.contains("Nothing waits for anybody"), "{gone}");
    let over = staff
        .get("/admin/alerts?tab=resolved")
        .await
        .expect_ok()
        .body;
    assert!(over.contains(RING), "{over}");
    // Raised again while it is muted: nobody is written to, and it is not counted.
    shop.count(RING, 9).await;
    shop.count(RING, 3).await;
    shop.until_happened("alert.raised", 2).await;
    eventually("it is listed as muted", async || {
        let muted = staff_page(&shop, "/admin/alerts?tab=muted").await;
        muted.contains(RING)
    })
    .await;
    assert_eq!(shop.inner().open_alerts(), 0);
    assert_eq!((shop.happened("alert.mailed").await, mailed(&shop)), (1, 1));
    shop.closed().await;
}

async fn staff_page(shop: &TestShop, path: &str) -> String {
    shop.staff().await.get(path).await.expect_ok().body
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_suppliers_are_changed_on_their_pages_and_decide_from_then_on() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let supplier = [
        ("id", "arno-and-sons"),
        ("name", "Arno & Sons"),
        ("email", "orders@arno.example"),
        ("webhook", ""),
        ("approve_up_to", "100000"),
        ("gather_minutes", "0"),
    ];
    let answer = staff.submit("/api/set_supplier", &supplier).await;
    assert_eq!(answer.location(), Some("/admin/suppliers"), "{answer:?}");
    let page = staff.get("/admin/suppliers").await.expect_ok().body;
    assert!(page.contains("Arno &amp; Sons"), "{page}");
    let wrong = [("id", "x y"), ("name", ""), ("gather_minutes", "soon")];
    staff.submit("/api/set_supplier", &wrong).await;
    let page = staff.get("/admin/suppliers").await.expect_ok().body;
    assert!(page.contains("whole number of minutes"), "{page}");
    let rule = |threshold: &'static str| {
        [
            ("sku", RING),
            ("supplier", "arno-and-sons"),
            ("threshold", threshold),
            ("up_to", "12"),
            ("pack_size", "5"),
            ("minimum", "1"),
            ("lead_time_days", "10"),
            ("unit_cost", "900.00"),
        ]
    };
    staff.submit("/api/set_restock_rule", &rule("many")).await;
    let page = staff.get("/admin/restock").await.expect_ok().body;
    assert!(page.contains("Enter a whole number"), "{page}");
    staff
        .post("/api/set_restock_rule", &rule("12"))
        .await
        .problem(422);
    // Four are there: with this rule they are too few, and the order approves itself.
    staff
        .post("/api/set_restock_rule", &rule("4"))
        .await
        .expect_ok();
    let id = shop.purchase_order().await;
    shop.until_purchase(&id, "approved").await;
    let ordered = shop
        .text("select data from events where type = 'purchase_order.approved'")
        .await;
    assert!(
        ordered.contains("\"ordered\":10"),
        "eight in packs of five: {ordered}"
    );
    let level = || shop.inner().levels().level(&RING.parse().expect("a SKU"));
    eventually("the inventory knows the threshold", async || {
        level().expect("a level").reorder_threshold == 4
    })
    .await;
    // What is ordered is not suggested again.
    let again = staff.post("/api/order_suggested", &[("sku", RING)]).await;
    assert!(again.problem(409).detail.contains("missing"));
    let none = staff
        .post("/api/order_suggested", &[("sku", "AS-GRO-YG-OS")])
        .await;
    none.problem(404);
    let studs = [("sku", "AS-LUM-YG-OS")];
    let answer = staff.submit("/api/order_suggested", &studs).await;
    let location = answer.location().expect("the order").to_owned();
    let page = staff.get(&location).await.expect_ok().body;
    assert!(page.contains("Kestrel Stone Setting"), "{page}");
    shop.closed().await;
}

/// What a supplier's system got: headers and body.
pub type Inbox = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

pub async fn supplier_system(answer: StatusCode) -> (String, Inbox) {
    let inbox = Inbox::default();
    let take = move |Shared(inbox): Shared<Inbox>, headers: HeaderMap, body: Bytes| async move {
        inbox.lock().push((headers, body.to_vec()));
        answer
    };
    let router = Router::new()
        .route("/orders", post(take))
        .with_state(inbox.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "http://{}/orders",
        listener.local_addr().expect("an address")
    );
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, inbox)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supplier_with_a_system_gets_a_signed_message_and_a_refusal_is_an_alert() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    sell(&shop, 2).await;
    let id = shop.purchase_order().await;
    let (no, _) = supplier_system(StatusCode::FORBIDDEN).await;
    let (yes, inbox) = supplier_system(StatusCode::OK).await;
    let supplier = |webhook: &str| {
        let values = [
            ("id", "sup-marais"),
            ("name", "Atelier du Marais"),
            ("email", ""),
            ("webhook", webhook),
        ];
        values.map(|(name, value)| (name, value.to_owned()))
    };
    let set = async |staff: &mut Client, webhook: &str| {
        let form = supplier(webhook);
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        staff.post("/api/set_supplier", &form).await.expect_ok();
    };
    set(&mut staff, &no).await;
    change(&mut staff, &id, &[("what", "approve")]).await;
    change(&mut staff, &id, &[("what", "send")]).await;
    shop.until_happened("purchase_order.send_failed", 1).await;
    shop.until_purchase(&id, "approved").await;
    shop.until_happened("alert.raised", 2).await;
    set(&mut staff, &yes).await;
    change(&mut staff, &id, &[("what", "send")]).await;
    shop.until_purchase(&id, "sent").await;
    let (headers, body) = inbox.lock().pop().expect("a message");
    let page = staff.get("/admin/suppliers").await.expect_ok().body;
    let from = page.find("whsec_").expect("the secret is shown");
    let secret = page[from..].split('<').next().expect("an end");
    let secret: Secret = secret.parse().expect("a secret");
    let header = |name: &str| headers[name].to_str().expect("text");
    let told = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let now_s = shop.inner().now_us() / 1_000_000;
    secret.verify(told, &body, now_s).expect("signed");
    let order: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(order["lines"][0]["sku"], RING);
    assert!(inbox.lock().is_empty(), "once");
    // Sent at last: of the two alerts that of the stock is left.
    eventually("one alert is open", async || {
        shop.inner().open_alerts() == 1
    })
    .await;
    shop.closed().await;
}

/// A hidden field of the form that has `label`.
fn hidden(page: &str, label: &str, name: &str) -> String {
    let label = format!("aria-label=\"{label}\"");
    let field = format!("name=\"{name}\" value=\"");
    let is_it = |form: &&str| form.contains(&label) && form.contains(&field);
    let form = page.split("<form").find(is_it);
    let form = form.unwrap_or_else(|| panic!("{label}: {page}"));
    let from = form.find(&field).expect(name) + field.len();
    let value = form[from..].split('"').next().expect("an end");
    value.replace("&quot;", "\"").replace("&amp;", "&")
}

/// What a field of the page holds.
fn value(page: &str, id: &str) -> String {
    let id = format!("id=\"{id}\"");
    let field = page.split("<input").find(|it| it.contains(&id));
    let field = field.unwrap_or_else(|| panic!("{id}: {page}"));
    let value = field.split("value=\"").nth(1).expect("a value");
    value.split('"').next().expect("an end").to_owned()
}

type Form<'a> = Vec<(&'a str, String)>;

/// The form with some other values.
fn with<'a>(form: &Form<'a>, values: &[(&'a str, &str)]) -> Form<'a> {
    let mut form = form.clone();
    for (name, value) in values {
        form.retain(|(known, _)| known != name);
        form.push((name, (*value).to_owned()));
    }
    form
}

fn plain<'a>(form: &'a Form<'_>) -> Vec<(&'a str, &'a str)> {
    form.iter().map(|(n, v)| (*n, v.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_a_supplier_the_later_sees_what_the_other_has_changed_and_decides() {
    let shop = TestShop::open().await;
    let (mut ada, mut bo) = (shop.staff().await, shop.staff().await);
    let label = "Supplier sup-marais";
    let page = ada.get("/admin/suppliers").await.expect_ok().body;
    let seen = hidden(&page, label, "seen");
    let shown: Form = [
        "name",
        "email",
        "webhook",
        "approve_up_to",
        "gather_minutes",
    ]
    .iter()
    .map(|name| (*name, value(&page, &format!("{name}-of-sup-marais"))))
    .chain([("id", "sup-marais".to_owned()), ("seen", seen)])
    .collect();
    let email = with(&shown, &[("email", "bo@atelier-marais.example")]);
    let answer = bo.submit("/api/set_supplier", &plain(&email)).await;
    assert_eq!(answer.location(), Some("/admin/suppliers"));
    // Ada has the page of before: her wait is one change, the email of hers is none.
    let wait = with(
        &shown,
        &[("gather_minutes", "45"), ("name", "Marais & Cie")],
    );
    let told = ada
        .post("/api/set_supplier", &plain(&wait))
        .await
        .problem(409);
    assert!(told.is("changed-meanwhile"), "{told:?}");
    let of_email = told.field("email").expect("told at its field");
    assert!(of_email.contains("bo@atelier-marais.example"), "{of_email}");
    assert!(told.field("gather_minutes").is_none(), "{told:?}");
    // Without script she gets the form back: with Bo's email, and with what she has typed.
    let answer = ada.submit("/api/set_supplier", &plain(&wait)).await;
    let page = ada
        .get(answer.location().expect("back"))
        .await
        .expect_ok()
        .body;
    assert!(
        page.contains("The supplier was changed meanwhile"),
        "{page}"
    );
    assert_eq!(
        value(&page, "email-of-sup-marais"),
        "bo@atelier-marais.example"
    );
    assert_eq!(value(&page, "gather_minutes-of-sup-marais"), "45");
    let seen = hidden(&page, label, "seen");
    let both = with(
        &wait,
        &[("email", "bo@atelier-marais.example"), ("seen", &seen)],
    );
    ada.post("/api/set_supplier", &plain(&both))
        .await
        .expect_ok();
    let page = bo.get("/admin/suppliers").await.expect_ok().body;
    assert!(page.contains("Marais &amp; Cie"), "{page}");
    assert_eq!(
        value(&page, "email-of-sup-marais"),
        "bo@atelier-marais.example"
    );
    assert_eq!(value(&page, "gather_minutes-of-sup-marais"), "45");
    // A new one replaces none.
    let taken = with(&shown, &[("new", "1"), ("name", "Another"), ("seen", "")]);
    let told = ada
        .post("/api/set_supplier", &plain(&taken))
        .await
        .problem(422);
    assert!(told.field("id").is_some(), "{told:?}");
    let nonsense = with(&shown, &[("seen", "nonsense")]);
    ada.post("/api/set_supplier", &plain(&nonsense))
        .await
        .problem(400);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_a_rule_the_later_sees_what_the_other_has_changed_and_decides() {
    let shop = TestShop::open().await;
    let (mut ada, mut bo) = (shop.staff().await, shop.staff().await);
    let address = format!("/admin/restock?q={RING}");
    let label = format!("Rule of {RING}");
    let page = ada.get(&address).await.expect_ok().body;
    let shown: Form = [
        "threshold",
        "up_to",
        "pack_size",
        "minimum",
        "lead_time_days",
        "unit_cost",
    ]
    .iter()
    .map(|name| (*name, value(&page, &format!("{name}-{RING}"))))
    .chain([
        ("sku", RING.to_owned()),
        ("supplier", "sup-marais".to_owned()),
        ("seen", hidden(&page, &label, "seen")),
    ])
    .collect();
    bo.post(
        "/api/set_restock_rule",
        &plain(&with(&shown, &[("threshold", "1")])),
    )
    .await
    .expect_ok();
    let mine = with(&shown, &[("threshold", "3"), ("up_to", "9")]);
    let told = ada
        .post("/api/set_restock_rule", &plain(&mine))
        .await
        .problem(409);
    let of_threshold = told.field("threshold").expect("told at its field");
    assert!(
        of_threshold.contains("to 1 meanwhile") && of_threshold.contains("Yours replaces it"),
        "{of_threshold}"
    );
    let answer = ada.submit("/api/set_restock_rule", &plain(&mine)).await;
    let page = ada
        .get(answer.location().expect("back"))
        .await
        .expect_ok()
        .body;
    assert!(page.contains(of_threshold), "{page}");
    assert_eq!(value(&page, &format!("threshold-{RING}")), "3", "as typed");
    assert!(
        page.contains("data-typed"),
        "no refresh takes it away: {page}"
    );
    let seen = hidden(&page, &label, "seen");
    ada.post(
        "/api/set_restock_rule",
        &plain(&with(&mine, &[("seen", &seen)])),
    )
    .await
    .expect_ok();
    let page = bo.get(&address).await.expect_ok().body;
    assert_eq!(value(&page, &format!("threshold-{RING}")), "3");
    assert_eq!(value(&page, &format!("up_to-{RING}")), "9");
    // A rule that makes no sense is told at its field, and nowhere else.
    let wrong = with(&mine, &[("up_to", "1"), ("seen", "")]);
    let answer = bo.submit("/api/set_restock_rule", &plain(&wrong)).await;
    let page = bo
        .get(answer.location().expect("back"))
        .await
        .expect_ok()
        .body;
    assert_eq!(page.matches("more than the threshold").count(), 1, "{page}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_out_is_critical_and_stands_first_until_some_is_there_again() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    sell(&shop, 2).await;
    shop.until_happened("alert.raised", 1).await;
    // A newer one, of no more weight.
    let other = "AS-VEG-WG-52";
    let rule = [
        ("sku", other),
        ("threshold", "90"),
        ("up_to", "91"),
        ("pack_size", "1"),
        ("minimum", "1"),
        ("lead_time_days", "10"),
        ("unit_cost", "900.00"),
    ];
    staff.post("/api/set_restock_rule", &rule).await.expect_ok();
    shop.until_happened("alert.raised", 2).await;
    let first = async |staff: &mut Client| {
        let page = staff.get("/admin/alerts").await.expect_ok().body;
        let first = page
            .split("class=\"alert__title\"")
            .nth(1)
            .expect("an alert");
        let words = first.split("</p>").next().expect("an end");
        words.to_owned()
    };
    assert!(first(&mut staff).await.contains(other));
    let alert = shop
        .text(&format!("select id from alerts where subject = '{RING}'"))
        .await;
    let form = [("alert_id", alert.as_str()), ("what", "acknowledge")];
    staff.post("/api/change_alert", &form).await.expect_ok();
    sell(&shop, 2).await;
    shop.until_happened("restock.sold_out", 1).await;
    // Acknowledged when some were left: it waits for somebody again.
    let told = first(&mut staff).await;
    assert!(
        told.contains(&format!("Sold out: {RING}")) && told.contains("critical"),
        "{told}"
    );
    assert_eq!(shop.inner().open_alerts(), 2);
    shop.count(RING, 5).await;
    shop.until_happened("restock.there_again", 1).await;
    assert!(first(&mut staff).await.contains(other));
    let page = staff.get("/admin/alerts").await.expect_ok().body;
    assert!(page.contains(&format!("Stock is low: {RING}")), "{page}");
    for decider in ["restock", "alerts"] {
        let told = command(&shop, &["replay", "--consumer", decider]).await;
        let told = told.expect("replayed");
        assert!(told.contains("the same, byte for byte"), "{told}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_that_are_over_are_swept_after_ninety_days_and_the_page_says_whom_the_house_wrote() {
    const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
    let shop = TestShop::with(&["--alert-mail=house@shop.example"]).await;
    let mut staff = shop.staff().await;
    sell(&shop, 2).await;
    shop.until_happened("alert.mailed", 1).await;
    eventually("the page says so", async || {
        let page = staff_page(&shop, "/admin/alerts").await;
        page.contains("The house was written to")
    })
    .await;
    let mails = staff.get("/admin/mails").await.expect_ok().body;
    assert!(mails.contains("href=\"/admin/alerts\""), "{mails}");
    let alert = shop.text("select id from alerts").await;
    let form = [("alert_id", alert.as_str()), ("what", "resolve")];
    staff.post("/api/change_alert", &form).await.expect_ok();
    let sweep = async || {
        let lives = services::Lives::of_days(90, 90);
        shop.inner().sweep(lives).await.expect("swept").alerts
    };
    assert_eq!(sweep().await, 0, "it was resolved just now");
    let resolved = shop.number("select resolved_at_us from alerts").await;
    let now_us = shop.inner().now_us();
    assert!((now_us - resolved).abs() < DAY_US, "{resolved}");
    let old = now_us - 91 * DAY_US;
    shop.alter(format!("update alerts set resolved_at_us = {old}"))
        .await;
    assert_eq!(sweep().await, 1);
    assert_eq!(shop.number("select count(*) from alerts").await, 0);
    staff.post("/api/change_alert", &form).await.problem(404);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supplier_is_told_of_a_cancellation_the_way_it_got_the_order() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    sell(&shop, 2).await;
    let id = shop.purchase_order().await;
    // By mail: of the six that were ordered four come no more.
    let lines = [
        ("what", "set_lines"),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", "6"),
    ];
    change(&mut staff, &id, &lines).await;
    change(&mut staff, &id, &[("what", "approve")]).await;
    change(&mut staff, &id, &[("what", "send")]).await;
    shop.until_purchase(&id, "sent").await;
    let page = staff.get(&format!("{ORDERS}/{id}")).await.expect_ok().body;
    assert!(page.contains("The supplier is told by mail."), "{page}");
    let receive = [
        ("what", "receive"),
        ("lines[0][sku]", RING),
        ("lines[0][quantity]", "2"),
    ];
    change(&mut staff, &id, &receive).await;
    change(&mut staff, &id, &[("what", "cancel")]).await;
    shop.until_happened("purchase_order.notice_answered", 1)
        .await;
    let folder = data(shop.scratch());
    let notices: Vec<String> = files(&folder)
        .into_iter()
        .map(|file| std::fs::read(file).expect("a mail"))
        .filter_map(|bytes| {
            let mail = MessageParser::default().parse(&bytes)?.into_owned();
            let subject = mail.subject()?.to_owned();
            let text = mail.body_text(0)?.into_owned();
            subject.ends_with("is cancelled").then_some(text)
        })
        .collect();
    let [notice] = &notices[..] else {
        panic!("{notices:?}");
    };
    assert!(notice.contains(&format!("4 × {RING}")), "{notice}");
    assert_eq!(
        shop.inner().open_alerts(),
        0,
        "there is enough, and the supplier knows"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supplier_s_system_is_told_of_a_cancellation_and_one_that_refuses_is_an_alert() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    sell(&shop, 2).await;
    let id = shop.purchase_order().await;
    let (yes, inbox) = supplier_system(StatusCode::OK).await;
    let (no, _) = supplier_system(StatusCode::GONE).await;
    let set = async |staff: &mut Client, webhook: &str| {
        let form = [
            ("id", "sup-marais"),
            ("name", "Atelier du Marais"),
            ("email", "marais@atelier-marais.example"),
            ("webhook", webhook),
        ];
        staff.post("/api/set_supplier", &form).await.expect_ok();
    };
    set(&mut staff, &yes).await;
    change(&mut staff, &id, &[("what", "approve")]).await;
    change(&mut staff, &id, &[("what", "send")]).await;
    shop.until_purchase(&id, "sent").await;
    change(&mut staff, &id, &[("what", "cancel")]).await;
    shop.until_happened("purchase_order.notice_answered", 1)
        .await;
    let kinds: Vec<String> = (inbox.lock().iter())
        .map(|(_, body)| {
            let told: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            assert_eq!(told["lines"][0]["sku"], RING);
            told["type"].as_str().expect("a type").to_owned()
        })
        .collect();
    assert_eq!(kinds, ["purchase_order.sent", "purchase_order.cancelled"]);
    // The next order goes out, too; its cancellation is refused, and staff tell the supplier.
    let answer = staff.submit("/api/order_suggested", &[("sku", RING)]).await;
    let location = answer.location().expect("the order");
    let id = location.rsplit('/').next().expect("its id").to_owned();
    change(&mut staff, &id, &[("what", "approve")]).await;
    change(&mut staff, &id, &[("what", "send")]).await;
    shop.until_purchase(&id, "sent").await;
    set(&mut staff, &no).await;
    change(&mut staff, &id, &[("what", "cancel")]).await;
    shop.until_happened("purchase_order.notice_answered", 2)
        .await;
    eventually("an alert says so", async || {
        let alerts = staff_page(&shop, "/admin/alerts").await;
        alerts.contains("Supplier does not know of a cancellation") && alerts.contains("410 Gone")
    })
    .await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_supplier_takes_nobodys_place() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let form = |new: &'static str| {
        [
            ("id", "sup-marais"),
            ("name", "Somebody Else"),
            ("email", "else@example.com"),
            ("webhook", ""),
            ("approve_up_to", "1,000"),
            ("gather_minutes", ""),
            ("new", new),
        ]
    };
    let refused = staff.post("/api/set_supplier", &form("1")).await;
    let refused = refused.problem(422);
    assert!(refused.field("id").is_some(), "{refused:?}");
    let page = staff.get("/admin/suppliers").await.expect_ok().body;
    assert!(page.contains("Atelier du Marais"), "{page}");
    // Who means to change that one does.
    staff.post("/api/set_supplier", &form("")).await.expect_ok();
    let page = staff.get("/admin/suppliers").await.expect_ok().body;
    assert!(
        page.contains("Somebody Else") && page.contains("up to €1,000.00"),
        "{page}"
    );
    shop.closed().await;
}
