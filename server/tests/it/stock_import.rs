//! The inventory as a file: out of the shop, and into it, all of it or none.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use crate::client::{Answer, Client};
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const IMPORT: &str = "/admin/inventory/import";
const STUDS: &str = "AS-LUM-WG-OS";

async fn give(client: &mut Client, content: &[u8]) -> Answer {
    let mut body =
        b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"counts.csv\"\r\n\
        Content-Type: text/csv\r\n\r\n"
            .to_vec();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = client
        .request(Method::POST, IMPORT)
        .header(CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .header(ACCEPT, "text/html")
        .body(body);
    client.send(request).await
}

/// Gives a file, and answers with the page that says what it would do.
async fn checked(staff: &mut Client, content: &[u8]) -> (String, String) {
    let answer = give(staff, content).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let page = answer.location().expect("a page").to_owned();
    let body = staff.get(&page).await.expect_ok().body;
    (page, body)
}

async fn follow(staff: &mut Client, page: &str) -> String {
    let id = page.rsplit('/').next().expect("an id");
    let form = [("import_id", id), ("reason", "year's end")];
    let answer = staff.submit("/api/follow_import", &form).await;
    assert_eq!(answer.location(), Some(page), "{answer:?}");
    staff.get(page).await.expect_ok().body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_followed_whole_and_once_after_it_was_looked_at() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let file = format!(
        "\u{feff}sku;counted;threshold\r\n{RING};9;3\r\n{};7;\r\n",
        STUDS.to_lowercase()
    );
    let (page, said) = checked(&mut staff, file.as_bytes()).await;
    assert!(
        said.contains("2 lines: 2 counts, 2 of them another number than now"),
        "{said}"
    );
    assert!(said.contains("Nothing is changed yet."), "{said}");
    assert_eq!(shop.stock(RING).await, (4, 0));
    let said = follow(&mut staff, &page).await;
    assert!(
        said.contains("Imported: 2 counts, 2 of them another number"),
        "{said}"
    );
    assert_eq!(
        (shop.stock(RING).await, shop.stock(STUDS).await),
        ((9, 0), (7, 0))
    );
    // Pressed again it does nothing.
    shop.count(RING, 5).await;
    follow(&mut staff, &page).await;
    assert_eq!(shop.stock(RING).await, (5, 0));
    assert_eq!(
        shop.number("select count(*) from events where type = 'stock.batch_requested'")
            .await,
        1
    );
    let ring = RING.parse().expect("a SKU");
    eventually("the threshold is another one", async || {
        let level = shop.inner().levels().level(&ring);
        level.is_some_and(|level| level.reorder_threshold == 3)
    })
    .await;
    eventually("the ledger tells of it", async || {
        let ledger = staff_page(&shop, "/admin/inventory/AS-VEG-WG-50").await;
        ledger.contains("year&#x27;s end (imported)") || ledger.contains("year's end (imported)")
    })
    .await;
    eventually("all is written", async || {
        staff_page(&shop, &page).await.contains("2 of 2")
    })
    .await;
    for decider in ["inventory", "restock"] {
        let told = command(&shop, &["replay", "--consumer", decider]).await;
        assert!(told.expect("replayed").contains("the same, byte for byte"));
    }
    shop.closed().await;
}

async fn staff_page(shop: &TestShop, page: &str) -> String {
    shop.staff().await.get(page).await.expect_ok().body
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_line_is_told_and_nothing_is_changed() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let order = shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let file = format!("sku,counted\n{RING},0\n{STUDS},7\nNOWHERE,1\n{STUDS},8\n{STUDS}\n");
    let (page, said) = checked(&mut staff, file.as_bytes()).await;
    for told in [
        "4 lines cannot",
        "Line 2",
        "1 at least: so many are promised",
        "Line 4",
        "a SKU of this shop",
        "Line 5",
        "it stands on line 3, too",
        "Line 6",
        "2 fields",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(!said.contains("Import all of it"), "{said}");
    let said = follow(&mut staff, &page).await;
    assert!(said.contains("lines that cannot be followed"), "{said}");
    assert_eq!(
        (shop.stock(RING).await, shop.stock(STUDS).await),
        ((4, 1), (2, 0))
    );

    // What has changed between looking and following is told, and nothing is done.
    let file = format!("sku,on_hand,counted\n{RING},4,8\n{STUDS},2,3\n");
    let (page, said) = checked(&mut staff, file.as_bytes()).await;
    assert!(said.contains("Import all of it"), "{said}");
    shop.count(STUDS, 6).await;
    let said = follow(&mut staff, &page).await;
    assert!(said.contains("on_hand was 2 and is 6"), "{said}");
    assert_eq!(
        (shop.stock(RING).await, shop.stock(STUDS).await),
        ((4, 1), (6, 0))
    );

    let large = vec![b'x'; 3 * 1024 * 1024];
    for (content, told) in [
        (&b"sku,counted\n\xff,1\n"[..], "text in UTF-8"),
        (b"sku,counted\n\0,1\n", "zero bytes"),
        (&large, "at most 2 MB"),
    ] {
        let answer = give(&mut staff, content).await;
        assert_eq!(answer.location(), Some(IMPORT), "{answer:?}");
        let said = staff.get(IMPORT).await.expect_ok().body;
        assert!(said.contains(told), "{told}: {said}");
    }
    let request = staff.request(Method::POST, IMPORT).body("sku,counted");
    let answer = staff.send(request).await;
    assert_eq!(answer.location(), Some(IMPORT), "{answer:?}");
    let unknown = format!("{IMPORT}/0199c0a0-1111-7aaa-8bbb-123456789abc");
    assert_eq!(staff.get(&unknown).await.status, 404);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_for_staff() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let (page, _) = checked(&mut staff, format!("sku,counted\n{RING},9\n").as_bytes()).await;
    let mut eve = shop.shopper();
    for page in [IMPORT, &page, "/admin/inventory/export.csv"] {
        let answer = eve.get(page).await;
        assert_eq!(
            answer.location(),
            Some("/admin/sign-in"),
            "{page}: {answer:?}"
        );
        assert!(!answer.body.contains(RING), "{}", answer.body);
    }
    let answer = give(&mut eve, b"sku,counted\n").await;
    assert_eq!(answer.location(), Some("/admin/sign-in"), "{answer:?}");
    let id = page.rsplit('/').next().expect("an id");
    eve.post("/api/follow_import", &[("import_id", id), ("reason", "x")])
        .await
        .problem(401);
    assert_eq!(shop.stock(RING).await, (4, 0));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_what_the_filter_shows_and_can_be_given_back() {
    let shop = TestShop::open().await;
    let mut staff = shop.staff().await;
    let all = staff.get("/admin/inventory/export.csv").await.expect_ok();
    assert!(all.header("content-type").starts_with("text/csv"));
    let skus = shop.number("select count(*) from stock").await;
    assert_eq!(all.body.lines().count() as i64, skus + 1);
    let some = staff
        .get("/admin/inventory/export.csv?filter=lumen+white")
        .await
        .expect_ok();
    assert_eq!(some.body.lines().count(), 2, "{}", some.body);
    let row = some.body.lines().nth(1).expect("a row");
    assert!(
        row.starts_with("AS-LUM-WG-OS,") && row.contains(",2,,0,0,2,"),
        "{row}"
    );
    let filled = some.body.replace(",2,,0,0,2,", ",2,5,0,0,2,");
    let (page, _) = checked(&mut staff, filled.as_bytes()).await;
    follow(&mut staff, &page).await;
    assert_eq!(shop.stock(STUDS).await, (5, 0));

    let exported = command(&shop, &["export", "inventory"])
        .await
        .expect("exported");
    assert_eq!(exported.lines().count() as i64, skus + 1);
    assert!(exported.contains("AS-LUM-WG-OS,"), "{exported}");
    let file = shop.scratch_folder().join("counts.csv");
    let path = file.display().to_string();
    std::fs::write(&file, format!("sku,counted\n{RING},x\n")).expect("a file");
    let refused = command(&shop, &["import", "inventory", &path]).await;
    assert!(
        refused
            .expect_err("refused")
            .contains("nothing was changed")
    );
    std::fs::write(
        &file,
        format!("sku,counted,threshold\n{RING},12,\n{STUDS},,1\n"),
    )
    .expect("a file");
    let dry = command(&shop, &["import", "inventory", &path, "--dry-run"]).await;
    let dry = dry.expect("looked at");
    assert!(
        dry.contains("2 lines: 1 counts, 1 of them another number"),
        "{dry}"
    );
    assert_eq!(shop.stock(RING).await, (4, 0));
    let done = command(&shop, &["import", "inventory", &path])
        .await
        .expect("done");
    assert!(
        done.contains("1 of 1 counts changed, 1 thresholds set"),
        "{done}"
    );
    assert_eq!(shop.stock(RING).await, (12, 0));
    shop.until_seen(RING, 12).await;
    shop.closed().await;
}
