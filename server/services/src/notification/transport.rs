//! How mails leave the shop.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::message::Outgoing;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// It will never be taken, in the words of the other side.
    Refused(String),
    /// This mail is not taken now; another one might be.
    NotNow(String),
    /// The other side takes none at the moment, or was not reached. Names nobody.
    Away(String),
}

pub type Attempt<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A way out. Which one is decided once, where the server is put together.
pub trait Transport: Send + Sync + 'static {
    fn send<'a>(&'a self, mail: &'a Outgoing) -> Attempt<'a>;

    /// No attempt takes longer, with the time to write down how it ended. Who was at it for longer than
    /// this is no more, and somebody else may take over.
    fn longest(&self) -> Duration;

    /// Attempts at once, at most.
    fn in_flight(&self) -> usize;
}
