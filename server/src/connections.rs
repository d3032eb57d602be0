//! Connections: how many there may be, and how long one may keep the shop waiting.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::limits::{Limits, seconds};
use crate::source::{Proxies, Source};

/// How long the other side may take nothing of what is sent to it.
const STALLED: Duration = Duration::from_secs(20);
/// How long requests that have begun may take to end after the shop was told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a connection without a request may take to close then.
const CLOSING: Duration = Duration::from_millis(500);
/// Wait after the system gave no connection: the next one would not come either.
const NO_CONNECTION: Duration = Duration::from_millis(100);
/// Connections that are told at once why there is no room for them.
const REFUSED_AT_ONCE: usize = 64;
/// File descriptors that are not for connections: database, files, the log.
const OTHER_FILES: u64 = 256;

const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
    retry-after: 5\r\nconnection: close\r\ncontent-length: 126\r\n\r\n\
    {\"type\":\"/problems/unavailable\",\"title\":\"Busy right now\",\"status\":503,\
    \"detail\":\"Too many connections. Try again in a moment.\"}";
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\n\
    retry-after: 5\r\nconnection: close\r\ncontent-length: 142\r\n\r\n\
    {\"type\":\"/problems/too-many-requests\",\"title\":\"Too many requests\",\"status\":429,\
    \"detail\":\"Too many connections from your address. Close some.\"}";

/// Allows as many open files as the system gives, and says how many connections that leaves.
pub fn allowed_by_the_system(limits: &Limits) -> usize {
    let files = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            return limits.max_connections;
        }
    };
    let room = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    if limits.max_sockets > room {
        tracing::warn!(
            files,
            max_sockets = limits.max_sockets,
            "the system allows fewer open files than VITRINE_MAX_SOCKETS asks for: raise its limit \
             (ulimit -n, LimitNOFILE)"
        );
    }
    limits.max_connections.min(room.max(1))
}

/// Who holds how many connections.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_source: HashMap<Source, usize>,
}

#[derive(Debug)]
struct Doors {
    counts: Mutex<Counts>,
    max: usize,
    max_per_source: usize,
    proxies: Proxies,
}

/// A connection's place; given back when the last of its requests and its socket have ended.
#[derive(Debug)]
pub struct Place {
    doors: Arc<Doors>,
    source: Source,
}

impl Doors {
    /// A place, or what to tell who gets none.
    fn admit(self: &Arc<Self>, peer: SocketAddr) -> Result<Place, &'static [u8]> {
        let source = Source::of(peer.ip());
        let mut counts = self.counts.lock();
        if counts.total >= self.max {
            return Err(FULL);
        }
        let of_source = counts.by_source.entry(source).or_default();
        if *of_source >= self.max_per_source && !self.proxies.trust(peer.ip()) {
            return Err(TOO_MANY);
        }
        *of_source += 1;
        counts.total += 1;
        crate::measure::connections(counts.total);
        Ok(Place {
            doors: self.clone(),
            source,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.doors.counts.lock();
        counts.total -= 1;
        crate::measure::connections(counts.total);
        if let Some(of_source) = counts.by_source.get_mut(&self.source) {
            *of_source -= 1;
            if *of_source == 0 {
                counts.by_source.remove(&self.source);
            }
        }
    }
}

/// Serves until told to stop, and then until what has begun has ended.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    max_connections: usize,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let header = seconds(limits.header_seconds);
    let doors = Arc::new(Doors {
        counts: Mutex::default(),
        max: max_connections,
        max_per_source: limits.max_connections_per_address,
        proxies: Proxies::new(limits.trusted_proxies),
    });
    // Every connection holds a receiver: when there is none left, all have ended.
    let (cut, cuts) = watch::channel(false);
    let refusing = Arc::new(Semaphore::new(REFUSED_AT_ONCE));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(NO_CONNECTION).await;
                continue;
            }
        };
        match doors.admit(peer) {
            Ok(place) => {
                let connection = Connection {
                    app: app.clone(),
                    peer,
                    place: Arc::new(place),
                    header,
                };
                tokio::spawn(connection.run(stream, stop.clone(), cuts.clone()));
            }
            Err(answer) => {
                crate::measure::refused("connections");
                // Without room for that the connection is just closed.
                if let Ok(room) = refusing.clone().try_acquire_owned() {
                    tokio::spawn(async move {
                        refuse(stream, answer).await;
                        drop(room);
                    });
                }
            }
        }
    }
    drop(listener);
    drop(cuts);
    if tokio::time::timeout(DRAIN, cut.closed()).await.is_err() {
        tracing::warn!("some requests did not end in time");
        cut.send_replace(true);
    }
}

/// Says why there is no room. What the other side has sent is read first: closing a connection with
/// something unread in it takes the answer back.
async fn refuse(mut stream: TcpStream, answer: &'static [u8]) {
    let told = async {
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        let mut unread = [0; 1_024];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(CLOSING, told).await;
}

struct Connection {
    app: Router,
    peer: SocketAddr,
    place: Arc<Place>,
    /// How long a request's header may take to come, and how long the connection may be idle.
    header: Duration,
}

impl Connection {
    async fn run(
        self,
        stream: TcpStream,
        mut stop: watch::Receiver<bool>,
        mut cut: watch::Receiver<bool>,
    ) {
        // Small messages must leave at once.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "nodelay");
        }
        let header = self.header;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(STALLED));
        // Requests that have begun and are not yet answered.
        let begun = Arc::new(AtomicUsize::new(0));
        let service = {
            let begun = begun.clone();
            service_fn(move |request| self.answer(request, begun.clone()))
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header)
            .serve_connection(TokioIo::new(Box::pin(stream)), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = stop.wait_for(|stop| *stop) => {}
        }
        connection.as_mut().graceful_shutdown();
        if begun.load(Ordering::Relaxed) == 0 {
            // Half a header is no request; what was answered may still be on its way.
            let _ = tokio::time::timeout(CLOSING, connection).await;
            return;
        }
        tokio::select! {
            _ = connection => {}
            _ = cut.wait_for(|cut| *cut) => {}
        }
    }

    fn answer(
        &self,
        request: hyper::Request<Incoming>,
        begun: Arc<AtomicUsize>,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(self.place.clone());
        let app = self.app.clone();
        async move {
            begun.fetch_add(1, Ordering::Relaxed);
            let answer = app.oneshot(request).await;
            begun.fetch_sub(1, Ordering::Relaxed);
            answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_at_a_full_door_are_whole() {
        for answer in [FULL, TOO_MANY] {
            let text = std::str::from_utf8(answer).expect("text");
            let (head, body) = text.split_once("\r\n\r\n").expect("a head");
            let length = format!("content-length: {}", body.len());
            assert!(head.contains(&length), "{head}\nexpected {length}");
            serde_json::from_str::<types::Problem>(body).expect("a problem");
        }
    }
}
