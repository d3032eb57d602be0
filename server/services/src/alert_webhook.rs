//! Tells a system of the house when there is a new alert, by HTTP, signed: once for each that is raised, and of none
//! that is muted. A message that gets no answer is sent again with the same id.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::Event;
use domain::event::{AlertPosted, AlertRaised};
use serde::Serialize;
use uuid::Uuid;

use crate::alert_list::name_of;
use crate::events::{decode, encode};
use crate::shop::Shop;
use crate::signed_message::{Messenger, PATIENCE, SignedMessage};
use crate::summary::event_row;

/// Beside the answer: for reading what the alert is about.
const BESIDE: Duration = Duration::from_secs(10);
/// Who does not answer for so long is told no more: the page has it. Two days.
const TOO_OLD_US: i64 = 2 * 24 * 60 * 60 * 1_000_000;

/// Signs a message by its id, its time in unix seconds, and its bytes.
pub type Sign = Arc<dyn Fn(&str, i64, &[u8]) -> String + Send + Sync>;

/// A system that is told of alerts. Cheap to clone.
#[derive(Clone)]
pub struct AlertHook {
    shop: Shop,
    /// Where it listens.
    to: String,
    /// Address under which browsers reach the shop, without a slash at its end.
    url: String,
    sign: Sign,
    messenger: Messenger,
}

impl fmt::Debug for AlertHook {
    // The address may hold a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AlertHook")
    }
}

impl AlertHook {
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(shop: Shop, to: String, url: String, sign: Sign) -> Result<Self, reqwest::Error> {
        Ok(Self {
            shop,
            to,
            url,
            sign,
            messenger: Messenger::new()?,
        })
    }

    async fn message(&self, recorded: &Recorded, raised: &AlertRaised) -> Result<Vec<u8>, Failure> {
        let ids: Vec<Uuid> = raised
            .evidence
            .iter()
            .filter_map(|id| id.parse().ok())
            .collect();
        let events = self.shop.log().read_ids(&ids).await?;
        let evidence = events.iter().map(|event| {
            let row = event_row(event, self.shop.staff_names());
            Evidence {
                id: event.id,
                position: row.position,
                r#type: row.kind,
                summary: row.summary,
            }
        });
        let page = raised.kind.page(&raised.subject);
        let message = Message {
            r#type: AlertRaised::KIND,
            alert_id: recorded.id,
            kind: raised.kind.into_str(),
            title: raised.kind.title(),
            subject: &raised.subject,
            name: name_of(raised.kind, &raised.subject),
            severity: raised.severity.into_str(),
            raised_at: recorded.attribute("time").unwrap_or_default().into_owned(),
            page: format!("{}{page}", self.url),
            evidence: evidence.collect(),
        };
        serde_json::to_vec(&message).map_err(|error| Failure::Other(error.to_string()))
    }

    /// `None` when it was taken; otherwise why not.
    async fn post(&self, recorded: &Recorded, body: Vec<u8>) -> Result<Option<String>, Failure> {
        let id = recorded.id.to_string();
        let at_s = self.shop.now_us().div_euclid(1_000_000);
        let signature = (self.sign)(&id, at_s, &body);
        let message = SignedMessage {
            id,
            at_s,
            signature,
            body,
        };
        let refused = self.messenger.post(&self.to, message).await?;
        Ok(refused.map(|status| format!("it says {status}")))
    }
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    r#type: &'static str,
    alert_id: Uuid,
    kind: &'static str,
    title: &'static str,
    subject: &'a str,
    name: String,
    severity: &'static str,
    raised_at: String,
    page: String,
    evidence: Vec<Evidence>,
}

#[derive(Debug, Serialize)]
struct Evidence {
    id: Uuid,
    position: u64,
    r#type: String,
    summary: String,
}

#[derive(Debug)]
pub(crate) struct AlertWebhook {
    /// `None` when nobody is told.
    pub hook: Option<AlertHook>,
}

impl Reactor for AlertWebhook {
    const NAME: &'static str = "alert_webhook";
    const HEARS: Filter<'static> =
        Filter(&[Rule::topic(AlertRaised::TOPIC).of(&[AlertRaised::KIND])]);

    fn settings(&self) -> ReactorSettings {
        ReactorSettings {
            deadline: PATIENCE + BESIDE,
            stops_within: PATIENCE + Duration::from_secs(1),
            ..ReactorSettings::default()
        }
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let (Some(hook), Event::AlertRaised(raised)) = (&self.hook, &*decode(recorded)?) else {
            return Ok(Vec::new());
        };
        let age_us = hook.shop.now_us().saturating_sub(recorded.time_us);
        if raised.muted_until_us.is_some() || age_us > TOO_OLD_US {
            return Ok(Vec::new());
        }
        let body = hook.message(recorded, raised).await?;
        let posted = AlertPosted {
            kind: raised.kind,
            subject: raised.subject.clone(),
            alert_id: raised.alert_id,
            refused: hook.post(recorded, body).await?,
        };
        Ok(vec![encode(posted.into())?])
    }
}
