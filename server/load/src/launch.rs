//! Starting the shop's program: where it is, which folders it gets, and what it is told.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::args::address_of;
use crate::shop::Target;

/// How long a shop may take to open.
const OPENING: Duration = Duration::from_secs(60);
/// What the shop prints before its address.
const ANNOUNCEMENT: &str = "listening on ";

/// A shop that can be started, more than once on the same data. Dropped, its folder is removed.
#[derive(Debug)]
pub struct Launch {
    program: PathBuf,
    folder: TempDir,
    settings: Vec<(&'static str, OsString)>,
}

impl Launch {
    /// Builds the server unless it is named, and makes a folder for its data.
    pub async fn prepare(server: Option<&Path>) -> anyhow::Result<Self> {
        let workspace = Workspace::find()?;
        let program = match server {
            Some(server) => server.to_owned(),
            None => workspace.build_server().await?,
        };
        let folder = workspace.folder()?;
        let site = workspace.site_or_stub(folder.path())?;
        let launch = Self {
            program,
            folder,
            settings: Vec::new(),
        };
        let data = launch.data();
        Ok(launch
            .with("VITRINE_LISTEN", "127.0.0.1:0")
            .with("VITRINE_DATA_DIR", data)
            .with("VITRINE_SITE_DIR", site)
            // All its shoppers come from this machine.
            .with("VITRINE_LIFT_LIMITS", "true")
            .with("VITRINE_LOG", "warn"))
    }

    /// Tells it a setting, by the name it has in the environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.settings.push((name, value.as_ref().to_owned()));
        self
    }

    /// Where its data lies.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The SQLite file that it makes when it is told of no other database.
    pub fn sqlite_url(&self) -> String {
        format!("sqlite:{}", self.data().join("vitrine.db").display())
    }

    pub fn start(&self) -> anyhow::Result<Process> {
        let mut child = Command::new(&self.program)
            // A setting of whoever calls must not change what is measured.
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let output = child.stdout.take().context("the shop has no output")?;
        Ok(Process {
            child,
            output: Some(BufReader::new(output).lines()),
        })
    }

    /// Leaves the folder where it is.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// A shop that was started. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Until it has opened.
    output: Option<Lines<BufReader<ChildStdout>>>,
}

impl Process {
    /// Waits until it serves; says where.
    pub async fn opened(&mut self) -> anyhow::Result<Target> {
        let mut lines = self.output.take().context("the shop has opened before")?;
        let url = tokio::time::timeout(OPENING, announced(&mut lines))
            .await
            .context("the shop did not open in time")??;
        // Whatever else it prints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let address = address_of(&url, false).await?;
        Ok(Target {
            address,
            authority: address.to_string().into(),
        })
    }

    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it with SIGKILL: it gets no chance to finish anything.
    ///
    /// # Errors
    /// When it has ended by itself before.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the shop ended by itself: {status}");
        }
        self.child.kill().await.context("cannot kill the shop")
    }
}

/// The address that the shop says it listens on.
async fn announced(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<String> {
    while let Some(line) = lines.next_line().await? {
        if let Some(url) = line.strip_prefix(ANNOUNCEMENT) {
            return Ok(url.trim().to_owned());
        }
    }
    bail!("the shop ended before it opened; what it said stands above")
}

/// A new folder on a disk. Dropped, it is removed.
pub fn folder_beside_build() -> anyhow::Result<TempDir> {
    Workspace::find()?.folder()
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

    /// A new folder beside the build and not in the system's temporary folder: that is often in
    /// memory, and a commit that waits for no disk would measure nothing.
    fn folder(&self) -> anyhow::Result<TempDir> {
        std::fs::create_dir_all(&self.target)?;
        Ok(TempDir::with_prefix_in("load-", &self.target)?)
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
