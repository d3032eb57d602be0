//! Keeps the ledger of every SKU: a table of the movements that the log tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Consumer, Failure, Filter, Recorded, Rule, Tx};
use db::Columns;
use domain::event::{
    ReservationHeld, ReservationReleased, StockAllocated, StockCorrected, StockReceived,
    StockReleased, StockReserved, StockReturned, StockShipped, StockWrittenOff,
};
use domain::stock::Stock;
use domain::stock::ledger::{Change, Movement, Subject, movements_of};
use types::movement::{LastMovement, MovementKind};

use crate::events::decode;
use crate::rows_in::select_in;

#[derive(Debug)]
pub(crate) struct StockLedger;

/// How far the ledger of a SKU is.
#[derive(Debug, Clone, Copy, Default)]
struct Book {
    stock: Stock,
    movements: i64,
    in_house: i64,
    last: Option<LastMovement>,
    position: u64,
}

type Books = BTreeMap<String, Book>;

/// A movement as the table has it.
struct Line {
    sku: String,
    position: u64,
    at_us: i64,
    kind: MovementKind,
    change: Change,
    after: Stock,
    subject: String,
    reason: String,
    author: String,
    cause: String,
}

impl Consumer for StockLedger {
    const NAME: &'static str = "stock_ledger";
    /// What moves stock, as `domain::stock::ledger` has it. Not what only asks for it: what of that cannot be
    /// read is of no concern here.
    const HEARS: Filter<'static> = Filter(&[Rule::topic(StockCorrected::TOPIC).of(&[
        StockReserved::KIND,
        StockReleased::KIND,
        StockShipped::KIND,
        StockAllocated::KIND,
        StockReturned::KIND,
        StockReceived::KIND,
        StockCorrected::KIND,
        StockWrittenOff::KIND,
        ReservationHeld::KIND,
        ReservationReleased::KIND,
    ])]);

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let mut books = load(tx, batch).await?;
        let mut lines = Vec::new();
        for event in batch {
            let content = decode(event)?;
            for movement in movements_of(&content) {
                let book = books.entry(movement.sku.to_string()).or_default();
                lines.extend(book.follow(event, movement));
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        store_lines(tx, &lines).await?;
        let moved = lines.iter().map(|line| line.sku.as_str());
        let moved: std::collections::BTreeSet<&str> = moved.collect();
        books.retain(|sku, _| moved.contains(sku.as_str()));
        store_books(tx, &books.into_iter().collect::<Vec<_>>()).await
    }
}

impl Book {
    fn follow(&mut self, event: &Recorded, movement: Movement<'_>) -> Option<Line> {
        // Handled before.
        if self.position >= event.position {
            return None;
        }
        let change = Change::between(self.stock, movement.after);
        if !movement.is_told(change) {
            return None;
        }
        self.stock = movement.after;
        self.position = event.position;
        self.movements += 1;
        self.in_house += i64::from(change.on_hand != 0);
        if !movement.kind.is_passing() {
            self.last = Some(LastMovement {
                kind: movement.kind,
                at_us: event.time_us,
            });
        }
        let subject = match movement.subject {
            Some(Subject::Order(id)) => format!("order:{id}"),
            Some(Subject::Purchase(id)) => format!("purchase:{id}"),
            None => String::new(),
        };
        Some(Line {
            sku: movement.sku.to_string(),
            position: event.position,
            at_us: event.time_us,
            kind: movement.kind,
            change,
            after: movement.after,
            subject,
            reason: movement.reason,
            author: movement.by.to_owned(),
            cause: event
                .causation_id
                .map_or_else(String::new, |id| id.to_string()),
        })
    }
}

async fn load(tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<Books, Failure> {
    let mut skus = Vec::new();
    for event in batch {
        let content = decode(event)?;
        skus.extend(
            movements_of(&content)
                .into_iter()
                .map(|it| it.sku.to_string()),
        );
    }
    let question = "select sku, on_hand, allocated, reserved, movements, in_house, last_kind, last_at_us, \
                    position from stock_ledgers where sku in";
    let mut books = Books::new();
    for row in select_in(tx, question, skus.iter().map(String::as_str)).await? {
        let sku: String = row.try_get(0)?;
        let kind: &str = row.try_get(6)?;
        let kind: Option<MovementKind> = match kind {
            "" => None,
            kind => {
                let bad = |_| Failure::Other(format!("ledger of {sku}: unknown movement {kind:?}"));
                Some(kind.parse().map_err(bad)?)
            }
        };
        let at_us = row.try_get(7)?;
        let book = Book {
            stock: Stock {
                on_hand: row.try_get(1)?,
                allocated: row.try_get(2)?,
                reserved: row.try_get(3)?,
            },
            movements: row.try_get(4)?,
            in_house: row.try_get(5)?,
            last: kind.map(|kind| LastMovement { kind, at_us }),
            position: row.try_get::<i64, _>(8)?.unsigned_abs(),
        };
        books.insert(sku, book);
    }
    Ok(books)
}

async fn store_lines(tx: &mut Tx, lines: &[Line]) -> Result<(), Failure> {
    for (list, chunk) in tx.place_rows(lines, 14) {
        let sql = format!(
            "insert into stock_movements (sku, position, at_us, kind, on_hand_change, \
             allocated_change, reserved_change, on_hand, allocated, reserved, subject, reason, \
             author, cause) values {list}"
        );
        let mut insert = db::query(db::trusted_sql(sql));
        for line in chunk {
            insert = insert
                .bind(&line.sku)
                .bind(line.position.cast_signed())
                .bind(line.at_us)
                .bind(line.kind.into_str())
                .bind(line.change.on_hand)
                .bind(line.change.allocated)
                .bind(line.change.reserved)
                .bind(line.after.on_hand)
                .bind(line.after.allocated)
                .bind(line.after.reserved)
                .bind(&line.subject)
                .bind(&line.reason)
                .bind(&line.author)
                .bind(&line.cause);
        }
        insert.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn store_books(tx: &mut Tx, books: &[(String, Book)]) -> Result<(), Failure> {
    for (list, chunk) in tx.place_rows(books, 9) {
        let sql = format!(
            "insert into stock_ledgers (sku, on_hand, allocated, reserved, movements, in_house, \
             last_kind, last_at_us, position) values {list} on conflict (sku) do update set \
             on_hand = excluded.on_hand, allocated = excluded.allocated, \
             reserved = excluded.reserved, movements = excluded.movements, \
             in_house = excluded.in_house, last_kind = excluded.last_kind, \
             last_at_us = excluded.last_at_us, position = excluded.position"
        );
        let mut upsert = db::query(db::trusted_sql(sql));
        for (sku, book) in chunk {
            upsert = upsert
                .bind(sku)
                .bind(book.stock.on_hand)
                .bind(book.stock.allocated)
                .bind(book.stock.reserved)
                .bind(book.movements)
                .bind(book.in_house)
                .bind(book.last.map_or("", |last| last.kind.into_str()))
                .bind(book.last.map_or(0, |last| last.at_us))
                .bind(book.position.cast_signed());
        }
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}
