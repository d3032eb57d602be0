//! `server person`: what the shop knows of a person, given out or erased.

use std::io::Write;

use broker::Log;
use clap::{Args, Subcommand};
use types::staff::Right;

use super::operator::Author;

#[derive(Debug, Args)]
pub struct Request {
    #[command(subcommand)]
    task: Task,
    #[command(flatten)]
    author: Author,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Prints all that is known of whoever ordered with this email or waits for a piece, as JSON
    Export { email: String },
    /// Erases whoever ordered with this email or waits for a piece; their orders stay for the books, without a
    /// name
    Erase {
        email: String,
        /// There is no way back; without this nothing is erased
        #[arg(long)]
        yes: bool,
    },
}

pub async fn person(log: &Log, request: &Request, out: &mut impl Write) -> anyhow::Result<()> {
    let author = &request.author;
    match &request.task {
        Task::Export { email } => {
            let by = author.may(log, Right::ExportPersons).await?;
            let person = services::export_person(log, email, &by).await?;
            writeln!(out, "{}", serde_json::to_string_pretty(&person)?)?;
        }
        Task::Erase { email, yes } => {
            let by = author.may(log, Right::ErasePersons).await?;
            let known = services::look_person_up(log, email).await?.orders.len();
            let noun = if known == 1 { "order" } else { "orders" };
            anyhow::ensure!(
                *yes,
                "{email} has placed {known} {noun}; to erase who placed them, add --yes"
            );
            let erased = services::erase_person(log, email, &by).await?;
            writeln!(out, "who placed {erased} {noun} is erased")?;
        }
    }
    Ok(())
}
