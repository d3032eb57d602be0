//! Commands of the staff about what delivery costs.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use services::NewTerms;
#[cfg(feature = "ssr")]
use types::delivery::DeliveryTerms;
#[cfg(feature = "ssr")]
use types::staff::Right;
#[cfg(feature = "ssr")]
use types::{Currency, FieldError, Problem};

use super::ApiError;
use super::delivery_form::DeliveryForm;
#[cfg(feature = "ssr")]
use super::meanwhile::settle;
#[cfg(feature = "ssr")]
use super::prices::{PRICES, amount, moment};

/// Changes what delivery costs, at once or later.
#[server(prefix = "/api", endpoint = "set_delivery")]
pub async fn set_delivery(#[server(flatten)] form: DeliveryForm) -> Result<(), ApiError> {
    let (shop, staff) = (super::shop(), super::signed_in(Right::Prices));
    let mut form = form;
    let changed = async {
        let (staff, new) = (staff?, read(&form)?);
        shop.change_delivery(&staff, new).await
    };
    match changed.await {
        Ok(_) => {
            leptos_axum::redirect(PRICES, false);
            Ok(())
        }
        Err(problem) => {
            let problem = match problem.is("changed-meanwhile") {
                true => {
                    let now = DeliveryForm::of(shop.delivery_terms(), shop.currency());
                    problem.about(settled(&mut form, now, shop.currency()))
                }
                false => problem,
            };
            let flash = super::flash::Flash {
                delivery: Some(form),
                ..problem.clone().into()
            };
            super::flash::keep(PRICES, PRICES, flash);
            Err(ApiError(problem))
        }
    }
}

/// Takes planned terms back.
#[server(prefix = "/api", endpoint = "withdraw_delivery")]
pub async fn withdraw_delivery(
    #[server(default)] from_us: String,
    #[server(default)] seen: String,
) -> Result<(), ApiError> {
    let withdrawn = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Prices)?);
        let from_us = from_us.parse();
        let from_us = from_us.map_err(|error| Problem::malformed(format!("from_us: {error}")))?;
        shop.withdraw_delivery_plan(&staff, from_us, seen_terms(&seen)?)
            .await
    };
    super::end_on(PRICES, withdrawn.await)
}

/// Terms as a form has shown them; `None` where it does not say.
#[cfg(feature = "ssr")]
fn seen_terms(text: &str) -> Result<Option<DeliveryTerms>, Problem> {
    let expected = "seen: expected the terms that the page showed, as it wrote them";
    match text {
        "" => Ok(None),
        text => DeliveryTerms::read(text)
            .map(Some)
            .ok_or_else(|| Problem::malformed(expected)),
    }
}

/// What the form is to show next, and what it says about each field that somebody else has changed.
#[cfg(feature = "ssr")]
fn settled(form: &mut DeliveryForm, now: DeliveryForm, currency: Currency) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let Some(shown) = DeliveryTerms::read(&form.seen) else {
        return errors;
    };
    let shown = DeliveryForm::of(shown, currency);
    for (name, typed, was, is) in [
        ("standard", &mut form.standard, shown.standard, now.standard),
        ("express", &mut form.express, shown.express, now.express),
        (
            "free_from",
            &mut form.free_from,
            shown.free_from,
            now.free_from,
        ),
    ] {
        settle(&mut errors, name, typed, (&was, &is));
    }
    form.seen = now.seen;
    errors
}

#[cfg(feature = "ssr")]
fn read(form: &DeliveryForm) -> Result<NewTerms, Problem> {
    let seen = seen_terms(&form.seen)?;
    let mut errors = Vec::new();
    let mut minor = |field: &str, text: &str| {
        let read = amount(text);
        read.unwrap_or_else(|message| {
            errors.push(FieldError::new(field, message));
            0
        })
    };
    let terms = DeliveryTerms {
        standard_minor: minor("standard", &form.standard),
        express_minor: minor("express", &form.express),
        free_from_minor: minor("free_from", &form.free_from),
    };
    let from_us = moment(&form.from).unwrap_or_else(|message| {
        errors.push(FieldError::new("from", message));
        None
    });
    match errors.is_empty() {
        true => Ok(NewTerms {
            terms,
            seen,
            from_us,
        }),
        false => Err(Problem::invalid(errors)),
    }
}
