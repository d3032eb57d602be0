//! Counting many SKUs with a sheet: what was expected when it was made, and what became of what was counted.
//!
//! A count is relative to what was expected at the time: what has moved since is neither lost nor taken for a
//! miscount. Who counts what somebody else has counted since the sheet was made is told, and nothing of that
//! line is changed.

use std::collections::{BTreeMap, HashMap};

use broker::Consumer;
use db::{Columns, in_list};
use domain::Event;
use domain::event::{CountOrigin, CountRefusal, StockCorrectionRejected, StockCorrectionRequested};
use types::admin::{MAX_ON_HAND, MAX_REASON};
use types::counting::{
    CountSheet, Counted, CountedLine, MAX_SHEET, RefusedLine, SheetOutcome, SheetRow,
};
use types::staff::Right;
use types::{FieldError, Problem, Sku};

use crate::events::Refused;
use crate::shop::Shop;
use crate::stock_ledger::StockLedger;
use crate::visitor::Staff;

/// How often a line is tried again whose SKU moved while it was being booked.
const TRIES: usize = 5;

/// Mistakes in a sheet that are told at once.
const MOST_ERRORS: usize = 8;

/// What the books say of a SKU on a sheet.
#[derive(Debug, Clone, Copy, Default)]
struct Expected {
    /// In the house when the sheet was made.
    pieces: i64,
    is_counted: bool,
}

/// A line that is to be booked.
struct OpenLine {
    line: CountedLine,
    /// Pieces that the books held when the sheet was made.
    expected: i64,
    /// Pieces that they hold now.
    now: i64,
}

impl Shop {
    /// The sheet of some SKUs as it was made at a position of the log.
    ///
    /// # Errors
    /// 422 for a position that there is not yet.
    pub async fn count_sheet(
        &self,
        staff: &Staff,
        skus: &[Sku],
        at: u64,
    ) -> crate::Result<CountSheet> {
        staff.may(Right::See)?;
        Ok(self.sheet(skus, at).await?)
    }

    /// The newest position that sheets can be made at.
    pub fn sheet_position(&self) -> u64 {
        self.levels().position()
    }

    async fn sheet(&self, skus: &[Sku], at: u64) -> Result<CountSheet, Refused> {
        if at == 0 || at > self.log().head() {
            let message = "There is no such moment of the shop yet.";
            return Err(Problem::invalid_field("at", message).into());
        }
        let at_us = self.log().read_one(at).await?.time_us;
        let skus = &skus[..skus.len().min(MAX_SHEET)];
        let expected = self.expected(skus, at).await?;
        let catalogue = self.catalogue();
        let rows = skus.iter().filter_map(|sku| {
            let (product, variant) = catalogue.ever_sold(sku)?;
            let known = expected.get(sku).copied().unwrap_or_default();
            Some(SheetRow {
                sku: sku.clone(),
                title: product.title.clone(),
                variant: variant.title(),
                expected: known.pieces,
                on_hand: self.levels().level(sku)?.on_hand,
                is_counted: known.is_counted,
            })
        });
        Ok(CountSheet {
            at,
            at_us,
            rows: rows.collect(),
        })
    }

    /// What the ledgers say of some SKUs at a position, and whether somebody has counted them since.
    async fn expected(&self, skus: &[Sku], at: u64) -> Result<HashMap<Sku, Expected>, Refused> {
        if skus.is_empty() {
            return Ok(HashMap::new());
        }
        let newest = skus.iter().map(|sku| self.levels().moved(sku)).max();
        let newest = newest.unwrap_or_default().max(at);
        self.caught_up(StockLedger::NAME, newest).await;
        let (list, listed) = in_list(skus, 2);
        let sql = format!(
            "select l.sku, coalesce((select m.on_hand from stock_movements m where m.sku = l.sku \
             and m.position <= $1 order by m.position desc limit 1), 0), \
             (select count(*) from stock_movements m where m.sku = l.sku and m.position > $1 \
             and m.kind in ('counted', 'imported')) from stock_ledgers l where l.sku in ({list})"
        );
        let mut query = db::query(db::trusted_sql(sql)).bind(at.cast_signed());
        for sku in listed {
            query = query.bind(sku.as_str());
        }
        let rows = query.fetch_all(self.log().db().reader()).await?;
        let mut expected = HashMap::with_capacity(rows.len());
        for row in &rows {
            let known = Expected {
                pieces: row.try_get(1)?,
                is_counted: row.try_get::<i64, _>(2)? > 0,
            };
            if let Ok(sku) = row.try_get::<&str, _>(0)?.parse() {
                expected.insert(sku, known);
            }
        }
        Ok(expected)
    }

    /// Books what was counted with a sheet that was made at a position: each line for itself.
    ///
    /// # Errors
    /// 422 for a position, a reason or numbers that make no sense; then nothing is booked.
    pub async fn record_counts(
        &self,
        staff: &Staff,
        at: u64,
        reason: &str,
        lines: Vec<CountedLine>,
    ) -> crate::Result<SheetOutcome> {
        let by = staff.may(Right::Stock)?;
        Ok(self.book_counts(by, at, reason, lines).await?)
    }

    async fn book_counts(
        &self,
        by: &str,
        at: u64,
        reason: &str,
        lines: Vec<CountedLine>,
    ) -> Result<SheetOutcome, Refused> {
        let reason = reason.trim();
        check(reason, &lines)?;
        let mut outcome = SheetOutcome::default();
        let mut open = lines;
        for _ in 0..TRIES {
            if open.is_empty() {
                break;
            }
            // Each time anew: what has moved meanwhile may have been somebody else's count.
            let known = self.not_counted(at, open, &mut outcome).await?;
            open = self.try_counts(by, at, reason, known, &mut outcome).await?;
        }
        for line in &open {
            outcome.refuse(line, "it moves all the time; count it once more".to_owned());
        }
        Ok(outcome)
    }

    /// The lines whose SKUs nobody has counted since the sheet was made, each with what was expected of it and what
    /// is in the books now.
    async fn not_counted(
        &self,
        at: u64,
        lines: Vec<CountedLine>,
        outcome: &mut SheetOutcome,
    ) -> Result<Vec<OpenLine>, Refused> {
        let skus: Vec<Sku> = lines.iter().map(|line| line.sku.clone()).collect();
        // First: a count that is not in these yet makes the request one of somebody who has seen something else,
        // and one that is in them is found below.
        let now = |sku| self.levels().level(sku).map_or(0, |level| level.on_hand);
        let now: Vec<i64> = skus.iter().map(now).collect();
        // Also that there is such a position.
        let sheet = self.sheet(&skus, at).await?;
        let rows = sheet.rows.into_iter();
        let expected: HashMap<Sku, SheetRow> = rows.map(|row| (row.sku.clone(), row)).collect();
        let mut open = Vec::with_capacity(lines.len());
        for (line, now) in lines.into_iter().zip(now) {
            match expected.get(&line.sku) {
                None => outcome.refuse(&line, "there is no such SKU".to_owned()),
                Some(row) if row.is_counted => {
                    let now = row.on_hand;
                    let why = format!(
                        "somebody has counted it since the sheet was made: there are {now} in the books"
                    );
                    outcome.refuse(&line, why);
                }
                Some(row) => open.push(OpenLine {
                    line,
                    expected: row.expected,
                    now,
                }),
            }
        }
        Ok(open)
    }

    /// Asks for all these counts in one commit. Answers with those whose SKUs have moved meanwhile.
    async fn try_counts(
        &self,
        by: &str,
        at: u64,
        reason: &str,
        lines: Vec<OpenLine>,
        outcome: &mut SheetOutcome,
    ) -> Result<Vec<CountedLine>, Refused> {
        let mut asked = Vec::with_capacity(lines.len());
        let mut tried = BTreeMap::new();
        for open in lines {
            let OpenLine {
                line,
                expected,
                now,
            } = open;
            let on_hand = match line.counted {
                Counted::Before => line.pieces + now - expected,
                Counted::After => line.pieces,
            };
            if on_hand < 0 {
                let why = format!(
                    "{} were expected and {now} are left, so {} fewer cannot be",
                    expected,
                    expected - line.pieces
                );
                outcome.refuse(&line, why);
                continue;
            }
            let origin = CountOrigin::Sheet {
                counted: line.pieces,
                expected: if line.counted == Counted::After {
                    now
                } else {
                    expected
                },
                at,
            };
            let request = StockCorrectionRequested {
                sku: line.sku.clone(),
                on_hand,
                seen: Some(now),
                reason: reason.to_owned(),
                by: by.to_owned(),
                origin: Some(origin),
            };
            asked.push(request.into());
            tried.insert(line.sku.clone(), (line, expected, now));
        }
        let answers = self.all_answered(asked).await?;
        let mut again = Vec::new();
        let mut newest = 0;
        for (answer, position) in answers {
            newest = newest.max(position);
            match &*answer {
                Event::StockCorrected(done) => {
                    let Some((line, expected, now)) = tried.remove(&done.sku) else {
                        continue;
                    };
                    if done.change == 0 {
                        outcome.as_expected += 1;
                    } else {
                        outcome.corrected += 1;
                    }
                    if now != expected {
                        outcome
                            .carried
                            .push(carried(&line, expected, now, done.on_hand));
                    }
                }
                Event::StockCorrectionRejected(refused) => {
                    let Some((line, ..)) = tried.remove(&refused.sku) else {
                        continue;
                    };
                    match refused.refusal {
                        CountRefusal::CountedMeanwhile { .. } => again.push(line),
                        CountRefusal::Promised => outcome.refuse(&line, promised(refused)),
                    }
                }
                _ => {}
            }
        }
        for (line, ..) in tried.into_values() {
            let why = "it is written down and will be booked in a moment".to_owned();
            outcome.refuse(&line, why);
        }
        self.followed(newest).await;
        Ok(again)
    }
}

fn check(reason: &str, lines: &[CountedLine]) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if reason.is_empty() || reason.chars().count() > MAX_REASON || !types::is_printable(reason) {
        let message = format!("Give a reason of 1 to {MAX_REASON} characters that can be printed.");
        errors.push(FieldError::new("reason", message));
    }
    if lines.is_empty() {
        errors.push(FieldError::new(
            "lines",
            "Enter what was counted of one SKU at least.",
        ));
    }
    if lines.len() > MAX_SHEET {
        let message = format!("A sheet has at most {MAX_SHEET} lines.");
        errors.push(FieldError::new("lines", message));
    }
    let mut seen = std::collections::BTreeSet::new();
    for line in lines {
        if !(0..=MAX_ON_HAND).contains(&line.pieces) {
            let message = format!("{}: enter a count from 0 to {MAX_ON_HAND}.", line.sku);
            errors.push(FieldError::new("lines", message));
        }
        if !seen.insert(&line.sku) {
            let message = format!("{} stands on two lines.", line.sku);
            errors.push(FieldError::new("lines", message));
        }
    }
    // The first of them will do.
    errors.truncate(MOST_ERRORS);
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Problem::invalid(errors)),
    }
}

/// What became of a count whose SKU had moved since the sheet was made.
fn carried(line: &CountedLine, expected: i64, now: i64, after: i64) -> String {
    let moved = now - expected;
    let (sku, pieces) = (&line.sku, line.pieces);
    match line.counted {
        Counted::Before => format!(
            "{sku}: {pieces} counted, {expected} expected, {moved:+} since then: {after} in the books"
        ),
        Counted::After => format!("{sku}: {pieces} counted after it had moved by {moved:+}"),
    }
}

fn promised(refused: &StockCorrectionRejected) -> String {
    let StockCorrectionRejected {
        on_hand,
        allocated,
        reserved,
        ..
    } = refused;
    format!(
        "{allocated} are promised to orders and {reserved} held by checkouts, so {on_hand} cannot be on hand"
    )
}

trait Refuse {
    fn refuse(&mut self, line: &CountedLine, why: String);
}

impl Refuse for SheetOutcome {
    fn refuse(&mut self, line: &CountedLine, why: String) {
        self.refused.push(RefusedLine {
            sku: line.sku.clone(),
            pieces: line.pieces,
            why,
        });
    }
}
