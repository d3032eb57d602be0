//! What staff see and do about mails.

use std::time::Duration;

use db::Columns;
use domain::event::MailResendRequested;
use types::mail::{LetterView, MailCursor, MailPage, MailRow, MailView};
use types::order::{id_ending, order_number};
use types::staff::Right;
use types::{FieldError, MailId, OrderId, Problem};

use crate::answers::Asked;
use crate::events::Refused;
use crate::house::House;
use crate::notification::rows::{self, About, Row};
use crate::notification::{Composed, MailKind, composed};
use crate::shop::Shop;
use crate::visitor::Staff;

/// Mails on one page.
const PAGE: usize = 50;
/// How long a page waits for the mail that it asked for to be written.
const PATIENCE: Duration = Duration::from_secs(2);

impl Shop {
    /// A page of the mails, newest first; of one order, when its number is given.
    ///
    /// # Errors
    /// 422 for what is no number of an order.
    pub async fn mails(
        &self,
        staff: &Staff,
        number: &str,
        before: Option<MailCursor>,
    ) -> crate::Result<MailPage> {
        staff.may(Right::See)?;
        Ok(self.read_mails(number, before).await?)
    }

    async fn read_mails(
        &self,
        number: &str,
        before: Option<MailCursor>,
    ) -> Result<MailPage, Refused> {
        let order = match number.trim() {
            "" => None,
            number => match self.order_of_number(number).await? {
                Some(order) => Some(order),
                None => {
                    return Ok(MailPage {
                        rows: Vec::new(),
                        older: None,
                    });
                }
            },
        };
        let db = self.log().db();
        let mut rows = rows::newest(db, order, before, PAGE + 1).await?;
        let has_older = rows.len() > PAGE;
        rows.truncate(PAGE);
        let last = rows.last().filter(|_| has_older);
        let older = last.map(|row| MailCursor {
            queued_at_us: row.queued_at_us,
            id: row.id,
        });
        Ok(MailPage {
            rows: rows.into_iter().map(view).collect(),
            older,
        })
    }

    async fn order_of_number(&self, number: &str) -> Result<Option<OrderId>, Refused> {
        let Some(bits) = id_ending(number) else {
            let message = "Enter the number of an order, such as V-7K3M2Q9A.";
            return Err(Problem::invalid(vec![FieldError::new("order", message)]).into());
        };
        let row = db::query("select id from orders where number_bits = $1")
            .bind(bits)
            .fetch_optional(self.log().db().reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(row.try_get::<&str, _>(0)?.parse().ok())
    }

    /// A mail with what it says.
    ///
    /// # Errors
    /// 404 when there is none (any more).
    pub async fn mail(&self, staff: &Staff, id: MailId) -> crate::Result<MailView> {
        staff.may(Right::Mails)?;
        Ok(self.read_mail(id).await?)
    }

    async fn read_mail(&self, id: MailId) -> Result<MailView, Refused> {
        let row = self.mail_row(id).await?;
        let letter = match self.composed_mail(&row).await? {
            Some((house, composed)) => Some(LetterView {
                from: house.from.to_string(),
                to: composed.to.to_string(),
                subject: composed.letter.subject,
                text: composed.letter.text,
            }),
            None => None,
        };
        Ok(MailView {
            message_id: row.message_id.clone(),
            row: view(row),
            letter,
        })
    }

    /// The HTML of a mail.
    ///
    /// # Errors
    /// 404 when there is none (any more).
    pub async fn mail_html(&self, staff: &Staff, id: MailId) -> crate::Result<String> {
        staff.may(Right::Mails)?;
        let (_, composed) = self.composed_again(id).await?;
        Ok(composed.letter.html)
    }

    /// A mail as it goes over the wire: an `.eml` file.
    ///
    /// # Errors
    /// 404 when there is none (any more).
    pub async fn mail_source(&self, staff: &Staff, id: MailId) -> crate::Result<Vec<u8>> {
        staff.may(Right::Mails)?;
        let (_, composed) = self.composed_again(id).await?;
        Ok(composed.mail.bytes)
    }

    async fn composed_again(&self, id: MailId) -> Result<(MailId, Composed), Refused> {
        let row = self.mail_row(id).await?;
        match self.composed_mail(&row).await? {
            Some((_, composed)) => Ok((row.id, composed)),
            None => Err(no_such_mail().into()),
        }
    }

    /// `None` for a mail that cannot be written any more.
    async fn composed_mail(
        &self,
        row: &Row,
    ) -> Result<Option<(std::sync::Arc<House>, Composed)>, Refused> {
        let Some(house) = self.house() else {
            return Ok(None);
        };
        let composed = composed(self.log(), &self.catalogue(), &house, row).await?;
        Ok(composed.ok().map(|composed| (house, composed)))
    }

    async fn mail_row(&self, id: MailId) -> Result<Row, Refused> {
        let row = rows::one(self.log().db(), id).await?;
        row.ok_or_else(|| no_such_mail().into())
    }

    /// Has a mail written and sent once more, in the name of who asks: a new mail with the same words.
    /// Waits a moment for it.
    ///
    /// # Errors
    /// 404 when there is none (any more), 409 `mail-off` while mails are switched off, 409 `not-sent-again`
    /// for one that is about no order.
    pub async fn resend_mail(&self, staff: &Staff, id: MailId) -> crate::Result<MailId> {
        let by = staff.may(Right::Mails)?;
        Ok(self.ask_again(by, id).await?)
    }

    async fn ask_again(&self, by: &str, id: MailId) -> Result<MailId, Refused> {
        if self.house().is_none_or(|house| !house.sends) {
            return Err(mail_is_off().into());
        }
        let row = self.mail_row(id).await?;
        let About::Order(order_id) = row.about else {
            return Err(told_once().into());
        };
        let asked = MailResendRequested {
            order_id,
            mail_id: row.id,
            by: by.to_owned(),
        };
        let Asked { id, .. } = self.request(asked.into()).await?;
        let id = MailId::new(id);
        let written = async {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            while !matches!(rows::one(self.log().db(), id).await, Ok(Some(row)) if row.state.is_final())
            {
                tick.tick().await;
            }
        };
        // It is in the log and will be written; only this page stops waiting.
        let _ = tokio::time::timeout(PATIENCE, written).await;
        Ok(id)
    }
}

fn view(row: Row) -> MailRow {
    let kind = row.kind.parse::<MailKind>();
    let (order_id, subject) = match row.about {
        About::Order(id) => (Some(id), order_number(id)),
        About::Signup(_, sku) => (None, sku.to_string()),
    };
    MailRow {
        id: row.id,
        order_id,
        subject,
        // One that a newer version wrote is called as that has named it.
        kind: kind.map_or(row.kind, |kind| kind.title().to_owned()),
        state: row.state,
        attempts: row.attempts,
        error: row.error,
        resend_of: row.resend_of,
        queued_at_us: row.queued_at_us,
        changed_at_us: row.changed_at_us,
    }
}

fn no_such_mail() -> Problem {
    Problem::not_found("There is no such mail. It may be so old that it was deleted.")
}

fn told_once() -> Problem {
    let detail = "Whoever wants to be told that a piece is back is told once each time.";
    Problem::conflict("not-sent-again", "This mail is not sent again", detail)
}

fn mail_is_off() -> Problem {
    let detail = "The shop's settings switch mails off (VITRINE_MAIL=off): nothing can be sent.";
    Problem::conflict("mail-off", "Mails are switched off", detail)
}
