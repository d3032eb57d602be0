//! The same on a real log, with the services that watch: the day with all attacks in it, one every ten minutes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use broker::{Environment, Log, NewEvent, Runner};
use db::{Columns, Db};
use domain::event::{AlertRaised, AlertReported};
use services::ShopSettings;
use uuid::Uuid;

use super::attacks::{Attack, attacks};
use super::day::{MIDNIGHT_US, SECOND_US, day};
use super::happening::Happening;
use super::in_memory::{Measured, is_of};

/// Attacks begin at nine and follow one another.
const FIRST_US: i64 = MIDNIGHT_US + 9 * 3_600 * SECOND_US;
const APART_US: i64 = 600 * SECOND_US;
/// An alert that is raised within this of an attack is of it.
const WITHIN_US: i64 = 120 * SECOND_US;
/// Events in one transaction, within a second of the day.
const BATCH: usize = 64;

#[derive(Debug)]
pub struct OnLog {
    pub events: u64,
    pub took: Duration,
    /// Alerts raised by no attack.
    pub false_alerts: i64,
    /// Per attack, in the order of the list: the longest commit with an alert of it, from the append on.
    pub raised_in: Vec<Option<Duration>>,
    pub slowest_commit: Duration,
}

impl OnLog {
    pub fn is_sound(&self, alone: &Measured) -> bool {
        let all = self.raised_in.len() == alone.attacks.len();
        self.false_alerts == 0 && all && self.raised_in.iter().all(Option::is_some)
    }
}

/// An event as the shop's commands would append it.
fn new_event(happening: &Happening) -> anyhow::Result<NewEvent> {
    let event = &happening.event;
    let new = NewEvent::new(event.kind(), event.topic(), event.key(), event.to_json()?);
    let who = &happening.who;
    let marks = [
        (broker::ORIGIN, &who.origin),
        (broker::PERSON, &who.person),
        ("place", &who.place),
    ];
    let known = marks
        .into_iter()
        .filter_map(|(name, mark)| Some((name, mark.as_ref()?)));
    Ok(known.fold(new, |new, (name, mark)| new.with(name, mark.as_str())))
}

pub async fn measure(orders: u32, seed: u64, folder: &Path) -> anyhow::Result<OnLog> {
    let scripts: Vec<Attack> = (0..attacks(0).len())
        .map(|n| {
            let since = APART_US * i64::try_from(n).unwrap_or(0);
            attacks(FIRST_US + since).swap_remove(n)
        })
        .collect();
    let mut told = day(orders, seed);
    told.extend(scripts.iter().flat_map(|it| it.told.clone()));
    told.sort_by_key(|it| it.at_us);

    let clock = Arc::new(AtomicI64::new(MIDNIGHT_US));
    let now = clock.clone();
    let environment = Environment::new(move || now.load(Ordering::Relaxed), Uuid::now_v7);
    let start = Instant::now();
    let steady = move || i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX);
    let environment = environment.with_steady_clock(steady);
    let db = Db::open(&db::Settings::sqlite_file(&folder.join("watch.db"))).await?;
    let log = Log::open(db.clone(), environment).await?;
    let mut runner = Runner::new(log.clone(), broker::Settings::default());
    services::watching(&ShopSettings::default())
        .start(&mut runner)
        .await;

    let mut raised_in = vec![None; scripts.len()];
    let mut slowest_commit = Duration::ZERO;
    let begun = Instant::now();
    let mut rest = told.as_slice();
    while let Some(first) = rest.first() {
        let is_near = |it: &&Happening| it.at_us < first.at_us + SECOND_US;
        let count = rest.iter().take(BATCH).take_while(is_near).count();
        let (batch, later) = rest.split_at(count);
        rest = later;
        let from = log.head();
        let appended = Instant::now();
        let mut tx = log.begin("watch").await?;
        for happening in batch {
            clock.fetch_max(happening.at_us, Ordering::Relaxed);
            tx.append(new_event(happening)?, None);
        }
        tx.commit().await?;
        let took = appended.elapsed();
        slowest_commit = slowest_commit.max(took);
        // Decided in the very commit that appended: nothing is waited for.
        for event in log.read_after(from, BATCH * 8).await? {
            if event.kind != AlertReported::KIND {
                continue;
            }
            let domain::Event::AlertReported(it) =
                domain::Event::from_json(&event.kind, &event.data)?
            else {
                continue;
            };
            if let Some(at) = scripts.iter().position(|attack| is_of(attack, &it)) {
                let is_now = event.time_us - scripts[at].told[0].at_us;
                if (0..WITHIN_US).contains(&is_now) && raised_in[at].is_none() {
                    raised_in[at] = Some(took);
                }
            }
        }
    }
    let took = begun.elapsed();
    runner.stop().await;
    let false_alerts = raised_outside(&db, scripts.len()).await?;
    let events = log.head();
    db.close().await;
    Ok(OnLog {
        events,
        took,
        false_alerts,
        raised_in,
        slowest_commit,
    })
}

/// Alerts that were raised while no attack went on.
async fn raised_outside(db: &Db, attacks: usize) -> anyhow::Result<i64> {
    let rows = db::query("select time_us from events where type = $1")
        .bind(AlertRaised::KIND)
        .fetch_all(db.reader())
        .await?;
    let mut outside = 0;
    for row in &rows {
        let since = row.try_get::<i64, _>(0)? - FIRST_US;
        let ends = i64::try_from(attacks).unwrap_or(0) * APART_US;
        let is_of_one = (0..ends).contains(&since) && since.rem_euclid(APART_US) < WITHIN_US;
        outside += i64::from(!is_of_one);
    }
    Ok(outside)
}
