//! What all tasks of the demo share: the shop's address, its pages, the clock, the lines to print.

use std::sync::Arc;

use shopper::http::Pool;
use shopper::target::Target;
use tokio::sync::{mpsc, watch};

use super::clock::Clock;
use super::shelf::Shelf;

/// What everybody in the shop shares; cheap to clone.
#[derive(Clone)]
pub struct World {
    pub target: Target,
    pub pool: Pool,
    pub shelf: Arc<Shelf>,
    pub clock: Clock,
    pub diary: mpsc::UnboundedSender<Note>,
    pub closing: watch::Receiver<bool>,
}

/// The demo was stopped: visitors without an order end here.
#[derive(Debug, thiserror::Error)]
#[error("the day is over")]
pub struct Closing;

impl World {
    /// Lets time of the demo pass.
    pub async fn pass(&self, seconds: f64) -> anyhow::Result<()> {
        let mut closing = self.closing.clone();
        tokio::select! {
            () = self.clock.pass(seconds) => Ok(()),
            _ = closing.wait_for(|closing| *closing) => Err(Closing.into()),
        }
    }

    pub fn note(&self, what: What) {
        let time = self.clock.time();
        // The receiver is gone once the demo has ended.
        let _ = self.diary.send(Note { time, what });
    }

    pub fn say(&self, text: String) {
        self.note(What::Said(text));
    }
}

/// A line to print.
pub struct Note {
    pub time: String,
    pub what: What,
}

pub enum What {
    Came,
    Said(String),
    Ended(Ending),
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Confirmed,
    Cancelled,
    Rejected,
    /// Its shopper gave up after a decline: the payment window ends it.
    Left,
}
