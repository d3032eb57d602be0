//! Parcels that move by themselves, for demonstrations: each step takes the same time.

use std::sync::Arc;
use std::time::Duration;

use types::fulfilment::CarrierStatus;

use crate::book::{Trouble, now_us};
use crate::http::House;

const STEPS: [(CarrierStatus, CarrierStatus); 4] = [
    (CarrierStatus::OutForDelivery, CarrierStatus::Delivered),
    (CarrierStatus::InTransit, CarrierStatus::OutForDelivery),
    (CarrierStatus::Accepted, CarrierStatus::InTransit),
    (CarrierStatus::Labelled, CarrierStatus::Accepted),
];

pub async fn run(house: Arc<House>, step: Duration) {
    let mut tick = tokio::time::interval((step / 4).max(Duration::from_millis(20)));
    loop {
        tick.tick().await;
        if let Err(error) = move_on(&house, step).await {
            tracing::warn!(%error, "parcels do not move");
        }
    }
}

async fn move_on(house: &House, step: Duration) -> Result<(), Trouble> {
    let step_us = i64::try_from(step.as_micros()).unwrap_or(i64::MAX);
    let before_us = now_us().saturating_sub(step_us);
    for (from, to) in STEPS {
        for number in house.book.resting(from, before_us).await? {
            match house.book.set(&number, to).await {
                // Cancelled or told otherwise meanwhile.
                Ok(_) | Err(Trouble::TooLate(_) | Trouble::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
