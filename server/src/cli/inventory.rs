//! `server export inventory` and `server import inventory`: stock as a file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use broker::Log;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use services::{BatchNotDone, Imported, await_ledgers, import_stock, stored_inventory};
use types::staff::Right;
use types::stock_batch::BatchConflict;
use types::stock_file::{FileReport, MAX_FILE};

use super::operator::Author;

#[derive(Debug, Subcommand)]
pub enum Export {
    /// Every SKU with its stock, as CSV: it can be filled in and given to `import inventory`
    Inventory,
}

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Sets counts and thresholds from a CSV file, all of them or none, while the shop runs
    Inventory(File),
}

#[derive(Debug, Args)]
pub struct File {
    /// With a column sku, and counted, threshold or both
    file: PathBuf,
    /// Only says what would be done, and which lines cannot be followed
    #[arg(long)]
    dry_run: bool,
    /// For the ledger of each SKU
    #[arg(long, default_value = "import")]
    reason: String,
    #[command(flatten)]
    author: Author,
}

pub async fn export(log: &Log, what: &Export, out: &mut impl Write) -> anyhow::Result<()> {
    let Export::Inventory = what;
    out.write_all(stored_inventory(log).await?.as_bytes())?;
    Ok(())
}

pub async fn import(log: &Log, what: &Import, out: &mut impl Write) -> anyhow::Result<()> {
    let Import::Inventory(File {
        file,
        dry_run,
        reason,
        author,
    }) = what;
    let by = author.may(log, Right::Stock).await?;
    let size =
        std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    anyhow::ensure!(
        size.len() <= MAX_FILE as u64,
        "{} has {} bytes, expected {MAX_FILE} at most",
        file.display(),
        size.len()
    );
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let began = Instant::now();
    match import_stock(log, &by, &bytes, reason, *dry_run).await {
        Ok(Imported::Checked(report)) => {
            tell(&report, out)?;
            anyhow::ensure!(report.bad.is_empty(), "nothing was changed");
            writeln!(out, "nothing was changed: without --dry-run it would be")?;
        }
        Ok(Imported::Done(report, done)) => {
            tell(&report, out)?;
            let booked = began.elapsed();
            let bar = ProgressBar::new(u64::from(done.changed));
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} in the ledgers");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            let first = done.position - u64::from(done.changed);
            await_ledgers(log, done.position, |at| {
                bar.set_position(at.saturating_sub(first).min(done.changed.into()));
            })
            .await?;
            bar.finish_and_clear();
            writeln!(
                out,
                "done: {} of {} counts changed, {} thresholds set; booked after {} ms, in the ledgers \
                 after {} ms",
                done.changed,
                done.counted,
                done.thresholds,
                booked.as_millis(),
                began.elapsed().as_millis()
            )?;
        }
        Err(BatchNotDone::Problem(problem)) => anyhow::bail!("{problem}"),
        Err(BatchNotDone::Conflicts(conflicts)) => {
            for conflict in &conflicts {
                let BatchConflict { sku, .. } = conflict;
                writeln!(out, "{sku}: {}", conflict.words())?;
            }
            anyhow::bail!(
                "nothing was changed: {} SKUs stand against it",
                conflicts.len()
            );
        }
    }
    Ok(())
}

fn tell(report: &FileReport, out: &mut impl Write) -> anyhow::Result<()> {
    let mut by_line: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for bad in &report.bad {
        let column = match bad.column.as_str() {
            "" => String::new(),
            column => format!("{column}: "),
        };
        let told = format!("{column}found {:?}, expected {}", bad.found, bad.expected);
        by_line.entry(bad.line).or_default().push(told);
    }
    for (line, told) in by_line {
        writeln!(out, "line {line}: {}", told.join("; "))?;
    }
    writeln!(
        out,
        "{} lines: {} counts, {} of them another number than now, {} other thresholds, {} ask for nothing, \
         {} cannot be followed",
        report.lines,
        report.counts,
        report.differing,
        report.thresholds,
        report.empty,
        report.bad.len()
    )?;
    Ok(())
}
