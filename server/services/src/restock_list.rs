//! What runs out when, and why the shop thinks so; and the rules by which SKUs are ordered again.

use std::collections::HashMap;

use broker::Decider;
use domain::Event;
use domain::event::{PurchaseOrderLineRequested, RestockRuleRequested};
use domain::restock::{Refusal, Watched, line_of};
use types::restock::{RestockPage, RestockRow, RestockRule};
use types::seen::Seen;
use types::staff::Right;
use types::{Problem, PurchaseOrderId, Sku, SupplierId};

use crate::events::{Refused, internal};
use crate::restock::{Restock, watched};
use crate::search_keys::search_key;
use crate::shop::Shop;
use crate::visitor::Staff;

/// SKUs on one page.
const PAGE: usize = 50;
/// Behind everything that runs out at some time.
const NEVER: i64 = i64::MAX;

impl Shop {
    /// SKUs whose name, number or supplier has all these words: first what runs out first. `only_low` leaves
    /// those that are low or will be gone before a delivery could come.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn restock_page(
        &self,
        staff: &Staff,
        words: &str,
        only_low: bool,
        page: usize,
    ) -> crate::Result<RestockPage> {
        staff.may(Right::See)?;
        Ok(self.listed_restock(words, only_low, page).await?)
    }

    async fn listed_restock(
        &self,
        words: &str,
        only_low: bool,
        page: usize,
    ) -> Result<RestockPage, Refused> {
        let known = watched(self.log()).await?;
        let suppliers = self.suppliers().await?;
        let now_us = self.now_us();
        let catalogue = self.catalogue();
        let words = search_key(words);
        let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        let none = Watched::default();
        let rows = catalogue.variants().map(|(product, variant)| {
            let watched = known.get(&variant.sku).unwrap_or(&none);
            let rule = watched.rule.clone();
            let of = rule.as_ref().and_then(|rule| rule.supplier.as_ref());
            let supplier = of.map(|id| {
                let known = suppliers.get(id).map(|it| it.details.name.clone());
                known.unwrap_or_else(|| id.to_string())
            });
            RestockRow {
                sku: variant.sku.clone(),
                product: product.slug.clone(),
                title: product.title.clone(),
                variant: variant.title(),
                reckoning: watched.reckon(now_us),
                rule,
                drafted: watched.drafted(),
                supplier: supplier.unwrap_or_default(),
            }
        });
        let found = rows.filter(|row| {
            let text = [
                row.title.as_str(),
                row.sku.as_str(),
                &row.variant,
                &row.supplier,
            ]
            .join(" ");
            let text = search_key(&text);
            let is_meant = !only_low || row.is_low() || row.runs_out();
            is_meant && words.iter().all(|word| text.contains(word))
        });
        let mut found: Vec<RestockRow> = found.collect();
        found.sort_by_key(urgency);
        let mut named: Vec<(SupplierId, String)> = suppliers
            .into_iter()
            .map(|(id, supplier)| (id, supplier.details.name))
            .collect();
        named.sort_by(|(_, a), (_, b)| a.cmp(b));
        Ok(RestockPage {
            found: found.len(),
            pages: found.len().div_ceil(PAGE),
            rows: found
                .into_iter()
                .skip(page.saturating_mul(PAGE))
                .take(PAGE)
                .collect(),
            suppliers: named,
        })
    }

    /// How many SKUs are ordered of each supplier.
    pub(crate) async fn skus_by_supplier(&self) -> Result<HashMap<SupplierId, usize>, Refused> {
        let mut skus: HashMap<SupplierId, usize> = HashMap::new();
        for watched in watched(self.log()).await?.into_values() {
            if let Some(supplier) = watched.rule.and_then(|rule| rule.supplier) {
                *skus.entry(supplier).or_default() += 1;
            }
        }
        Ok(skus)
    }

    /// The rule by which a SKU is ordered again, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn restock_rule(
        &self,
        staff: &Staff,
        sku: &Sku,
    ) -> crate::Result<Option<RestockRule>> {
        staff.may(Right::See)?;
        Ok(self.watched(sku).await?.and_then(|watched| watched.rule))
    }

    async fn watched(&self, sku: &Sku) -> Result<Option<Watched>, Refused> {
        let state = self.log().state_of(Restock::NAME, sku.as_str()).await?;
        let watched = state.map(|state| serde_json::from_str(&state)).transpose();
        Ok(watched.map_err(internal)?)
    }

    /// Has a SKU ordered by another rule from now on. `seen` is what the page has shown of it.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 422 with what makes no sense, 409 `rule-unchanged`, 409 `changed-meanwhile` where
    /// somebody else has changed it since.
    pub async fn set_restock_rule(
        &self,
        staff: &Staff,
        sku: Sku,
        rule: RestockRule,
        seen: Option<Seen<RestockRule>>,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Purchasing)?;
        Ok(self.set_rule(by, sku, rule, seen).await?)
    }

    async fn set_rule(
        &self,
        by: &str,
        sku: Sku,
        rule: RestockRule,
        seen: Option<Seen<RestockRule>>,
    ) -> Result<(), Refused> {
        if self.product_of(&sku).is_none() {
            return Err(Problem::not_found(format!("There is no SKU {sku}.")).into());
        }
        if let Some(supplier) = &rule.supplier
            && !self.suppliers().await?.contains_key(supplier)
        {
            let message = "Choose a supplier of the list.";
            return Err(Problem::invalid_field("supplier", message).into());
        }
        let asked = RestockRuleRequested {
            sku,
            rule,
            by: by.to_owned(),
            seen,
        };
        let answer = self.answered(asked.into()).await?;
        match answer {
            Some(Event::RestockRuleRejected(no)) => Err(unchanged(no.refusal).into()),
            _ => Ok(()),
        }
    }

    /// Orders what is suggested of a SKU; answers with the order that it was put on.
    ///
    /// # Errors
    /// 404 for a SKU without a rule, 409 `nothing-to-order` where nothing is missing or nobody is named.
    pub async fn order_suggested(
        &self,
        staff: &Staff,
        sku: &Sku,
    ) -> crate::Result<Option<PurchaseOrderId>> {
        let by = staff.may(Right::Purchasing)?;
        Ok(self.order_missing(by, sku).await?)
    }

    async fn order_missing(&self, by: &str, sku: &Sku) -> Result<Option<PurchaseOrderId>, Refused> {
        let now = self.answered_of_now(async { self.missing_line(by, sku).await });
        let answer = now.await?;
        self.told_of_purchasing(answer).await
    }

    /// Asks for what is missing of a SKU at this moment: whoever presses twice orders once.
    async fn missing_line(&self, by: &str, sku: &Sku) -> Result<Event, Refused> {
        let watched = self.watched(sku).await?;
        let reckoned = watched.and_then(|it| Some((it.reckon(self.now_us())?, it.rule?)));
        let Some((reckoning, rule)) = reckoned else {
            let detail =
                format!("{sku} is off the shelves, or there is no rule by which it is ordered.");
            return Err(Problem::not_found(detail).into());
        };
        let nothing = |detail: &str| {
            let title = "Nothing was ordered";
            Refused(Problem::conflict(
                "nothing-to-order",
                title,
                detail.to_owned(),
            ))
        };
        let Some(supplier) = rule.supplier else {
            return Err(nothing("No supplier is named for this SKU."));
        };
        if reckoning.quantity == 0 {
            return Err(nothing("Nothing of this SKU is missing."));
        }
        let line = line_of(sku, &reckoning, rule.unit_cost);
        Ok(PurchaseOrderLineRequested {
            supplier,
            line,
            by: by.to_owned(),
        }
        .into())
    }
}

/// What stands first: what is low, then what runs out, the sooner the higher.
fn urgency(row: &RestockRow) -> (bool, i64, Sku) {
    let days = row.reckoning.and_then(|it| it.days_left());
    (!row.is_low(), days.unwrap_or(NEVER), row.sku.clone())
}

fn unchanged(refusal: Refusal) -> Problem {
    let detail = format!("The rule stays as it is: {refusal}.");
    let field = match refusal {
        Refusal::Threshold => "threshold",
        Refusal::UpToNotAbove => "up_to",
        Refusal::PackSize => "pack_size",
        Refusal::Minimum => "minimum",
        Refusal::LeadTime => "lead_time_days",
        Refusal::UnitCost => "unit_cost",
        Refusal::ChangedMeanwhile => {
            return Problem::conflict(
                "changed-meanwhile",
                "The rule was changed meanwhile",
                detail,
            );
        }
        Refusal::NothingChanged => {
            return Problem::conflict("rule-unchanged", "The rule stays as it is", detail);
        }
    };
    Problem::invalid_field(field, detail)
}
