//! Gives purchase orders to their suppliers: by mail, with the order as CSV and PDF, or to the address that
//! the supplier's system listens at, signed. Tells them the same way what is not wanted any more.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::Event;
use domain::event::{
    PurchaseOrderDispatched, PurchaseOrderNoticeAnswered, PurchaseOrderNoticeRequested,
    PurchaseOrderSendRequested,
};
use serde::Serialize;
use types::MailId;
use types::house::HOUSE;
use types::purchasing::{PurchaseView, SentWay};

use crate::events::{decode, encode};
use crate::post_office::{Attached, Mailer, PlainMail, PostOffice};
use crate::signed_message::{Messenger, PATIENCE, SignedMessage};
use crate::supplier_papers::{SupplierPapers, csv, title};

/// A supplier who does not answer for so long has to be asked some other way, and staff are told. A day.
const GIVEN_UP_AFTER_US: i64 = 24 * 60 * 60 * 1_000_000;
/// Beyond the longest attempt: for reading the order and drawing its papers.
const BESIDE: Duration = Duration::from_secs(15);

/// A way to suppliers. Cheap to clone.
#[derive(Clone)]
pub struct SupplierPost {
    office: PostOffice,
    papers: Arc<dyn SupplierPapers>,
    messenger: Messenger,
}

impl fmt::Debug for SupplierPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SupplierPost")
    }
}

impl SupplierPost {
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(mailer: Mailer, papers: Arc<dyn SupplierPapers>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            office: PostOffice::new(mailer),
            papers,
            messenger: Messenger::new()?,
        })
    }

    /// `None` when it was taken; otherwise why not.
    async fn mail(
        &self,
        recorded: &Recorded,
        order: PurchaseView,
    ) -> Result<Option<String>, Failure> {
        if !self.office.sends() {
            return Ok(Some("mails are switched off (VITRINE_MAIL=off)".to_owned()));
        }
        let (papers, drawn) = (self.papers.clone(), order.clone());
        let pdf = tokio::task::spawn_blocking(move || papers.pdf(&drawn)).await;
        let pdf = pdf.unwrap_or_else(|error| Err(error.to_string()));
        let pdf = pdf.map_err(|error| Failure::Other(format!("the order's PDF: {error}")))?;
        let number = &order.row.number;
        let lines = order.lines.iter().map(|it| {
            let cost = it.line.unit_cost;
            format!("{} × {} at {cost}\n", it.line.ordered, it.line.sku)
        });
        let lines: String = lines.collect();
        let total = order.row.total.map(|total| format!("Total: {total}\n"));
        let files = vec![
            Attached {
                name: format!("{number}.csv"),
                kind: "text/csv; charset=utf-8",
                bytes: csv(&order).into_bytes(),
            },
            Attached {
                name: format!("{number}.pdf"),
                kind: "application/pdf",
                bytes: pdf,
            },
        ];
        let mail = PlainMail {
            id: MailId::new(recorded.id),
            at_us: recorded.time_us,
            to_name: order.supplier.name.clone(),
            to: order.supplier.email.clone(),
            subject: format!("Order {number} of {HOUSE}"),
            text: format!(
                "{HOUSE} orders, as {number}:\n\n{lines}{}\nThe order is attached as PDF and as CSV. \
                 Please answer with the day on which it comes.\n",
                total.unwrap_or_default()
            ),
            files,
        };
        self.office.post(mail).await
    }

    /// A message to the supplier's system: `None` when it was taken, otherwise why not.
    async fn message(
        &self,
        recorded: &Recorded,
        kind: &'static str,
        order: &PurchaseView,
    ) -> Result<Option<String>, Failure> {
        let body = serde_json::to_vec(&Message::of(kind, order));
        let body = body.map_err(|error| Failure::Other(error.to_string()))?;
        let id = recorded.id.to_string();
        let at_s = self.office.shop().now_us().div_euclid(1_000_000);
        let signature = self.papers.sign(&order.row.supplier, &id, at_s, &body);
        let message = SignedMessage {
            id,
            at_s,
            signature,
            body,
        };
        let refused = self
            .messenger
            .post(&order.supplier.webhook, message)
            .await?;
        Ok(refused.map(|status| format!("its system says {status}")))
    }

    /// `None` when it was taken; otherwise why not. Who does not answer for a day is given up.
    fn patient(
        &self,
        recorded: &Recorded,
        tried: Result<Option<String>, Failure>,
    ) -> Result<Option<String>, Failure> {
        let now_us = self.office.shop().now_us();
        let waited_us = now_us.saturating_sub(recorded.time_us);
        match tried {
            Err(Failure::NoAnswer(why)) if waited_us > GIVEN_UP_AFTER_US => Ok(Some(format!(
                "no answer for a day; it may have arrived all the same: {why}"
            ))),
            tried => tried,
        }
    }

    async fn give(
        &self,
        recorded: &Recorded,
        asked: &PurchaseOrderSendRequested,
    ) -> Result<Option<PurchaseOrderDispatched>, Failure> {
        let shop = self.office.shop();
        // Cancelled or given some other way before anybody was asked?
        let order = shop
            .purchase_to_send(&asked.supplier, asked.order_id)
            .await?;
        let Some(order) = order else {
            return Ok(None);
        };
        let (way, tried) = match order.supplier.webhook.is_empty() {
            true => (SentWay::Mail, self.mail(recorded, order).await),
            false => {
                let tried = self.message(recorded, "purchase_order.sent", &order);
                (SentWay::System, tried.await)
            }
        };
        let refused = self.patient(recorded, tried)?;
        Ok(Some(PurchaseOrderDispatched {
            way: Some(way),
            ..dispatched(asked, refused)
        }))
    }

    /// Tells a supplier that the rest of an order is not wanted, the way it got the order.
    async fn tell(
        &self,
        recorded: &Recorded,
        asked: &PurchaseOrderNoticeRequested,
    ) -> Result<Option<String>, Failure> {
        let shop = self.office.shop();
        let Some(order) = shop.purchase_not_wanted(asked).await? else {
            return Ok(Some("the supplier is not known".to_owned()));
        };
        let tried = match asked.way {
            SentWay::Hand => Ok(Some("it got the order by hand".to_owned())),
            SentWay::Mail if order.supplier.email.is_empty() => Ok(Some(
                "it got the order by mail, and has no email any more".to_owned(),
            )),
            SentWay::System if order.supplier.webhook.is_empty() => Ok(Some(
                "its system got the order, and has no address any more".to_owned(),
            )),
            SentWay::Mail => self.mail_notice(recorded, &order).await,
            SentWay::System => {
                let tried = self.message(recorded, "purchase_order.cancelled", &order);
                tried.await
            }
        };
        self.patient(recorded, tried)
    }

    async fn mail_notice(
        &self,
        recorded: &Recorded,
        order: &PurchaseView,
    ) -> Result<Option<String>, Failure> {
        if !self.office.sends() {
            return Ok(Some("mails are switched off (VITRINE_MAIL=off)".to_owned()));
        }
        let number = &order.row.number;
        let lines = order.lines.iter();
        let lines = lines.map(|it| format!("{} × {}\n", it.line.ordered, it.line.sku));
        let lines: String = lines.collect();
        let mail = PlainMail {
            id: MailId::new(recorded.id),
            at_us: recorded.time_us,
            to_name: order.supplier.name.clone(),
            to: order.supplier.email.clone(),
            subject: format!("Order {number} of {HOUSE} is cancelled"),
            text: format!(
                "{HOUSE} has cancelled what has not come of {number}:\n\n{lines}\nPlease do not \
                 deliver it. If it is on its way already, please answer this mail.\n"
            ),
            files: Vec::new(),
        };
        self.office.post(mail).await
    }
}

fn dispatched(
    asked: &PurchaseOrderSendRequested,
    refused: Option<String>,
) -> PurchaseOrderDispatched {
    PurchaseOrderDispatched {
        supplier: asked.supplier.clone(),
        order_id: asked.order_id,
        refused,
        way: None,
    }
}

fn answered(
    asked: &PurchaseOrderNoticeRequested,
    refused: Option<String>,
) -> PurchaseOrderNoticeAnswered {
    PurchaseOrderNoticeAnswered {
        supplier: asked.supplier.clone(),
        order_id: asked.order_id,
        refused,
    }
}

/// What a supplier's system gets.
#[derive(Debug, Serialize)]
struct Message<'a> {
    r#type: &'static str,
    number: &'a str,
    house: &'static str,
    currency: &'a str,
    lines: Vec<MessageLine<'a>>,
}

#[derive(Debug, Serialize)]
struct MessageLine<'a> {
    sku: &'a str,
    title: String,
    quantity: u32,
    unit_cost_minor: i64,
}

impl<'a> Message<'a> {
    fn of(kind: &'static str, order: &'a PurchaseView) -> Self {
        let lines = order.lines.iter().map(|it| MessageLine {
            sku: it.line.sku.as_str(),
            title: title(&it.title, &it.variant),
            quantity: it.line.ordered,
            unit_cost_minor: it.line.unit_cost.minor,
        });
        let first = order.lines.first();
        Self {
            r#type: kind,
            number: &order.row.number,
            house: HOUSE,
            currency: first.map_or("", |it| it.line.unit_cost.currency.code()),
            lines: lines.collect(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct SupplierOrders {
    /// `None` where nobody outside is asked.
    pub post: Option<SupplierPost>,
}

impl Reactor for SupplierOrders {
    const NAME: &'static str = "supplier_orders";
    const HEARS: Filter<'static> = Filter(&[Rule::topic(PurchaseOrderSendRequested::TOPIC).of(&[
        PurchaseOrderSendRequested::KIND,
        PurchaseOrderNoticeRequested::KIND,
    ])]);

    fn settings(&self) -> ReactorSettings {
        let post = self.post.as_ref();
        let settings = post.map(|post| post.office.settings(PATIENCE + BESIDE));
        settings.unwrap_or_default()
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        const NOWHERE: &str = "nothing is sent here";
        let told = match (&*decode(recorded)?, &self.post) {
            (Event::PurchaseOrderSendRequested(asked), Some(post)) => {
                post.give(recorded, asked).await?.map(Event::from)
            }
            (Event::PurchaseOrderSendRequested(asked), None) => {
                Some(dispatched(asked, Some(NOWHERE.to_owned())).into())
            }
            (Event::PurchaseOrderNoticeRequested(asked), Some(post)) => {
                Some(answered(asked, post.tell(recorded, asked).await?).into())
            }
            (Event::PurchaseOrderNoticeRequested(asked), None) => {
                Some(answered(asked, Some(NOWHERE.to_owned())).into())
            }
            _ => None,
        };
        told.map(encode).into_iter().collect()
    }

    fn discarded(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let given_up = Some("it was given up".to_owned());
        let told = match &*decode(recorded)? {
            Event::PurchaseOrderSendRequested(asked) => dispatched(asked, given_up).into(),
            Event::PurchaseOrderNoticeRequested(asked) => answered(asked, given_up).into(),
            _ => return Ok(Vec::new()),
        };
        Ok(vec![encode(told)?])
    }
}
