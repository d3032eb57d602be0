//! The live socket of a tab.

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use types::OrderId;
use types::live::{ClientMessage, ProductStock, ServerMessage, State, Topic};
use types::order::{OrderStatus, Progress, ProgressNews, StepKind};

use crate::shop::DEADLINE;

pub struct Socket<S = MaybeTlsStream<TcpStream>> {
    stream: WebSocketStream<S>,
}

/// How a socket ended: the code of the close frame, if there was one.
pub type Ended = Option<u16>;

pub fn handshake(
    url: &str,
    headers: &[(&'static str, &str)],
) -> tokio_tungstenite::tungstenite::handshake::client::Request {
    let url = format!("{}/live", url.replacen("http", "ws", 1));
    let mut request = url.into_client_request().expect("a request");
    for (name, value) in headers {
        let value = value.parse().expect("a header");
        request.headers_mut().insert(*name, value);
    }
    request
}

impl Socket {
    pub async fn open(url: &str, cookies: &str) -> Self {
        // A browser names the page's origin.
        let headers = [("cookie", cookies), ("origin", url)];
        let (stream, _) = connect_async(handshake(url, &headers))
            .await
            .expect("a socket");
        Self { stream }
    }
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Socket<S> {
    pub const fn new(stream: WebSocketStream<S>) -> Self {
        Self { stream }
    }

    pub async fn say(&mut self, message: Message) {
        self.stream.send(message).await.expect("sent");
    }

    pub async fn say_text(&mut self, text: impl Into<String>) {
        self.say(Message::text(text.into())).await;
    }

    pub async fn subscribe(&mut self, topics: &[&str], after: u64) {
        let topics = topics.iter().map(|topic| topic.parse().expect("a topic"));
        let message = ClientMessage::Subscribe {
            topics: topics.collect(),
            after,
        };
        let text = serde_json::to_string(&message).expect("JSON");
        self.say_text(text).await;
    }

    /// The next message that says something, or how the socket ended.
    pub async fn next_or_end(&mut self) -> Result<ServerMessage, Ended> {
        let next = tokio::time::timeout(DEADLINE, self.read());
        next.await.expect("a message in time")
    }

    async fn read(&mut self) -> Result<ServerMessage, Ended> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    match serde_json::from_str(&text).expect("a message of the protocol") {
                        ServerMessage::Beat { .. } => {}
                        message => return Ok(message),
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(Error::Io(_) | Error::Protocol(_) | Error::ConnectionClosed)) | None => {
                    return Err(None);
                }
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }

    pub async fn next(&mut self) -> ServerMessage {
        match self.next_or_end().await {
            Ok(message) => message,
            Err(ended) => panic!("the socket was closed: {ended:?}"),
        }
    }

    /// Reads on until the socket ends.
    pub async fn until_end(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.next_or_end().await {
                return ended;
            }
        }
    }

    /// Why the last message could not be followed.
    pub async fn next_error(&mut self) -> (Option<Topic>, String) {
        match self.next().await {
            ServerMessage::Error { topic, detail } => (topic, detail),
            other => panic!("expected an error, got {other:?}"),
        }
    }

    pub async fn next_snapshot(&mut self) -> (Topic, u64, State) {
        match self.next().await {
            ServerMessage::Snapshot {
                topic,
                position,
                log,
                state,
            } => {
                assert!(!log.is_empty(), "which log the position is of");
                (topic, position, state)
            }
            other => panic!("expected a snapshot, got {other:?}"),
        }
    }

    pub async fn next_change(&mut self) -> (Topic, u64, State) {
        match self.next().await {
            ServerMessage::Change {
                topic,
                position,
                state,
            } => (topic, position, state),
            other => panic!("expected a change, got {other:?}"),
        }
    }

    /// Follows a product until so many pieces of all its variants are available.
    pub async fn until_available(&mut self, available: i64) -> (u64, ProductStock) {
        loop {
            if let (_, position, State::Product(stock)) = self.next_change().await
                && stock.available == available
            {
                return (position, stock);
            }
        }
    }

    /// Begins to follow an order.
    pub async fn follow(&mut self, order: OrderId, after: u64) -> Followed {
        self.subscribe(&[&format!("order:{order}")], after).await;
        match self.next_snapshot().await {
            (Topic::Order(id), position, State::Order(progress)) if id == order => Followed {
                position,
                progress: told_anew(progress),
                changes: 0,
            },
            other => panic!("expected the order, got {other:?}"),
        }
    }

    /// Takes in changes until the order is there.
    pub async fn until(&mut self, followed: &mut Followed, status: OrderStatus) {
        self.follow_until(followed, |progress| progress.status == status)
            .await;
    }

    /// Takes in changes until this has happened.
    pub async fn until_step(&mut self, followed: &mut Followed, is_it: impl Fn(&StepKind) -> bool) {
        let has_it = |progress: &Progress| progress.steps.iter().any(|step| is_it(&step.kind));
        self.follow_until(followed, has_it).await;
    }

    async fn follow_until(&mut self, followed: &mut Followed, is_so: impl Fn(&Progress) -> bool) {
        while !is_so(&followed.progress) {
            let (topic, position, state) = self.next_change().await;
            let State::Order(progress) = state else {
                panic!("expected an order, got {topic}")
            };
            // Between subscription and snapshot a change may be told by both.
            if position > followed.position {
                followed.position = position;
                followed.changes += 1;
                followed.progress.merge(&progress);
            }
        }
    }
}

/// What a snapshot says: with its status.
fn told_anew(news: ProgressNews) -> Progress {
    Progress {
        status: news.status.expect("a snapshot says how the order stands"),
        steps: news.steps,
        reserved_until_us: news.reserved_until_us,
    }
}

/// An order as a tab knows it.
#[derive(Debug)]
pub struct Followed {
    /// As far as this tab knows.
    pub position: u64,
    pub progress: Progress,
    /// Messages after the snapshot that moved it.
    pub changes: usize,
}

impl Followed {
    /// The steps, which must stand at growing positions.
    #[track_caller]
    pub fn steps(&self) -> Vec<StepKind> {
        let steps = &self.progress.steps;
        let grow = steps.is_sorted_by(|a, b| a.position < b.position);
        assert!(grow, "positions grow: {steps:?}");
        steps.iter().map(|step| step.kind.clone()).collect()
    }
}
