//! The repository that this program belongs to: its build, its site, and folders beside them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tokio::process::Command;

pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Cargo names this crate's folder when it runs it; a program started by hand looks upwards from
    /// the current folder.
    pub fn find() -> anyhow::Result<Self> {
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
    pub fn folder(&self) -> anyhow::Result<TempDir> {
        std::fs::create_dir_all(&self.target)?;
        Ok(TempDir::with_prefix_in("load-", &self.target)?)
    }

    /// The server that was named, or the one of this workspace, built now.
    pub async fn server(&self, named: Option<&Path>) -> anyhow::Result<PathBuf> {
        match named {
            Some(server) => Ok(server.to_owned()),
            None => self.build_server().await,
        }
    }

    pub async fn build_server(&self) -> anyhow::Result<PathBuf> {
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
    pub fn site_or_stub(&self, folder: &Path) -> anyhow::Result<PathBuf> {
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
