//! What customers are told, and that they are told it once. Here mails are files.

use std::path::{Path, PathBuf};

use broker::Beginning;
use mail_parser::MessageParser;
use services::ShopSettings;
use types::OrderId;

use crate::client::new_order_id;
use crate::parcels::{end, pack, refund, ship};
use crate::shop::{RING, RING_PRICE, TestShop, data, eventually};

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";

/// A mail as its reader's program understands it.
#[derive(Debug)]
pub struct Read {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Read {
    pub fn new(bytes: &[u8]) -> Self {
        let mail = MessageParser::default().parse(bytes).expect("a mail");
        let to = mail.to().and_then(|to| to.first()).expect("somebody");
        assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
        Self {
            to: to.address().expect("an address").to_owned(),
            subject: mail.subject().expect("a subject").to_owned(),
            text: mail.body_text(0).expect("text").into_owned(),
            // As a browser reads it: the template engine escapes more than it must.
            html: mail.body_html(0).expect("HTML").replace("&#x2f;", "/"),
        }
    }

    /// The path that opens its order: the same in both parts.
    pub fn link(&self, url: &str) -> String {
        let lines = self.text.lines().map(str::trim);
        let mut links = lines.filter_map(|line| line.strip_prefix(url));
        let link = links.find(|path| path.starts_with("/o/")).expect("a link");
        assert!(
            self.html.contains(&format!("href=\"{url}{link}\"")),
            "{}",
            self.html
        );
        link.to_owned()
    }
}

/// The files of mails below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.join("mails")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "eml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Waits until everything that is to be told of an order has been, and answers with the subjects of its
/// mails in the order of what they tell.
pub async fn told(shop: &TestShop, order: OrderId, count: i64) -> Vec<String> {
    let sent = format!("select count(*) from mails where order_id = '{order}' and state = 'sent'");
    eventually(&format!("{count} mails about {order}"), async || {
        shop.number(&sent).await >= count
    })
    .await;
    until_all_is_heard(shop).await;
    let sql = format!("select id from mails where order_id = '{order}' order by position");
    let rows = db::query(db::trusted_sql(sql))
        .fetch_all(shop.log().db().reader())
        .await;
    let rows = rows.expect("the mails");
    let files = files(&data(shop.scratch()));
    let subjects = rows.iter().map(|row| {
        let id: String = db::Columns::get(row, 0);
        let mut own = files
            .iter()
            .filter(|path| path.to_string_lossy().contains(&id));
        let file = own.next().expect("a file of it");
        assert!(own.next().is_none(), "one file");
        Read::new(&std::fs::read(file).expect("a mail")).subject
    });
    subjects.collect()
}

/// Waits until the reactor has passed everything that the log holds.
pub async fn until_all_is_heard(shop: &TestShop) {
    shop.until_heard("notification").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_of_an_order_that_concerns_its_customer_is_told_once() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let bought = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    let number = types::order::order_number(bought);
    assert_eq!(
        told(&shop, bought, 2).await,
        [
            format!("Your order {number}"),
            format!("Your order {number} is confirmed")
        ]
    );

    let declined = ada.order(RING, BAD_CARD, RING_PRICE).await;
    shop.until_status(declined, "awaiting_payment").await;
    told(&shop, declined, 2).await;
    ada.pay(declined, GOOD_CARD).await.expect_ok();
    let number = types::order::order_number(declined);
    assert_eq!(
        told(&shop, declined, 3).await,
        [
            format!("Your order {number}"),
            format!("The payment for your order {number} did not go through"),
            format!("Your order {number} is confirmed"),
        ]
    );

    let regretted = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(regretted, "awaiting_payment").await;
    // A mail that asks for a card after the order has ended would not be sent.
    told(&shop, regretted, 2).await;
    ada.cancel(regretted).await.expect_ok();
    let number = types::order::order_number(regretted);
    assert_eq!(
        told(&shop, regretted, 3).await,
        [
            format!("Your order {number}"),
            format!("Your order {number} waits for your card"),
            format!("Your order {number} was cancelled"),
        ]
    );

    // Two carts see the same two pieces.
    let (mut first, mut late) = (shop.shopper(), shop.shopper());
    first.add(RING, "2", "").await.expect_ok();
    late.add(RING, "2", "").await.expect_ok();
    first
        .place(new_order_id(), GOOD_CARD, 2 * RING_PRICE)
        .await
        .expect_ok();
    let rejected = new_order_id();
    late.place(rejected, GOOD_CARD, 2 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(rejected, "rejected").await;
    let number = types::order::order_number(rejected);
    assert_eq!(
        told(&shop, rejected, 2).await,
        [
            format!("Your order {number}"),
            format!("Your order {number} was sold out")
        ]
    );
    let mails = shop.number("select count(*) from mails").await;
    assert_eq!(
        usize::try_from(mails),
        Ok(files(&data(shop.scratch())).len())
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parcels_and_money_that_goes_back_are_told() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "2", "").await.expect_ok();
    let order = new_order_id();
    ada.place(order, GOOD_CARD, 2 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    let mut staff = shop.staff().await;
    let new_id = || uuid::Uuid::now_v7().to_string();
    let parcel = new_id();
    pack(&mut staff, order, &parcel, 1).await.expect_ok();
    ship(&mut staff, order, &parcel, "JD 0146")
        .await
        .expect_ok();
    shop.until_moved("capture", RING_PRICE).await;
    // That it is on its way is not told once it has arrived.
    told(&shop, order, 3).await;
    end(&mut staff, order, &parcel, "delivered")
        .await
        .expect_ok();
    refund(&mut staff, order, &new_id(), "100.00")
        .await
        .expect_ok();
    let number = types::order::order_number(order);
    let mut subjects = told(&shop, order, 5).await;
    // The gateway takes its time: money and parcel are told in whatever order they come.
    subjects.sort();
    assert_eq!(
        subjects,
        [
            format!("A parcel of your order {number} is on its way"),
            format!("{number}: your parcel was delivered"),
            format!("Your order {number}"),
            format!("Your order {number} is confirmed"),
            format!("€100.00 of your order {number} go back to you"),
        ]
    );
    let tracked = files(&data(shop.scratch())).into_iter().filter(|file| {
        let mail = Read::new(&std::fs::read(file).expect("a mail"));
        mail.text.contains("JD 0146") && mail.html.contains("JD 0146")
    });
    assert_eq!(tracked.count(), 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_a_mail_opens_its_order_in_a_browser_without_a_cookie() {
    let shop = TestShop::open().await;
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    told(&shop, order, 2).await;
    for file in files(&data(shop.scratch())) {
        let mail = Read::new(&std::fs::read(file).expect("a mail"));
        assert_eq!(mail.to, "ada@example.com");
        for words in ["Ada Lovelace", "Vega Solitaire Ring", "€2,490.00"] {
            assert!(
                mail.text.contains(words) && mail.html.contains(words),
                "{words}: {mail:?}"
            );
        }
        let link = mail.link(shop.url());
        let mut browser = shop.shopper();
        let opened = browser.get(&link).await;
        assert_eq!(opened.location(), Some(&*format!("/orders/{order}")));
        let page = browser
            .get(opened.location().expect("a page"))
            .await
            .expect_ok();
        assert!(page.body.contains("Ada Lovelace"));
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_and_a_restart_tell_nobody_anything_again() {
    let shop = TestShop::open().await;
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    let before = told(&shop, order, 2).await;
    let roster = services::roster(&ShopSettings::default(), None);
    for decider in roster.deciders() {
        let replay = shop
            .log()
            .replay(&roster, decider, Beginning::Nothing, "test", |_, _| {});
        replay.await.expect("replayed");
    }
    until_all_is_heard(&shop).await;
    let shop = shop.reopened().await;
    until_all_is_heard(&shop).await;
    assert_eq!(told(&shop, order, 2).await, before);
    let attempts = shop.numbers("select attempts from mails").await;
    assert_eq!(attempts, [1, 1]);
    assert_eq!(files(&data(shop.scratch())).len(), 2);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_mails_were_off_is_told_to_nobody_later() {
    let shop = TestShop::with(&["--mail=off"]).await;
    let mut ada = shop.shopper();
    let untold = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(untold, "awaiting_payment").await;
    until_all_is_heard(&shop).await;
    let shop = shop.reopened_with(&[]).await;
    let mut ada = ada.at(shop.url());
    ada.pay(untold, GOOD_CARD).await.expect_ok();
    let number = types::order::order_number(untold);
    assert_eq!(
        told(&shop, untold, 1).await,
        [format!("Your order {number} is confirmed")]
    );
    shop.closed().await;
}
