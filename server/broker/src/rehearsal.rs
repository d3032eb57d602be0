//! A decider tried out: its states in memory alone, beginning with none. It gets no log and no database, so that
//! nothing it decides can become of anything.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::decider::{AnyDecider, Known};
use crate::{Decider, Failure, NewEvent, Recorded};

/// See the module.
#[derive(Debug)]
pub struct Rehearsal<D: Decider> {
    known: Known<D>,
}

impl<D: Decider> Rehearsal<D> {
    pub fn new(decider: D) -> Self {
        Self {
            known: Known::new(std::sync::Arc::new(decider)),
        }
    }

    /// Takes note of an event, without being asked about it.
    ///
    /// # Errors
    /// Those of the decider.
    pub fn note(&mut self, event: &Recorded) -> Result<(), Failure> {
        self.meet(event)?;
        self.known.evolve(event)
    }

    /// What the decider would answer to an event. It has taken note of the event and of its answers, which have no
    /// position: they are of no log.
    ///
    /// # Errors
    /// Those of the decider.
    pub fn ask(&mut self, event: &Recorded) -> Result<Vec<Recorded>, Failure> {
        self.meet(event)?;
        let answers = self.known.decide(event)?;
        let answers: Vec<Recorded> = (answers.into_iter())
            .map(|answer| answer.recorded(Uuid::nil(), event.time_us, D::NAME, Some(event)))
            .collect();
        for answer in &answers {
            self.note(answer)?;
        }
        Ok(answers)
    }

    /// An event that nobody has appended, as if it had come at a time.
    pub fn made_up(event: NewEvent, time_us: i64) -> Recorded {
        event.recorded(Uuid::nil(), time_us, "rehearsal", None)
    }

    /// Of what is met for the first time there is no state.
    fn meet(&mut self, event: &Recorded) -> Result<(), Failure> {
        let mut keys = BTreeSet::new();
        self.known.missing(event, &mut keys)?;
        for key in keys {
            self.known.fill(key, None)?;
        }
        Ok(())
    }
}
