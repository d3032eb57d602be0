//! Starts and kills the shop's program, with settings and a data folder of its own.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::workspace::Workspace;
use shopper::target::Target;

/// How long a shop may take to open.
const OPENING: Duration = Duration::from_secs(60);
/// What the shop prints before its address.
const ANNOUNCEMENT: &str = "listening on ";

/// The server's program with settings and a data folder. It can be started more than once on the same
/// data. Dropped, its folder is removed.
#[derive(Debug)]
pub struct ServerProgram {
    program: PathBuf,
    folder: TempDir,
    settings: Vec<(&'static str, OsString)>,
}

impl ServerProgram {
    /// Builds the server unless it is named, and makes a folder for its data.
    pub async fn prepare(server: Option<&Path>) -> anyhow::Result<Self> {
        let workspace = Workspace::find()?;
        let program = workspace.server(server).await?;
        let folder = workspace.folder()?;
        let site = workspace.site_or_stub(folder.path())?;
        let server = Self {
            program,
            folder,
            settings: Vec::new(),
        };
        let data = server.data();
        Ok(server
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

    /// The program with these arguments. It ends when it is dropped.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            // A setting of whoever calls must not change what is measured.
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    pub fn start(&self) -> anyhow::Result<ServerProcess> {
        let mut child = self
            .command(&[])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let output = child.stdout.take().context("the shop has no output")?;
        Ok(ServerProcess {
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
pub struct ServerProcess {
    child: Child,
    /// Until it has opened.
    output: Option<Lines<BufReader<ChildStdout>>>,
}

impl ServerProcess {
    /// Waits until it serves; says where.
    pub async fn opened(&mut self) -> anyhow::Result<Target> {
        let mut lines = self.output.take().context("the shop has opened before")?;
        let url = tokio::time::timeout(OPENING, announced(&mut lines))
            .await
            .context("the shop did not open in time")??;
        // Whatever else it prints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Target::resolve(&url, false).await
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
