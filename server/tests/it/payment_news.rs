//! News of payments: who is believed, and what happens once.

use futures::{StreamExt, stream};
use serde_json::{Value, json};
use types::OrderId;

use crate::shop::{RING, RING_PRICE, TestShop};
use crate::webhooks::{AT_ONCE, Message, SECRET, forged, forgeries, http, now_s};

const DOOR: &str = "/webhooks/payments/simulator";
/// The bank asks who pays: until it is answered the order waits for news.
const ASKS: &str = "pm_card_authenticationRequired";

fn news(order: OrderId, change: impl FnOnce(&mut Value)) -> String {
    let mut news = json!({
        "type": "payment.authorized",
        "id": "auth_made_up",
        "reference": order,
        "attempt": 1,
        "amount_minor": RING_PRICE,
        "currency": "EUR",
        "reason": null,
        // What a forger will change.
        "remark": "in_transit",
    });
    change(&mut news);
    news.to_string()
}

async fn waiting() -> (TestShop, OrderId, String) {
    let setting = format!("--gateway-webhook-secret={SECRET}");
    // A long run is longer than an order waits for its payment.
    let shop = TestShop::with(&[&setting, "--payment-window-seconds=86400"]).await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, ASKS, RING_PRICE).await;
    shop.until_status(order, "action_required").await;
    let door = format!("{}{DOOR}", shop.url());
    (shop, order, door)
}

/// What gateways have told by themselves and was believed.
pub async fn reported(shop: &TestShop) -> i64 {
    let sql = "select count(*) from events where type = 'payment.reported'";
    shop.number(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forged_stale_and_repeated_news_none_pays_an_order() {
    let (shop, order, door) = waiting().await;
    let http = http();
    // Of another order, so that it may be seen and taken.
    let nothing = news(order, |news| {
        news["type"] = "payment.action_required".into();
    });
    let seen = Message::new("msg_seen", now_s(), &nothing);
    assert_eq!(seen.send_to(&http, &door).await, 200);
    let before = reported(&shop).await;
    let body = news(order, |_| {});
    let posts = stream::iter(0..forgeries()).map(|at| {
        let (http, door, body) = (&http, &door, &body);
        // Signed anew each time: a long run is longer than a signature is good for.
        let seen = Message::new("msg_seen", now_s(), &nothing);
        async move {
            match at % 9 {
                8 => (200, seen.send_until_answered(http, door).await),
                // What would pay the order, if it were believed; every way but the one with the right text.
                way if way != 2 && way != 3 && way != 6 && way != 7 => {
                    let wanted = Message::new("msg_seen", now_s(), body);
                    (
                        401,
                        forged(&wanted, [0, 4, 5][at % 3]).send_to(http, door).await,
                    )
                }
                _ => (401, forged(&seen, at).send_to(http, door).await),
            }
        }
    });
    let mut wrong = posts
        .buffer_unordered(AT_ONCE)
        .filter(|(expected, status)| std::future::ready(expected != status));
    assert_eq!(wrong.next().await, None, "expected and answered");
    assert_eq!(reported(&shop).await, before, "nothing was taken");
    shop.until_status(order, "action_required").await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_makes_no_sense_is_refused_and_news_of_another_amount_pays_nothing() {
    let (shop, order, door) = waiting().await;
    let http = http();
    let mut number = 0;
    let mut send = async |body: String| {
        number += 1;
        let message = Message::new(&format!("msg_{number}"), now_s(), &body);
        message.send_to(&http, &door).await
    };
    for bad in ["", "null", "{}", "[1]", r#"{"type":"payment.authorized"}"#] {
        assert_eq!(send(bad.to_owned()).await, 400, "{bad}");
    }
    let invented = news(order, |news| news["type"] = "payment.invented".into());
    assert_eq!(send(invented).await, 400);
    let stranger = crate::client::new_order_id();
    assert_eq!(send(news(stranger, |_| {})).await, 422);
    let currency = news(order, |news| news["currency"] = "DOGE".into());
    assert_eq!(send(currency).await, 422);
    let cheap = news(order, |news| news["amount_minor"] = 1.into());
    assert_eq!(send(cheap).await, 200);
    shop.until_status(order, "awaiting_payment").await;
    // An answer to a card that is not asked any more.
    assert_eq!(send(news(order, |_| {})).await, 200);
    shop.until_status(order, "awaiting_payment").await;
    shop.closed().await;
}
