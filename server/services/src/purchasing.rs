//! Suppliers and the orders that they are given.

use broker::{Decider, Failure, Filter, NewEvent, Recorded, Rule, States};
use domain::Event;
use domain::event::{
    PurchaseOrderChangeRequested, PurchaseOrderDispatched, PurchaseOrderDue,
    PurchaseOrderLineRequested, PurchaseOrderRefused, RestockThresholdCrossed,
    SupplierChangeRequested,
};
use domain::purchasing::{self, RESTOCK, Refusal, Supplier};
use domain::restock::line_of;
use types::PurchaseOrderId;

use crate::events::{decode, encode, encode_all};

#[derive(Debug)]
pub(crate) struct Purchasing;

impl Decider for Purchasing {
    const NAME: &'static str = "purchasing";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(SupplierChangeRequested::TOPIC).of(&[
            SupplierChangeRequested::KIND,
            PurchaseOrderLineRequested::KIND,
            PurchaseOrderChangeRequested::KIND,
            PurchaseOrderDispatched::KIND,
            PurchaseOrderDue::KIND,
        ]),
        Rule::topic(RestockThresholdCrossed::TOPIC).of(&[RestockThresholdCrossed::KIND]),
    ]);
    /// By supplier: what is known of it, and its orders that have not ended.
    type State = Supplier;

    fn keys(&self, event: &Recorded) -> Result<Vec<String>, Failure> {
        let event = decode(event)?;
        let supplier = purchasing::supplier_of(&event).into_iter();
        Ok(supplier.map(ToString::to_string).collect())
    }

    fn decide(
        &self,
        suppliers: &States<Supplier>,
        event: &Recorded,
    ) -> Result<Vec<NewEvent>, Failure> {
        let at_us = event.time_us;
        let content = decode(event)?;
        let Some(id) = purchasing::supplier_of(&content) else {
            return Ok(Vec::new());
        };
        let supplier = suppliers.get(id.as_str());
        let new = (PurchaseOrderId::new(event.id), at_us);
        let refused = |order_id, refusal, by: &str| {
            Event::from(PurchaseOrderRefused {
                supplier: id.clone(),
                order_id,
                refusal,
                by: by.to_owned(),
            })
        };
        let decided = match (&*content, supplier) {
            (Event::SupplierChangeRequested(asked), known) => {
                vec![purchasing::change_supplier(known, asked)]
            }
            (Event::PurchaseOrderChangeRequested(asked), None) => {
                vec![refused(asked.order_id, Refusal::Ended, &asked.by)]
            }
            (Event::PurchaseOrderLineRequested(asked), known) => {
                let added = known.map(|it| it.add_line(id, &asked.line, new, &asked.by));
                match added.filter(|added| !added.is_empty()) {
                    Some(added) => added,
                    // Whoever asked is answered.
                    None => vec![refused(new.0, Refusal::NothingChanged, &asked.by)],
                }
            }
            (Event::RestockThresholdCrossed(crossed), Some(supplier)) => {
                let line = line_of(&crossed.sku, &crossed.reckoning, crossed.unit_cost);
                supplier.add_line(id, &line, new, RESTOCK)
            }
            (Event::PurchaseOrderChangeRequested(asked), Some(supplier)) => {
                let done = supplier.change(asked, at_us);
                let notice = supplier.notice(&done);
                [done].into_iter().chain(notice).collect()
            }
            (Event::PurchaseOrderDispatched(told), Some(supplier)) => {
                supplier.dispatched(told, at_us).into_iter().collect()
            }
            (Event::PurchaseOrderDue(due), Some(supplier)) => supplier.due(due),
            _ => Vec::new(),
        };
        encode_all(decided)
    }

    fn evolve(&self, suppliers: &mut States<Supplier>, event: &Recorded) -> Result<(), Failure> {
        let content = decode(event)?;
        let Some(id) = purchasing::supplier_of(&content) else {
            return Ok(());
        };
        match (suppliers.get(id.as_str()).cloned(), &*content) {
            (None, Event::SupplierChanged(changed)) => {
                suppliers.put(id.as_str(), Supplier::new(changed.details.clone()));
            }
            (Some(mut supplier), content) if purchasing::changes(content) => {
                supplier.evolve(content, event.time_us);
                suppliers.put(id.as_str(), supplier);
            }
            _ => {}
        }
        Ok(())
    }

    fn deadline(&self, supplier: &Supplier) -> Option<i64> {
        supplier.deadline()
    }

    fn elapsed(&self, key: &str, supplier: &Supplier) -> Result<Option<NewEvent>, Failure> {
        let (Some(at_us), Ok(supplier)) = (supplier.deadline(), key.parse()) else {
            return Ok(None);
        };
        Ok(Some(encode(PurchaseOrderDue { supplier, at_us }.into())?))
    }
}
