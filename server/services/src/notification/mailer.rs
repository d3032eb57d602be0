//! Writes mails and sees them off: what an event leads to, and what is to be tried again.
//!
//! One event leads to one mail. It is written down before it is sent and again afterwards, so that no
//! second process and no replay sends it twice. What remains is what SMTP itself leaves open: a process
//! or a connection that ends after the server has taken the mail, and before we know. Such a mail is
//! sent again, with the same Message-ID and the same bytes: one that comes twice can be told by its
//! reader's program, one that never comes by nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker::{Failure, NewEvent};
use domain::Event;
use domain::event::{BackInStockDue, BackInStockMissed};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use types::mail::MailState;
use types::{MailId, Sku};

use super::compose::{Composed, NOBODY, compose, composed, notice_at};
use super::facts;
use super::folder::Folder;
use super::kind::Notice;
use super::message::{self, PlainMail};
use super::moot::{NO_LONGER_TRUE, is_moot};
use super::rows::{self, About, Claim, Ended, Person, Row};
use super::transport::{Outcome, Transport};
use crate::events::{decode, encode};
use crate::house::House;
use crate::shop::Shop;

/// A mail that could not be sent for so long is given up, and an event that is older is told to nobody.
pub(super) const GIVEN_UP_AFTER_US: i64 = 2 * 24 * 60 * 60 * 1_000_000;
/// The longest wait between two attempts.
const LONGEST_WAIT_US: i64 = 4 * 60 * 60 * 1_000_000;
/// How often the table is looked at for what other processes have left.
const POLL: Duration = Duration::from_secs(30);
/// Mails that are taken up at once.
const BATCH: usize = 32;
/// How long it is waited for that the stock is known as of an event.
const PATIENCE: Duration = Duration::from_secs(5);
/// Wait before what has become of a mail is written down once more.
const SETTLE_WAIT: Duration = Duration::from_millis(250);

/// Writes mails and sees them off. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    inner: Arc<Inner>,
}

struct Inner {
    shop: Shop,
    house: Arc<House>,
    transport: Arc<dyn Transport>,
    /// Where mails are files, or were.
    files: Folder,
    /// Wait before the second attempt, microseconds; doubles each time.
    retry_us: i64,
    /// Where mails are written and sent: not where events are handled.
    runtime: Handle,
    /// Something is to be tried again, maybe sooner than was known.
    changed: Notify,
    counted: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    bounced: AtomicU64,
    failed: AtomicU64,
    moot: AtomicU64,
    put_off: AtomicU64,
}

/// How mails have ended since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailCounts {
    pub sent: u64,
    /// Refused for good by the mail server.
    pub bounced: u64,
    /// Given up.
    pub failed: u64,
    /// Not sent, as what they say was not true any more.
    pub moot: u64,
    /// Attempts after which another one follows.
    pub put_off: u64,
}

/// An event that a mail may be about.
#[derive(Debug)]
pub(super) struct News {
    /// Of the event, and of the mail.
    pub id: MailId,
    pub position: u64,
    pub time_us: i64,
    pub event: Arc<Event>,
    pub about: About,
}

/// What is told, and where it stands in the log.
struct Told {
    notice: Notice,
    position: u64,
    resend_of: Option<MailId>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

impl Mailer {
    /// Mails are written and sent on the runtime that this is called on.
    pub fn new(
        shop: Shop,
        house: Arc<House>,
        transport: Arc<dyn Transport>,
        files: Folder,
        retry: Duration,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                shop,
                house,
                transport,
                files,
                retry_us: i64::try_from(retry.as_micros())
                    .unwrap_or(LONGEST_WAIT_US)
                    .max(1),
                runtime: Handle::current(),
                changed: Notify::new(),
                counted: Counters::default(),
            }),
        }
    }

    pub fn counts(&self) -> MailCounts {
        let counted = &self.inner.counted;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MailCounts {
            sent: read(&counted.sent),
            bounced: read(&counted.bounced),
            failed: read(&counted.failed),
            moot: read(&counted.moot),
            put_off: read(&counted.put_off),
        }
    }

    /// Lets go files of mails that were sent before this moment, unix microseconds.
    ///
    /// # Errors
    /// When the disk says no.
    pub async fn forget_before(&self, at_us: i64) -> std::io::Result<u64> {
        let inner = self.inner.clone();
        let forgotten = tokio::task::spawn_blocking(move || inner.files.forget_before(at_us));
        forgotten
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    /// Lets go what is kept of the mails to a person.
    pub(super) async fn erase(&self, person: Person) -> Result<(), Failure> {
        let inner = self.inner.clone();
        let now_us = inner.shop.now_us();
        let mails = rows::of_person(inner.shop.log().db(), &person, now_us).await?;
        let erased = tokio::task::spawn_blocking(move || inner.files.erase(&mails)).await;
        let erased = erased.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        erased.map_err(|error| Failure::NoAnswer(format!("the folder of mails: {error}")))?;
        rows::erase(self.inner.shop.writer(), person).await
    }

    /// Whether anybody is told anything.
    pub(crate) fn sends(&self) -> bool {
        self.inner.house.sends
    }

    pub(crate) fn shop(&self) -> &Shop {
        &self.inner.shop
    }

    /// Address under which browsers reach the shop, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.inner.house.url
    }

    /// Sends a mail that is about no order. What became of it is written down by whoever asks.
    pub(crate) async fn post(&self, mail: PlainMail) -> Result<Outcome, Failure> {
        let inner = self.inner.clone();
        // As with those about orders: a task of its own.
        let sent = self.inner.runtime.spawn(async move {
            match message::build_plain(&inner.house, mail) {
                Ok(mail) => inner.transport.send(&mail).await,
                Err(why) => Outcome::Refused(why),
            }
        });
        let sent = sent.await;
        sent.map_err(|error| Failure::Other(error.to_string()))
    }

    pub(crate) fn longest(&self) -> Duration {
        self.inner.transport.longest()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.inner.transport.in_flight()
    }

    /// Sends the mail that an event leads to, if any. Asked again, it does nothing more. Answers with what
    /// the shop has to know of it.
    pub(super) async fn tell(&self, news: News) -> Result<Vec<NewEvent>, Failure> {
        if !self.inner.house.sends {
            return Ok(Vec::new());
        }
        if let Event::BackInStockDue(due) = &*news.event
            && self.inner.is_gone_again(&due.sku, news.position).await
            && !self.inner.is_known(news.id).await?
        {
            return Ok(vec![encode(missed(due))?]);
        }
        let inner = self.inner.clone();
        // A task of its own: who stops waiting does not end it between sending and writing that down.
        let told = self
            .inner
            .runtime
            .spawn(async move { inner.tell(news).await });
        match told
            .await
            .map_err(|error| Failure::Other(error.to_string()))??
        {
            Some(Outcome::Away(why)) => return Err(Failure::NoAnswer(why)),
            Some(Outcome::NotNow(_)) => self.inner.changed.notify_one(),
            _ => {}
        }
        Ok(Vec::new())
    }

    /// Tries again what is due, until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let wait = match self.inner.send_due().await {
                Ok(wait) => wait,
                Err(failure) => {
                    tracing::warn!(%failure, "mails that are due cannot be read");
                    POLL
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.inner.changed.notified() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}

/// What was to be told is not so any more.
fn missed(due: &BackInStockDue) -> Event {
    BackInStockMissed {
        signup_id: due.signup_id,
        sku: due.sku.clone(),
        until_us: due.until_us,
        waits_until_us: due.waits_until_us,
    }
    .into()
}

impl Inner {
    /// Whether a SKU that was back as of a position of the log is sold out by now, or off the shelves. What this process knows
    /// may be older than that: then nobody would be told, and who is told next would be before them.
    async fn is_gone_again(&self, sku: &Sku, position: u64) -> bool {
        let _ = tokio::time::timeout(PATIENCE, self.shop.followed(position)).await;
        self.shop.available(sku) <= 0 || self.shop.price(sku).is_none()
    }

    async fn is_known(&self, id: MailId) -> Result<bool, Failure> {
        Ok(rows::one(self.shop.log().db(), id).await?.is_some())
    }

    async fn tell(&self, news: News) -> Result<Option<Outcome>, Failure> {
        let now_us = self.shop.now_us();
        if now_us.saturating_sub(news.time_us) > GIVEN_UP_AFTER_US {
            return Ok(None);
        }
        let Some(told) = self.told(&news).await? else {
            return Ok(None);
        };
        let catalogue = self.shop.catalogue();
        let known = facts::load(self.shop.log().db(), &catalogue, &news.about).await?;
        if known.is_none() {
            // Nobody is there to be told.
            return Ok(None);
        }
        let row = Row {
            id: news.id,
            about: news.about,
            kind: told.notice.kind.into_str().to_owned(),
            position: told.position,
            resend_of: told.resend_of,
            message_id: message::message_id(news.id, &self.house),
            state: MailState::Queued,
            attempts: 0,
            due_us: now_us,
            error: String::new(),
            queued_at_us: now_us,
            changed_at_us: now_us,
        };
        let (db, until_us) = (self.shop.log().db(), self.until_us(now_us));
        match rows::claim_new(db, self.shop.writer(), row, until_us).await? {
            Claim::Mine(row) => {
                if self.is_moot(&row).await? {
                    self.drop_moot(&row, NO_LONGER_TRUE).await?;
                    return Ok(None);
                }
                // Who is erased before the row is there is erased here, too; who is erased after it waits
                // until this is settled.
                let known = facts::load(self.shop.log().db(), &catalogue, &row.about).await?;
                let composed = match known {
                    Some(known) => compose(&self.house, &row, &told.notice, &known),
                    None => Err(NOBODY.to_owned()),
                };
                self.attempt(&row, composed).await.map(Some)
            }
            Claim::Taken => Err(Failure::Moved),
            Claim::Settled => Ok(None),
        }
    }

    async fn told(&self, news: &News) -> Result<Option<Told>, Failure> {
        let Event::MailResendRequested(asked) = &*news.event else {
            return Ok(Notice::of(&news.event).map(|notice| Told {
                notice,
                position: news.position,
                resend_of: None,
            }));
        };
        let Some(first) = rows::one(self.shop.log().db(), asked.mail_id).await? else {
            return Ok(None);
        };
        Ok(notice_at(self.shop.log(), first.position)
            .await?
            .map(|notice| Told {
                notice,
                position: first.position,
                resend_of: Some(first.id),
            }))
    }

    /// Until when a claim of this moment holds.
    fn until_us(&self, now_us: i64) -> i64 {
        let longest = i64::try_from(self.transport.longest().as_micros());
        now_us.saturating_add(longest.unwrap_or(LONGEST_WAIT_US))
    }

    /// Tries again what is due, and answers with how long nothing else will be.
    async fn send_due(&self) -> Result<Duration, Failure> {
        if !self.house.sends {
            return Ok(POLL);
        }
        let db = self.shop.log().db();
        loop {
            let now_us = self.shop.now_us();
            let due = rows::due(db, now_us, BATCH).await?;
            if due.is_empty() {
                let next_us = rows::next_due_us(db).await?;
                let wait_us = next_us.map_or(i64::MAX, |next_us| next_us.saturating_sub(now_us));
                let wait = Duration::from_micros(wait_us.max(1_000).unsigned_abs());
                return Ok(wait.min(POLL));
            }
            for row in due {
                if let Some(Outcome::Away(_)) = self.try_again(row).await? {
                    let retry = Duration::from_micros(self.retry_us.unsigned_abs());
                    return Ok(retry.min(POLL));
                }
            }
        }
    }

    async fn try_again(&self, row: Row) -> Result<Option<Outcome>, Failure> {
        let now_us = self.shop.now_us();
        let claimed = rows::claim(self.shop.writer(), row, now_us, self.until_us(now_us)).await?;
        let Claim::Mine(row) = claimed else {
            return Ok(None);
        };
        let (log, catalogue) = (self.shop.log(), self.shop.catalogue());
        if let Some(due) = self.is_gone(&row).await? {
            let asked = self.shop.request(missed(&due)).await;
            asked.map_err(|refused| Failure::Other(refused.0.to_string()))?;
            let why = "It was sold out again before this could be sent.";
            self.drop_moot(&row, why).await?;
            return Ok(None);
        }
        if self.is_moot(&row).await? {
            self.drop_moot(&row, NO_LONGER_TRUE).await?;
            return Ok(None);
        }
        let composed = composed(log, &catalogue, &self.house, &row).await?;
        self.attempt(&row, composed).await.map(Some)
    }

    /// The event that a mail was to tell of a piece that is not there any more.
    async fn is_gone(&self, row: &Row) -> Result<Option<BackInStockDue>, Failure> {
        match &row.about {
            About::Signup(_, sku) if self.is_gone_again(sku, row.position).await => {}
            _ => return Ok(None),
        }
        let recorded = self.shop.log().read_one(row.position).await?;
        Ok(match &*decode(&recorded)? {
            Event::BackInStockDue(due) => Some(due.clone()),
            _ => None,
        })
    }

    /// Whether what a mail says of an order is not true any more.
    async fn is_moot(&self, row: &Row) -> Result<bool, Failure> {
        let About::Order(id) = &row.about else {
            return Ok(false);
        };
        let recorded = self.shop.log().read_one(row.position).await?;
        let told = decode(&recorded)?;
        let state = self.shop.order_state(*id).await?;
        Ok(match (Notice::of(&told), state) {
            (Some(notice), Some(order)) => is_moot(notice.kind, &told, &order, self.shop.now_us()),
            _ => false,
        })
    }

    /// Writes down that a mail is not sent, and why.
    async fn drop_moot(&self, row: &Row, why: &str) -> Result<(), Failure> {
        let ended = Ended {
            state: MailState::Moot,
            error: why.to_owned(),
            due_us: 0,
        };
        self.write_down(row, ended).await
    }

    /// Sends the mail, and writes down how that ended.
    async fn attempt(
        &self,
        row: &Row,
        composed: Result<Composed, String>,
    ) -> Result<Outcome, Failure> {
        let (outcome, refused) = match composed {
            Ok(composed) => (
                self.transport.send(&composed.mail).await,
                MailState::Bounced,
            ),
            Err(why) => (Outcome::Refused(why), MailState::Failed),
        };
        self.settle(row, &outcome, refused).await?;
        Ok(outcome)
    }

    async fn settle(
        &self,
        row: &Row,
        outcome: &Outcome,
        refused: MailState,
    ) -> Result<(), Failure> {
        let ended = self.ended(row, outcome, refused, self.shop.now_us());
        self.write_down(row, ended).await
    }

    async fn write_down(&self, row: &Row, ended: Ended) -> Result<(), Failure> {
        let now_us = self.shop.now_us();
        let writer = self.shop.writer();
        let is_ours = loop {
            match rows::settle(writer, row, ended.clone(), now_us).await {
                Ok(is_ours) => break is_ours,
                // Forgotten, it would be sent again: this goes on as long as nobody else may be at it.
                Err(_) if self.shop.now_us() < row.due_us => tokio::time::sleep(SETTLE_WAIT).await,
                Err(failure) => return Err(failure),
            }
        };
        if !is_ours {
            return Ok(());
        }
        let counter = match ended.state {
            MailState::Sent => &self.counted.sent,
            MailState::Bounced => &self.counted.bounced,
            MailState::Failed => &self.counted.failed,
            MailState::Moot => &self.counted.moot,
            MailState::Queued | MailState::Sending => &self.counted.put_off,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if matches!(ended.state, MailState::Bounced | MailState::Failed) {
            tracing::warn!(mail = %row.id, state = ended.state.into_str(), "a mail was not delivered");
        }
        Ok(())
    }

    fn ended(&self, row: &Row, outcome: &Outcome, refused: MailState, now_us: i64) -> Ended {
        let (state, error, due_us) = match outcome {
            Outcome::Sent => (MailState::Sent, String::new(), 0),
            Outcome::Refused(why) => (refused, why.clone(), 0),
            // Whoever heard of the event asks again; if that was in another life, at the next poll.
            Outcome::Away(why) => (MailState::Queued, why.clone(), now_us),
            Outcome::NotNow(why) => {
                let due_us = now_us.saturating_add(self.wait_us(row.attempts));
                (MailState::Queued, why.clone(), due_us)
            }
        };
        if due_us > row.queued_at_us.saturating_add(GIVEN_UP_AFTER_US) {
            let error = format!("{error} (given up)");
            return Ended {
                state: MailState::Failed,
                error,
                due_us: 0,
            };
        }
        Ended {
            state,
            error,
            due_us,
        }
    }

    fn wait_us(&self, attempts: u32) -> i64 {
        let doublings = attempts.saturating_sub(1).min(20);
        self.retry_us
            .saturating_mul(1 << doublings)
            .min(LONGEST_WAIT_US)
    }
}
