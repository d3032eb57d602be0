//! Programs of others take part by HTTP: they send CloudEvents and read the log, each what its token allows.

use std::time::Duration;

use domain::service_account::{Grants, Sends};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use types::order::order_number;
use types::staff::Role;

use crate::client::{Answer, Client};
use crate::replay::command;
use crate::shop::{DEADLINE, RING, RING_PRICE, TestShop};

pub const WEIGHED: &str = "com.example.parcel.weighed";
const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// A program of somebody else, with its token.
pub struct Service {
    client: Client,
    token: String,
}

impl TestShop {
    /// A service that may send what scales weigh, and read this.
    pub async fn service(&self, name: &str, types: &[&str], topics: &[&str]) -> Service {
        let schema = json!({
            "type": "object", "required": ["grams"],
            "properties": {"grams": {"type": "integer", "minimum": 1}},
        });
        let text = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        let grants = Grants {
            sends: vec![Sends {
                kind: WEIGHED.to_owned(),
                topic: "example.parcels".to_owned(),
                schema: Some(schema),
            }],
            types: text(types),
            topics: text(topics),
        };
        let token = services::register_service(self.log(), name, grants, None, "tests").await;
        Service {
            client: self.shopper(),
            token: token.expect("a service").reveal().to_owned(),
        }
    }
}

impl Service {
    /// The same program at a shop that has moved.
    #[must_use]
    pub fn at(self, shop: &TestShop) -> Self {
        Self {
            client: self.client.at(shop.url()),
            ..self
        }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, path).bearer_auth(&self.token)
    }

    pub async fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        self.client.send(request).await
    }

    pub async fn send(&mut self, content: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/events");
        let request = request.header(CONTENT_TYPE, content).body(body.to_string());
        self.client.send(request).await
    }

    async fn one(&mut self, body: &Value) -> Answer {
        self.send(STRUCTURED, body).await
    }

    pub async fn batch(&mut self, events: &[Value]) -> Answer {
        self.send(BATCH, &json!(events)).await
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// The events that an answer has.
    async fn events(&mut self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/events?{query}")).await.expect_ok();
        assert_eq!(answer.header("content-type"), BATCH);
        answer.json()
    }
}

pub fn weighed(id: &str, grams: i64) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/scales/1", "type": WEIGHED,
        "subject": format!("parcel-{id}"), "data": {"grams": grams},
    })
}

fn fields(answer: &Answer, status: u16) -> Vec<String> {
    let errors = answer.problem(status).errors.into_iter();
    errors.map(|error| error.field).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_sent_in_three_ways_and_read_as_it_was_sent() {
    let shop = TestShop::open().await;
    let mut scales = shop.service("scales", &[WEIGHED], &[]).await;
    let head = shop.log().stored_head().await.expect("a head");
    let structured = json!({
        "specversion": "1.0", "id": "a", "source": "/scales/1", "type": WEIGHED,
        "subject": "parcel-7", "time": "2026-12-01T10:00:00+01:00",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "data": {"grams": 700, "note": "zwölf\nLoch"},
    });
    let answer = scales.one(&structured).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let accepted: Value = answer.json();
    assert_eq!(accepted["position"], json!(head + 1));
    let binary = scales
        .request(Method::POST, "/events")
        .header("ce-specversion", "1.0")
        .header("ce-id", "b")
        .header("ce-source", "/scales/1")
        .header("ce-type", WEIGHED)
        .header("ce-subject", "St%C3%BCck")
        .header(CONTENT_TYPE, "application/json")
        .body(r#"{"grams": 7}"#);
    let answer = scales.client.send(binary).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let answer = scales.batch(&[weighed("c", 1), weighed("d", 2)]).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json::<Vec<Value>>().len(), 2);

    let events = scales.events(&format!("after={head}")).await;
    let ids: Vec<&Value> = events.iter().map(|event| &event["id"]).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    for name in ["source", "type", "subject", "time", "traceparent", "data"] {
        assert_eq!(events[0][name], structured[name], "{name}");
    }
    assert_eq!(events[0]["logid"], accepted["logid"]);
    assert_eq!(events[0]["topic"], "example.parcels");
    assert_eq!(events[0]["service"], "scales");
    assert_eq!(events[1]["subject"], "Stück");
    let places: Vec<&Value> = events.iter().map(|event| &event["sequence"]).collect();
    let expected: Vec<String> = (head + 1..=head + 4).map(|at| at.to_string()).collect();
    assert_eq!(places, expected.iter().collect::<Vec<_>>());
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_nothing_of_it_is_taken() {
    let shop = TestShop::open().await;
    let mut scales = shop.service("scales", &[WEIGHED], &[]).await;
    let before = shop.log().stored_head().await.expect("a head");
    let wrong = scales.one(&weighed("a", 0)).await;
    assert_eq!(fields(&wrong, 422), ["/data/grams"]);
    assert!(wrong.problem(422).is("invalid-event"), "{wrong:?}");
    let mut missing = weighed("a", 1);
    missing["data"] = json!({});
    assert_eq!(fields(&scales.one(&missing).await, 422), ["/data/grams"]);
    let mut two = weighed("a", 1);
    (two["source"], two["time"]) = (json!("a b"), json!("soon"));
    assert_eq!(fields(&scales.one(&two).await, 422), ["/source", "/time"]);
    let mut elsewhere = weighed("a", 1);
    elsewhere["topic"] = json!("orders");
    assert_eq!(fields(&scales.one(&elsewhere).await, 422), ["/topic"]);
    let batch = scales.batch(&[weighed("a", 1), weighed("b", -1)]).await;
    assert_eq!(fields(&batch, 422), ["/1/data/grams"]);
    let mut of_the_shop = weighed("a", 1);
    of_the_shop["type"] = json!("order.placed");
    let refused = scales.batch(&[weighed("a", 1), of_the_shop]).await;
    assert_eq!(fields(&refused, 403), ["/1/type"]);
    let detail = refused.problem(403).detail;
    assert!(
        detail.contains("order.placed") && detail.contains(WEIGHED),
        "{detail}"
    );

    let text = scales.send("text/plain", &weighed("a", 1)).await;
    text.problem(415);
    let torn = scales
        .request(Method::POST, "/events")
        .header(CONTENT_TYPE, STRUCTURED);
    let torn = scales.client.send(torn.body("{torn")).await;
    torn.problem(400);
    let mut large = weighed("a", 1);
    large["data"]["note"] = json!("x".repeat(70_000));
    scales.one(&large).await.problem(413);
    let many: Vec<Value> = (0..1_001).map(|at| weighed(&at.to_string(), 1)).collect();
    scales.batch(&many).await.problem(413);
    let head = shop.log().stored_head().await.expect("a head");
    assert_eq!(head, before, "nothing was taken");
    // As many as may come at once.
    let answer = scales.batch(&many[..1_000]).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_is_taken_once() {
    let shop = TestShop::open().await;
    let mut scales = shop.service("scales", &[WEIGHED], &[]).await;
    let first = scales.one(&weighed("a", 7)).await;
    let first: Value = first.json();
    let again = scales.one(&weighed("a", 7)).await.expect_ok();
    let again: Value = again.json();
    assert_eq!(again["position"], first["position"]);
    assert_eq!(again["logid"], first["logid"]);
    assert_eq!(
        (&first["repeated"], &again["repeated"]),
        (&json!(false), &json!(true))
    );
    let other = scales.one(&weighed("a", 8)).await.problem(409);
    assert!(other.is("other-content"), "{other:?}");
    // In one batch the same may stand twice; with another content nothing is taken.
    let mixed = scales
        .batch(&[weighed("b", 1), weighed("b", 1), weighed("a", 7)])
        .await;
    assert_eq!(mixed.status, 201, "{mixed:?}");
    let mixed: Vec<Value> = mixed.json();
    assert_eq!(mixed[0]["position"], mixed[1]["position"]);
    assert_eq!(mixed[2]["position"], first["position"]);
    scales
        .batch(&[weighed("c", 1), weighed("c", 2)])
        .await
        .problem(409);
    // Another house may use the same names.
    let mut others = shop.service("other-scales", &[WEIGHED], &[]).await;
    assert_eq!(others.one(&weighed("a", 9)).await.status, 201);
    let sent = format!("select count(*) from events where type = '{WEIGHED}'");
    assert_eq!(shop.number(&sent).await, 3);
    let shop = shop.reopened().await;
    let mut scales = scales.at(&shop);
    let later: Value = scales.one(&weighed("a", 7)).await.expect_ok().json();
    assert_eq!(later["position"], first["position"]);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_asks_and_what_they_may() {
    let shop = TestShop::open().await;
    let nobody = shop.shopper().get("/events").await;
    assert!(nobody.problem(401).is("unknown-token"), "{nobody:?}");
    assert_eq!(
        nobody.header("www-authenticate"),
        "Bearer realm=\"vitrine\""
    );
    // Not even an owner's session opens it.
    shop.signed_in_as(Role::Owner)
        .await
        .get("/events")
        .await
        .problem(401);
    let mut stranger = Service {
        client: shop.shopper(),
        token: "vitrine_made-up".to_owned(),
    };
    let unknown = stranger.get("/events").await;
    unknown.problem(401);
    assert!(
        unknown.header("www-authenticate").contains("invalid_token"),
        "{unknown:?}"
    );

    let mut books = shop
        .service("books", &["order.*"], &["example.parcels"])
        .await;
    let refused = books.get("/events?types=price.changed").await.problem(403);
    assert!(refused.detail.contains("price.changed") && refused.detail.contains("order.*"));
    books.get("/events?topics=staff").await.problem(403);
    assert_eq!(
        fields(&books.get("/events?after=x&mood=1").await, 422),
        ["after", "mood"]
    );
    shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
    let events = books.events("limit=1000").await;
    assert!(!events.is_empty());
    for event in &events {
        let kind = event["type"].as_str().expect("a type");
        assert!(kind.starts_with("order."), "{event}");
        // Who began the story is nobody's business.
        for hidden in ["origin", "person", "place"] {
            assert!(event.get(hidden).is_none(), "{event}");
        }
    }
    // A token with an end, and one that is taken back.
    let added = [
        "service", "add", "short", "--reads", "order.*", "--days", "1",
    ];
    let told = command(&shop, &added).await.expect("a service");
    let mut short = Service {
        client: shop.shopper(),
        token: told.lines().next().expect("a token").to_owned(),
    };
    short.get("/events").await.expect_ok();
    let stored = "select count(*) from service_accounts where token_hash like 'vitrine%'";
    assert_eq!(shop.number(stored).await, 0);
    let again = command(&shop, &added).await.expect_err("there already");
    assert!(again.contains("already"), "{again}");
    shop.alter("update service_accounts set expires_at_us = 1 where name = 'short'".to_owned())
        .await;
    assert!(
        short
            .get("/events")
            .await
            .problem(401)
            .detail
            .contains("ended")
    );
    command(&shop, &["service", "revoke", "books"])
        .await
        .expect("revoked");
    books.get("/events").await.problem(401);
    let list = command(&shop, &["service", "list"]).await.expect("a list");
    assert!(
        list.contains("books: revoked") && list.contains("reads the type order.*"),
        "{list}"
    );
    let bad = ["service", "add", "greedy", "--sends", "order.placed=orders"];
    let refused = command(&shop, &bad).await.expect_err("of the shop");
    assert!(refused.contains("at least three parts"), "{refused}");
    // It is an act of somebody.
    shop.until_heard("staff_acts").await;
    let page = shop
        .staff()
        .await
        .get("/admin/audit")
        .await
        .expect_ok()
        .body;
    assert!(
        page.contains("service.registered") && page.contains("service.revoked"),
        "{page}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_asks_too_much_is_slowed() {
    let limits = [
        "--service-requests-per-minute=30",
        "--service-events-per-minute=30",
    ];
    let shop = TestShop::limited(&limits).await;
    let mut scales = shop.service("scales", &[WEIGHED], &[]).await;
    let events: Vec<Value> = (0..10).map(|at| weighed(&at.to_string(), 1)).collect();
    assert_eq!(scales.batch(&events).await.status, 201);
    let slowed = scales.batch(&events).await;
    slowed.problem(429);
    assert!(slowed.headers.contains_key("retry-after"), "{slowed:?}");
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(scales.get("/events").await.status);
    }
    assert_eq!((statuses[0], statuses[9]), (200, 429), "{statuses:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_read_wakes_when_something_comes() {
    let shop = TestShop::open().await;
    let mut scales = shop.service("scales", &[WEIGHED], &[]).await;
    let mut reader = shop.service("reader", &[WEIGHED], &[]).await;
    let head = shop.log().stored_head().await.expect("a head");
    let answer = reader
        .get(&format!("/events?after={head}"))
        .await
        .expect_ok();
    assert_eq!(
        (answer.body.as_str(), answer.header("log-position")),
        ("[]", &*head.to_string())
    );
    let begun = std::time::Instant::now();
    let query = format!("after={head}&wait=30");
    let (events, _) = tokio::join!(reader.events(&query), async {
        // What is for others wakes nobody.
        shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
        scales.one(&weighed("a", 7)).await
    });
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["id"], "a");
    // Nobody waits for longer than the shop runs.
    let begun = std::time::Instant::now();
    let waiting = reader.request(Method::GET, &format!("/events?after={}&wait=30", i64::MAX));
    let waiting = tokio::spawn(waiting.send());
    // Its request has come once the next one is answered.
    reader.get("/events?limit=1").await.expect_ok();
    shop.closed().await;
    let _ = waiting.await.expect("no panic");
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

/// Reads a stream until it has told so many events: id and data of each.
async fn told(answer: reqwest::Response, count: usize) -> Vec<(u64, Value)> {
    let mut answer = answer;
    let mut text = String::new();
    let mut events = Vec::new();
    let read = async {
        while events.len() < count {
            let chunk = answer.chunk().await.expect("bytes").expect("more");
            text.push_str(std::str::from_utf8(&chunk).expect("text"));
            while let Some((block, rest)) = text.split_once("\n\n") {
                let of = |name: &str| {
                    let mut lines = block.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::trim)
                };
                if let (Some(id), Some(data)) = (of("id:"), of("data:")) {
                    let data = serde_json::from_str(data).expect("JSON");
                    events.push((id.parse().expect("a position"), data));
                }
                text = rest.to_owned();
            }
        }
    };
    tokio::time::timeout(DEADLINE, read)
        .await
        .expect("events in time");
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_it_was_left() {
    let shop = TestShop::open().await;
    let mut scales = shop.service("scales", &[WEIGHED], &[]).await;
    let reader = shop.service("reader", &[WEIGHED], &[]).await;
    let head = shop.log().stored_head().await.expect("a head");
    let stream = |last: Option<u64>| {
        let request = reader.request(
            Method::GET,
            &format!("/events?after={head}&types={WEIGHED}"),
        );
        let request = request.header(ACCEPT, "text/event-stream");
        match last {
            Some(last) => request.header("last-event-id", last.to_string()),
            None => request,
        }
    };
    scales.batch(&[weighed("a", 1), weighed("b", 2)]).await;
    let first = stream(None).send().await.expect("a stream");
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    // One that has begun hears what comes.
    let (first, _) = tokio::join!(told(first, 3), async { scales.one(&weighed("c", 3)).await });
    let ids = |events: &[(u64, Value)]| -> Vec<String> {
        let ids = events.iter().map(|(_, event)| event["id"].as_str());
        ids.map(|id| id.unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(ids(&first), ["a", "b", "c"]);
    // Left after the second: nothing is missing, and nothing comes twice.
    scales.one(&weighed("d", 4)).await;
    let later = stream(Some(first[1].0)).send().await.expect("a stream");
    let later = told(later, 2).await;
    assert_eq!(ids(&later), ["c", "d"]);
    let wrong = reader.request(Method::GET, "/events?types=staff.joined");
    let wrong = wrong.header(ACCEPT, "text/event-stream").send().await;
    assert_eq!(wrong.expect("an answer").status(), 403);
    // A stream ends with the shop.
    let mut open = stream(None).send().await.expect("a stream");
    let begun = std::time::Instant::now();
    shop.closed().await;
    while let Ok(Some(_)) = open.chunk().await {}
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_reads_the_log_takes_what_others_have_sent() {
    let shop = TestShop::open().await;
    let mut scales = shop.service("scales", &[WEIGHED, "order.*"], &[]).await;
    let order = shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let placed = scales.events("types=order.placed").await;
    let mut about = weighed("a", 7);
    about["subject"] = json!(order.to_string());
    about["causationid"] = placed[0]["id"].clone();
    let answer = scales.one(&about).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let position = answer.json::<Value>()["position"].clone();
    let sent = scales.events(&format!("types={WEIGHED}")).await;
    assert_eq!(sent[0]["correlationid"], placed[0]["correlationid"]);
    let mut unknown = weighed("b", 7);
    unknown["causationid"] = json!("0199c0a0-1111-7aaa-8bbb-123456789abc");
    assert_eq!(fields(&scales.one(&unknown).await, 422), ["/causationid"]);

    // The order goes on as if nothing had been sent, and whoever looks sees it in its story.
    let mut staff = shop.staff().await;
    let number = order_number(order);
    for path in [
        format!("/admin/orders/{order}"),
        format!("/admin/events?type={WEIGHED}"),
        format!("/admin/events?of={number}"),
        format!("/admin/events?of=%23{position}"),
        format!("/admin/inventory/{RING}"),
    ] {
        let page = staff.get(&path).await.expect_ok().body;
        assert!(!page.contains("unknown event type"), "{path}");
    }
    let page = staff
        .get(&format!("/admin/events?type={WEIGHED}"))
        .await
        .body;
    assert!(
        page.contains("service/scales") && page.contains("grams"),
        "{page}"
    );
    let id = order.to_string();
    let form = [("order_id", &*id)];
    staff.post("/api/desk_order", &form).await.expect_ok();
    let events = command(&shop, &["events", "--json", "--type", WEIGHED]).await;
    assert!(events.expect("events").contains(r#""id":"a""#));
    command(&shop, &["show", &number]).await.expect("its story");
    for consumer in ["inventory", "orders", "restock"] {
        let replayed = command(&shop, &["replay", "--consumer", consumer]).await;
        replayed.expect("replayed");
    }
    let checked = command(&shop, &["check"]).await.expect("sound");
    assert!(!checked.contains("unknown"), "{checked}");
    // Every consumer has passed it, and nobody of them could not handle it.
    for lag in shop.log().lags().await.expect("lags") {
        assert_eq!((lag.parked, lag.dead), (0, 0), "{lag:?}");
    }
    assert!(
        !shop
            .log()
            .unheard()
            .iter()
            .any(|unheard| unheard.kind == WEIGHED),
        "what others send is for others"
    );
    shop.closed().await;
}

/// What the README says to type does what it says.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_readme_is_true() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("../README.md")).expect("a README");
    let (_, section) = readme
        .split_once("## Take part from any language")
        .expect("a section");
    let (_, example) = section.split_once("```sh\n").expect("an example");
    let example = example.split("```").next().expect("its end");
    let between = |from: &str, to: &str| {
        let (_, rest) = example.split_once(from).expect(from);
        rest.split(to).next().expect(to).to_owned()
    };
    let shop = TestShop::open().await;
    let typed = between("cargo run --release -- ", "\n").replace('\'', "");
    let arguments: Vec<&str> = typed.split_whitespace().collect();
    let printed = command(&shop, &arguments).await.expect("a service");
    let mut scales = Service {
        client: shop.shopper(),
        token: printed.lines().next().expect("a token").to_owned(),
    };
    let body: Value = serde_json::from_str(&between("-d '", "'\n")).expect("an event");
    assert!(example.contains(&format!("Content-Type: {STRUCTURED}")));
    assert_eq!(scales.one(&body).await.status, 201);
    shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
    let query = between("/events?", "\"");
    let placed = scales.events(&query).await;
    assert_eq!(placed[0]["type"], "order.placed");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_registers_and_revokes_services_on_a_page() {
    const PAGE: &str = "/admin/services";
    let shop = TestShop::open().await;
    let mut owner = shop.staff().await;
    let page = owner.get(PAGE).await.expect_ok().body;
    assert!(page.contains("No services"), "{page}");
    let sends = format!("{WEIGHED}=example.parcels");
    let form = |name, sends, days| {
        [
            ("name", name),
            ("sends", sends),
            ("reads", "order.* stock.*"),
            ("days", days),
        ]
    };
    for (name, sends, days, field) in [
        ("Scales", &*sends, "", "name"),
        ("scales", "order.placed=orders", "", "sends"),
        ("scales", &*sends, "soon", "days"),
    ] {
        let form = form(name, sends, days);
        let refused = owner
            .post("/api/register_service", &form)
            .await
            .problem(422);
        assert!(refused.field(field).is_some(), "{refused:?}");
    }
    // A plain form ends on the page, with what was typed.
    let answer = owner
        .submit("/api/register_service", &form("scales", "weighed=x", "7"))
        .await;
    assert_eq!(answer.location(), Some(PAGE), "{answer:?}");
    let page = owner.get(PAGE).await.expect_ok().body;
    assert!(page.contains("value=\"weighed=x\""), "{page}");
    assert!(page.contains("service-sends-wrong"), "{page}");
    owner
        .submit("/api/register_service", &form("scales", &sends, "7"))
        .await;
    let page = owner.get(PAGE).await.expect_ok().body;
    let (_, token) = page.split_once("vitrine_").expect("a token");
    let token = token.split('<').next().expect("its end");
    let again = owner.get(PAGE).await.expect_ok().body;
    assert!(!again.contains(token), "it is shown once");
    assert!(again.contains("By admin@"), "{again}");
    let mut scales = Service {
        client: shop.shopper(),
        token: format!("vitrine_{token}"),
    };
    assert_eq!(scales.one(&weighed("a", 0)).await.status, 201, "no schema");
    let revoke = [("service", "scales"), ("sure", "yes")];
    owner
        .post("/api/revoke_service", &revoke[..1])
        .await
        .problem(422);
    owner.post("/api/revoke_service", &revoke).await.expect_ok();
    scales.one(&weighed("b", 1)).await.problem(401);
    let page = owner.get(PAGE).await.expect_ok().body;
    assert!(page.contains("revoked"), "{page}");
    shop.closed().await;
}
