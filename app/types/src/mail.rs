//! Views of the mails that the shop has written, for staff.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::ids::InvalidId;
use crate::{MailId, OrderId};

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    const_into_str,
    parse_err_ty = InvalidId,
    parse_err_fn = unknown_state
)]
pub enum MailState {
    /// Waits to be sent, for the first time or again.
    Queued,
    /// Somebody is at it.
    Sending,
    /// The mail server has taken it, or it lies in the folder.
    Sent,
    /// It could not be written, or was tried for too long.
    Failed,
    /// The mail server refused it for good.
    Bounced,
    /// What it says was not true any more when it could have been sent.
    Moot,
}

impl MailState {
    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Sent | Self::Failed | Self::Bounced | Self::Moot)
    }

    /// For staff.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Sending => "Being sent",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::Bounced => "Bounced",
            Self::Moot => "Not sent: no longer true",
        }
    }
}

fn unknown_state(text: &str) -> InvalidId {
    InvalidId {
        expected: "queued, sending, sent, failed, bounced or moot",
        got: text.to_owned(),
    }
}

/// A mail among others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    pub id: MailId,
    /// The order that it is about, if it is about one.
    pub order_id: Option<OrderId>,
    /// What it is about: an order by its number, e.g. `V-7K3M2Q9A`, or a SKU.
    pub subject: String,
    /// `Order confirmed`
    pub kind: String,
    pub state: MailState,
    pub attempts: u32,
    /// What the last attempt ended with; empty when it went well.
    pub error: String,
    /// The mail that this one repeats.
    pub resend_of: Option<MailId>,
    /// Unix microseconds.
    pub queued_at_us: i64,
    /// When its state is since.
    pub changed_at_us: i64,
}

/// A page of mails, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPage {
    pub rows: Vec<MailRow>,
    /// Where the next page begins; `None` when there are no older ones.
    pub older: Option<MailCursor>,
}

/// A place in the list of mails: those before it follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailCursor {
    pub queued_at_us: i64,
    pub id: MailId,
}

impl MailCursor {
    /// As an address has it.
    pub fn as_text(self) -> String {
        format!("{}_{}", self.queued_at_us, self.id)
    }

    /// `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (queued_at_us, id) = text.split_once('_')?;
        Some(Self {
            queued_at_us: queued_at_us.parse().ok()?,
            id: id.parse().ok()?,
        })
    }
}

/// A mail with what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailView {
    pub row: MailRow,
    pub message_id: String,
    /// What it says; `None` when it cannot be written any more.
    pub letter: Option<LetterView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterView {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_address_and_nothing_else_is_one() {
        let id = "0199c0a0-1111-7aaa-8bbb-123456789abc";
        let cursor = MailCursor {
            queued_at_us: 1_795_310_287_000_000,
            id: id.parse().expect("an id"),
        };
        assert_eq!(MailCursor::parse(&cursor.as_text()), Some(cursor));
        for none in ["", "_", "12", "12_34", &format!("x_{id}")] {
            assert_eq!(MailCursor::parse(none), None, "{none}");
        }
    }
}
