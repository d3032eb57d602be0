//! Changing what delivery costs: what staff ask, and how they are answered.

use std::time::Duration;

use broker::Log;
use domain::Event;
use domain::delivery::Refusal;
use domain::event::{DeliveryChangeRequested, DeliveryPlanWithdrawalRequested};
use types::delivery::{DeliveryTerms, PlannedTerms};
use types::staff::Right;
use types::{Currency, Problem};

use crate::answers::{Asked, answer_to};
use crate::catalogue::Catalogue;
use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::visitor::Staff;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// What was said about new terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryAnswer {
    Changed {
        before: DeliveryTerms,
        /// Of the change in the log.
        position: u64,
    },
    /// They are going to be in force by themselves.
    Planned {
        /// Of the plan in the log.
        position: u64,
    },
    /// The request stands in the log and is answered when the shop gets to it.
    Recorded,
}

/// What delivery is to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTerms {
    pub terms: DeliveryTerms,
    /// What was in force when whoever asks saw it: what differs is changed, and nothing else. All is when nothing
    /// is said.
    pub seen: Option<DeliveryTerms>,
    /// From when on, unix microseconds; at once when nothing is said.
    pub from_us: Option<i64>,
}

impl NewTerms {
    fn asked(self, currency: Currency, by: &str) -> DeliveryChangeRequested {
        DeliveryChangeRequested {
            currency,
            terms: self.terms,
            by: by.to_owned(),
            from_us: self.from_us,
            seen: self.seen,
        }
    }
}

/// Changes the terms from outside the running shop, which follows. `by` stands in the log.
///
/// # Errors
/// Those of [`Shop::change_delivery`].
pub async fn change_delivery(log: &Log, by: &str, new: NewTerms) -> crate::Result<DeliveryAnswer> {
    let catalogue = Catalogue::load(log).await.map_err(internal)?;
    let asked = new.asked(catalogue.currency, by);
    let from = log.stored_head().await.map_err(internal)?;
    let written = async {
        let mut tx = log.begin("delivery").await?;
        let id = tx.append(encode(asked.into())?, None);
        tx.commit().await?;
        Ok::<_, Refused>(id)
    };
    let id = written.await?;
    answer(log, Asked { id, from }).await
}

/// The terms that are in force, as the log has them.
///
/// # Errors
/// When the database does not answer.
pub async fn stored_delivery(log: &Log) -> crate::Result<(DeliveryTerms, Currency)> {
    let catalogue = Catalogue::load(log).await.map_err(internal)?;
    Ok((catalogue.delivery.terms, catalogue.currency))
}

impl Shop {
    /// What delivery costs now.
    pub fn delivery_terms(&self) -> DeliveryTerms {
        self.catalogue().delivery.terms
    }

    /// What it is going to cost, the next first.
    ///
    /// # Errors
    /// 403 for whoever sets none.
    pub fn planned_delivery(&self, staff: &Staff) -> crate::Result<Vec<PlannedTerms>> {
        staff.may(Right::Prices)?;
        let catalogue = self.catalogue();
        let outlook = catalogue.delivery.outlook().into_iter();
        let planned = outlook.map(|(planned, terms)| PlannedTerms {
            terms,
            planned: planned.terms,
            from_us: planned.from_us,
        });
        Ok(planned.collect())
    }

    /// Changes what delivery costs, at once or from a time on. After the answer every page, cart and order of
    /// this process knows it; orders that are placed already keep what they pay.
    ///
    /// # Errors
    /// 422 for terms that make no sense, 409 `delivery-unchanged` when they are in force already, 409
    /// `changed-meanwhile` where somebody else has changed the same part since it was seen.
    pub async fn change_delivery(
        &self,
        staff: &Staff,
        new: NewTerms,
    ) -> crate::Result<DeliveryAnswer> {
        let by = staff.may(Right::Prices)?;
        let asked = new.asked(self.currency(), by);
        let asked = self.request(asked.into()).await?;
        let answer = match answer(self.log(), asked).await {
            Ok(answer) => answer,
            Err(problem) => {
                // Whoever is refused is shown what is in force.
                let newest = self.log().head();
                let _ = tokio::time::timeout(PATIENCE, self.followed(newest)).await;
                return Err(problem);
            }
        };
        if let DeliveryAnswer::Changed { position, .. } | DeliveryAnswer::Planned { position } =
            answer
        {
            // It has changed all the same; only this answer stops waiting for the pages.
            let _ = tokio::time::timeout(PATIENCE, self.followed(position)).await;
        }
        Ok(answer)
    }

    /// Takes planned terms back; `seen` are those that the page has shown as planned.
    ///
    /// # Errors
    /// 409 `delivery-unchanged` when none are planned for that time, 409 `changed-meanwhile` when others are.
    pub async fn withdraw_delivery_plan(
        &self,
        staff: &Staff,
        from_us: i64,
        seen: Option<DeliveryTerms>,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Prices)?;
        let asked = DeliveryPlanWithdrawalRequested {
            currency: self.currency(),
            from_us,
            by: by.to_owned(),
            seen,
        };
        match self.answered_at(asked.into()).await? {
            Some((event, position)) => match &*event {
                Event::DeliveryChangeRejected(rejected) => Err(refused(rejected.refusal)),
                _ => {
                    self.followed(position).await;
                    Ok(())
                }
            },
            None => Ok(()),
        }
    }
}

/// Follows the log until it is answered.
async fn answer(log: &Log, asked: Asked) -> crate::Result<DeliveryAnswer> {
    let answer = answer_to(log, asked, PATIENCE).await.map_err(internal)?;
    let Some((event, position)) = answer else {
        return Ok(DeliveryAnswer::Recorded);
    };
    match &*event {
        Event::DeliveryChanged(changed) => Ok(DeliveryAnswer::Changed {
            before: changed.before,
            position,
        }),
        Event::DeliveryPlanned(_) => Ok(DeliveryAnswer::Planned { position }),
        Event::DeliveryChangeRejected(rejected) => Err(refused(rejected.refusal)),
        other => Err(internal(format!("unexpected answer {}", other.kind()))),
    }
}

fn refused(refusal: Refusal) -> Problem {
    let detail = format!("Delivery stays as it is: {refusal}.");
    match refusal {
        Refusal::Past => Problem::invalid_field("from", detail),
        Refusal::BadThreshold => Problem::invalid_field("free_from", detail),
        Refusal::FeeBelowZero | Refusal::FeeTooHigh => Problem::invalid_field("standard", detail),
        Refusal::ChangedMeanwhile => Problem::conflict(
            "changed-meanwhile",
            "Delivery was changed meanwhile",
            detail,
        ),
        Refusal::PlannedOtherwise => Problem::invalid_field("from", detail),
        Refusal::NothingChanged | Refusal::NotPlanned | Refusal::TooManyPlanned => {
            Problem::conflict("delivery-unchanged", "Delivery stays as it is", detail)
        }
    }
}
