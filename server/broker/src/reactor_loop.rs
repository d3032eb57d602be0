//! The loop of a [`Reactor`]: events of different keys at once, those of one key in order, with no
//! transaction open while the outside world is asked.
//!
//! Answers are recorded in groups, in whatever order they come. The stored position passes an event
//! when it is dealt with and all before it are; what is dealt with beyond it is remembered as
//! [`Runs`], so that nothing waits for a slow call and nothing is asked again after a crash. While the
//! other side does not answer, the [`Circuit`] is open, and what is to be asked waits in the log.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use db::Columns;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use crate::circuit::Circuit;
use crate::lease::Lease;
use crate::panics::caught;
use crate::parked::{self, Parked, Row};
use crate::runs::Runs;
use crate::subscription::{Cursor, Pace, Subscription, until};
use crate::{
    Failure, NewEvent, Reactor, ReactorSettings, ReactorStatus, Recorded, Result, Step, Tx,
    dead_letters, decisions,
};

/// Times that an event goes without an answer before it may be put aside.
const TRIES: u32 = 3;

type Answer = (Arc<Recorded>, std::result::Result<Vec<NewEvent>, Failure>);
type Flight = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// An event that is to be asked about: the first of its key, and not parked.
#[derive(Debug)]
struct Try {
    event: Arc<Recorded>,
    /// When, by the clock that nobody sets.
    due_us: i64,
    /// Calls without an answer.
    unanswered: u32,
    first_asked_us: i64,
}

struct State {
    settings: ReactorSettings,
    cursor: Cursor,
    /// What is dealt with beyond the stored position.
    beyond: Runs,
    parked: Parked,
    circuit: Circuit,
    /// Where the last probe was: the next one is about the event after it.
    probed: u64,
    /// Read, and not dealt with.
    open: BTreeSet<u64>,
    /// By key, what is open behind the event that is being asked about or is to be.
    behind: HashMap<String, VecDeque<Arc<Recorded>>>,
    /// To be asked about, by position; and when.
    tries: BTreeMap<u64, Try>,
    due: BTreeSet<(i64, u64)>,
    /// Being asked about, by position. What is parked is not among `tries`.
    asked: BTreeMap<u64, Option<Try>>,
    /// Answered and not recorded.
    answers: BTreeMap<u64, Answer>,
    /// Behind something parked, and not recorded to be.
    held: Vec<Arc<Recorded>>,
    /// Decisions about dead letters, read and not followed.
    decisions: Vec<Arc<Recorded>>,
    /// When answers were recorded last.
    recorded: Option<Instant>,
    /// Nothing has come for a while: the position passes what was read.
    is_resting: bool,
}

pub(crate) async fn run<R: Reactor>(reactor: Arc<R>, subscription: Subscription) {
    let mut pace = Pace::new(&subscription);
    let settings = reactor.settings();
    // It begins now, whoever asks.
    while let Err(error) = subscription.cursor().await {
        if pace.is_stopped() {
            return;
        }
        pace.failed(&error.into()).await;
    }
    let mut lease = Lease::new(
        &subscription.log,
        subscription.name,
        subscription.settings.lease,
    );
    let mut flights: FuturesUnordered<Flight> = FuturesUnordered::new();
    let mut state: Option<State> = None;
    while !pace.is_stopped() {
        let done = match lease.is_held().await {
            Ok(true) => step(&reactor, &subscription, &lease, &mut flights, &mut state).await,
            Ok(false) => {
                state = None;
                flights.clear();
                report(&subscription, &state);
                until_next(&subscription, lease.pause()).await;
                continue;
            }
            Err(error) => Err(error.into()),
        };
        report(&subscription, &state);
        match done {
            Ok(true) => pace.went_well(),
            Ok(false) => {
                if let Some(state) = &mut state {
                    wait(state, &subscription, &mut pace, &mut flights, lease.pause()).await;
                }
            }
            Err(failure) => {
                // What was asked is asked again: the idempotency key makes that harmless.
                state = None;
                flights.clear();
                lease.doubt();
                pace.failed(&failure).await;
            }
        }
    }
    if let Some(state) = &mut state
        && let Err(failure) = finish(
            &reactor,
            &subscription,
            &lease,
            &mut flights,
            state,
            settings,
        )
        .await
    {
        tracing::warn!(consumer = subscription.name, %failure, "answers unrecorded; asked again");
    }
    report(&subscription, &None);
    if let Err(error) = lease.give_up().await {
        tracing::warn!(consumer = subscription.name, %error, "the lease runs out by itself");
    }
}

fn report(subscription: &Subscription, state: &Option<State>) {
    subscription.log.set_reactor(ReactorStatus {
        name: subscription.name,
        in_flight: state.as_ref().map_or(0, |state| state.asked.len()),
        is_circuit_open: state.as_ref().is_some_and(|state| state.circuit.is_open()),
        is_asking: state.is_some(),
    });
}

async fn until_next(subscription: &Subscription, pause: Duration) {
    let mut stop = subscription.stop.clone();
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// Waits for an answer, for something to ask, or until the lease is to be looked at.
async fn wait(
    state: &mut State,
    subscription: &Subscription,
    pace: &mut Pace<'_>,
    flights: &mut FuturesUnordered<Flight>,
    pause: Duration,
) {
    let due_us = state.next_due_us();
    let (cursor, has_room) = (state.cursor, state.has_room());
    state.is_resting = pace.is_at_rest(cursor);
    tokio::select! {
        Some(answer) = flights.next(), if !flights.is_empty() => state.answered(subscription, answer),
        () = pace.wait(cursor.read, due_us), if has_room => {}
        () = until(due_us, subscription.steady_us()), if !has_room => {}
        () = until_next(subscription, pause) => {
            // A lease is looked at more often than the wait for news may take.
            if let Err(error) = subscription.log.polled_head().await {
                tracing::warn!(consumer = subscription.name, %error, "the log's head cannot be read");
            }
        }
    }
}

/// Records what is answered within the time that a stop has.
async fn finish<R: Reactor>(
    reactor: &Arc<R>,
    subscription: &Subscription,
    lease: &Lease,
    flights: &mut FuturesUnordered<Flight>,
    state: &mut State,
    settings: ReactorSettings,
) -> std::result::Result<(), Failure> {
    let end = tokio::time::Instant::now() + settings.stops_within;
    while let Ok(Some(answer)) = tokio::time::timeout_at(end, flights.next()).await {
        state.answered(subscription, answer);
    }
    if !flights.is_empty() {
        let left = flights.len();
        tracing::warn!(
            consumer = subscription.name,
            left,
            "calls without an answer; made again"
        );
        flights.clear();
    }
    state.record(reactor, subscription, lease).await?;
    Ok(())
}

/// Asks what can be asked and records what was answered; says whether there was anything to do.
async fn step<R: Reactor>(
    reactor: &Arc<R>,
    subscription: &Subscription,
    lease: &Lease,
    flights: &mut FuturesUnordered<Flight>,
    state: &mut Option<State>,
) -> std::result::Result<bool, Failure> {
    let state = match state {
        Some(state) => state,
        None => state.insert(State::load(subscription, reactor.settings()).await?),
    };
    while let Some(Some(answer)) = flights.next().now_or_never() {
        state.answered(subscription, answer);
    }
    let mut busy = state.record(reactor, subscription, lease).await?;
    busy |= state.read(subscription).await?;
    busy |= state.ask_due(reactor, subscription, flights).await?;
    Ok(busy)
}

impl State {
    async fn load(subscription: &Subscription, settings: ReactorSettings) -> Result<Self> {
        let cursor = subscription.cursor().await?;
        let row = db::query("select beyond from reactors where name = $1")
            .bind(subscription.name)
            .fetch_optional(subscription.log.db().reader())
            .await?;
        let beyond = match row {
            Some(row) => Runs::from_text(row.try_get(0)?, cursor.stored).unwrap_or_default(),
            None => Runs::default(),
        };
        Ok(Self {
            circuit: Circuit::new(&settings),
            settings,
            cursor,
            beyond,
            parked: subscription.parked().await?,
            probed: 0,
            open: BTreeSet::new(),
            behind: HashMap::new(),
            tries: BTreeMap::new(),
            due: BTreeSet::new(),
            asked: BTreeMap::new(),
            answers: BTreeMap::new(),
            held: Vec::new(),
            decisions: Vec::new(),
            recorded: None,
            is_resting: false,
        })
    }

    /// Whether more may be read: bounds what is in memory.
    fn has_room(&self) -> bool {
        self.open.len() < self.settings.in_flight.max(1) * 2
    }

    /// When there is something to ask.
    fn next_due_us(&self) -> Option<i64> {
        if self.circuit.is_open() {
            return self.circuit.next_probe_us();
        }
        if self.asked.len() >= self.settings.in_flight {
            return None;
        }
        let parked = self.parked.next_due_us();
        let parked = parked.filter(|due_us| *due_us < i64::MAX);
        let due = self.due.first().map(|(due_us, _)| *due_us);
        due.into_iter().chain(parked).min()
    }

    /// Reads on, and lines up what is to be asked.
    async fn read(&mut self, subscription: &Subscription) -> Result<bool> {
        if !self.has_room() {
            return Ok(false);
        }
        let room = self.settings.in_flight.max(1) * 2 - self.open.len();
        let limit = room.min(subscription.settings.batch);
        let (batch, to) = subscription.read(self.cursor.read, limit).await?;
        let moved = to > self.cursor.read;
        self.cursor.read = to;
        for event in batch {
            if self.beyond.contains(event.position) {
                continue;
            }
            self.open.insert(event.position);
            if decisions::concerns(&event, subscription.name) {
                self.decisions.push(event);
            } else if self.parked.blocks(&event.key) {
                self.held.push(event);
            } else if let Some(behind) = self.behind.get_mut(&event.key) {
                behind.push_back(event);
            } else {
                self.line_up(event);
            }
        }
        Ok(moved)
    }

    /// Lets an event be asked about that is the first one of its key.
    fn line_up(&mut self, event: Arc<Recorded>) {
        self.behind.entry(event.key.clone()).or_default();
        self.retry(Try {
            event,
            due_us: 0,
            unanswered: 0,
            first_asked_us: i64::MAX,
        });
    }

    fn retry(&mut self, one: Try) {
        let position = one.event.position;
        self.due.insert((one.due_us, position));
        self.tries.insert(position, one);
    }

    fn take_try(&mut self, position: u64) -> Option<Try> {
        let one = self.tries.remove(&position)?;
        self.due.remove(&(one.due_us, position));
        Some(one)
    }

    /// Asks what is due; while the circuit is open, about one event.
    async fn ask_due<R: Reactor>(
        &mut self,
        reactor: &Arc<R>,
        subscription: &Subscription,
        flights: &mut FuturesUnordered<Flight>,
    ) -> std::result::Result<bool, Failure> {
        let now_us = subscription.steady_us();
        let mut busy = false;
        while self.asked.len() < self.settings.in_flight.max(1) {
            if self.circuit.is_open() {
                let Some(position) = self.next_probe(now_us) else {
                    return Ok(busy);
                };
                self.circuit.probes(position);
                self.probed = position;
                busy |= self.ask(reactor, subscription, flights, position).await?;
                continue;
            }
            let due = self.due.first().filter(|(due_us, _)| *due_us <= now_us);
            let due = due.map(|(_, position)| *position);
            let Some(position) = due.or_else(|| self.parked.due(now_us)) else {
                return Ok(busy);
            };
            busy |= self.ask(reactor, subscription, flights, position).await?;
        }
        Ok(busy)
    }

    /// What to find out with whether the other side is back: each time about another event, so that
    /// one that never gets an answer does not keep all others waiting.
    fn next_probe(&self, now_us: i64) -> Option<u64> {
        if !self.circuit.wants_probe(now_us) {
            return None;
        }
        let ahead = self.tries.range(self.probed + 1..).next();
        let open = ahead.or_else(|| self.tries.first_key_value());
        let open = open.map(|(position, _)| *position);
        let parked = self.parked.next_after(self.probed);
        // Whichever is nearer on the way around.
        let probed = self.probed;
        let way = |position: &u64| position.wrapping_sub(probed + 1);
        open.into_iter().chain(parked).min_by_key(way)
    }

    /// Asks about an event that is due, or parked.
    async fn ask<R: Reactor>(
        &mut self,
        reactor: &Arc<R>,
        subscription: &Subscription,
        flights: &mut FuturesUnordered<Flight>,
        position: u64,
    ) -> std::result::Result<bool, Failure> {
        let mut one = self.take_try(position);
        let event = if let Some(one) = &mut one {
            one.first_asked_us = one.first_asked_us.min(subscription.steady_us());
            one.event.clone()
        } else {
            subscription.reach(Step::Retrying).await;
            // Not due again until this attempt is answered.
            self.parked.set_due(position, i64::MAX);
            match subscription.log.read_one(position).await {
                Ok(event) => event,
                Err(error) if error.is_damage() => {
                    self.circuit.said_nothing(position);
                    self.bury(subscription, position, error.into()).await?;
                    return Ok(true);
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.asked.insert(position, one);
        let (reactor, log) = (reactor.clone(), subscription.log.clone());
        let deadline = self.settings.deadline;
        flights.push(Box::pin(async move {
            if event.is_stand_in() {
                return (event, Ok(Vec::new()));
            }
            log.environment().reach(Step::Asking, R::NAME).await;
            let call = tokio::time::timeout(deadline, caught(reactor.react(&event)));
            let answer = call.await.unwrap_or_else(|_| {
                Err(Failure::NoAnswer(format!("no answer within {deadline:?}")))
            });
            log.environment().reach(Step::Answered, R::NAME).await;
            (event, answer)
        }));
        Ok(true)
    }

    /// Gives up a parked event that cannot be read, until somebody decides about it.
    async fn bury(
        &mut self,
        subscription: &Subscription,
        position: u64,
        damage: Failure,
    ) -> std::result::Result<(), Failure> {
        let known = (self.parked.get(position).cloned()).ok_or(Failure::Moved)?;
        let mut tx = subscription.log.begin(subscription.name).await?;
        let row = subscription
            .bury_parked(&mut tx, position, &known, &damage)
            .await?;
        tx.commit().await?;
        self.parked.put(position, row);
        Ok(())
    }

    /// Takes in the end of a call. What is to be recorded waits for [`State::record`].
    fn answered(&mut self, subscription: &Subscription, answer: Answer) {
        let position = answer.0.position;
        let one = self.asked.remove(&position).flatten();
        match &answer.1 {
            Ok(_) => {
                if self.circuit.answered() {
                    tracing::info!(consumer = subscription.name, "the other side answers again");
                    self.hurry();
                }
            }
            Err(failure) if failure.is_transient() => {
                let failure = failure.to_string();
                self.unanswered(subscription, answer, one, &failure);
                return;
            }
            // It is our own defect, or the event's.
            Err(_) => self.circuit.said_nothing(position),
        }
        self.answers.insert(position, answer);
    }

    /// An event without an answer is asked about again, for as long as it takes. It waits in memory
    /// and in the log; a row is written only when it stays without one while others get theirs.
    fn unanswered(
        &mut self,
        subscription: &Subscription,
        answer: Answer,
        one: Option<Try>,
        failure: &str,
    ) {
        let (now_us, event) = (subscription.steady_us(), answer.0.clone());
        let position = event.position;
        if matches!(answer.1, Err(Failure::NoAnswer(_))) {
            if self.circuit.not_answered(position, &event.key, now_us) {
                tracing::error!(
                    consumer = subscription.name,
                    failure,
                    "the other side does not answer"
                );
            }
        } else {
            self.circuit.said_nothing(position);
        }
        let Some(mut one) = one else {
            let attempts = self.parked.get(position).map_or(1, |row| row.attempts + 1);
            self.parked
                .set_due(position, subscription.retry_us(attempts));
            return;
        };
        one.unanswered += 1;
        let patience = i64::try_from(self.settings.patience.as_micros()).unwrap_or(i64::MAX);
        let has_waited = now_us.saturating_sub(one.first_asked_us) >= patience;
        if one.unanswered >= TRIES && has_waited && !self.circuit.is_open() {
            tracing::warn!(consumer = subscription.name, position, failure, "put aside");
            self.answers.insert(position, answer);
            return;
        }
        one.due_us = subscription.retry_us(one.unanswered);
        self.retry(one);
    }

    /// What has waited for the other side to come back is asked about at once.
    fn hurry(&mut self) {
        self.due.clear();
        for (position, one) in &mut self.tries {
            (one.due_us, one.unanswered, one.first_asked_us) = (0, 0, i64::MAX);
            self.due.insert((0, *position));
        }
    }

    /// Records what was answered, with the position that this allows.
    async fn record<R: Reactor>(
        &mut self,
        reactor: &Arc<R>,
        subscription: &Subscription,
        lease: &Lease,
    ) -> std::result::Result<bool, Failure> {
        let is_resting = std::mem::take(&mut self.is_resting);
        let nothing = self.answers.is_empty() && self.decisions.is_empty() && self.held.is_empty();
        if nothing && !(is_resting && self.open.is_empty()) {
            return Ok(false);
        }
        let gap = self
            .recorded
            .map_or(subscription.settings.min_gap, |recorded| recorded.elapsed());
        tokio::time::sleep(subscription.settings.min_gap.saturating_sub(gap)).await;

        let mut tx = subscription.log.begin(subscription.name).await?;
        lease.keep(&mut tx).await?;
        let mut answers = std::mem::take(&mut self.answers);
        let mut held = std::mem::take(&mut self.held);
        let decisions = std::mem::take(&mut self.decisions);
        let mut done: BTreeSet<u64> = decisions.iter().map(|event| event.position).collect();
        let mut rows: Vec<(u64, Row)> = Vec::new();
        let mut removed = Vec::new();
        let mut freed = Vec::new();
        for (position, (event, answer)) in &mut answers {
            let before = self.parked.get(*position);
            if let Some(known) = before {
                parked::claim(&mut tx, subscription.name, *position, known).await?;
            } else {
                done.insert(*position);
            }
            match answer {
                Ok(emitted) => {
                    for new in std::mem::take(emitted) {
                        tx.append(new, Some(event));
                    }
                    if before.is_some() {
                        parked::delete(&mut tx, subscription.name, *position).await?;
                        removed.push(*position);
                    } else {
                        freed.push(event.key.clone());
                    }
                }
                Err(failure) => {
                    let attempts = before.map_or(0, |row| row.attempts);
                    let row = subscription.after_failure(&mut tx, event, attempts, failure)?;
                    tracing::warn!(consumer = subscription.name, position, %failure, "parked");
                    rows.push((*position, row));
                    // What stands in line behind it waits with it.
                    held.extend(self.behind.remove(&event.key).unwrap_or_default());
                }
            }
        }
        done.extend(held.iter().map(|event| event.position));
        rows.extend(
            held.iter()
                .map(|event| (event.position, Row::held(&event.key))),
        );
        parked::store(
            &mut tx,
            subscription.name,
            &rows,
            subscription.log.environment(),
        )
        .await?;
        if !rows.is_empty() {
            subscription.reach(Step::Parked).await;
        }
        let mut changes = Vec::new();
        for event in &decisions {
            let change =
                dead_letters::follow(&mut tx, event, subscription.log.environment()).await?;
            if let Some(dead_letters::Change::Remove(position)) = change {
                make_up(&**reactor, subscription, &mut tx, position).await?;
            }
            changes.extend(change);
        }
        for position in &done {
            self.open.remove(position);
        }
        let first = self
            .open
            .first()
            .map_or(self.cursor.read, |first| first - 1);
        let to = first.max(self.cursor.stored);
        let beyond = self.beyond.with(&done, &self.open, self.cursor.read, to);
        subscription
            .store_position(&mut tx, self.cursor.stored, to)
            .await?;
        subscription.reach(Step::Moved).await;
        self.store_beyond(subscription, &mut tx, &beyond, to)
            .await?;
        subscription.reach(Step::Recorded).await;
        tx.commit().await?;

        self.recorded = Some(Instant::now());
        self.cursor.stored = to;
        self.beyond = beyond;
        for (position, row) in rows {
            self.parked.put(position, row);
        }
        for change in changes {
            self.parked.change(change);
        }
        for position in removed {
            self.parked.remove(position);
        }
        for key in freed {
            match self.behind.get_mut(&key).map(VecDeque::pop_front) {
                Some(Some(next)) => self.line_up(next),
                Some(None) => {
                    self.behind.remove(&key);
                }
                None => {}
            }
        }
        Ok(true)
    }

    async fn store_beyond(
        &self,
        subscription: &Subscription,
        tx: &mut Tx,
        beyond: &Runs,
        to: u64,
    ) -> std::result::Result<(), Failure> {
        let text = beyond.to_text(to);
        if self.recorded.is_some() && text == self.beyond.to_text(self.cursor.stored) {
            return Ok(());
        }
        db::query(
            "insert into reactors (name, beyond) values ($1, $2) \
             on conflict (name) do update set beyond = excluded.beyond",
        )
        .bind(subscription.name)
        .bind(text)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

/// Makes up for an event that is given up. What cannot be made up for is given up all the same.
async fn make_up<R: Reactor>(
    reactor: &R,
    subscription: &Subscription,
    tx: &mut Tx,
    position: u64,
) -> std::result::Result<(), Failure> {
    let event = match subscription.log.read_one(position).await {
        Ok(event) => event,
        Err(error) if error.is_damage() => {
            tracing::warn!(consumer = subscription.name, position, %error, "nothing makes up for it");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    if event.is_stand_in() {
        return Ok(());
    }
    match caught(async { reactor.discarded(&event) }).await {
        Ok(emitted) => {
            for new in emitted {
                tx.append(new, Some(&event));
            }
        }
        Err(failure) => {
            tracing::warn!(consumer = subscription.name, position, %failure, "nothing makes up for it");
        }
    }
    Ok(())
}
