//! Writes to the house when there is a new alert: once for each that is raised, and for none that is muted.

use std::time::Duration;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::Event;
use domain::event::{AlertMailed, AlertRaised};
use types::MailId;
use types::house::HOUSE;
use uuid::Uuid;

use crate::alert_list::name_of;
use crate::events::{decode, encode};
use crate::post_office::{PlainMail, PostOffice};
use crate::summary::event_row;

/// What is older than this is news to nobody: the page has it.
const TOO_OLD_US: i64 = 2 * 24 * 60 * 60 * 1_000_000;
/// Beyond the longest attempt: for reading what the alert is about.
const BESIDE: Duration = Duration::from_secs(10);
/// Events that are told, at most.
const TOLD: usize = 5;

#[derive(Debug)]
pub(crate) struct AlertMail {
    /// Whom to write to; `None` when nobody is named, or mails are off.
    pub to: Option<(PostOffice, String)>,
}

impl Reactor for AlertMail {
    const NAME: &'static str = "alert_mail";
    const HEARS: Filter<'static> =
        Filter(&[Rule::topic(AlertRaised::TOPIC).of(&[AlertRaised::KIND])]);

    fn settings(&self) -> ReactorSettings {
        let post = self.to.as_ref().map(|(post, _)| post.settings(BESIDE));
        post.unwrap_or_default()
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let (Some((post, to)), Event::AlertRaised(raised)) = (&self.to, &*decode(recorded)?) else {
            return Ok(Vec::new());
        };
        let shop = post.shop();
        let age_us = shop.now_us().saturating_sub(recorded.time_us);
        if raised.muted_until_us.is_some() || age_us > TOO_OLD_US || !post.sends() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = (raised.evidence.iter().rev().take(TOLD))
            .filter_map(|id| id.parse().ok())
            .collect();
        let events = shop.log().read_ids(&ids).await?;
        let told = events.iter().map(|event| {
            let row = event_row(event, shop.staff_names());
            format!("#{} {}: {}\n", row.position, row.kind, row.summary)
        });
        let told: String = told.collect();
        let (title, name) = (
            raised.kind.title_of(raised.severity),
            name_of(raised.kind, &raised.subject),
        );
        let severity: &str = raised.severity.into_str();
        let (url, page) = (post.url(), raised.kind.page(&raised.subject));
        let mail = PlainMail {
            id: MailId::new(recorded.id),
            at_us: recorded.time_us,
            to_name: String::new(),
            to: to.clone(),
            subject: format!("{title}: {name}"),
            text: format!(
                "{HOUSE}: {title} ({severity}).\n\nAbout: {name}\n{told}\nSee to it: {url}{page}\n\
                 All alerts: {url}/admin/alerts\n"
            ),
            files: Vec::new(),
        };
        let refused = post.post(mail).await?;
        let mailed = AlertMailed {
            kind: raised.kind,
            subject: raised.subject.clone(),
            alert_id: raised.alert_id,
            refused,
        };
        Ok(vec![encode(mailed.into())?])
    }
}
