//! What staff do is looked at later: everything, by whom, and by owners alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::Event;
use domain::staff::acts;
use types::live::{ServerMessage, State};
use types::staff::Role;

use crate::replay::command;
use crate::shop::{EMAIL, RING, RING_PRICE, TestShop};

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_says_who_did_what_and_can_be_asked() {
    // Only then wrong sign-ins are written down.
    let shop = TestShop::limited(&[]).await;
    let order = shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let mut orders = shop.signed_in_as(Role::Orders).await;
    let note = [
        ("order_id", order.to_string()),
        ("note", "ring twice".to_owned()),
    ];
    let note = note.each_ref().map(|(name, value)| (*name, value.as_str()));
    orders.post("/api/note_order", &note).await.expect_ok();
    let person = [("email", "ada@example.com")];
    orders
        .post("/admin/persons/export", &person)
        .await
        .expect_ok();
    let wrong = [
        ("email", "eve@example.com"),
        ("password", "a wrong password"),
    ];
    shop.shopper().post("/admin/session", &wrong).await;
    command(&shop, &["price", "--sku", RING, "--price", "2580"])
        .await
        .expect("a price");
    let mut owner = shop.staff().await;
    owner.count("AS-LUM-WG-OS", 7).await.expect_ok();
    shop.until_heard("staff_acts").await;
    let page = owner.get("/admin/audit").await.expect_ok().body;
    for told in [
        "orders@example.com",
        "order.noted",
        "person.exported",
        "sign_in.failed",
        "price.change_requested",
        "(command line)",
        "stock.correction_requested",
        "staff.signed_in",
        EMAIL,
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    // The shop's own doing is nobody's, and an answer is no second act.
    for other in [
        "stock.corrected",
        "order.confirmed",
        "price.changed<",
        "product.introduced",
    ] {
        assert!(!page.contains(other), "{other}: {page}");
    }
    let by = shop.member_id_of("orders@example.com").await;
    let rows = async |query: &str| {
        let mut owner = shop.staff().await;
        let page = owner
            .get(&format!("/admin/audit{query}"))
            .await
            .expect_ok()
            .body;
        let rows = page.split("id=\"act-").skip(1);
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let theirs = rows(&format!("?by={by}")).await;
    assert!(!theirs.is_empty() && theirs.iter().all(|row| row.contains("orders@example.com")));
    let persons = rows("?noun=person").await;
    assert!(
        persons.len() == 1 && persons[0].contains("person.exported"),
        "{persons:?}"
    );
    assert_eq!(rows("?day=2020-01-01").await.len(), 0);
    assert_eq!(rows("?by=%27%20or%201%3D1--").await.len(), 0);
    let file = owner
        .get("/admin/audit/export.csv?noun=price")
        .await
        .expect_ok();
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "position,time,who,kind,about,what");
    assert!(lines[1].contains("(command line)"), "{lines:?}");
    let secrets = "select count(*) from events where data like '%ada@example.com%'";
    assert_eq!(shop.number(secrets).await, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_acts_for_a_member_with_their_rights_and_the_audit_says_so() {
    let shop = TestShop::open().await;
    shop.signed_in_as(Role::Stock).await;
    let price = ["price", "--sku", RING, "--price", "2580"];
    let acting = async |email: &str| {
        let as_them = [&price[..], &["--as", email]].concat();
        command(&shop, &as_them).await
    };
    let refused = acting("stock@example.com").await.expect_err("refused");
    assert!(refused.contains("Those who may: Owner"), "{refused}");
    let refused = acting("eve@example.com").await.expect_err("refused");
    assert!(refused.contains("is not a member of staff"), "{refused}");
    assert_eq!(shop.price_of(RING), RING_PRICE);
    acting(EMAIL).await.expect("a price");
    // Also behind a command of several parts, and before its last one.
    let role = ["staff", "role", "stock@example.com", "viewer"];
    let own = [&role[..], &["--as", "stock@example.com"]].concat();
    let refused = command(&shop, &own).await.expect_err("refused");
    assert!(refused.contains("Those who may: Owner"), "{refused}");
    let before = [
        "staff",
        "--as",
        EMAIL,
        "role",
        "stock@example.com",
        "viewer",
    ];
    command(&shop, &before).await.expect("a role");

    shop.until_heard("staff_acts").await;
    let mut owner = shop.staff().await;
    let page = owner.get("/admin/audit?noun=price").await.expect_ok().body;
    let told = format!("{EMAIL} (command line)");
    assert!(page.contains(&told), "{page}");
    let by = format!("{} (command line)", shop.member_id_of(EMAIL).await);
    let named = format!("select count(*) from staff_acts where author = '{by}'");
    assert_eq!(shop.number(&named).await, 2, "price and role");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_has_pages_and_moves_while_it_is_open() {
    let shop = TestShop::open().await;
    let mut owner = shop.staff().await;
    for on_hand in 1..=55 {
        owner.count("AS-LUM-WG-OS", on_hand).await.expect_ok();
    }
    shop.until_heard("staff_acts").await;
    let page = owner.get("/admin/audit?noun=stock").await.expect_ok().body;
    assert_eq!(page.matches("id=\"act-").count(), 50);
    let (_, rest) = page.split_once("rel=\"next\"").expect("older ones");
    let (_, href) = rest.split_once("href=\"").expect("a link");
    let older = href
        .split('"')
        .next()
        .expect("a link")
        .replace("&amp;", "&");
    let page = owner.get(&older).await.expect_ok().body;
    assert_eq!(page.matches("id=\"act-").count(), 5, "{older}");
    let file = owner
        .get("/admin/audit/export.csv?noun=stock")
        .await
        .expect_ok();
    assert_eq!(file.body.lines().count(), 56);

    let mut socket = owner.socket().await;
    socket.subscribe(&["audit"], 0).await;
    let mut version = 0;
    let mut was_told = false;
    while !was_told {
        match socket.next_or_end().await.expect("news") {
            ServerMessage::Snapshot {
                state: State::Audit { version: now },
                ..
            } => {
                version = now;
                owner.count("AS-LUM-WG-OS", 99).await.expect_ok();
            }
            ServerMessage::Change {
                state: State::Audit { version: now },
                ..
            } => was_told = now > version,
            _ => {}
        }
    }
    // Whoever was told sees it.
    let page = owner.get("/admin/audit").await.expect_ok().body;
    assert!(page.contains("counted 99"), "{page}");
    shop.closed().await;
}

impl TestShop {
    async fn member_id_of(&self, email: &str) -> String {
        let row = db::query("select id from staff where email = $1")
            .bind(email.to_owned())
            .fetch_one(self.log().db().reader())
            .await;
        db::Columns::get::<String, _>(&row.expect("a member"), 0)
    }
}

/// Events that name who asked for what led to them: what was asked is an act, and these are no second one.
const ANSWERS: &[&str] = &[
    "alert.changed",
    "alert.change_refused",
    "price.planned",
    "price.plan_withdrawn",
    "price.changed",
    "price.change_rejected",
    "product.drafted",
    "product.variant_set",
    "product.variant_withdrawn",
    "product.variant_offered",
    "product.published",
    "product.changed",
    "product.withdrawn",
    "product.change_rejected",
    "delivery.planned",
    "delivery.plan_withdrawn",
    "delivery.changed",
    "delivery.change_rejected",
    "order.released",
    "order.release_refused",
    "supplier.changed",
    "supplier.change_rejected",
    "purchase_order.drafted",
    "purchase_order.lines_changed",
    "purchase_order.refused",
    "purchase_order.approved",
    "purchase_order.send_requested",
    "purchase_order.sent",
    "purchase_order.confirmed",
    "purchase_order.received",
    "purchase_order.cancelled",
    "restock.rule_changed",
    "restock.rule_rejected",
    "stock.corrected",
    "stock.correction_rejected",
    "stock.written_off",
    "stock.write_off_rejected",
    "stock.batch_accepted",
    "stock.batch_rejected",
];

fn event_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(event_files(&path));
        } else if path.file_name().is_some_and(|name| name == "events.rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_event_that_names_who_asked_is_an_act_or_the_answer_to_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("domain/src");
    let mut naming = BTreeSet::new();
    for file in event_files(&folder) {
        let text = std::fs::read_to_string(file).expect("a source");
        // `OrderNoted ("order.noted" on "orders", …) { … by: String, … }`
        for part in text.split(" (\"").skip(1) {
            let (kind, rest) = part.split_once('"').expect("a kind");
            let fields = rest.split("\n    }").next().unwrap_or_default();
            let names = fields.contains(" by: String") || fields.contains(" staff: Option<String>");
            if Event::KINDS.contains(&kind) && names {
                naming.insert(kind.to_owned());
            }
        }
    }
    assert!(naming.len() > 60, "{naming:?}");
    let told: BTreeSet<&str> = acts::KINDS.iter().chain(ANSWERS).copied().collect();
    let untold: Vec<_> = naming
        .iter()
        .filter(|kind| !told.contains(kind.as_str()))
        .collect();
    assert!(
        untold.is_empty(),
        "an act, or the answer to one? {untold:?}"
    );
}
