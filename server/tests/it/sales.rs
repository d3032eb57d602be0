//! What is sold, in numbers: as the page of today shows it, and as the log tells it again.

use types::live::{ServerMessage, State};

use crate::client::{Client, new_order_id};
use crate::shop::{RING, RING_PRICE, TestShop};

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";

impl TestShop {
    /// Every row of the numbers.
    async fn sales(&self) -> Vec<String> {
        self.until_heard("sales").await;
        let figures = "select step || ' ' || at_us || ' ' || checkouts || ' ' || placed || ' ' || \
             declined || ' ' || sold || ' ' || pieces || ' ' || sold_minor || ' ' || cancelled || ' ' || \
             cancelled_minor || ' ' || collected_minor || ' ' || refunded_minor from sales_figures \
             order by step, at_us";
        let skus = "select step || ' ' || at_us || ' ' || sku || ' ' || pieces || ' ' || sold_minor \
             from sales_of_skus order by step, at_us, sku";
        let mut all = self.lines(figures).await;
        all.extend(self.lines(skus).await);
        all
    }
}

/// The number in large below a name.
async fn key(staff: &mut Client, address: &str, name: &str) -> String {
    let page = staff.get(address).await.expect_ok().body;
    let of_key = page.split(&format!("id=\"key-{name}\"")).nth(1);
    let of_key = of_key.unwrap_or_else(|| panic!("{name}: {page}"));
    let number = of_key.split("today__number\">").nth(1).expect("a number");
    let number = number.split("</span>").next().expect("an end");
    number.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_stands_on_the_page_of_today_and_is_what_the_log_tells() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let page = staff.get("/admin/today").await.expect_ok().body;
    assert!(page.contains("Nothing was sold yet."), "{page}");

    let mut socket = staff.socket().await;
    socket.subscribe(&["sales"], 0).await;
    let (_, _, State::Sales { version: before }) = socket.next_snapshot().await else {
        panic!("how far it is");
    };

    // One is paid at once, one after another card, one is paid and then cancelled, one never.
    let mut ada = shop.shopper();
    let paid = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(paid, "confirmed").await;
    let told = loop {
        if let ServerMessage::Change {
            state: State::Sales { version },
            ..
        } = socket.next_or_end().await.expect("news")
        {
            break version;
        }
    };
    assert!(told > before);
    let late = ada.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(late, "awaiting_payment").await;
    ada.pay(late, GOOD_CARD).await.expect_ok();
    shop.until_status(late, "confirmed").await;
    ada.add(RING, "1", "").await.expect_ok();
    ada.post("/api/hold_cart", &[]).await.expect_ok();
    ada.post("/api/hold_cart", &[]).await.expect_ok();
    let dropped = new_order_id();
    ada.place(dropped, GOOD_CARD, RING_PRICE).await.expect_ok();
    shop.until_status(dropped, "confirmed").await;
    ada.cancel(dropped).await.expect_ok();
    shop.until_status(dropped, "cancelled").await;
    let never = ada.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(never, "awaiting_payment").await;
    ada.cancel(never).await.expect_ok();
    shop.until_status(never, "cancelled").await;
    shop.until_heard("sales").await;

    for span in ["hour", "today", "week", "month", "year"] {
        let address = format!("/admin/today?span={span}");
        let mut shown = async |name| key(&mut staff, &address, name).await;
        assert_eq!(shown("orders").await, "3", "{span}");
        assert_eq!(shown("sold").await, "€7,470.00", "{span}");
        assert_eq!(shown("average").await, "€2,490.00", "{span}");
        assert_eq!(shown("cancelled").await, "€2,490.00", "{span}");
    }
    let page = staff.get("/admin/today").await.expect_ok().body;
    assert!(
        page.contains("1 checkout, 4 placed, 2 cards declined"),
        "{page}"
    );
    assert!(page.contains(&format!("id=\"best-{RING}\"")), "{page}");
    assert!(page.contains("3 pieces"), "{page}");
    // What is sold out from the first day stands before what has fallen to its threshold.
    assert!(page.contains("Sold out"), "{page}");
    // An address that somebody made up is that of today.
    let odd = staff.get("/admin/today?span=age").await.expect_ok().body;
    assert!(odd.contains("yesterday until this hour"), "{odd}");
    let nobody = shop.shopper().get("/admin/today").await;
    assert_eq!(nobody.location(), Some("/admin/sign-in"));

    // What the log tells again is the same, row for row, in whatever batches it comes.
    let before = shop.sales().await;
    let mut tx = shop.log().db().begin().await.expect("a transaction");
    for sql in [
        "delete from sales_figures",
        "delete from sales_of_skus",
        "delete from consumers where name = 'sales'",
    ] {
        db::query(sql).execute(tx.conn()).await.expect(sql);
    }
    tx.commit().await.expect("committed");
    let shop = shop.reopened().await;
    assert_eq!(shop.sales().await, before);
    shop.closed().await;
}
