//! Never oversold, never negative, and nobody pays for nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::Semaphore;
use types::OrderId;
use types::order::{OrderStatus, StepKind};

use crate::client::{Client, new_order_id};
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const BUYERS: usize = 500;
const ON_HAND: i64 = 50;
/// Requests on the wire at once. Client and server share this process and its open files.
const WIRE: usize = 200;

/// What a buyer was told when they pressed the button.
enum Told {
    Accepted(OrderId, Client),
    SoldOut,
}

async fn fill_cart(mut buyer: Client, lines: usize, wire: Arc<Semaphore>) -> Client {
    for line in 0..lines {
        let _turn = wire.acquire().await.expect("open");
        let note = format!("Note {line}");
        buyer.add(RING, "1", &note).await.expect_ok();
    }
    buyer
}

async fn press(mut buyer: Client, lines: usize, wire: Arc<Semaphore>) -> Told {
    let _turn = wire.acquire().await.expect("open");
    let order = new_order_id();
    let total = RING_PRICE * i64::try_from(lines).expect("few");
    let answer = buyer.place(order, "pm_card_visa", total).await;
    if answer.status == 200 {
        return Told::Accepted(order, buyer);
    }
    assert!(answer.problem(409).is("sold-out"));
    Told::SoldOut
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_buyers_of_fifty_pieces_buy_exactly_fifty() {
    let shop = TestShop::open().await;
    shop.count(RING, ON_HAND).await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let wire = Arc::new(Semaphore::new(WIRE));
    // One of them has two lines on the same SKU, told apart by their gift notes.
    let lines = |buyer: usize| if buyer == 0 { 2 } else { 1 };

    let carts = (0..BUYERS).map(|buyer| {
        let client = Client::sharing(&http, shop.url());
        tokio::spawn(fill_cart(client, lines(buyer), wire.clone()))
    });
    let carts: Vec<Client> = (join_all(carts).await.into_iter())
        .map(|cart| cart.expect("a cart"))
        .collect();
    let pressed = (carts.into_iter().enumerate())
        .map(|(buyer, client)| tokio::spawn(press(client, lines(buyer), wire.clone())));
    let told: Vec<Told> = (join_all(pressed).await.into_iter())
        .map(|told| told.expect("an answer"))
        .collect();

    let accepted: Vec<_> = (told.into_iter())
        .filter_map(|told| match told {
            Told::Accepted(order, client) => Some((order, client)),
            Told::SoldOut => None,
        })
        .collect();
    let count = i64::try_from(accepted.len()).expect("few");
    let ended = "select count(*) from order_progress where status in ('confirmed', 'rejected')";
    eventually("every order has ended", async || {
        shop.number(ended).await == count
    })
    .await;

    // Each hears on the socket how it went, and a loser why.
    let heard = join_all(accepted.iter().map(|(order, client)| {
        let wire = wire.clone();
        async move {
            let _turn = wire.acquire().await.expect("open");
            let followed = client.socket().await.follow(*order, 0).await;
            let kinds = followed.steps();
            match followed.progress.status {
                OrderStatus::Confirmed => Some(*order),
                OrderStatus::Rejected => {
                    let short = kinds.iter().find_map(|kind| match kind {
                        StepKind::StockRejected { short } => short.first(),
                        _ => None,
                    });
                    let short = short.expect("which SKU was short");
                    assert_eq!(short.sku.as_str(), RING);
                    assert!(i64::from(short.wanted) > short.available, "{short:?}");
                    None
                }
                other => panic!("{other:?}"),
            }
        }
    }))
    .await;
    let winners: BTreeSet<String> = (heard.into_iter().flatten())
        .map(|order| order.to_string())
        .collect();

    let sold: i64 = (accepted.iter().enumerate())
        .filter(|(_, (order, _))| winners.contains(&order.to_string()))
        .map(|(buyer, _)| i64::try_from(lines(buyer)).expect("few"))
        .sum();
    assert_eq!(sold, ON_HAND, "no piece more, and none is left lying");
    assert_eq!(shop.stock(RING).await, (ON_HAND, ON_HAND));
    let wrong = "select count(*) from stock where allocated < 0 or allocated > on_hand";
    assert_eq!(shop.number(wrong).await, 0);

    // The gateway's books: one authorization per winner, of the right amount, and nothing else.
    let ledger = shop.ledger().await;
    assert_eq!(ledger.payments.len(), winners.len());
    for payment in ledger.of_status("authorized") {
        let matching = format!(
            "select count(*) from order_progress where order_id = '{}' \
             and status = 'confirmed' and total_minor = {}",
            payment.reference, payment.amount_minor
        );
        assert_eq!(shop.number(&matching).await, 1);
    }
    assert_eq!(ledger.count("authorized"), winners.len());
    let charged: i64 = ledger.payments.iter().map(|it| it.amount_minor).sum();
    assert_eq!(charged, sold * RING_PRICE);

    // Who comes now is told at once.
    shop.until_seen(RING, ON_HAND).await;
    let mut late = shop.shopper();
    eventually("the shelf is seen to be empty", async || {
        shop.sees_available(RING) == 0
    })
    .await;
    let problem = late.add(RING, "1", "").await.problem(409);
    assert!(problem.is("sold-out"), "{problem:?}");
    assert_eq!(problem.detail, "This piece is sold out.");
    shop.closed().await;
}
