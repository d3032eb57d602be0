//! Builds the shop and runs it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result};

use crate::{
    bundle, steps, tools,
    workspace::{Mode, Workspace},
};

/// What a server needs: its program and the files it hands out.
pub struct Built {
    pub server: PathBuf,
    pub site: PathBuf,
}

pub fn build(workspace: &Workspace, mode: Mode) -> Result<Built> {
    let started = Instant::now();
    let site = bundle::build(workspace, mode)?;
    steps::loud("server", || {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--package", "server", "--bin", "server"]);
        if mode == Mode::Release {
            cargo.arg("--release");
        }
        tools::run(&mut cargo)
    })?;
    println!(
        "✓ the shop is built ({})",
        steps::seconds(started.elapsed())
    );
    Ok(Built {
        server: workspace.program("server", mode),
        site,
    })
}

pub fn serve(workspace: &Workspace, mode: Mode, args: &[String]) -> Result<()> {
    let built = build(workspace, mode)?;
    let mut server = Command::new(&built.server);
    server.args(args);
    // Someone may serve a site built elsewhere.
    if env::var_os("VITRINE_SITE_DIR").is_none() {
        server.env("VITRINE_SITE_DIR", &built.site);
    }
    println!("▸ starting the shop, Ctrl-C stops it");
    become_program(&mut server, &built.server)
}

/// The server takes this process over, so that signals and its exit code need no forwarding.
#[cfg(unix)]
fn become_program(command: &mut Command, program: &Path) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    Err(command.exec()).with_context(|| format!("start {}", program.display()))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command, program: &Path) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("start {}", program.display()))?;
    std::process::exit(status.code().unwrap_or(1));
}
