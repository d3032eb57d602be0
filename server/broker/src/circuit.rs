//! Whether a reactor asks the other side. When several keys in a row get no answer the circuit opens:
//! one call per wait finds out whether the other side is back, and everything else waits in the log.
//! The first answer closes it. Times are microseconds of the clock that nobody sets.

use std::collections::HashSet;
use std::time::Duration;

use crate::ReactorSettings;
use crate::backoff::jittered;

#[derive(Debug)]
pub(crate) struct Circuit {
    opens_after: usize,
    wait: Duration,
    max_wait: Duration,
    /// Keys without an answer since the last answer.
    silent: HashSet<String>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    /// Probes without an answer.
    failed: u32,
    next_probe_us: i64,
    /// Position of the event that is being asked about to find out.
    probing: Option<u64>,
}

impl Circuit {
    pub fn new(settings: &ReactorSettings) -> Self {
        Self {
            opens_after: settings.opens_after.max(1),
            wait: settings.probe_wait,
            max_wait: settings.max_probe_wait,
            silent: HashSet::new(),
            open: None,
        }
    }

    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether a probe may be made.
    pub fn wants_probe(&self, now_us: i64) -> bool {
        self.next_probe_us()
            .is_some_and(|next_us| next_us <= now_us)
    }

    /// When the next probe may be made; `None` while there is one, or none is needed.
    pub fn next_probe_us(&self) -> Option<i64> {
        let open = self.open.as_ref()?;
        open.probing.is_none().then_some(open.next_probe_us)
    }

    pub const fn probes(&mut self, position: u64) {
        if let Some(open) = &mut self.open {
            open.probing = Some(position);
        }
    }

    /// The other side has answered. Says whether that closes the circuit.
    pub fn answered(&mut self) -> bool {
        self.silent.clear();
        self.open.take().is_some()
    }

    /// The other side has not answered. Says whether that opens the circuit.
    pub fn not_answered(&mut self, position: u64, key: &str, now_us: i64) -> bool {
        let (wait, max_wait) = (self.wait, self.max_wait);
        let after = |failed: u32| {
            let wait = jittered(wait, max_wait, failed + 1);
            now_us.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
        };
        match &mut self.open {
            Some(open) if open.probing == Some(position) => {
                open.failed += 1;
                open.probing = None;
                open.next_probe_us = after(open.failed);
                false
            }
            // Asked before it opened.
            Some(_) => false,
            None => {
                self.silent.insert(key.to_owned());
                if self.silent.len() < self.opens_after {
                    return false;
                }
                self.open = Some(Open {
                    failed: 0,
                    next_probe_us: after(0),
                    probing: None,
                });
                true
            }
        }
    }

    /// The event could not be asked about, which says nothing of the other side.
    pub fn said_nothing(&mut self, position: u64) {
        if let Some(open) = &mut self.open
            && open.probing == Some(position)
        {
            open.probing = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circuit() -> Circuit {
        Circuit::new(&ReactorSettings {
            opens_after: 3,
            probe_wait: Duration::from_secs(1),
            max_probe_wait: Duration::from_secs(4),
            ..ReactorSettings::default()
        })
    }

    #[test]
    fn it_opens_after_several_keys_in_a_row_and_an_answer_begins_anew() {
        let mut circuit = circuit();
        assert!(!circuit.not_answered(1, "a", 0) && !circuit.not_answered(2, "b", 0));
        assert!(!circuit.answered(), "it was closed");
        for position in 3..9 {
            assert!(!circuit.not_answered(position, "a", 0), "one key alone");
        }
        assert!(!circuit.not_answered(9, "b", 0));
        assert!(circuit.not_answered(10, "c", 0));
        assert!(circuit.is_open() && !circuit.wants_probe(0));
        assert!(circuit.wants_probe(1_000_000));
    }

    #[test]
    fn one_probe_at_a_time_and_its_waits_are_bounded() {
        let mut circuit = circuit();
        for (position, key) in [(1, "a"), (2, "b"), (3, "c")] {
            circuit.not_answered(position, key, 0);
        }
        let mut now_us = 0;
        for _ in 0..9 {
            now_us += 4_000_000;
            assert!(circuit.wants_probe(now_us));
            circuit.probes(7);
            assert!(!circuit.wants_probe(i64::MAX));
            circuit.not_answered(6, "d", now_us);
            assert!(!circuit.wants_probe(i64::MAX), "an older call");
            circuit.not_answered(7, "e", now_us);
            assert!(!circuit.wants_probe(now_us));
        }
        now_us += 4_000_000;
        circuit.probes(8);
        circuit.said_nothing(8);
        assert!(circuit.wants_probe(now_us), "another event is asked about");
        circuit.probes(9);
        assert!(circuit.answered());
        assert!(!circuit.is_open());
    }
}
