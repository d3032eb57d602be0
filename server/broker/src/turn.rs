//! A turn: what one transaction appends, and all that follows it, in one commit.
//!
//! Every transaction that appends events ends with a turn. The deciders that stand at the head of the
//! log handle its events, and the events that they answer with, until nothing new comes; then the
//! head, the events, the states and the deciders' positions are written, and all of it commits.
//!
//! A decider takes part after its own loop, [`consumer_loop`](crate::consumer_loop), has brought it to
//! the head. It leaves again when it fails, when a key that it has parked comes up, or when another
//! process was faster: then the loop goes on from what the database holds, event by event. So the turn
//! decides nothing that the loop would not, and needs no way of failing of its own.

use std::collections::{BTreeSet, HashSet};

use db::Columns;
use tokio::sync::watch;

use crate::chain::{self, Link};
use crate::decider::AnyDecider;
use crate::panics::caught_now;
use crate::states::Changed;
use crate::timers::{Due, Timers};
use crate::{
    Environment, Error, Failure, NewEvent, Recorded, Result, decisions, positions, states,
};

/// The deciders of a process. Whoever holds it writes to the log; it is asked for after the
/// transaction has begun and before any row that others may wait for is locked.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// The head as of which the states of those who take part are known.
    head: u64,
    members: Vec<Member>,
    /// Set while a turn is under way: who finds it set knows that one was cut off.
    is_unsure: bool,
    pub timers: Timers,
    /// The link of the last event that this process has appended, and its position.
    last_link: Option<(u64, Link)>,
    /// The states that the turn under way has changed.
    changed: Vec<Changed>,
}

#[derive(Debug)]
struct Member {
    decider: Box<dyn AnyDecider>,
    generation: i64,
    /// Keys of which an event is parked.
    blocked: HashSet<String>,
    takes_part: watch::Sender<bool>,
}

/// Events that may follow one event in a turn, on the average: more come to no end.
const ANSWERS: usize = 16;
/// But so many at least: one request may be about thousands of keys.
const FEWEST_ANSWERS: usize = 65_536;

/// How a decider comes into the turn.
#[derive(Debug)]
pub(crate) struct Join {
    pub decider: &'static str,
    pub generation: i64,
    pub blocked: HashSet<String>,
}

/// Why a turn cannot be gone on with.
enum Trouble {
    /// A decider failed: without it the turn goes on.
    Of(usize, Failure),
    /// The database failed.
    Database(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl Turn {
    /// Registers a decider, in place of one of the same name. It takes part when it joins. Answers with
    /// what tells whether it does.
    pub fn register(&mut self, decider: Box<dyn AnyDecider>) -> watch::Receiver<bool> {
        let (takes_part, told) = watch::channel(false);
        self.members
            .retain(|member| member.decider.name() != decider.name());
        self.members.push(Member {
            decider,
            generation: 0,
            blocked: HashSet::new(),
            takes_part,
        });
        told
    }

    /// Takes a decider out of the process.
    pub fn unregister(&mut self, decider: &str) {
        self.members
            .retain(|member| member.decider.name() != decider);
    }

    /// Begins a turn. Only [`Turn::end`] makes what is in memory trustworthy again.
    pub fn begin(&mut self) {
        if std::mem::replace(&mut self.is_unsure, true) {
            self.release_all();
            self.last_link = None;
        }
    }

    /// Ends a turn whose events are durable, up to `head`; `None` for one that came to nothing.
    pub fn end(&mut self, head: Option<u64>) {
        match head {
            Some(head) => self.head = head,
            None => {
                self.release_all();
                self.last_link = None;
            }
        }
        for member in &mut self.members {
            member.decider.trim();
        }
        self.is_unsure = false;
    }

    /// The link that the event after `position` follows. Nobody else appends meanwhile.
    pub async fn link_before_next(&self, tx: &mut db::Tx, position: u64) -> Result<Link> {
        match self.last_link {
            Some((known, link)) if known == position => Ok(link),
            // Another process has appended, or nobody yet.
            _ => chain::before_next(tx, position).await,
        }
    }

    /// Remembers the link of an event that is about to be committed.
    pub const fn remember_link(&mut self, position: u64, link: Link) {
        self.last_link = Some((position, link));
    }

    /// Whether any decider takes part.
    pub fn has_members(&self) -> bool {
        self.members.iter().any(Member::is_in)
    }

    pub const fn head(&self) -> u64 {
        self.head
    }

    /// Lets a decider that has come to the head take part. Nobody else appends meanwhile.
    pub fn join(&mut self, join: Join, head: u64) {
        self.head = head;
        let name = join.decider;
        let found = self.members.iter_mut().find(|m| m.decider.name() == name);
        if let Some(member) = found {
            member.decider.forget();
            member.generation = join.generation;
            member.blocked = join.blocked;
            member.takes_part.send_replace(true);
        }
    }

    /// Sends a decider back to its own loop.
    pub fn release(&mut self, decider: &str) {
        for member in &mut self.members {
            if member.decider.name() == decider {
                member.release();
            }
        }
    }

    fn release_all(&mut self) {
        for member in &mut self.members {
            member.release();
        }
    }

    /// Whether a deadline of this decider and key can be told: it takes part, and nothing of the key
    /// stands in line.
    pub fn can_tell(&self, decider: &str, key: &str) -> bool {
        let member = self.members.iter().find(|m| m.decider.name() == decider);
        member.is_some_and(|member| member.can_tell(key))
    }

    /// After another process has appended up to `head`, which is held: who has been brought there goes
    /// on with states read anew, the others are behind.
    pub async fn catch_up(&mut self, tx: &mut db::Tx, head: u64) -> Result<()> {
        for member in self.members.iter_mut().filter(|member| member.is_in()) {
            let name = member.decider.name();
            let row = db::query("select position, generation from consumers where name = $1")
                .bind(name)
                .fetch_optional(tx.conn())
                .await?;
            let is_there = match row {
                Some(row) => {
                    row.try_get::<i64, _>(0)?.unsigned_abs() == head
                        && row.try_get::<i64, _>(1)? == member.generation
                }
                None => false,
            };
            if !is_there {
                member.release();
                continue;
            }
            let parked = db::query("select 1 from parked where consumer = $1 limit 1")
                .bind(name)
                .fetch_optional(tx.conn())
                .await?;
            if parked.is_some() || !member.blocked.is_empty() {
                // Its own loop knows when to try what the other one may have parked.
                member.release();
                continue;
            }
            member.decider.forget();
        }
        self.head = head;
        Ok(())
    }

    /// The events that say that deadlines have passed, of those that still stand.
    pub async fn tell_deadlines(
        &mut self,
        tx: &mut db::Tx,
        due: &[Due],
    ) -> Result<Vec<(NewEvent, Due)>> {
        let mut told = Vec::with_capacity(due.len());
        for one in due {
            let found = (self.members.iter_mut()).find(|m| m.decider.name() == one.decider);
            let Some(member) = found.filter(|member| member.can_tell(&one.key)) else {
                continue;
            };
            // What else is due of the same decider is read with it; a state that cannot be read keeps
            // no other from its deadline.
            let all = due.iter().filter(|other| other.decider == one.decider);
            let all = all.map(|other| &other.key);
            if !member.decider.knows(&one.key)
                && !member.could_load(tx, all).await?
                && !member.could_load(tx, [&one.key]).await?
            {
                self.timers.spend(one.clone());
                continue;
            }
            let decider = &member.decider;
            match caught_now(|| decider.elapsed(&one.key, one.deadline_us)) {
                Ok(Some(event)) => told.push((event, one.clone())),
                Ok(None) => self.timers.forget(one),
                Err(failure) => member.leave(failure)?,
            }
        }
        Ok(told)
    }

    /// Decides about `pending`, and about what is decided, which is added, until nothing new comes.
    pub async fn decide(
        &mut self,
        tx: &mut db::Tx,
        environment: &Environment,
        pending: &mut Vec<Recorded>,
    ) -> Result<()> {
        let own = pending.len();
        loop {
            match self.try_decide(tx, environment, pending).await {
                Ok(()) => return Ok(()),
                Err(Trouble::Database(error)) => return Err(error),
                Err(Trouble::Of(member, failure)) => {
                    // What the others have decided may build on what this one has.
                    pending.truncate(own);
                    self.members[member].leave(failure)?;
                    for member in &mut self.members {
                        member.decider.forget();
                    }
                }
            }
        }
    }

    async fn try_decide(
        &mut self,
        tx: &mut db::Tx,
        environment: &Environment,
        pending: &mut Vec<Recorded>,
    ) -> std::result::Result<(), Trouble> {
        let (mut at, mut loaded) = (0, 0);
        let limit = (pending.len() * ANSWERS).max(FEWEST_ANSWERS);
        self.changed.clear();
        while at < pending.len() {
            if at >= loaded {
                self.load_for(tx, &pending[at..]).await?;
                loaded = pending.len();
            }
            for (index, member) in self.members.iter_mut().enumerate() {
                let event = &pending[at];
                if !member.is_in() || !member.decider.hears(event) {
                    continue;
                }
                let name = member.decider.name();
                let decided = member
                    .decide(event)
                    .map_err(|failure| Trouble::Of(index, failure))?;
                for new in decided {
                    let (id, now_us) = (environment.new_id(), environment.now_us());
                    let recorded = new.recorded(id, now_us, name, Some(&pending[at]));
                    member
                        .evolve(&recorded)
                        .map_err(|failure| Trouble::Of(index, failure))?;
                    pending.push(recorded);
                }
                if pending.len() > limit {
                    let endless = Failure::Other("its answers come to no end".to_owned());
                    return Err(Trouble::Of(index, endless));
                }
            }
            at += 1;
        }
        for (index, member) in self.members.iter_mut().enumerate() {
            if !member.is_in() {
                continue;
            }
            let (name, generation) = (member.decider.name(), member.generation);
            let decider = &mut member.decider;
            let changes = caught_now(|| decider.changes());
            let changes = changes.map_err(|failure| Trouble::Of(index, failure))?;
            let changes = changes.into_iter().map(|change| (name, generation, change));
            self.changed.extend(changes);
        }
        Ok(())
    }

    /// Loads the states that some events are about, all of a decider's at once.
    async fn load_for(
        &mut self,
        tx: &mut db::Tx,
        events: &[Recorded],
    ) -> std::result::Result<(), Trouble> {
        for (index, member) in self.members.iter_mut().enumerate() {
            if !member.is_in() {
                continue;
            }
            let keys = caught_now(|| member.keys_of(events))
                .map_err(|failure| Trouble::Of(index, failure))?;
            if keys.is_empty() {
                continue;
            }
            match member.load(tx, &keys).await {
                Ok(()) => {}
                Err(Failure::Log(error)) => return Err(error.into()),
                Err(failure) => return Err(Trouble::Of(index, failure)),
            }
        }
        Ok(())
    }

    /// The states that the turn has changed.
    pub fn take_changes(&mut self) -> Vec<Changed> {
        std::mem::take(&mut self.changed)
    }

    /// Moves the stored positions of those who take part from `from`, where the head was, to `to`.
    ///
    /// # Errors
    /// [`Error::Overtaken`] when they stand elsewhere.
    pub async fn store_positions(&self, tx: &mut db::Tx, from: u64, to: u64) -> Result<()> {
        let names: Vec<&str> = (self.members.iter())
            .filter(|member| member.is_in())
            .map(|member| member.decider.name())
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        positions::move_all(tx, &names, from, to).await
    }

    /// Whether the deadline that was told is still the state's: its decider has ignored it.
    pub fn still_stands(&self, due: &Due) -> bool {
        let member = (self.members.iter()).find(|m| m.decider.name() == due.decider);
        member.is_some_and(|member| {
            member.is_in()
                && matches!(
                    member.decider.elapsed(&due.key, due.deadline_us),
                    Ok(Some(_))
                )
        })
    }
}

impl Member {
    fn is_in(&self) -> bool {
        *self.takes_part.borrow()
    }

    fn release(&mut self) {
        self.decider.forget();
        self.blocked.clear();
        self.takes_part.send_replace(false);
    }

    /// Leaves the turn because of a failure, unless it is the database's: that one is nobody's.
    fn leave(&mut self, failure: Failure) -> Result<()> {
        if let Failure::Log(error) = failure {
            return Err(error);
        }
        tracing::warn!(consumer = self.decider.name(), %failure, "leaves the turn");
        self.release();
        Ok(())
    }

    async fn load(
        &mut self,
        tx: &mut db::Tx,
        keys: &BTreeSet<String>,
    ) -> std::result::Result<(), Failure> {
        states::load(tx, &mut *self.decider, self.generation, keys).await
    }

    fn can_tell(&self, key: &str) -> bool {
        self.is_in() && !self.blocked.contains(key)
    }

    /// Loads the states of those of `keys` that are not known. Says whether all of them could be read.
    async fn could_load<'k>(
        &mut self,
        tx: &mut db::Tx,
        keys: impl IntoIterator<Item = &'k String>,
    ) -> Result<bool> {
        let unknown = keys.into_iter().filter(|key| !self.decider.knows(key));
        let unknown: BTreeSet<String> = unknown.cloned().collect();
        match self.load(tx, &unknown).await {
            Ok(()) => Ok(true),
            Err(Failure::Log(error)) => Err(error),
            Err(failure) => {
                let consumer = self.decider.name();
                tracing::error!(consumer, %failure, "a deadline cannot be told");
                Ok(false)
            }
        }
    }

    /// Keys of the states that these events are about and that are not known.
    fn keys_of(&self, events: &[Recorded]) -> std::result::Result<BTreeSet<String>, Failure> {
        let mut keys = BTreeSet::new();
        for event in events {
            if decisions::concerns(event, self.decider.name()) {
                return Err(Failure::Other("a decision about a dead letter".to_owned()));
            }
            if self.decider.hears(event) {
                if self.blocked.contains(&event.key) {
                    return Err(Failure::Other(format!("{} is parked", event.key)));
                }
                self.decider.missing(event, &mut keys)?;
            }
        }
        Ok(keys)
    }

    fn decide(&mut self, event: &Recorded) -> std::result::Result<Vec<NewEvent>, Failure> {
        let decider = &mut self.decider;
        caught_now(|| decider.decide(event))
    }

    fn evolve(&mut self, event: &Recorded) -> std::result::Result<(), Failure> {
        let decider = &mut self.decider;
        caught_now(|| decider.evolve(event))
    }
}
