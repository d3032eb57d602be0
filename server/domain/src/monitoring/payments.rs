//! Whether a gateway takes fewer payments than it did: its last payments beside its own past.

use serde::{Deserialize, Serialize};

/// Payments that are looked at, the last ones, within an hour.
const RECENT: usize = 30;
const RECENT_US: i64 = 60 * 60 * 1_000_000;
/// Of the past, hour by hour, a day is kept.
const HOUR_US: i64 = 60 * 60 * 1_000_000;
const HOURS: i64 = 24;
/// Fewer payments of the past say little.
const MIN_PAST: u64 = 100;
/// Once told, it is not told again for so long. An hour.
const QUIET_US: i64 = 60 * 60 * 1_000_000;

/// Of the share that was taken before, a part that is back: three of four.
const BACK: (u64, u64) = (3, 4);

/// A payment that the gateway has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Unix microseconds.
    pub at_us: i64,
    /// The event's id, where the gateway said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<String>,
}

/// Payments of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Hour {
    /// Hours since 1970.
    hour: i64,
    taken: u64,
    declined: u64,
}

/// Payments, and those of them that were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Share {
    taken: u64,
    all: u64,
}

/// What one gateway has answered lately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payments {
    past: Vec<Hour>,
    recent: Vec<Attempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_us: Option<i64>,
    /// What was taken before they began to fail, as long as they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Share>,
}

impl Payments {
    /// The payments that were declined, when with this one fewer than half of the share are taken that was
    /// before.
    pub fn finds(&self, attempt: &Attempt) -> Option<Vec<String>> {
        attempt.declined.as_ref()?;
        let quiet = |told_us| attempt.at_us < told_us + QUIET_US;
        if self.told_us.is_some_and(quiet) {
            return None;
        }
        let since_us = attempt.at_us - RECENT_US;
        let skipped = (self.recent.len() + 1).saturating_sub(RECENT);
        let recent = self.recent.iter().skip(skipped);
        let recent: Vec<&Attempt> = recent
            .chain([attempt])
            .filter(|it| it.at_us > since_us)
            .collect();
        if recent.len() < RECENT {
            return None;
        }
        let declined: Vec<String> = recent.iter().filter_map(|it| it.declined.clone()).collect();
        let lately = (recent.len() - declined.len()) as u64;
        // The past is what is not recent.
        let (mut taken, mut all) = (0, 0);
        for hour in &self.past {
            taken += hour.taken;
            all += hour.taken + hour.declined;
        }
        taken = taken.saturating_sub(lately);
        all = all.saturating_sub(recent.len() as u64 - 1);
        // lately / RECENT < taken / all / 2
        let has_fallen = all >= MIN_PAST && 2 * lately * all < taken * recent.len() as u64;
        has_fallen.then_some(declined)
    }

    pub fn note(&mut self, attempt: Attempt) {
        let hour = attempt.at_us.div_euclid(HOUR_US);
        let (taken, declined) = match attempt.declined {
            None => (1, 0),
            Some(_) => (0, 1),
        };
        match self.past.iter_mut().find(|it| it.hour == hour) {
            Some(it) => {
                it.taken += taken;
                it.declined += declined;
            }
            None => self.past.push(Hour {
                hour,
                taken,
                declined,
            }),
        }
        self.past.retain(|it| it.hour > hour - HOURS);
        self.recent.push(attempt);
        let more = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..more);
    }

    /// Whether with this payment about as many are taken again as were before they began to fail: of the last ones,
    /// however long ago the first of them was, as a shop sells less at night.
    pub fn is_over(&self, attempt: &Attempt) -> bool {
        if attempt.declined.is_some() || self.recent.len() + 1 < RECENT {
            return false;
        }
        // What an earlier version has told of knows of no share before.
        let before = self
            .before
            .or_else(|| self.told_us.map(|_| self.share_before()));
        let Some(before) = before.filter(|before| before.all >= MIN_PAST) else {
            return false;
        };
        let recent = self.recent.iter().rev().take(RECENT - 1);
        let lately = recent.filter(|it| it.declined.is_none()).count() as u64 + 1;
        // lately / RECENT >= taken / all * part / whole
        let (part, whole) = BACK;
        lately * before.all * whole >= before.taken * part * RECENT as u64
    }

    /// What was taken before the last ones.
    fn share_before(&self) -> Share {
        let (mut taken, mut all) = (0, 0);
        for hour in &self.past {
            taken += hour.taken;
            all += hour.taken + hour.declined;
        }
        let lately = self.recent.iter().filter(|it| it.declined.is_none());
        Share {
            taken: taken.saturating_sub(lately.count() as u64),
            all: all.saturating_sub(self.recent.len() as u64),
        }
    }

    pub fn told(&mut self, at_us: i64) {
        self.told_us = Some(at_us);
        // What is told again while it lasts is measured by the same past.
        let before = self.share_before();
        self.before.get_or_insert(before);
    }

    /// They are taken again: what fails next is told at once.
    pub const fn over(&mut self) {
        self.told_us = None;
        self.before = None;
    }
}
