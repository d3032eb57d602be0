//! An order as a form has shown it: whoever acts on a page of before is told what has happened since, and nothing
//! is done. What is asked through the shop that `Shop::expect_version` answers with is compared once more while
//! nobody else can append, in this process or in another one.

use broker::{Filter, Recorded, Rule};
use domain::event::{
    OrderNoted, OrderPlaced, PaymentRefundAsked, ReturnAsked, ReturnCarrierReported,
    ReturnLabelFailed, ReturnLabelled, ReturnMoved, ShipmentCarrierReported,
    ShipmentLabelCancelled, ShipmentLabelFailed, ShipmentLabelKept, ShipmentLabelled,
    ShipmentMoved, ShipmentPacked,
};
use types::{OrderId, Problem};

use crate::events::Refused;
use crate::staff_names::StaffNames;
use crate::summary::event_row;

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

/// News of an order that somebody is told of who did not know them, at most.
const MOST_NEWS: usize = 4;

/// Whether it makes another version of the order.
pub(crate) fn is_change(event: &Recorded) -> bool {
    CHANGES.matches(event) && !NO_CHANGES.contains(&event.kind.as_str())
}

/// What a form has shown.
#[derive(Debug, Clone)]
pub(crate) struct SeenOrder {
    pub id: OrderId,
    pub version: u64,
    /// An id that the form has made: what it has done itself, sent twice, is no news. Empty where it makes none.
    pub own: String,
}

impl SeenOrder {
    /// Says what has happened to an order since it was shown, if anything has.
    pub async fn is_as_it_was(&self, log: &broker::Log, staff: &StaffNames) -> Result<(), Refused> {
        let Self { id, version, own } = self;
        let mut news = log.read_key(&id.to_string()).await?;
        news.retain(|event| event.position > *version && is_change(event));
        if news.is_empty() || (!own.is_empty() && news.iter().any(|it| it.data.contains(own))) {
            return Ok(());
        }
        // The last say how it stands now.
        let last = news.iter().rev().take(MOST_NEWS).rev();
        let last = last.map(|event| event_row(event, staff));
        let told: Vec<String> = last
            .map(|row| format!("#{} {}: {}", row.position, row.kind, row.summary))
            .collect();
        let detail = format!(
            "Meanwhile: {}. Nothing was done. Look again, and do it once more if it is still right.",
            told.join("; ")
        );
        let title = "The order has changed meanwhile";
        Err(Problem::conflict("changed-meanwhile", title, detail).into())
    }
}
