//! The way out for mails that are about no customer's order: to the house itself, to suppliers. Each is sent for an
//! event, whose id it bears; what became of it is an event, too, so that a replay sends none.

use std::time::Duration;

use broker::{Failure, ReactorSettings};

use crate::notification::Outcome;
pub(crate) use crate::notification::{Attached, Mailer, PlainMail, plain_letter};
use crate::shop::Shop;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct PostOffice(Mailer);

impl PostOffice {
    pub const fn new(mailer: Mailer) -> Self {
        Self(mailer)
    }

    pub fn shop(&self) -> &Shop {
        self.0.shop()
    }

    /// Whether mails leave at all.
    pub fn sends(&self) -> bool {
        self.0.sends()
    }

    /// Address under which browsers reach the shop, without a slash at its end.
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Sends a mail; `None` when it was taken, otherwise why it never will be.
    ///
    /// # Errors
    /// When nobody knows yet: it is sent again with the same id.
    pub async fn post(&self, mail: PlainMail) -> Result<Option<String>, Failure> {
        match self.0.post(mail).await? {
            Outcome::Sent => Ok(None),
            Outcome::Refused(why) => Ok(Some(why)),
            Outcome::NotNow(why) | Outcome::Away(why) => Err(Failure::NoAnswer(why)),
        }
    }

    /// How a reactor is asked that needs so long beside the longest attempt of a mail.
    pub fn settings(&self, beside: Duration) -> ReactorSettings {
        let longest = self.0.longest();
        ReactorSettings {
            in_flight: self.0.in_flight(),
            deadline: longest + beside,
            stops_within: longest + Duration::from_secs(1),
            ..ReactorSettings::default()
        }
    }
}
