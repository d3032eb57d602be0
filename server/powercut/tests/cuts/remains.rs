//! What is left of the database after a power cut, and whether it is sound.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::{Consumer, Log, Recorded, Runner};
use db::Columns;
use uuid::Uuid;

use crate::story::{self, HEARD, Listener, SAID};

/// Longer than anything here takes; what takes longer has failed.
const DEADLINE: Duration = Duration::from_secs(20);

pub struct Remains<'a> {
    log: Log,
    ids: HashSet<Uuid>,
    /// Which cut this is, for messages.
    what: &'a str,
}

impl<'a> Remains<'a> {
    /// Opens what is left and examines it: SQLite finds no damage, the log has neither gap nor damage
    /// and ends where its head says, and the consumer's position, table and answers tell the same.
    pub async fn open(folder: &Path, what: &'a str) -> Self {
        let log = story::open_folder(folder).await;
        let log = log.unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut remains = Self {
            log,
            ids: HashSet::new(),
            what,
        };
        let check = remains.rows("pragma integrity_check").await;
        let check: Vec<String> = check.iter().map(|row| row.get(0)).collect();
        assert_eq!(check, ["ok"], "{what}");
        let events = remains.all().await;
        remains.ids = events.iter().map(|event| event.id).collect();
        remains.assert_consistent(&events).await;
        remains
    }

    pub fn has(&self, id: &Uuid) -> bool {
        self.ids.contains(id)
    }

    pub async fn close(self) {
        self.log.db().close().await;
    }

    /// Starts the consumer again and waits until it has heard everything: each event once.
    pub async fn finish_the_work(&self) {
        let said = of_kind(&self.all().await, SAID).len();
        let mut runner = Runner::new(self.log.clone(), broker::Settings::default());
        runner.consumer(Listener);
        let mut tail = self.log.tail(0);
        let heard = tokio::time::timeout(DEADLINE, async {
            let mut heard = 0;
            while heard < said {
                let events = tail.next(1_000).await.expect("readable");
                heard += of_kind(&events, HEARD).len();
            }
        });
        assert!(heard.await.is_ok(), "{}: not heard in time", self.what);
        runner.stop().await;
        let events = self.all().await;
        assert_eq!(of_kind(&events, SAID).len(), said, "{}", self.what);
        assert_eq!(of_kind(&events, HEARD).len(), said, "{}", self.what);
        self.assert_consistent(&events).await;
    }

    async fn rows(&self, sql: &'static str) -> Vec<db::Row> {
        let found = db::query(sql).fetch_all(self.log.db().reader()).await;
        found.unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.what))
    }

    /// The whole log; reading it verifies that it has neither gap nor damage.
    async fn all(&self) -> Vec<Arc<Recorded>> {
        let mut events: Vec<Arc<Recorded>> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.position);
            let more = self.log.read_after(after, 1_000).await;
            let more = more.unwrap_or_else(|error| panic!("{}: {error}", self.what));
            if more.is_empty() {
                return events;
            }
            events.extend(more);
        }
    }

    /// While nobody writes.
    async fn assert_consistent(&self, events: &[Arc<Recorded>]) {
        let what = self.what;
        let head = self.log.stored_head().await.expect("the head");
        assert_eq!(
            events.len() as u64,
            head,
            "{what}: the log ends at its head"
        );
        let stored = self.rows("select name, position from consumers").await;
        let stored: Vec<(String, i64)> = stored.iter().map(|r| (r.get(0), r.get(1))).collect();
        let position = match stored.as_slice() {
            // The power failed before it had ever run.
            [] => 0,
            [(name, position)] => {
                assert_eq!(name, Listener::NAME, "{what}");
                position.unsigned_abs()
            }
            other => panic!("{what}: {other:?}"),
        };
        let said = of_kind(events, SAID);
        let passed = said.iter().filter(|event| event.position <= position);
        let passed: BTreeMap<i64, i64> = passed
            .map(|event| (i64::try_from(event.position).expect("small"), 1))
            .collect();
        let listened = self.rows("select position, times from listened").await;
        let listened: BTreeMap<i64, i64> = listened.iter().map(|r| (r.get(0), r.get(1))).collect();
        assert_eq!(listened, passed, "{what}: the position is {position}");
        let causes: Vec<_> = (of_kind(events, HEARD).iter())
            .map(|event| event.causation_id)
            .collect();
        let ids: Vec<_> = (said.iter().take(passed.len()))
            .map(|event| Some(event.id))
            .collect();
        assert_eq!(causes, ids, "{what}: what was answered");
    }
}

fn of_kind(events: &[Arc<Recorded>], kind: &str) -> Vec<Arc<Recorded>> {
    let found = events.iter().filter(|event| event.kind == kind);
    found.cloned().collect()
}
