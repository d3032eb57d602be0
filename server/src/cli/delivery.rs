//! `server delivery`: what delivery costs from now on.

use std::io::Write;

use broker::Log;
use clap::Args;
use services::{DeliveryAnswer, NewTerms};
use types::Money;
use types::delivery::DeliveryTerms;
use types::money::minor_units;
use types::staff::Right;

use super::operator::Author;

#[derive(Debug, Args)]
pub struct Request {
    /// What standard delivery is to cost, e.g. 5.90; as it is without it
    #[arg(long, value_parser = minor_units, allow_hyphen_values = true)]
    standard: Option<i64>,
    /// What express delivery is to cost, e.g. 14.90; as it is without it
    #[arg(long, value_parser = minor_units, allow_hyphen_values = true)]
    express: Option<i64>,
    /// The value of goods from which on standard delivery is free, e.g. 150; as it is without it
    #[arg(long, value_parser = minor_units, allow_hyphen_values = true)]
    free_from: Option<i64>,
    /// From when on, e.g. 2026-12-01T08:00:00Z or 2026-12-01T09:00+01; at once without it
    #[arg(long)]
    from: Option<jiff::Timestamp>,
    #[command(flatten)]
    author: Author,
}

pub async fn delivery(log: &Log, request: Request, out: &mut impl Write) -> anyhow::Result<()> {
    let (now, currency) = services::stored_delivery(log).await?;
    let terms = DeliveryTerms {
        standard_minor: request.standard.unwrap_or(now.standard_minor),
        express_minor: request.express.unwrap_or(now.express_minor),
        free_from_minor: request.free_from.unwrap_or(now.free_from_minor),
    };
    let words = |terms: DeliveryTerms| {
        let money = |minor| Money::new(minor, currency);
        format!(
            "standard {}, free from {} on, express {}",
            money(terms.standard_minor),
            money(terms.free_from_minor),
            money(terms.express_minor)
        )
    };
    let asks = request.standard.or(request.express).or(request.free_from);
    if asks.is_none() {
        writeln!(out, "{}", words(now))?;
        return Ok(());
    }
    let from_us = request.from.map(jiff::Timestamp::as_microsecond);
    let new = NewTerms {
        terms,
        seen: Some(now),
        from_us,
    };
    let by = request.author.may(log, Right::Prices).await?;
    match services::change_delivery(log, &by, new).await? {
        DeliveryAnswer::Changed { before, position } => writeln!(
            out,
            "{} from position {position} on; before it was {}",
            words(terms),
            words(before)
        )?,
        DeliveryAnswer::Planned { .. } => {
            let from = request.from.unwrap_or_default();
            writeln!(out, "{} from {from} on, while the shop runs", words(terms))?;
        }
        DeliveryAnswer::Recorded => writeln!(
            out,
            "the new terms are in the log; the shop takes them up when it runs"
        )?,
    }
    Ok(())
}
