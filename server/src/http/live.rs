//! `GET /live`: the socket of a tab.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use services::{Shop, Visitor};
use types::Problem;
use types::live::{BEAT_SECONDS, ClientMessage, MAX_CLIENT_MESSAGE, PATH, ServerMessage};

use super::pace::SocketPace;
use super::problem::HttpProblem;
use super::state::AppState;
use super::visitor::StaffSession;
use crate::connections::Place;
use crate::live::{Out, Seat};

/// A socket needs little: the library's own 128 KiB of read buffer would be most of its memory.
const READ_BUFFER: usize = 1_024;
/// A message that is too large is read up to here, so that its sender can be told.
const MAX_READ: usize = 4 * MAX_CLIENT_MESSAGE;
/// Bytes that may wait in a socket for the network.
const MAX_WRITE_BUFFER: usize = 256 * 1_024;
/// A message that cannot be handed to the network for this long: nobody reads there.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Messages that a client may send and nobody can read; more is not a page of ours.
const MAX_MISTAKES: u32 = 20;

pub fn routes() -> Router<AppState> {
    Router::new().route(PATH, get(upgrade))
}

async fn upgrade(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    place: Option<Extension<Arc<Place>>>,
    session: Option<Extension<StaffSession>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let detail = format!("Expected a WebSocket handshake. {}", rejection.body_text());
            return HttpProblem(Problem::malformed(detail)).into_response();
        }
    };
    let session = session.map(|Extension(StaffSession(id))| id);
    let seat = match state.hub.join(&visitor, session) {
        Ok(seat) => seat,
        Err(problem) => return HttpProblem(problem).into_response(),
    };
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_READ)
        .max_frame_size(MAX_READ)
        .on_upgrade(move |socket| async move {
            // It is still a connection.
            let _place = place;
            let pace = state.pace.of_socket();
            converse(socket, seat, state.shop.clone(), visitor, pace).await;
        })
}

async fn converse(
    mut socket: WebSocket,
    mut seat: Seat,
    shop: Shop,
    visitor: Visitor,
    pace: SocketPace,
) {
    let beat = Duration::from_secs(BEAT_SECONDS.into());
    let mut heard = Instant::now();
    let mut mistakes = 0;
    loop {
        tokio::select! {
            out = seat.outbox.recv() => match out {
                Some(Out::Message(text)) => {
                    if !send(&mut socket, Message::Text(text)).await {
                        return;
                    }
                }
                Some(Out::Beat(text)) => {
                    // A browser answers the ping by itself; silence means that nobody is there.
                    if heard.elapsed() > beat * 3
                        || !send(&mut socket, Message::Text(text)).await
                        || !send(&mut socket, Message::Ping(Bytes::new())).await
                    {
                        return;
                    }
                }
                None => {
                    close(&mut socket, close_code::AGAIN, "come back with your position").await;
                    return;
                }
            },
            message = socket.recv() => {
                heard = Instant::now();
                let text = match message {
                    Some(Ok(Message::Text(text))) if text.len() > MAX_CLIENT_MESSAGE => {
                        close(&mut socket, close_code::SIZE, "expected a short message").await;
                        return;
                    }
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Binary(_))) => {
                        close(&mut socket, close_code::UNSUPPORTED, "expected text").await;
                        return;
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                };
                match serde_json::from_str::<ClientMessage>(&text) {
                    Ok(message) => {
                        if !pace.admits(topics_of(&message)) {
                            crate::measure::refused("socket_topics");
                            close(&mut socket, close_code::POLICY, "too many topics").await;
                            return;
                        }
                        if !answer(&mut socket, &seat, &shop, &visitor, message).await {
                            return;
                        }
                    }
                    Err(error) => {
                        mistakes += 1;
                        if mistakes > MAX_MISTAKES {
                            close(&mut socket, close_code::POLICY, "too many mistakes").await;
                            return;
                        }
                        let detail = format!(
                            "Expected {{\"type\":\"subscribe\",\"topics\":[…],\"after\":0}} or \
                             {{\"type\":\"unsubscribe\",\"topics\":[…]}}: {error}"
                        );
                        let message = ServerMessage::Error { topic: None, detail };
                        let Ok(text) = serde_json::to_string(&message) else { return };
                        if !send(&mut socket, Message::Text(text.into())).await {
                            return;
                        }
                    }
                }
            }
        }
    }
}

fn topics_of(message: &ClientMessage) -> usize {
    match message {
        ClientMessage::Subscribe { topics, .. } | ClientMessage::Unsubscribe { topics } => {
            topics.len()
        }
    }
}

async fn answer(
    socket: &mut WebSocket,
    seat: &Seat,
    shop: &Shop,
    visitor: &Visitor,
    message: ClientMessage,
) -> bool {
    match message {
        ClientMessage::Subscribe { topics, after } => {
            for text in seat.subscribe(shop, visitor, topics, after).await {
                if !send(socket, Message::Text(text)).await {
                    return false;
                }
            }
        }
        ClientMessage::Unsubscribe { topics } => seat.unsubscribe(&topics),
    }
    true
}

/// Whether the other side takes it.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(
        tokio::time::timeout(SEND_TIMEOUT, socket.send(message)).await,
        Ok(Ok(()))
    )
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let reason = Utf8Bytes::from_static(reason);
    send(socket, Message::Close(Some(CloseFrame { code, reason }))).await;
}
