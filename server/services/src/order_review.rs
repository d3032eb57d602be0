//! Orders that a rule has held, and what staff do about them.

use domain::Event;
use domain::event::OrderReleaseRequested;
use domain::order::OrderState;
use domain::order::review::Review;
use types::desk::HeldForReview;
use types::staff::Right;
use types::{OrderId, Problem};

use crate::alert_list::name_of;
use crate::shop::Shop;
use crate::visitor::Staff;

/// Why an order is held, if it is.
pub(crate) fn held(order: &OrderState) -> Option<HeldForReview> {
    let Review::Held { rule, subject } = &order.review else {
        return None;
    };
    Some(HeldForReview {
        rule: *rule,
        name: name_of(*rule, subject),
    })
}

impl Shop {
    /// Lets an order go on that is held for review.
    ///
    /// # Errors
    /// 404 for an unknown order, 409 `not-held` for one that is not held, or not any more.
    pub async fn release_order(&self, staff: &Staff, order_id: OrderId) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let order = self.known_order(order_id).await?;
        if !order.review.is_held() {
            return Err(not_held());
        }
        let asked = OrderReleaseRequested {
            order_id,
            by: by.to_owned(),
        };
        match self.answered(asked.into()).await? {
            Some(Event::OrderReleaseRefused(_)) => Err(not_held()),
            _ => Ok(()),
        }
    }
}

fn not_held() -> Problem {
    let detail = "Somebody has released it already, or it was never held.";
    Problem::conflict("not-held", "This order is not held for review", detail)
}
