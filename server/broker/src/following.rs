//! A decider as the consumer that it is in its own loop.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::decider::{AnyDecider as _, Known};
use crate::{Consumer, Decider, Failure, Filter, Recorded, Tx, states};

/// A decider in its own loop: nothing is known from one batch to the next.
#[derive(Debug)]
pub(crate) struct Following<D>(Arc<D>);

impl<D> Following<D> {
    pub const fn new(decider: Arc<D>) -> Self {
        Self(decider)
    }
}

impl<D: Decider> Consumer for Following<D> {
    const NAME: &'static str = D::NAME;
    const HEARS: Filter<'static> = D::HEARS;

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        let generation = states::generation(tx, D::NAME).await?;
        let mut known = Known::new(self.0.clone());
        let mut keys = BTreeSet::new();
        for event in batch {
            known.missing(event, &mut keys)?;
        }
        states::load(tx, &mut known, generation, &keys).await?;
        for event in batch {
            for decided in known.decide(event)? {
                known.evolve(tx.record(decided, Some(event)))?;
            }
        }
        let changes = known.changes()?.into_iter();
        let changes = changes.map(|change| (D::NAME, generation, change));
        tx.store_states(changes.collect()).await
    }

    async fn discarded(&self, tx: &mut Tx, event: &Recorded) -> Result<(), Failure> {
        let generation = states::generation(tx, D::NAME).await?;
        let mut known = Known::new(self.0.clone());
        let mut keys = BTreeSet::new();
        known.missing(event, &mut keys)?;
        states::load(tx, &mut known, generation, &keys).await?;
        for decided in known.discarded(event)? {
            known.evolve(tx.record(decided, Some(event)))?;
        }
        let changes = known.changes()?.into_iter();
        let changes = changes.map(|change| (D::NAME, generation, change));
        tx.store_states(changes.collect()).await
    }
}
