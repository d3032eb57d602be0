//! Opens a WebSocket to the shop.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context;
use hyper::header::{COOKIE, HeaderValue};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use types::live::PATH;

use crate::http;
use crate::target::Target;

/// A socket's read buffer; the library's own is 128 KiB.
const READ_BUFFER: usize = 2 * 1024;

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
