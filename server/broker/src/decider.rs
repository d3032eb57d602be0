//! State that is decided by pure code: no SQL, no clock, nothing to wait for.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, Filter, NewEvent, Recorded};

/// Decides what follows an event and remembers, per key, what it needs for that. The broker keeps the
/// states in memory and in the database, so that a decider is nothing but its rules.
///
/// A decider that stands at the head of the log decides in the very transaction that appends the
/// event: the event, what follows it and the states commit together. One that is behind, or fails,
/// goes on by itself, event by event, and parks what it cannot handle.
pub trait Decider: Send + Sync + 'static {
    const NAME: &'static str;
    /// The events that are answered or taken note of. Its own are not among them: [`Decider::evolve`]
    /// gets those anyway.
    const HEARS: Filter<'static>;
    type State: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The keys of the states that an event is about: one it hears, or one of its own. What follows an
    /// event is about no other key than the event itself.
    ///
    /// # Errors
    /// When the event cannot be read.
    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure>;

    /// What follows an event that it hears.
    ///
    /// # Errors
    /// An event that cannot be handled now is tried again, and is a dead letter in the end.
    fn decide(
        &self,
        states: &States<Self::State>,
        event: &Recorded,
    ) -> Result<Vec<NewEvent>, Failure>;

    /// Takes note of an event: one that it hears, after it was decided about, or one of its own.
    /// Depends on the event and the states alone, so that a replay leads to the same bytes. Events that
    /// come at once are noted each with its answers; a replay notes them as they stand in the log, the
    /// answers behind: of one key the order of an answer and of a later event must not matter.
    ///
    /// # Errors
    /// When the event cannot be read.
    fn evolve(&self, states: &mut States<Self::State>, event: &Recorded) -> Result<(), Failure>;

    /// What makes up for an event that somebody has given up, and that was therefore never handled: so
    /// that what others have done about it does not stand for ever.
    ///
    /// # Errors
    /// When it cannot be made up for; the event is given up all the same.
    fn discarded(
        &self,
        _states: &States<Self::State>,
        _event: &Recorded,
    ) -> Result<Vec<NewEvent>, Failure> {
        Ok(Vec::new())
    }

    /// When a state is to move on by itself, in unix microseconds; `None` when nothing is waited for.
    /// Because it follows from the state, a deadline can be neither forgotten nor left behind.
    fn deadline(&self, _state: &Self::State) -> Option<i64> {
        None
    }

    /// Whether a state says no more than no state at all would: its row is removed by the turn that leads
    /// to it. Until that turn ends [`States::get`] still answers with the state itself, so the rules must
    /// not tell the two apart.
    fn is_nothing(&self, _state: &Self::State) -> bool {
        false
    }

    /// The event that says that the deadline of a state has passed. The decider hears it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn elapsed(&self, _key: &str, _state: &Self::State) -> Result<Option<NewEvent>, Failure> {
        Ok(None)
    }
}

/// The states that were loaded for the events at hand, by key.
pub struct States<S> {
    known: HashMap<String, Option<S>>,
    changed: BTreeSet<String>,
    /// Whether a key was asked for that nobody had loaded.
    missed: AtomicBool,
}

impl<S> fmt::Debug for States<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States({} known)", self.known.len())
    }
}

impl<S> Default for States<S> {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            changed: BTreeSet::new(),
            missed: AtomicBool::new(false),
        }
    }
}

impl<S> States<S> {
    /// The state of a key; `None` before anything is known of it.
    pub fn get(&self, key: &str) -> Option<&S> {
        let Some(known) = self.known.get(key) else {
            self.missed.store(true, Ordering::Relaxed);
            return None;
        };
        known.as_ref()
    }

    /// Sets the state of a key.
    pub fn put(&mut self, key: &str, state: S) {
        match self.known.get_mut(key) {
            Some(known) => *known = Some(state),
            None => {
                self.missed.store(true, Ordering::Relaxed);
                return;
            }
        }
        if !self.changed.contains(key) {
            self.changed.insert(key.to_owned());
        }
    }

    /// Changes the state of a key, if there is one. Says whether there is.
    pub fn change(&mut self, key: &str, change: impl FnOnce(&mut S)) -> bool {
        let Some(known) = self.known.get_mut(key) else {
            self.missed.store(true, Ordering::Relaxed);
            return false;
        };
        let Some(state) = known else { return false };
        change(state);
        if !self.changed.contains(key) {
            self.changed.insert(key.to_owned());
        }
        true
    }
}

/// States of one key each, for the tests of a decider's rules.
impl<S> FromIterator<(String, S)> for States<S> {
    fn from_iter<I: IntoIterator<Item = (String, S)>>(states: I) -> Self {
        let known = states.into_iter().map(|(key, state)| (key, Some(state)));
        Self {
            known: known.collect(),
            ..Self::default()
        }
    }
}

/// A state as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub key: String,
    /// JSON; `None` for one that is to be removed.
    pub state: Option<String>,
    /// Unix microseconds; 0 for none.
    pub deadline_us: i64,
}

/// States kept in memory after a commit, at most.
const MAX_KEPT: usize = 65_536;

/// A decider of any kind, with what is known of its states.
pub(crate) trait AnyDecider: fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn hears(&self, event: &Recorded) -> bool;
    /// Whether an event is about the state of its own key and no other.
    fn is_of_its_key(&self, event: &Recorded) -> Result<bool, Failure>;
    /// Adds the keys of an event whose states are not known.
    fn missing(&self, event: &Recorded, keys: &mut BTreeSet<String>) -> Result<(), Failure>;
    fn knows(&self, key: &str) -> bool;
    fn fill(&mut self, key: String, state: Option<&str>) -> Result<(), Failure>;
    /// What follows an event; has taken note of it.
    fn decide(&mut self, event: &Recorded) -> Result<Vec<NewEvent>, Failure>;
    fn evolve(&mut self, event: &Recorded) -> Result<(), Failure>;
    /// The event that says that a deadline has passed; `None` when the state of the key, which must be
    /// known, has another one by now.
    fn elapsed(&self, key: &str, deadline_us: i64) -> Result<Option<NewEvent>, Failure>;
    /// The states that changed since the last call, in the order of their keys.
    fn changes(&mut self) -> Result<Vec<Change>, Failure>;
    /// Forgets every state: what is in memory may not be what is in the database.
    fn forget(&mut self);
    /// Forgets states when there are too many of them. Only between two transactions.
    fn trim(&mut self);
}

/// A decider and what is known of its states.
pub(crate) struct Known<D: Decider> {
    decider: Arc<D>,
    states: States<D::State>,
}

impl<D: Decider> Known<D> {
    pub fn new(decider: Arc<D>) -> Self {
        Self {
            decider,
            states: States::default(),
        }
    }

    /// What makes up for an event that was given up.
    pub fn discarded(&self, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let makes_up = self.decider.discarded(&self.states, event)?;
        self.checked(event, makes_up)
    }

    fn checked<T>(&self, event: &Recorded, value: T) -> Result<T, Failure> {
        if self.states.missed.swap(false, Ordering::Relaxed) {
            return Err(Failure::Other(format!(
                "{} looked at a state that {} does not name among its keys",
                D::NAME,
                event.kind
            )));
        }
        Ok(value)
    }
}

impl<D: Decider> fmt::Debug for Known<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", D::NAME, self.states)
    }
}

impl<D: Decider> AnyDecider for Known<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn hears(&self, event: &Recorded) -> bool {
        D::HEARS.matches(event)
    }

    fn is_of_its_key(&self, event: &Recorded) -> Result<bool, Failure> {
        let keys = self.decider.keys(event)?;
        Ok(keys.iter().all(|key| *key == event.key))
    }

    fn missing(&self, event: &Recorded, keys: &mut BTreeSet<String>) -> Result<(), Failure> {
        for key in self.decider.keys(event)? {
            if !self.states.known.contains_key(&key) {
                keys.insert(key);
            }
        }
        Ok(())
    }

    fn knows(&self, key: &str) -> bool {
        self.states.known.contains_key(key)
    }

    fn fill(&mut self, key: String, state: Option<&str>) -> Result<(), Failure> {
        let state = state.map(serde_json::from_str).transpose();
        let state = state.map_err(|error| {
            Failure::Other(format!("the state of {} for {key}: {error}", D::NAME))
        })?;
        self.states.known.insert(key, state);
        Ok(())
    }

    fn decide(&mut self, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let decided = self.decider.decide(&self.states, event)?;
        let decided = self.checked(event, decided)?;
        self.evolve(event)?;
        Ok(decided)
    }

    fn evolve(&mut self, event: &Recorded) -> Result<(), Failure> {
        self.decider.evolve(&mut self.states, event)?;
        self.checked(event, ())
    }

    fn elapsed(&self, key: &str, deadline_us: i64) -> Result<Option<NewEvent>, Failure> {
        let Some(Some(state)) = self.states.known.get(key) else {
            return Ok(None);
        };
        if self.decider.deadline(state) != Some(deadline_us) {
            return Ok(None);
        }
        self.decider.elapsed(key, state)
    }

    fn changes(&mut self) -> Result<Vec<Change>, Failure> {
        let mut changes = Vec::with_capacity(self.states.changed.len());
        for key in std::mem::take(&mut self.states.changed) {
            let Some(known) = self.states.known.get_mut(&key) else {
                continue;
            };
            let Some(state) = known else { continue };
            if self.decider.is_nothing(state) {
                *known = None;
                changes.push(Change {
                    key,
                    state: None,
                    deadline_us: 0,
                });
                continue;
            }
            let text = serde_json::to_string(state).map_err(|error| {
                Failure::Other(format!("the state of {} for {key}: {error}", D::NAME))
            })?;
            changes.push(Change {
                deadline_us: self.decider.deadline(state).unwrap_or(0),
                state: Some(text),
                key,
            });
        }
        Ok(changes)
    }

    fn forget(&mut self) {
        self.states = States::default();
    }

    fn trim(&mut self) {
        if self.states.known.len() > MAX_KEPT {
            self.forget();
        }
    }
}
