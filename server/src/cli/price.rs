//! `server price`: what a SKU costs from now on.

use std::io::Write;

use broker::Log;
use clap::Args;
use services::{NewPrice, PriceAnswer};
use types::Sku;
use types::money::minor_units;
use types::staff::Right;

use super::operator::Author;

#[derive(Debug, Args)]
pub struct Request {
    /// The SKU, e.g. AS-VEG-WG-50
    #[arg(long)]
    sku: Sku,
    /// What it is to cost, e.g. 2590 or 2590.00
    #[arg(long, value_parser = minor_units, allow_hyphen_values = true)]
    price: i64,
    /// The former price, to be shown beside it; without it none is shown
    #[arg(long, value_parser = minor_units, allow_hyphen_values = true)]
    compare_at: Option<i64>,
    /// From when on, e.g. 2026-12-01T08:00:00Z or 2026-12-01T09:00+01; at once without it
    #[arg(long)]
    from: Option<jiff::Timestamp>,
    #[command(flatten)]
    author: Author,
}

pub async fn price(log: &Log, request: Request, out: &mut impl Write) -> anyhow::Result<()> {
    let new = NewPrice {
        sku: request.sku.clone(),
        price_minor: request.price,
        compare_at_minor: request.compare_at,
        from_us: request.from.map(jiff::Timestamp::as_microsecond),
        // Whoever types a price knows which.
        seen: None,
    };
    let sku = request.sku;
    let by = request.author.may(log, Right::Prices).await?;
    match services::change_price(log, &by, new).await? {
        PriceAnswer::Changed {
            before,
            price,
            position,
        } => writeln!(
            out,
            "{sku} costs {price} from position {position} on; before it was {before}"
        )?,
        PriceAnswer::Planned { price, .. } => {
            let from = request.from.unwrap_or_default();
            writeln!(
                out,
                "{sku} costs {price} from {from} on, while the shop runs"
            )?;
        }
        PriceAnswer::Recorded => writeln!(
            out,
            "the new price of {sku} is in the log; the shop takes it up when it runs"
        )?,
    }
    Ok(())
}
