//! One order with all that staff see of it.

use std::sync::Arc;

use domain::Event;
use domain::account::Account;
use domain::fulfilment::{FulfilmentState, Label, Shipment};
use domain::order::{Command, OrderState};
use domain::payment::Asked;
use types::desk::{DeskOrder, MoneyRow, PaymentRow, ReturnRow};
use types::fulfilment::{Parcel, ParcelLabel};
use types::returns::BackLabel;
use types::staff::Right;
use types::{Money, OrderId, Problem, RefundId, ShipmentId};

use crate::events::{Refused, decode};
use crate::look_back::look_back;
use crate::order_address::can_be_corrected;
use crate::order_review::held;
use crate::orders;
use crate::papers::paper_links;
use crate::seen_order::{SeenOrder, is_change};
use crate::shop::Shop;
use crate::visitor::Staff;

impl Shop {
    /// An order, as of the newest event.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn desk_order(&self, staff: &Staff, id: OrderId) -> crate::Result<DeskOrder> {
        staff.may(Right::See)?;
        let mut order = self.load_desk_order(id).await?;
        if !staff.role.may(Right::Orders) {
            // There is no form for what would be refused.
            order.may_change = false;
            order.can_cancel = false;
            order.left.clear();
        }
        Ok(order)
    }

    async fn load_desk_order(&self, id: OrderId) -> Result<DeskOrder, Refused> {
        let stored = self.stored_order(id).await?;
        let (_, order) = stored.ok_or_else(no_such_order)?;
        let mut payments = Vec::new();
        let mut told = Vec::new();
        let mut version = 0;
        for recorded in self.log().read_key(&id.to_string()).await? {
            if is_change(&recorded) {
                version = recorded.position;
            }
            // What this version cannot read is told by the story.
            if let Ok(event) = decode(&recorded) {
                payments.extend(payment_row(&event, recorded.time_us));
                told.push((event, recorded.time_us));
            }
        }
        let account = Account::of(told.iter().map(|(event, at_us)| (&**event, *at_us)));
        let state = orders::state(self.log(), id).await?;
        let nothing = Money::new(0, order.totals.total.currency);
        let money = state.as_ref().map_or(
            MoneyRow {
                captured: nothing,
                refunded: nothing,
                refundable: nothing,
                under_way: nothing,
                failed_refund: None,
                has_failed: false,
            },
            |state| money_row(state, nothing),
        );
        let is_paid = |state: &&OrderState| state.status().is_paid();
        let can_cancel = state
            .as_ref()
            .is_some_and(|state| state.check(Command::CancelByStaff).is_ok());
        let environment = self.log().environment();
        // Of an order whose beginning was given up the log has no story to tell.
        let story = look_back(self.log(), &id.to_string(), None).await;
        Ok(DeskOrder {
            status: (state.as_ref()).map_or(order.progress.status, OrderState::status),
            money,
            parcels: (state.as_ref()).map_or_else(Vec::new, |state| parcels(&state.fulfilment)),
            papers: account.as_ref().map(paper_links).unwrap_or_default(),
            can_correct_address: state.as_ref().is_some_and(can_be_corrected),
            labels: (state.iter().flat_map(|state| &state.fulfilment.labels))
                .map(label)
                .collect(),
            carrier: self.label_carrier(),
            at_us: self.now_us(),
            returns: (state.iter().flat_map(|state| &state.returns.returns))
                .map(returned)
                .collect(),
            left: (state.as_ref().filter(is_paid))
                .map_or_else(Vec::new, |state| state.fulfilment.left(&state.lines)),
            never: (state.as_ref()).map_or_else(Vec::new, |s| s.fulfilment.cancelled.clone()),
            held: state.as_ref().and_then(held),
            can_cancel,
            may_change: true,
            next_parcel: ShipmentId::new(environment.new_id()),
            next_refund: RefundId::new(environment.new_id()),
            notes: self.notes(id).await?,
            story: story.map(|found| found.story).unwrap_or_default(),
            version,
            payments,
            order,
        })
    }

    /// Makes sure that an order is as a form has shown it: that nobody has done anything with it since. Answers
    /// with the shop through which whatever is asked of it is done only if that is so at the moment of the asking,
    /// whichever process others come through. `own` is an id that the form has made.
    ///
    /// # Errors
    /// 409 `changed-meanwhile` with what has.
    pub async fn expect_version(
        &self,
        staff: &Staff,
        id: OrderId,
        version: u64,
        own: &str,
    ) -> crate::Result<Self> {
        staff.may(Right::See)?;
        let seen = SeenOrder {
            id,
            version,
            own: own.to_owned(),
        };
        seen.is_as_it_was(self.log(), self.staff_names()).await?;
        Ok(self.as_seen(Arc::new(seen)))
    }

    /// Position of the newest event about an order, for the live socket; and the position at which that
    /// is true.
    pub async fn order_version(&self, id: OrderId) -> crate::Result<(u64, u64)> {
        let read = async {
            let head = self.log().stored_head().await?;
            let events = self.log().read_key(&id.to_string()).await?;
            let newest = events.last().map_or(0, |event| event.position);
            Ok::<_, Refused>((newest, head.max(newest)))
        };
        Ok(read.await?)
    }
}

fn money_row(state: &OrderState, nothing: Money) -> MoneyRow {
    let payment = &state.payment;
    let money = |minor| Money { minor, ..nothing };
    MoneyRow {
        captured: money(payment.captured_minor()),
        refunded: money(payment.refunded_minor()),
        refundable: money(payment.refundable_minor()),
        under_way: money(payment.refunds_under_way_minor()),
        failed_refund: payment.failed_refund().map(|refund| refund.amount),
        has_failed: payment.captures.iter().any(|it| it.state == Asked::Failed)
            || payment.authorized.as_ref().is_some_and(|held| held.expired),
    }
}

fn parcels(fulfilment: &FulfilmentState) -> Vec<Parcel> {
    let shipments = fulfilment.shipments.iter();
    shipments.map(|it| parcel(fulfilment, it)).collect()
}

fn parcel(of: &FulfilmentState, shipment: &Shipment) -> Parcel {
    Parcel {
        id: shipment.id,
        number: shipment.number,
        state: shipment.state,
        lines: shipment.lines.clone(),
        tracking: shipment.tracking.clone(),
        transit: shipment.transit,
        astray: of.astray(shipment),
        replaces: of.replaced_by(shipment),
    }
}

fn label(label: &Label) -> ParcelLabel {
    ParcelLabel {
        shipment_id: label.shipment_id,
        number: label.number,
        carrier: label.carrier,
        state: label.state,
        tracking: label.tracking.clone(),
        reason: label.reason.clone(),
        asked_at_us: label.asked_at_us,
    }
}

fn returned(it: &domain::returns::Return) -> ReturnRow {
    ReturnRow {
        id: it.id,
        number: it.number,
        state: it.state,
        lines: it.lines.clone(),
        label: it.label.as_ref().map(|label| BackLabel {
            tracking: label.tracking.clone(),
            reason: label.reason.clone(),
            transit: label.transit,
        }),
    }
}

fn payment_row(event: &Event, at_us: i64) -> Option<PaymentRow> {
    let row = |attempt, what: &str, amount: Option<Money>, reference: &str| {
        Some(PaymentRow {
            at_us,
            attempt,
            what: what.to_owned(),
            amount,
            reference: reference.to_owned(),
        })
    };
    match event {
        Event::PaymentMethodRequired(_) => row(0, "waits for a card", None, ""),
        Event::PaymentRequested(e) => row(e.attempt, "asked", Some(e.amount), ""),
        Event::PaymentAuthorized(e) => {
            row(e.attempt, "authorized", Some(e.amount), &e.authorization_id)
        }
        Event::PaymentDeclined(e) => {
            let why = format!("declined: {}", e.reason.name());
            row(e.attempt, &why, None, "")
        }
        Event::PaymentActionRequired(e) => row(e.attempt, "the shopper has to act", None, ""),
        Event::PaymentAuthorizationExpired(e) => row(0, "expired", None, &e.authorization_id),
        Event::PaymentReauthorized(e) => row(0, "held again", None, &e.authorization_id),
        Event::PaymentReauthorizationFailed(e) => {
            let why = format!("not held again: {}", e.reason);
            row(0, &why, None, &e.authorization_id)
        }
        Event::PaymentVoidRequested(e) => row(e.attempt, "to be let go", None, &e.authorization_id),
        Event::PaymentVoided(e) => row(e.attempt, "let go", None, &e.authorization_id),
        Event::PaymentCaptureRequested(e) => row(0, "to be collected", Some(e.amount), ""),
        Event::PaymentCaptured(e) => match e.asked {
            None => row(0, "collected", Some(e.amount), ""),
            Some(_) if e.amount.minor == 0 => {
                row(0, "collected with an earlier parcel", Some(e.amount), "")
            }
            Some(_) => row(
                0,
                "collected, all that was held: this card can be collected from once",
                Some(e.amount),
                "",
            ),
        },
        Event::PaymentCaptureFailed(e) => {
            let why = format!("not collected: {}", e.reason);
            row(0, &why, Some(e.amount), "")
        }
        Event::PaymentRefundAsked(e) => {
            let why = format!("to be given back: {}", e.reason);
            row(0, &why, Some(e.amount), "")
        }
        Event::PaymentRefundRefused(_) => row(0, "not given back: more than is left", None, ""),
        Event::PaymentRefundPending(e) => {
            let what = "being given back, under way at the gateway";
            row(0, what, Some(e.amount), &e.gateway_refund_id)
        }
        Event::PaymentRefunded(e) => row(0, "given back", Some(e.amount), ""),
        Event::PaymentRefundFailed(e) => {
            let why = format!("not given back: {}", e.reason);
            row(0, &why, Some(e.amount), "")
        }
        _ => None,
    }
}

fn no_such_order() -> Problem {
    Problem::not_found("There is no such order.")
}
