//! Who takes part in a shop: every decider, consumer and reactor, registered once. What is started, what
//! can be replayed and what people see in a list all come from here.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::decider::{AnyDecider, Known};
use crate::{Consumer, Decider, Reactor, Runner};

/// What somebody of the roster does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Keeps states and decides: can be replayed.
    Decider,
    /// Keeps a table.
    Consumer,
    /// Asks the outside world: is never replayed.
    Reactor,
}

type Start = Box<dyn for<'r> FnOnce(&'r mut Runner) -> BoxFuture<'r, ()> + Send + Sync>;
type Fresh = Box<dyn Fn() -> Box<dyn AnyDecider> + Send + Sync>;

struct Entry {
    name: &'static str,
    role: Role,
    start: Option<Start>,
    known: Option<Fresh>,
}

/// A list of deciders, consumers and reactors.
#[derive(Default)]
pub struct Roster {
    entries: Vec<Entry>,
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members()).finish()
    }
}

impl Roster {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn decider<D: Decider>(mut self, decider: D) -> Self {
        let decider = Arc::new(decider);
        let replayed = decider.clone();
        self.entries.push(Entry {
            name: D::NAME,
            role: Role::Decider,
            start: Some(Box::new(|runner| {
                Box::pin(async move {
                    runner.decider(decider).await;
                })
            })),
            known: Some(Box::new(move || Box::new(Known::new(replayed.clone())))),
        });
        self
    }

    #[must_use]
    pub fn consumer<C: Consumer>(mut self, consumer: C) -> Self {
        self.entries.push(Entry {
            name: C::NAME,
            role: Role::Consumer,
            start: Some(Box::new(|runner| {
                Box::pin(async move {
                    runner.consumer(consumer);
                })
            })),
            known: None,
        });
        self
    }

    /// `None` where there is no outside world: it is known, and never started.
    #[must_use]
    pub fn reactor<R: Reactor>(mut self, reactor: Option<R>) -> Self {
        let start = |reactor| -> Start {
            Box::new(|runner| {
                Box::pin(async move {
                    runner.reactor(reactor);
                })
            })
        };
        self.entries.push(Entry {
            name: R::NAME,
            role: Role::Reactor,
            start: reactor.map(start),
            known: None,
        });
        self
    }

    /// Name and role of everyone, in the order of registration.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, Role)> {
        self.entries.iter().map(|entry| (entry.name, entry.role))
    }

    /// The names of those who start, in the order of registration.
    pub fn starting(&self) -> impl Iterator<Item = &'static str> {
        let starting = self.entries.iter().filter(|entry| entry.start.is_some());
        starting.map(|entry| entry.name)
    }

    /// The names of those whose states can be built anew.
    pub fn deciders(&self) -> impl Iterator<Item = &'static str> {
        let deciders = self.members().filter(|(_, role)| *role == Role::Decider);
        deciders.map(|(name, _)| name)
    }

    /// Starts everyone, and the telling of deadlines.
    pub async fn start(self, runner: &mut Runner) {
        for start in self.entries.into_iter().filter_map(|entry| entry.start) {
            start(runner).await;
        }
        runner.timers();
    }

    pub(crate) fn known(&self, decider: &str) -> Option<Box<dyn AnyDecider>> {
        let found = self.entries.iter().find(|entry| entry.name == decider);
        Some(found?.known.as_ref()?())
    }
}
