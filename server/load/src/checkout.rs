//! One guest's purchase, from the product's page to the confirmation on the socket.

use std::time::Duration;

use anyhow::{Context, bail};
use form_urlencoded::Serializer;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use types::OrderId;
use types::live::{ClientMessage, Topic};
use types::order::OrderStatus;
use uuid::Uuid;

use crate::goods::Good;
use crate::http::{Connection, Pool};
use crate::shop::Target;
use crate::sockets;

/// How long the shop may take to hang up after the goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// How an order ended, and when.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// From sending the order to its acceptance.
    pub accepted: Duration,
    /// From sending the order to hearing how it ended.
    pub ended: Duration,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Confirmed,
    /// Not enough stock.
    Rejected,
}

/// A shopper whose cart is filled.
#[derive(Debug)]
pub struct Shopper {
    connection: Connection,
    cookie: String,
    total_minor: i64,
}

/// Looks at the product and puts one piece into the cart.
pub async fn fill_cart(
    target: &Target,
    pool: &Pool,
    good: &Good,
    encoding: &str,
) -> anyhow::Result<Shopper> {
    let mut connection = pool.take(target).await?;
    let page = format!("/p/{}", good.product);
    connection.get(target, &page, encoding).await?;
    let cookie = connection
        .post(target, "/api/add_to_cart", None, one_piece(good, ""))
        .await?
        .context("add_to_cart gave no shopper cookie")?;
    Ok(Shopper {
        connection,
        cookie,
        total_minor: good.total_minor(1)?,
    })
}

impl Shopper {
    /// A second line of the same SKU: with a gift note it is a line of its own.
    pub async fn add_as_gift(&mut self, target: &Target, good: &Good) -> anyhow::Result<()> {
        let form = one_piece(good, "For Ada");
        self.connection
            .post(target, "/api/add_to_cart", Some(&self.cookie), form)
            .await?;
        self.total_minor = good.total_minor(2)?;
        Ok(())
    }

    /// Places the order and waits on the socket for how it ends.
    pub async fn buy(mut self, target: &Target, pool: &Pool) -> anyhow::Result<Done> {
        let id = OrderId::new(Uuid::now_v7());
        let form = order_form(id, self.total_minor);
        let began = Instant::now();
        self.connection
            .post(target, "/api/place_order", Some(&self.cookie), form)
            .await?;
        let accepted = began.elapsed();
        pool.give_back(self.connection);

        let mut socket = sockets::open(target, None, Some(&self.cookie)).await?;
        let subscribe = ClientMessage::Subscribe {
            topics: vec![Topic::Order(id)],
            after: 0,
        };
        let subscribe = serde_json::to_string(&subscribe)?;
        socket.send(Message::text(subscribe)).await?;
        let outcome = loop {
            let Some(message) = socket.next().await else {
                bail!("the socket ended before the order did");
            };
            match message.context("the socket broke")? {
                Message::Text(text) => {
                    if let Some(outcome) = heard(&text)? {
                        break outcome;
                    }
                }
                Message::Close(frame) => bail!("the shop closed the socket: {frame:?}"),
                _ => {}
            }
        };
        let ended = began.elapsed();
        // The shop hangs up first, as the protocol asks: then the port that stays blocked for a
        // minute after a connection is not one of ours, of which there are 28,000.
        let _ = socket.close(None).await;
        let _ = tokio::time::timeout(FAREWELL, async {
            while let Some(Ok(_)) = socket.next().await {}
        })
        .await;
        Ok(Done {
            accepted,
            ended,
            outcome,
        })
    }
}

/// The part of a server message that matters here; the rest is skipped, not kept.
#[derive(Deserialize)]
struct Heard {
    #[serde(default)]
    state: Option<HeardState>,
    #[serde(default)]
    detail: Option<String>,
}

#[derive(Deserialize)]
struct HeardState {
    #[serde(default)]
    status: Option<OrderStatus>,
}

/// Whether the order has ended with this message.
fn heard(text: &str) -> anyhow::Result<Option<Outcome>> {
    let message: Heard = serde_json::from_str(text).context("a message that cannot be read")?;
    if let Some(detail) = message.detail {
        bail!("the socket refused: {detail}");
    }
    match message.state.and_then(|state| state.status) {
        Some(OrderStatus::Confirmed) => Ok(Some(Outcome::Confirmed)),
        Some(OrderStatus::Rejected) => Ok(Some(Outcome::Rejected)),
        Some(OrderStatus::AwaitingPayment) => bail!("the card was declined"),
        Some(OrderStatus::Cancelled) => bail!("the order was cancelled"),
        Some(OrderStatus::Reserving | OrderStatus::Paying) | None => Ok(None),
    }
}

fn one_piece(good: &Good, gift_note: &str) -> String {
    Serializer::new(String::new())
        .append_pair("sku", &good.sku)
        .append_pair("quantity", "1")
        .append_pair("gift_note", gift_note)
        .finish()
}

fn order_form(id: OrderId, total_minor: i64) -> String {
    Serializer::new(String::new())
        .append_pair("order_id", &id.to_string())
        .append_pair("email", "ada.lovelace@example.com")
        .append_pair("name", "Ada Lovelace")
        .append_pair("street", "Unter den Linden 77")
        .append_pair("postal_code", "10117")
        .append_pair("city", "Berlin")
        .append_pair("country", "DE")
        .append_pair("delivery", "standard")
        .append_pair("payment_token", "pm_card_visa")
        .append_pair("expected_total_minor", &total_minor.to_string())
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(status: &str) -> String {
        format!(
            r#"{{"type":"change","topic":"order:x","position":7,
                 "state":{{"of":"order","status":"{status}","steps":[],"reserved_until_us":null}}}}"#
        )
    }

    #[test]
    fn only_an_end_is_an_end() {
        let outcome = |text: &str| heard(text).expect("readable");
        assert_eq!(outcome(&change("confirmed")), Some(Outcome::Confirmed));
        assert_eq!(outcome(&change("rejected")), Some(Outcome::Rejected));
        assert_eq!(outcome(&change("reserving")), None);
        assert_eq!(outcome(&change("paying")), None);
        assert_eq!(outcome(r#"{"type":"beat","position":3}"#), None);
    }

    #[test]
    fn a_refusal_on_the_socket_is_an_error() {
        assert!(heard(r#"{"type":"error","topic":null,"detail":"no such order"}"#).is_err());
        assert!(heard(&change("awaiting_payment")).is_err());
        assert!(heard("{").is_err());
    }
}
