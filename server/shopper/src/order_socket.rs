//! A socket that follows one order.

use std::time::Duration;

use anyhow::{Context, bail};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;
use types::OrderId;
use types::live::{ClientMessage, Topic};
use types::order::OrderStatus;

use crate::socket::{self, Socket};
use crate::target::Target;

/// How long the shop may take to close the connection after our close frame.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct OrderSocket(Socket);

impl OrderSocket {
    /// Opens it as the shopper of `cookie`.
    pub async fn open(target: &Target, cookie: &str, id: OrderId) -> anyhow::Result<Self> {
        let mut socket = socket::open(target, None, Some(cookie)).await?;
        let subscribe = ClientMessage::Subscribe {
            topics: vec![Topic::Order(id)],
            after: 0,
        };
        let subscribe = serde_json::to_string(&subscribe)?;
        socket.send(Message::text(subscribe)).await?;
        Ok(Self(socket))
    }

    /// Waits for the next word about the order.
    pub async fn next_status(&mut self) -> anyhow::Result<OrderStatus> {
        loop {
            let Some(message) = self.0.next().await else {
                bail!("the socket ended before the order did");
            };
            match message.context("the socket broke")? {
                Message::Text(text) => {
                    if let Some(status) = heard(&text)? {
                        return Ok(status);
                    }
                }
                Message::Close(frame) => bail!("the shop closed the socket: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Sends a close frame and lets the shop close first, as the protocol asks: then the port that stays
    /// blocked for a minute after a connection is not one of ours, of which there are 28,000.
    pub async fn close(mut self) {
        let _ = self.0.close(None).await;
        let _ = tokio::time::timeout(FAREWELL, async {
            while let Some(Ok(_)) = self.0.next().await {}
        })
        .await;
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

/// The order's status, when this message tells one.
fn heard(text: &str) -> anyhow::Result<Option<OrderStatus>> {
    let message: Heard = serde_json::from_str(text).context("a message that cannot be read")?;
    if let Some(detail) = message.detail {
        bail!("the socket refused: {detail}");
    }
    Ok(message.state.and_then(|state| state.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_a_status_and_a_beat_none() {
        let change = r#"{"type":"change","topic":"order:x","position":7,
            "state":{"of":"order","status":"awaiting_payment","steps":[],"reserved_until_us":null}}"#;
        let told = |text| heard(text).expect("readable");
        assert_eq!(told(change), Some(OrderStatus::AwaitingPayment));
        assert_eq!(told(r#"{"type":"beat","position":3}"#), None);
    }

    #[test]
    fn a_refusal_on_the_socket_is_an_error() {
        assert!(heard(r#"{"type":"error","topic":null,"detail":"no such order"}"#).is_err());
        assert!(heard("{").is_err());
    }
}
