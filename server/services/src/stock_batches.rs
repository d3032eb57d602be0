//! Counts and thresholds of many SKUs that staff set as one: all of them, or none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use broker::Log;
use domain::Event;
use domain::event::{StockBatchAccepted, StockBatchRequested};
use domain::restock::MAX_THRESHOLD;
use types::admin::{MAX_ON_HAND, MAX_REASON};
use types::staff::Right;
use types::stock_batch::{Batch, BatchConflict, BatchDone, MAX_LINES, NewCount};
use types::{Currency, FieldError, Problem};

use crate::answers::{Asked, answer_to};
use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::visitor::Staff;

/// How long the answer is waited for: thousands of SKUs take some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a batch is not done.
#[derive(Debug, Clone)]
pub enum BatchNotDone {
    /// Something else than its lines.
    Problem(Problem),
    /// These lines stand against it.
    Conflicts(Vec<BatchConflict>),
}

impl From<Problem> for BatchNotDone {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refused> for BatchNotDone {
    fn from(refused: Refused) -> Self {
        Self::Problem(refused.0)
    }
}

/// What is wrong with a number of pieces or a threshold, if anything is.
pub(crate) fn wrong_count(count: NewCount) -> Option<String> {
    match count {
        NewCount::To { on_hand, .. } if !(0..=MAX_ON_HAND).contains(&on_hand) => {
            Some(format!("expected a count from 0 to {MAX_ON_HAND}"))
        }
        NewCount::By { change } if !(-MAX_ON_HAND..=MAX_ON_HAND).contains(&change) => {
            Some(format!("expected a change of at most {MAX_ON_HAND}"))
        }
        _ => None,
    }
}

pub(crate) fn wrong_threshold(threshold: i64) -> Option<String> {
    let is_right = (0..=MAX_THRESHOLD).contains(&threshold);
    (!is_right).then(|| format!("expected a threshold from 0 to {MAX_THRESHOLD}"))
}

fn check(batch: &Batch) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let reason = &batch.reason;
    if reason.is_empty() || reason.chars().count() > MAX_REASON || !types::is_printable(reason) {
        let message = format!("Give a reason of 1 to {MAX_REASON} characters that can be printed.");
        errors.push(FieldError::new("reason", message));
    }
    if batch.lines.is_empty() {
        errors.push(FieldError::new("lines", "Choose one SKU at least."));
    }
    if batch.lines.len() > MAX_LINES {
        let message = format!("At most {MAX_LINES} SKUs are changed at once.");
        errors.push(FieldError::new("lines", message));
    }
    let mut seen = BTreeSet::new();
    for line in &batch.lines {
        let wrong = line.count.and_then(wrong_count);
        let wrong = wrong.or_else(|| line.threshold.and_then(wrong_threshold));
        if let Some(wrong) = wrong {
            errors.push(FieldError::new("value", format!("{}: {wrong}.", line.sku)));
            // The same of all.
            break;
        }
        if !seen.insert(&line.sku) {
            let message = format!("{} is named twice.", line.sku);
            errors.push(FieldError::new("lines", message));
        }
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Problem::invalid(errors)),
    }
}

/// Asks for a batch, unless the log has it already, and waits for the answer.
///
/// # Errors
/// What stands against it; 503 when it takes too long: then it is in the log and will be done.
pub async fn set_many(
    log: &Log,
    by: &str,
    currency: Currency,
    batch: Batch,
) -> Result<BatchDone, BatchNotDone> {
    check(&batch)?;
    let Batch {
        id,
        source,
        reason,
        lines,
    } = batch;
    let before = log.read_key(&id.to_string()).await.map_err(Refused::from)?;
    let asked = match before.first() {
        // It was asked for before: only the answer is told again.
        Some(first) => Asked {
            id: first.id,
            from: first.position,
        },
        None => {
            let request = StockBatchRequested {
                batch_id: id,
                source,
                lines,
                currency,
                reason,
                by: by.to_owned(),
            };
            let from = log.head();
            let mut tx = log.begin("shop").await.map_err(Refused::from)?;
            let event = encode(request.into()).map_err(Refused::from)?;
            let id = tx.append(event, None);
            tx.commit().await.map_err(Refused::from)?;
            Asked { id, from }
        }
    };
    let answer = answer_to(log, asked, PATIENCE)
        .await
        .map_err(Refused::from)?;
    let Some((answer, position)) = answer else {
        let detail = "It is written down and will be booked in a moment.";
        return Err(Problem::unavailable(detail).into());
    };
    told(&answer, position)
}

fn told(answer: &Arc<Event>, position: u64) -> Result<BatchDone, BatchNotDone> {
    match &**answer {
        Event::StockBatchAccepted(done) => Ok(done_of(done, position)),
        Event::StockBatchRejected(refused) => {
            Err(BatchNotDone::Conflicts(refused.conflicts.clone()))
        }
        other => Err(internal(format!("unexpected answer {}", other.kind())).into()),
    }
}

pub(crate) fn done_of(done: &StockBatchAccepted, position: u64) -> BatchDone {
    let thresholds = u32::try_from(done.thresholds.len()).unwrap_or(u32::MAX);
    BatchDone {
        counted: done.counted,
        changed: done.changed,
        thresholds,
        // One event follows for each count that differs.
        position: position + u64::from(done.changed),
    }
}

impl Shop {
    /// Sets counts and thresholds of many SKUs: all of them, or none.
    ///
    /// # Errors
    /// As [`set_many`].
    pub async fn set_stock_of_many(
        &self,
        staff: &Staff,
        batch: Batch,
    ) -> Result<BatchDone, BatchNotDone> {
        let by = staff.may(Right::Stock)?;
        let done = set_many(self.log(), by, self.currency(), batch).await?;
        self.followed(done.position).await;
        Ok(done)
    }

    /// Whether as many pieces of a SKU are in the house as a page knew that is of a position of the log, as far
    /// as this process has seen.
    pub fn is_as_seen(&self, sku: &types::Sku, at: u64) -> bool {
        self.levels().moved_in_house(sku) <= at
    }
}
