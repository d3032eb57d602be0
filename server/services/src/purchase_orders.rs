//! The orders to suppliers as staff list them, and what they do with them.

use std::collections::HashMap;
use std::sync::Arc;

use broker::{Consumer, Decider, Failure, Log};
use db::Columns;
use domain::Event;
use domain::event::{
    PurchaseOrderChangeRequested, PurchaseOrderNoticeRequested, SupplierChangeRequested,
};
use domain::purchasing::{PurchaseOrder, Refusal, Supplier, SupplierRefusal};
use strum::VariantArray;
use types::log::StoryEvent;
use types::purchasing::{
    PurchaseCommand, PurchaseLine, PurchaseLineView, PurchasePage, PurchaseRow, PurchaseStatus,
    PurchaseTab, PurchaseView, SupplierDetails, SupplierRow, purchase_number, total_of,
};
use types::seen::Seen;
use types::staff::Right;
use types::{Problem, PurchaseOrderId, SupplierId};

use crate::events::{Refused, internal};
use crate::look_back::tree;
use crate::purchase_desk::PurchaseDesk;
use crate::purchasing::Purchasing;
use crate::search_keys::search_key;
use crate::shop::Shop;
use crate::visitor::Staff;

/// Orders on one page.
const PAGE: u64 = 50;
/// Pages that can be asked for.
const MOST_PAGES: u64 = 2_000;
/// Words of a search that are looked at.
const MOST_WORDS: usize = 5;
/// Events of an order's story, at most.
const STORY: usize = 500;

/// Suppliers by their ids.
pub(crate) type Suppliers = HashMap<SupplierId, Supplier>;

/// What of the table a tab shows.
fn condition(tab: PurchaseTab) -> &'static str {
    match tab {
        PurchaseTab::Draft => "status = 'draft'",
        PurchaseTab::Approved => "status = 'approved'",
        PurchaseTab::Incoming => "status in ('sent', 'confirmed', 'partly_received')",
        PurchaseTab::Overdue => "is_overdue = 1",
        PurchaseTab::Closed => "status = 'closed'",
        PurchaseTab::Cancelled => "status = 'cancelled'",
        PurchaseTab::All => "1 = 1",
    }
}

/// A word that is looked for anywhere in a text, for `like … escape '!'`.
fn pattern(word: &str) -> String {
    let escaped = word
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}

impl Shop {
    /// Every supplier, with its orders that have not ended.
    pub(crate) async fn suppliers(&self) -> Result<Suppliers, Refused> {
        suppliers(self.log()).await
    }

    /// Suppliers by their names, in the order of these.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn supplier_names(&self, staff: &Staff) -> crate::Result<Vec<(SupplierId, String)>> {
        staff.may(Right::See)?;
        let suppliers = self.suppliers().await?;
        let named = suppliers.into_iter().map(|(id, it)| (id, it.details.name));
        let mut named: Vec<(SupplierId, String)> = named.collect();
        named.sort_by(|(a_id, a), (b_id, b)| a.cmp(b).then(a_id.cmp(b_id)));
        Ok(named)
    }

    /// What a supplier's system checks the shop's messages with; `None` where none are sent.
    ///
    /// # Errors
    /// 403 for whoever does not deal with suppliers.
    pub fn supplier_secret(&self, staff: &Staff, id: &SupplierId) -> crate::Result<Option<String>> {
        staff.may(Right::Purchasing)?;
        Ok(self.supplier_papers().map(|papers| papers.secret(id)))
    }

    /// A page of the orders to suppliers, the newest first, as far as number, supplier or SKUs have all these
    /// words.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn purchase_page(
        &self,
        staff: &Staff,
        tab: PurchaseTab,
        words: &str,
        page: u64,
    ) -> crate::Result<PurchasePage> {
        staff.may(Right::See)?;
        Ok(self.listed_purchases(tab, words, page).await?)
    }

    pub(crate) async fn listed_purchases(
        &self,
        tab: PurchaseTab,
        words: &str,
        page: u64,
    ) -> Result<PurchasePage, Refused> {
        self.caught_up(PurchaseDesk::NAME, self.purchasing_position())
            .await;
        // First: what the rows say is as new or newer.
        let position = self.log().position_of(PurchaseDesk::NAME).await?;
        let suppliers = self.suppliers().await?;
        let db = self.log().db();
        let words = search_key(words);
        let words = words.split(' ').filter(|word| !word.is_empty());
        let patterns: Vec<String> = words.take(MOST_WORDS).map(pattern).collect();
        let mut found_by = condition(tab).to_owned();
        for n in 1..=patterns.len() {
            found_by.push_str(&format!(" and search like ${n} escape '!'"));
        }
        let mut counted = db::query(db::trusted_sql(format!(
            "select count(*) from purchase_orders where {found_by}"
        )));
        let (limit, offset) = (patterns.len() + 1, patterns.len() + 2);
        let mut listed = db::query(db::trusted_sql(format!(
            "select supplier, state from purchase_orders where {found_by} \
             order by opened_us desc, id desc limit ${limit} offset ${offset}"
        )));
        for pattern in &patterns {
            counted = counted.bind(pattern);
            listed = listed.bind(pattern);
        }
        let counts = self.purchases_by_tab().await?;
        let found = if patterns.is_empty() {
            let at = PurchaseTab::VARIANTS.iter().position(|it| *it == tab);
            at.and_then(|at| counts.get(at))
                .copied()
                .unwrap_or_default()
        } else {
            let row = counted.fetch_one(db.reader()).await?;
            row.try_get::<i64, _>(0)?.unsigned_abs()
        };
        let rows = listed
            .bind(PAGE.cast_signed())
            .bind((page.min(MOST_PAGES) * PAGE).cast_signed())
            .fetch_all(db.reader())
            .await?;
        let rows: Vec<PurchaseRow> = rows
            .iter()
            .map(|row| Ok(purchase_row(&read(row)?, &suppliers)))
            .collect::<Result<_, Refused>>()?;
        Ok(PurchasePage {
            rows,
            found,
            pages: found.div_ceil(PAGE),
            counts,
            position,
        })
    }

    async fn purchases_by_tab(&self) -> Result<Vec<u64>, Refused> {
        let sums = PurchaseTab::VARIANTS.iter().map(|tab| {
            let is_meant = condition(*tab);
            format!("coalesce(sum(case when {is_meant} then 1 else 0 end), 0)")
        });
        let sums: Vec<String> = sums.collect();
        let sql = format!("select {} from purchase_orders", sums.join(", "));
        let row = db::query(db::trusted_sql(sql))
            .fetch_one(self.log().db().reader())
            .await?;
        let count = |n| Ok::<_, Refused>(row.try_get::<i64, _>(n)?.unsigned_abs());
        (0..PurchaseTab::VARIANTS.len()).map(count).collect()
    }

    async fn purchase_of(
        &self,
        id: PurchaseOrderId,
    ) -> Result<(SupplierId, PurchaseOrder), Refused> {
        let row = db::query("select supplier, state from purchase_orders where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?;
        match row {
            Some(row) => read(&row),
            None => Err(Problem::not_found("There is no such purchase order.").into()),
        }
    }

    /// One order to a supplier, with all that staff see of it.
    ///
    /// # Errors
    /// 404 for one that there is not.
    pub async fn purchase_order(
        &self,
        staff: &Staff,
        id: PurchaseOrderId,
    ) -> crate::Result<PurchaseView> {
        staff.may(Right::See)?;
        Ok(self.purchase_view(id).await?)
    }

    /// One supplier, with its orders that have not ended, as of the last commit.
    async fn supplier(&self, id: &SupplierId) -> Result<Option<Supplier>, Failure> {
        let state = self.log().state_of(Purchasing::NAME, id.as_str()).await?;
        let supplier = state.map(|state| serde_json::from_str(&state)).transpose();
        supplier.map_err(|error| Failure::Other(format!("supplier {id}: {error}")))
    }

    pub(crate) async fn purchase_view(&self, id: PurchaseOrderId) -> Result<PurchaseView, Refused> {
        self.caught_up(PurchaseDesk::NAME, self.purchasing_position())
            .await;
        let position = self.log().position_of(PurchaseDesk::NAME).await?;
        let of = self.purchase_of(id).await?;
        let known = self.supplier(&of.0).await?;
        let known = known.ok_or_else(|| Refused(internal("a supplier is not known")))?;
        self.staff_names().refresh(self.log()).await?;
        let story = self.log().read_story(&id.to_string(), STORY).await?;
        let story = tree(story, self.staff_names());
        Ok(self.shown_purchase(of, known, story, position))
    }

    fn shown_purchase(
        &self,
        of: (SupplierId, PurchaseOrder),
        known: Supplier,
        story: Vec<StoryEvent>,
        position: u64,
    ) -> PurchaseView {
        let details = known.details.clone();
        let row = purchase_row(&of, &Suppliers::from([(of.0.clone(), known)]));
        let order = of.1;
        let catalogue = self.catalogue();
        let line = |line: &PurchaseLine| {
            let sold = catalogue.ever_sold(&line.sku);
            PurchaseLineView {
                line: line.clone(),
                title: sold.map_or_else(String::new, |(product, _)| product.title.clone()),
                variant: sold.map_or_else(String::new, |(_, variant)| variant.title()),
            }
        };
        PurchaseView {
            lines: order.lines.iter().map(line).collect(),
            revision: order.revision,
            is_sending: order.is_sending,
            way: order.way,
            approve_at_us: order.approve_at_us.unwrap_or_default(),
            supplier: details,
            row,
            story,
            position,
        }
    }

    /// An order that is on its way to its supplier, without its story, as the decider has left it; `None` where
    /// it is not any more.
    pub(crate) async fn purchase_to_send(
        &self,
        supplier: &SupplierId,
        id: PurchaseOrderId,
    ) -> Result<Option<PurchaseView>, Failure> {
        let Some(known) = self.supplier(supplier).await? else {
            return Ok(None);
        };
        let sending = known.orders.get(&id).filter(|order| order.is_sending);
        let Some(order) = sending.cloned() else {
            return Ok(None);
        };
        let of = (supplier.clone(), order);
        Ok(Some(self.shown_purchase(of, known, Vec::new(), 0)))
    }

    /// What does not come of an order that was cancelled, as its supplier is told; `None` where the supplier is not
    /// known.
    pub(crate) async fn purchase_not_wanted(
        &self,
        asked: &PurchaseOrderNoticeRequested,
    ) -> Result<Option<PurchaseView>, Failure> {
        let Some(known) = self.supplier(&asked.supplier).await? else {
            return Ok(None);
        };
        let missing = asked.lines.iter().map(|line| PurchaseLine {
            ordered: line.missing(),
            received: 0,
            ..line.clone()
        });
        let order = PurchaseOrder {
            id: asked.order_id,
            status: PurchaseStatus::Cancelled,
            lines: missing.collect(),
            revision: 0,
            opened_us: 0,
            approve_at_us: None,
            is_sending: false,
            way: Some(asked.way),
            expected_us: None,
            is_overdue: false,
        };
        let of = (asked.supplier.clone(), order);
        Ok(Some(self.shown_purchase(of, known, Vec::new(), 0)))
    }

    /// Does something with an order to a supplier. `seen` is the revision that the page was made of.
    ///
    /// # Errors
    /// 404 for one that there is not, 409 `purchase-order-unchanged` with the reason.
    pub async fn change_purchase_order(
        &self,
        staff: &Staff,
        id: PurchaseOrderId,
        command: PurchaseCommand,
        seen: Option<u32>,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Purchasing)?;
        Ok(self.change_purchase(by, id, command, seen).await?)
    }

    async fn change_purchase(
        &self,
        by: &str,
        id: PurchaseOrderId,
        command: PurchaseCommand,
        seen: Option<u32>,
    ) -> Result<(), Refused> {
        let (supplier, _) = self.purchase_of(id).await?;
        let asked = PurchaseOrderChangeRequested {
            supplier,
            order_id: id,
            command,
            seen,
            by: by.to_owned(),
        };
        self.asked_of_purchasing(asked.into()).await.map(|_| ())
    }

    /// Waits for the answer; answers with the order that it was about. `None` when that takes too long.
    async fn asked_of_purchasing(&self, asked: Event) -> Result<Option<PurchaseOrderId>, Refused> {
        let answer = self.answered_at(asked).await?;
        self.told_of_purchasing(answer).await
    }

    /// The order that an answer is about.
    pub(crate) async fn told_of_purchasing(
        &self,
        answer: Option<(Arc<Event>, u64)>,
    ) -> Result<Option<PurchaseOrderId>, Refused> {
        let Some((answer, position)) = answer else {
            // It is in the log and will be done; only this page stops waiting.
            return Ok(None);
        };
        match &*answer {
            Event::PurchaseOrderRefused(refused) => Err(unchanged(refused.refusal).into()),
            event => {
                self.caught_up(PurchaseDesk::NAME, position).await;
                Ok(domain::purchasing::order_of(event))
            }
        }
    }

    /// Every supplier, in the order of their names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn supplier_list(&self, staff: &Staff) -> crate::Result<Vec<SupplierRow>> {
        staff.may(Right::See)?;
        Ok(self.listed_suppliers().await?)
    }

    async fn listed_suppliers(&self) -> Result<Vec<SupplierRow>, Refused> {
        let skus = self.skus_by_supplier().await?;
        let mut rows: Vec<SupplierRow> = self
            .suppliers()
            .await?
            .into_iter()
            .map(|(id, supplier)| SupplierRow {
                skus: skus.get(&id).copied().unwrap_or_default(),
                open: supplier.orders.len(),
                details: supplier.details,
                id,
            })
            .collect();
        rows.sort_by(|a, b| a.details.name.cmp(&b.details.name).then(a.id.cmp(&b.id)));
        Ok(rows)
    }

    /// What is known of a supplier.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn supplier_details(
        &self,
        staff: &Staff,
        id: &SupplierId,
    ) -> crate::Result<Option<SupplierDetails>> {
        staff.may(Right::See)?;
        let supplier = self.supplier(id).await.map_err(Refused::from)?;
        Ok(supplier.map(|supplier| supplier.details))
    }

    /// Takes note of a supplier, who may be new. `seen` is what the page has shown of it.
    ///
    /// # Errors
    /// 422 with what makes no sense, or for a new one whose name is taken, 409 `supplier-unchanged`, 409
    /// `changed-meanwhile` where somebody else has changed it since.
    pub async fn change_supplier(
        &self,
        staff: &Staff,
        id: SupplierId,
        details: SupplierDetails,
        seen: Option<Seen<SupplierDetails>>,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Purchasing)?;
        let asked = SupplierChangeRequested {
            supplier: id,
            details,
            by: by.to_owned(),
            seen,
        };
        let answer = self.answered(asked.into()).await?;
        match answer {
            Some(Event::SupplierChangeRejected(no)) => Err(supplier_unchanged(no.refusal)),
            _ => Ok(()),
        }
    }
}

async fn suppliers(log: &Log) -> Result<Suppliers, Refused> {
    let states = log.states_of(Purchasing::NAME).await?;
    let supplier = |(id, state): (String, String)| {
        let id = id.parse().map_err(internal)?;
        Ok((id, serde_json::from_str(&state).map_err(internal)?))
    };
    let suppliers: Result<_, Problem> = states.into_iter().map(supplier).collect();
    Ok(suppliers?)
}

/// The orders to suppliers, the newest first and 1,000 at most: for the command line.
///
/// # Errors
/// When the database does not answer.
pub async fn purchase_rows(log: &Log, tab: PurchaseTab) -> crate::Result<Vec<PurchaseRow>> {
    let found = async {
        let suppliers = suppliers(log).await?;
        let sql = format!(
            "select supplier, state from purchase_orders where {} \
             order by opened_us desc, id desc limit 1000",
            condition(tab)
        );
        let rows = db::query(db::trusted_sql(sql))
            .fetch_all(log.db().reader())
            .await?;
        let row = |row: &db::Row| Ok(purchase_row(&read(row)?, &suppliers));
        rows.iter().map(row).collect::<Result<_, Refused>>()
    };
    Ok(found.await?)
}

/// An order to a supplier by its number or id, with its lines.
///
/// # Errors
/// 404 for one that there is not.
pub async fn purchase_lines(
    log: &Log,
    number: &str,
) -> crate::Result<(PurchaseRow, Vec<PurchaseLine>)> {
    let found = async {
        let suppliers = suppliers(log).await?;
        let text = number.trim().to_ascii_lowercase();
        let row = db::query(
            "select supplier, state from purchase_orders where id = $1 or search like $2 escape '!' \
             order by opened_us desc limit 1",
        )
        .bind(&text)
        .bind(format!("{} %", pattern(&text).trim_matches('%')))
        .fetch_optional(log.db().reader())
        .await?;
        let Some(row) = row else {
            let detail = format!("There is no purchase order {number}.");
            return Err(Problem::not_found(detail).into());
        };
        let order = read(&row)?;
        Ok::<_, Refused>((purchase_row(&order, &suppliers), order.1.lines))
    };
    Ok(found.await?)
}

fn read(row: &db::Row) -> Result<(SupplierId, PurchaseOrder), Refused> {
    let supplier = row.try_get::<&str, _>(0)?.parse().map_err(internal)?;
    let order = serde_json::from_str(row.try_get(1)?).map_err(internal)?;
    Ok((supplier, order))
}

fn purchase_row((supplier, order): &(SupplierId, PurchaseOrder), known: &Suppliers) -> PurchaseRow {
    let named = known.get(supplier).map(|it| it.details.name.clone());
    PurchaseRow {
        id: order.id,
        number: purchase_number(order.id),
        supplier_name: named.unwrap_or_else(|| supplier.to_string()),
        supplier: supplier.clone(),
        status: order.status,
        is_overdue: order.is_overdue,
        expected_us: match order.status {
            PurchaseStatus::Closed | PurchaseStatus::Cancelled => 0,
            _ => order.expected_us.unwrap_or_default(),
        },
        opened_us: order.opened_us,
        lines: order.lines.len(),
        ordered: order.lines.iter().map(|line| line.ordered).sum(),
        received: order.lines.iter().map(|line| line.received).sum(),
        total: total_of(&order.lines),
    }
}

fn unchanged(refusal: Refusal) -> Problem {
    let detail = format!("Nothing was done: {refusal}.");
    match refusal {
        Refusal::Day => Problem::invalid_field("expected", detail),
        _ => Problem::conflict(
            "purchase-order-unchanged",
            "The purchase order stays as it is",
            detail,
        ),
    }
}

fn supplier_unchanged(refusal: SupplierRefusal) -> Problem {
    let detail = format!("The supplier stays as it was: {refusal}.");
    let field = match refusal {
        SupplierRefusal::Name => "name",
        SupplierRefusal::Email => "email",
        SupplierRefusal::Webhook => "webhook",
        SupplierRefusal::ApproveUpTo => "approve_up_to",
        SupplierRefusal::Gather => "gather_minutes",
        SupplierRefusal::Taken => {
            let message =
                "There is a supplier of this short name. Edit that one, or choose another.";
            return Problem::invalid_field("id", message);
        }
        SupplierRefusal::ChangedMeanwhile => {
            let title = "The supplier was changed meanwhile";
            return Problem::conflict("changed-meanwhile", title, detail);
        }
        SupplierRefusal::NothingChanged => {
            return Problem::conflict("supplier-unchanged", "The supplier stays as it was", detail);
        }
    };
    Problem::invalid_field(field, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_no_pattern() {
        assert_eq!(pattern("50%_!"), "%50!%!_!!%");
    }
}
