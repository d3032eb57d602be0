//! The notification reactor: tells customers how their orders fare, and that a piece is back, by mail.

mod compose;
mod facts;
mod folder;
mod kind;
mod letters;
mod mailer;
mod message;
mod moot;
mod palette;
pub(crate) mod rows;
mod smtp;
mod smtp_url;
mod transport;
mod words;

use std::time::Duration;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::Event;
use domain::event::{
    BackInStockDue, MailResendRequested, OrderCancelled, OrderConfirmed, OrderPlaced,
    OrderRejected, OrderRestCancelled, PaymentDeclined, PaymentMethodRequired, PaymentRefundFailed,
    PaymentRefunded, PaymentReminderDue, PersonErased, ReturnAccepted, ReturnDeclined,
    ShipmentCameBack, ShipmentDelivered, ShipmentLost, ShipmentShipped,
};
use types::{MailId, OrderId};

pub(crate) use compose::{Composed, composed};
pub use folder::Folder;
pub(crate) use kind::MailKind;
pub(crate) use letters::plain as plain_letter;
pub use mailer::{MailCounts, Mailer};
pub use message::Outgoing;
pub(crate) use message::{Attached, PlainMail};
pub use smtp::Smtp;
pub use smtp_url::{BadSmtpUrl, SmtpUrl};
pub use transport::{Attempt, Outcome, Transport};

use crate::events::decode;
use mailer::News;
use rows::{About, Person};

/// Beyond the longest attempt: for reading the order and for writing down what became of its mail.
const BESIDE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Notification {
    /// `None` where there is nobody to be told.
    pub mailer: Option<Mailer>,
}

impl Reactor for Notification {
    const NAME: &'static str = "notification";
    const HEARS: Filter<'static> = Filter(&[
        Rule::topic(OrderPlaced::TOPIC).of(&[
            OrderPlaced::KIND,
            OrderConfirmed::KIND,
            OrderRejected::KIND,
            OrderCancelled::KIND,
            OrderRestCancelled::KIND,
        ]),
        Rule::topic(PaymentDeclined::TOPIC).of(&[
            PaymentMethodRequired::KIND,
            PaymentReminderDue::KIND,
            PaymentDeclined::KIND,
            PaymentRefunded::KIND,
            PaymentRefundFailed::KIND,
        ]),
        Rule::topic(ShipmentShipped::TOPIC).of(&[
            ShipmentShipped::KIND,
            ShipmentDelivered::KIND,
            ShipmentLost::KIND,
            ShipmentCameBack::KIND,
        ]),
        Rule::topic(ReturnAccepted::TOPIC).of(&[ReturnAccepted::KIND, ReturnDeclined::KIND]),
        Rule::topic(BackInStockDue::TOPIC).of(&[BackInStockDue::KIND]),
        Rule::topic(PersonErased::TOPIC).of(&[PersonErased::KIND]),
        Rule::topic(MailResendRequested::TOPIC).of(&[MailResendRequested::KIND]),
    ]);

    /// It begins with what comes next: last year's customers are told nothing.
    fn settings(&self) -> ReactorSettings {
        let settings = ReactorSettings::default();
        let Some(mailer) = &self.mailer else {
            return settings;
        };
        ReactorSettings {
            in_flight: mailer.in_flight(),
            deadline: mailer.longest() + BESIDE,
            stops_within: mailer.longest() + Duration::from_secs(1),
            ..settings
        }
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let Some(mailer) = &self.mailer else {
            return Ok(Vec::new());
        };
        let event = decode(recorded)?;
        if let Event::PersonErased(erased) = &*event {
            let person = Person {
                orders: erased.orders.clone(),
                signups: erased.signups.clone(),
            };
            mailer.erase(person).await?;
            return Ok(Vec::new());
        }
        let about = match &*event {
            Event::BackInStockDue(due) => About::Signup(due.signup_id, due.sku.clone()),
            _ => About::Order(of_order(&recorded.key)?),
        };
        let news = News {
            id: MailId::new(recorded.id),
            position: recorded.position,
            time_us: recorded.time_us,
            event,
            about,
        };
        // What became of it stands in the table, and little of the shop waits for it.
        mailer.tell(news).await
    }
}

fn of_order(key: &str) -> Result<OrderId, Failure> {
    key.parse()
        .map_err(|error| Failure::Other(format!("{error}")))
}
