//! What staff do with suppliers, the orders to them, and the rules of restocking: the targets of the forms on
//! their pages, where each ends.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use types::calendar::{Day, SECONDS_A_DAY};
#[cfg(feature = "ssr")]
use types::fulfilment::Pieces;
#[cfg(feature = "ssr")]
use types::purchasing::{PurchaseCommand, SupplierDetails};
#[cfg(feature = "ssr")]
use types::restock::RestockRule;
#[cfg(feature = "ssr")]
use types::seen::Seen;
#[cfg(feature = "ssr")]
use types::staff::Right;
#[cfg(feature = "ssr")]
use types::{FieldError, Money, Problem, PurchaseOrderId, Sku, SupplierId};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::meanwhile::shown;
#[cfg(feature = "ssr")]
use super::prices::amount;
use super::purchase_forms::{RuleForm, SupplierForm};

/// The page of the orders to suppliers.
pub const PURCHASE_ORDERS: &str = "/admin/purchase-orders";
/// The page of what runs out.
pub const RESTOCK: &str = "/admin/restock";
/// The page of the suppliers.
pub const SUPPLIERS: &str = "/admin/suppliers";

/// Pieces of a line, as they were typed. Nothing typed is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypedLine {
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub quantity: String,
}

/// Does something with an order to a supplier: `what` says what. `seen` is the revision that the page has
/// shown, so that nobody acts on what has changed meanwhile, and one that is sent twice acts once.
#[server(prefix = "/api", endpoint = "change_purchase_order")]
pub async fn change_purchase_order(
    #[server(default)] order_id: String,
    #[server(default)] what: String,
    #[server(default)] seen: String,
    #[server(default)] expected: String,
    #[server(default)] lines: Vec<TypedLine>,
) -> Result<(), ApiError> {
    let changed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Purchasing)?);
        let id: PurchaseOrderId = order_id.parse().map_err(|error| malformed(&error))?;
        let seen = match seen.as_str() {
            "" => None,
            seen => Some(seen.parse().map_err(|error| malformed(&error))?),
        };
        let command = match what.as_str() {
            "set_lines" => PurchaseCommand::SetLines {
                lines: typed(&lines)?,
            },
            "approve" => PurchaseCommand::Approve,
            "send" => PurchaseCommand::Send,
            "mark_sent" => PurchaseCommand::MarkSent,
            "confirm" => PurchaseCommand::Confirm {
                expected_us: end_of_day(&expected)?,
            },
            "receive" => PurchaseCommand::Receive {
                lines: typed(&lines)?,
            },
            "cancel" => PurchaseCommand::Cancel,
            _ => return Err(Problem::malformed("what: expected a command")),
        };
        shop.change_purchase_order(&staff, id, command, seen).await
    };
    // Nothing but an id leads anywhere.
    let page = match order_id.parse::<PurchaseOrderId>() {
        Ok(id) => format!("{PURCHASE_ORDERS}/{id}"),
        Err(_) => PURCHASE_ORDERS.to_owned(),
    };
    super::end_on(&page, changed.await)
}

/// Puts what is suggested of a SKU onto the next order to its supplier, and leads there.
#[server(prefix = "/api", endpoint = "order_suggested")]
pub async fn order_suggested(#[server(default)] sku: String) -> Result<(), ApiError> {
    let ordered = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Purchasing)?);
        let sku: Sku = sku.parse().map_err(|error| malformed(&error))?;
        shop.order_suggested(&staff, &sku).await
    };
    match ordered.await {
        Ok(order) => {
            let page = match order {
                Some(id) => format!("{PURCHASE_ORDERS}/{id}"),
                None => PURCHASE_ORDERS.to_owned(),
            };
            super::end_on(&page, Ok(()))
        }
        Err(problem) => super::end_on(RESTOCK, Err(problem)),
    }
}

/// Has a SKU ordered by another rule.
#[server(prefix = "/api", endpoint = "set_restock_rule")]
pub async fn set_restock_rule(#[server(flatten)] form: RuleForm) -> Result<(), ApiError> {
    let page = match form.sku.parse::<Sku>() {
        Ok(sku) => format!("{RESTOCK}?q={sku}"),
        Err(_) => format!("{RESTOCK}?q="),
    };
    let mut form = form;
    let changed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Purchasing)?);
        let sku: Sku = form.sku.parse().map_err(|error| malformed(&error))?;
        let currency = shop.currency();
        let mut wrong = Vec::new();
        let mut number = |name: &'static str, text: &str| match text.trim().parse::<u32>() {
            Ok(number) => number,
            Err(_) => {
                wrong.push(FieldError::new(name, "Enter a whole number."));
                0
            }
        };
        let rule = RestockRule {
            supplier: None,
            threshold: number("threshold", &form.threshold).into(),
            up_to: number("up_to", &form.up_to).into(),
            pack_size: number("pack_size", &form.pack_size),
            minimum: number("minimum", &form.minimum),
            lead_time_days: number("lead_time_days", &form.lead_time_days),
            unit_cost: Money::new(0, currency),
        };
        let supplier = match form.supplier.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|error| malformed(&error))?),
        };
        let cost = amount(&form.unit_cost);
        let cost = cost.map_err(|message| wrong.push(FieldError::new("unit_cost", message)));
        if !wrong.is_empty() {
            return Err(Problem::invalid(wrong));
        }
        let rule = RestockRule {
            supplier,
            unit_cost: Money::new(cost.unwrap_or_default(), currency),
            ..rule
        };
        let seen = shown(&form.seen)?;
        let done = shop.set_restock_rule(&staff, sku.clone(), rule, seen).await;
        match done {
            Err(problem) if problem.is(CHANGED) => {
                let now = shop.restock_rule(&staff, &sku).await?;
                Err(problem.about(form.settle(&sku, now.as_ref())))
            }
            done => done,
        }
    };
    match changed.await {
        Ok(()) => {
            leptos_axum::redirect(&page, false);
            Ok(())
        }
        Err(problem) => {
            let page = format!("{page}&edit=1");
            let flash = super::flash::Flash {
                rule: Some(form),
                ..problem.clone().into()
            };
            super::flash::keep(RESTOCK, &page, flash);
            Err(ApiError(problem))
        }
    }
}

/// Takes note of a supplier, who may be new.
#[server(prefix = "/api", endpoint = "set_supplier")]
pub async fn set_supplier(#[server(flatten)] form: SupplierForm) -> Result<(), ApiError> {
    let mut form = form;
    let changed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Purchasing)?);
        let mut wrong = Vec::new();
        let id = form.id.trim().parse::<SupplierId>();
        let id = id.map_err(|_| {
            let message = "Enter 1 to 40 small letters, digits and dashes.";
            wrong.push(FieldError::new("id", message));
        });
        let limit = match form.approve_up_to.trim() {
            "" => Ok(0),
            limit => amount(limit),
        };
        let limit = limit.map_err(|message| {
            wrong.push(FieldError::new("approve_up_to", message));
        });
        let minutes = match form.gather_minutes.trim() {
            "" => Ok(0),
            minutes => minutes.parse().map_err(|_| {
                let message = "Enter a whole number of minutes.";
                wrong.push(FieldError::new("gather_minutes", message));
            }),
        };
        let (Ok(id), Ok(approve_up_to_minor), Ok(gather_minutes)) = (id, limit, minutes) else {
            return Err(Problem::invalid(wrong));
        };
        let details = SupplierDetails {
            name: form.name.trim().to_owned(),
            email: form.email.trim().to_owned(),
            webhook: form.webhook.trim().to_owned(),
            approve_up_to_minor,
            gather_minutes,
        };
        let seen = match form.new.is_empty() {
            true => shown(&form.seen)?,
            false => Some(Seen::new(None)),
        };
        let done = shop
            .change_supplier(&staff, id.clone(), details, seen)
            .await;
        match (done, shop.supplier_details(&staff, &id).await) {
            (Err(problem), Ok(Some(now))) if problem.is(CHANGED) => {
                Err(problem.about(form.settle(&id, &now, shop.currency())))
            }
            (done, _) => done,
        }
    };
    match changed.await {
        Ok(()) => {
            leptos_axum::redirect(SUPPLIERS, false);
            Ok(())
        }
        Err(problem) => {
            let flash = super::flash::Flash {
                supplier: Some(form),
                ..problem.clone().into()
            };
            super::flash::keep(SUPPLIERS, SUPPLIERS, flash);
            Err(ApiError(problem))
        }
    }
}

/// The problem of who has not seen what is in force.
#[cfg(feature = "ssr")]
const CHANGED: &str = "changed-meanwhile";

#[cfg(feature = "ssr")]
fn malformed(error: &dyn std::fmt::Display) -> Problem {
    Problem::malformed(error.to_string())
}

#[cfg(feature = "ssr")]
fn typed(lines: &[TypedLine]) -> Result<Vec<Pieces>, Problem> {
    let line = |line: &TypedLine| {
        let quantity = match line.quantity.trim() {
            "" => 0,
            quantity => quantity.parse().map_err(|_| {
                let message = "Enter whole numbers of pieces.";
                Problem::invalid_field("lines", message)
            })?,
        };
        let sku = line.sku.parse().map_err(|error| malformed(&error))?;
        Ok(Pieces { sku, quantity })
    };
    lines.iter().map(line).collect()
}

/// The end of a day, UTC, that a field of dates holds: `2026-12-05`.
#[cfg(feature = "ssr")]
fn end_of_day(text: &str) -> Result<i64, Problem> {
    let read = || {
        let mut parts = text.trim().splitn(3, '-');
        let year: i64 = parts.next()?.parse().ok()?;
        let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let there = (1970..=9999).contains(&year) && (1..=12).contains(&month);
        let number = Day::from_date(year, month, day);
        let date = number.date();
        // The 31st of February is another day.
        (there && (date.year, date.month, date.day) == (year, month, day)).then_some(number.0)
    };
    let day = read().ok_or_else(|| Problem::invalid_field("expected", "Choose a day."))?;
    Ok((day + 1) * SECONDS_A_DAY * 1_000_000)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_the_next_one() {
        assert_eq!(end_of_day("1970-01-01"), Ok(86_400_000_000));
        for bad in [
            "",
            "tomorrow",
            "2026-02-30",
            "2026-13-01",
            "26-1",
            "99999-01-01",
        ] {
            assert!(end_of_day(bad).is_err(), "{bad}");
        }
    }
}
