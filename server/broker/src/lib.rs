//! A durable event log with consumers, inside the shop's own database. Knows no shop noun.
//!
//! - [`Log`]: append-only; positions are gapless and in commit order.
//! - [`Tx`]: state and events in one transaction. [`GroupCommit`] lets requests share one.
//! - [`Decider`]: pure. Its answers commit in the transaction that appends what it hears.
//! - [`Consumer`]: keeps a table; position, table and emitted events commit together.
//! - [`Reactor`]: touches the outside world, with no transaction open.
//! - [`Runner`]: wakes them, batches for them, retries for them, and tells deadlines.
//! - [`PullSubscription`]: read by somebody outside, who acknowledges.
//! - [`Tail`]: follows the log without a position of its own in the database.
//! - [`Roster`]: everyone who takes part. [`Log::replay`] builds a decider's states anew out of the log.

mod backoff;
mod beginning;
mod chain;
mod check;
mod circuit;
mod consumer;
mod consumer_loop;
mod dead_letters;
mod deadlines;
mod decider;
pub mod decisions;
mod dump;
mod environment;
mod event;
mod failure;
mod filter;
mod following;
mod group_commit;
mod head;
mod history;
mod kept_states;
mod lease;
mod links;
mod log;
mod panics;
mod parked;
mod positions;
mod pull;
mod pull_answers;
mod pull_leases;
mod pull_subscriptions;
mod quarantine;
mod reactor;
mod reactor_loop;
mod reactor_settings;
mod rebuilds;
mod recent;
mod rehearsal;
mod replay;
mod roster;
mod runner;
mod runs;
mod search;
mod settings;
mod states;
mod step;
mod subscription;
mod timers;
mod turn;
mod tx;
mod unheard;

pub use beginning::Beginning;
pub use chain::{Link, NoLink};
pub use check::Checked;
pub use consumer::Consumer;
pub use decider::{Decider, States};
pub use dump::Dump;
pub use environment::{Environment, Probe};
pub use event::{Attributes, NewEvent, ORIGIN, PERSON, RESERVED, Recorded, SERVICE, Sender};
pub use failure::Failure;
pub use filter::{Filter, Rule, is_like};
pub use group_commit::{GroupCommit, Job};
pub use log::{Lag, Log, Tail};
pub use parked::{ParkedEvent, ParkedState};
pub use pull::{Given, GivenEvent, Pulled};
pub use pull_answers::{Answers, Fate};
pub use pull_subscriptions::{PullBegins, PullState, PullSubscription};
pub use quarantine::{QUARANTINED, Quarantined};
pub use reactor::Reactor;
pub use reactor_settings::{Begins, ReactorSettings, ReactorStatus};
pub use rebuilds::Rebuild;
pub use rehearsal::Rehearsal;
pub use replay::{REPLAYED, Replayed};
pub use roster::{Role, Roster};
pub use runner::Runner;
pub use search::{FoundBack, Reach, Search};
pub use settings::Settings;
pub use step::Step;
pub use tx::Tx;
pub use unheard::Unheard;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(
        "the event at position {position} is damaged: its checksum is {found}, expected {expected}"
    )]
    Damaged {
        position: u64,
        expected: i64,
        found: i64,
    },
    #[error("the event at position {position} is damaged: its {what} cannot be read")]
    Unreadable { position: u64, what: &'static str },
    #[error("the log has a gap: expected position {expected}, got {found}")]
    Gap { expected: u64, found: u64 },
    #[error("the event at position {position} is missing: the log goes on to {head}")]
    Missing { position: u64, head: u64 },
    #[error("{consumer} has no dead letter at position {position}")]
    NoSuchDeadLetter { consumer: String, position: u64 },
    #[error("the log has no event at position {0}")]
    NoSuchEvent(u64),
    #[error("the event at position {0} can be read: only a damaged one can be stepped over")]
    NotDamaged(u64),
    #[error("the job panicked; nothing of it was kept")]
    Panicked,
    #[error("the database failed a job of the same transaction; nothing of it was kept")]
    Broken,
    #[error("another process moved a decider's position; nothing was written")]
    Overtaken,
    #[error(
        "the log ends at position {found} and went to {known} before: a standby that had not got all \
         of it was promoted, or a backup restored; nothing is written before a restart"
    )]
    WentBack { known: u64, found: u64 },
    #[error("the shop is stopping or its writer is gone; nothing was written")]
    Stopped,
}

impl Error {
    /// Whether an event cannot be read, and never can be.
    pub const fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. }
                | Self::Unreadable { .. }
                | Self::Gap { .. }
                | Self::Missing { .. }
        )
    }

    /// Whether the same may succeed later: it says nothing about what was asked.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Database(error) => error.is_unavailable(),
            Self::Broken | Self::Stopped | Self::WentBack { .. } => true,
            _ => false,
        }
    }
}

impl From<db::SqlError> for Error {
    fn from(error: db::SqlError) -> Self {
        Self::Database(error.into())
    }
}
