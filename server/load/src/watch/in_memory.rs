//! The rules alone: the day, and each attack by itself mixed into its busiest hour.

use domain::Event;
use domain::event::{AlertReported, OrderPlaced};
use domain::monitoring::memory::Memory;
use types::alert::AlertKind;

use super::attacks::{Attack, attacks};
use super::day::{MIDNIGHT_US, SECOND_US, day};
use super::happening::Happening;

/// Attacks begin in the evening peak, a while after the limited piece came.
pub const ATTACKED_AT_US: i64 = MIDNIGHT_US + (20 * 3_600 + 1_800) * SECOND_US;
/// How long the day goes on beside an attack.
const BESIDE_US: i64 = 60 * SECOND_US;

/// How an attack was found.
#[derive(Debug, Clone)]
pub struct Found {
    pub name: &'static str,
    pub kind: AlertKind,
    pub of: &'static str,
    /// From its first event on.
    pub found_after_us: Option<i64>,
    /// Events of it until then.
    pub events: usize,
    /// Whether the evidence is what the attacker did.
    pub is_proven: bool,
}

#[derive(Debug, Clone)]
pub struct Measured {
    pub orders: usize,
    pub events: usize,
    /// Alerts of the day without any attack.
    pub false_alerts: Vec<String>,
    pub attacks: Vec<Found>,
}

impl Measured {
    pub fn is_sound(&self) -> bool {
        let is_in_time = |it: &Found| it.found_after_us.is_some_and(|it| it <= 5 * SECOND_US);
        self.false_alerts.is_empty() && self.attacks.iter().all(is_in_time)
    }
}

pub fn reported(events: &[Event]) -> impl Iterator<Item = &AlertReported> {
    events.iter().filter_map(|event| match event {
        Event::AlertReported(it) => Some(it),
        _ => None,
    })
}

/// Whether an alert is the one that an attack is to raise.
pub fn is_of(attack: &Attack, it: &AlertReported) -> bool {
    it.kind == attack.kind && it.subject.starts_with(attack.of)
}

pub fn measure(orders: u32, seed: u64) -> Measured {
    let day = day(orders, seed);
    let mut memory = Memory::default();
    let mut false_alerts = Vec::new();
    let mut found = Vec::new();
    for (at, happening) in day.iter().enumerate() {
        if found.is_empty() && happening.at_us >= ATTACKED_AT_US {
            let beside: Vec<&Happening> = day[at..]
                .iter()
                .take_while(|it| it.at_us < ATTACKED_AT_US + BESIDE_US)
                .collect();
            let attacks = attacks(ATTACKED_AT_US);
            found = attacks
                .iter()
                .map(|it| attacked(memory.clone(), &beside, it))
                .collect();
        }
        let decided = memory.hear(&happening.heard());
        false_alerts.extend(reported(&decided).map(|it| format!("{:?} {}", it.kind, it.subject)));
    }
    let is_order = |it: &&Happening| it.event.kind() == OrderPlaced::KIND;
    Measured {
        orders: day.iter().filter(is_order).count(),
        events: day.len(),
        false_alerts,
        attacks: found,
    }
}

fn attacked(mut memory: Memory, beside: &[&Happening], attack: &Attack) -> Found {
    let mut all: Vec<(&Happening, bool)> = attack.told.iter().map(|it| (it, true)).collect();
    all.extend(beside.iter().map(|it| (*it, false)));
    all.sort_by_key(|(it, _)| it.at_us);
    let mut events = 0;
    let mut found = Found {
        name: attack.name,
        kind: attack.kind,
        of: attack.of,
        found_after_us: None,
        events,
        is_proven: false,
    };
    for (happening, is_attack) in all {
        events += usize::from(is_attack);
        let decided = memory.hear(&happening.heard());
        let Some(it) = reported(&decided).find(|it| is_of(attack, it)) else {
            continue;
        };
        let own = |id: &&String| attack.told.iter().any(|it| it.id == **id);
        let proofs = it.evidence.iter().filter(own).count();
        found.found_after_us = Some(happening.at_us - attack.told[0].at_us);
        found.events = events;
        // A few cards of others are declined meanwhile.
        found.is_proven = proofs * 2 > it.evidence.len();
        break;
    }
    found
}
