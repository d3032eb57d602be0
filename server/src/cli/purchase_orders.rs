//! `server purchase-orders`: what suppliers were asked for, and how that stands.

use std::io::Write;

use broker::Log;
use clap::{Args, Subcommand};
use types::purchasing::{PurchaseRow, PurchaseTab};

use super::format::Format;
use super::times::utc;

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Lists orders to suppliers, the newest first
    List(List),
    /// Shows one, with its lines
    Show(Show),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only those that stand so: draft, approved, incoming, overdue, closed, cancelled or all
    #[arg(long, default_value = "all", value_parser = tab)]
    state: PurchaseTab,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Its number, e.g. PO-7K3M2Q9A, or its id
    number: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

fn tab(text: &str) -> Result<PurchaseTab, String> {
    let unknown =
        |_| "expected draft, approved, incoming, overdue, closed, cancelled or all".to_owned();
    text.parse().map_err(unknown)
}

pub async fn purchase_orders(log: &Log, task: &Task, out: &mut impl Write) -> anyhow::Result<()> {
    match task {
        Task::List(List { state, format }) => {
            let rows = services::purchase_rows(log, *state).await?;
            if format.wrote(&rows, out)? {
                return Ok(());
            }
            for row in &rows {
                writeln!(out, "{}", line(row))?;
            }
            if rows.is_empty() {
                writeln!(out, "no orders to suppliers")?;
            }
        }
        Task::Show(Show { number, json }) => {
            let (row, lines) = services::purchase_lines(log, number).await?;
            if *json {
                let shown = serde_json::json!({ "order": row, "lines": lines });
                writeln!(out, "{shown}")?;
                return Ok(());
            }
            writeln!(out, "{}", line(&row))?;
            for line in lines {
                writeln!(
                    out,
                    "  {:<24} ordered {}, received {}, {} each",
                    line.sku.as_str(),
                    line.ordered,
                    line.received,
                    line.unit_cost
                )?;
            }
        }
    }
    Ok(())
}

fn line(row: &PurchaseRow) -> String {
    let total = row
        .total
        .map_or_else(String::new, |total| format!(", {total}"));
    let overdue = if row.is_overdue { ", overdue" } else { "" };
    let expected = match row.expected_us {
        0 => String::new(),
        at_us => format!(", expected {}", utc(at_us)),
    };
    format!(
        "{}  {}  {}: {} of {} pieces{total}{expected}{overdue}",
        row.number,
        row.status.title().to_lowercase(),
        row.supplier_name,
        row.received,
        row.ordered
    )
}
