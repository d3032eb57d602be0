//! Counts with a sheet, and counts and thresholds of many SKUs at once.

use types::Sku;
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::parcels::{pack, ship};
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const GOOD_CARD: &str = "pm_card_visa";
const COUNT: &str = "/admin/inventory/count";
const STUDS: &str = "AS-LUM-WG-OS";

/// The sheet that is made when its page is opened: its address, and the position in that.
async fn new_sheet(staff: &mut Client) -> (String, String) {
    let made = staff.get(&format!("{COUNT}?filter=as")).await;
    let address = made.location().expect("a sheet of its own").to_owned();
    let (_, at) = address.split_once("at=").expect("a position");
    (address.clone(), at.to_owned())
}

async fn book(staff: &mut Client, at: &str, lines: &[(&str, &str, &str)]) -> String {
    let mut form = vec![
        ("at".to_owned(), at.to_owned()),
        ("reason".to_owned(), "stock count".to_owned()),
        ("filter".to_owned(), "as".to_owned()),
    ];
    for (n, (sku, pieces, counted)) in lines.iter().enumerate() {
        form.push((format!("lines[{n}][sku]"), (*sku).to_owned()));
        form.push((format!("lines[{n}][pieces]"), (*pieces).to_owned()));
        form.push((format!("lines[{n}][counted]"), (*counted).to_owned()));
    }
    let form: Vec<(&str, &str)> = form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let answer = staff.submit("/api/record_counts", &form).await;
    let page = answer.location().expect("back to the sheet").to_owned();
    assert!(page.starts_with(COUNT), "{page}");
    staff.get(&page).await.expect_ok().body
}

async fn send_one_ring(shop: &TestShop, staff: &mut Client) {
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let parcel = Uuid::now_v7().to_string();
    pack(staff, order, &parcel, 1).await.expect_ok();
    ship(staff, order, &parcel, "").await.expect_ok();
}

async fn change_many(staff: &mut Client, form: &[(&str, &str)]) -> Answer {
    let id = Uuid::now_v7().to_string();
    let form = [&[("batch_id", id.as_str()), ("reason", "shelf")], form].concat();
    staff.submit("/api/set_many", &form).await
}

/// What the page says that a change of many ends on.
async fn told(staff: &mut Client, answer: &Answer) -> String {
    let page = answer.location().expect("back to the inventory").to_owned();
    staff.get(&page).await.expect_ok().body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_while_somebody_counts_is_told_and_carried_over() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    staff.count(RING, 10).await.expect_ok();
    staff.count(STUDS, 6).await.expect_ok();
    shop.until_seen(STUDS, 6).await;
    let (address, at) = new_sheet(&mut staff).await;
    send_one_ring(&shop, &mut staff).await;
    shop.until_seen(RING, 9).await;
    let sheet = staff.get(&address).await.expect_ok().body;
    assert!(
        sheet.contains("-1, so 9 now"),
        "says what has moved: {sheet}"
    );
    // Ten were expected and nine were there: one is missing, whatever has left since.
    let said = book(&mut staff, &at, &[(RING, "9", "before"), (STUDS, "6", "")]).await;
    assert!(said.contains("1 as expected, 1 corrected."), "{said}");
    let carried = "AS-VEG-WG-50: 9 counted, 10 expected, -1 since then: 8 in the books";
    assert!(said.contains(carried), "{said}");
    assert_eq!(shop.stock(RING).await, (8, 0));
    // Of the same sheet a second count of the same SKU changes nothing, and says why.
    let said = book(&mut staff, &at, &[(RING, "7", "before")]).await;
    assert!(said.contains("somebody has counted it since"), "{said}");
    assert_eq!(shop.stock(RING).await, (8, 0));

    let (_, at) = new_sheet(&mut staff).await;
    send_one_ring(&shop, &mut staff).await;
    shop.until_seen(RING, 7).await;
    let said = book(&mut staff, &at, &[(RING, "7", "after")]).await;
    assert!(
        said.contains("7 counted after it had moved by -1"),
        "{said}"
    );
    assert_eq!(shop.stock(RING).await, (7, 0));
    let ledger = staff.get("/admin/inventory/AS-VEG-WG-50").await.expect_ok();
    assert!(
        ledger.body.contains("stock count (9 counted, 10 expected)"),
        "{}",
        ledger.body
    );
    for (lines, why) in [
        (vec![(RING, "many", "")], "a whole number"),
        (vec![(RING, "-2", "")], "from 0 to"),
        (vec![(RING, "1", ""), (RING, "1", "")], "on two lines"),
        (vec![(RING, " ", "")], "one SKU at least"),
    ] {
        let said = book(&mut staff, &at, &lines).await;
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(shop.stock(RING).await, (7, 0));
    let paper = address.replacen(COUNT, "/admin/print/count-sheet", 1);
    let paper = staff.get(&paper).await.expect_ok().body;
    assert!(
        paper.contains(RING) && !paper.contains("Expected"),
        "{paper}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_fill_in_the_same_sheet_do_not_count_twice() {
    let shop = TestShop::open().await;
    let (mut ada, mut grace) = (shop.staff().await, shop.staff().await);
    ada.count(RING, 10).await.expect_ok();
    shop.until_seen(RING, 10).await;
    let (_, at) = new_sheet(&mut ada).await;
    let (one, other) = tokio::join!(
        book(&mut ada, &at, &[(RING, "8", "before")]),
        book(&mut grace, &at, &[(RING, "8", "before")])
    );
    assert_eq!(shop.stock(RING).await, (8, 0), "{one} {other}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_changed_all_or_none_and_whoever_is_late_is_told() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    staff.count(RING, 10).await.expect_ok();
    staff.count(STUDS, 6).await.expect_ok();
    shop.until_seen(STUDS, 6).await;
    let order = shop
        .shopper()
        .order(STUDS, GOOD_CARD, shop.price_of(STUDS))
        .await;
    shop.until_status(order, "confirmed").await;
    let both = [("skus[]", RING), ("skus[]", STUDS)];
    let head = shop
        .number("select position from log_head")
        .await
        .to_string();
    let at = [("at", head.as_str())];
    // Of the studs one is promised.
    let less = [&both[..], &at, &[("what", "add"), ("value", "-6")]].concat();
    let answer = change_many(&mut staff, &less).await;
    let said = told(&mut staff, &answer).await;
    assert!(said.contains("Nothing was changed."), "{said}");
    assert!(said.contains("AS-LUM-WG-OS: 1 are promised"), "{said}");
    assert_eq!(
        (shop.stock(RING).await, shop.stock(STUDS).await),
        ((10, 0), (6, 1))
    );
    let more = [&both[..], &at, &[("what", "add"), ("value", "+2")]].concat();
    let answer = change_many(&mut staff, &more).await;
    let said = told(&mut staff, &answer).await;
    assert!(
        said.contains("The count of 2 SKUs is set; 2 had another one."),
        "{said}"
    );
    assert_eq!(
        (shop.stock(RING).await, shop.stock(STUDS).await),
        ((12, 0), (8, 1))
    );
    // The page of before knows nothing of that.
    let set = [&both[..], &at, &[("what", "set"), ("value", "4")]].concat();
    let answer = change_many(&mut staff, &set).await;
    let said = told(&mut staff, &answer).await;
    assert!(said.contains("AS-VEG-WG-50: there are 12 now"), "{said}");
    assert_eq!(shop.stock(RING).await, (12, 0));

    let low = [
        &at[..],
        &[
            ("what", "threshold"),
            ("value", "13"),
            ("all", "1"),
            ("filter", "vega"),
        ],
    ]
    .concat();
    let answer = change_many(&mut staff, &low).await;
    let said = told(&mut staff, &answer).await;
    assert!(said.contains("The threshold of "), "{said}");
    let ring: Sku = RING.parse().expect("a SKU");
    eventually("the threshold is another one", async || {
        let level = shop.inner().levels().level(&ring);
        level.is_some_and(|level| level.reorder_threshold == 13)
    })
    .await;
    let studs = shop.inner().levels().level(&STUDS.parse().expect("a SKU"));
    assert_ne!(
        studs.expect("a level").reorder_threshold,
        13,
        "not of the filter"
    );
    for (form, why) in [
        (vec![("what", "set"), ("value", "4")], "one SKU at least"),
        (
            vec![("what", "set"), ("value", "lots"), ("skus[]", RING)],
            "a whole number",
        ),
        (
            vec![("what", "set"), ("value", "-4"), ("skus[]", RING)],
            "from 0 to",
        ),
        (
            vec![
                ("what", "threshold"),
                ("value", "999999999"),
                ("skus[]", RING),
            ],
            "a threshold from 0",
        ),
    ] {
        let form = [&at[..], &form].concat();
        let answer = change_many(&mut staff, &form).await;
        let said = told(&mut staff, &answer).await;
        assert!(said.contains(why), "{why}: {said}");
    }
    for decider in ["inventory", "restock", "back_in_stock"] {
        let told = command(&shop, &["replay", "--consumer", decider]).await;
        let told = told.expect("replayed");
        assert!(told.contains("the same, byte for byte"), "{told}");
    }
    let mut eve = shop.shopper();
    for command in ["/api/set_many", "/api/record_counts"] {
        eve.post(command, &set).await.problem(401);
    }
    for page in [COUNT, "/admin/print/count-sheet"] {
        assert_eq!(
            eve.get(page).await.location(),
            Some("/admin/sign-in"),
            "{page}"
        );
    }
    shop.closed().await;
}
