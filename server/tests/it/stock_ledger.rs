//! The ledger of each SKU: every movement with its cause, adding up to what there is; and what is written off.

use types::live::{ServerMessage, State};
use types::{OrderId, Sku};
use uuid::Uuid;

use crate::client::Client;
use crate::parcels::{end, pack, ship};
use crate::shop::{EMAIL, RING, RING_PRICE, TestShop, eventually};

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";
const PAGE: &str = "/admin/inventory/AS-VEG-WG-50";
const CONSUMER: &str = "stock_ledger";

impl TestShop {
    /// Every movement of every SKU, and how far each ledger is.
    async fn ledgers(&self) -> Vec<String> {
        self.until_heard(CONSUMER).await;
        let movements = "select sku || ' ' || position || ' ' || at_us || ' ' || kind || ' ' || \
             on_hand_change || ' ' || allocated_change || ' ' || reserved_change || ' ' || on_hand \
             || ' ' || allocated || ' ' || reserved || ' ' || subject || ' ' || reason || ' ' || \
             author || ' ' || cause from stock_movements order by sku, position";
        let books = "select sku || ' ' || on_hand || ' ' || allocated || ' ' || reserved || ' ' || \
             movements || ' ' || in_house || ' ' || last_kind || ' ' || last_at_us || ' ' || \
             position from stock_ledgers order by sku";
        let mut all = self.lines(movements).await;
        all.extend(self.lines(books).await);
        all
    }

    /// SKUs whose changes do not add up to what the inventory holds.
    async fn wrong_sums(&self) -> Vec<String> {
        self.until_heard(CONSUMER).await;
        let sum = |of: &str| {
            format!(
                "coalesce((select sum({of}_change) from stock_movements m where m.sku = s.sku), 0)"
            )
        };
        let sql = format!(
            "select s.sku from stock s left join stock_ledgers l on l.sku = s.sku where \
             {} <> s.on_hand or {} <> s.allocated or {} <> s.reserved or l.sku is null or \
             l.on_hand <> s.on_hand or l.allocated <> s.allocated or l.reserved <> s.reserved or \
             l.movements <> (select count(*) from stock_movements m where m.sku = s.sku)",
            sum("on_hand"),
            sum("allocated"),
            sum("reserved")
        );
        self.lines(&sql).await
    }
}

async fn write_off(
    staff: &mut Client,
    quantity: &str,
    cause: &str,
    note: &str,
) -> crate::client::Answer {
    let form = [
        ("sku", RING),
        ("quantity", quantity),
        ("cause", cause),
        ("note", note),
    ];
    staff.submit("/api/write_off", &form).await
}

/// An order of one ring that has left the house.
async fn sent(shop: &TestShop, staff: &mut Client) -> (OrderId, String) {
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let parcel = Uuid::now_v7().to_string();
    pack(staff, order, &parcel, 1).await.expect_ok();
    ship(staff, order, &parcel, "").await.expect_ok();
    (order, parcel)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_movement_is_told_with_its_cause_and_all_add_up_to_what_there_is() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    staff.count(RING, 20).await.expect_ok();
    let (order, parcel) = sent(&shop, &mut staff).await;
    end(&mut staff, order, &parcel, "came_back")
        .await
        .expect_ok();
    let came = [(RING, "1", "0")];
    crate::astray::give_up(&mut staff, order, &parcel, &came, "0")
        .await
        .expect_ok();
    let mut ada = shop.shopper();
    let given_up = ada.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(given_up, "awaiting_payment").await;
    ada.cancel(given_up).await.expect_ok();
    shop.until_status(given_up, "cancelled").await;
    let answer = write_off(&mut staff, "2", "broken", "fell down").await;
    assert_eq!(answer.location(), Some(PAGE), "{answer:?}");
    let said = staff.get(PAGE).await.expect_ok().body;
    assert!(
        said.contains("2 pieces of AS-VEG-WG-50 written off."),
        "{said}"
    );
    assert_eq!(shop.stock(RING).await, (18, 0));

    let page = staff.get(PAGE).await.expect_ok().body;
    let number = types::order::order_number(order);
    for told in [
        "Counted",
        "opening stock",
        "seed",
        "recount",
        EMAIL,
        "Ordered",
        "Sent",
        "Came back",
        "Released",
        "Written off",
        "Broken: fell down",
        "shopper",
        number.as_str(),
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let link = format!("href=\"/admin/orders/{order}\"");
    assert!(page.contains(&link), "leads to the order: {page}");
    let house = staff.get(&format!("{PAGE}?only=on_hand")).await.expect_ok();
    assert!(!house.body.contains(">Released<"), "{}", house.body);
    assert!(house.body.contains(">Written off<"), "{}", house.body);
    let lower = staff.get(&PAGE.to_lowercase()).await.expect_ok().body;
    assert!(lower.contains("Broken: fell down"), "typed as it comes");

    assert_eq!(shop.wrong_sums().await, Vec::<String>::new());
    let csv = staff.get(&format!("{PAGE}/ledger.csv")).await.expect_ok();
    assert!(csv.header("content-type").starts_with("text/csv"));
    let mut on_hand = 0;
    let mut lines = csv.body.lines();
    assert!(
        lines
            .next()
            .expect("a head")
            .starts_with("position,time,movement,on_hand_change")
    );
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        on_hand += fields[3].parse::<i64>().expect("a change");
        assert_eq!(fields[4].parse(), Ok(on_hand), "{line}");
    }
    assert_eq!(on_hand, 18);

    // What the log tells again is the same, row for row.
    let before = shop.ledgers().await;
    let mut tx = shop.log().db().begin().await.expect("a transaction");
    for sql in [
        "delete from stock_movements",
        "delete from stock_ledgers",
        "delete from consumers where name = 'stock_ledger'",
    ] {
        db::query(sql).execute(tx.conn()).await.expect(sql);
    }
    tx.commit().await.expect("committed");
    let shop = shop.reopened().await;
    assert_eq!(shop.ledgers().await, before);
    let mut staff = shop.staff().await;
    let page = staff
        .get("/admin/inventory?filter=AS-VEG-WG-50")
        .await
        .expect_ok();
    assert!(
        page.body.contains("Written off"),
        "the last movement: {}",
        page.body
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_history_every_ledger_adds_up() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let skus = shop.lines("select sku from stock order by sku").await;
    let skus: Vec<String> = skus.into_iter().take(6).collect();
    let seed = std::env::var("VITRINE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let mut random: u64 = seed.unwrap_or_else(|| Uuid::now_v7().as_u64_pair().1 | 1);
    let repeated_with = format!("VITRINE_SEED={random}");
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for _ in 0..60 {
        let sku = &skus[next(skus.len() as u64) as usize];
        match next(4) {
            0 => {
                staff.count(sku, next(12) as i64).await;
            }
            1 => {
                let quantity = next(4).to_string();
                let form = [
                    ("sku", sku.as_str()),
                    ("quantity", quantity.as_str()),
                    ("cause", "lost"),
                    ("note", ""),
                ];
                staff.post("/api/write_off", &form).await;
            }
            2 => {
                let mut shopper = shop.shopper();
                shopper.add(sku, "1", "").await;
                shopper.post("/api/hold_cart", &[]).await;
            }
            _ => {
                let price = shop.inner().price(&sku.parse::<Sku>().expect("a SKU"));
                let price = price.expect("a price").minor;
                let mut shopper = shop.shopper();
                if shopper.add(sku, "1", "").await.status == 200 {
                    let order = crate::client::new_order_id();
                    let total = if price >= 15_000 { price } else { price + 590 };
                    let card = if next(3) == 0 { BAD_CARD } else { GOOD_CARD };
                    shopper.place(order, card, total).await;
                    if next(2) == 0 {
                        shopper.cancel(order).await;
                    }
                }
            }
        }
    }
    eventually("all is decided", async || {
        let open = "select count(*) from order_progress where status in ('reserving', 'paying')";
        shop.number(open).await == 0
    })
    .await;
    assert_eq!(
        shop.wrong_sums().await,
        Vec::<String>::new(),
        "{repeated_with}"
    );
    assert!(
        shop.number("select count(*) from stock_movements where kind = 'written_off'")
            .await
            > 0
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_off_is_told_and_what_is_sent_twice_is_done_once() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    for (quantity, cause, note, told) in [
        ("4", "stolen", "", "so 3 are free"),
        ("0", "stolen", "", "1 or more"),
        ("-1", "stolen", "", "a whole number from 1 on"),
        ("some", "stolen", "", "a whole number from 1 on"),
        ("1", "other", " ", "Say what became of them."),
        ("1", "other", "\u{202e}", "that can be printed"),
    ] {
        let answer = write_off(&mut staff, quantity, cause, note).await;
        assert_eq!(answer.location(), Some(PAGE), "{answer:?}");
        let page = staff.get(PAGE).await.expect_ok().body;
        assert!(page.contains(told), "{quantity} {cause} {note:?}: {page}");
        assert!(page.contains("open"), "the form is open again");
    }
    assert_eq!(shop.stock(RING).await, (4, 1));
    let form = [
        ("sku", RING),
        ("quantity", "1"),
        ("cause", "sample"),
        ("note", "=1+1"),
        ("idempotency_key", "0199c0a0-1111-7aaa-8bbb-123456789abc"),
    ];
    for _ in 0..2 {
        staff.post("/api/write_off", &form).await.expect_ok();
    }
    assert_eq!(shop.stock(RING).await, (3, 1));
    let csv = staff.get(&format!("{PAGE}/ledger.csv")).await.expect_ok();
    assert!(
        csv.body.contains("Given away as a sample: =1+1"),
        "{}",
        csv.body
    );
    assert_eq!(staff.get("/admin/inventory/AS-NONE-1").await.status, 404);
    staff
        .get("/admin/inventory/AS-NONE-1/ledger.csv")
        .await
        .problem(404);
    assert_eq!(staff.get("/admin/inventory/%3Cb%3E").await.status, 404);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_for_staff_and_its_page_is_told_of_every_movement() {
    let shop = TestShop::open().await;
    let mut eve = shop.shopper();
    for page in [PAGE.to_owned(), format!("{PAGE}/ledger.csv")] {
        let answer = eve.get(&page).await;
        assert_eq!(answer.location(), Some("/admin/sign-in"), "{answer:?}");
        assert!(!answer.body.contains("opening stock"));
    }
    let form = [("sku", RING), ("quantity", "1"), ("cause", "lost")];
    eve.post("/api/write_off", &form).await.problem(401);
    let topic = "ledger:AS-VEG-WG-50";
    let mut socket = eve.socket().await;
    socket.subscribe(&[topic], 0).await;
    match socket.next_or_end().await.expect("an answer") {
        ServerMessage::Error { detail, .. } => assert!(detail.contains("Sign in as staff")),
        told => panic!("{told:?}"),
    }
    let mut staff = shop.staff().await;
    let mut socket = staff.socket().await;
    socket.subscribe(&[topic], 0).await;
    let (_, _, State::Ledger { version: before }) = socket.next_snapshot().await else {
        panic!("expected the ledger");
    };
    staff.post("/api/write_off", &form).await.expect_ok();
    loop {
        match socket.next_or_end().await.expect("an answer") {
            ServerMessage::Change {
                state: State::Ledger { version },
                ..
            } => {
                assert!(version > before);
                break;
            }
            ServerMessage::Beat { .. } => {}
            told => panic!("{told:?}"),
        }
    }
    // What it was told of is on the page when it is asked for.
    let page = staff.get(PAGE).await.expect_ok().body;
    assert!(page.contains(">Written off<"), "{page}");
    shop.closed().await;
}
