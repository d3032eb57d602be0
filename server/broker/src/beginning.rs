//! Where a replay begins.

/// Where a replay begins. Folding begins earlier than asked where the decider has not come so far, or
/// has parked an event before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With no state and the first event.
    Nothing,
    /// With the states in use, and the events after a position. What those events do not touch stays
    /// as it is.
    Position(u64),
    /// As [`Beginning::Position`], with the first event at or after this time, unix microseconds.
    Time(i64),
}
