//! When a SKU is ordered again: its rule, its unsold pieces, its sales of the last weeks and what is on
//! order.
//!
//! Unsold is what is in the house and not promised to an order. What a checkout holds for some minutes counts
//! as unsold: nobody makes the house order anything by only opening a checkout.

pub mod events;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::purchasing::{PurchaseLine, PurchaseStatus};
use types::restock::{FEWEST_DAYS, MAX_LEAD_DAYS, MAX_PIECES, Reckoning, RestockRule, WINDOW_DAYS};
use types::{Money, PurchaseOrderId, Sku, SupplierId};

use crate::event::{
    Event, NewThreshold, RestockRecovered, RestockRuleChanged, RestockRuleRejected,
    RestockRuleRequested, RestockSoldOut, RestockThereAgain, RestockThresholdCrossed,
    StockBatchAccepted,
};
use crate::purchasing::{lines_of, supplier_of};
use crate::stock::levels_of;

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Days until a delivery in a rule that is made for a threshold alone.
const FIRST_LEAD_DAYS: u32 = 14;

/// The highest threshold: there can be more after a delivery.
pub const MAX_THRESHOLD: i64 = MAX_PIECES as i64 - 1;

/// The highest cost of a piece, in minor units: the sum of an order stays far from an overflow.
pub const MAX_COST: i64 = 10_000_000_000;

/// What is known of a SKU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RestockRule>,
    /// `None` before the first count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsold: Option<i64>,
    /// The day of the first count; days are counted from 1970 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_day: Option<i64>,
    /// Pieces by the day of their sale: of the last days on which any were sold. What was cancelled is taken
    /// out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sold: BTreeMap<i64, i64>,
    /// Purchase orders with pieces that have not come.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orders: BTreeMap<PurchaseOrderId, OnOrder>,
    /// Whether it is off the shelves with its whole product, or by itself.
    #[serde(default, skip_serializing_if = "Withdrawn::is_not")]
    pub withdrawn: Withdrawn,
}

/// Why a SKU is off the shelves, if it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    pub product: bool,
    pub variant: bool,
}

impl Withdrawn {
    const fn is_not(&self) -> bool {
        !self.product && !self.variant
    }
}

/// Pieces of a SKU that have not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnOrder {
    pub pieces: u32,
    pub status: PurchaseStatus,
    pub supplier: SupplierId,
}

/// Why a rule stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("the threshold is not 0 to 100,000")]
    Threshold,
    #[error("there would not be more than the threshold after a delivery")]
    UpToNotAbove,
    #[error("a pack is not 1 to 100,000 pieces")]
    PackSize,
    #[error("the minimum is not 0 to 100,000 pieces")]
    Minimum,
    #[error("the lead time is not 0 to 730 days")]
    LeadTime,
    #[error("the cost of a piece is below 0, too high or in another currency than before")]
    UnitCost,
    #[error("it is so already")]
    NothingChanged,
    #[error("somebody else has changed it since this page was opened")]
    ChangedMeanwhile,
}

fn day_of(at_us: i64) -> i64 {
    at_us.div_euclid(DAY_US)
}

impl Watched {
    /// How many are to be ordered at a moment, and why; `None` without a rule or a count, and off the shelves.
    pub fn reckon(&self, at_us: i64) -> Option<Reckoning> {
        if !self.withdrawn.is_not() {
            return None;
        }
        let rule = self.rule.as_ref()?;
        let today = day_of(at_us);
        let known_days = today - self.since_day? + 1;
        let window_days = known_days.clamp(FEWEST_DAYS, WINDOW_DAYS);
        let of_window = self.sold.range(today - WINDOW_DAYS + 1..);
        let sold = of_window.map(|(_, pieces)| pieces).sum();
        // A draft of its supplier takes the larger quantity; what is ordered anywhere else comes beside it.
        let on_order = self.on_order(|order| !self.is_own_draft(order));
        Some(Reckoning::of(
            rule,
            self.unsold?,
            i64::from(on_order),
            sold,
            window_days,
        ))
    }

    /// Pieces on drafts to the supplier of the rule.
    pub fn drafted(&self) -> u32 {
        self.on_order(|order| self.is_own_draft(order))
    }

    fn is_own_draft(&self, order: &OnOrder) -> bool {
        let supplier = self.rule.as_ref().and_then(|rule| rule.supplier.as_ref());
        order.status == PurchaseStatus::Draft && supplier == Some(&order.supplier)
    }

    /// Pieces that have not come, of orders that stand so.
    fn on_order(&self, is_meant: impl Fn(&OnOrder) -> bool) -> u32 {
        let orders = self.orders.values();
        let meant = orders.filter(|order| is_meant(order));
        meant.fold(0, |sum, order| sum.saturating_add(order.pieces))
    }

    /// What a rule that is asked for leads to.
    pub fn change_rule(&self, asked: &RestockRuleRequested, at_us: i64) -> Vec<Event> {
        let RestockRuleRequested {
            sku,
            rule,
            by,
            seen,
        } = asked.clone();
        let is_seen = || match seen {
            Some(seen) if !seen.is_still(self.rule.as_ref()) => Err(Refusal::ChangedMeanwhile),
            _ => Ok(()),
        };
        if let Err(refusal) = self.check(&rule).and_then(|()| is_seen()) {
            return vec![RestockRuleRejected { sku, refusal, by }.into()];
        }
        let changed = Event::from(RestockRuleChanged { sku, rule, by });
        let mut after = self.clone();
        after.evolve(&asked.sku, &changed, at_us);
        let moved = moved(&asked.sku, self, &after, at_us);
        [changed].into_iter().chain(moved).collect()
    }

    /// What a batch that names another threshold leads to. The room above the threshold stays as it is; a SKU
    /// without a rule gets one that orders of nobody.
    pub fn follow_batch(
        &self,
        line: &NewThreshold,
        batch: &StockBatchAccepted,
        at_us: i64,
    ) -> Vec<Event> {
        let threshold = line.threshold;
        let rule = match &self.rule {
            Some(rule) if rule.threshold == threshold => return Vec::new(),
            Some(rule) => RestockRule {
                threshold,
                up_to: (threshold + rule.up_to - rule.threshold).min(MAX_PIECES.into()),
                ..rule.clone()
            },
            None => RestockRule {
                supplier: None,
                threshold,
                up_to: (2 * threshold + 1).min(MAX_PIECES.into()),
                pack_size: 1,
                minimum: 0,
                lead_time_days: FIRST_LEAD_DAYS,
                unit_cost: Money::new(0, batch.currency),
            },
        };
        let asked = RestockRuleRequested {
            sku: line.sku.clone(),
            rule,
            by: batch.by.clone(),
            seen: None,
        };
        self.change_rule(&asked, at_us)
    }

    fn check(&self, rule: &RestockRule) -> Result<(), Refusal> {
        let most = i64::from(MAX_PIECES);
        let currency = self.rule.as_ref().map(|rule| rule.unit_cost.currency);
        let is_same_currency = currency.is_none_or(|known| known == rule.unit_cost.currency);
        let checks = [
            ((0..=most).contains(&rule.threshold), Refusal::Threshold),
            (
                rule.up_to > rule.threshold && rule.up_to <= most,
                Refusal::UpToNotAbove,
            ),
            (
                (1..=MAX_PIECES).contains(&rule.pack_size),
                Refusal::PackSize,
            ),
            (rule.minimum <= MAX_PIECES, Refusal::Minimum),
            (rule.lead_time_days <= MAX_LEAD_DAYS, Refusal::LeadTime),
            (
                is_same_currency && (0..=MAX_COST).contains(&rule.unit_cost.minor),
                Refusal::UnitCost,
            ),
            (self.rule.as_ref() != Some(rule), Refusal::NothingChanged),
        ];
        let failed = checks.into_iter().find(|(is_right, _)| !is_right);
        failed.map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    /// What follows a movement of this SKU's stock.
    pub fn watch(&self, sku: &Sku, event: &Event, at_us: i64) -> Option<Event> {
        // Without a rule nothing is low.
        self.rule.as_ref()?;
        let mut after = self.clone();
        after.evolve(sku, event, at_us);
        moved(sku, self, &after, at_us)
    }

    /// Takes note of what has happened.
    pub fn evolve(&mut self, sku: &Sku, event: &Event, at_us: i64) {
        match event {
            Event::RestockRuleChanged(changed) => self.rule = Some(changed.rule.clone()),
            Event::ProductWithdrawn(_) => self.withdrawn.product = true,
            Event::ProductPublished(_) => self.withdrawn.product = false,
            Event::ProductVariantWithdrawn(_) => self.withdrawn.variant = true,
            Event::ProductVariantOffered(_) => self.withdrawn.variant = false,
            _ => {}
        }
        if let (Some((order_id, status, lines)), Some(supplier)) =
            (lines_of(event), supplier_of(event))
        {
            let line = lines.iter().find(|line| line.sku == *sku);
            let pieces = line.map_or(0, PurchaseLine::missing);
            match status.is_ended() || pieces == 0 {
                true => self.orders.remove(&order_id),
                false => {
                    let supplier = supplier.clone();
                    let order = OnOrder {
                        pieces,
                        status,
                        supplier,
                    };
                    self.orders.insert(order_id, order)
                }
            };
        }
        let levels = levels_of(event).unwrap_or_default();
        if let Some((_, stock)) = levels.into_iter().find(|(moved, _)| *moved == sku) {
            self.unsold = Some(stock.unsold());
            self.since_day.get_or_insert(day_of(at_us));
            self.count_sales(sku, event, at_us);
        }
    }

    fn count_sales(&mut self, sku: &Sku, event: &Event, at_us: i64) {
        let (moves, sign) = match event {
            Event::StockReserved(reserved) => (&reserved.moves, 1),
            // What is sent again is needed as much as what is sold, and may be released as that is.
            Event::StockAllocated(held) => (&held.moves, 1),
            Event::StockReleased(released) => (&released.moves, -1),
            _ => return,
        };
        let mut of_sku = moves.iter().filter(|moved| moved.sku == *sku);
        let pieces: i64 = of_sku.by_ref().map(|moved| i64::from(moved.quantity)).sum();
        let today = day_of(at_us);
        *self.sold.entry(today).or_default() += sign * pieces;
        self.sold.retain(|day, _| *day > today - WINDOW_DAYS);
    }
}

/// Whether the threshold, or nothing at all, lies between before and after.
fn moved(sku: &Sku, before: &Watched, after: &Watched, at_us: i64) -> Option<Event> {
    let rule = after.rule.as_ref()?;
    let is_low = |watched: &Watched| {
        let threshold = watched.rule.as_ref().map_or(0, |rule| rule.threshold);
        // Without a rule nothing was low, and nobody misses what is off the shelves.
        watched
            .unsold
            .map(|unsold| threshold > 0 && unsold <= threshold && watched.withdrawn.is_not())
    };
    // What is counted for the first time has not fallen.
    match (is_low(before)?, is_low(after)?) {
        (false, true) => Some(
            RestockThresholdCrossed {
                sku: sku.clone(),
                supplier: rule.supplier.clone(),
                reckoning: after.reckon(at_us)?,
                unit_cost: rule.unit_cost,
            }
            .into(),
        ),
        (true, false) => Some(
            RestockRecovered {
                sku: sku.clone(),
                unsold: after.unsold?,
                threshold: rule.threshold,
            }
            .into(),
        ),
        (true, true) => match (before.unsold? > 0, after.unsold?) {
            (true, ..=0) => Some(
                RestockSoldOut {
                    sku: sku.clone(),
                    threshold: rule.threshold,
                }
                .into(),
            ),
            (false, unsold @ 1..) => Some(
                RestockThereAgain {
                    sku: sku.clone(),
                    unsold,
                    threshold: rule.threshold,
                }
                .into(),
            ),
            _ => None,
        },
        (false, false) => None,
    }
}

/// The SKUs that an event is about.
pub fn skus(event: &Event) -> Vec<&Sku> {
    match event {
        Event::ProductPublished(it) => it.skus.iter().collect(),
        Event::ProductWithdrawn(it) => it.skus.iter().collect(),
        Event::ProductVariantWithdrawn(it) => vec![&it.sku],
        Event::ProductVariantOffered(it) => vec![&it.sku],
        Event::RestockRuleRequested(it) => vec![&it.sku],
        Event::RestockRuleChanged(it) => vec![&it.sku],
        Event::RestockRuleRejected(it) => vec![&it.sku],
        Event::RestockThresholdCrossed(it) => vec![&it.sku],
        Event::RestockSoldOut(it) => vec![&it.sku],
        Event::RestockThereAgain(it) => vec![&it.sku],
        Event::RestockRecovered(it) => vec![&it.sku],
        Event::StockBatchAccepted(it) => it.thresholds.iter().map(|it| &it.sku).collect(),
        Event::PurchaseOrderLinesChanged(it) => {
            let lines = it.lines.iter().map(|line| &line.sku);
            lines.chain(&it.removed).collect()
        }
        event => match lines_of(event) {
            Some((_, _, lines)) => lines.iter().map(|line| &line.sku).collect(),
            None => {
                let levels = levels_of(event).unwrap_or_default();
                levels.into_iter().map(|(sku, _)| sku).collect()
            }
        },
    }
}

/// The line that a crossing asks for.
pub fn line_of(sku: &Sku, reckoning: &Reckoning, unit_cost: Money) -> PurchaseLine {
    PurchaseLine {
        sku: sku.clone(),
        ordered: reckoning.quantity,
        received: 0,
        unit_cost,
        lead_time_days: reckoning.lead_time_days,
    }
}

#[cfg(test)]
mod tests;
