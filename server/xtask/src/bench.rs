//! Measures the broker, with a private PostgreSQL beside it.

use anyhow::Result;

use crate::{
    postgres::{self, Durability},
    steps, tools,
    workspace::Workspace,
};

pub fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let programs = postgres::ensure()?;
    // Built first: the server shall not idle meanwhile.
    steps::loud("load program", || {
        let mut cargo = workspace.cargo();
        tools::run(cargo.args(["build", "--release", "--package", "load"]))
    })?;
    let server = steps::quiet("private PostgreSQL", || programs.start(Durability::Durable))?;
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "load", "--"]);
    cargo.args(["broker", "--postgres-url", &server.url()]);
    tools::run(cargo.args(args))
}
