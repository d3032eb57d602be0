//! A server that answers as Stripe does, for the tests: PyPI's localstripe, in a folder of its own.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::{
    steps,
    tools::{answer, apt_install, find_on_path, is_root, run},
    workspace::Workspace,
};

const PACKAGE: &str = "localstripe==1.15.10";

/// The Python that has it; made when there is none yet.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.root.join("target").join("localstripe");
    let python = folder.join("bin").join("python");
    let has_it = || answer(Command::new(&python).args(["-c", "import localstripe"])).is_some();
    if has_it() {
        return Ok(python);
    }
    let can_make = || answer(Command::new("python3").args(["-c", "import ensurepip"])).is_some();
    if !can_make() && find_on_path("apt-get").is_some() && is_root() {
        steps::loud("installing Python", || apt_install("python3-venv"))?;
    }
    if !can_make() {
        bail!("Python with venv is missing: run `sudo apt-get install python3-venv`");
    }
    steps::loud("localstripe", || {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]))
    })?;
    Ok(python)
}
