//! How a page stands with the server.

/// The state of the socket, as the footer tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Not yet open for the first time.
    Connecting,
    Live,
    Reconnecting,
    Offline,
}
