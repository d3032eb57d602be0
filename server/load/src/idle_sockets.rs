//! Sockets that follow a product each and otherwise do nothing.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use futures::{SinkExt, StreamExt, TryStreamExt};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use types::live::{ClientMessage, Topic};

use crate::console::Progress;
use crate::goods::Good;
use shopper::socket::{Socket, open};
use shopper::target::Target;

/// Sockets from one local address: it has some 28,000 ports for them.
const PER_ADDRESS: u64 = 20_000;
/// Handshakes at once.
const OPENING: usize = 64;

/// The open sockets.
#[derive(Debug)]
pub struct IdleSockets {
    opened: u64,
    lost: Arc<AtomicU64>,
    /// Answers pings and throws away what is pushed; ends when dropped.
    _readers: JoinSet<()>,
}

impl IdleSockets {
    pub async fn open(target: &Target, goods: &[Good], count: u64) -> anyhow::Result<Self> {
        let progress = Progress::new("opening sockets", count);
        let lost = Arc::new(AtomicU64::new(0));
        let mut readers = JoinSet::new();
        let mut opening = futures::stream::iter(0..count)
            .map(|i| follow(target, i, &goods[i as usize % goods.len()].product))
            .buffer_unordered(OPENING);
        while let Some(mut socket) = opening.try_next().await? {
            let lost = lost.clone();
            readers.spawn(async move {
                while let Some(Ok(_)) = socket.next().await {}
                lost.fetch_add(1, Ordering::Relaxed);
            });
            progress.step();
        }
        Ok(Self {
            opened: count,
            lost,
            _readers: readers,
        })
    }

    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// Sockets that the shop has closed since.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// A socket that has got the first state of its product.
async fn follow(target: &Target, i: u64, product: &str) -> anyhow::Result<Socket> {
    let mut socket = open(target, source_address(target, i), None).await?;
    let subscribe = ClientMessage::Subscribe {
        topics: vec![Topic::Product(product.parse()?)],
        after: 0,
    };
    let subscribe = serde_json::to_string(&subscribe)?;
    socket.send(Message::text(subscribe)).await?;
    match socket.next().await {
        Some(Ok(Message::Text(text))) if text.contains("\"snapshot\"") => Ok(socket),
        other => bail!("expected the state of {product}, got {other:?}"),
    }
}

/// From where the `i`th socket comes: 127.0.0.1 itself as long as its ports last, then its
/// neighbours. Other machines than this one are reached from wherever the system likes.
fn source_address(target: &Target, i: u64) -> Option<IpAddr> {
    let neighbour = u8::try_from(i / PER_ADDRESS + 1).ok()?;
    (target.address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) && neighbour > 1)
        .then(|| Ipv4Addr::new(127, 0, 0, neighbour).into())
}
