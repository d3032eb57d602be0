//! Changing a price: what staff ask, and how the catalogue answers.

use std::time::Duration;

use broker::Log;
use domain::Event;
use domain::catalogue::Refusal;
use domain::event::{PriceChangeRequested, PricePlanWithdrawalRequested};
use types::prices::{PlannedPrice, PriceList, PriceRow, SeenPrice};
use types::staff::Right;
use types::{Money, Problem, Sku};

use crate::answers::{Asked, answer_to};
use crate::catalogue::Catalogue;
use crate::events::{Refused, encode, internal};
use crate::search_keys::search_key;
use crate::shop::Shop;
use crate::visitor::Staff;

/// SKUs on one page.
const PAGE: usize = 50;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// What a SKU is to cost, in minor units of the catalogue's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrice {
    pub sku: Sku,
    pub price_minor: i64,
    /// The former price, where it is to be shown.
    pub compare_at_minor: Option<i64>,
    /// From when on, unix microseconds; at once when nothing is said.
    pub from_us: Option<i64>,
    /// What it cost when whoever asks saw it; nothing is compared when nothing is said.
    pub seen: Option<SeenPrice>,
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
    /// It is going to change by itself.
    Planned {
        price: Money,
        /// Unix microseconds.
        from_us: i64,
        /// Of the plan in the log.
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
    /// that already or is sold no more, 409 `changed-meanwhile` when it was changed since it was seen.
    pub async fn change_price(&self, staff: &Staff, new: NewPrice) -> crate::Result<PriceAnswer> {
        let by = staff.may(Right::Prices)?;
        let asked = requested(&self.catalogue(), by, new)?;
        let asked = self.request(asked).await?;
        let answer = match answer(self.log(), asked).await {
            Ok(answer) => answer,
            Err(problem) => {
                // Whoever is refused is shown what it costs.
                let newest = self.log().head();
                let _ = tokio::time::timeout(PATIENCE, self.followed(newest)).await;
                return Err(problem);
            }
        };
        if let PriceAnswer::Changed { position, .. } | PriceAnswer::Planned { position, .. } =
            answer
        {
            // It has changed all the same; only this answer stops waiting for the pages.
            let _ = tokio::time::timeout(PATIENCE, self.followed(position)).await;
        }
        Ok(answer)
    }

    /// What a SKU costs, as a page shows it.
    ///
    /// # Errors
    /// 403 for whoever sets none.
    pub fn shown_price(&self, staff: &Staff, sku: &Sku) -> crate::Result<Option<SeenPrice>> {
        staff.may(Right::Prices)?;
        let catalogue = self.catalogue();
        let sold = catalogue.ever_sold(sku);
        Ok(sold.map(|(_, variant)| SeenPrice {
            price: variant.price,
            compare_at: variant.compare_at,
        }))
    }

    /// Takes a planned price back.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 409 `price-unchanged` when no such price is planned.
    pub async fn withdraw_price_plan(
        &self,
        staff: &Staff,
        sku: Sku,
        from_us: i64,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Prices)?;
        let asked = PricePlanWithdrawalRequested {
            product: self.product_of(&sku).ok_or_else(|| unknown(&sku))?,
            sku: sku.clone(),
            from_us,
            by: by.to_owned(),
        };
        match self.answered_at(asked.into()).await? {
            Some((event, position)) => match &*event {
                Event::ProductChangeRejected(rejected) => Err(refused(&sku, rejected.refusal)),
                _ => {
                    self.followed(position).await;
                    Ok(())
                }
            },
            None => Ok(()),
        }
    }

    /// What every SKU costs and is going to cost, as far as its name, number or title has all these words;
    /// `PAGE` of them, and how many there are in all.
    ///
    /// # Errors
    /// 403 for whoever sets none.
    pub fn price_list(&self, staff: &Staff, words: &str, page: usize) -> crate::Result<PriceList> {
        staff.may(Right::Prices)?;
        let catalogue = self.catalogue();
        let words = search_key(words);
        let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        let all = catalogue.products().flat_map(|product| {
            let variants = product.variants.iter();
            variants.map(move |variant| (product, variant))
        });
        let found = all.filter(|(product, variant)| {
            let text = [
                product.title.as_str(),
                variant.sku.as_str(),
                &variant.title(),
            ]
            .join(" ");
            let text = search_key(&text);
            words.iter().all(|word| text.contains(word))
        });
        let found: Vec<_> = found.collect();
        let shown = found.iter().skip(page.saturating_mul(PAGE)).take(PAGE);
        let rows = shown.map(|(product, variant)| PriceRow {
            sku: variant.sku.clone(),
            product: product.slug.clone(),
            title: product.title.clone(),
            variant: variant.title(),
            price: variant.price,
            compare_at: variant.compare_at,
            planned: (product.planned.iter())
                .filter(|planned| planned.sku == variant.sku)
                .map(|planned| PlannedPrice {
                    price: planned.price,
                    compare_at: planned.compare_at,
                    from_us: planned.from_us,
                })
                .collect(),
        });
        Ok(PriceList {
            rows: rows.collect(),
            found: found.len(),
            pages: found.len().div_ceil(PAGE),
        })
    }
}

fn requested(catalogue: &Catalogue, by: &str, new: NewPrice) -> crate::Result<Event> {
    let NewPrice {
        sku,
        price_minor,
        compare_at_minor,
        from_us,
        seen,
    } = new;
    let Some((product, _)) = catalogue.ever_sold(&sku) else {
        return Err(unknown(&sku));
    };
    let money = |minor| Money::new(minor, catalogue.currency);
    Ok(PriceChangeRequested {
        product: product.slug.clone(),
        sku,
        price: money(price_minor),
        compare_at: compare_at_minor.map(money),
        by: by.to_owned(),
        from_us,
        seen,
    }
    .into())
}

fn unknown(sku: &Sku) -> Problem {
    Problem::not_found(format!("There is no SKU {sku}."))
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
        Event::PricePlanned(planned) => Ok(PriceAnswer::Planned {
            price: planned.price,
            from_us: planned.from_us,
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
        Refusal::Past | Refusal::PlannedOtherwise => Problem::invalid_field("from", detail),
        Refusal::ChangedMeanwhile => Problem::conflict(
            "changed-meanwhile",
            "The price was changed meanwhile",
            detail,
        ),
        Refusal::Withdrawn
        | Refusal::NothingChanged
        | Refusal::NotPlanned
        | Refusal::TooManyPlanned => {
            Problem::conflict("price-unchanged", "The price stays as it is", detail)
        }
        Refusal::FormerPriceNotAbove => Problem::invalid_field("compare_at", detail),
        _ => Problem::invalid_field("price", detail),
    }
}
