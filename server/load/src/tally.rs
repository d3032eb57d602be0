//! What a run adds up.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::checkout::{Done, Outcome};
use crate::times::Times;

/// Different error messages that are kept; further ones only count.
const MESSAGES: usize = 16;

#[derive(Debug)]
pub struct Tally {
    pub confirmed: u64,
    pub rejected: u64,
    pub errors: u64,
    /// How often each message came.
    pub messages: BTreeMap<String, u64>,
    pub accepted: Times,
    pub heard: Times,
    pub whole: Times,
}

impl Tally {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            confirmed: 0,
            rejected: 0,
            errors: 0,
            messages: BTreeMap::new(),
            accepted: Times::new()?,
            heard: Times::new()?,
            whole: Times::new()?,
        })
    }

    /// Enters a checkout. `late` is by how much it began after it should have: a shopper would have
    /// waited that long too. `whole` counts from when it should have begun.
    pub fn enter(&mut self, done: &anyhow::Result<Done>, late: Duration, whole: Duration) {
        match done {
            Ok(done) => {
                match done.outcome {
                    Outcome::Confirmed => self.confirmed += 1,
                    Outcome::Rejected => self.rejected += 1,
                }
                self.accepted.add(done.accepted + late);
                self.heard.add(done.ended + late);
                self.whole.add(whole);
            }
            Err(error) => self.fail(format!("{error:#}")),
        }
    }

    pub fn fail(&mut self, message: String) {
        self.errors += 1;
        if let Some(count) = self.messages.get_mut(&message) {
            *count += 1;
        } else if self.messages.len() < MESSAGES {
            self.messages.insert(message, 1);
        }
    }

    /// Checkouts that came to their end.
    pub const fn ended(&self) -> u64 {
        self.confirmed + self.rejected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_late_start_counts_as_waiting() {
        let mut tally = Tally::new().expect("bounds");
        let done = Done {
            accepted: 2 * MS,
            ended: 5 * MS,
            outcome: Outcome::Confirmed,
        };
        tally.enter(&Ok(done), 10 * MS, 20 * MS);
        let ms = |times: &Times| times.percentile(50.0).expect("one time").as_millis();
        assert_eq!(
            (ms(&tally.accepted), ms(&tally.heard), ms(&tally.whole)),
            (12, 15, 20)
        );
        assert_eq!((tally.confirmed, tally.ended(), tally.errors), (1, 1, 0));
    }

    #[test]
    fn equal_errors_count_together_and_their_number_is_bounded() {
        let mut tally = Tally::new().expect("bounds");
        for i in 0..100 {
            tally.fail("no answer".to_owned());
            tally.fail(format!("error {i}"));
        }
        assert_eq!(tally.errors, 200);
        assert_eq!(tally.messages.len(), MESSAGES);
        assert_eq!(tally.messages.get("no answer"), Some(&100));
        assert_eq!(tally.heard.percentile(99.0), None);
    }
}
