//! The ledger of a SKU as its page and its file show it, and what staff write off.

use std::collections::HashMap;

use broker::{Consumer, Log, Recorded};
use db::Columns;
use domain::Event;
use domain::event::{StockWriteOffRejected, StockWriteOffRequested};
use strum::VariantArray;
use types::admin::{MAX_ON_HAND, MAX_REASON};
use types::ledger::{LedgerPage, LedgerRow, LedgerTab, MovementOf, WriteOff, WriteOffCause};
use types::movement::{LastMovement, MovementKind};
use types::order::order_number;
use types::purchasing::purchase_number;
use types::staff::Right;
use types::{FieldError, OrderId, Problem, PurchaseOrderId, Sku};
use uuid::Uuid;

use crate::events::{Refused, internal};
use crate::shop::Shop;
use crate::stock_ledger::StockLedger;
use crate::visitor::Staff;

/// Movements on one page.
const PAGE: u64 = 50;
/// Pages that can be asked for.
const MOST_PAGES: u64 = 2_000;
/// Movements that a file takes from the table at once.
const CHUNK: u64 = 500;
/// How many causes back somebody is looked for who did it.
const CAUSES: usize = 3;

const COLUMNS: &str = "position, at_us, kind, on_hand_change, allocated_change, reserved_change, \
                       on_hand, allocated, reserved, subject, reason, author, cause";

const fn condition(tab: LedgerTab) -> &'static str {
    match tab {
        LedgerTab::All => "sku = $1",
        LedgerTab::OnHand => "sku = $1 and on_hand_change <> 0",
    }
}

/// When each SKU has moved last, and up to which position that is known.
pub(crate) async fn last_movements(
    log: &Log,
) -> Result<(Vec<(Sku, LastMovement)>, u64), broker::Error> {
    // First: what the rows say is as new or newer.
    let position = log.position_of(StockLedger::NAME).await?;
    let rows = db::query("select sku, last_kind, last_at_us from stock_ledgers")
        .fetch_all(log.db().reader())
        .await?;
    let mut last = Vec::with_capacity(rows.len());
    for row in &rows {
        let sku = row.try_get::<&str, _>(0)?.parse();
        let kind = row.try_get::<&str, _>(1)?.parse();
        let at_us = row.try_get(2)?;
        if let (Ok(sku), Ok(kind)) = (sku, kind) {
            last.push((sku, LastMovement { kind, at_us }));
        }
    }
    Ok((last, position))
}

/// A row of the table, and the id of its cause while nobody is known.
fn read(row: &db::Row) -> Result<(LedgerRow, Option<Uuid>), Refused> {
    let kind: MovementKind = row.try_get::<&str, _>(2)?.parse().map_err(internal)?;
    let author: String = row.try_get(11)?;
    let cause = match author.is_empty() {
        true => row.try_get::<&str, _>(12)?.parse().ok(),
        false => None,
    };
    let read = LedgerRow {
        position: row.try_get::<i64, _>(0)?.unsigned_abs(),
        at_us: row.try_get(1)?,
        kind,
        on_hand_change: row.try_get(3)?,
        allocated_change: row.try_get(4)?,
        reserved_change: row.try_get(5)?,
        on_hand: row.try_get(6)?,
        allocated: row.try_get(7)?,
        reserved: row.try_get(8)?,
        of: movement_of(row.try_get(9)?),
        reason: row.try_get(10)?,
        by: author,
    };
    Ok((read, cause))
}

fn movement_of(subject: &str) -> Option<MovementOf> {
    let (what, id) = subject.split_once(':')?;
    let id = id.to_owned();
    Some(match what {
        "order" => MovementOf::Order {
            number: order_number(id.parse::<OrderId>().ok()?),
            id,
        },
        _ => MovementOf::Purchase {
            number: purchase_number(id.parse::<PurchaseOrderId>().ok()?),
            id,
        },
    })
}

/// Who an event names: staff by an id, or `shopper`.
fn named_by(event: &Recorded) -> Option<String> {
    let content: serde_json::Value = serde_json::from_str(&event.data).ok()?;
    let by = content.get("by").and_then(serde_json::Value::as_str);
    by.map(str::to_owned)
}

impl Shop {
    /// Waits a moment until the ledger knows what the pages of this process know of a SKU.
    async fn ledger_caught_up(&self, sku: &Sku) {
        let moved = self.levels().moved(sku);
        self.caught_up(StockLedger::NAME, moved).await;
    }

    /// Position of the newest event about a SKU, as far as this process has seen; 0 for an unknown one.
    pub fn ledger_version(&self, sku: &Sku) -> u64 {
        let level = self.levels().level(sku);
        level.map_or(0, |level| level.position)
    }

    /// A page of the ledger of a SKU, the newest movement first.
    ///
    /// # Errors
    /// 404 for an unknown SKU.
    pub async fn ledger(
        &self,
        staff: &Staff,
        sku: &Sku,
        tab: LedgerTab,
        page: u64,
    ) -> crate::Result<LedgerPage> {
        staff.may(Right::See)?;
        Ok(self.listed_movements(staff, sku, tab, page).await?)
    }

    async fn listed_movements(
        &self,
        staff: &Staff,
        sku: &Sku,
        tab: LedgerTab,
        page: u64,
    ) -> Result<LedgerPage, Refused> {
        staff.may(Right::See)?;
        let (product, title, variant) = {
            let catalogue = self.catalogue();
            let sold = catalogue.ever_sold(sku);
            let (product, variant) = sold.ok_or_else(|| unknown(sku))?;
            (product.slug.clone(), product.title.clone(), variant.title())
        };
        self.ledger_caught_up(sku).await;
        self.know_last_movements().await?;
        let level = self.levels().level(sku).ok_or_else(|| unknown(sku))?;
        let counted = db::query("select movements, in_house from stock_ledgers where sku = $1")
            .bind(sku.as_str())
            .fetch_optional(self.log().db().reader())
            .await?;
        let counts = match counted {
            Some(row) => {
                let count = |at| Ok::<_, Refused>(row.try_get::<i64, _>(at)?.unsigned_abs());
                vec![count(0)?, count(1)?]
            }
            None => vec![0; LedgerTab::VARIANTS.len()],
        };
        let at = LedgerTab::VARIANTS.iter().position(|it| *it == tab);
        let found = at.and_then(|at| counts.get(at)).copied();
        let sql = format!(
            "select {COLUMNS} from stock_movements where {} order by position desc limit $2 offset $3",
            condition(tab)
        );
        let rows = db::query(db::trusted_sql(sql))
            .bind(sku.as_str())
            .bind(PAGE.cast_signed())
            .bind((page.min(MOST_PAGES) * PAGE).cast_signed())
            .fetch_all(self.log().db().reader())
            .await?;
        let names = self.supplier_names(staff).await?;
        let supplier = level.supplier.as_ref().map(|id| {
            let known = names.into_iter().find(|(known, _)| known == id);
            known.map_or_else(|| id.to_string(), |(_, name)| name)
        });
        Ok(LedgerPage {
            sku: sku.clone(),
            product,
            title,
            variant,
            level,
            supplier: supplier.unwrap_or_default(),
            rows: self.with_authors(&rows).await?,
            counts,
            pages: found.unwrap_or_default().div_ceil(PAGE),
        })
    }

    /// The next movements of a SKU after a position, the oldest first: for a file of all of them. None is the
    /// end.
    ///
    /// # Errors
    /// 404 for an unknown SKU.
    pub async fn ledger_after(
        &self,
        staff: &Staff,
        sku: &Sku,
        position: u64,
    ) -> crate::Result<Vec<LedgerRow>> {
        staff.may(Right::See)?;
        Ok(self.movements_after(sku, position).await?)
    }

    async fn movements_after(&self, sku: &Sku, position: u64) -> Result<Vec<LedgerRow>, Refused> {
        if self.product_of(sku).is_none() {
            return Err(unknown(sku));
        }
        if position == 0 {
            self.ledger_caught_up(sku).await;
        }
        let sql = format!(
            "select {COLUMNS} from stock_movements where sku = $1 and position > $2 \
             order by position limit $3"
        );
        let rows = db::query(db::trusted_sql(sql))
            .bind(sku.as_str())
            .bind(position.cast_signed())
            .bind(CHUNK.cast_signed())
            .fetch_all(self.log().db().reader())
            .await?;
        self.with_authors(&rows).await
    }

    /// Says of each movement who it was: whom the event names, or the nearest of its causes that names anybody.
    /// All rows share a question for each step back.
    async fn with_authors(&self, rows: &[db::Row]) -> Result<Vec<LedgerRow>, Refused> {
        self.staff_names().refresh(self.log()).await?;
        let mut read = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut causes: HashMap<Uuid, Recorded> = HashMap::new();
        for _ in 0..CAUSES {
            let wanted = read.iter().filter_map(|(_, cause)| *cause);
            let wanted: std::collections::BTreeSet<Uuid> = wanted.collect();
            let unknown: Vec<Uuid> = wanted
                .into_iter()
                .filter(|id| !causes.contains_key(id))
                .collect();
            if unknown.is_empty() {
                break;
            }
            let found = self.log().read_ids(&unknown).await?;
            causes.extend(found.into_iter().map(|event| (event.id, event)));
            for (row, cause) in &mut read {
                let Some(event) = cause.and_then(|id| causes.get(&id)) else {
                    continue;
                };
                match named_by(event) {
                    Some(by) => (row.by, *cause) = (by, None),
                    None if event.causation_id.is_none() => {
                        // Nobody of the house has asked for it.
                        let is_shopper = ["order.placed", "reservation.requested"];
                        let is_shopper = is_shopper.contains(&event.kind.as_str());
                        row.by = if is_shopper { "shopper" } else { "the shop" }.to_owned();
                        *cause = None;
                    }
                    None => *cause = event.causation_id,
                }
            }
        }
        let named = |(mut row, _): (LedgerRow, _)| {
            row.by = match row.by.as_str() {
                "" => "the shop".to_owned(),
                by => self.staff_names().of(by),
            };
            row
        };
        Ok(read.into_iter().map(named).collect())
    }

    /// Reads when each SKU has moved last, until the ledger has come as far as this process began.
    pub(crate) async fn know_last_movements(&self) -> Result<(), Refused> {
        if !self.levels().knows_last() {
            let (last, position) = last_movements(self.log()).await?;
            self.levels().set_last(last, position);
        }
        Ok(())
    }

    /// Writes pieces off and waits for the inventory's answer.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 422 for its fields, 409 `not-free` when fewer are free.
    pub async fn write_off(&self, staff: &Staff, asked: WriteOff) -> crate::Result<()> {
        let by = staff.may(Right::Stock)?;
        Ok(self.write_pieces_off(by, asked).await?)
    }

    async fn write_pieces_off(&self, by: &str, asked: WriteOff) -> Result<(), Refused> {
        let WriteOff {
            sku,
            quantity,
            cause,
            note,
        } = asked;
        if self.product_of(&sku).is_none() {
            return Err(unknown(&sku));
        }
        let note = note.trim().to_owned();
        let mut errors = Vec::new();
        if !(1..=MAX_ON_HAND).contains(&i64::from(quantity)) {
            let message = "Enter how many pieces, 1 or more.";
            errors.push(FieldError::new("quantity", message));
        }
        if cause == WriteOffCause::Other && note.is_empty() {
            errors.push(FieldError::new("note", "Say what became of them."));
        } else if note.chars().count() > MAX_REASON || !is_note(&note) {
            let message =
                format!("A note has at most {MAX_REASON} characters that can be printed.");
            errors.push(FieldError::new("note", message));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let asked = StockWriteOffRequested {
            sku,
            quantity,
            cause,
            note,
            by: by.to_owned(),
        };
        let Some((answer, position)) = self.answered_at(asked.into()).await? else {
            let detail = "It is written down and will be booked in a moment.";
            return Err(Problem::unavailable(detail).into());
        };
        match &*answer {
            Event::StockWriteOffRejected(refused) => Err(not_free(refused).into()),
            _ => {
                self.followed(position).await;
                Ok(())
            }
        }
    }
}

fn is_note(note: &str) -> bool {
    note.is_empty() || types::is_printable(note)
}

fn unknown(sku: &Sku) -> Refused {
    Problem::not_found(format!("There is no SKU {sku}.")).into()
}

fn not_free(refused: &StockWriteOffRejected) -> Problem {
    let StockWriteOffRejected {
        sku,
        quantity,
        on_hand,
        allocated,
        reserved,
        ..
    } = refused;
    let free = on_hand - allocated - reserved;
    let detail = format!(
        "{quantity} of {sku} cannot be written off: of {on_hand} on hand {allocated} are promised to \
         orders and {reserved} held by checkouts, so {free} are free. Cancel an order first, or wait \
         until the checkouts have ended."
    );
    Problem::conflict("not-free", "So many are not free", detail)
}
