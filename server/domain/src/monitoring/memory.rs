//! The rules over a stream in memory: for measuring them, and for tests.

use std::collections::BTreeMap;

use super::{Acts, Heard, State, changed_keys, decide, evolve};
use crate::Event;

/// What the rules know, by key, as the broker keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    pub states: BTreeMap<String, State>,
    pub acts: Acts,
}

impl Memory {
    /// Decides about an event, and takes note of it and of what was found.
    pub fn hear(&mut self, heard: &Heard<'_>) -> Vec<Event> {
        let decided = decide(|key| self.states.get(key), heard, self.acts);
        self.note(heard);
        for event in &decided {
            self.note(&Heard { event, ..*heard });
        }
        decided
    }

    /// Takes note of an event.
    pub fn note(&mut self, heard: &Heard<'_>) {
        for key in changed_keys(heard) {
            let known = self.states.remove(&key);
            let state = evolve(&key, known, heard);
            if let Some(state) = state.filter(|state| !state.is_nothing()) {
                self.states.insert(key, state);
            }
        }
    }
}
