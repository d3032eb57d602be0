//! Commands of the staff about prices.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::staff::Right;
#[cfg(feature = "ssr")]
use types::{FieldError, Problem, Sku, money::typed_minor_units};

use super::ApiError;
use super::price_form::PriceForm;

/// The page of the prices.
pub const PRICES: &str = "/admin/prices";

/// The list's address. What was looked for is encoded by whoever follows it.
pub fn address(q: &str, page: usize) -> String {
    let q = leptos_router::location::Url::escape(q);
    match page {
        0 => format!("{PRICES}?q={q}"),
        page => format!("{PRICES}?q={q}&page={page}"),
    }
}

/// Changes what a SKU costs, at once or later.
#[server(prefix = "/api", endpoint = "set_price")]
pub async fn set_price(#[server(flatten)] form: PriceForm) -> Result<(), ApiError> {
    let back = address(&form.q, form.page.parse().unwrap_or(0));
    let mut form = form;
    let (shop, staff) = (super::shop(), super::signed_in(Right::Prices));
    let changed = async {
        let (staff, new) = (staff?, read(&form)?);
        let sku = new.sku.clone();
        let done = shop.change_price(&staff, new).await;
        match (done, shop.shown_price(&staff, &sku)) {
            (Err(problem), Ok(Some(now))) if problem.is("changed-meanwhile") => {
                Err(problem.about(form.settle(&sku, now)))
            }
            (done, _) => done,
        }
    };
    match changed.await {
        Ok(_) => {
            leptos_axum::redirect(&back, false);
            Ok(())
        }
        Err(problem) => {
            let flash = super::flash::Flash {
                price: Some(form),
                ..problem.clone().into()
            };
            super::flash::keep(PRICES, &back, flash);
            Err(ApiError(problem))
        }
    }
}

/// Takes a planned price back.
#[server(prefix = "/api", endpoint = "withdraw_price")]
pub async fn withdraw_price(
    #[server(default)] sku: String,
    #[server(default)] from_us: String,
    #[server(default)] q: String,
    #[server(default)] page: String,
) -> Result<(), ApiError> {
    let withdrawn = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Prices)?);
        let malformed = |error: &dyn std::fmt::Display| Problem::malformed(error.to_string());
        let sku: Sku = sku.parse().map_err(|error| malformed(&error))?;
        let from_us = from_us.parse().map_err(|error| malformed(&error))?;
        shop.withdraw_price_plan(&staff, sku, from_us).await
    };
    let back = address(&q, page.parse().unwrap_or(0));
    match withdrawn.await {
        Ok(()) => {
            leptos_axum::redirect(&back, false);
            Ok(())
        }
        Err(problem) => {
            super::flash::keep(PRICES, &back, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}

/// An amount as it was typed.
#[cfg(feature = "ssr")]
pub fn amount(text: &str) -> Result<i64, &'static str> {
    typed_minor_units(text).map_err(|_| "Enter an amount like 2590 or 2590.00.")
}

/// A day and a time as they were typed; `None` is at once.
#[cfg(feature = "ssr")]
pub fn moment(text: &str) -> Result<Option<i64>, &'static str> {
    let expected = "Enter a day and a time like 2026-12-01T08:00, or leave it empty.";
    match text.trim() {
        "" => Ok(None),
        text => types::calendar::minute_us(text).map(Some).ok_or(expected),
    }
}

#[cfg(feature = "ssr")]
fn read(form: &PriceForm) -> Result<services::NewPrice, Problem> {
    let sku: Sku = form
        .sku
        .parse()
        .map_err(|error| Problem::malformed(format!("sku: {error}")))?;
    let seen = super::meanwhile::shown(&form.seen)?.and_then(|seen| seen.shown);
    let mut errors = Vec::new();
    let mut minor = |field: &str, text: &str| {
        let read = amount(text);
        read.map_err(|message| errors.push(FieldError::new(field, message)))
            .ok()
    };
    let price = minor("price", &form.price);
    let is_given = !form.compare_at.trim().is_empty();
    let former = is_given.then(|| minor("compare_at", &form.compare_at));
    let from_us = moment(&form.from).unwrap_or_else(|message| {
        errors.push(FieldError::new("from", message));
        None
    });
    match price {
        Some(price_minor) if errors.is_empty() => Ok(services::NewPrice {
            sku,
            price_minor,
            compare_at_minor: former.flatten(),
            from_us,
            seen,
        }),
        _ => Err(Problem::invalid(errors)),
    }
}
