//! `server`: runs the shop, or answers its operator.

use std::io::{ErrorKind, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use server::WayIn;
use server::cli::Cli;
use server::config::LogFormat;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Rendering a page makes thousands of small allocations on every core.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is logged without a setting. An id that anybody can make up is not worth a line each.
const LOGGED: &str =
    "warn,server=info,services=info,db=info,tower_sessions=error,tower_sessions_core=error";

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read along has seen enough: `… | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(Cli { command, config }: Cli) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("VITRINE_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(|panicked| {
        // The place only: what it says may hold what a shopper typed.
        let place = panicked.location().map(ToString::to_string);
        tracing::error!(place, "a panic, which is a defect of this program");
    }));
    if let Some(command) = command {
        let mut out = std::io::stdout().lock();
        return server::cli::run(command, &config, &mut out).await;
    }
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: is another program using the port? \
             Choose one with VITRINE_LISTEN or --listen",
            config.listen
        )
    })?;
    let mut running = server::start(listener, config).await?;
    announce(&running);
    // Listening for both before either can come.
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
        // Whoever started the shop starts it again.
        broken = running.broken() => return Err(broken),
    }
    tracing::info!("stopping");
    tokio::select! {
        () = running.stop() => Ok(()),
        // Whoever asks twice does not want to wait: what is acknowledged is on the disk already.
        _ = tokio::signal::ctrl_c() => Err(stopped_at_once()),
        _ = terminate.recv() => Err(stopped_at_once()),
    }
}

fn stopped_at_once() -> anyhow::Error {
    anyhow::anyhow!("asked twice to stop, so nothing more is waited for")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[expect(clippy::print_stderr, reason = "what whoever called it has to act on")]
fn complain(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some errors repeat their cause.
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    eprintln!("server: {text}");
}

/// What whoever started the shop needs: where it is, how to get in, and where it is measured.
#[expect(
    clippy::print_stdout,
    reason = "what a person or a script waits for at start"
)]
fn announce(running: &server::Running) {
    match &running.way_in {
        Some(WayIn::Password { email, password }) => {
            println!("admin: sign in as {email} with the password {password} (shown this once)");
        }
        Some(WayIn::Link(link)) => {
            println!("admin: become the owner at {link} (good for once, for 24 hours)");
        }
        None => {}
    }
    if let Some(address) = running.metrics_address {
        println!("metrics on http://{address}/metrics");
    }
    println!("listening on {}", running.url);
}
