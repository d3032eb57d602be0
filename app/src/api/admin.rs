//! Commands of the staff.

use leptos::prelude::*;
use types::Problem;
use types::admin::{CorrectStock, Level, MAX_ON_HAND};
#[cfg(feature = "ssr")]
use types::log::DeadLetterDecision;
#[cfg(feature = "ssr")]
use types::staff::Right;

use super::ApiError;
#[cfg(feature = "ssr")]
use super::flash::{self, Done};

/// Where staff sign in.
pub const SIGN_IN: &str = "/admin/sign-in";
/// Where stock is counted.
pub const INVENTORY: &str = "/admin/inventory";
/// Where staff see what happens, and what has happened.
pub const EVENTS: &str = "/admin/events";
/// Where they decide about dead letters.
pub const CONSUMERS: &str = "/admin/events/consumers";
/// Where they try out another rule on what has happened.
pub const WHAT_IF: &str = "/admin/events/what-if";

/// Takes what was typed for a count. Text, so that "12 pieces" is answered under the field.
pub fn correction(
    sku: &str,
    on_hand: &str,
    seen: &str,
    reason: &str,
) -> Result<CorrectStock, Problem> {
    let sku = sku
        .parse()
        .map_err(|error| Problem::malformed(format!("sku: {error}")))?;
    let on_hand = on_hand.trim().parse::<i64>().map_err(|_| {
        let message = format!("Enter the pieces counted, a whole number from 0 to {MAX_ON_HAND}.");
        Problem::invalid_field("on_hand", message)
    })?;
    let seen = match seen {
        "" => None,
        seen => Some(seen.parse::<i64>().map_err(|_| {
            Problem::malformed("seen: expected the pieces that the page showed, a whole number")
        })?),
    };
    Ok(CorrectStock {
        sku,
        on_hand,
        seen,
        reason: reason.trim().to_owned(),
    })
}

/// `CorrectStock`.
#[server(name = PostedCorrection, prefix = "/api", endpoint = "correct_stock")]
pub async fn correct_stock(
    #[server(default)] sku: String,
    #[server(default)] on_hand: String,
    #[server(default)] seen: String,
    #[server(default)] reason: String,
) -> Result<Level, ApiError> {
    let corrected = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Stock)?);
        shop.correct_stock(&staff, correction(&sku, &on_hand, &seen, &reason)?)
            .await
    };
    match corrected.await {
        Ok(level) => {
            if let Ok(sku) = sku.parse::<types::Sku>() {
                let page = format!("{INVENTORY}#sku-{sku}");
                flash::keep(INVENTORY, &page, Done::Corrected { sku }.into());
            }
            Ok(level)
        }
        Err(problem) => {
            let page = match sku.parse::<types::Sku>() {
                Ok(sku) => format!("{INVENTORY}?correct={sku}#sku-{sku}"),
                Err(_) => INVENTORY.to_owned(),
            };
            let flash = flash::Flash {
                sku: Some(sku),
                ..problem.clone().into()
            };
            flash::keep(INVENTORY, &page, flash);
            Err(ApiError(problem))
        }
    }
}

/// Has a dead letter tried again, from its first attempt.
#[server(prefix = "/api", endpoint = "redrive_event")]
pub async fn redrive_event(
    #[server(default)] consumer: String,
    #[server(default)] position: String,
) -> Result<(), ApiError> {
    decide(&consumer, &position, DeadLetterDecision::Redrive).await
}

/// Gives a dead letter up. There is no way back.
#[server(prefix = "/api", endpoint = "discard_event")]
pub async fn discard_event(
    #[server(default)] consumer: String,
    #[server(default)] position: String,
) -> Result<(), ApiError> {
    decide(&consumer, &position, DeadLetterDecision::Discard).await
}

/// Both decisions end on the page they were made on, which tells what became of them.
#[cfg(feature = "ssr")]
async fn decide(
    consumer: &str,
    position: &str,
    decision: DeadLetterDecision,
) -> Result<(), ApiError> {
    let decided = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Log)?);
        let position = position.parse::<u64>().map_err(|_| {
            Problem::malformed("position: expected a position of the log, a whole number")
        })?;
        shop.decide_dead_letter(&staff, consumer, position, decision)
            .await?;
        Ok::<_, Problem>(position)
    };
    match decided.await {
        Ok(position) => {
            let consumer = consumer.to_owned();
            let done = match decision {
                DeadLetterDecision::Redrive => Done::Redriven { position, consumer },
                DeadLetterDecision::Discard => Done::Discarded { position, consumer },
            };
            flash::keep(CONSUMERS, CONSUMERS, done.into());
            Ok(())
        }
        Err(problem) => {
            flash::keep(CONSUMERS, CONSUMERS, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}

/// Has the states of a decider built anew out of the log.
#[server(prefix = "/api", endpoint = "rebuild_states")]
pub async fn rebuild_states(#[server(default)] consumer: String) -> Result<(), ApiError> {
    let begun = super::signed_in(Right::Log).and_then(|staff| {
        let roster = services::roster(&services::ShopSettings::default(), None);
        super::shop().rebuild(&staff, roster, &consumer)
    });
    let said = format!("The states of {consumer} are being built anew.");
    answered(begun.map(|()| said))
}

/// Has everybody step over a record that cannot be read. There is no way back.
#[server(prefix = "/api", endpoint = "quarantine_event")]
pub async fn quarantine_event(#[server(default)] position: String) -> Result<(), ApiError> {
    let decided = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Log)?);
        let position = position.trim().trim_start_matches('#').parse::<u64>();
        let position = position.map_err(|_| {
            Problem::invalid_field("position", "Enter a position of the log, a whole number.")
        })?;
        match shop.quarantine(&staff, position).await {
            Ok(damage) => Ok(format!(
                "#{position} is stepped over from now on: {damage}."
            )),
            // At its field.
            Err(problem) if [404, 409].contains(&problem.status) => {
                Err(Problem::invalid_field("position", problem.detail))
            }
            Err(problem) => Err(problem),
        }
    };
    answered(decided.await)
}

/// Keeps for the page of the consumers what it is to say.
#[cfg(feature = "ssr")]
fn answered(done: Result<String, Problem>) -> Result<(), ApiError> {
    match done {
        Ok(said) => {
            flash::keep(CONSUMERS, CONSUMERS, Done::Said(said).into());
            Ok(())
        }
        Err(problem) => {
            flash::keep(CONSUMERS, CONSUMERS, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_whole_number() {
        let corrected =
            correction("AS-VEG-WG-50", " 12 ", "10", " recount ").expect("a correction");
        assert_eq!(
            (corrected.on_hand, corrected.seen, &*corrected.reason),
            (12, Some(10), "recount")
        );
        for bad in ["", "12 pieces", "1.5", "99999999999999999999"] {
            let problem = correction("AS-VEG-WG-50", bad, "", "").expect_err(bad);
            assert!(problem.field("on_hand").is_some(), "{bad}");
        }
        assert_eq!(
            correction("nope", "1", "", "").expect_err("no SKU").status,
            400
        );
    }
}
