//! Watches the stock of every SKU: when it falls to its threshold more is ordered.

use std::collections::HashMap;

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::event::{
    ProductPublished, ProductVariantOffered, ProductVariantWithdrawn, ProductWithdrawn,
    PurchaseOrderApproved, PurchaseOrderCancelled, PurchaseOrderConfirmed, PurchaseOrderDrafted,
    PurchaseOrderLinesChanged, PurchaseOrderReceived, PurchaseOrderSent, RestockRuleRequested,
    StockAllocated, StockBatchAccepted, StockCorrected, StockReceived, StockReleased,
    StockReserved, StockReturned, StockWrittenOff,
};
use domain::restock::{self, Watched};

use types::Sku;

use crate::events::{decode, encode_all};

#[derive(Debug)]
pub(crate) struct Restock;

impl Decider for Restock {
    const NAME: &'static str = "restock";
    /// Not what checkouts hold, and not what leaves in parcels: both change nothing of what is unsold.
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(RestockRuleRequested::TOPIC).of(&[RestockRuleRequested::KIND]),
        Rule::topic(StockReserved::TOPIC).of(&[
            StockReserved::KIND,
            StockAllocated::KIND,
            StockReleased::KIND,
            StockReturned::KIND,
            StockCorrected::KIND,
            StockReceived::KIND,
            StockWrittenOff::KIND,
            StockBatchAccepted::KIND,
        ]),
        Rule::topic(ProductWithdrawn::TOPIC).of(&[
            ProductPublished::KIND,
            ProductWithdrawn::KIND,
            ProductVariantWithdrawn::KIND,
            ProductVariantOffered::KIND,
        ]),
        Rule::topic(PurchaseOrderSent::TOPIC).of(&[
            PurchaseOrderDrafted::KIND,
            PurchaseOrderLinesChanged::KIND,
            PurchaseOrderApproved::KIND,
            PurchaseOrderSent::KIND,
            PurchaseOrderConfirmed::KIND,
            PurchaseOrderReceived::KIND,
            PurchaseOrderCancelled::KIND,
        ]),
    ]);
    /// By SKU.
    type State = Watched;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        let event = decode(event)?;
        let skus = restock::skus(&event).into_iter();
        Ok(skus.map(ToString::to_string).collect())
    }

    fn decide(&self, known: &States<Watched>, event: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let at_us = event.time_us;
        let content = decode(event)?;
        let none = Watched::default();
        if let Event::RestockRuleRequested(asked) = &*content {
            let watched = known.get(asked.sku.as_str()).unwrap_or(&none);
            return encode_all(watched.change_rule(asked, at_us));
        }
        if let Event::StockBatchAccepted(batch) = &*content {
            let lines = batch.thresholds.iter();
            let changed = lines.flat_map(|line| {
                let watched = known.get(line.sku.as_str()).unwrap_or(&none);
                watched.follow_batch(line, batch, at_us)
            });
            return encode_all(changed.collect());
        }
        let moved = restock::skus(&content).into_iter().filter_map(|sku| {
            let watched = known.get(sku.as_str())?;
            watched.watch(sku, &content, at_us)
        });
        encode_all(moved.collect())
    }

    fn evolve(&self, known: &mut States<Watched>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        if matches!(
            &*content,
            Event::RestockRuleRequested(_)
                | Event::StockBatchAccepted(_)
                | Event::RestockRuleRejected(_)
                | Event::RestockThresholdCrossed(_)
                | Event::RestockSoldOut(_)
                | Event::RestockThereAgain(_)
                | Event::RestockRecovered(_)
        ) {
            return Ok(());
        }
        for sku in restock::skus(&content) {
            let note = |watched: &mut Watched| watched.evolve(sku, &content, event.time_us);
            if !known.change(sku.as_str(), note) {
                let mut watched = Watched::default();
                note(&mut watched);
                known.put(sku.as_str(), watched);
            }
        }
        Ok(())
    }
}

/// What is known of each SKU.
pub(crate) async fn watched(log: &broker::Log) -> Result<HashMap<Sku, Watched>, broker::Error> {
    let states = log.states_of(Restock::NAME).await?.into_iter();
    let read = |(sku, state): (String, String)| {
        Some((sku.parse().ok()?, serde_json::from_str(&state).ok()?))
    };
    Ok(states.filter_map(read).collect())
}
