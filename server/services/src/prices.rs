//! Changing a price: what staff ask, and how the catalogue answers.

use std::time::Duration;

use broker::Log;
use domain::Event;
use domain::catalogue::Refusal;
use domain::event::PriceChangeRequested;
use types::{Money, Problem, Sku};

use crate::answers::{Asked, answer_to};
use crate::catalogue::Catalogue;
use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::visitor::Staff;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// What a SKU is to cost, in minor units of the catalogue's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrice {
    pub sku: Sku,
    pub price_minor: i64,
    /// The former price, where it is to be shown.
    pub compare_at_minor: Option<i64>,
}

/// What the catalogue said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceAnswer {
    Changed {
        before: Money,
        price: Money,
        /// Of the change in the log.
        position: u64,
    },
    /// The request stands in the log and is answered when the shop gets to it.
    Recorded,
}

/// Changes a price from outside the running shop, which follows. `by` stands in the log.
///
/// # Errors
/// Those of [`Shop::change_price`].
pub async fn change_price(log: &Log, by: &str, new: NewPrice) -> crate::Result<PriceAnswer> {
    let catalogue = Catalogue::load(log).await.map_err(internal)?;
    let asked = requested(&catalogue, by, new)?;
    let from = log.stored_head().await.map_err(internal)?;
    let written = async {
        let mut tx = log.begin("prices").await?;
        let id = tx.append(encode(asked)?, None);
        tx.commit().await?;
        Ok::<_, Refused>(id)
    };
    let id = written.await?;
    answer(log, Asked { id, from }).await
}

impl Shop {
    /// Changes the price of a SKU. After the answer every page, cart and order of this process has
    /// the new one; orders that are placed already keep theirs.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 422 for a price that makes no sense, 409 `price-unchanged` when it costs
    /// that already or is sold no more.
    pub async fn change_price(&self, staff: &Staff, new: NewPrice) -> crate::Result<PriceAnswer> {
        let asked = requested(&self.catalogue(), &staff.id, new)?;
        let asked = self.request(asked).await?;
        let answer = answer(self.log(), asked).await?;
        if let PriceAnswer::Changed { position, .. } = answer {
            // It has changed all the same; only this answer stops waiting for the pages.
            let _ = tokio::time::timeout(PATIENCE, self.followed(position)).await;
        }
        Ok(answer)
    }
}

fn requested(catalogue: &Catalogue, by: &str, new: NewPrice) -> crate::Result<Event> {
    let NewPrice {
        sku,
        price_minor,
        compare_at_minor,
    } = new;
    let Some((product, _)) = catalogue.ever_sold(&sku) else {
        return Err(Problem::not_found(format!("There is no SKU {sku}.")));
    };
    let money = |minor| Money::new(minor, catalogue.currency);
    Ok(PriceChangeRequested {
        product: product.slug.clone(),
        sku,
        price: money(price_minor),
        compare_at: compare_at_minor.map(money),
        by: by.to_owned(),
    }
    .into())
}

/// Follows the log until the catalogue has answered.
async fn answer(log: &Log, asked: Asked) -> crate::Result<PriceAnswer> {
    let answer = answer_to(log, asked, PATIENCE).await.map_err(internal)?;
    let Some((event, position)) = answer else {
        return Ok(PriceAnswer::Recorded);
    };
    match &*event {
        Event::PriceChanged(changed) => Ok(PriceAnswer::Changed {
            before: changed.before,
            price: changed.price,
            position,
        }),
        Event::PriceChangeRejected(rejected) => Err(refused(&rejected.sku, rejected.refusal)),
        other => Err(internal(format!("unexpected answer {}", other.kind()))),
    }
}

fn refused(sku: &Sku, refusal: Refusal) -> Problem {
    let detail = format!("The price of {sku} stays as it is: {refusal}.");
    match refusal {
        Refusal::UnknownProduct | Refusal::UnknownSku => Problem::not_found(detail),
        Refusal::Withdrawn | Refusal::NothingChanged => {
            Problem::conflict("price-unchanged", "The price stays as it is", detail)
        }
        Refusal::FormerPriceNotAbove => Problem::invalid_field("compare_at", detail),
        _ => Problem::invalid_field("price", detail),
    }
}
