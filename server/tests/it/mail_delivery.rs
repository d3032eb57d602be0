//! Mails over SMTP to a real server, which takes them, refuses them, hangs, hangs up and goes away.

use std::sync::Arc;

use mail_parser::MessageParser;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::client::Client;
use crate::mails::{Read, until_all_is_heard};
use crate::process::Program;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};
use crate::smtp_sink::{Manner, Secured, Sink, Taken, subjects};

const GOOD_CARD: &str = "pm_card_visa";
const FROM: &str = "--mail-from=Aurel & Stone <orders@aurel-stone.example>";
/// Nothing waits long for the sink.
const QUICK: [&str; 3] = [FROM, "--smtp-seconds=2", "--mail-retry-seconds=1"];

async fn shop_with(sink: &Sink) -> TestShop {
    let url = sink.url();
    let mut settings = QUICK.to_vec();
    settings.push(&url);
    TestShop::with(&settings).await
}

async fn until_state(shop: &TestShop, state: &str, count: i64) {
    let sql = format!("select count(*) from mails where state = '{state}'");
    eventually(&format!("{count} mails {state}"), async || {
        shop.number(&sql).await == count
    })
    .await;
}

fn message_ids(mails: &[Taken]) -> Vec<String> {
    let parser = MessageParser::default();
    let id = |mail: &Taken| {
        let mail = parser.parse(&mail.bytes).expect("a mail");
        mail.message_id().expect("an id").to_owned()
    };
    mails.iter().map(id).collect()
}

/// Whether a mail server was told of each mail once.
fn assert_all_differ(mails: &[Taken]) {
    let mut ids = message_ids(mails);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), mails.len(), "{:?}", subjects(mails));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_in_its_order_to_its_customer_and_to_nobody_else() {
    let sink = Sink::open().await;
    let shop = shop_with(&sink).await;
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    let taken = sink.until_taken(2).await;
    let number = types::order::order_number(order);
    assert_eq!(
        subjects(&taken),
        [
            format!("Your order {number}"),
            format!("Your order {number} is confirmed")
        ]
    );
    for mail in &taken {
        assert_eq!(mail.from, "orders@aurel-stone.example");
        assert_eq!(mail.to, ["ada@example.com"]);
        let read = Read::new(&mail.bytes);
        let mut browser = shop.shopper();
        let opened = browser.get(&read.link(shop.url())).await;
        assert_eq!(opened.location(), Some(&*format!("/orders/{order}")));
    }
    until_state(&shop, "sent", 2).await;
    let shop = shop.reopened().await;
    until_all_is_heard(&shop).await;
    sink.until_taken(2).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_of_a_shop_send_each_mail_once() {
    let sink = Sink::open().await;
    let shop = shop_with(&sink).await;
    let beside = shop.beside().await;
    let mut shoppers = [shop.shopper(), Client::new(&beside.url), shop.shopper()];
    for ada in &mut shoppers {
        ada.order(RING, GOOD_CARD, RING_PRICE).await;
    }
    let taken = sink.until_taken(6).await;
    assert_all_differ(&taken);
    until_state(&shop, "sent", 6).await;
    beside.stop().await;
    shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    assert_all_differ(&sink.until_taken(8).await);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_for_good_bounces_and_holds_up_nothing() {
    let sink = Sink::open().await;
    let shop = shop_with(&sink).await;
    sink.is_to(Manner::Answers(550));
    let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    until_state(&shop, "bounced", 2).await;
    shop.until_status(order, "confirmed").await;
    sink.is_to(Manner::Takes);
    shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    sink.until_taken(2).await;
    until_all_is_heard(&shop).await;
    // Never again.
    let attempts = "select count(*) from mails where state = 'bounced' and attempts = 1 \
                    and due_us = 0 and error like '%550%'";
    assert_eq!(shop.number(attempts).await, 2);
    let page = shop.staff().await.get("/admin/mails").await.expect_ok();
    assert!(page.body.contains("Bounced") && page.body.contains("not as you think"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_put_off_is_tried_again_later_and_others_go_meanwhile() {
    let sink = Sink::open().await;
    let shop = shop_with(&sink).await;
    sink.is_to(Manner::Answers(451));
    shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    let put_off = "select count(*) from mails where state = 'queued' and error like '%451%'";
    eventually("both are put off", async || shop.number(put_off).await == 2).await;
    // The reactor is done with them: what waits is in the table.
    until_all_is_heard(&shop).await;
    sink.is_to(Manner::Takes);
    assert_all_differ(&sink.until_taken(2).await);
    until_state(&shop, "sent", 2).await;
    let again = "select count(*) from mails where attempts > 1 and error = ''";
    assert_eq!(shop.number(again).await, 2);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_hangs_or_hangs_up_is_asked_until_it_takes_each_mail_once() {
    for manner in [Manner::Answers(421), Manner::Hangs, Manner::HangsUp] {
        let sink = Sink::open().await;
        let shop = shop_with(&sink).await;
        sink.is_to(manner);
        let order = shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
        sink.until_offered(2).await;
        shop.until_status(order, "confirmed").await;
        assert_eq!(sink.taken(), [], "{manner:?}");
        sink.is_to(Manner::Takes);
        let taken = sink.until_taken(2).await;
        assert_all_differ(&taken);
        let number = types::order::order_number(order);
        assert_eq!(
            subjects(&taken)[0],
            format!("Your order {number}"),
            "in order: {manner:?}"
        );
        until_state(&shop, "sent", 2).await;
        shop.closed().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_wait_for_a_server_that_is_away_and_none_is_lost() {
    let mut sink = Sink::open().await;
    let shop = shop_with(&sink).await;
    sink.go_away();
    for _ in 0..3 {
        shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    }
    let confirmed = "select count(*) from events where type = 'order.confirmed'";
    eventually("orders go on", async || shop.number(confirmed).await == 3).await;
    assert_eq!(sink.taken(), []);
    sink.come_back().await;
    assert_all_differ(&sink.until_taken(6).await);
    until_state(&shop, "sent", 6).await;
    until_all_is_heard(&shop).await;
    assert_eq!(shop.log().parked(false, 10).await.expect("read").len(), 0);
    shop.closed().await;
}

/// While the server is away the customer pays: when it is back, nobody is asked for a card.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_mail_had_to_wait_to_say_is_not_said_when_it_is_not_true_any_more() {
    let mut sink = Sink::open().await;
    let shop = shop_with(&sink).await;
    sink.go_away();
    let mut ada = shop.shopper();
    let order = ada.order(RING, "", RING_PRICE).await;
    shop.until_status(order, "awaiting_payment").await;
    ada.pay(order, GOOD_CARD).await.expect_ok();
    shop.until_status(order, "confirmed").await;
    sink.come_back().await;
    let taken = sink.until_taken(2).await;
    until_all_is_heard(&shop).await;
    let number = types::order::order_number(order);
    let told = [
        format!("Your order {number}"),
        format!("Your order {number} is confirmed"),
    ];
    assert_eq!(subjects(&taken), told);
    until_state(&shop, "moot", 1).await;
    let page = shop
        .staff()
        .await
        .get("/admin/mails")
        .await
        .expect_ok()
        .body;
    assert!(page.contains("Not sent: no longer true"), "{page}");
    assert!(page.contains("What it says was no longer true"), "{page}");
    // Nor when it was put off, and its turn comes later.
    sink.is_to(Manner::Answers(451));
    let order = ada.order(RING, "", RING_PRICE).await;
    let put_off = "select count(*) from mails where state = 'queued' and error like '%451%'";
    eventually("both are put off", async || shop.number(put_off).await == 2).await;
    ada.cancel(order).await.expect_ok();
    shop.until_status(order, "cancelled").await;
    sink.is_to(Manner::Takes);
    until_state(&shop, "moot", 2).await;
    let taken = sink.until_taken(4).await;
    assert!(
        !subjects(&taken)
            .iter()
            .any(|it| it.contains("waits for your card")),
        "{:?}",
        subjects(&taken)
    );
    shop.closed().await;
}

/// What SMTP leaves open: nobody can tell whether the server that hung up has taken the mail. It is
/// sent again rather than lost, as the very same mail.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_receipt_is_lost_comes_again_as_the_same_mail() {
    let sink = Sink::open().await;
    let shop = shop_with(&sink).await;
    sink.is_to(Manner::TakesAndHangsUp);
    shop.shopper().order(RING, "", RING_PRICE).await;
    sink.until_offered(2).await;
    sink.is_to(Manner::Takes);
    until_state(&shop, "sent", 2).await;
    let taken = sink.taken();
    let received: Vec<&Taken> = (taken.iter())
        .filter(|mail| !String::from_utf8_lossy(&mail.bytes).contains("waits for your card"))
        .collect();
    assert!(received.len() >= 2, "{:?}", subjects(&taken));
    assert!(received.iter().all(|mail| mail.bytes == received[0].bytes));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_between_claim_and_answer_loses_no_mail_and_sends_none_twice() {
    let sink = Sink::open().await;
    let url = sink.url();
    let mut settings = QUICK.to_vec();
    settings.extend([url.as_str(), "--test-gateway-delay-ms=0"]);
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::start_in(folder, "", &settings).await;
    sink.is_to(Manner::Hangs);
    Client::new(&program.url)
        .order(RING, GOOD_CARD, RING_PRICE)
        .await;
    // Written down as being sent, and on its way.
    sink.until_offered(1).await;
    let folder = program.kill().await;
    sink.is_to(Manner::Takes);
    let program = Program::start_in(folder, "", &settings).await;
    let taken = sink.until_taken(2).await;
    assert_all_differ(&taken);
    // And none when it starts once more.
    let folder = program.kill().await;
    let program = Program::start_in(folder, "", &settings).await;
    Client::new(&program.url)
        .order(RING, GOOD_CARD, RING_PRICE)
        .await;
    assert_all_differ(&sink.until_taken(4).await);
    program.kill().await;
}

/// A sink that speaks in secret, and the authority that vouches for it.
async fn secured(host: &str) -> (Sink, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
    let authority = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(authority.path(), made.cert.pem()).expect("written");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let tls = TlsAcceptor::from(Arc::new(config));
    let sink = Sink::secured(Secured {
        user: "shop",
        password: "p:ss w/rd",
        tls,
    })
    .await;
    (sink, authority)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_travels_only_encrypted_and_to_who_the_server_says_it_is() {
    let (sink, authority) = secured("127.0.0.1").await;
    let url = |password: &str| {
        let (address, authority) = (sink.address(), authority.path().display());
        format!("--smtp-url=smtp://shop:{password}@{address}?tls=required&ca={authority}")
    };
    let right = url("p%3Ass%20w%2Frd");
    let shop = TestShop::with(&[&QUICK[..], &[right.as_str()]].concat()).await;
    shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    let taken = sink.until_taken(2).await;
    assert!(taken.iter().all(|mail| mail.is_encrypted));
    until_state(&shop, "sent", 2).await;
    // The settings are wrong, and no customer's address: it waits for somebody to mend them.
    let wrong = url("guessed");
    let shop = shop
        .reopened_with(&[&QUICK[..], &[wrong.as_str()]].concat())
        .await;
    shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    let waits = "select count(*) from mails where state <> 'sent' and error like '%535%'";
    eventually("it waits", async || shop.number(waits).await > 0).await;
    let shop = shop
        .reopened_with(&[&QUICK[..], &[right.as_str()]].concat())
        .await;
    sink.until_taken(4).await;
    shop.closed().await;

    // Somebody else's certificate.
    let (sink, authority) = secured("mail.example").await;
    let (address, authority) = (sink.address(), authority.path().display());
    let url = format!("--smtp-url=smtp://shop:x@{address}?tls=required&ca={authority}");
    let shop = TestShop::with(&[&QUICK[..], &[url.as_str()]].concat()).await;
    shop.shopper().order(RING, GOOD_CARD, RING_PRICE).await;
    let refused = "select count(*) from mails where error like '%certificate%'";
    eventually("nothing is told to it", async || {
        shop.number(refused).await > 0
    })
    .await;
    assert_eq!(sink.taken(), []);
    shop.closed().await;
}
