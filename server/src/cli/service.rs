//! `server service`: programs of others that take part by HTTP, and their tokens.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use broker::Log;
use clap::{Args, Subcommand};
use domain::service_account::{Grants, Sends};
use types::staff::Right;

use super::format::Format;
use super::operator::Author;
use super::times::utc;

#[derive(Debug, Args)]
pub struct Request {
    #[command(subcommand)]
    task: Task,
    #[command(flatten)]
    author: Author,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Registers a service and prints its token, which is shown this once
    Add(New),
    /// Lists services, what they may send and read, and until when
    List(Format),
    /// Makes a service's token useless; its subscriptions stay, for when it is added again
    Revoke { name: String },
}

#[derive(Debug, Args)]
pub struct New {
    /// Small letters, digits and hyphens
    name: String,

    /// A type that it may send and the topic of its events; may be given several times
    #[arg(long, value_name = "TYPE=TOPIC", value_parser = sends)]
    sends: Vec<Sends>,

    /// The JSON Schema that the content of a type follows; may be given several times
    #[arg(long, value_name = "TYPE=FILE", value_parser = schema)]
    schema: Vec<(String, PathBuf)>,

    /// Types that it may read, such as order.placed or 'stock.*'; may be given several times
    #[arg(long, value_name = "PATTERN")]
    reads: Vec<String>,

    /// Topics that it may read; may be given several times
    #[arg(long, value_name = "PATTERN")]
    reads_topic: Vec<String>,

    /// Days after which the token ends by itself
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
}

fn sends(text: &str) -> Result<Sends, String> {
    let (kind, topic) = text
        .split_once('=')
        .ok_or("expected TYPE=TOPIC, e.g. com.example.parcel.weighed=example.parcels")?;
    Ok(Sends {
        kind: kind.to_owned(),
        topic: topic.to_owned(),
        schema: None,
    })
}

fn schema(text: &str) -> Result<(String, PathBuf), String> {
    let (kind, file) = text
        .split_once('=')
        .ok_or("expected TYPE=FILE, e.g. com.example.parcel.weighed=weighed.schema.json")?;
    Ok((kind.to_owned(), file.into()))
}

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

fn grants(new: &New) -> anyhow::Result<Grants> {
    let mut grants = Grants {
        sends: new.sends.clone(),
        types: new.reads.clone(),
        topics: new.reads_topic.clone(),
    };
    for (kind, file) in &new.schema {
        let sends = grants.sends.iter_mut().find(|sends| sends.kind == *kind);
        let sends =
            sends.with_context(|| format!("--schema names {kind}, and --sends does not"))?;
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the schema {}", file.display()))?;
        let schema = serde_json::from_str(&text)
            .with_context(|| format!("the schema {} is no JSON", file.display()))?;
        sends.schema = Some(schema);
    }
    Ok(grants)
}

pub async fn service(log: &Log, request: &Request, out: &mut impl Write) -> anyhow::Result<()> {
    let author = &request.author;
    match &request.task {
        Task::Add(new) => {
            let by = author.may(log, Right::Services).await?;
            let now_us = log.environment().now_us();
            let until_us = new.days.map(|days| now_us + i64::from(days) * DAY_US);
            let grants = grants(new)?;
            let name = &new.name;
            let token = services::register_service(log, name, grants, until_us, &by).await?;
            writeln!(out, "{}", token.reveal())?;
            let until =
                until_us.map_or_else(String::new, |until| format!(", until {}", utc(until)));
            writeln!(
                out,
                "{name} shows it as Authorization: Bearer TOKEN{until} (shown this once)"
            )?;
        }
        Task::List(format) => {
            let rows = services::service_rows(log).await?;
            if format.wrote(&rows, out)? {
                return Ok(());
            }
            if rows.is_empty() {
                writeln!(out, "no services; `server service add` registers one")?;
            }
            for row in rows {
                let state = match (row.is_revoked, row.expires_at_us) {
                    (true, _) => "revoked".to_owned(),
                    (false, Some(until)) => format!("until {}", utc(until)),
                    (false, None) => "until it is revoked".to_owned(),
                };
                writeln!(out, "{}: {state}, by {}", row.name, row.by)?;
                for sends in &row.grants.sends {
                    let schema = if sends.schema.is_some() {
                        ", with a schema"
                    } else {
                        ""
                    };
                    writeln!(out, "  sends {} to {}{schema}", sends.kind, sends.topic)?;
                }
                for kind in &row.grants.types {
                    writeln!(out, "  reads the type {kind}")?;
                }
                for topic in &row.grants.topics {
                    writeln!(out, "  reads the topic {topic}")?;
                }
            }
        }
        Task::Revoke { name } => {
            let by = author.may(log, Right::Services).await?;
            services::revoke_service(log, name, &by).await?;
            writeln!(out, "the token of {name} is of no use any more")?;
        }
    }
    Ok(())
}
