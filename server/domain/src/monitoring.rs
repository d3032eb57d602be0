//! Watches the stream of events for what no single event shows: rules, each over a window of time, whose finds
//! are alerts with the events that show them.
//!
//! What somebody did is counted by the table in [`rules`]; whether payments, prices and stock are as they must
//! be is looked at beside it. All of it is a fold: windows move with the time of the events.

pub mod deeds;
pub mod events;
pub mod mails;
pub mod memory;
pub mod payments;
pub mod prices;
pub mod rules;
pub mod trails;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::Sku;
use types::alert::{AlertKind, Severity};

use crate::alert::{found, over};
use crate::event::{Event, OrderReviewRequested, SourceSlowed};
use crate::stock::{Stock, levels_of};
use deeds::{Deed, Entry};
use mails::{Bounce, Mails};
use payments::{Attempt, Payments};
use prices::Price;
use rules::{Act, RULES, Rule, Scope};
use trails::{Trail, Trails};

/// For how long a source is slowed. Ten minutes.
pub const SLOWED_US: i64 = 10 * 60 * 1_000_000;

/// An event, with what its envelope says of who began its story. All of it are keyed hashes.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    pub event: &'a Event,
    /// Of the event.
    pub id: &'a str,
    /// Unix microseconds.
    pub at_us: i64,
    /// The address that it came from.
    pub origin: Option<&'a str>,
    /// Who ordered.
    pub person: Option<&'a str>,
    /// Where it is to be sent.
    pub place: Option<&'a str>,
}

/// What the rules do beside raising an alert; nothing unless it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acts {
    hold: u64,
    slow: u64,
}

impl Acts {
    /// Has the rules of a kind do something.
    #[must_use]
    pub const fn with(mut self, kind: AlertKind, act: Act) -> Self {
        let bit = 1_u64 << kind as u64;
        self.hold &= !bit;
        self.slow &= !bit;
        match act {
            Act::Watch => {}
            Act::Hold => self.hold |= bit,
            Act::Slow => self.slow |= bit,
        }
        self
    }

    pub const fn of(self, kind: AlertKind) -> Act {
        let bit = 1_u64 << kind as u64;
        if self.hold & bit != 0 {
            Act::Hold
        } else if self.slow & bit != 0 {
            Act::Slow
        } else {
            Act::Watch
        }
    }
}

/// What is known under one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Trails(Trails),
    Payments(Payments),
    Mails(Mails),
    Price(Price),
}

impl State {
    /// Whether it says no more than none at all.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Trails(trails) if trails.0.is_empty())
    }
}

/// What an event says that somebody did.
fn deeds(heard: &Heard<'_>) -> Vec<(Scope, String, Deed)> {
    let source = |deed: Deed| (Scope::Source, heard.origin.map(str::to_owned), deed);
    let of = |scope, subject: &dyn ToString, deed| (scope, Some(subject.to_string()), deed);
    let found = match heard.event {
        Event::OrderPlaced(placed) => {
            let mut pieces: BTreeMap<Sku, u32> = BTreeMap::new();
            for line in &placed.lines {
                let sum = pieces.entry(line.sku.clone()).or_default();
                *sum = sum.saturating_add(line.quantity);
            }
            let ordered = || Deed::Ordered(pieces.clone());
            vec![
                source(ordered()),
                of(Scope::Visitor, &placed.shopper_id, ordered()),
                (Scope::Person, heard.person.map(str::to_owned), ordered()),
                (Scope::Place, heard.place.map(str::to_owned), ordered()),
            ]
        }
        Event::ReservationHeld(held) if !held.moves.is_empty() && !held.lines.is_empty() => vec![
            source(Deed::Held),
            of(Scope::Visitor, &held.shopper_id, Deed::Held),
        ],
        Event::PaymentDeclined(declined) => vec![
            source(Deed::Declined),
            of(Scope::Order, &declined.order_id, Deed::Declined),
        ],
        Event::SignInFailed(failed) => {
            let wrong = || Deed::WrongSignIn(failed.account.clone());
            vec![
                source(wrong()),
                of(Scope::Account, &failed.account, wrong()),
            ]
        }
        Event::ReturnAsked(_) => {
            vec![(
                Scope::Person,
                heard.person.map(str::to_owned),
                Deed::AskedBack,
            )]
        }
        _ => Vec::new(),
    };
    let known = |(scope, subject, deed)| Some((scope, subject?, deed));
    found.into_iter().filter_map(known).collect()
}

fn trails_key(scope: Scope, subject: &str) -> String {
    format!("{}/{}", scope.into_str(), trails::state_of(subject))
}

/// What is known of the mails.
const MAILS: &str = "mails";

fn payments_key(gateway: &str) -> String {
    format!("payments/{gateway}")
}

fn price_key(sku: &Sku) -> String {
    format!("price/{sku}")
}

/// What a gateway has answered, and which.
fn attempt(heard: &Heard<'_>) -> Option<(&'static str, Attempt)> {
    let (gateway, declined) = match heard.event {
        Event::PaymentAuthorized(it) => (it.gateway, None),
        Event::PaymentDeclined(it) => (it.gateway, Some(heard.id.to_owned())),
        _ => return None,
    };
    let attempt = Attempt {
        at_us: heard.at_us,
        declined,
    };
    Some((gateway.into_str(), attempt))
}

/// Whose trail, or which gateway, an alert of a rule is about.
enum Reported<'a> {
    Trail(Scope, &'a str),
    Gateway(&'a str),
    Mails,
}

fn reported(event: &Event) -> Option<(AlertKind, Reported<'_>)> {
    let Event::AlertReported(it) = event else {
        return None;
    };
    match it.kind {
        AlertKind::PaymentsFailing => return Some((it.kind, Reported::Gateway(&it.subject))),
        AlertKind::MailsBouncing => return Some((it.kind, Reported::Mails)),
        _ => {}
    }
    let (scope, subject) = it.subject.split_once(':')?;
    let scope = scope.parse().ok()?;
    Rule::of(it.kind, scope)?;
    Some((it.kind, Reported::Trail(scope, subject)))
}

/// What an event says is over.
fn gone(event: &Event) -> Option<Reported<'_>> {
    let Event::AlertCauseGone(it) = event else {
        return None;
    };
    match it.kind {
        AlertKind::PaymentsFailing => Some(Reported::Gateway(&it.subject)),
        AlertKind::MailsBouncing => Some(Reported::Mails),
        _ => None,
    }
}

/// The keys of the states that an event changes.
pub fn changed_keys(heard: &Heard<'_>) -> Vec<String> {
    let deeds = deeds(heard).into_iter();
    let mut keys: Vec<String> = deeds
        .map(|(scope, subject, _)| trails_key(scope, &subject))
        .collect();
    keys.extend(attempt(heard).map(|(gateway, _)| payments_key(gateway)));
    match heard.event {
        Event::ProductIntroduced(it) => {
            keys.extend(it.variants.iter().map(|variant| price_key(&variant.sku)));
        }
        Event::ProductVariantSet(it) => keys.push(price_key(&it.variant.sku)),
        Event::PriceChanged(it) => keys.push(price_key(&it.sku)),
        Event::OrderPlaced(_) | Event::MailBounced(_) => keys.push(MAILS.to_owned()),
        event => match reported(event).map(|(_, of)| of).or_else(|| gone(event)) {
            Some(Reported::Trail(scope, subject)) => keys.push(trails_key(scope, subject)),
            Some(Reported::Gateway(gateway)) => keys.push(payments_key(gateway)),
            Some(Reported::Mails) => keys.push(MAILS.to_owned()),
            None => {}
        },
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The keys of the states that an event is about: those that it changes, and those it is compared with.
pub fn keys(heard: &Heard<'_>) -> Vec<String> {
    let mut keys = changed_keys(heard);
    if let Event::OrderPlaced(placed) = heard.event {
        keys.extend(placed.lines.iter().map(|line| price_key(&line.sku)));
    }
    keys
}

/// What follows an event: reports of what the rules have found, and what they do about it.
pub fn decide<'s>(
    known: impl Fn(&str) -> Option<&'s State>,
    heard: &Heard<'_>,
    acts: Acts,
) -> Vec<Event> {
    let mut decided = Vec::new();
    for (scope, subject, deed) in deeds(heard) {
        let trail = match known(&trails_key(scope, &subject)) {
            Some(State::Trails(trails)) => trails.0.get(&subject),
            _ => None,
        };
        let entry = Entry {
            at_us: heard.at_us,
            id: heard.id.to_owned(),
            deed,
        };
        count(scope, &subject, trail, &entry, (heard, acts), &mut decided);
    }
    if let Some((gateway, attempt)) = attempt(heard) {
        let none = Payments::default();
        let payments = match known(&payments_key(gateway)) {
            Some(State::Payments(payments)) => payments,
            _ => &none,
        };
        if let Some(evidence) = payments.finds(&attempt) {
            let kind = AlertKind::PaymentsFailing;
            decided.push(found(kind, &gateway, Severity::Critical, last(evidence)));
        }
        if payments.is_over(&attempt) {
            decided.push(over(AlertKind::PaymentsFailing, &gateway));
        }
    }
    if let Event::MailBounced(_) = heard.event {
        let none = Mails::default();
        let mails = match known(MAILS) {
            Some(State::Mails(mails)) => mails,
            _ => &none,
        };
        if let Some(evidence) = mails.finds(&bounce(heard)) {
            let kind = AlertKind::MailsBouncing;
            decided.push(found(kind, &MAILS, Severity::Warning, evidence));
        }
    }
    if let Event::OrderPlaced(placed) = heard.event {
        if let Some(State::Mails(mails)) = known(MAILS)
            && mails.is_over(heard.at_us)
        {
            decided.push(over(AlertKind::MailsBouncing, &MAILS));
        }
        for line in &placed.lines {
            let price = known(&price_key(&line.sku));
            let is_wrong = matches!(
                price,
                Some(State::Price(price)) if !price.allows(line.unit_price, heard.at_us)
            );
            if is_wrong {
                decided.push(broken(AlertKind::PriceWrong, &line.sku, heard));
            }
        }
    }
    let impossible = levels(heard.event)
        .into_iter()
        .filter(|it| !is_possible(it));
    decided.extend(impossible.map(|it| broken(AlertKind::StockWrong, it.0, heard)));
    decided
}

fn bounce(heard: &Heard<'_>) -> Bounce {
    Bounce {
        at_us: heard.at_us,
        id: heard.id.to_owned(),
    }
}

/// Looks at what somebody did with this deed: the rules of its scope, over what is known.
fn count(
    scope: Scope,
    subject: &str,
    trail: Option<&Trail>,
    entry: &Entry,
    (heard, acts): (&Heard<'_>, Acts),
    decided: &mut Vec<Event>,
) {
    let rules = RULES.iter();
    for rule in rules.filter(|rule| rule.by == scope && rule.counts.concerns(&entry.deed)) {
        let before = trail.into_iter().flat_map(|trail| &trail.entries);
        let Some(evidence) = rule.finds(before.chain([entry]), heard.at_us) else {
            continue;
        };
        let subject = format!("{}:{subject}", scope.into_str());
        if acts.of(rule.kind) == Act::Hold {
            decided.extend(hold(heard, rule, &subject));
        }
        let told = trail.and_then(|trail| trail.told.get(&rule.kind));
        if told.is_some_and(|told_us| heard.at_us < told_us + rule.window_us) {
            continue;
        }
        decided.push(found(rule.kind, &subject, rule.severity, evidence));
        if acts.of(rule.kind) == Act::Slow
            && let Some(source) = heard.origin
        {
            let slowed = SourceSlowed {
                source: source.to_owned(),
                until_us: heard.at_us + SLOWED_US,
                rule: rule.kind,
            };
            decided.push(slowed.into());
        }
    }
}

/// Has somebody look at the order that an event is about.
fn hold(heard: &Heard<'_>, rule: &Rule, subject: &str) -> Option<Event> {
    let order_id = match heard.event {
        Event::OrderPlaced(placed) => placed.order_id,
        Event::PaymentDeclined(declined) => declined.order_id,
        _ => return None,
    };
    let asked = OrderReviewRequested {
        order_id,
        rule: rule.kind,
        subject: subject.to_owned(),
    };
    Some(asked.into())
}

fn broken(kind: AlertKind, subject: &impl ToString, heard: &Heard<'_>) -> Event {
    found(kind, subject, Severity::Critical, vec![heard.id.to_owned()])
}

fn last(mut evidence: Vec<String>) -> Vec<String> {
    let more = evidence.len().saturating_sub(crate::alert::MAX_EVIDENCE);
    evidence.drain(..more);
    evidence
}

/// The levels that an event says.
fn levels(event: &Event) -> Vec<(&Sku, Stock)> {
    levels_of(event).unwrap_or_default()
}

/// Nothing is below zero, and no more is promised than there is.
const fn is_possible((_, stock): &(&Sku, Stock)) -> bool {
    let Stock {
        on_hand,
        allocated,
        reserved,
    } = *stock;
    on_hand >= 0 && allocated >= 0 && reserved >= 0 && allocated + reserved <= on_hand
}

/// Takes note of an event under one of the keys that it changes.
pub fn evolve(key: &str, known: Option<State>, heard: &Heard<'_>) -> Option<State> {
    match heard.event {
        Event::ProductIntroduced(it) => {
            let variant = it.variants.iter().find(|it| price_key(&it.sku) == key)?;
            return Some(State::Price(Price::new(variant.price)));
        }
        Event::ProductVariantSet(it) => {
            return Some(State::Price(match known {
                Some(State::Price(mut price)) => {
                    price.change(it.variant.price, heard.at_us);
                    price
                }
                _ => Price::new(it.variant.price),
            }));
        }
        Event::PriceChanged(it) => {
            let mut price = match known {
                Some(State::Price(price)) => price,
                _ => Price::new(it.before),
            };
            price.change(it.price, heard.at_us);
            return Some(State::Price(price));
        }
        _ => {}
    }
    if let Some((_, attempt)) = attempt(heard).filter(|it| payments_key(it.0) == key) {
        let mut payments = payments_of(known);
        payments.note(attempt);
        return Some(State::Payments(payments));
    }
    match gone(heard.event) {
        Some(Reported::Gateway(_)) => {
            let mut payments = payments_of(known);
            payments.over();
            return Some(State::Payments(payments));
        }
        Some(Reported::Mails) => {
            let mut mails = mails_of(known);
            mails.over();
            return Some(State::Mails(mails));
        }
        Some(Reported::Trail(..)) | None => {}
    }
    match reported(heard.event) {
        Some((_, Reported::Gateway(_))) => {
            let mut payments = payments_of(known);
            payments.told(heard.at_us);
            return Some(State::Payments(payments));
        }
        Some((_, Reported::Mails)) => {
            let mut mails = mails_of(known);
            mails.told(heard.at_us);
            return Some(State::Mails(mails));
        }
        Some((kind, Reported::Trail(_, subject))) => {
            let mut trails = trails_of(known);
            trails.told(subject, kind, heard.at_us);
            return Some(State::Trails(trails));
        }
        None => {}
    }
    if key == MAILS {
        let mut mails = mails_of(known);
        match heard.event {
            Event::MailBounced(_) => mails.bounced(bounce(heard)),
            _ => mails.ordered(heard.at_us),
        }
        return Some(State::Mails(mails));
    }
    let mut trails = trails_of(known);
    for (scope, subject, deed) in deeds(heard) {
        if trails_key(scope, &subject) == key {
            let entry = Entry {
                at_us: heard.at_us,
                id: heard.id.to_owned(),
                deed,
            };
            trails.note(scope, &subject, entry);
        }
    }
    Some(State::Trails(trails))
}

fn payments_of(known: Option<State>) -> Payments {
    match known {
        Some(State::Payments(payments)) => payments,
        _ => Payments::default(),
    }
}

fn mails_of(known: Option<State>) -> Mails {
    match known {
        Some(State::Mails(mails)) => mails,
        _ => Mails::default(),
    }
}

fn trails_of(known: Option<State>) -> Trails {
    match known {
        Some(State::Trails(trails)) => trails,
        _ => Trails::default(),
    }
}

#[cfg(test)]
mod tests;
