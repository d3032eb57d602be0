//! What an order's page gives out to be kept, and how it is compared with the log later.

use services::{LogHead, OrderRecord};

use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop};

const GOOD_CARD: &str = "pm_card_visa";

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_an_order_holds_as_long_as_its_past_is_the_same() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let path = format!("/orders/{order}/record.json");
    let page = ada.get(&format!("/orders/{order}")).await.expect_ok().body;
    assert!(page.contains(&path), "its page leads to it");
    let answer = ada.get(&path).await.expect_ok();
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    for private in ["ada@example.com", "Lovelace", "Example Street"] {
        assert!(!answer.body.contains(private), "{private}");
    }
    let record: OrderRecord = answer.json();
    let kinds: Vec<&str> = record.steps.iter().map(|step| step.kind.as_str()).collect();
    for kind in ["order.placed", "payment.authorized", "order.confirmed"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    // Nobody else has it.
    shop.shopper().get(&path).await.problem(404);
    ada.get("/orders/nothing/record.json").await.problem(404);

    // Anybody sees the head of the log, and that of any moment before.
    let mut anybody = shop.shopper();
    let newest: LogHead = anybody.get("/log-head").await.expect_ok().json();
    assert!(newest.position >= record.head.position);
    let at = format!("/log-head/{}", record.head.position);
    let then: LogHead = anybody.get(&at).await.expect_ok().json();
    assert_eq!(then, record.head);
    for nowhere in ["/log-head/0", "/log-head/999999", "/log-head/x"] {
        anybody.get(nowhere).await.problem(404);
    }

    let file = shop.scratch_folder().join("record.json");
    std::fs::write(&file, &answer.body).expect("a file");
    let file = file.to_str().expect("a path in UTF-8");
    let published = format!("{}:{}", then.position, then.hash);
    let arguments = ["check", "--record", file, "--published", &published];
    let said = command(&shop, &arguments).await.expect("nothing is wrong");
    assert!(said.contains("steps are as they were recorded"), "{said}");
    assert!(said.contains(&format!("order {}", record.order)), "{said}");

    // Somebody makes the past another one, and its hash with it.
    let step = &record.steps[0].at;
    let mut tx = shop.log().db().begin().await.expect("a transaction");
    db::query("update events set chain = $1 where position = $2")
        .bind("a".repeat(64))
        .bind(i64::try_from(step.position).expect("a position"))
        .execute(tx.conn())
        .await
        .expect("changed");
    tx.commit().await.expect("committed");
    let told = command(&shop, &arguments).await.expect_err("found");
    assert!(told.contains("fault"), "{told}");
    let wrong = ["check", "--published", "7:abc"];
    let told = command(&shop, &wrong).await.expect_err("no hash");
    assert!(told.contains("64 hexadecimal digits"), "{told}");
    shop.closed().await;
}
