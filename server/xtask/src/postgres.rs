//! PostgreSQL's server programs: installed where that is possible.

use anyhow::{Context as _, Result, bail};
pub use private_postgres::{Durability, Programs};

use crate::{
    steps,
    tools::{apt_install, find_on_path, is_root},
};

/// Finds the programs, or installs them.
pub fn ensure() -> Result<Programs> {
    if let Some(programs) = Programs::find() {
        return Ok(programs);
    }
    if cfg!(target_os = "macos") {
        bail!(
            "PostgreSQL is missing: run `brew install postgresql` and put its programs on the PATH"
        );
    }
    if find_on_path("apt-get").is_none() {
        bail!(
            "PostgreSQL is missing: install your system's package of the server, with `initdb` on the PATH"
        );
    }
    if !is_root() {
        bail!("PostgreSQL is missing: run `sudo apt-get install postgresql`");
    }
    steps::loud("installing PostgreSQL", || apt_install("postgresql"))?;
    Programs::find()
        .context("apt-get installed PostgreSQL, but its `initdb` is nowhere to be found")
}
