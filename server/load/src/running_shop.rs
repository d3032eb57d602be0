//! The shop that is bought from: one started for the purpose, or one that runs already.

use std::path::{Path, PathBuf};

use sqlx::AnyPool;

use crate::args::Args;
use crate::database;
use crate::server_process::{ServerProcess, ServerProgram};
use crate::target::Target;
use crate::write_counters::WriteCounters;

/// Sockets that a started shop allows beyond those that are asked for.
const SPARE_SOCKETS: u64 = 10_000;

#[derive(Debug)]
pub struct RunningShop {
    pub target: Target,
    pub database: AnyPool,
    pub write_counters: WriteCounters,
    /// The process, where it is known.
    pub pid: Option<u32>,
    /// Where its data lies, when it was started for the purpose.
    pub data: Option<PathBuf>,
    /// `None` for a shop that runs anyway.
    _own: Option<OwnShop>,
}

/// A process of ours. Dropped, it is killed and its folder removed, in this order.
#[derive(Debug)]
struct OwnShop {
    _process: ServerProcess,
    _program: ServerProgram,
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
            })
            .await;
        };
        let target = Target::resolve(url, args.i_own_this_host).await?;
        Ok(Self {
            database: database::open(database_url).await?,
            write_counters: WriteCounters::of(&target, database_url).await?,
            target,
            pid: args.pid,
            data: None,
            _own: None,
        })
    }

    pub async fn start(settings: StartSettings<'_>) -> anyhow::Result<Self> {
        let program = ServerProgram::prepare(settings.server)
            .await?
            .with(
                "VITRINE_TEST_GATEWAY_DELAY_MS",
                settings.gateway_delay_ms.to_string(),
            )
            .with("VITRINE_DEMO_STOCK", settings.stock.to_string())
            .with(
                "VITRINE_MAX_SOCKETS",
                (settings.sockets + SPARE_SOCKETS).to_string(),
            );
        let mut process = program.start()?;
        let target = process.opened().await?;
        let database_url = program.sqlite_url();
        Ok(Self {
            database: database::open(&database_url).await?,
            write_counters: WriteCounters::of(&target, &database_url).await?,
            target,
            pid: process.id(),
            data: Some(program.data()),
            _own: Some(OwnShop {
                _process: process,
                _program: program,
            }),
        })
    }
}
