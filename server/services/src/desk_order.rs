//! One order with all that staff see of it.

use domain::Event;
use domain::event::OrderNoted;
use types::desk::{DeskOrder, PaymentRow};
use types::{Money, OrderId, Problem};

use crate::events::{Refused, decode};
use crate::look_back::look_back;
use crate::orders;
use crate::shop::Shop;
use crate::visitor::Staff;

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
        let mut version = 0;
        for recorded in self.log().read_key(&id.to_string()).await? {
            if recorded.kind != OrderNoted::KIND {
                version = recorded.position;
            }
            // What this version cannot read is told by the story.
            if let Ok(event) = decode(&recorded) {
                payments.extend(payment_row(&event, recorded.time_us));
            }
        }
        let state = orders::state(self.log(), id).await?;
        // Of an order whose beginning was given up the log has no story to tell.
        let story = look_back(self.log(), &id.to_string(), None).await;
        Ok(DeskOrder {
            status: state.map_or(order.progress.status, |state| state.status()),
            notes: self.notes(id).await?,
            story: story.map(|found| found.story).unwrap_or_default(),
            version,
            payments,
            order,
        })
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
        Event::PaymentVoidRequested(e) => row(e.attempt, "to be let go", None, &e.authorization_id),
        Event::PaymentVoided(e) => row(e.attempt, "let go", None, &e.authorization_id),
        _ => None,
    }
}

fn no_such_order() -> Problem {
    Problem::not_found("There is no such order.")
}
