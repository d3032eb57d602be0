//! The tables of the running shop, built anew while it sells, by hand and by the command line.

use clap::Parser;
use server::cli::{self, Cli};
use types::live::State;
use types::order::OrderStatus;

use crate::client::new_order_id;
use crate::shop::{RING, RING_PRICE, RING_TOPIC, TestShop, eventually};

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";

/// What the command line answers, or the error it ends with.
pub async fn command(shop: &TestShop, arguments: &[&str]) -> Result<String, String> {
    let database = format!("--database-url={}", shop.database_url());
    let all = ["server"].iter().chain(arguments).copied();
    let cli = Cli::try_parse_from(all.chain([database.as_str()])).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    let command = cli.command.expect("a command");
    cli::run(command, &cli.config, &mut out)
        .await
        .map_err(|error| format!("{error:#}"))?;
    Ok(String::from_utf8(out).expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_built_anew_while_the_shop_sells() {
    let shop = TestShop::with(&["--test-gateway-delay-ms=20"]).await;
    shop.count(RING, 1_000).await;
    let selling = async {
        for n in 0..40 {
            let mut ada = shop.shopper();
            let card = if n % 4 == 0 { BAD_CARD } else { GOOD_CARD };
            let order = ada.order(RING, card, RING_PRICE).await;
            if n % 8 == 0 {
                shop.until_status(order, "awaiting_payment").await;
                ada.cancel(order).await.expect_ok();
            }
        }
    };
    let rebuilding = async {
        let mut told = Vec::new();
        for _ in 0..3 {
            for consumer in ["inventory", "orders"] {
                told.push(command(&shop, &["replay", "--consumer", consumer]).await);
            }
        }
        told
    };
    let ((), told) = tokio::join!(selling, rebuilding);
    for told in told {
        let told = told.expect("replayed");
        assert!(told.contains("the same, byte for byte"), "{told}");
    }
    // 30 good cards; of 10 declined ones 5 were given up.
    let count = "select count(*) from order_progress where status = ";
    for (status, expected) in [("confirmed", 30), ("cancelled", 5), ("awaiting_payment", 5)] {
        eventually(status, async || {
            shop.number(&format!("{count}'{status}'")).await == expected
        })
        .await;
    }
    shop.until_allocated(RING, 35).await;
    // Nobody was asked again.
    assert_eq!(shop.ledger().await.payments.len(), 40);
    let requested = "select count(*) from events where type = 'payment.requested'";
    assert_eq!(shop.number(requested).await, 40);
    for consumer in ["inventory", "orders"] {
        let told = command(&shop, &["replay", "--consumer", consumer]).await;
        let told = told.expect("replayed");
        assert!(
            told.starts_with(consumer) && told.contains("the same"),
            "{told}"
        );
        let from = command(&shop, &["replay", "--consumer", consumer, "--from", "300"]).await;
        assert!(from.expect("replayed").contains("the same, byte for byte"));
    }
    // The shop goes on with the new tables.
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    shop.until_allocated(RING, 36).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_is_mended_and_what_has_no_table_is_refused() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let mut tx = shop.log().db().begin().await.expect("a transaction");
    let damage = format!(
        "update decider_states set state = '{{\"on_hand\":4,\"allocated\":0}}' where key = '{RING}'"
    );
    let done = db::query(db::trusted_sql(damage)).execute(tx.conn()).await;
    done.expect("damaged");
    tx.commit().await.expect("committed");
    // A server that starts now reads the damaged table, and shows it.
    let shop = shop.reopened().await;
    assert_eq!(shop.sees_available(RING), 4);
    let mut onlooker = shop.shopper().socket().await;
    onlooker.subscribe(&[RING_TOPIC], 0).await;
    let (_, _, State::Product(shown)) = onlooker.next_snapshot().await else {
        panic!("expected the ring");
    };
    let told = command(&shop, &["replay", "--consumer", "inventory"]).await;
    let told = told.expect("replayed");
    assert!(told.contains("2 rows differed"), "{told}");
    assert_eq!(shop.stock(RING).await, (4, 1));
    // And every open page with it.
    onlooker.until_available(shown.available - 1).await;

    for consumer in ["payment", "nobody"] {
        let refused = command(&shop, &["replay", "--consumer", consumer]).await;
        let refused = refused.expect_err("refused");
        assert!(
            refused.contains("inventory"),
            "says what there is: {refused}"
        );
    }
    let when = command(&shop, &["replay", "--consumer", "orders", "--from", "noon"]).await;
    assert!(when.expect_err("refused").contains("expected a position"));
    assert_eq!(shop.ledger().await.payments.len(), 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tells_what_the_log_knows() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    let before = shop
        .number("select position from log_head")
        .await
        .to_string();
    ada.pay(order, GOOD_CARD).await.expect_ok();
    shop.until_status(order, "confirmed").await;

    let number = types::order::order_number(order);
    for name in [number.as_str(), &number.to_lowercase(), &order.to_string()] {
        let now = command(&shop, &["show", name]).await.expect("found");
        assert!(
            now.starts_with(&format!("Order {number}, as of position")),
            "{now}"
        );
        for part in [
            "confirmed",
            "payment attempts  2",
            "└─ ",
            "order.placed",
            "payment.declined",
        ] {
            assert!(now.contains(part), "{part} in {now}");
        }
        let then = command(&shop, &["show", name, "--at", &before])
            .await
            .expect("found");
        assert!(then.contains("awaiting payment"), "{then}");
        assert!(!then.contains("order.confirmed"), "{then}");
    }
    let ring = command(&shop, &["show", &RING.to_lowercase()]).await;
    let ring = ring.expect("found");
    assert!(ring.contains("allocated       1"), "{ring}");
    let opening =
        format!("select position from events where key = '{RING}' and type = 'stock.corrected'");
    let opening = shop.number(&opening).await.to_string();
    let then = command(&shop, &["show", RING, "--at", &opening])
        .await
        .expect("found");
    assert!(
        then.contains("allocated       0") && then.contains("opening stock"),
        "{then}"
    );
    for (what, why) in [
        ("V-00000000", "no order"),
        ("AS-NONE", "No order, SKU or event"),
        ("so what?", "No order, SKU or event"),
    ] {
        let refused = command(&shop, &["show", what]).await.expect_err("refused");
        assert!(refused.contains(why), "{refused}");
    }

    let by_attribute = ["events", "--type", "payment.*", "--with", "gateway=test"];
    let found = command(&shop, &by_attribute).await.expect("found");
    assert_eq!(found.lines().count(), 2, "{found}");
    let json = ["events", "--topic", "orders", "--json", "--limit", "1"];
    let json = command(&shop, &json).await.expect("found");
    let event: serde_json::Value = serde_json::from_str(&json).expect("one CloudEvent");
    assert_eq!(
        (&event["specversion"], &event["type"]),
        (&"1.0".into(), &"order.placed".into())
    );

    let consumers = command(&shop, &["consumers"]).await.expect("found");
    for name in ["inventory", "orders", "payment"] {
        assert!(consumers.contains(name), "{consumers}");
    }
    let none = command(&shop, &["dead-letters"]).await.expect("found");
    assert!(none.contains("no dead letters"), "{none}");
    // For programs: an object per line, and nothing where there is nothing.
    let objects = async |arguments: &[&str]| {
        let said = command(&shop, arguments).await.expect("found");
        let object = |line| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        said.lines().map(object).collect::<Vec<_>>()
    };
    let consumers = objects(&["consumers", "--json"]).await;
    assert!(
        consumers
            .iter()
            .any(|it| it["name"] == "inventory" && it["dead"] == 0)
    );
    assert!(objects(&["dead-letters", "--json"]).await.is_empty());
    assert_eq!(objects(&["staff", "list", "--json"]).await.len(), 1);
    let checked = objects(&["check", "--json"]).await;
    assert_eq!(checked[0]["faults"], serde_json::json!([]), "{checked:?}");
    let dump = command(&shop, &["dump"]).await.expect("found");
    assert!(dump.contains("  order.confirmed: 1, from"), "{dump}");
    let missing = ["redrive", "--consumer", "orders", "--position", "7"];
    let missing = command(&shop, &missing).await.expect_err("refused");
    assert!(
        missing.contains("no dead letter at position 7"),
        "{missing}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_redriven_and_discarded_by_the_command_line() {
    let shop = TestShop::with(&["--max-attempts=2"]).await;
    let mut tx = shop.log().begin("test").await.expect("a transaction");
    for key in ["one", "two"] {
        tx.append(
            broker::NewEvent::new("order.placed", "orders", key, "{}"),
            None,
        );
    }
    tx.commit().await.expect("committed");
    let dead = "select count(*) from parked where state = 'dead'";
    eventually("ten dead letters", async || shop.number(dead).await == 10).await;
    let listed = command(&shop, &["dead-letters"]).await.expect("found");
    assert_eq!(listed.matches("missing field").count(), 10, "{listed}");
    let consumers = command(&shop, &["consumers"]).await.expect("found");
    assert!(
        consumers
            .lines()
            .any(|line| line.starts_with("orders") && line.ends_with('2'))
    );

    let again = command(&shop, &["redrive", "--consumer", "orders", "--all"]).await;
    assert_eq!(again.expect("redriven").lines().count(), 2);
    let told = "select count(*) from events where type = 'broker.dead_lettered'";
    eventually("dead again", async || shop.number(told).await == 12).await;
    for consumer in ["orders", "inventory", "monitoring", "notification", "sales"] {
        eventually("all dead", async || shop.number(dead).await >= 2).await;
        let given_up = command(&shop, &["discard", "--consumer", consumer, "--all"]).await;
        assert_eq!(given_up.expect("given up").lines().count(), 2);
    }
    eventually("nothing left", async || {
        shop.number("select count(*) from parked").await == 0
    })
    .await;
    let audit = "select count(*) from events where type in ('broker.redriven', 'broker.discarded')";
    assert_eq!(shop.number(audit).await, 12);
    // What came after them goes its way.
    let mut ada = shop.shopper();
    let order = new_order_id();
    ada.add(RING, "1", "").await.expect_ok();
    ada.place(order, GOOD_CARD, RING_PRICE).await.expect_ok();
    let mut socket = ada.socket().await;
    let mut followed = socket.follow(order, 0).await;
    socket.until(&mut followed, OrderStatus::Confirmed).await;
    shop.closed().await;
}

#[tokio::test]
async fn a_damaged_record_is_stepped_over_by_the_command_line() {
    let shop = TestShop::open().await;
    let mut tx = shop.log().db().begin().await.expect("a transaction");
    let damage = "update events set data = data || ' ' where position = 1";
    let damaged = db::query(damage).execute(tx.conn()).await;
    damaged.expect("damaged");
    tx.commit().await.expect("committed");

    let refused = command(&shop, &["quarantine", "--position", "2"]).await;
    let refused = refused.expect_err("it can be read").to_string();
    assert!(refused.contains("only a damaged one"), "{refused}");
    let told = command(&shop, &["quarantine", "--position", "1"]).await;
    let told = told.expect("quarantined");
    assert!(
        told.contains("the event at position 1 is damaged"),
        "{told}"
    );
    let audit = "select count(*) from events where type = 'broker.quarantined'";
    assert_eq!(shop.number(audit).await, 1);
    let listed = command(&shop, &["events"]).await;
    assert!(listed.is_ok(), "{listed:?}");
    shop.closed().await;
}

#[tokio::test]
async fn a_command_without_a_shop_says_where_it_looked() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = format!("--data-dir={}", folder.path().display());
    let cli = Cli::parse_from(["server", "consumers", &data]);
    let mut out = Vec::new();
    let command = cli.command.expect("a command");
    let error = cli::run(command, &cli.config, &mut out).await;
    let error = error.expect_err("refused").to_string();
    assert!(error.contains("there is no shop in"), "{error}");
    assert!(!folder.path().join("vitrine.db").exists(), "and makes none");
}
