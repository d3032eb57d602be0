//! Being told that a piece is back: in order, once, no more people than there are pieces, and nobody whose
//! address is not wanted any more.

use broker::Beginning;
use types::live::State;
use types::signup::SignedUp;

use crate::client::{Answer, Client};
use crate::mails::{Read, files, until_all_is_heard};
use crate::replay::command;
use crate::shop::{RING, TestShop, data, eventually};

const ASK: &str = "/api/tell_me_when_back";
const PAGE: &str = "/p/vega-solitaire-ring?variant=AS-VEG-WG-50";

async fn ask(who: &mut Client, email: &str) -> Answer {
    who.post(ASK, &[("sku", RING), ("email", email)]).await
}

/// Mails by whom they went to, the first first.
fn told(shop: &TestShop) -> Vec<Read> {
    let read = |path: &std::path::PathBuf| Read::new(&std::fs::read(path).expect("a mail"));
    files(&data(shop.scratch())).iter().map(read).collect()
}

fn names(mails: &[Read]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.as_str()).collect()
}

/// Waits until so many mails are there and everything is heard.
async fn until_told(shop: &TestShop, count: i64) -> Vec<Read> {
    let sent = "select count(*) from mails where kind = 'back_in_stock' and state = 'sent'";
    eventually(&format!("{count} are told"), async || {
        shop.number(sent).await >= count
    })
    .await;
    until_all_is_heard(shop).await;
    assert_eq!(shop.number(sent).await, count);
    told(shop)
}

/// The path that ends it, as the mail has it.
fn way_out(shop: &TestShop, mail: &Read) -> String {
    let lines = mail.text.lines().map(str::trim);
    let mut links = lines.filter_map(|line| line.strip_prefix(shop.url()));
    let link = links.find(|path| path.starts_with("/back-in-stock/"));
    link.expect("a link").to_owned()
}

/// A shop in which nothing is left of the ring, and its member of staff.
async fn sold_out(settings: &[&str]) -> (TestShop, Client) {
    let shop = TestShop::with(settings).await;
    let mut staff = shop.staff().await;
    staff.count(RING, 0).await.expect_ok();
    shop.until_seen(RING, 0).await;
    (shop, staff)
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_are_told_in_their_order_once_and_as_many_as_there_are_pieces() {
    let (shop, mut staff) = sold_out(&[]).await;
    let mut ada = shop.shopper();
    let page = ada.get(PAGE).await.expect_ok().body;
    assert!(page.contains("tell me when it is back"), "{page}");
    for name in ["ada", "bob", "cleo"] {
        let email = format!("{name}@example.com");
        let signed_up: SignedUp = ask(&mut ada, &email).await.expect_ok().json();
        assert_eq!((signed_up.email, signed_up.days), (email, 180));
    }
    // Twice is once, however it is written.
    ask(&mut ada, " ADA@example.com ").await.expect_ok();
    assert_eq!(shop.number("select count(*) from stock_signups").await, 3);
    let waiting = async || shop.inner().levels().level(&RING.parse().expect("a SKU"));
    eventually("staff see that three wait", async || {
        waiting().await.expect("a level").waiting == 3
    })
    .await;

    staff.count(RING, 2).await.expect_ok();
    let mails = until_told(&shop, 2).await;
    let mut told_to = names(&mails);
    told_to.sort_unstable();
    assert_eq!(told_to, ["ada@example.com", "bob@example.com"]);
    let order = "select count(*) from mails m join stock_signups s on s.id = m.signup_id \
                 where s.email = 'ada@example.com' and m.position = \
                 (select min(position) from mails)";
    assert_eq!(shop.number(order).await, 1, "ada is the first");
    for mail in &mails {
        assert_eq!(mail.subject, "Vega Solitaire Ring is back");
        assert!(
            mail.text.contains(PAGE) && mail.html.contains(PAGE),
            "{}",
            mail.text
        );
    }
    // One more: the third.
    staff.count(RING, 3).await.expect_ok();
    let mails = until_told(&shop, 3).await;
    assert!(names(&mails).contains(&"cleo@example.com"));

    // Neither another count nor a replay tells anybody again.
    staff.count(RING, 0).await.expect_ok();
    staff.count(RING, 5).await.expect_ok();
    let roster = services::roster(&services::ShopSettings::default(), None);
    let replay = shop.log().replay(
        &roster,
        "back_in_stock",
        Beginning::Nothing,
        "ada",
        |_, _| {},
    );
    assert_eq!(replay.await.expect("replayed").differences, 0);
    until_told(&shop, 3).await;
    for personal in ["example.com", "ada@"] {
        let said = format!("select count(*) from events where data like '%{personal}%'");
        assert_eq!(shop.number(&said).await, 0, "{personal} in the log");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_had_their_time_makes_room_and_what_is_sold_out_again_is_told_to_nobody() {
    let (shop, mut staff) = sold_out(&["--back-in-stock-seconds=2"]).await;
    let mut ada = shop.shopper();
    for name in ["ada", "bob", "cleo"] {
        ask(&mut ada, &format!("{name}@example.com"))
            .await
            .expect_ok();
    }
    staff.count(RING, 1).await.expect_ok();
    until_told(&shop, 1).await;
    // Nobody buys it: a while later the next one is told of it.
    let mails = until_told(&shop, 2).await;
    assert!(names(&mails).contains(&"bob@example.com"));
    // Now it is sold, and the time of the second passes: the third waits.
    staff.count(RING, 0).await.expect_ok();
    let settled = "select count(*) from events where type = 'back_in_stock.settled'";
    eventually("both had their chance", async || {
        shop.number(settled).await >= 2
    })
    .await;
    until_told(&shop, 2).await;
    assert_eq!(
        shop.number("select count(*) from stock_signups where is_open = 1")
            .await,
        1
    );
    staff.count(RING, 1).await.expect_ok();
    let mails = until_told(&shop, 3).await;
    assert!(names(&mails).contains(&"cleo@example.com"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_comes_and_goes_before_its_mail_leads_to_none_and_the_place_is_kept() {
    // Mails are written by nobody yet: what happens meanwhile is found when they are.
    let (shop, mut staff) = sold_out(&["--mail=off"]).await;
    let mut ada = shop.shopper();
    let refused = ask(&mut ada, "ada@example.com").await.problem(409);
    assert!(refused.is("mail-off"), "{refused:?}");
    let page = ada.get(PAGE).await.expect_ok().body;
    assert!(
        !page.contains("tell me when it is back"),
        "nothing is offered"
    );
    shop.closed().await;

    let (shop, mut again) = sold_out(&[]).await;
    std::mem::swap(&mut staff, &mut again);
    let mut ada = shop.shopper();
    ask(&mut ada, "ada@example.com").await.expect_ok();
    // The turn decides in the commit that counts; the next count is in the log before a mail can be sent.
    let counts = [1, 0].map(|on_hand| {
        domain::Event::from(domain::event::StockCorrectionRequested {
            sku: RING.parse().expect("a SKU"),
            on_hand,
            seen: None,
            reason: "recount".to_owned(),
            by: "tests".to_owned(),
            origin: None,
        })
    });
    let mut tx = shop.log().begin("tests").await.expect("begun");
    for count in counts {
        let data = count.to_json().expect("JSON");
        let new = broker::NewEvent::new(count.kind(), count.topic(), count.key(), data);
        tx.append(new, None);
    }
    tx.commit().await.expect("committed");
    let requeued = "select count(*) from events where type = 'back_in_stock.requeued'";
    eventually("ada waits again", async || shop.number(requeued).await == 1).await;
    until_all_is_heard(&shop).await;
    assert_eq!(shop.number("select count(*) from mails").await, 0);
    staff.count(RING, 1).await.expect_ok();
    assert_eq!(names(&until_told(&shop, 1).await), ["ada@example.com"]);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_cannot_be_guessed_ends_it_and_opening_it_does_not() {
    let (shop, mut staff) = sold_out(&[]).await;
    let mut ada = shop.shopper();
    ask(&mut ada, "ada@example.com").await.expect_ok();
    ask(&mut ada, "bob@example.com").await.expect_ok();
    staff.count(RING, 2).await.expect_ok();
    let mails = until_told(&shop, 2).await;
    let source = files(&data(shop.scratch())).into_iter().map(|path| {
        let bytes = std::fs::read(path).expect("a mail");
        String::from_utf8(bytes)
            .expect("ASCII")
            .replace("\r\n ", " ")
    });
    for source in source {
        assert!(source.contains("List-Unsubscribe: <"), "{source}");
        assert!(source.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
    }
    let rows = "select count(*) from stock_signups";
    let mut reader = shop.shopper();
    let [first, second] = [0, 1].map(|at| way_out(&shop, &mails[at]));
    let page = reader.get(&first).await.expect_ok();
    assert!(page.body.contains("forget my address"), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(shop.number(rows).await, 2, "a program has looked at it");
    let left = reader.submit(&first, &[]).await;
    assert_eq!(left.status, 303);
    let page = reader
        .get(left.location().expect("a page"))
        .await
        .expect_ok();
    assert!(
        page.body.contains("your address is forgotten"),
        "{}",
        page.body
    );
    assert_eq!(shop.number(rows).await, 1);
    // As a mail program does it, twice.
    for _ in 0..2 {
        let one_click = [("List-Unsubscribe", "One-Click")];
        assert_eq!(reader.post(&second, &one_click).await.status, 200);
    }
    assert_eq!(shop.number(rows).await, 0);
    for forged in ["/back-in-stock/nothing", &first[..first.len() - 1]] {
        assert_eq!(reader.get(forged).await.status, 404);
        reader.post(forged, &[]).await.problem(404);
    }
    // What is kept of the mail says that there is nobody any more.
    let mut desk = shop.staff().await;
    desk.get("/admin/mails").await.expect_ok();
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_and_an_address_has_so_many() {
    let (shop, mut staff) = sold_out(&[]).await;
    let mut ada = shop.shopper();
    for bad in ["", "ada", "ada@", "a b@example.com"] {
        ask(&mut ada, bad).await.problem(422);
    }
    ada.post(ASK, &[("sku", "AS-NO-SUCH"), ("email", "ada@example.com")])
        .await
        .problem(404);
    staff.count(RING, 1).await.expect_ok();
    let there = ask(&mut ada, "ada@example.com").await.problem(409);
    assert!(
        there.is("in-stock") && there.detail.contains("one right now"),
        "{there:?}"
    );
    shop.closed().await;

    let shop = TestShop::limited(&["--signups-per-hour-per-address=2"]).await;
    shop.count(RING, 0).await;
    let mut ada = shop.shopper();
    for name in ["ada", "bob"] {
        ask(&mut ada, &format!("{name}@example.com"))
            .await
            .expect_ok();
    }
    // A new browser is no new address.
    ask(&mut shop.shopper(), "cleo@example.com")
        .await
        .problem(429);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_form_comes_back_to_the_piece_and_says_what_happens() {
    let (shop, _) = sold_out(&[]).await;
    let mut ada = shop.shopper();
    let form = [("sku", RING), ("email", "ada@example.com")];
    let answer = ada.submit(ASK, &form).await;
    assert_eq!(answer.location(), Some(PAGE));
    let page = ada.get(PAGE).await.expect_ok().body;
    assert!(
        page.contains("We write to ada@example.com once it is back"),
        "{page}"
    );
    assert!(
        !ada.get(PAGE)
            .await
            .expect_ok()
            .body
            .contains("ada@example.com"),
        "once"
    );
    let answer = ada.submit(ASK, &[("sku", RING), ("email", "ada")]).await;
    assert_eq!(answer.location(), Some(PAGE));
    let page = ada.get(PAGE).await.expect_ok().body;
    assert_eq!(page.matches(">Enter an email like").count(), 1, "{page}");
    let form = page.find("class=\"signup\"").expect("the form");
    let complaint = page.find(">Enter an email like").expect("a complaint");
    assert!(complaint > form, "at the field that it is about: {page}");
    assert!(
        !page.contains("notice--problem"),
        "and nowhere else: {page}"
    );
    // Of a piece that is there again no form is shown: it is said above.
    shop.count(RING, 3).await;
    let answer = ada
        .submit(ASK, &[("sku", RING), ("email", "ada@example.com")])
        .await;
    let page = ada
        .get(answer.location().expect("back"))
        .await
        .expect_ok()
        .body;
    assert!(page.contains("notice--problem"), "{page}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_waits_is_given_out_and_erased() {
    let (shop, mut staff) = sold_out(&[]).await;
    let mut ada = shop.shopper();
    for name in ["ada", "bob"] {
        ask(&mut ada, &format!("{name}@example.com"))
            .await
            .expect_ok();
    }
    staff.count(RING, 1).await.expect_ok();
    until_told(&shop, 1).await;
    let known = command(&shop, &["person", "export", "Ada@example.com"]).await;
    let known = known.expect("known");
    for word in [RING, "\"was_told\": true", "back_in_stock"] {
        assert!(known.contains(word), "{word}: {known}");
    }
    for name in ["ada@example.com", "bob@example.com"] {
        let erased = command(&shop, &["person", "erase", name, "--yes"]).await;
        erased.expect("erased");
    }
    until_all_is_heard(&shop).await;
    assert_eq!(shop.number("select count(*) from stock_signups").await, 0);
    assert_eq!(shop.number("select count(*) from mails").await, 0);
    assert!(told(&shop).is_empty(), "the file of the mail has gone");
    // Whoever waited is told of nothing.
    staff.count(RING, 9).await.expect_ok();
    until_all_is_heard(&shop).await;
    assert_eq!(shop.number("select count(*) from mails").await, 0);
    let unknown = command(&shop, &["person", "export", "bob@example.com"]).await;
    assert!(unknown.expect_err("nothing is known").contains("Nobody"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_tells_staff_how_many_wait_as_it_happens() {
    let (shop, staff) = sold_out(&[]).await;
    let mut socket = staff.socket().await;
    socket.subscribe(&["inventory"], 0).await;
    socket.next_snapshot().await;
    ask(&mut shop.shopper(), "ada@example.com")
        .await
        .expect_ok();
    loop {
        if let (_, _, State::Inventory { levels }) = socket.next_change().await
            && levels
                .iter()
                .any(|it| it.sku.as_str() == RING && it.level.waiting == 1)
        {
            break;
        }
    }
    // After a restart, too.
    let shop = shop.reopened().await;
    let level = shop.inner().levels().level(&RING.parse().expect("a SKU"));
    assert_eq!(level.expect("a level").waiting, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_of_the_supplier_is_told_as_any_other_piece_that_is_back() {
    let (shop, mut staff) = sold_out(&[]).await;
    let mut ada = shop.shopper();
    for email in ["ada@example.com", "bob@example.com"] {
        ask(&mut ada, email).await.expect_ok();
    }
    // The count has fallen to the threshold of the demo's rule: an order is drafted.
    eventually("an order is drafted", async || {
        shop.number("select count(*) from purchase_orders").await == 1
    })
    .await;
    let order = db::query("select id from purchase_orders")
        .fetch_one(shop.log().db().reader())
        .await
        .expect("an order");
    let order: String = db::Columns::get(&order, 0);
    let came = ("lines[0][quantity]", "1");
    for steps in [
        &[("what", "approve")][..],
        &[("what", "mark_sent")],
        &[("what", "receive"), ("lines[0][sku]", RING), came],
    ] {
        let form = [&[("order_id", order.as_str())], steps].concat();
        let done = staff.post("/api/change_purchase_order", &form).await;
        done.expect_ok();
    }
    assert_eq!(names(&until_told(&shop, 1).await), ["ada@example.com"]);
    let told = command(&shop, &["replay", "--consumer", "back_in_stock"]).await;
    assert!(told.expect("replayed").contains("the same, byte for byte"));
    shop.closed().await;
}
