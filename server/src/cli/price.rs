//! `server price`: what a SKU costs from now on.

use std::io::Write;

use broker::Log;
use clap::Args;
use services::{NewPrice, PriceAnswer};
use types::Sku;

use super::operator::operator;

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
}

pub async fn price(log: &Log, request: Request, out: &mut impl Write) -> anyhow::Result<()> {
    let new = NewPrice {
        sku: request.sku.clone(),
        price_minor: request.price,
        compare_at_minor: request.compare_at,
    };
    let sku = request.sku;
    match services::change_price(log, &operator(), new).await? {
        PriceAnswer::Changed {
            before,
            price,
            position,
        } => writeln!(
            out,
            "{sku} costs {price} from position {position} on; before it was {before}"
        )?,
        PriceAnswer::Recorded => writeln!(
            out,
            "the new price of {sku} is in the log; the shop takes it up when it runs"
        )?,
    }
    Ok(())
}

/// An amount as people write it, in minor units.
fn minor_units(text: &str) -> Result<i64, String> {
    let expected = || format!("expected an amount like 2590 or 2590.00, not {text:?}");
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(cents) || cents.len() != 2 {
        return Err(expected());
    }
    format!("{whole}{cents}").parse().map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_cent_and_nothing_is_guessed() {
        assert_eq!(minor_units("2590"), Ok(259_000));
        assert_eq!(minor_units("2590.05"), Ok(259_005));
        for unclear in [
            "", "-1", "2590.5", "2,590", "2590.", ".50", "1e3", "€5", "2590.005",
        ] {
            let error = minor_units(unclear).expect_err(unclear);
            assert!(error.contains("expected an amount"), "{error}");
        }
        assert!(minor_units("99999999999999999999").is_err());
    }
}
