//! The shop that is bought from: one started for the purpose, or one that runs already.

use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::AnyPool;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::args::{Args, address_of};
use crate::goods;

/// How long a shop may take to open.
const OPENING: Duration = Duration::from_secs(60);
/// Sockets that a started shop allows beyond those that are asked for.
const SPARE_SOCKETS: u64 = 10_000;
/// What the shop prints before its address.
const ANNOUNCEMENT: &str = "listening on ";

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
    _process: Child,
    _folder: TempDir,
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
        let workspace = Workspace::find()?;
        let server = match server {
            Some(server) => server.to_owned(),
            None => workspace.build_server().await?,
        };
        // Beside the build and not in the system's temporary folder: that is often in memory, and a
        // commit that waits for no disk would measure nothing.
        std::fs::create_dir_all(&workspace.target)?;
        let folder = TempDir::with_prefix_in("load-", &workspace.target)?;
        let data = folder.path().join("data");
        let site = workspace.site_or_stub(folder.path())?;
        let mut process = Command::new(&server)
            // A setting of whoever calls must not change what is measured.
            .env_clear()
            .env("VITRINE_LISTEN", "127.0.0.1:0")
            .env("VITRINE_DATA_DIR", &data)
            .env("VITRINE_SITE_DIR", site)
            .env("VITRINE_LOG", "warn")
            .env("VITRINE_TEST_GATEWAY_DELAY_MS", "0")
            .env("VITRINE_DEMO_STOCK", stock.to_string())
            .env("VITRINE_MAX_SOCKETS", (sockets + SPARE_SOCKETS).to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", server.display()))?;
        let output = process.stdout.take().context("the shop has no output")?;
        let mut lines = BufReader::new(output).lines();
        let url = tokio::time::timeout(OPENING, announced(&mut lines))
            .await
            .context("the shop did not open in time")??;
        // Whatever else it prints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = address_of(&url, false).await?;
        let database_url = format!("sqlite:{}", data.join("vitrine.db").display());
        Ok(Self {
            target: Target {
                address,
                authority: address.to_string().into(),
            },
            database: goods::open(&database_url).await?,
            pid: process.id(),
            data: Some(data),
            _own: Some(Own {
                _process: process,
                _folder: folder,
            }),
        })
    }
}

/// The address that the shop says it listens on.
async fn announced(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<String> {
    while let Some(line) = lines.next_line().await? {
        if let Some(url) = line.strip_prefix(ANNOUNCEMENT) {
            return Ok(url.trim().to_owned());
        }
    }
    anyhow::bail!("the shop ended before it opened; what it said stands above")
}

struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Cargo names this crate's folder when it runs it; a program started by hand looks upwards from
    /// the current folder.
    fn find() -> anyhow::Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => env::current_dir()?,
        };
        let root = start
            .ancestors()
            .find(|folder| folder.join("server/load/Cargo.toml").is_file())
            .context("start this inside the repository, or name a running shop with --url")?
            .to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    async fn build_server(&self) -> anyhow::Result<PathBuf> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut cargo = Command::new(cargo);
        cargo.current_dir(&self.root).args([
            "build",
            "--quiet",
            "--package",
            "server",
            "--bin",
            "server",
        ]);
        let profile = if cfg!(debug_assertions) {
            "debug"
        } else {
            cargo.arg("--release");
            "release"
        };
        // `cargo run` describes this crate in the environment; build scripts that watch it would run
        // again for nothing.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(name.as_ref());
            }
        }
        let built = cargo.status().await.context("cannot run cargo")?;
        ensure!(built.success(), "the server does not build");
        let program = format!("server{}", env::consts::EXE_SUFFIX);
        Ok(self.target.join(profile).join(program))
    }

    /// The built site, or as much of one as the server insists on: pages are rendered all the same.
    fn site_or_stub(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let site = self.target.join("site");
        if site.join("pkg/current").is_file() {
            return Ok(site);
        }
        let stub = folder.join("site");
        std::fs::create_dir_all(stub.join("pkg"))?;
        std::fs::write(stub.join("pkg/current"), "stub")?;
        Ok(stub)
    }
}
