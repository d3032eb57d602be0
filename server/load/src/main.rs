//! `load`: buys from a running shop, as many shoppers at once, and says what it cost. `load compare`
//! measures two builds in turns; `load growth` a small shop and a large one; `load crash` kills the shop meanwhile and looks whether anything was
//! lost; `load broker` measures the broker, `load watch` the rules that watch the shop.
//!
//! It shares the machine with the shop it measures, so it does as little as it can per checkout: HTTP
//! over connections that stay open, small socket buffers, one thread.

mod args;
mod books;
mod broker_bench;
mod catalogue;
mod checkout;
mod checkout_report;
mod checkout_run;
mod compare;
mod console;
mod crash;
mod database;
mod file_limit;
mod gateway_ledger;
mod goods;
mod growth;
mod idle_sockets;
mod machine;
mod measured_run;
mod oversell;
mod peak;
mod running_shop;
mod server_process;
mod table;
mod tally;
mod times;
mod watch;
mod workspace;
mod write_counters;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    match measure(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            console::print_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that must agree agrees.
fn measure(args: Args) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.threads)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    // On a worker, where the checkouts are: from this thread each would be woken across threads.
    let run = runtime.spawn(async move { carry_out(&args).await });
    runtime.block_on(async {
        // Ended by hand, the shop it started and its data still go: by being dropped.
        tokio::select! {
            outcome = run => outcome.context("the run broke off")?,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        }
    })
}

async fn carry_out(args: &Args) -> anyhow::Result<bool> {
    match &args.command {
        None => peak::carry_out(args).await,
        Some(Command::Compare(args)) => compare::carry_out(args).await,
        Some(Command::Growth(args)) => growth::carry_out(args).await,
        Some(Command::Crash(args)) => crash::carry_out(args).await,
        Some(Command::Broker(args)) => broker_bench::carry_out(args).await,
        Some(Command::Watch(args)) => watch::carry_out(args).await,
    }
}
