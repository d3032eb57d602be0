//! The log: reading, following, and who else to tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use db::{Columns, Db};
use parking_lot::Mutex;
use tokio::sync::{OwnedMutexGuard, watch};

use crate::event::COLUMNS;
use crate::head::Head;
use crate::parked::event_columns;
use crate::recent::Recent;
use crate::turn::Turn;
use crate::unheard::Hearers;
use crate::{Environment, Error, Filter, ParkedEvent, ReactorStatus, Recorded, Result, Unheard};

/// A handle to the event log; cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    db: Db,
    environment: Environment,
    recent: Mutex<Recent>,
    turn: Arc<tokio::sync::Mutex<Turn>>,
    reactors: Mutex<BTreeMap<&'static str, ReactorStatus>>,
    head: Arc<Head>,
    hearers: Mutex<Hearers>,
    went_back: watch::Sender<bool>,
    /// Counts what readers of subscriptions have answered.
    answered: watch::Sender<u64>,
}

impl Log {
    /// Opens the log that the database's migrations made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open(db: Db, environment: Environment) -> Result<Self> {
        let log = Self {
            shared: Arc::new(Shared {
                head: Head::new(db.clone()),
                db,
                environment,
                recent: Mutex::default(),
                turn: Arc::default(),
                reactors: Mutex::default(),
                hearers: Mutex::default(),
                went_back: watch::Sender::new(false),
                answered: watch::Sender::new(0),
            }),
        };
        log.stored_head().await?;
        Ok(log)
    }

    pub fn db(&self) -> &Db {
        &self.shared.db
    }

    /// The log's random name; see [`Db::identity`].
    pub fn identity(&self) -> &str {
        self.shared.db.identity()
    }

    pub fn environment(&self) -> &Environment {
        &self.shared.environment
    }

    /// The deciders of this process, for one transaction at a time.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<Turn> {
        self.shared.turn.clone().lock_owned().await
    }

    /// What the reactors of this process are doing.
    pub fn reactors(&self) -> Vec<ReactorStatus> {
        self.shared.reactors.lock().values().copied().collect()
    }

    pub(crate) fn set_reactor(&self, status: ReactorStatus) {
        self.shared.reactors.lock().insert(status.name, status);
    }

    /// Says that somebody of this process hears these events: a consumer, or what shows them.
    pub fn is_heard(&self, filter: Filter<'static>) {
        self.shared.hearers.lock().add(filter);
    }

    /// What this process has appended and nobody of it hears.
    pub fn unheard(&self) -> Vec<Unheard> {
        self.shared.hearers.lock().unheard()
    }

    /// The newest position this process knows of.
    pub fn head(&self) -> u64 {
        self.shared.head.known()
    }

    /// Tells when [`Log::head`] grows.
    pub fn watch_head(&self) -> watch::Receiver<u64> {
        self.shared.head.watch()
    }

    /// The newest position of all processes, which [`Log::head`] knows from now on.
    pub async fn stored_head(&self) -> Result<u64> {
        self.shared.head.stored().await
    }

    /// Whether the database tells of what other processes append. It is asked every 250 ms otherwise.
    pub fn is_told_of_others(&self) -> bool {
        self.shared.head.is_told()
    }

    /// How often the database was asked for what other processes have appended.
    pub fn polls(&self) -> u64 {
        self.shared.head.polls()
    }

    /// The newest position of all processes, as far as this one can know without asking too often.
    pub(crate) async fn polled_head(&self) -> Result<u64> {
        self.shared.head.poll().await
    }

    /// Tells when others have appended; see [`Log::polled_head`].
    pub(crate) fn watch_others(&self) -> watch::Receiver<u64> {
        self.shared.head.listen();
        self.shared.head.watch_found()
    }

    /// Up to `limit` events after `position`, without a gap; fewer do not mean that there are no more.
    /// None do, up to [`Log::head`]. Damage further on ends the answer early.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Unreadable`], [`Error::Gap`] and [`Error::Missing`] name the
    /// position; nothing is skipped but what was [quarantined](Log::quarantine): there the answer holds
    /// a [stand-in](Recorded::is_stand_in).
    pub async fn read_after(&self, position: u64, limit: usize) -> Result<Vec<Arc<Recorded>>> {
        // Before the database is asked: up to here it must know.
        let head = self.head();
        if let Some(events) = self.shared.recent.lock().after(position, limit)
            && (!events.is_empty() || position >= self.head())
        {
            return Ok(events);
        }
        let damaged = match self.read_stored(position, limit).await {
            Ok(events) if events.is_empty() && position < head && limit > 0 => {
                let position = position + 1;
                Error::Missing { position, head }
            }
            Err(error) if error.is_damage() => error,
            read => return read,
        };
        if self.is_quarantined(position + 1).await? {
            return Ok(vec![Arc::new(Recorded::stand_in(position + 1))]);
        }
        Err(damaged)
    }

    /// What the database has after `position`, up to the first damage; an error when that comes first.
    pub(crate) async fn read_stored(
        &self,
        position: u64,
        limit: usize,
    ) -> Result<Vec<Arc<Recorded>>> {
        let sql =
            format!("select {COLUMNS} from events where position > $1 order by position limit $2");
        let rows = db::query(db::trusted_sql(sql))
            .bind(i64::try_from(position).unwrap_or(i64::MAX))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.shared.db.reader())
            .await?;
        let mut events = Vec::with_capacity(rows.len());
        for (expected, row) in (position + 1..).zip(&rows) {
            let sound = Recorded::from_row(row).and_then(|event| {
                let found = event.position;
                let in_line = found == expected;
                in_line
                    .then_some(event)
                    .ok_or(Error::Gap { expected, found })
            });
            match sound {
                Ok(event) => events.push(Arc::new(event)),
                // What stands before the damage is still good; the next call reports it.
                Err(_) if !events.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(events)
    }

    /// One event.
    pub async fn read_one(&self, position: u64) -> Result<Arc<Recorded>> {
        let before = position
            .checked_sub(1)
            .ok_or(Error::NoSuchEvent(position))?;
        let found = self.read_after(before, 1).await?;
        found.into_iter().next().ok_or(Error::NoSuchEvent(position))
    }

    /// How far each consumer is behind, and what it could not handle. A position passes what does not
    /// concern the consumer when it comes to rest, a second after the last event.
    pub async fn lags(&self) -> Result<Vec<Lag>> {
        let rows = db::query(
            "select name, position, \
             (select count(*) from parked where consumer = name and state <> 'dead'), \
             (select count(*) from parked where consumer = name and state = 'dead') \
             from consumers order by name",
        )
        .fetch_all(self.shared.db.reader())
        .await?;
        let head = self.stored_head().await?;
        let lag = |row: &db::Row| {
            let position = row.try_get::<i64, _>(1)?.unsigned_abs();
            Ok(Lag {
                consumer: row.try_get(0)?,
                position,
                behind: head.saturating_sub(position),
                parked: row.try_get::<i64, _>(2)?.unsigned_abs(),
                dead: row.try_get::<i64, _>(3)?.unsigned_abs(),
            })
        };
        rows.iter().map(lag).collect()
    }

    /// How far one consumer has come; 0 for one that there is not.
    pub async fn position_of(&self, consumer: &str) -> Result<u64> {
        let row = db::query("select position from consumers where name = $1")
            .bind(consumer)
            .fetch_optional(self.shared.db.reader())
            .await?;
        let Some(row) = row else { return Ok(0) };
        Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
    }

    /// Events that consumers could not handle: dead ones, or all that are parked, the dead ones first,
    /// since they wait for a person.
    pub async fn parked(&self, only_dead: bool, limit: usize) -> Result<Vec<ParkedEvent>> {
        let columns = event_columns();
        // A left join: what is parked is told even when its event is missing.
        let sql = format!(
            "select {columns}, p.consumer, p.state, p.attempts, p.error, p.parked_at_us, p.position, \
             p.key from parked p left join events e on e.position = p.position \
             where p.state = 'dead' or $1 = 0 \
             order by case p.state when 'dead' then 0 else 1 end, p.position limit $2"
        );
        let rows = db::query(db::trusted_sql(sql))
            .bind(i64::from(only_dead))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.shared.db.reader())
            .await?;
        rows.iter().map(ParkedEvent::from_row).collect()
    }

    /// The dead letters of one consumer.
    pub async fn dead_of(&self, consumer: &str, limit: usize) -> Result<Vec<ParkedEvent>> {
        let columns = event_columns();
        let sql = format!(
            "select {columns}, p.consumer, p.state, p.attempts, p.error, p.parked_at_us, p.position, \
             p.key from parked p left join events e on e.position = p.position \
             where p.consumer = $1 and p.state = 'dead' order by p.position limit $2"
        );
        let rows = db::query(db::trusted_sql(sql))
            .bind(consumer)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.shared.db.reader())
            .await?;
        rows.iter().map(ParkedEvent::from_row).collect()
    }

    /// All events of one key, oldest first.
    pub async fn read_key(&self, key: &str) -> Result<Vec<Recorded>> {
        let sql = format!("select {COLUMNS} from events where key = $1 order by position");
        let rows = db::query(db::trusted_sql(sql))
            .bind(key)
            .fetch_all(self.shared.db.reader())
            .await?;
        self.all_sound(&rows).await
    }

    /// All events of each of these keys, in their order.
    pub async fn read_keys(&self, keys: &[String]) -> Result<Vec<Recorded>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (list, listed) = db::in_list(keys, 1);
        let sql = format!("select {COLUMNS} from events where key in ({list}) order by position");
        let mut query = db::query(db::trusted_sql(sql));
        for key in listed {
            query = query.bind(key);
        }
        let rows = query.fetch_all(self.shared.db.reader()).await?;
        self.all_sound(&rows).await
    }

    /// The last `limit` events, newest first.
    pub async fn read_last(&self, limit: usize) -> Result<Vec<Recorded>> {
        let sql = format!("select {COLUMNS} from events order by position desc limit $1");
        let rows = db::query(db::trusted_sql(sql))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.shared.db.reader())
            .await?;
        self.all_sound(&rows).await
    }

    /// Follows the log from after `position`.
    pub fn tail(&self, position: u64) -> Tail {
        Tail {
            log: self.clone(),
            position,
            head: self.watch_head(),
        }
    }

    /// Called once per commit, after it is durable.
    pub(crate) fn committed(&self, events: &[Arc<Recorded>]) {
        self.shared.hearers.lock().look_at(events);
        self.take_in(events);
    }

    /// Takes in events that another process has committed and some carrier has brought; the carrier is
    /// trusted as the database is. They may come twice, late, in any order or not at all, as the news
    /// of this process's own commits may: what is missing is read from the database. Whoever follows
    /// the log is woken.
    pub fn delivered(&self, events: Vec<Recorded>) {
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        self.take_in(&events);
    }

    fn take_in(&self, events: &[Arc<Recorded>]) {
        let Some(newest) = events.iter().map(|event| event.position).max() else {
            return;
        };
        self.shared.recent.lock().push(events);
        self.saw_head(newest);
    }

    /// Tells when a reader of this process has answered, so that others may get what waited behind it.
    pub fn watch_answers(&self) -> watch::Receiver<u64> {
        self.shared.answered.subscribe()
    }

    pub(crate) fn was_answered(&self) {
        self.shared.answered.send_modify(|count| *count += 1);
    }

    pub(crate) fn went_back(&self) {
        self.shared.went_back.send_replace(true);
    }

    /// Waits until the database is found to have lost events that this process knows of: see
    /// [`Error::WentBack`]. What is in memory builds on them, here and in open pages; only a restart,
    /// which gives the log another name, begins with what is left.
    pub async fn has_gone_back(&self) {
        let mut went_back = self.shared.went_back.subscribe();
        // The sender lives as long as the log does.
        let _ = went_back.wait_for(|went_back| *went_back).await;
    }

    pub(crate) fn saw_head(&self, position: u64) {
        self.shared.head.saw(position);
    }

    /// Waits until there may be something after `position`, or for a moment: for a commit of this
    /// process, or for one of another that the database tells of or was asked for.
    pub(crate) async fn wait_past(&self, position: u64, head: &mut watch::Receiver<u64>) {
        // Armed before looking: a commit between the look and the wait is not lost.
        if *head.borrow_and_update() > position {
            return;
        }
        self.shared.head.listen();
        tokio::select! {
            _ = head.changed() => {}
            () = self.shared.head.until_poll() => {
                if let Err(error) = self.polled_head().await {
                    tracing::warn!(%error, "the log's head cannot be read");
                }
            }
        }
    }
}

/// How far a consumer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    pub consumer: String,
    pub position: u64,
    /// Events of the log after the position, of whatever kind.
    pub behind: u64,
    /// Events that are tried again or wait behind one that is.
    pub parked: u64,
    /// Events out of attempts.
    pub dead: u64,
}

/// A reader that follows the log. Its position is its own; nothing is stored.
#[derive(Debug)]
pub struct Tail {
    log: Log,
    position: u64,
    head: watch::Receiver<u64>,
}

impl Tail {
    /// Position of the last event given out.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Waits for the next events: one at least, `limit` at most.
    ///
    /// # Errors
    /// As [`Log::read_after`]; the position stays, so that the call can be made again.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Arc<Recorded>>> {
        loop {
            self.log.wait_past(self.position, &mut self.head).await;
            if self.log.head() <= self.position {
                continue;
            }
            let events = self.log.read_after(self.position, limit).await?;
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(events);
            }
        }
    }
}
