//! `load`: buys from a running shop, as many shoppers at once, and says what it cost. `load crash`
//! kills the shop meanwhile and looks whether anything was lost; `load broker` measures the broker.
//!
//! It shares the machine with the shop it measures, so it does as little as it can per checkout: HTTP
//! over connections that stay open, small socket buffers, one thread.

mod args;
mod books;
mod broker_bench;
mod checkout;
mod crash;
mod goods;
mod http;
mod launch;
mod machine;
mod order_socket;
mod oversell;
mod plan;
mod report;
mod run;
mod shop;
mod sockets;
mod tally;

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
            complain(&error);
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
        None => plan::carry_out(args).await,
        Some(Command::Crash(args)) => crash::carry_out(args).await,
        Some(Command::Broker(args)) => broker_bench::carry_out(args).await,
    }
}

#[expect(clippy::print_stderr, reason = "what whoever called it has to act on")]
fn complain(error: &anyhow::Error) {
    eprintln!("load: {error:#}");
}
