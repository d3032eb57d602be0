//! The loop of a [`Reactor`]: events of different keys at once, those of one key in order, with no
//! transaction open while the outside world is asked.
//!
//! Answers are recorded in groups. The stored position passes an event when its answer is recorded, or
//! when it is slow and others have overtaken it: then it is parked as begun, so that it is asked again
//! after a crash.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use crate::lane::{Cursor, Lane, Pace, caught};
use crate::parked::{self, Parked, ParkedState, Row};
use crate::{Failure, NewEvent, Reactor, Recorded, Step, decisions};

/// An event that others have waited for this long is parked, so that they can be recorded.
const OVERTAKE: Duration = Duration::from_millis(20);

type Answer = (Arc<Recorded>, Result<Vec<NewEvent>, Failure>);
type Flight = Pin<Box<dyn Future<Output = Answer> + Send>>;

struct State {
    cursor: Cursor,
    parked: Parked,
    /// Asked and not answered, by position, with the moment of asking.
    asked: BTreeMap<u64, (Arc<Recorded>, Instant)>,
    /// Read and behind an earlier event of their key. A key stands here while one of its events is
    /// asked or unrecorded, be there others behind it or not.
    waiting: HashMap<String, VecDeque<Arc<Recorded>>>,
    /// Events that wait, over all keys.
    waiting_count: usize,
    /// Answered and not recorded.
    answers: BTreeMap<u64, Answer>,
    /// Decisions about dead letters, read and not followed.
    decisions: Vec<Arc<Recorded>>,
    /// Keys whose last event is recorded: the next one can be asked.
    freed: Vec<String>,
    /// When answers were recorded last.
    recorded: Option<Instant>,
    /// Nothing has come for a while: the position passes what was read.
    is_resting: bool,
}

pub(crate) async fn run<R: Reactor>(reactor: Arc<R>, lane: Lane) {
    let mut pace = Pace::new(&lane);
    let mut flights: FuturesUnordered<Flight> = FuturesUnordered::new();
    let mut state: Option<State> = None;
    loop {
        if pace.is_stopped() && flights.is_empty() {
            if let Some(state) = &mut state
                && let Err(failure) = state.record(&lane).await
            {
                tracing::warn!(consumer = lane.name, %failure, "answers unrecorded; asked again");
            }
            return;
        }
        let asking = !pace.is_stopped();
        match step(&reactor, &lane, &mut flights, &mut state, asking).await {
            Ok(true) => pace.went_well(),
            Ok(false) => {
                let read = state.as_ref().map_or(0, |state| state.cursor.read);
                let due_us = state.as_ref().and_then(|state| state.next_due_us(&lane));
                if flights.is_empty() {
                    let at_rest = state.as_mut().filter(|state| state.is_at_rest());
                    match at_rest {
                        Some(at) => at.is_resting = pace.rest(at.cursor, due_us).await,
                        None => pace.wait(read, due_us).await,
                    }
                } else {
                    let reading =
                        asking && state.as_ref().is_some_and(|state| state.has_room(&lane));
                    // At the latest when what was answered must be recorded.
                    let overdue = async {
                        match state
                            .as_ref()
                            .is_some_and(|state| !state.answers.is_empty())
                        {
                            true => tokio::time::sleep(OVERTAKE).await,
                            false => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        answer = flights.next() => {
                            if let (Some(answer), Some(state)) = (answer, state.as_mut()) {
                                state.answered(answer);
                            }
                        }
                        () = pace.wait(read, due_us), if reading => {}
                        () = overdue => {}
                    }
                }
            }
            Err(failure) => {
                // What was asked is asked again: the idempotency key makes that harmless.
                state = None;
                flights.clear();
                pace.failed(&failure).await;
            }
        }
    }
}

/// Asks what can be asked and records what was answered; says whether there was anything to do.
async fn step<R: Reactor>(
    reactor: &Arc<R>,
    lane: &Lane,
    flights: &mut FuturesUnordered<Flight>,
    state: &mut Option<State>,
    asking: bool,
) -> Result<bool, Failure> {
    let state = match state {
        Some(state) => state,
        None => state.insert(State {
            cursor: lane.cursor().await?,
            parked: Parked::load(&lane.log, lane.name).await?,
            asked: BTreeMap::new(),
            waiting: HashMap::new(),
            waiting_count: 0,
            answers: BTreeMap::new(),
            decisions: Vec::new(),
            freed: Vec::new(),
            recorded: None,
            is_resting: false,
        }),
    };
    while let Some(Some(answer)) = flights.next().now_or_never() {
        state.answered(answer);
    }
    let mut busy = state.record(lane).await?;
    if asking {
        busy |= state.ask_waiting(reactor, lane, flights);
        busy |= state.ask_parked(reactor, lane, flights).await?;
        busy |= state.ask_new(reactor, lane, flights).await?;
    }
    Ok(busy)
}

impl State {
    fn answered(&mut self, answer: Answer) {
        let position = answer.0.position;
        self.asked.remove(&position);
        self.answers.insert(position, answer);
    }

    /// When a parked event that is not being asked is due.
    fn next_due_us(&self, lane: &Lane) -> Option<i64> {
        let due_us = self
            .parked
            .next_due_us()
            .filter(|due_us| *due_us < i64::MAX);
        due_us.filter(|_| self.asked.len() < lane.settings.parallel_keys)
    }

    /// Whether nothing is on its way. What waits then waits behind something parked.
    fn is_at_rest(&self) -> bool {
        self.asked.is_empty() && self.answers.is_empty() && self.decisions.is_empty()
    }

    /// Whether another event may be asked: bounds what is in memory and what the outside world gets
    /// at once.
    fn has_room(&self, lane: &Lane) -> bool {
        let unrecorded = self.asked.len() + self.waiting_count + self.answers.len();
        self.asked.len() < lane.settings.parallel_keys
            && unrecorded < lane.settings.batch.max(lane.settings.parallel_keys) * 2
    }

    fn is_busy(&self, key: &str) -> bool {
        self.waiting.contains_key(key) || self.parked.blocks(key)
    }

    fn ask<R: Reactor>(
        &mut self,
        reactor: &Arc<R>,
        lane: &Lane,
        flights: &mut FuturesUnordered<Flight>,
        event: Arc<Recorded>,
    ) {
        self.asked
            .insert(event.position, (event.clone(), Instant::now()));
        let (reactor, log) = (reactor.clone(), lane.log.clone());
        flights.push(Box::pin(async move {
            log.environment().reach(Step::Asking, R::NAME).await;
            let answer = caught(reactor.react(&event)).await;
            log.environment().reach(Step::Answered, R::NAME).await;
            (event, answer)
        }));
    }

    /// Asks parked events that are due again.
    async fn ask_parked<R: Reactor>(
        &mut self,
        reactor: &Arc<R>,
        lane: &Lane,
        flights: &mut FuturesUnordered<Flight>,
    ) -> Result<bool, Failure> {
        let mut busy = false;
        while self.asked.len() < lane.settings.parallel_keys
            && let Some(position) = self.parked.due(lane.now_us())
        {
            lane.reach(Step::Retrying).await;
            let event = lane.log.read_one(position).await?;
            // Not due again until this attempt is answered.
            if let Some(row) = self.parked.get(position).cloned() {
                self.parked.put(
                    position,
                    Row {
                        due_us: i64::MAX,
                        ..row
                    },
                );
            }
            self.ask(reactor, lane, flights, event);
            busy = true;
        }
        Ok(busy)
    }

    /// Reads on, asks what is free to be asked, and lets the rest wait.
    async fn ask_new<R: Reactor>(
        &mut self,
        reactor: &Arc<R>,
        lane: &Lane,
        flights: &mut FuturesUnordered<Flight>,
    ) -> Result<bool, Failure> {
        if !self.has_room(lane) {
            return Ok(false);
        }
        let room = lane.settings.parallel_keys - self.asked.len();
        let (batch, to) = lane
            .read(self.cursor.read, room.min(lane.settings.batch))
            .await?;
        let moved = to > self.cursor.read;
        self.cursor.read = to;
        for event in batch {
            if decisions::concerns(&event, lane.name) {
                self.decisions.push(event);
            } else if self.is_busy(&event.key) {
                self.waiting_count += 1;
                self.waiting
                    .entry(event.key.clone())
                    .or_default()
                    .push_back(event);
            } else {
                // The key is busy from now on, with nothing behind it yet.
                self.waiting.insert(event.key.clone(), VecDeque::new());
                self.ask(reactor, lane, flights, event);
            }
        }
        Ok(moved)
    }

    /// The lowest position that is neither answered nor parked. What waits behind a parked event is not
    /// open: it is held when the position passes it.
    fn lowest_open(&self) -> Option<u64> {
        let asked = self
            .asked
            .keys()
            .find(|position| self.parked.get(**position).is_none());
        let free = self
            .waiting
            .iter()
            .filter(|(key, _)| !self.parked.blocks(key));
        let waiting = free.filter_map(|(_, queue)| queue.front());
        asked
            .copied()
            .into_iter()
            .chain(waiting.map(|event| event.position))
            .min()
    }

    /// Records what was answered, with the position that this allows.
    async fn record(&mut self, lane: &Lane) -> Result<bool, Failure> {
        // Behind a dead letter events gather without anything being answered: they must not fill the
        // memory, nor keep the decision about it from being read.
        let crowded =
            self.waiting_count >= lane.settings.batch || std::mem::take(&mut self.is_resting);
        if self.answers.is_empty() && self.decisions.is_empty() && !crowded {
            return Ok(false);
        }
        let gap = self
            .recorded
            .map_or(lane.settings.min_gap, |recorded| recorded.elapsed());
        tokio::time::sleep(lane.settings.min_gap.saturating_sub(gap)).await;
        let overtaken = self.asked.iter().any(|(position, (_, since))| {
            since.elapsed() >= OVERTAKE && self.parked.get(*position).is_none()
        });
        let open = self.lowest_open();
        let to = match open {
            Some(open) if !overtaken => open - 1,
            _ => self.cursor.read,
        };
        let to = to.max(self.cursor.stored);
        let ready: Vec<u64> = (self.answers.keys().copied())
            .filter(|position| *position <= to || self.parked.get(*position).is_some())
            .collect();
        let decisions: Vec<Arc<Recorded>> = self
            .decisions
            .iter()
            .filter(|event| event.position <= to)
            .cloned()
            .collect();
        // What the position passes while it waits is held: it comes from the table from now on.
        let held: Vec<(u64, Row)> = (self.waiting.iter())
            .flat_map(|(key, queue)| {
                let passed = queue.iter().filter(move |event| event.position <= to);
                passed.map(|event| (event.position, Row::held(key)))
            })
            .collect();
        if ready.is_empty() && decisions.is_empty() && (to == self.cursor.stored || !crowded) {
            return Ok(false);
        }

        let now_us = lane.now_us();
        let mut tx = lane.log.begin(lane.name).await?;
        lane.store_position(&mut tx, self.cursor.stored, to).await?;
        lane.reach(Step::Moved).await;
        let mut puts: Vec<(u64, Row)> = Vec::new();
        let mut removed = Vec::new();
        for position in &ready {
            let Some((event, answer)) = self.answers.get_mut(position) else {
                continue;
            };
            let before = self.parked.get(*position);
            if let Some(known) = before {
                parked::claim(&mut tx, lane.name, *position, known).await?;
            }
            match answer {
                Ok(emitted) => {
                    for new in std::mem::take(emitted) {
                        tx.append(new, Some(event));
                    }
                    if before.is_some() {
                        parked::delete(&mut tx, lane.name, *position).await?;
                        removed.push(*position);
                    }
                }
                Err(failure) => {
                    let attempts = before.map_or(0, |row| row.attempts) + 1;
                    let row = lane.after_failure(&mut tx, event, attempts, failure)?;
                    tracing::warn!(consumer = lane.name, position, attempts, %failure, "parked");
                    puts.push((*position, row));
                }
            }
        }
        for (position, (event, _)) in self.asked.range(..=to) {
            if self.parked.get(*position).is_none() {
                let begun = Row {
                    state: ParkedState::Retrying,
                    ..Row::held(&event.key)
                };
                puts.push((*position, begun));
            }
        }
        puts.extend(held);
        parked::store(&mut tx, lane.name, &puts, now_us).await?;
        if !puts.is_empty() {
            lane.reach(Step::Parked).await;
        }
        let mut changes = Vec::new();
        for event in &decisions {
            changes.extend(decisions::follow(&mut tx, event, now_us).await?);
        }
        lane.reach(Step::Recorded).await;
        tx.commit().await?;

        self.recorded = Some(Instant::now());
        self.cursor.stored = to;
        self.decisions.retain(|event| event.position > to);
        let mut touched: Vec<String> = Vec::new();
        for (position, row) in puts {
            // One that is still being asked is not due before its answer.
            let due_us = if self.asked.contains_key(&position) {
                i64::MAX
            } else {
                row.due_us
            };
            self.parked.put(position, Row { due_us, ..row });
        }
        for change in changes {
            touched.extend(self.parked.key_of(change.position()).map(str::to_owned));
            self.parked.change(change);
        }
        for position in removed {
            self.parked.remove(position);
        }
        for position in ready {
            touched.extend(
                self.answers
                    .remove(&position)
                    .map(|(event, _)| event.key.clone()),
            );
        }
        self.drop_held(to);
        self.freed.extend(touched);
        Ok(true)
    }

    /// Asks the next event of keys whose last one is recorded.
    fn ask_waiting<R: Reactor>(
        &mut self,
        reactor: &Arc<R>,
        lane: &Lane,
        flights: &mut FuturesUnordered<Flight>,
    ) -> bool {
        let freed = std::mem::take(&mut self.freed);
        let busy = !freed.is_empty();
        for key in freed {
            if self.parked.blocks(&key) {
                continue;
            }
            match self.waiting.get_mut(&key).map(VecDeque::pop_front) {
                Some(Some(event)) => {
                    self.waiting_count -= 1;
                    self.ask(reactor, lane, flights, event);
                }
                Some(None) => {
                    self.waiting.remove(&key);
                }
                None => {}
            }
        }
        busy
    }

    /// What was held is in the table now, and comes from there.
    fn drop_held(&mut self, to: u64) {
        for queue in self.waiting.values_mut() {
            let before = queue.len();
            queue.retain(|event| event.position > to);
            self.waiting_count -= before - queue.len();
        }
    }
}
