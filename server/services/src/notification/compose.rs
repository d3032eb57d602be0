//! A mail made of its row, its order and its event: the same each time, so that what it said need not be
//! kept.

use broker::{Failure, Log};
use lettre::message::Mailbox;

use super::facts::{self, Known, Told};
use super::kind::Notice;
use super::letters::{self, Letter};
use super::message::{self, Outgoing};
use super::rows::{About, Row};
use crate::catalogue::Catalogue;
use crate::events::decode;
use crate::house::House;

/// A mail with its words.
#[derive(Debug)]
pub struct Composed {
    pub to: Mailbox,
    pub letter: Letter,
    pub mail: Outgoing,
}

/// # Errors
/// When this customer cannot be written to, in words for staff.
pub fn compose(
    house: &House,
    row: &Row,
    notice: &Notice,
    known: &Known,
) -> Result<Composed, String> {
    let to = message::mailbox(&known.name, &known.email)
        .ok_or("The customer's email is no address that mails can be sent to.")?;
    let (link, leave) = match (&row.about, &known.told) {
        (About::Order(id), _) => (house.links.path(*id), None),
        (About::Signup(id, _), Told::Piece(piece)) => {
            let leave = format!("{}{}", house.url, house.signup_links.path(*id));
            (piece.path.clone(), Some(leave))
        }
        (About::Signup(..), Told::Order(_)) => return Err("This mail is about nothing.".to_owned()),
    };
    let link = format!("{}{link}", house.url);
    let letter = letters::write(notice, &known.told, &link, leave.as_deref())?;
    let named = (row.id, row.message_id.as_str(), row.queued_at_us);
    let mail = message::build(house, &letter, to.clone(), named, leave.as_deref())?;
    Ok(Composed { to, letter, mail })
}

/// What is told by the event at a position; `None` when it is nothing.
pub async fn notice_at(log: &Log, position: u64) -> Result<Option<Notice>, Failure> {
    let recorded = log.read_one(position).await?;
    Ok(Notice::of(&*decode(&recorded)?))
}

/// Why a mail to somebody who was erased is not sent.
pub const NOBODY: &str = "There is nobody to write to any more.";

/// A mail of the table, as it was sent.
pub async fn composed(
    log: &Log,
    catalogue: &Catalogue,
    house: &House,
    row: &Row,
) -> Result<Result<Composed, String>, Failure> {
    let known = facts::load(log.db(), catalogue, &row.about).await?;
    let notice = notice_at(log, row.position).await?;
    Ok(match (notice, known) {
        (Some(notice), Some(known)) => compose(house, row, &notice, &known),
        _ => Err(NOBODY.to_owned()),
    })
}
