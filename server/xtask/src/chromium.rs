//! Finds Chromium for the browser tests, or installs it where that is possible.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    steps,
    tools::{apt_install, find_on_path, is_root},
};

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// macOS puts no browser on the PATH.
const MAC_APPS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

pub fn ensure() -> Result<PathBuf> {
    // Whoever names a browser means that one: falling back to another would hide the mistake.
    if let Some(named) = env::var_os("CHROMIUM") {
        let named = PathBuf::from(named);
        if !named.is_file() {
            bail!("CHROMIUM names {}, which is no file", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    if cfg!(target_os = "macos") {
        bail!(
            "Chromium is missing: run `brew install --cask chromium`, or set CHROMIUM to a Chrome"
        );
    }
    if find_on_path("apt-get").is_none() {
        bail!(
            "Chromium is missing: install your system's package for it, or set CHROMIUM to a Chrome"
        );
    }
    if !is_root() {
        bail!("Chromium is missing: run `sudo apt-get install chromium`");
    }
    steps::loud("installing Chromium", || apt_install("chromium"))?;
    find().context("apt-get installed Chromium, but there is no `chromium` on the PATH")
}

fn find() -> Option<PathBuf> {
    NAMES
        .iter()
        .find_map(|name| find_on_path(name))
        .or_else(|| {
            MAC_APPS
                .iter()
                .map(Path::new)
                .find(|app| app.is_file())
                .map(Path::to_path_buf)
        })
}
