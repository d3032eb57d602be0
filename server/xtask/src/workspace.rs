//! Where things stand in this repository, and how to call cargo in it.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

/// How a build trades its own time for the shopper's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Release,
    Dev,
}

pub struct Workspace {
    pub root: PathBuf,
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the repository: cargo names this crate's folder when it runs it; a binary started by
    /// hand looks upwards from the current folder.
    pub fn find() -> Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => env::current_dir().context("find the current folder")?,
        };
        let root = start
            .ancestors()
            .find(|folder| folder.join("server/xtask/Cargo.toml").is_file())
            .context("start this inside the repository: `cargo xtask …`")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// What the server hands out as files.
    pub fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    /// A program of the workspace, built.
    pub fn program(&self, name: &str, mode: Mode) -> PathBuf {
        let profile = match mode {
            Mode::Release => "release",
            Mode::Dev => "debug",
        };
        self.target
            .join(profile)
            .join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    pub fn end2end(&self) -> PathBuf {
        self.root.join("end2end")
    }

    pub fn cargo(&self) -> Command {
        let mut cargo =
            Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        cargo.current_dir(&self.root);
        // `cargo run` describes *this* crate in the environment. Build scripts that watch these
        // variables would run again on every switch between `cargo xtask` and plain `cargo`.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(describes_this_crate) {
                cargo.env_remove(name);
            }
        }
        cargo
    }
}

fn describes_this_crate(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

/// All files below a folder, sorted, so that what is made of them does not depend on the disk.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = folder
            .read_dir()
            .with_context(|| format!("read {}", folder.display()))?;
        for entry in entries {
            let path = entry
                .with_context(|| format!("read {}", folder.display()))?
                .path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_describes_this_crate_is_taken_from_cargo() {
        assert!(describes_this_crate("CARGO_PKG_VERSION"));
        assert!(describes_this_crate("CARGO_MANIFEST_DIR"));
        assert!(!describes_this_crate("CARGO_HOME"));
        assert!(!describes_this_crate("CARGO_TARGET_DIR"));
    }
}
