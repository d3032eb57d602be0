//! Signing up to be told when a SKU is back, and leaving again.

use std::time::Duration;

use db::Columns;
use domain::Event;
use domain::event::{BackInStockRequested, BackInStockWithdrawalRequested, WithdrawnBy};
use serde::Serialize;
use types::checkout::complaint_about;
use types::signup::{SignedUp, SignupView};
use types::{Problem, SignupId, Sku};

use crate::answers::{Asked, answer_to};
use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::signup_rows;

/// How long somebody waits: after that they are forgotten.
const WAITS_DAYS: i64 = types::signup::WAITS_DAYS as i64;
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// How long the inventory's answer is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// A sign-up as a person's export has it.
#[derive(Debug, Serialize)]
pub struct PersonSignup {
    #[serde(skip)]
    pub(crate) id: SignupId,
    pub sku: String,
    /// RFC 3339.
    pub signed_up_at: String,
    /// RFC 3339.
    pub waits_until: String,
    pub was_told: bool,
}

impl Shop {
    /// Whether who signs up can be told anything.
    pub fn sends_mails(&self) -> bool {
        self.house().is_some_and(|house| house.sends)
    }

    /// Writes down that somebody, who comes from `source`, wants to be told when a SKU is back. Doing it
    /// twice is the same as once.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 422 for what is no email, 409 `in-stock` when it is there, 409 `mail-off`
    /// where no mails are sent, 409 `too-many-signups` and 429 when there are too many of an email or
    /// from an address.
    pub async fn sign_up(&self, source: u64, sku: &Sku, email: &str) -> crate::Result<SignedUp> {
        let email = email.trim();
        if let Some(message) = complaint_about("email", email) {
            return Err(Problem::invalid_field("email", message));
        }
        if self.price(sku).is_none() {
            return Err(Problem::not_found(format!(
                "We do not sell anything called {sku}."
            )));
        }
        if !self.sends_mails() {
            let detail = "This shop sends no mails. Look at this page again some day.";
            return Err(Problem::conflict("mail-off", "No mails are sent", detail));
        }
        let available = self.available(sku);
        if available > 0 {
            return Err(in_stock(available));
        }
        let now_us = self.now_us();
        if !(self.signup_pace()).admits(source, self.holds().signups_of_source(), now_us) {
            return Err(Problem::too_many(
                "Many have signed up from your network within an hour. Try again later.",
            ));
        }
        Ok(self.write_signup(sku, email, now_us).await?)
    }

    async fn write_signup(&self, sku: &Sku, email: &str, now_us: i64) -> Result<SignedUp, Refused> {
        let signed_up = SignedUp {
            email: email.to_owned(),
            days: types::signup::WAITS_DAYS,
        };
        let until_us = now_us.saturating_add(WAITS_DAYS * DAY_US);
        let asked = BackInStockRequested {
            signup_id: SignupId::new(self.log().environment().new_id()),
            sku: sku.clone(),
            until_us,
        };
        let (email, from) = (email.to_owned(), self.log().head());
        let written: Option<uuid::Uuid> = self
            .writer()
            .run(move |tx| {
                Box::pin(async move {
                    if !signup_rows::insert(tx, &asked, &email, now_us).await? {
                        return Ok(None);
                    }
                    Ok::<_, Refused>(Some(tx.append(encode(asked.into())?, None)))
                })
            })
            .await?;
        let Some(id) = written else {
            // They wait already.
            return Ok(signed_up);
        };
        match answer_to(self.log(), Asked { id, from }, PATIENCE).await? {
            Some((answer, _)) => match &*answer {
                Event::BackInStockRefused(refused) => Err(in_stock(refused.available).into()),
                _ => Ok(signed_up),
            },
            None => Ok(signed_up),
        }
    }

    /// What the link of a mail is about; `None` for who is on no list (any more).
    ///
    /// # Errors
    /// 404 for a link that this shop has not made.
    pub async fn signup_by_link(&self, token: &str) -> crate::Result<Option<SignupView>> {
        let id = self.signup_of(token)?;
        Ok(self.read_signup(id).await?)
    }

    fn signup_of(&self, token: &str) -> crate::Result<SignupId> {
        let id = self
            .house()
            .and_then(|house| house.signup_links.signup(token));
        id.ok_or_else(|| {
            Problem::not_found("This link leads nowhere. Copy it whole from the mail.")
        })
    }

    async fn read_signup(&self, id: SignupId) -> Result<Option<SignupView>, Refused> {
        let Some(sku) = self.sku_of_signup(id).await? else {
            return Ok(None);
        };
        let catalogue = self.catalogue();
        let Some((product, variant)) = catalogue.ever_sold(&sku) else {
            return Ok(None);
        };
        Ok(Some(SignupView {
            product: product.slug.clone(),
            title: product.title.clone(),
            variant: variant.title(),
        }))
    }

    async fn sku_of_signup(&self, id: SignupId) -> Result<Option<Sku>, Refused> {
        let row = db::query("select sku from stock_signups where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let sku = row.try_get::<&str, _>(0)?.parse();
        Ok(Some(sku.map_err(|error| Refused(internal(error)))?))
    }

    /// Takes somebody off the list by the link of a mail, and forgets them. Doing it twice is no error.
    ///
    /// # Errors
    /// 404 for a link that this shop has not made.
    pub async fn leave_signup(&self, token: &str) -> crate::Result<()> {
        let id = self.signup_of(token)?;
        Ok(self.withdraw_signup(id).await?)
    }

    async fn withdraw_signup(&self, signup_id: SignupId) -> Result<(), Refused> {
        let Some(sku) = self.sku_of_signup(signup_id).await? else {
            return Ok(());
        };
        let asked = BackInStockWithdrawalRequested {
            signup_id,
            sku,
            by: WithdrawnBy::Link,
        };
        self.writer()
            .run(move |tx| {
                Box::pin(async move {
                    signup_rows::forget(tx, signup_id).await?;
                    tx.append(encode(asked.into())?, None);
                    Ok::<_, Refused>(())
                })
            })
            .await
    }
}

fn in_stock(available: i64) -> Problem {
    let detail = match available {
        ..=0 => "This piece is not sold any more.".to_owned(),
        1 => "There is one right now: put it into your cart.".to_owned(),
        n => format!("There are {n} right now: put one into your cart."),
    };
    Problem::conflict("in-stock", "You need not wait", detail)
}

/// What this email, as a search key, wants to be told of.
pub(crate) async fn of_person(
    log: &broker::Log,
    email_key: &str,
) -> Result<Vec<PersonSignup>, Refused> {
    let rows = db::query(
        "select id, sku, signed_up_at_us, until_us, is_open from stock_signups \
         where email_key = $1 order by signed_up_at_us, id",
    )
    .bind(email_key)
    .fetch_all(log.db().reader())
    .await?;
    let moment = |at_us: i64| {
        let at = jiff::Timestamp::from_microsecond(at_us);
        at.map(|at| at.to_string())
            .map_err(|error| Refused(internal(error)))
    };
    let signup = |row: &db::Row| {
        let id = row.try_get::<&str, _>(0)?.parse();
        Ok(PersonSignup {
            id: id.map_err(|error| Refused(internal(error)))?,
            sku: row.try_get(1)?,
            signed_up_at: moment(row.try_get(2)?)?,
            waits_until: moment(row.try_get(3)?)?,
            was_told: row.try_get::<i64, _>(4)? == 0,
        })
    };
    rows.iter().map(signup).collect()
}

/// Erases what this person wanted to be told of.
pub(crate) async fn erase(
    tx: &mut broker::Tx,
    email_key: &str,
    signups: &[PersonSignup],
) -> Result<(), Refused> {
    signup_rows::forget_person(tx, email_key).await?;
    for signup in signups {
        let asked = BackInStockWithdrawalRequested {
            signup_id: signup.id,
            sku: signup
                .sku
                .parse()
                .map_err(|error| Refused(internal(error)))?,
            by: WithdrawnBy::Erasure,
        };
        tx.append(encode(asked.into())?, None);
    }
    Ok(())
}
