//! What was done lately by each subject of a rule: by an address, a visitor, an account. Entries fall out by the
//! time of the events that come later, not by a clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::alert::AlertKind;

use super::deeds::{Deed, Entry};
use super::rules::{RULES, Rule, Scope};

/// Entries that are kept of one subject, and of all that share its state: what is older falls out. A flood of
/// one subject then costs as little as anything else, and it was found long before.
const MAX_OF_SUBJECT: usize = 60;
const MAX_OF_STATE: usize = 160;
/// States per scope: subjects share them, so that there are never more rows than this, and what has grown old
/// is removed when something of the same state happens.
const STATES: u32 = 1_024;

/// The deeds of one subject, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// When each rule has reported it last, unix microseconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<AlertKind, i64>,
}

impl Trail {
    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.told.is_empty()
    }

    fn forget_before(&mut self, scope: Scope, now_us: i64) {
        self.entries
            .retain(|entry| entry.at_us > now_us - kept_us(scope, &entry.deed));
        self.told.retain(|kind, told_us| {
            let rule = Rule::of(*kind, scope);
            rule.is_some_and(|rule| *told_us > now_us - rule.window_us)
        });
    }
}

/// For how long a deed matters to any rule.
fn kept_us(scope: Scope, deed: &Deed) -> i64 {
    let rules = RULES.iter();
    let rules = rules.filter(|rule| rule.by == scope && rule.counts.concerns(deed));
    rules.map(|rule| rule.window_us).max().unwrap_or(0)
}

/// Trails by subject: of all subjects that share a state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trails(pub BTreeMap<String, Trail>);

impl Trails {
    /// Takes note of a deed, and forgets what has grown old by then.
    pub fn note(&mut self, scope: Scope, subject: &str, entry: Entry) {
        let now_us = entry.at_us;
        let trail = self.0.entry(subject.to_owned()).or_default();
        trail.entries.push(entry);
        let more = trail.entries.len().saturating_sub(MAX_OF_SUBJECT);
        trail.entries.drain(..more);
        for trail in self.0.values_mut() {
            trail.forget_before(scope, now_us);
        }
        while self.0.values().map(|it| it.entries.len()).sum::<usize>() > MAX_OF_STATE {
            let oldest = self
                .0
                .values_mut()
                .filter(|trail| !trail.entries.is_empty())
                .min_by_key(|trail| trail.entries[0].at_us);
            let Some(oldest) = oldest else { break };
            oldest.entries.remove(0);
        }
        self.0.retain(|_, trail| !trail.is_empty());
    }

    /// Takes note of what a rule has reported.
    pub fn told(&mut self, subject: &str, kind: AlertKind, at_us: i64) {
        let trail = self.0.entry(subject.to_owned()).or_default();
        trail.told.insert(kind, at_us);
    }
}

/// Which state a subject shares: FNV-1a.
pub fn state_of(subject: &str) -> u32 {
    let hash = subject.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash % STATES
}
