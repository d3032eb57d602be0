//! What events mean in numbers of sales, and the stretches of time that they are counted in. Pure: the table
//! that is kept of it is the same whenever, and in whatever pieces, the log is read.

use types::OrderId;
use types::arrival::workshop_offset_us;
use types::calendar::{Day, SECONDS_A_DAY};
use types::sales::Figures;

use crate::event::{Event, OrderPlaced, Pieces, ReservationHeld};

/// How long a stretch is that events are counted in. Short ones are kept for as long as a page shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Step {
    Minute,
    Hour,
    /// A day of the workshop's calendar.
    Day,
}

pub const MINUTE_US: i64 = 60 * 1_000_000;
pub const HOUR_US: i64 = 60 * MINUTE_US;
pub const DAY_US: i64 = SECONDS_A_DAY * 1_000_000;

impl Step {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// The stretch of a moment, by its beginning in unix microseconds; a day by the midnight at UTC of the date
    /// that the workshop's calendar shows.
    pub fn of(self, at_us: i64) -> i64 {
        let length = self.length_us();
        let at_us = match self {
            Self::Minute | Self::Hour => at_us,
            Self::Day => at_us.saturating_add(workshop_offset_us(at_us)),
        };
        at_us.div_euclid(length).saturating_mul(length)
    }

    pub const fn length_us(self) -> i64 {
        match self {
            Self::Minute => MINUTE_US,
            Self::Hour => HOUR_US,
            Self::Day => DAY_US,
        }
    }

    /// Where what is kept begins, beside the newest stretch there is; `None` where all is kept.
    pub const fn kept_from(self, newest: i64) -> Option<i64> {
        match self {
            // Twice the last hour, and yesterday; with room for a clock that is ahead.
            Self::Minute => Some(newest.saturating_sub(3 * HOUR_US)),
            Self::Hour => Some(newest.saturating_sub(3 * DAY_US)),
            Self::Day => None,
        }
    }

    /// Whether a stretch is kept beside the newest one.
    pub fn is_kept(self, stretch: i64, newest: i64) -> bool {
        self.kept_from(newest).is_none_or(|from| stretch >= from)
    }
}

/// The date on the workshop's calendar.
pub fn workshop_day(at_us: i64) -> Day {
    Day::of(Step::Day.of(at_us))
}

/// Whether an event changes a number.
pub const fn counts(event: &Event) -> bool {
    matches!(
        event,
        Event::ReservationHeld(_)
            | Event::OrderPlaced(_)
            | Event::OrderConfirmed(_)
            | Event::OrderCancelled(_)
            | Event::OrderRestCancelled(_)
            | Event::PaymentDeclined(_)
            | Event::PaymentCaptured(_)
            | Event::PaymentRefunded(_)
    )
}

/// The order of which more must be known than the event tells: what was ordered, and at which prices.
pub fn needs_order(event: &Event) -> Option<OrderId> {
    match event {
        Event::OrderConfirmed(it) => Some(it.order_id),
        Event::OrderCancelled(it) => it.paid.then_some(it.order_id),
        Event::OrderRestCancelled(it) => Some(it.order_id),
        _ => None,
    }
}

/// What an event adds. `placed` is how the order began that it [`needs_order`].
pub fn figures(event: &Event, placed: Option<&OrderPlaced>) -> Figures {
    let mut figures = Figures::default();
    match event {
        Event::ReservationHeld(held) => figures.checkouts = i64::from(is_beginning(held)),
        Event::OrderPlaced(_) => figures.placed = 1,
        Event::PaymentDeclined(_) => figures.declined = 1,
        Event::OrderConfirmed(_) => {
            figures.sold = 1;
            if let Some(placed) = placed {
                figures.sold_minor = placed.total.minor;
                let quantities = placed.lines.iter().map(|line| i64::from(line.quantity));
                figures.pieces = quantities.sum();
            }
        }
        Event::OrderCancelled(cancelled) if cancelled.paid => {
            figures.cancelled = 1;
            figures.cancelled_minor = placed.map_or(0, |placed| placed.total.minor);
        }
        Event::OrderRestCancelled(rest) => {
            figures.cancelled = 1;
            figures.cancelled_minor = placed.map_or(0, |placed| price_of(placed, &rest.lines));
        }
        Event::PaymentCaptured(captured) => figures.collected_minor = captured.amount.minor,
        Event::PaymentRefunded(refunded) => figures.refunded_minor = refunded.amount.minor,
        _ => {}
    }
    figures
}

/// Whether a checkout held nothing before: all that it holds was taken from the shelf now. One whose cart
/// changes while it holds something goes on.
fn is_beginning(held: &ReservationHeld) -> bool {
    let is_new = |line: &Pieces| {
        let mut moves = held.moves.iter();
        moves.any(|moved| moved.sku == line.sku && moved.quantity == line.quantity)
    };
    !held.lines.is_empty() && held.moves.len() == held.lines.len() && held.lines.iter().all(is_new)
}

fn price_of(placed: &OrderPlaced, pieces: &[Pieces]) -> i64 {
    let price = |pieces: &Pieces| {
        let line = placed.lines.iter().find(|line| line.sku == pieces.sku)?;
        Some(line.unit_price.minor.saturating_mul(pieces.quantity.into()))
    };
    pieces.iter().filter_map(price).sum()
}

#[cfg(test)]
mod tests;
