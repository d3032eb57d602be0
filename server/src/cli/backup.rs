//! `server backup` and `server restore`.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use broker::{Environment, Log};
use clap::Args;
use db::{Backup, Db};
use indicatif::{ProgressBar, ProgressStyle};

use super::check;
use super::times::utc;
use crate::config::Config;

#[derive(Debug, Args)]
pub struct BackupRequest {
    /// The file to write; it must not exist
    file: PathBuf,

    /// Also restores it into a database of its own, which is removed again, and checks that one
    #[arg(long)]
    verify: bool,
}

#[derive(Debug, Args)]
pub struct RestoreRequest {
    /// A file that `server backup` has written
    file: PathBuf,
}

pub async fn backup(
    log: &Log,
    request: &BackupRequest,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let file = &request.file;
    ensure!(
        !file.exists(),
        "{} exists already: name a file that does not",
        file.display()
    );
    let folder = folder_of(file);
    let cannot = || format!("cannot write into {}", folder.display());
    // Under a name of its own until it is whole, so that two at once do not meet, and readable by nobody else:
    // names, addresses and password hashes stand in it. Removed where it is not kept.
    let draft = tempfile::Builder::new()
        .prefix(".backup-")
        .tempfile_in(folder)
        .with_context(cannot)?;
    let made = write(log, draft.as_file()).await?;
    draft
        .persist_noclobber(file)
        .with_context(|| format!("cannot make {}", file.display()))?;
    // Its name is to outlive a power cut, too.
    let named = File::open(folder).and_then(|folder| folder.sync_all());
    named.with_context(cannot)?;
    let bytes = fs::metadata(file)?.len();
    writeln!(out, "{}: {}, {bytes} bytes", file.display(), told(&made))?;
    if request.verify {
        verify(file, &made, out).await?;
    }
    Ok(())
}

async fn write(log: &Log, draft: &File) -> anyhow::Result<Backup> {
    let bar = bar("backup")?;
    let shown = bar.clone();
    let made = log
        .db()
        .back_up(
            BufWriter::new(draft),
            log.environment().now_us(),
            move |rows, all| {
                shown.set_length(all);
                shown.set_position(rows);
            },
        )
        .await?;
    bar.finish_and_clear();
    draft.sync_all().context("cannot write the backup")?;
    Ok(made)
}

async fn verify(file: &Path, made: &Backup, out: &mut impl Write) -> anyhow::Result<()> {
    // Beside it: there is room for something of this size.
    let parent = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let folder = tempfile::Builder::new()
        .prefix("verified-")
        .tempdir_in(parent.unwrap_or(Path::new(".")))
        .context("cannot make a folder to restore it into")?;
    let settings = db::Settings::sqlite_file(&folder.path().join("verified.db"));
    let restored = put_back(&settings, file).await?;
    ensure!(
        restored == *made,
        "it was restored to {}, and {} was written",
        told(&restored),
        told(made)
    );
    check_restored(&settings, out).await
}

/// Puts a backup into the database of these settings, and checks what became of it.
///
/// # Errors
/// When there is a database already, or the file is not a whole backup; nothing is left then.
pub async fn restore(
    request: &RestoreRequest,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let settings = config.database();
    let restored = put_back(&settings, &request.file).await?;
    writeln!(out, "restored {}", told(&restored))?;
    check_restored(&settings, out).await?;
    writeln!(
        out,
        "start the shop: its log has another name from now on, so that open pages begin anew"
    )?;
    Ok(())
}

async fn put_back(settings: &db::Settings, file: &Path) -> anyhow::Result<Backup> {
    let opened = match File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("there is no file {}", file.display())
        }
        opened => opened.with_context(|| format!("cannot read {}", file.display()))?,
    };
    let bar = bar("restore")?;
    let shown = bar.clone();
    let restored = Db::restore(settings, BufReader::new(opened), move |rows| {
        shown.set_position(rows);
    })
    .await?;
    bar.finish_and_clear();
    Ok(restored)
}

/// Brings it up to this version, as a start would, and looks at all of it.
async fn check_restored(settings: &db::Settings, out: &mut impl Write) -> anyhow::Result<()> {
    let db = Db::open(settings).await?;
    let log = Log::open(db.clone(), Environment::system()).await?;
    let checked = check::check(&log, &check::Request::default(), out).await;
    db.close().await;
    checked
}

fn told(backup: &Backup) -> String {
    let Backup {
        made_at_us,
        head,
        tables,
        rows,
    } = backup;
    let made = utc(*made_at_us);
    format!("{rows} rows of {tables} tables, the log up to position {head}, as of {made}")
}

fn bar(what: &'static str) -> anyhow::Result<ProgressBar> {
    let style = "{msg} [{bar:40}] {human_pos}/{human_len} rows, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style)?.progress_chars("=> ");
    Ok(ProgressBar::new(0).with_style(style).with_message(what))
}

fn folder_of(file: &Path) -> &Path {
    let parent = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}
