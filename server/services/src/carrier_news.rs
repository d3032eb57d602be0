//! What a carrier tells of its parcels, whichever way it comes.

use db::Columns;
use domain::Event;
use domain::event::{ReturnCarrierReported, ShipmentCarrierReported};
use serde::Deserialize;
use types::Problem;
use types::fulfilment::Carrier;

use crate::carrier::{self, CarrierNews, Heard};
use crate::carrier_reference::Reference;
use crate::events::{Refused, internal};
use crate::orders;
use crate::shop::Shop;
use crate::webhooks::Taken;

/// The body of a message.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    data: CarrierNews,
}

const STATUS: &str = "shipment.status";
/// Characters of a tracking number, at most.
const MAX_NUMBER: usize = 60;

/// Whose ids the messages of a carrier have.
const fn source(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Manual => "carriers/manual",
        Carrier::Simulator => "carriers/simulator",
    }
}

impl Shop {
    /// Takes a message of a carrier, of which it is known that it comes from there.
    ///
    /// # Errors
    /// 400 for what is no message about a parcel, 422 `unknown-parcel` for one of another shop.
    pub async fn take_carrier_message(
        &self,
        carrier: Carrier,
        id: &str,
        body: &[u8],
    ) -> crate::Result<Taken> {
        let message: Message = serde_json::from_slice(body)
            .map_err(|error| Problem::malformed(format!("Expected news of a parcel: {error}")))?;
        if message.kind != STATUS {
            let detail = format!("Expected a message of the type {STATUS}.");
            return Err(Problem::malformed(detail));
        }
        Ok(self.take_carrier_news(carrier, id, message.data).await?)
    }

    /// Asks a carrier what happened since it was asked last, and takes what no message has told. Answers with
    /// how much that was.
    ///
    /// # Errors
    /// When the carrier or the database does not answer: what was not taken comes with the next question.
    pub async fn ask_for_news(
        &self,
        name: Carrier,
        carrier: &dyn carrier::Carrier,
    ) -> crate::Result<u64> {
        Ok(self.read_news(name, carrier).await?)
    }

    async fn read_news(
        &self,
        name: Carrier,
        carrier: &dyn carrier::Carrier,
    ) -> Result<u64, Refused> {
        let mut taken = 0;
        let mut heard = self.heard(name).await?;
        loop {
            let page = carrier.news(heard.position).await;
            let page = page.map_err(|error| Problem::unavailable(error.to_string()))?;
            if page.book != heard.book && heard.position > 0 {
                // Other books: their positions begin anew.
                heard = Heard {
                    book: page.book,
                    position: 0,
                };
                continue;
            }
            for news in page.changes {
                let id = news.id.clone();
                match self.take_carrier_news(name, &id, news).await {
                    Ok(Taken::Now) => taken += 1,
                    Ok(Taken::Before) => {}
                    Err(Refused(problem)) if problem.status == 422 => {
                        tracing::warn!(%problem, id, "news of a parcel that is not ours");
                    }
                    Err(refused) => return Err(refused),
                }
            }
            let next = Heard {
                book: page.book,
                position: page.position,
            };
            if next != heard {
                self.note_heard(name, next.clone()).await?;
            }
            heard = next;
            if !page.has_more {
                return Ok(taken);
            }
        }
    }

    async fn heard(&self, carrier: Carrier) -> Result<Heard, Refused> {
        let row = db::query("select book, position from carrier_positions where carrier = $1")
            .bind(carrier.into_str())
            .fetch_optional(self.log().db().reader())
            .await?;
        let Some(row) = row else {
            return Ok(Heard::default());
        };
        Ok(Heard {
            book: row.try_get(0)?,
            position: row.try_get(1)?,
        })
    }

    async fn note_heard(&self, carrier: Carrier, heard: Heard) -> Result<(), Refused> {
        self.writer()
            .run_unmarked(move |tx| {
                Box::pin(async move {
                    db::query(
                        "insert into carrier_positions (carrier, book, position) \
                         values ($1, $2, $3) on conflict (carrier) do update \
                         set book = excluded.book, position = excluded.position",
                    )
                    .bind(carrier.into_str())
                    .bind(heard.book)
                    .bind(heard.position)
                    .execute(tx.conn())
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Takes news under the id of the message that tells them.
    pub(crate) async fn take_carrier_news(
        &self,
        carrier: Carrier,
        id: &str,
        news: CarrierNews,
    ) -> Result<Taken, Refused> {
        let reference = Reference::parse(&news.reference).ok_or_else(unknown)?;
        if news.tracking_number.chars().count() > MAX_NUMBER {
            return Err(unknown().into());
        }
        let order = orders::state(self.log(), reference.order()).await;
        if order.map_err(internal)?.is_none() {
            return Err(unknown().into());
        }
        let told = told(carrier, reference, news);
        self.take_message(source(carrier), id, vec![told]).await
    }
}

fn told(carrier: Carrier, reference: Reference, news: CarrierNews) -> Event {
    match reference {
        Reference::Parcel(order_id, shipment_id) => ShipmentCarrierReported {
            order_id,
            shipment_id,
            carrier,
            tracking_number: news.tracking_number,
            status: news.status,
            sequence: news.sequence,
            happened_at_us: news.happened_at_us,
        }
        .into(),
        Reference::Return(order_id, return_id) => ReturnCarrierReported {
            order_id,
            return_id,
            carrier,
            tracking_number: news.tracking_number,
            status: news.status,
            sequence: news.sequence,
            happened_at_us: news.happened_at_us,
        }
        .into(),
    }
}

fn unknown() -> Problem {
    Problem {
        kind: "/problems/unknown-parcel".to_owned(),
        title: "No parcel of this shop".to_owned(),
        status: 422,
        ..Problem::malformed("This shop has sent no parcel with this reference.")
    }
}
