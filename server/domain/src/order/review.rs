//! Whether somebody is to look at an order before it is packed. A part of the order's state.

use serde::{Deserialize, Serialize};
use types::OrderId;
use types::alert::AlertKind;

use crate::event::{
    Event, OrderHeld, OrderReleaseRefused, OrderReleaseRequested, OrderReleased,
    OrderReviewRequested,
};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// Nothing has asked for it.
    #[default]
    None,
    Held {
        rule: AlertKind,
        /// Of the rule's alert.
        subject: String,
    },
    /// Somebody has looked at it: no rule holds it again.
    Released,
}

impl Review {
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    pub const fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. })
    }

    /// Holds an order that can still be held; one that is held or was looked at stays as it is.
    pub fn hold(&self, asked: &OrderReviewRequested, can_be_held: bool) -> Option<Event> {
        if !can_be_held || !self.is_none() {
            return None;
        }
        let held = OrderHeld {
            order_id: asked.order_id,
            rule: asked.rule,
            subject: asked.subject.clone(),
        };
        Some(held.into())
    }

    /// Lets an order go on that is held.
    pub fn release(&self, asked: &OrderReleaseRequested) -> Event {
        let (order_id, by): (OrderId, String) = (asked.order_id, asked.by.clone());
        match self {
            Self::Held { .. } => OrderReleased { order_id, by }.into(),
            _ => OrderReleaseRefused { order_id, by }.into(),
        }
    }

    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::OrderHeld(held) => {
                *self = Self::Held {
                    rule: held.rule,
                    subject: held.subject.clone(),
                };
            }
            Event::OrderReleased(_) => *self = Self::Released,
            _ => {}
        }
    }
}
