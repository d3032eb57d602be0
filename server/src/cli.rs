//! The command line: the server itself, and what its operator asks of the log. A command opens the
//! database that the running server uses; none of them needs it to be stopped, except `restore`.

mod backup;
mod check;
mod dead_letters;
mod delivery;
mod demo;
mod events;
mod format;
mod inventory;
mod look_back;
mod operator;
mod person;
mod price;
mod purchase_orders;
mod quarantine;
mod replay;
mod service;
mod settlement;
mod staff;
mod times;

use std::io::Write;

use anyhow::Context;
use broker::{Environment, Log};
use clap::{Parser, Subcommand};
use db::Db;

use crate::config::Config;

/// Runs the shop, or asks about it.
#[derive(Debug, Parser)]
#[command(name = "server", version, subcommand_precedence_over_arg = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub config: Config,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    OfLog(LogCommand),
    /// Puts a backup into a database that is not there yet, of the same kind or the other one
    Restore(backup::RestoreRequest),
    /// Lets a believable day of shoppers loose on the running demo shop, through its public door
    Demo(demo::Day),
}

/// What needs the database.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Says how far each consumer is behind the log
    Consumers(format::Format),
    /// Lists events, as lines or as CloudEvents
    Events(events::Query),
    /// Shows an order or a SKU as of any past position, and which event caused which
    Show(look_back::Query),
    /// Lists dead letters and what waits behind them
    DeadLetters(format::Format),
    /// Has dead letters tried again
    Redrive(dead_letters::Choice),
    /// Gives dead letters up; what waits behind them goes on
    Discard(dead_letters::Choice),
    /// Has a damaged record of the log stepped over by everybody
    Quarantine(quarantine::Place),
    /// Builds a consumer's table anew out of the log and puts it in use, while the shop runs
    Replay(replay::Request),
    /// Changes what a SKU costs, while the shop runs
    Price(price::Request),
    /// Says what delivery costs, or changes it, while the shop runs
    Delivery(delivery::Request),
    /// Compares a day with what the payment gateway has settled: the one in the data folder, or the one that
    /// VITRINE_GATEWAY_URL names
    Settlement(settlement::Request),
    /// Says who can sign in, and changes it
    Staff(staff::Request),
    /// Lets programs of others take part by HTTP, or no more
    Service(service::Request),
    /// Gives out or erases what is known of a person
    Person(person::Request),
    /// Lists orders to suppliers
    #[command(subcommand)]
    PurchaseOrders(purchase_orders::Task),
    /// Writes something as a file
    #[command(subcommand)]
    Export(inventory::Export),
    /// Takes something from a file, all of it or none
    #[command(subcommand)]
    Import(inventory::Import),
    /// Reads the whole log, while the shop runs: follows its chain of hashes, and compares all states with
    /// what follows from it
    Check(check::Request),
    /// Writes all of the database into one file, while the shop runs
    Backup(backup::BackupRequest),
    /// Prints topics, positions and dead letters as text
    Dump,
}

/// Carries a command out. What it finds goes to `out`, as text for people.
///
/// # Errors
/// When there is no shop, or the command cannot be done; the message says what was expected.
pub async fn run(command: Command, config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
    let command = match command {
        Command::OfLog(command) => command,
        Command::Restore(request) => return backup::restore(&request, config, out).await,
        Command::Demo(day) => return demo::demo(day, config, out).await,
    };
    let settings = config.database();
    let place = match &config.database_url {
        Some(_) => "the database that --database-url names".to_owned(),
        None => config.data_dir.display().to_string(),
    };
    anyhow::ensure!(
        settings.exists(),
        "there is no shop in {place}: start it once, or name another folder with --data-dir or \
         another database with --database-url"
    );
    let db = Db::open_existing(&settings)
        .await
        .context("cannot open the database")?;
    let log = Log::open(db.clone(), Environment::system()).await?;
    let done = match command {
        LogCommand::Consumers(format) => dead_letters::consumers(&log, format, out).await,
        LogCommand::Events(query) => events::list(&log, &query, out).await,
        LogCommand::Show(query) => look_back::show(&log, &query, out).await,
        LogCommand::DeadLetters(format) => dead_letters::list(&log, format, out).await,
        LogCommand::Redrive(choice) => dead_letters::redrive(&log, &choice, out).await,
        LogCommand::Discard(choice) => dead_letters::discard(&log, &choice, out).await,
        LogCommand::Quarantine(place) => quarantine::quarantine(&log, &place, out).await,
        LogCommand::Replay(request) => replay::replay(&log, &request, out).await,
        LogCommand::Price(request) => price::price(&log, request, out).await,
        LogCommand::Delivery(request) => delivery::delivery(&log, request, out).await,
        LogCommand::Settlement(request) => {
            settlement::settlement(&log, config, &request, out).await
        }
        LogCommand::Staff(request) => staff::staff(&log, config, &request, out).await,
        LogCommand::Service(request) => service::service(&log, &request, out).await,
        LogCommand::Person(request) => person::person(&log, &request, out).await,
        LogCommand::PurchaseOrders(task) => {
            purchase_orders::purchase_orders(&log, &task, out).await
        }
        LogCommand::Export(what) => inventory::export(&log, &what, out).await,
        LogCommand::Import(what) => inventory::import(&log, &what, out).await,
        LogCommand::Check(request) => check::check(&log, &request, out).await,
        LogCommand::Backup(request) => backup::backup(&log, &request, out).await,
        LogCommand::Dump => match log.dump().await {
            Ok(dump) => write!(out, "{dump}").map_err(Into::into),
            Err(error) => Err(error.into()),
        },
    };
    db.close().await;
    done
}
