//! Durable subscriptions of services of others: made, read, answered and ended by them. For staff each is a consumer
//! like those of the house.

use std::future::Future;
use std::time::Duration;

use broker::{Answers, Begins, Fate, Given, Lag, PullBegins, PullState, PullSubscription, Pulled};
use domain::event::{SubscriptionEnded, SubscriptionSet};
use domain::service_account::{is_name, is_pattern};
use serde::{Deserialize, Serialize};
use types::{FieldError, Problem};

use crate::event_reader::unreadable;
use crate::events::{Refused, encode};
use crate::service_accounts::ServiceAccount;
use crate::shop::Shop;

/// Seconds that a reader has to answer, at most, and unless it says otherwise.
const MAX_LEASE: u64 = 12 * 60 * 60;
const LEASE: u64 = 30;
/// Attempts, at most and unless it says otherwise.
const MAX_ATTEMPTS: u32 = 100;
const ATTEMPTS: u32 = 10;
/// Patterns of each kind, and subscriptions of a service.
const MOST: usize = 50;
/// Dead letters that are told.
const SHOWN: usize = 20;

/// What a service asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewSubscription {
    pub types: Vec<String>,
    pub topics: Vec<String>,
    pub begin: Begin,
    pub lease_seconds: Option<u64>,
    pub max_attempts: Option<u32>,
}

/// Where one begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Begin {
    Named(NamedBegin),
    /// With what comes after this position.
    After(u64),
    #[default]
    #[serde(skip)]
    Unsaid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedBegin {
    First,
    Now,
}

/// How a subscription stands, for whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionView {
    pub name: String,
    /// Its name among the consumers, as staff see it.
    pub consumer: String,
    pub types: Vec<String>,
    pub topics: Vec<String>,
    pub lease_seconds: u64,
    pub max_attempts: u32,
    /// Everything up to here was given out, or was for others.
    pub position: u64,
    /// The newest position of the log.
    pub head: u64,
    /// Positions between the two, whatever is there.
    pub lag: u64,
    /// Events that a reader has.
    pub leased: u64,
    /// Events that failed and are given again.
    pub retrying: u64,
    /// Events that wait behind another one of their key.
    pub waiting: u64,
    pub dead: u64,
    /// The first of those.
    pub dead_letters: Vec<DeadLetter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub position: u64,
    pub key: String,
    pub attempts: u32,
    pub error: String,
}

/// What a reader says of what it has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    pub lease: String,
    #[serde(default)]
    pub acknowledged: Vec<u64>,
    #[serde(default)]
    pub failed: Vec<FailedEvent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedEvent {
    pub position: u64,
    pub reason: String,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub position: u64,
    /// `handled`, `retrying` or `dead`.
    pub outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

fn consumer_of(account: &ServiceAccount, name: &str) -> String {
    format!("{}/{name}", account.name())
}

fn none_of(name: &str) -> Problem {
    Problem::not_found(format!(
        "This service has no subscription {name:?}. PUT makes one."
    ))
}

impl NewSubscription {
    fn checked(self, name: &str, consumer: String) -> crate::Result<PullSubscription> {
        let mut wrong = Vec::new();
        if !is_name(name) {
            let message = "is to have 2 to 40 small letters, digits and hyphens, a letter first";
            wrong.push(FieldError::new("name", message));
        }
        for (field, patterns) in [("types", &self.types), ("topics", &self.topics)] {
            if patterns.len() > MOST {
                let message = format!("has more than {MOST} patterns");
                wrong.push(FieldError::new(&format!("/{field}"), message));
            }
            for (at, pattern) in patterns.iter().enumerate() {
                if !is_pattern(pattern) {
                    let message =
                        "is to hold letters, digits, dots, _, - and stars, such as stock.*";
                    wrong.push(FieldError::new(&format!("/{field}/{at}"), message));
                }
            }
        }
        let lease = self.lease_seconds.unwrap_or(LEASE);
        if !(1..=MAX_LEASE).contains(&lease) {
            let message = format!("is to be 1 to {MAX_LEASE}");
            wrong.push(FieldError::new("/lease_seconds", message));
        }
        let max_attempts = self.max_attempts.unwrap_or(ATTEMPTS);
        if !(1..=MAX_ATTEMPTS).contains(&max_attempts) {
            let message = format!("is to be 1 to {MAX_ATTEMPTS}");
            wrong.push(FieldError::new("/max_attempts", message));
        }
        match wrong.is_empty() {
            true => Ok(PullSubscription {
                consumer,
                types: self.types,
                topics: self.topics,
                lease: Duration::from_secs(lease),
                max_attempts,
            }),
            false => Err(Problem::invalid(wrong)),
        }
    }
}

impl Shop {
    /// Makes a subscription, or changes what one hears; that keeps its position. Says whether it is new.
    ///
    /// # Errors
    /// 403 for what the service may not read, 422 with what is wrong, 409 `too-many-subscriptions`.
    pub async fn subscribe(
        &self,
        account: &ServiceAccount,
        name: &str,
        asked: NewSubscription,
    ) -> crate::Result<(SubscriptionView, bool)> {
        let begin = asked.begin;
        let subscription = asked.checked(name, consumer_of(account, name))?;
        account.may_ask_for(&subscription.types, &subscription.topics)?;
        let head = self.log().stored_head().await.map_err(Refused::from)?;
        let begins = match begin {
            Begin::Named(NamedBegin::First) => PullBegins::At(Begins::AtStart),
            Begin::Named(NamedBegin::Now) | Begin::Unsaid => PullBegins::At(Begins::AtHead),
            Begin::After(position) if position <= head => PullBegins::After(position),
            Begin::After(_) => {
                let message = format!("is to be \"first\", \"now\" or a position up to {head}");
                return Err(Problem::invalid_field("/begin", message));
            }
        };
        let known = self.subscriptions_of(account).await?;
        let consumer = &subscription.consumer;
        let before = known.iter().find(|known| known.consumer == *consumer);
        if before.is_none() && known.len() >= MOST {
            let detail = format!("A service has {MOST} subscriptions, at most. DELETE some first.");
            let title = "Too many subscriptions";
            return Err(Problem::conflict("too-many-subscriptions", title, detail));
        }
        if before != Some(&subscription) {
            let of = subscription.clone();
            let told = SubscriptionSet {
                subscription: consumer.clone(),
                service: account.name().to_owned(),
                types: of.types.clone(),
                topics: of.topics.clone(),
            };
            let written: Result<(), Refused> = self
                .writer()
                .run(move |tx| {
                    Box::pin(async move {
                        tx.subscribe(&of, begins).await?;
                        tx.append(encode(told.into())?, None);
                        Ok(())
                    })
                })
                .await;
            written?;
        }
        let is_new = before.is_none();
        Ok((self.subscription(account, name).await?, is_new))
    }

    /// How a subscription stands.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn subscription(
        &self,
        account: &ServiceAccount,
        name: &str,
    ) -> crate::Result<SubscriptionView> {
        let subscription = self.subscription_of(account, name).await?;
        let PullState {
            position,
            head,
            leased,
            retrying,
            held,
            dead,
        } = (self.log().pull_state(&subscription.consumer).await).map_err(Refused::from)?;
        let mut dead_letters = Vec::new();
        if dead > 0 {
            let parked = self.log().dead_of(&subscription.consumer, SHOWN).await;
            let parked = parked.map_err(Refused::from)?.into_iter();
            dead_letters.extend(parked.map(|row| DeadLetter {
                position: row.position,
                key: row.key,
                attempts: row.attempts,
                error: row.error,
            }));
        }
        Ok(SubscriptionView {
            name: name.to_owned(),
            consumer: subscription.consumer,
            types: subscription.types,
            topics: subscription.topics,
            lease_seconds: subscription.lease.as_secs(),
            max_attempts: subscription.max_attempts,
            position,
            head,
            lag: head.saturating_sub(position),
            leased,
            retrying,
            waiting: held,
            dead,
            dead_letters,
        })
    }

    /// Gives a reader up to `limit` events. Where there are none yet it waits for some until `until` ends. `None` when
    /// none came.
    ///
    /// # Errors
    /// 404 where there is no such subscription; 500 where the next event is damaged.
    pub async fn pull_events(
        &self,
        account: &ServiceAccount,
        name: &str,
        limit: usize,
        waits: bool,
        until: impl Future<Output = ()>,
    ) -> crate::Result<Option<Given>> {
        let subscription = self.subscription_of(account, name).await?;
        let log = self.log();
        let mut answers = log.watch_answers();
        let mut is_last = !waits;
        tokio::pin!(until);
        loop {
            answers.borrow_and_update();
            let pulled = log
                .pull(self.writer(), &subscription, limit, is_last, |event| {
                    account.may_read(event)
                })
                .await
                .map_err(unreadable)?;
            let (mut at, next_due_us) = match pulled {
                Pulled::Given(given) => return Ok(Some(given)),
                Pulled::Gone => return Err(none_of(name)),
                Pulled::Nothing { .. } if is_last => return Ok(None),
                Pulled::Nothing { at, next_due_us } => (at, next_due_us),
            };
            // Whoever waits for something of this goes round again.
            let news = async {
                loop {
                    let events = log.tail(at).next(256).await?;
                    at = events.last().map_or(at, |event| event.position);
                    if events.iter().any(|event| subscription.hears(event)) {
                        return Ok::<_, broker::Error>(());
                    }
                }
            };
            let wait_us = next_due_us.map(|due| due.saturating_sub(self.now_us()).max(1_000));
            let due = async {
                match wait_us {
                    Some(wait_us) => {
                        tokio::time::sleep(Duration::from_micros(wait_us.unsigned_abs())).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                news = news => news.map_err(unreadable)?,
                () = due => {}
                _ = answers.changed() => {}
                // The position is to pass what was for others.
                () = &mut until => is_last = true,
            }
        }
    }

    /// Follows what a reader says of the events that it has.
    ///
    /// # Errors
    /// 404 where there is no such subscription, 409 `not-leased` about those that it does not have (any more): what it
    /// says of the others is taken all the same.
    pub async fn acknowledge(
        &self,
        account: &ServiceAccount,
        name: &str,
        said: Acknowledgement,
    ) -> crate::Result<Vec<Outcome>> {
        let subscription = self.subscription_of(account, name).await?;
        let answers = Answers {
            lease: said.lease,
            acknowledged: said.acknowledged,
            failed: (said.failed.into_iter())
                .map(|failed| (failed.position, failed.reason))
                .collect(),
        };
        let fates = self.log().answer_pulled(&subscription, &answers).await;
        let fates = fates.map_err(Refused::from)?;
        let fates = fates.ok_or_else(|| none_of(name))?;
        let acknowledged = answers.acknowledged.len();
        let mut outcomes = Vec::with_capacity(fates.len());
        let mut refused = Vec::new();
        for (number, (position, fate)) in fates.iter().enumerate() {
            let place = match number.checked_sub(acknowledged) {
                None => format!("/acknowledged/{number}"),
                Some(at) => format!("/failed/{at}"),
            };
            let (outcome, attempts) = match fate {
                Fate::Handled | Fate::HandledBefore => ("handled", None),
                Fate::Retrying { attempts, .. } => ("retrying", Some(*attempts)),
                Fate::Dead { attempts } => ("dead", Some(*attempts)),
                other => {
                    let message = match other {
                        Fate::OfAnother { .. } => format!(
                            "#{position} was given to another reader: this lease had ended before the answer came"
                        ),
                        Fate::Elapsed { .. } => format!(
                            "#{position} was taken back, since the lease ended or it had failed: it waits to be given \
                             again, or for a person"
                        ),
                        _ => format!(
                            "#{position} is not given to this reader: it never was, or an earlier event of its key \
                             has failed since"
                        ),
                    };
                    refused.push(FieldError::new(&place, message));
                    continue;
                }
            };
            outcomes.push(Outcome {
                position: *position,
                outcome,
                attempts,
            });
        }
        if refused.is_empty() {
            return Ok(outcomes);
        }
        let taken = outcomes.len();
        let detail = format!(
            "{} of {} events are not this reader's (any more); they are named under errors. What was said of the \
             other {taken} is taken.",
            refused.len(),
            refused.len() + taken
        );
        Err(Problem::conflict("not-leased", "Not yours any more", detail).about(refused))
    }

    /// Ends a subscription, with all that it has not handled.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn unsubscribe(&self, account: &ServiceAccount, name: &str) -> crate::Result<()> {
        let subscription = self.subscription_of(account, name).await?;
        let state = self.log().pull_state(&subscription.consumer).await;
        let state = state.map_err(Refused::from)?;
        let told = SubscriptionEnded {
            subscription: subscription.consumer.clone(),
            service: account.name().to_owned(),
            given_up: state.leased + state.retrying + state.held + state.dead,
        };
        let ended: Result<bool, Refused> = self
            .writer()
            .run(move |tx| {
                Box::pin(async move {
                    let was_there = tx.unsubscribe(&subscription.consumer).await?;
                    if was_there {
                        tx.append(encode(told.into())?, None);
                    }
                    Ok(was_there)
                })
            })
            .await;
        if !ended? {
            return Err(none_of(name));
        }
        // Nobody is left who could come nearer.
        let lag = Lag {
            consumer: consumer_of(account, name),
            position: state.position,
            behind: 0,
            parked: 0,
            dead: 0,
        };
        if self.is_told_behind(&lag.consumer) {
            self.consumer_caught_up(&lag).await?;
        }
        Ok(())
    }

    async fn subscription_of(
        &self,
        account: &ServiceAccount,
        name: &str,
    ) -> crate::Result<PullSubscription> {
        let found = self
            .log()
            .pull_subscription(&consumer_of(account, name))
            .await;
        found.map_err(Refused::from)?.ok_or_else(|| none_of(name))
    }

    async fn subscriptions_of(
        &self,
        account: &ServiceAccount,
    ) -> crate::Result<Vec<PullSubscription>> {
        let all = self
            .log()
            .pull_subscriptions()
            .await
            .map_err(Refused::from)?;
        let prefix = consumer_of(account, "");
        let own = all
            .into_iter()
            .filter(|it| it.consumer.starts_with(&prefix));
        Ok(own.collect())
    }
}
