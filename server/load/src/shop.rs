//! The shop that is bought from: one started for the purpose, or one that runs already.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sqlx::AnyPool;

use crate::args::{Args, address_of};
use crate::goods;
use crate::launch::{Launch, Process};

/// Sockets that a started shop allows beyond those that are asked for.
const SPARE_SOCKETS: u64 = 10_000;

/// Where requests go; cheap enough to clone per checkout.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// Host and port, as requests name them.
    pub authority: std::sync::Arc<str>,
}

#[derive(Debug)]
pub struct Shop {
    pub target: Target,
    pub database: AnyPool,
    /// The process, where it is known.
    pub pid: Option<u32>,
    /// Where its data lies, when it was started for the purpose.
    pub data: Option<PathBuf>,
    /// `None` for a shop that runs anyway.
    _own: Option<Own>,
}

/// A process of ours. Dropped, it is killed and its folder removed, in this order.
#[derive(Debug)]
struct Own {
    _process: Process,
    _launch: Launch,
}

impl Shop {
    /// The shop that the arguments name, or a new one with `stock` pieces of every SKU.
    pub async fn open(args: &Args, stock: i64, sockets: u64) -> anyhow::Result<Self> {
        match (&args.url, &args.database_url) {
            (Some(url), Some(database_url)) => {
                let address = address_of(url, args.i_own_this_host).await?;
                let uri: hyper::Uri = url.parse()?;
                let authority = uri.authority().context("--url names no host")?.as_str();
                Ok(Self {
                    target: Target {
                        address,
                        authority: authority.into(),
                    },
                    database: goods::open(database_url).await?,
                    pid: args.pid,
                    data: None,
                    _own: None,
                })
            }
            _ => Self::start(args.server.as_deref(), stock, sockets).await,
        }
    }

    async fn start(server: Option<&Path>, stock: i64, sockets: u64) -> anyhow::Result<Self> {
        let launch = Launch::prepare(server)
            .await?
            .with("VITRINE_TEST_GATEWAY_DELAY_MS", "0")
            .with("VITRINE_DEMO_STOCK", stock.to_string())
            .with("VITRINE_MAX_SOCKETS", (sockets + SPARE_SOCKETS).to_string());
        let mut process = launch.start()?;
        let target = process.opened().await?;
        Ok(Self {
            target,
            database: goods::open(&launch.sqlite_url()).await?,
            pid: process.id(),
            data: Some(launch.data()),
            _own: Some(Own {
                _process: process,
                _launch: launch,
            }),
        })
    }
}
