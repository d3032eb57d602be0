//! One order with all that staff see of it.

use broker::{Filter, Recorded, Rule};
use domain::Event;
use domain::account::Account;
use domain::event::{
    OrderNoted, OrderPlaced, PaymentRefundAsked, ReturnAsked, ReturnCarrierReported,
    ReturnLabelFailed, ReturnLabelled, ReturnMoved, ShipmentCarrierReported,
    ShipmentLabelCancelled, ShipmentLabelFailed, ShipmentLabelKept, ShipmentLabelled,
    ShipmentMoved, ShipmentPacked,
};
use domain::fulfilment::{FulfilmentState, Label, Shipment};
use domain::order::{Command, OrderState};
use domain::payment::Asked;
use types::desk::{DeskOrder, MoneyRow, PaymentRow, ReturnRow};
use types::fulfilment::{Parcel, ParcelLabel};
use types::returns::BackLabel;
use types::{Money, OrderId, Problem, RefundId, ShipmentId};

use crate::events::{Refused, decode, internal};
use crate::look_back::look_back;
use crate::order_address::can_be_corrected;
use crate::order_review::held;
use crate::order_turns::OrderTurn;
use crate::orders;
use crate::papers::paper_links;
use crate::shop::Shop;
use crate::summary::event_row;
use crate::visitor::Staff;

/// What people do with an order, or have done to it: who has not seen it may be about to do what is not
/// right any more. What the gateway or the carrier answers stands in nobody's way, nor does a note.
const CHANGES: Filter<'static> = Filter(&[
    Rule::topic(OrderPlaced::TOPIC),
    Rule::topic(ShipmentPacked::TOPIC),
    Rule::topic(ReturnAsked::TOPIC),
    Rule::topic(PaymentRefundAsked::TOPIC).of(&[PaymentRefundAsked::KIND]),
]);

/// Of those topics, what is no change: notes, and what a carrier answers and says. That a parcel has left or
/// arrived is one, whoever says so.
const NO_CHANGES: [&str; 11] = [
    OrderNoted::KIND,
    ShipmentLabelled::KIND,
    ShipmentLabelFailed::KIND,
    ShipmentLabelCancelled::KIND,
    ShipmentLabelKept::KIND,
    ShipmentCarrierReported::KIND,
    ShipmentMoved::KIND,
    ReturnLabelled::KIND,
    ReturnLabelFailed::KIND,
    ReturnCarrierReported::KIND,
    ReturnMoved::KIND,
];

fn is_change(event: &Recorded) -> bool {
    CHANGES.matches(event) && !NO_CHANGES.contains(&event.kind.as_str())
}

/// News of an order that somebody is told of who did not know them, at most.
const MOST_NEWS: usize = 4;

impl Shop {
    /// An order, as of the newest event.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn desk_order(&self, _: &Staff, id: OrderId) -> crate::Result<DeskOrder> {
        Ok(self.load_desk_order(id).await?)
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
            next_parcel: ShipmentId::new(environment.new_id()),
            next_refund: RefundId::new(environment.new_id()),
            notes: self.notes(id).await?,
            story: story.map(|found| found.story).unwrap_or_default(),
            version,
            payments,
            order,
        })
    }

    /// Makes sure that an order is as a form has shown it: that nobody has done anything with it since, nor does
    /// as long as the answer is held. `own` is an id that the form has made: what it has done itself, sent twice,
    /// is no news.
    ///
    /// # Errors
    /// 409 `changed-meanwhile` with what has.
    pub async fn expect_version(
        &self,
        _: &Staff,
        id: OrderId,
        version: u64,
        own: &str,
    ) -> crate::Result<OrderTurn> {
        let turn = self.order_turns().take(id).await;
        let events = self.log().read_key(&id.to_string()).await;
        let mut news = events.map_err(internal)?;
        news.retain(|event| event.position > version && is_change(event));
        if news.is_empty() || (!own.is_empty() && news.iter().any(|it| it.data.contains(own))) {
            return Ok(turn);
        }
        // The last say how it stands now.
        let last = news.iter().rev().take(MOST_NEWS).rev();
        let last = last.map(|event| event_row(event, self.staff_names()));
        let told: Vec<String> = last
            .map(|row| format!("#{} {}: {}", row.position, row.kind, row.summary))
            .collect();
        let detail = format!(
            "Meanwhile: {}. Nothing was done. Look again, and do it once more if it is still right.",
            told.join("; ")
        );
        let title = "The order has changed meanwhile";
        Err(Problem::conflict("changed-meanwhile", title, detail))
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
        Event::PaymentCaptured(e) => row(0, "collected", Some(e.amount), ""),
        Event::PaymentCaptureFailed(e) => {
            let why = format!("not collected: {}", e.reason);
            row(0, &why, Some(e.amount), "")
        }
        Event::PaymentRefundAsked(e) => {
            let why = format!("to be given back: {}", e.reason);
            row(0, &why, Some(e.amount), "")
        }
        Event::PaymentRefundRefused(_) => row(0, "not given back: more than is left", None, ""),
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
