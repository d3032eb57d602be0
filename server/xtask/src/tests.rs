//! Runs the tests, in the order in which a mistake shows soonest, up to the first failure.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::{
    beside::Beside,
    bundle, chromium,
    content_hash::ContentHash,
    localstripe,
    postgres::{self, Durability},
    serve, steps, tools,
    workspace::{Mode, Workspace},
};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Everything
    All,
    /// Formatting and Clippy, for the server and for the browser
    Lint,
    /// The Rust tests, those that need a database on SQLite and on PostgreSQL
    Rust,
    /// The shop killed under load, with SQLite and with PostgreSQL
    Crash,
    /// The size budget and Playwright in Chromium
    Browser,
    /// Lighthouse of the main pages, three times each; not part of `all`: it takes minutes and needs an
    /// idle machine
    Lighthouse,
}

/// How much of what takes long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Short,
    Long,
}

impl Length {
    /// Kills on each database.
    const fn kills(self) -> &'static str {
        match self {
            Self::Short => "15",
            Self::Long => "100",
        }
    }

    /// Tells tests that have a long form of it by the environment.
    fn tell(self, command: &mut Command) -> &mut Command {
        match self {
            Self::Short => command,
            Self::Long => command
                .env("VITRINE_ALL_FAILPOINTS", "1")
                .env("VITRINE_PICTURES", "all")
                .env("VITRINE_JOURNEYS", "1000")
                .env("VITRINE_FORGERIES", "100000")
                .env("VITRINE_KEYS", "1000"),
        }
    }
}

pub fn run(
    workspace: &Workspace,
    suite: Suite,
    length: Length,
    playwright_args: &[String],
) -> Result<()> {
    let started = Instant::now();
    let wants = |part| suite == Suite::All || suite == part;
    if !playwright_args.is_empty() && !wants(Suite::Browser) {
        bail!("arguments after `--` go to Playwright, which only `all` and `browser` run");
    }
    let result = (|| {
        if wants(Suite::Lint) {
            lint(workspace)?;
        }
        if wants(Suite::Rust) {
            steps::loud("Rust tests, compiled", || {
                let mut cargo = workspace.cargo();
                tools::run(cargo.args(["test", "--workspace", "--no-run"]))
            })?;
        }
        // Those tests wait more than they compute, and compiling for the browser never waits.
        let site = match suite {
            Suite::All => Some(Beside::start(workspace, "site", &["build", "--site"])?),
            _ => None,
        };
        if wants(Suite::Rust) {
            rust(workspace, length)?;
        }
        if wants(Suite::Crash) {
            crash(workspace, length)?;
        }
        if let Some(site) = site {
            site.finish()?;
        }
        if wants(Suite::Browser) {
            browser(workspace, length, playwright_args)?;
        }
        if suite == Suite::Lighthouse {
            lighthouse(workspace)?;
        }
        Ok(())
    })();
    let time = steps::seconds(started.elapsed());
    match &result {
        Ok(()) => println!("✓ all tests passed ({time})"),
        Err(_) => println!("✗ the tests failed ({time})"),
    }
    result
}

fn lint(workspace: &Workspace) -> Result<()> {
    steps::quiet("formatting", || {
        tools::run(workspace.cargo().args(["fmt", "--all", "--check"]))
    })?;
    steps::loud("Clippy", || {
        tools::run(workspace.cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    // The workspace holds the app as the server sees it. What only the browser runs is checked here.
    tools::ensure_wasm_target(workspace)?;
    steps::loud("Clippy for the browser", || {
        let mut cargo = workspace.cargo();
        cargo.args([
            "clippy",
            "--package",
            "app",
            "--lib",
            "--target",
            tools::WASM_TARGET,
            "--features",
            "hydrate",
        ]);
        tools::run(cargo.args(["--", "-D", "warnings"]))
    })
}

/// Names the PostgreSQL server that tests use instead of SQLite files.
const TEST_SERVER: &str = "VITRINE_TEST_POSTGRES";
/// Names the Python with the server that stands for Stripe.
const STRIPE: &str = "VITRINE_LOCALSTRIPE";
/// Tests at once. They wait more than they compute: more than there are cores keep those busy.
const TESTS_AT_ONCE: &str = "4";

fn rust(workspace: &Workspace, length: Length) -> Result<()> {
    // First what may be missing, so that nobody waits minutes for a build to hear of it.
    let programs = postgres::ensure()?;
    let stripe = localstripe::ensure(workspace)?;
    steps::loud("Rust tests, with SQLite", || {
        let mut cargo = workspace.cargo();
        length.tell(cargo.args(["test", "--workspace", "--no-fail-fast"]));
        cargo.env(STRIPE, &stripe);
        cargo.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
        tools::run(cargo.env_remove(TEST_SERVER))
    })?;
    let server = steps::quiet("private PostgreSQL", || {
        programs.start(Durability::Volatile)
    })?;
    steps::loud("integration tests again, with PostgreSQL", || {
        // The same selection of packages: nothing is compiled again.
        let mut cargo = workspace.cargo();
        length.tell(cargo.args(["test", "--workspace", "--test", "it"]));
        cargo.env(STRIPE, &stripe);
        cargo.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
        tools::run(cargo.env(TEST_SERVER, server.url()))
    })
}

fn crash(workspace: &Workspace, length: Length) -> Result<()> {
    let programs = postgres::ensure()?;
    build_programs(workspace)?;
    let run = |args: &[&str]| {
        let mut load = Command::new(workspace.program("load", Mode::Dev));
        load.args(["crash", "--kills", length.kills(), "--server"]);
        load.arg(workspace.program("server", Mode::Dev));
        tools::run(load.args(args))
    };
    steps::loud("killed under load, with SQLite", || run(&[]))?;
    let server = steps::quiet("private PostgreSQL", || {
        programs.start(Durability::Volatile)
    })?;
    steps::loud("killed under load, with PostgreSQL", || {
        run(&["--database-url", &server.url()])
    })
}

/// Choosing the whole workspace gives every dependency the features that `cargo test` gave it: nothing
/// is compiled twice.
fn build_programs(workspace: &Workspace) -> Result<()> {
    steps::loud("server and load program", || {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--workspace", "--bin", "server", "--bin", "load"]);
        tools::run(&mut cargo)
    })
}

fn browser(workspace: &Workspace, length: Length, args: &[String]) -> Result<()> {
    let chromium = prepare_browser(workspace)?;
    let site = bundle::build(workspace, Mode::Release)?;
    build_programs(workspace)?;
    steps::loud("browser tests", || {
        let server = workspace.program("server", Mode::Dev);
        let mut playwright = playwright(workspace, &chromium, &server, &site);
        tools::run(length.tell(playwright.args(args)))
    })
}

/// Measures what shoppers get: everything is built for release.
fn lighthouse(workspace: &Workspace) -> Result<()> {
    let chromium = prepare_browser(workspace)?;
    let built = serve::build(workspace, Mode::Release)?;
    steps::loud("Lighthouse", || {
        let mut playwright = playwright(workspace, &chromium, &built.server, &built.site);
        playwright.args(["lighthouse.spec.ts", "--workers=1"]);
        tools::run(playwright.env("VITRINE_LIGHTHOUSE", "1"))
    })
}

/// First what may be missing, so that nobody waits minutes for a build to hear of it.
fn prepare_browser(workspace: &Workspace) -> Result<PathBuf> {
    tools::require_node()?;
    let chromium = chromium::ensure()?;
    let end2end = workspace.end2end();
    install_packages(&end2end)?;
    steps::quiet("types of the browser tests", || {
        tools::run(
            Command::new("npx")
                .current_dir(&end2end)
                .args(["--no-install", "tsc"]),
        )
    })?;
    Ok(chromium)
}

fn playwright(workspace: &Workspace, chromium: &Path, server: &Path, site: &Path) -> Command {
    let mut playwright = Command::new("npx");
    playwright
        .current_dir(workspace.end2end())
        .args(["--no-install", "playwright", "test"])
        .env("CHROMIUM", chromium)
        .env("VITRINE_SERVER_BIN", server)
        .env("VITRINE_SITE_DIR", site);
    playwright
}

/// Installs the browser tests' packages, unless those of this very lock file are there.
fn install_packages(end2end: &Path) -> Result<()> {
    let lock = end2end.join("package-lock.json");
    let mut hash = ContentHash::default();
    hash.add(
        "lock",
        &fs::read(&lock).with_context(|| format!("read {}", lock.display()))?,
    );
    let wanted = hash.finish();
    let stamp = stamp(end2end);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        steps::up_to_date("browser test packages");
        return Ok(());
    }
    steps::loud("browser test packages", || {
        let mut npm = Command::new("npm");
        npm.current_dir(end2end)
            .args(["ci", "--no-audit", "--no-fund"]);
        // The tests drive the system's Chromium.
        npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        tools::run(&mut npm)?;
        fs::write(&stamp, &wanted).with_context(|| format!("write {}", stamp.display()))
    })
}

/// Inside `node_modules`, so that removing that folder removes the claim that it is complete.
fn stamp(end2end: &Path) -> PathBuf {
    end2end.join("node_modules/.installed-lock")
}
