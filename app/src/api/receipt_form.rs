//! The fields of a form that says what came back, and what is given back for it.

use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use types::{Money, Problem, returns::ReceivedPieces};

/// Pieces of a SKU that came back, as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypedReceipt {
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub restocked: String,
    #[serde(default)]
    pub written_off: String,
}

/// What came back, as it was typed.
#[cfg(feature = "ssr")]
pub(super) fn came(lines: &[TypedReceipt]) -> Result<Vec<ReceivedPieces>, Problem> {
    let mut came = Vec::with_capacity(lines.len());
    for line in lines {
        came.push(ReceivedPieces {
            sku: sku(&line.sku)?,
            restocked: count("restocked", &line.restocked)?,
            written_off: count("written_off", &line.written_off)?,
        });
    }
    Ok(came)
}

/// An amount as it was typed. Nothing typed is none.
#[cfg(feature = "ssr")]
pub(super) fn amount_of(typed: &str, currency: types::Currency) -> Result<Money, Problem> {
    let minor = match typed.trim() {
        "" => 0,
        typed => types::money::minor_units(typed).map_err(|_| {
            let message = "Enter an amount like 25 or 25.00.";
            Problem::invalid_field("amount", message)
        })?,
    };
    Ok(Money::new(minor, currency))
}

#[cfg(feature = "ssr")]
pub(super) fn sku(typed: &str) -> Result<types::Sku, Problem> {
    let sku = typed.parse();
    sku.map_err(|error| Problem::malformed(format!("sku: {error}")))
}

/// Nothing typed is none.
#[cfg(feature = "ssr")]
pub(super) fn count(field: &str, typed: &str) -> Result<u32, Problem> {
    match typed.trim() {
        "" => Ok(0),
        typed => typed
            .parse()
            .map_err(|_| Problem::invalid_field(field, "Enter a whole number of pieces.")),
    }
}
