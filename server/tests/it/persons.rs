//! A person is given out and erased; the books stay.

use crate::client::new_order_id;
use crate::mails::{files, until_all_is_heard};
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop, data};

const BAD_CARD: &str = "pm_card_chargeDeclined";
/// What the tests' orders say of whoever places them.
const PERSONAL: [&str; 4] = [
    "ada@example.com",
    "Ada Lovelace",
    "Main Street 1",
    "For Byron",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_given_out_and_erased_and_the_books_stay() {
    let shop = TestShop::with(&[]).await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "For Byron").await.expect_ok();
    let order = new_order_id();
    ada.place(order, BAD_CARD, RING_PRICE).await.expect_ok();
    shop.until_status(order, "awaiting_payment").await;
    ada.add(RING, "1", "For Byron").await.expect_ok();

    // In whatever case the email was written.
    let known = command(&shop, &["person", "export", "Ada@Example.com"]).await;
    let known = known.expect("known");
    for personal in PERSONAL {
        assert!(known.contains(personal), "{personal} in {known}");
    }
    let early = command(&shop, &["person", "erase", "ada@example.com", "--yes"]).await;
    let early = early.expect_err("the order is open");
    assert!(early.contains("not at its end yet"), "{early}");

    ada.cancel(order).await.expect_ok();
    shop.until_status(order, "cancelled").await;
    until_all_is_heard(&shop).await;
    assert_eq!(files(&data(shop.scratch())).len(), 3);
    let known = command(&shop, &["person", "export", "ada@example.com"]).await;
    let known = known.expect("known");
    assert_eq!(known.matches("\"written_at\"").count(), 3, "{known}");
    let unsure = command(&shop, &["person", "erase", "ada@example.com"]).await;
    assert!(unsure.expect_err("asked once").contains("--yes"));
    let erased = command(&shop, &["person", "erase", "ada@example.com", "--yes"]).await;
    assert_eq!(erased.expect("erased"), "who placed 1 order is erased\n");

    let unknown = command(&shop, &["person", "export", "ada@example.com"]).await;
    assert!(unknown.expect_err("nothing is known").contains("Nobody"));
    let kept = format!("select count(*) from orders where total_minor = {RING_PRICE}");
    assert_eq!(shop.number(&kept).await, 1, "the books stay");
    for personal in PERSONAL {
        let told = format!("select count(*) from events where data like '%{personal}%'");
        assert_eq!(shop.number(&told).await, 0, "{personal} in the log");
        for (table, columns) in [
            (
                "orders",
                "email || name || street || street_2 || phone || billing || lines",
            ),
            ("carts", "gift_note"),
        ] {
            let sql = format!("select count(*) from {table} where {columns} like '%{personal}%'");
            assert_eq!(shop.number(&sql).await, 0, "{personal} in {table}");
        }
    }
    // Who keeps something of them hears of it, and erases it.
    until_all_is_heard(&shop).await;
    assert_eq!(shop.number("select count(*) from mails").await, 0);
    assert_eq!(files(&data(shop.scratch())).len(), 0);
    let said = "select count(*) from events where type = 'person.erased'";
    assert_eq!(shop.number(said).await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_give_a_person_out_and_erase_them_on_a_page_that_keeps_the_email_out_of_addresses() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    ada.cancel(order).await.expect_ok();
    shop.until_status(order, "cancelled").await;
    until_all_is_heard(&shop).await;

    let email = [("email", "ada@example.com")];
    let mut eve = shop.shopper();
    eve.post("/api/find_person", &email).await.problem(401);
    let away = eve.post("/admin/persons/export", &email).await;
    assert_eq!(away.location(), Some("/admin/sign-in"));
    eve.post("/api/erase_person", &[email[0], ("sure", "yes")])
        .await
        .problem(401);

    let mut staff = shop.staff().await;
    let nobody = [("email", "nobody@example.com")];
    staff.submit("/api/find_person", &nobody).await;
    let page = staff.get("/admin/persons").await.expect_ok();
    assert!(page.body.contains("Nobody has ordered with this email"));
    let found = staff.submit("/api/find_person", &email).await;
    assert_eq!(found.location(), Some("/admin/persons"));
    let page = staff.get("/admin/persons").await.expect_ok();
    assert!(page.body.contains("Download everything"), "{}", page.body);
    assert!(page.body.contains(&types::order::order_number(order)));
    let file = staff
        .post("/admin/persons/export", &email)
        .await
        .expect_ok();
    assert!(file.header("content-disposition").contains("attachment"));
    assert!(file.body.contains("Ada Lovelace"));

    staff.submit("/api/erase_person", &email).await;
    let page = staff.get("/admin/persons").await.expect_ok();
    assert!(page.body.contains("Check the box"), "asked once");
    staff
        .submit("/api/erase_person", &[email[0], ("sure", "yes")])
        .await;
    let page = staff.get("/admin/persons").await.expect_ok();
    assert!(page.body.contains("1 order has no name any more"));
    let gone = staff.post("/api/find_person", &email).await;
    gone.problem(404);
    shop.closed().await;
}
