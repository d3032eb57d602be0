//! What staff do with the stock of a SKU beside counting it, and with that of many.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use services::BatchNotDone;
#[cfg(feature = "ssr")]
use types::admin::{InventoryRow, MAX_ON_HAND};
#[cfg(feature = "ssr")]
use types::counting::{CountedLine, SheetOutcome};
#[cfg(feature = "ssr")]
use types::ledger::WriteOff;
#[cfg(feature = "ssr")]
use types::staff::Right;
#[cfg(feature = "ssr")]
use types::stock_batch::{Batch, BatchLine, BatchSource, NewCount};
#[cfg(feature = "ssr")]
use types::{Problem, Sku};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::admin::INVENTORY;
#[cfg(feature = "ssr")]
use super::flash::{self, Done, Flash};
use super::inventory_forms::WriteOffForm;
#[cfg(feature = "ssr")]
use crate::islands::inventory_view::{View, found};

#[cfg(feature = "ssr")]
fn malformed(error: &dyn std::fmt::Display) -> Problem {
    Problem::malformed(error.to_string())
}

/// Writes pieces off; ends on the page of their ledger.
#[server(name = PostedWriteOff, prefix = "/api", endpoint = "write_off")]
pub async fn write_off(#[server(flatten)] form: WriteOffForm) -> Result<(), ApiError> {
    let done = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Stock)?);
        let sku: Sku = form.sku.parse().map_err(|error| malformed(&error))?;
        let quantity = form.quantity.trim().parse().map_err(|_| {
            Problem::invalid_field(
                "quantity",
                "Enter how many pieces, a whole number from 1 on.",
            )
        })?;
        let cause = form
            .cause
            .parse()
            .map_err(|_| Problem::invalid_field("cause", "Choose why."))?;
        let note = form.note.clone();
        let asked = WriteOff {
            sku,
            quantity,
            cause,
            note,
        };
        shop.write_off(&staff, asked).await
    };
    let done = done.await;
    let page = match form.sku.parse::<Sku>() {
        Ok(sku) => format!("{INVENTORY}/{sku}"),
        Err(_) => INVENTORY.to_owned(),
    };
    match done {
        Ok(()) => {
            let pieces = form.quantity.trim().parse().unwrap_or_default();
            let said = format!("{} of {} written off.", types::pieces(pieces), form.sku);
            flash::keep(&page, &page, Done::Said(said).into());
            Ok(())
        }
        Err(problem) => {
            let flash = Flash {
                write_off: Some(form),
                ..problem.clone().into()
            };
            flash::keep(&page, &page, flash);
            Err(ApiError(problem))
        }
    }
}

/// The rows that a change is about where it is not about chosen ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Matching {
    #[serde(default)]
    pub filter: String,
    #[serde(default)]
    pub low: String,
    /// Whether all of them are meant.
    #[serde(default)]
    pub all: String,
}

/// Gives many SKUs another threshold or count: the chosen ones, or all that match a filter. All of them, or none.
#[server(name = PostedMany, prefix = "/api", endpoint = "set_many")]
pub async fn set_many(
    #[server(default)] batch_id: String,
    #[server(default)] at: String,
    #[server(default)] what: String,
    #[server(default)] value: String,
    #[server(default)] reason: String,
    #[server(default)] skus: Vec<String>,
    #[server(flatten)] matching: Matching,
) -> Result<(), ApiError> {
    let Matching { filter, low, all } = matching;
    let view = View {
        filter,
        low_only: !low.is_empty(),
        ..View::default()
    };
    let done = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Stock)?);
        let id = batch_id.parse().map_err(|error| malformed(&error))?;
        let at: u64 = at.parse().map_err(|error| malformed(&error))?;
        let chosen = match all.is_empty() {
            true => chosen(&shop, &skus)?,
            false => {
                let inventory = shop.inventory_view(&staff).await?;
                let level = |row: &InventoryRow| row.level.clone();
                let found = found(&inventory.rows, &inventory.suppliers, level, &view);
                let row = |(index, _): &(usize, _)| inventory.rows[*index].sku.clone();
                found.iter().map(row).collect()
            }
        };
        let what = What::read(&what, &value)?;
        let conflicts: Vec<String> = match what {
            What::Set(on_hand) => {
                let changed = chosen.iter().filter(|sku| !shop.is_as_seen(sku, at));
                let told = |sku: &Sku| {
                    let now = shop.levels().level(sku).map_or(0, |level| level.on_hand);
                    (now != on_hand).then(|| format!("{sku}: there are {now} now"))
                };
                changed.filter_map(told).collect()
            }
            What::Add(_) | What::Threshold(_) => Vec::new(),
        };
        if !conflicts.is_empty() {
            return Err(against("Changed since the page was shown", &conflicts));
        }
        let line = |sku: Sku| what.line(sku, &shop);
        let batch = Batch {
            id,
            source: BatchSource::Chosen,
            reason: reason.trim().to_owned(),
            lines: chosen.into_iter().map(line).collect(),
        };
        match shop.set_stock_of_many(&staff, batch).await {
            Ok(done) => Ok(done),
            Err(BatchNotDone::Problem(problem)) => Err(problem),
            Err(BatchNotDone::Conflicts(conflicts)) => {
                let told = conflicts
                    .iter()
                    .map(|it| format!("{}: {}", it.sku, it.words()));
                Err(against(
                    "Some lines stand against it",
                    &told.collect::<Vec<_>>(),
                ))
            }
        }
    };
    let query = view.query();
    let page = match query.as_str() {
        "" => INVENTORY.to_owned(),
        query => format!("{INVENTORY}?{query}"),
    };
    match done.await {
        Ok(done) => {
            let skus = |count: u32| match count {
                1 => "1 SKU".to_owned(),
                count => format!("{count} SKUs"),
            };
            let said = match done.counted {
                0 => format!("The threshold of {} is set.", skus(done.thresholds)),
                counted => format!(
                    "The count of {} is set; {} had another one.",
                    skus(counted),
                    done.changed
                ),
            };
            flash::keep(INVENTORY, &page, Done::Said(said).into());
            Ok(())
        }
        Err(problem) => {
            flash::keep(INVENTORY, &page, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}

/// What is done with every chosen SKU.
#[cfg(feature = "ssr")]
#[derive(Clone, Copy)]
enum What {
    Threshold(i64),
    Set(i64),
    Add(i64),
}

#[cfg(feature = "ssr")]
impl What {
    fn read(what: &str, value: &str) -> Result<Self, Problem> {
        // A minus as people type it, and as some programs make of it.
        let value = value.trim().replace('\u{2212}', "-");
        let number = value.trim_start_matches('+').parse::<i64>();
        let number = number
            .map_err(|_| Problem::invalid_field("value", "Enter a whole number of pieces."))?;
        match what {
            "threshold" => Ok(Self::Threshold(number)),
            "set" if !(0..=MAX_ON_HAND).contains(&number) => {
                let message = format!("Enter a count from 0 to {MAX_ON_HAND}.");
                Err(Problem::invalid_field("value", message))
            }
            "set" => Ok(Self::Set(number)),
            "add" => Ok(Self::Add(number)),
            _ => Err(Problem::malformed("what: expected threshold, set or add")),
        }
    }

    fn line(self, sku: Sku, shop: &services::Shop) -> BatchLine {
        let seen = || shop.levels().level(&sku).map(|level| level.on_hand);
        let (count, threshold) = match self {
            Self::Threshold(threshold) => (None, Some(threshold)),
            Self::Set(on_hand) => {
                let seen = seen();
                (Some(NewCount::To { on_hand, seen }), None)
            }
            Self::Add(change) => (Some(NewCount::By { change }), None),
        };
        BatchLine {
            sku,
            count,
            threshold,
        }
    }
}

/// Conflicts that are told, at most: a browser keeps no more.
#[cfg(feature = "ssr")]
const TOLD: usize = 12;

/// Bytes of what became of a sheet, at most: written for a cookie they are more.
#[cfg(feature = "ssr")]
const LONGEST: usize = 2_000;

#[cfg(feature = "ssr")]
fn against(title: &str, conflicts: &[String]) -> Problem {
    let mut told = conflicts[..conflicts.len().min(TOLD)].join("; ");
    if conflicts.len() > TOLD {
        told.push_str(&format!("; and {} more", conflicts.len() - TOLD));
    }
    let detail = format!("Nothing was changed. {told}. Look again, and choose once more.");
    Problem::conflict("batch-conflicts", title, detail)
}

/// The SKUs whose boxes were ticked.
#[cfg(feature = "ssr")]
fn chosen(shop: &services::Shop, skus: &[String]) -> Result<Vec<Sku>, Problem> {
    let sku = |sku: &String| {
        let sku: Sku = sku.parse().map_err(|error| malformed(&error))?;
        match shop.product_of(&sku) {
            Some(_) => Ok(sku),
            None => Err(Problem::not_found(format!("There is no SKU {sku}."))),
        }
    };
    skus.iter().map(sku).collect()
}

/// A line of a count sheet, as it was typed. Nothing typed is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypedCount {
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub pieces: String,
    #[serde(default)]
    pub counted: String,
}

/// Books what was counted with a sheet; ends on the sheet, which tells what became of it.
#[server(name = PostedCounts, prefix = "/api", endpoint = "record_counts")]
pub async fn record_counts(
    #[server(default)] at: String,
    #[server(default)] reason: String,
    #[server(default)] filter: String,
    #[server(default)] low: String,
    #[server(default)] page: String,
    #[server(default)] lines: Vec<TypedCount>,
) -> Result<(), ApiError> {
    let view = View {
        filter,
        low_only: !low.is_empty(),
        ..View::default()
    };
    let booked = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Stock)?);
        let at: u64 = at.parse().map_err(|error| malformed(&error))?;
        let mut counted = Vec::new();
        for line in lines.iter().filter(|line| !line.pieces.trim().is_empty()) {
            let sku: Sku = line.sku.parse().map_err(|error| malformed(&error))?;
            let pieces = line.pieces.trim().parse().map_err(|_| {
                let message = format!("{sku}: enter a whole number of pieces.");
                Problem::invalid_field("lines", message)
            })?;
            counted.push(CountedLine {
                sku,
                pieces,
                counted: line.counted.parse().unwrap_or_default(),
            });
        }
        shop.record_counts(&staff, at, &reason, counted).await
    };
    let address = sheet_address(&view, at.parse().ok(), page.parse().unwrap_or(0));
    match booked.await {
        Ok(mut outcome) => {
            // A browser keeps no more.
            let is_long = |outcome: &SheetOutcome| {
                serde_json::to_string(outcome).map_or(0, |json| json.len()) > LONGEST
            };
            while is_long(&outcome) && outcome.carried.pop().is_some() {}
            while is_long(&outcome) && outcome.refused.pop().is_some() {
                outcome.left_out += 1;
            }
            let flash = Flash {
                sheet: Some(outcome),
                ..Flash::default()
            };
            flash::keep(COUNT, &address, flash);
            Ok(())
        }
        Err(problem) => {
            flash::keep(COUNT, &address, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}

/// The page of count sheets.
pub const COUNT: &str = "/admin/inventory/count";

/// Where a page of a sheet stands.
#[cfg(feature = "ssr")]
pub fn sheet_address(view: &View, at: Option<u64>, page: usize) -> String {
    let mut address = view.below(COUNT);
    let mut add = |name: &str, value: String| {
        let sign = if address.contains('?') { '&' } else { '?' };
        address.push_str(&format!("{sign}{name}={value}"));
    };
    if let Some(at) = at {
        add("at", at.to_string());
    }
    if page > 0 {
        add("page", page.to_string());
    }
    address
}

/// The page of imports.
pub const IMPORT: &str = "/admin/inventory/import";

/// Follows a file that was given to the shop; ends on its page, which tells what became of it.
#[server(name = PostedImport, prefix = "/api", endpoint = "follow_import")]
pub async fn follow_import(
    #[server(default)] import_id: String,
    #[server(default)] reason: String,
) -> Result<(), ApiError> {
    let done = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Stock)?);
        let id = import_id.parse().map_err(|error| malformed(&error))?;
        match shop.follow_stock_file(&staff, id, &reason).await {
            Ok(()) => Ok(()),
            Err(BatchNotDone::Problem(problem)) => Err(problem),
            Err(BatchNotDone::Conflicts(conflicts)) => {
                let told = conflicts
                    .iter()
                    .map(|it| format!("{}: {}", it.sku, it.words()));
                Err(against(
                    "Some lines stand against it",
                    &told.collect::<Vec<_>>(),
                ))
            }
        }
    };
    // Nothing but an id leads anywhere.
    let page = match import_id.parse::<types::BatchId>() {
        Ok(id) => format!("{IMPORT}/{id}"),
        Err(_) => IMPORT.to_owned(),
    };
    super::end_on(&page, done.await)
}
