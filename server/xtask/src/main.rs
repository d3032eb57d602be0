//! `cargo xtask`: sets the shop up, builds it, runs it and tests it.
//!
//! Everything that turns sources into a running shop happens here, with libraries from the
//! workspace's own lock file: no tool has to be on the PATH and no version can drift.

#![expect(
    clippy::print_stdout,
    reason = "saying what it does is half of this program's job"
)]

mod bench;
mod beside;
mod bundle;
mod chromium;
mod compress;
mod content_hash;
mod localstripe;
mod pictures;
mod postgres;
mod public;
mod serve;
mod sizes;
mod steps;
mod styles;
mod tests;
mod tools;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::{workspace::Mode, workspace::Workspace};

/// Set up, build, run and test the shop.
///
/// Every command installs what it needs, skips what is up to date, and says what it is doing.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the shop and run it on http://127.0.0.1:3000
    ///
    /// The server's settings come from the environment (VITRINE_LISTEN, VITRINE_DATA_DIR, …) or from
    /// its own arguments: `cargo xtask serve --help` shows this text, `cargo xtask serve -- --help`
    /// shows the server's.
    Serve {
        #[command(flatten)]
        mode: ModeArgs,
        /// Arguments passed on to the server
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        server_args: Vec<String>,
    },
    /// Build the browser bundle and the server, and run nothing
    Build {
        #[command(flatten)]
        mode: ModeArgs,
        /// Leave the server out
        #[arg(long)]
        site: bool,
    },
    /// Run every test: formatting, lints, Rust tests, the crash run, browser tests
    Test {
        /// Which tests to run
        #[arg(value_enum, default_value_t = tests::Suite::All)]
        suite: tests::Suite,
        /// What takes long in its long form: more kills, every failpoint twice, pictures at
        /// all widths, a thousand random journeys, a hundred thousand forged messages, a thousand
        /// idempotency keys
        #[arg(long)]
        long: bool,
        /// Arguments passed on to Playwright, after `--`
        #[arg(last = true)]
        playwright_args: Vec<String>,
    },
    /// Measure the event broker; it sets up a private PostgreSQL for it
    Bench {
        /// Arguments passed on to the load program, after `--`
        #[arg(last = true)]
        load_args: Vec<String>,
    },
}

#[derive(Args)]
struct ModeArgs {
    /// Build fast instead of small: no optimisation, weak compression, no size budget
    #[arg(long)]
    dev: bool,
}

impl ModeArgs {
    fn mode(&self) -> Mode {
        if self.dev { Mode::Dev } else { Mode::Release }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("✗ {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match cli.command {
        Command::Serve { mode, server_args } => serve::serve(&workspace, mode.mode(), &server_args),
        Command::Build { mode, site: true } => bundle::build(&workspace, mode.mode()).map(drop),
        Command::Build { mode, site: false } => serve::build(&workspace, mode.mode()).map(drop),
        Command::Test {
            suite,
            long,
            playwright_args,
        } => {
            let length = if long {
                tests::Length::Long
            } else {
                tests::Length::Short
            };
            tests::run(&workspace, suite, length, &playwright_args)
        }
        Command::Bench { load_args } => bench::run(&workspace, &load_args),
    }
}

#[cfg(test)]
mod cli_tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
