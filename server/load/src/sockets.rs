//! WebSockets: the one of a checkout, and those that only look on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail, ensure};
use futures::{SinkExt, StreamExt, TryStreamExt};
use hyper::header::{COOKIE, HeaderValue};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use types::live::{ClientMessage, PATH, Topic};

use crate::goods::Good;
use crate::http;
use crate::report::Progress;
use crate::shop::Target;

/// A socket's read buffer; the library's own is 128 KiB.
const READ_BUFFER: usize = 2 * 1024;
/// Sockets from one local address: it has some 28,000 ports for them.
const PER_ADDRESS: u64 = 20_000;
/// Handshakes at once.
const OPENING: usize = 64;
/// File handles for all that is not a socket of this program.
const SPARE_HANDLES: u64 = 1_024;

pub type Socket = WebSocketStream<TcpStream>;

/// Opens a socket as the shopper of `cookie`, or as anyone.
pub async fn open(
    target: &Target,
    from: Option<IpAddr>,
    cookie: Option<&str>,
) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{}{PATH}", target.authority).into_client_request()?;
    if let Some(cookie) = cookie {
        let cookie = HeaderValue::from_str(cookie).context("a cookie that cannot be sent")?;
        request.headers_mut().insert(COOKIE, cookie);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0);
    let stream = match from {
        None => http::connect(target).await?,
        Some(from) => {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::new(from, 0))?;
            socket.connect(target.address).await?
        }
    };
    let (socket, _) = client_async_with_config(request, stream, Some(config))
        .await
        .context("the socket's handshake")?;
    Ok(socket)
}

/// Allows this process, and the shop it starts, as many open files as the run needs.
pub fn allow(sockets: u64, concurrency: u64) -> anyhow::Result<()> {
    // A checkout has a connection for its requests and a socket.
    let need = sockets + 2 * concurrency + SPARE_HANDLES;
    let (soft, hard) = rlimit::Resource::NOFILE.get()?;
    if soft >= need {
        return Ok(());
    }
    let raised = rlimit::Resource::NOFILE.set(need, need.max(hard));
    ensure!(
        raised.is_ok(),
        "{need} open files are needed and {hard} are allowed here: run `ulimit -Hn {need}` as root, \
         or ask for fewer sockets"
    );
    Ok(())
}

/// Sockets that follow a product each and otherwise only live.
#[derive(Debug)]
pub struct Idle {
    opened: u64,
    lost: Arc<AtomicU64>,
    /// Answers pings and throws away what is pushed; ends when dropped.
    _readers: JoinSet<()>,
}

impl Idle {
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
