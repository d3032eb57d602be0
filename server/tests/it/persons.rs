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

/// All bytes of the files below a folder, with their names.
fn all_bytes(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                found.push((path.display().to_string(), bytes));
            }
        }
    }
    found
}

/// The files in which one of these texts stands, in any case of letters, as it is or as an address writes it.
fn files_with(folder: &std::path::Path, texts: &[String]) -> Vec<String> {
    let spelled = texts.iter().flat_map(|text| {
        let plain = text.to_ascii_lowercase();
        let escaped = plain.replace(' ', "%20").replace('@', "%40");
        [plain, escaped]
    });
    let spelled: Vec<String> = spelled.collect();
    let has = |bytes: &[u8]| {
        let bytes = bytes.to_ascii_lowercase();
        let mut spelled = spelled.iter();
        spelled.any(|text| bytes.windows(text.len()).any(|it| it == text.as_bytes()))
    };
    let files = all_bytes(folder).into_iter();
    let found = files.filter(|(_, bytes)| has(bytes));
    found.map(|(name, _)| name).collect()
}

/// On SQLite, whose files are the shop's own. What a PostgreSQL has written it keeps in files of its own.
#[tokio::test(flavor = "multi_thread")]
async fn of_who_is_erased_no_byte_is_left_in_any_file_of_the_data_folder() {
    let shop = TestShop::with(&[]).await;
    if !shop.database_url().starts_with("sqlite:") {
        drop(shop.closed().await);
        return;
    }
    let folder = data(shop.scratch());
    // Enough people that pages are split under them.
    let person = |at: usize| {
        [
            format!("quixotic{at}@mail.example"),
            format!("Zephyrine Quill{at}"),
            format!("Obelisk Lane {at}"),
        ]
    };
    const PEOPLE: usize = 40;
    let mut orders = Vec::new();
    for at in 0..PEOPLE {
        let [email, name, street] = person(at);
        let mut shopper = shop.shopper();
        shopper.add(RING, "1", "For Byron").await.expect_ok();
        let order = new_order_id().to_string();
        let total = RING_PRICE.to_string();
        let form = [
            ("order_id", order.as_str()),
            ("email", email.as_str()),
            ("name", &name),
            ("street", &street),
            ("postal_code", "10115"),
            ("city", "Berlin"),
            ("country", "DE"),
            ("delivery", "standard"),
            ("payment_token", BAD_CARD),
            ("expected_total_minor_standard", &total),
            ("idempotency_key", &order),
        ];
        // Without its script once, and with something wrong: what was typed comes back, and is kept with the answer.
        let mut wrong = form.to_vec();
        wrong[4] = ("postal_code", "!!");
        wrong[10] = ("idempotency_key", "wrong");
        let answer = shopper.submit("/api/place_order", &wrong).await;
        assert_eq!(answer.location(), Some("/checkout"), "{answer:?}");
        shopper.submit("/api/place_order", &form).await;
        let order = order.parse().expect("an id");
        shop.until_status(order, "awaiting_payment").await;
        shopper.cancel(order).await.expect_ok();
        shop.until_status(order, "cancelled").await;
        orders.push(order);
    }
    until_all_is_heard(&shop).await;
    let texts: Vec<String> = (0..PEOPLE).flat_map(person).collect();
    assert!(
        !files_with(&folder, &texts).is_empty(),
        "it is looked for well"
    );
    let (erased, stay) = (0..PEOPLE).partition::<Vec<_>, _>(|at| at % 4 == 1);
    let mut staff = shop.staff().await;
    for at in &erased {
        let [email, ..] = person(*at);
        let form = [("email", email.as_str()), ("sure", "yes")];
        staff.post("/api/erase_person", &form).await.expect_ok();
    }
    // `Quill1` begins `Quill11`, too: what is looked for is told apart by what follows it.
    let gone: Vec<String> = erased.iter().map(|at| person(*at)[0].clone()).collect();
    crate::shop::eventually("their emails are in no file", async || {
        files_with(&folder, &gone).is_empty()
    })
    .await;
    let gone: Vec<String> = (erased.iter().filter(|at| **at > 9))
        .flat_map(|at| person(*at))
        .collect();
    crate::shop::eventually("nor are their names and streets", async || {
        files_with(&folder, &gone).is_empty()
    })
    .await;
    for at in stay {
        let found = files_with(&folder, &person(at)[..1]);
        assert!(!found.is_empty(), "person {at} was not to be erased");
    }
    // The command line does the same, and has done it when it ends.
    let [email, ..] = person(0);
    let told = command(&shop, &["person", "erase", &email, "--yes"]).await;
    told.expect("erased");
    until_all_is_heard(&shop).await;
    let left = files_with(&folder, &[email]);
    assert!(left.is_empty(), "{left:?}");
    shop.closed().await;
}
