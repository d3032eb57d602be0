//! A stretch of the log once more, with another threshold: what restocking would have said. The decider is the one that
//! runs the shop, with states in memory alone; nothing it answers is appended anywhere.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use broker::{Decider, Reach, Recorded, Rehearsal, Search};
use domain::Event;
use domain::event::{
    PurchaseOrderSent, RestockRuleChanged, RestockRuleRequested, StockBatchAccepted, StockReserved,
};
use domain::restock::MAX_THRESHOLD;
use types::restock::RestockRule;
use types::staff::Right;
use types::what_if::{Outcome, Tried, WhatIf, WhatIfStep};
use types::{Problem, Sku};
use uuid::Uuid;

use crate::events::{Refused, decode, encode};
use crate::restock::Restock;
use crate::shop::Shop;
use crate::summary::event_row;
use crate::visitor::Staff;

/// Events of one SKU that are followed, and positions that are looked through for them.
const REACH: Reach = Reach {
    events: 20_000,
    positions: 2_000_000,
    time: Duration::from_secs(5),
};
/// Differences that are listed, at most.
const STEPS: usize = 200;
const NOBODY: &str = "what-if";

impl Shop {
    /// What restocking would have said of a SKU between two positions, the first not included, had its threshold
    /// been another one from there on. What was sold, counted and delivered is what was; only what would have been
    /// told and drafted is asked.
    ///
    /// # Errors
    /// 422 with what was expected of a field; 404 for a SKU that had no rule.
    pub async fn what_if(&self, staff: &Staff, tried: &Tried) -> crate::Result<WhatIf> {
        staff.may(Right::See)?;
        if !(0..=MAX_THRESHOLD).contains(&tried.threshold) {
            let message = format!("Enter a threshold from 0 to {MAX_THRESHOLD}.");
            return Err(Problem::invalid_field("threshold", message));
        }
        let log = self.log();
        let head = log.stored_head().await.map_err(Refused::from)?;
        let (from, to) = (tried.from.unwrap_or(0), tried.to.unwrap_or(head).min(head));
        if from >= to {
            let message = format!("Enter a position before #{to}, where the stretch ends.");
            return Err(Problem::invalid_field("from", message));
        }
        let search = Search {
            texts: vec![format!("\"{}\"", tried.sku).to_lowercase()],
            ..Search::default()
        };
        let found = log
            .search_back(&search, (0, to), REACH, concerns)
            .await
            .map_err(Refused::from)?;
        if found.back_to > 1 {
            let message = format!(
                "{} has more history than can be followed at once. Enter an earlier end of the stretch.",
                tried.sku
            );
            return Err(Problem::invalid_field("to", message));
        }
        let mut events = found.events;
        events.reverse();
        let was = said(&events, from);
        let control = rehearsed(&events, &tried.sku, from, None)?;
        let would = rehearsed(&events, &tried.sku, from, Some(tried.threshold))?;
        let Some(rule) = would.rule_before else {
            return Err(Problem::not_found(format!(
                "{} had no rule of restocking up to #{to}: there is nothing to compare with.",
                tried.sku
            )));
        };
        self.staff_names().refresh(log).await?;
        let by_position: HashMap<u64, &Recorded> =
            events.iter().map(|event| (event.position, event)).collect();
        let mut places: Vec<u64> = was.keys().chain(would.said.keys()).copied().collect();
        places.sort_unstable();
        places.dedup();
        let step = |position: u64| {
            let event = by_position.get(&position);
            let row = event.map(|event| event_row(event, self.staff_names()));
            WhatIfStep {
                position,
                at_us: row.as_ref().map_or(0, |row| row.at_us),
                cause: row.map_or_else(
                    || "the other threshold".to_owned(),
                    |row| format!("{} {}: {}", row.kind, row.subject, row.summary),
                ),
                was: was.get(&position).map(|said| said.words.clone()),
                would: (would.said.get(&position)).map(|said| said.words.clone()),
            }
        };
        let differing = places.iter().filter(|at| was.get(at) != would.said.get(at));
        let differing: Vec<u64> = differing.copied().collect();
        Ok(WhatIf {
            tried: Tried {
                from: Some(from),
                to: Some(to),
                ..tried.clone()
            },
            threshold_was: rule.threshold,
            events: events.iter().filter(|event| event.position > from).count(),
            is_reproduced: control.said == was,
            was: outcome(was.values()),
            would: outcome(would.said.values()),
            differences: differing.len(),
            steps: differing.into_iter().take(STEPS).map(step).collect(),
        })
    }
}

/// What the decider hears, and what it has said.
fn concerns(event: &Recorded) -> bool {
    [
        StockReserved::TOPIC,
        PurchaseOrderSent::TOPIC,
        RestockRuleChanged::TOPIC,
    ]
    .contains(&&*event.topic)
}

/// What was said after `from`, by the position of what it was said about.
fn said(events: &[Recorded], from: u64) -> BTreeMap<u64, Said> {
    let places: HashMap<Uuid, u64> = (events.iter())
        .map(|event| (event.id, event.position))
        .collect();
    let mut said = BTreeMap::new();
    for event in events.iter().filter(|event| event.position > from) {
        if let Some(words) = told(event) {
            let cause = event.causation_id.and_then(|cause| places.get(&cause));
            said.insert(cause.copied().unwrap_or(event.position), words);
        }
    }
    said
}

/// What a rehearsal came to.
struct Rehearsed {
    said: BTreeMap<u64, Said>,
    /// The rule in whose place the other threshold came.
    rule_before: Option<RestockRule>,
}

/// Has the decider answer once more to what it heard after `from`; with another threshold if one is tried.
fn rehearsed(
    events: &[Recorded],
    sku: &Sku,
    from: u64,
    threshold: Option<i64>,
) -> Result<Rehearsed, Refused> {
    let mut decider = Rehearsal::new(Restock);
    let mut said = BTreeMap::new();
    let mut rule: Option<RestockRule> = None;
    let mut rule_before = None;
    for event in events {
        let is_of_stretch = event.position > from;
        if let (Some(threshold), Some(known)) = (threshold, &rule)
            && is_of_stretch
            && rule_before.is_none()
        {
            rule_before = Some(known.clone());
            let answer = try_threshold(&mut decider, sku, known, threshold, event.time_us)?;
            said.extend(answer.map(|answer| (from, answer)));
        }
        let is_tried = rule_before.is_some();
        if event.kind == RestockRuleChanged::KIND {
            let Some(changed) = rule_of(event, sku) else {
                continue;
            };
            // What is tried stays, whatever was set later.
            if !is_tried {
                decider.note(event)?;
            }
            rule = Some(changed);
        } else if Restock::HEARS.matches(event) {
            let changes_rules =
                [RestockRuleRequested::KIND, StockBatchAccepted::KIND].contains(&&*event.kind);
            if is_tried && changes_rules {
                continue;
            }
            let answers = decider.ask(event)?;
            let answers = answers.iter().filter(|answer| answer.key == sku.as_str());
            if is_of_stretch && let Some(words) = answers.filter_map(told).next() {
                said.insert(event.position, words);
            }
        }
    }
    // A stretch in which nothing happened to it begins with the other threshold, too.
    if let (Some(threshold), Some(known), None) = (threshold, &rule, &rule_before) {
        let at_us = events.last().map_or(0, |event| event.time_us);
        let answer = try_threshold(&mut decider, sku, known, threshold, at_us)?;
        said.extend(answer.map(|answer| (from, answer)));
        rule_before = Some(known.clone());
    }
    Ok(Rehearsed { said, rule_before })
}

fn rule_of(event: &Recorded, sku: &Sku) -> Option<RestockRule> {
    match &*decode(event).ok()? {
        Event::RestockRuleChanged(changed) if changed.sku == *sku => Some(changed.rule.clone()),
        _ => None,
    }
}

/// Gives the rule another threshold, with the same room above it. Answers with what restocking says to that.
fn try_threshold(
    decider: &mut Rehearsal<Restock>,
    sku: &Sku,
    rule: &RestockRule,
    threshold: i64,
    at_us: i64,
) -> Result<Option<Said>, Refused> {
    let asked = RestockRuleRequested {
        sku: sku.clone(),
        rule: RestockRule {
            threshold,
            up_to: threshold + (rule.up_to - rule.threshold).max(1),
            ..rule.clone()
        },
        by: NOBODY.to_owned(),
        seen: None,
    };
    let asked = Rehearsal::<Restock>::made_up(encode(asked.into())?, at_us);
    Ok(decider.ask(&asked)?.iter().find_map(told))
}

/// What restocking says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    words: String,
    is_alert: bool,
    is_draft: bool,
}

fn outcome<'a>(said: impl Iterator<Item = &'a Said>) -> Outcome {
    said.fold(Outcome::default(), |outcome, said| Outcome {
        alerts: outcome.alerts + usize::from(said.is_alert),
        drafts: outcome.drafts + usize::from(said.is_draft),
    })
}

/// `None` for what is nothing that restocking says.
fn told(event: &Recorded) -> Option<Said> {
    let said = |words: String, is_alert, is_draft| Said {
        words,
        is_alert,
        is_draft,
    };
    Some(match &*decode(event).ok()? {
        Event::RestockThresholdCrossed(it) => match &it.supplier {
            Some(_) => said(
                format!(
                    "{} left: an alert, and a draft of {}",
                    it.reckoning.unsold,
                    types::pieces(it.reckoning.quantity)
                ),
                true,
                true,
            ),
            None => said(
                format!("{} left: an alert", it.reckoning.unsold),
                true,
                false,
            ),
        },
        Event::RestockSoldOut(_) => said("sold out: an alert".to_owned(), true, false),
        Event::RestockThereAgain(it) => said(format!("{} there again", it.unsold), false, false),
        Event::RestockRecovered(it) => said(
            format!("{} left: above the threshold again", it.unsold),
            false,
            false,
        ),
        _ => return None,
    })
}
