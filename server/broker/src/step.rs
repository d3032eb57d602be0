//! The steps between which a process can end. A test ends it at each of them; see
//! [`Environment::with_probe`](crate::Environment::with_probe).

/// A point on the way of an event. What lies between two of them has happened whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A consumer has read a batch; nothing is written.
    Read,
    /// A transaction is open.
    Begun,
    /// The consumer's position is moved, uncommitted.
    Moved,
    /// The handler is done, uncommitted.
    Handled,
    /// The handler failed; its event is about to be put aside.
    Failed,
    /// The failed event is put aside, uncommitted.
    Parked,
    /// A parked event is about to be tried again.
    Retrying,
    /// The outside world is about to be asked.
    Asking,
    /// The outside world has acted, and nobody here knows yet.
    Answered,
    /// The answers are written, uncommitted.
    Recorded,
    /// A job of a shared transaction is done, uncommitted.
    JobDone,
    /// All that follows the events is decided, uncommitted.
    Decided,
    /// The log's head is taken, uncommitted.
    HeadTaken,
    /// The events are in the log, uncommitted.
    Appended,
    /// All of it is durable, and nobody has been told.
    Durable,
}

impl Step {
    pub const ALL: [Self; 15] = [
        Self::Read,
        Self::Begun,
        Self::Moved,
        Self::Handled,
        Self::Failed,
        Self::Parked,
        Self::Retrying,
        Self::Asking,
        Self::Answered,
        Self::Recorded,
        Self::JobDone,
        Self::Decided,
        Self::HeadTaken,
        Self::Appended,
        Self::Durable,
    ];
}
