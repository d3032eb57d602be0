//! The shop that is bought from: one started for the purpose, or one that runs already.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use sqlx::AnyPool;
use tokio::process::Command;
use tokio::time::Instant;

use crate::args::Args;
use crate::database;
use crate::gateway_ledger::Ledger;
use crate::server_process::{ServerProcess, ServerProgram};
use crate::write_counters::WriteCounters;
use shopper::http::{Credentials, Pool};
use shopper::target::Target;

/// Sockets that a started shop allows beyond those that are asked for.
const SPARE_SOCKETS: u64 = 10_000;
const NOT_OURS: &str = "only a shop that this program has started can be restarted or signed in to";

#[derive(Debug)]
pub struct RunningShop {
    pub target: Target,
    pub database: AnyPool,
    pub write_counters: WriteCounters,
    pub ledger: Ledger,
    /// The process, where it is known.
    pub pid: Option<u32>,
    /// Where its data lies, when it was started for the purpose.
    pub data: Option<PathBuf>,
    /// `None` for a shop that runs anyway.
    own: Option<OwnShop>,
}

/// A process of ours. Dropped, it is killed and its folder removed, in this order.
#[derive(Debug)]
struct OwnShop {
    process: ServerProcess,
    program: ServerProgram,
    admin: Credentials,
}

/// How a shop is started.
#[derive(Debug, Clone, Copy)]
pub struct StartSettings<'a> {
    /// The program; cargo builds it when there is none.
    pub server: Option<&'a Path>,
    /// Pieces of every SKU.
    pub stock: i64,
    /// Idle sockets that it must allow.
    pub sockets: u64,
    /// How long the test gateway takes to answer.
    pub gateway_delay_ms: u32,
    /// A catalogue file in place of the demo's.
    pub catalogue: Option<&'a Path>,
}

impl RunningShop {
    /// The shop that the arguments name, or a new one with `stock` pieces of every SKU.
    pub async fn open(args: &Args, stock: i64, sockets: u64) -> anyhow::Result<Self> {
        let (Some(url), Some(database_url)) = (&args.url, &args.database_url) else {
            return Self::start(StartSettings {
                server: args.server.as_deref(),
                stock,
                sockets,
                gateway_delay_ms: 0,
                catalogue: None,
            })
            .await;
        };
        let target = Target::resolve(url, args.i_own_this_host).await?;
        Ok(Self {
            database: database::open(database_url).await?,
            write_counters: WriteCounters::of(&target, database_url).await?,
            ledger: Ledger::of_database(database_url),
            target,
            pid: args.pid,
            data: None,
            own: None,
        })
    }

    pub async fn start(settings: StartSettings<'_>) -> anyhow::Result<Self> {
        let admin = Credentials {
            email: "load@example.com".to_owned(),
            // Of a shop that only this machine reaches, and that ends with the run.
            password: "measured-by-load".to_owned(),
        };
        let mut program = ServerProgram::prepare(settings.server)
            .await?
            .with(
                "VITRINE_TEST_GATEWAY_DELAY_MS",
                settings.gateway_delay_ms.to_string(),
            )
            .with("VITRINE_DEMO_STOCK", settings.stock.to_string())
            .with("VITRINE_ADMIN_EMAIL", &admin.email)
            .with("VITRINE_ADMIN_PASSWORD", &admin.password)
            // All shoppers of a run come from one address.
            .with("VITRINE_LIFT_LIMITS", "true")
            .with(
                "VITRINE_MAX_CONNECTIONS",
                (settings.sockets + 2 * SPARE_SOCKETS).to_string(),
            )
            .with(
                "VITRINE_MAX_SOCKETS",
                (settings.sockets + SPARE_SOCKETS).to_string(),
            );
        if let Some(catalogue) = settings.catalogue {
            program = program.with("VITRINE_CATALOGUE", catalogue);
        }
        let mut process = program.start()?;
        let target = process.opened().await?;
        let database_url = program.sqlite_url();
        Ok(Self {
            database: database::open(&database_url).await?,
            write_counters: WriteCounters::of(&target, &database_url).await?,
            ledger: Ledger::beside(&program.data()),
            target,
            pid: process.id(),
            data: Some(program.data()),
            own: Some(OwnShop {
                process,
                program,
                admin,
            }),
        })
    }

    /// Kills the shop and starts it again on the same data; says how long it took until it served.
    pub async fn restart(&mut self) -> anyhow::Result<Duration> {
        let OwnShop {
            process,
            program,
            admin,
        } = self.own.take().context(NOT_OURS)?;
        process.kill().await?;
        let began = Instant::now();
        let mut process = program.start()?;
        self.target = process.opened().await?;
        let pool = Pool::default();
        let mut connection = pool.take(&self.target).await?;
        connection.get(&self.target, "/", "").await?;
        let took = began.elapsed();
        self.write_counters = WriteCounters::of(&self.target, &program.sqlite_url()).await?;
        self.pid = process.id();
        self.own = Some(OwnShop {
            process,
            program,
            admin,
        });
        Ok(took)
    }

    /// The shop's command line, on the same data.
    pub fn command(&self, args: &[&str]) -> anyhow::Result<Command> {
        Ok(self.own.as_ref().context(NOT_OURS)?.program.command(args))
    }

    /// How its admin signs in.
    pub fn admin(&self) -> anyhow::Result<&Credentials> {
        Ok(&self.own.as_ref().context(NOT_OURS)?.admin)
    }
}
