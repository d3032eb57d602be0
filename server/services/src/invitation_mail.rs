//! Writes to whoever is invited to the staff. The link is made here and stands nowhere but in the mail.

use std::time::Duration;

use broker::{Failure, Filter, NewEvent, Reactor, ReactorSettings, Recorded, Rule};
use domain::Event;
use domain::event::{StaffInvitationMailed, StaffInvited};
use serde::Serialize;
use types::MailId;
use types::house::HOUSE;

use crate::events::{decode, encode};
use crate::invitations::addressee;
use crate::post_office::{PlainMail, PostOffice, plain_letter};

/// Beyond the longest attempt: for reading whom it is for.
const BESIDE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct InvitationMail {
    /// `None` where no mails are written.
    pub post: Option<PostOffice>,
}

/// What the template finds.
#[derive(Serialize)]
struct Context<'a> {
    house: &'a str,
    by: String,
    role: &'a str,
    words: &'a str,
    link: String,
    until: String,
}

impl Reactor for InvitationMail {
    const NAME: &'static str = "invitation_mail";
    const HEARS: Filter<'static> =
        Filter(&[Rule::topic(StaffInvited::TOPIC).of(&[StaffInvited::KIND])]);

    fn settings(&self) -> ReactorSettings {
        let post = self.post.as_ref().map(|post| post.settings(BESIDE));
        post.unwrap_or_default()
    }

    async fn react(&self, recorded: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        let (Some(post), Event::StaffInvited(invited)) = (&self.post, &*decode(recorded)?) else {
            return Ok(Vec::new());
        };
        let shop = post.shop();
        let whom = addressee(shop.log(), &invited.invitation).await?;
        let id = invited.invitation.parse().ok();
        let secrets = shop.known_staff_secrets();
        // Whoever was invited once more, or is not any more, is not written to with a link of no use.
        let (Some((to, role, until_us)), Some(id), Some(secrets)) = (whom, id, secrets) else {
            return Ok(Vec::new());
        };
        if !post.sends() || to.is_empty() || until_us <= shop.now_us() {
            return Ok(Vec::new());
        }
        let until = jiff::Timestamp::from_microsecond(until_us);
        let until = until.map_err(|error| Failure::Other(error.to_string()))?;
        let context = Context {
            house: HOUSE,
            by: shop.staff_names().of(&invited.by),
            role: role.title(),
            words: role.words(),
            link: format!("{}{}", post.url(), secrets.path(id)),
            until: until.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        };
        let letter = plain_letter("staff_invitation", &context).map_err(Failure::Other)?;
        let mail = PlainMail {
            id: MailId::new(recorded.id),
            at_us: recorded.time_us,
            to_name: String::new(),
            to,
            subject: letter.0,
            text: letter.1,
            files: Vec::new(),
        };
        let mailed = StaffInvitationMailed {
            member: invited.member.clone(),
            refused: post.post(mail).await?,
        };
        Ok(vec![encode(mailed.into())?])
    }
}
