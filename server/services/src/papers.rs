//! The papers of orders: what lies in each parcel, what was sold, and what was given back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::account::{Account, Cause, Credit};
use domain::event::Pieces;
use domain::fulfilment::{FulfilmentState, Shipment, per_sku};
use types::desk::MAX_PAPERS;
use types::fulfilment::ShipmentState;
use types::order::{Order, OrderLine};
use types::papers::{
    CreditNote, Invoice, PaperLine, PaperLinks, Slip, SlipLine, SlipParcel, Vat, credit_number,
    included_tax, invoice_number,
};
use types::staff::Right;
use types::{Money, OrderId, Problem, RefundId, ShipmentId, ShopperId, Sku};

use crate::checkout::no_such_order;
use crate::events::{Refused, decode, internal};
use crate::orders;
use crate::shop::Shop;
use crate::visitor::Staff;

/// An order with what its events have made of it.
struct Known {
    order: Order,
    account: Account,
}

impl Shop {
    /// The packing slips of these orders, in this order, each once: of an order's parcels that have not left and of
    /// what is still to be packed; where all has left, of every parcel. Of `parcel` alone, when it is named.
    ///
    /// # Errors
    /// 422 for too many.
    pub async fn slips(
        &self,
        staff: &Staff,
        ids: &[OrderId],
        parcel: Option<ShipmentId>,
    ) -> crate::Result<Vec<Slip>> {
        staff.may(Right::See)?;
        let wanted = each_once(ids)?;
        let orders = self.stored_orders(&wanted).await?;
        let states = orders::states(self.log(), &wanted)
            .await
            .map_err(internal)?;
        let mut orders: HashMap<OrderId, Order> =
            orders.into_iter().map(|(_, it)| (it.id, it)).collect();
        let mut slips = Vec::new();
        for id in wanted {
            let (Some(order), Some(state)) = (orders.remove(&id), states.get(&id)) else {
                continue;
            };
            if state.status().is_paid() {
                slips.extend(slips_of(&order, &state.lines, &state.fulfilment, parcel));
            }
        }
        Ok(slips)
    }

    /// The invoices of these orders, in this order, each once. An order that nothing is charged for has none.
    ///
    /// # Errors
    /// 422 for too many.
    pub async fn invoices(&self, staff: &Staff, ids: &[OrderId]) -> crate::Result<Vec<Invoice>> {
        staff.may(Right::See)?;
        let known = self.accounts(&each_once(ids)?).await?;
        Ok(known.iter().filter_map(invoice).collect())
    }

    /// The credit notes of an order, the first first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn credit_notes(&self, staff: &Staff, id: OrderId) -> crate::Result<Vec<CreditNote>> {
        staff.may(Right::See)?;
        let known = self.accounts(&[id]).await?;
        Ok(known.iter().flat_map(credit_notes).collect())
    }

    /// The invoice of an order, for whoever may open it.
    ///
    /// # Errors
    /// 404 for an order that this shopper may not open, and for one that nothing is charged for.
    pub async fn own_invoice(&self, shopper: ShopperId, id: OrderId) -> crate::Result<Invoice> {
        let known = self.own_account(shopper, id).await?;
        let none = || {
            Problem::not_found(
                "There is an invoice as soon as an order is paid for, and not before.",
            )
        };
        invoice(&known).ok_or_else(none)
    }

    /// The credit note for a refund of an order, for whoever may open it.
    ///
    /// # Errors
    /// 404 for an order that this shopper may not open, and for money that was not given back.
    pub async fn own_credit_note(
        &self,
        shopper: ShopperId,
        id: OrderId,
        refund: RefundId,
    ) -> crate::Result<CreditNote> {
        let known = self.own_account(shopper, id).await?;
        let note = credit_notes(&known).find(|note| note.refund_id == refund);
        note.ok_or_else(|| Problem::not_found("There is no such credit note."))
    }

    async fn own_account(&self, shopper: ShopperId, id: OrderId) -> crate::Result<Known> {
        if !self.may_open_order(shopper, id).await? {
            return Err(no_such_order());
        }
        let known = self.accounts(&[id]).await?.pop();
        known.ok_or_else(no_such_order)
    }

    async fn accounts(&self, ids: &[OrderId]) -> Result<Vec<Known>, Refused> {
        let orders = self.stored_orders(ids).await?;
        let mut orders: HashMap<OrderId, Order> =
            orders.into_iter().map(|(_, it)| (it.id, it)).collect();
        let keys: Vec<String> = ids.iter().map(OrderId::to_string).collect();
        let mut told: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for recorded in self.log().read_keys(&keys).await? {
            // What this version cannot read is none of an account's events.
            if let Ok(event) = decode(&recorded) {
                told.entry(recorded.key)
                    .or_default()
                    .push((event, recorded.time_us));
            }
        }
        let known = ids.iter().zip(keys).filter_map(|(id, key)| {
            let told = told.remove(&key)?;
            let account = Account::of(told.iter().map(|(event, at_us)| (&**event, *at_us)))?;
            let order = orders.remove(id)?;
            Some(Known { order, account })
        });
        Ok(known.collect())
    }
}

fn each_once(ids: &[OrderId]) -> crate::Result<Vec<OrderId>> {
    let mut wanted: Vec<OrderId> = Vec::new();
    let mut seen = BTreeSet::new();
    for id in ids {
        if seen.insert(id.to_string()) {
            wanted.push(*id);
        }
        if wanted.len() > MAX_PAPERS {
            let message = format!("Choose at most {MAX_PAPERS} orders at once.");
            return Err(Problem::invalid_field("order", message));
        }
    }
    Ok(wanted)
}

/// What there is to be found of an order's papers.
pub(crate) fn paper_links(account: &Account) -> PaperLinks {
    let id = account.state.order_id;
    let credits = account.credits.iter();
    PaperLinks {
        has_invoice: account.sale().is_some(),
        credits: credits
            .map(|credit| (credit.refund_id, credit_number(id, credit.number)))
            .collect(),
    }
}

fn slips_of(
    order: &Order,
    ordered: &[Pieces],
    fulfilment: &FulfilmentState,
    only: Option<ShipmentId>,
) -> Vec<Slip> {
    let left = fulfilment.left(ordered);
    // Those that were replaced are not on their way to anybody.
    let counted: Vec<&Shipment> = fulfilment
        .shipments
        .iter()
        .filter(|it| !it.is_replaced())
        .collect();
    let is_here = |it: &&&Shipment| it.state == ShipmentState::Packed;
    let mut wanted: Vec<&Shipment> = match only {
        Some(id) => fulfilment
            .shipments
            .iter()
            .filter(|it| it.id == id)
            .collect(),
        None => counted.iter().filter(is_here).copied().collect(),
    };
    if only.is_none() && wanted.is_empty() && left.is_empty() {
        wanted.clone_from(&counted);
    }
    let sent_before = |number: Option<u32>| {
        let left_house = counted
            .iter()
            .filter(|it| it.state != ShipmentState::Packed);
        let before = left_house.filter(|it| number.is_none_or(|number| it.number < number));
        before
            .map(|it| (it.number, slip_lines(order, &it.lines)))
            .collect::<Vec<_>>()
    };
    let head = || Slip {
        order_number: order.number.clone(),
        placed_at_us: order.placed_at_us,
        to: order.ship_to(),
        delivery_title: order.delivery.title().to_owned(),
        parcel: None,
        lines: Vec::new(),
        follows: Vec::new(),
        before: Vec::new(),
    };
    let is_all_packed = left.is_empty();
    let mut slips: Vec<Slip> = (wanted.into_iter())
        .map(|parcel| {
            let at = counted
                .iter()
                .filter(|it| it.number <= parcel.number)
                .count();
            let later = counted.iter();
            let later = later.filter(|it| {
                it.id != parcel.id
                    && (it.state == ShipmentState::Packed || it.number > parcel.number)
            });
            let follows: Vec<Pieces> = later
                .flat_map(|it| &it.lines)
                .chain(&left)
                .cloned()
                .collect();
            Slip {
                parcel: Some(SlipParcel {
                    id: parcel.id,
                    number: parcel.number,
                    at: at as u32,
                    of: is_all_packed.then_some(counted.len() as u32),
                    replaces: fulfilment.replaced_by(parcel),
                }),
                lines: slip_lines(order, &parcel.lines),
                follows: slip_lines(order, &follows),
                before: sent_before(Some(parcel.number)),
                ..head()
            }
        })
        .collect();
    if only.is_none() && !left.is_empty() {
        let packed = counted.iter().filter(is_here);
        let packed: Vec<Pieces> = packed.flat_map(|it| it.lines.clone()).collect();
        slips.push(Slip {
            lines: slip_lines(order, &left),
            follows: slip_lines(order, &packed),
            before: sent_before(None),
            ..head()
        });
    }
    slips
}

/// Pieces as they stand on a slip: by the lines of the order, with their gift notes.
fn slip_lines(order: &Order, pieces: &[Pieces]) -> Vec<SlipLine> {
    let mut wanted = per_sku(pieces);
    let mut lines = Vec::new();
    for line in &order.lines {
        let Some(left) = wanted.get_mut(&line.sku) else {
            continue;
        };
        let quantity = line.quantity.min(*left);
        *left -= quantity;
        if quantity > 0 {
            lines.push(SlipLine {
                sku: line.sku.clone(),
                title: line.title.clone(),
                variant: line.variant.clone(),
                quantity,
                gift_note: line.gift_note.clone(),
            });
        }
    }
    // What the shop has forgotten is still called by its SKU.
    let unknown = wanted.into_iter().filter(|(_, quantity)| *quantity > 0);
    lines.extend(unknown.map(|(sku, quantity)| SlipLine {
        title: sku.to_string(),
        sku,
        variant: String::new(),
        quantity,
        gift_note: None,
    }));
    lines
}

fn paper_lines(known: &Known, pieces: &[Pieces]) -> Vec<PaperLine> {
    let named: HashMap<&Sku, &OrderLine> =
        known.order.lines.iter().map(|it| (&it.sku, it)).collect();
    let line = |it: &Pieces| {
        let unit_price = known.account.unit_price(&it.sku);
        let total = unit_price.checked_mul(it.quantity).unwrap_or(unit_price);
        let line = named.get(&it.sku);
        PaperLine {
            sku: it.sku.clone(),
            title: line.map_or_else(|| it.sku.to_string(), |line| line.title.clone()),
            variant: line.map_or_else(String::new, |line| line.variant.clone()),
            quantity: it.quantity,
            unit_price,
            total,
        }
    };
    pieces.iter().map(line).collect()
}

fn invoice(known: &Known) -> Option<Invoice> {
    let (order, account) = (&known.order, &known.account);
    let sale = account.sale()?;
    let money = |minor| Money::new(minor, order.totals.total.currency);
    let some = |minor: i64| (minor != 0).then(|| money(minor));
    let basis_points = account.vat_basis_points();
    let credits = account.credits.iter();
    Some(Invoice {
        number: invoice_number(order.id),
        order_id: order.id,
        order_number: order.number.clone(),
        issued_at_us: account.confirmed_at_us?,
        placed_at_us: order.placed_at_us,
        to: order.bill_to(),
        lines: paper_lines(known, &sale.lines),
        delivery_title: order.delivery.title().to_owned(),
        delivery: money(sale.delivery_minor),
        cancelled: paper_lines(known, &sale.cancelled),
        cancelled_delivery: some(sale.cancelled_delivery_minor),
        other: some(sale.other_minor),
        total: money(sale.total_minor),
        vat: Vat {
            basis_points,
            amount: money(included_tax(sale.total_minor, basis_points)),
        },
        paid: money(sale.paid_minor),
        outstanding: money(sale.outstanding_minor),
        credits: credits
            .map(|credit| (credit_number(order.id, credit.number), credit.amount))
            .collect(),
    })
}

/// Each with its share of the tax: that of all that was given back so far, less that of the ones before.
fn credit_notes(known: &Known) -> impl Iterator<Item = CreditNote> {
    let credits = known.account.credits.iter();
    credits.scan(0_i64, |before, credit| {
        let after = before.saturating_add(credit.amount.minor);
        let note = credit_note(known, credit, (*before, after));
        *before = after;
        Some(note)
    })
}

fn credit_note(known: &Known, credit: &Credit, sums: (i64, i64)) -> CreditNote {
    let (order, account) = (&known.order, &known.account);
    let money = |minor| Money::new(minor, order.totals.total.currency);
    let basis_points = account.vat_basis_points();
    let tax = included_tax(sums.1, basis_points) - included_tax(sums.0, basis_points);
    let pieces = credit.cause.lines();
    let delivery = match credit.cause {
        Cause::Cancelled { .. } => account.delivery_minor(),
        _ => 0,
    };
    let told = match pieces.is_empty() {
        true => 0,
        false => credit.amount.minor - account.worth_minor(pieces) - delivery,
    };
    CreditNote {
        number: credit_number(order.id, credit.number),
        refund_id: credit.refund_id,
        order_id: order.id,
        order_number: order.number.clone(),
        invoice_number: invoice_number(order.id),
        issued_at_us: credit.at_us,
        placed_at_us: order.placed_at_us,
        to: order.bill_to(),
        cause: cause_words(&credit.cause),
        lines: paper_lines(known, pieces),
        delivery_title: order.delivery.title().to_owned(),
        delivery: (delivery != 0).then(|| money(delivery)),
        other: (told != 0).then(|| money(told)),
        total: credit.amount,
        vat: Vat {
            basis_points,
            amount: money(tax),
        },
    }
}

fn cause_words(cause: &Cause) -> String {
    match cause {
        Cause::Cancelled { .. } => "The order was cancelled".to_owned(),
        Cause::Rest { .. } => "The rest of the order was cancelled".to_owned(),
        Cause::Return { number, .. } => format!("Return {number}"),
        Cause::Parcel { number, .. } => format!("Parcel {number} did not arrive"),
        Cause::Sum { reason } if reason.is_empty() => "Refund".to_owned(),
        Cause::Sum { reason } => format!("Refund: {reason}"),
    }
}
