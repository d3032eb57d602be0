//! Programs from outside the workspace: are they there, and what is the remedy when they are not?

use std::{
    env,
    io::ErrorKind,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{steps, workspace::Workspace};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Runs a program to its end with the terminal for its output.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("start {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

/// What a program prints, or `None` when it is not installed or fails.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Sees to it that rustc can compile for the browser.
pub fn ensure_wasm_target(workspace: &Workspace) -> Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    // Asking rustc, not rustup: a distribution's Rust has no rustup and may still have the target.
    let libraries = answer(Command::new(rustc).current_dir(&workspace.root).args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]));
    if libraries.is_some_and(|folder| PathBuf::from(folder).is_dir()) {
        return Ok(());
    }
    let name = format!("Rust target {WASM_TARGET}");
    steps::loud(&name, || {
        let status = Command::new("rustup")
            .current_dir(&workspace.root)
            .args(["target", "add", WASM_TARGET])
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                bail!("`rustup target add {WASM_TARGET}` ended with {status}: run it by hand")
            }
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "{WASM_TARGET} is missing and there is no rustup to add it: install Rust from https://rustup.rs"
            ),
            Err(error) => Err(error).context("start rustup"),
        }
    })
}

/// Sees to it that Node.js and its package manager are there.
pub fn require_node() -> Result<()> {
    for program in ["node", "npm"] {
        if answer(Command::new(program).arg("--version")).is_none() {
            bail!("{program} is missing: install Node.js 20 or newer from https://nodejs.org");
        }
    }
    Ok(())
}

/// Where a program stands on the PATH.
pub fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// May this user install system packages?
pub fn is_root() -> bool {
    answer(Command::new("id").arg("-u")).as_deref() == Some("0")
}

/// Installs one of Debian's packages; only root may.
pub fn apt_install(package: &str) -> Result<()> {
    run(apt().arg("update"))?;
    run(apt().args(["install", "--yes", "--no-install-recommends", package]))
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.arg("--quiet").env("DEBIAN_FRONTEND", "noninteractive");
    apt
}
