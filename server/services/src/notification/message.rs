//! A letter as the mail that goes out: RFC 5322 with a text and an HTML part.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
use types::MailId;

use super::letters::Letter;
use crate::house::House;

/// A mail, ready to go out. Made again of the same letter it is the same, byte for byte.
#[derive(Debug)]
pub struct Outgoing {
    pub id: MailId,
    /// When it was queued, unix microseconds.
    pub queued_at_us: i64,
    pub envelope: Envelope,
    /// As it goes over the wire, but for the stuffing of dots.
    pub bytes: Vec<u8>,
}

/// The name that a mail keeps however often it is tried, so that a mail program shows it once even if
/// it should come twice.
pub fn message_id(id: MailId, house: &House) -> String {
    format!("<{id}@{}>", house.from.email.domain())
}

/// The address of a customer; `None` for one that no mail can be sent to.
pub fn mailbox(name: &str, email: &str) -> Option<Mailbox> {
    let address: Address = email.trim().parse().ok()?;
    // Nothing that could end the header and begin another one.
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    Some(Mailbox::new(
        (!name.is_empty()).then(|| name.to_owned()),
        address,
    ))
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// `leave` is where a mail that was asked for is asked for no more, with one press in the reader's program.
///
/// # Errors
/// When it cannot be sent to this address, in words for staff.
pub fn build(
    house: &House,
    letter: &Letter,
    to: Mailbox,
    (id, message_id, queued_at_us): (MailId, &str, i64),
    leave: Option<&str>,
) -> Result<Outgoing, String> {
    let mut message = begun(house, to, &letter.subject, (message_id, queued_at_us));
    if let Some(leave) = leave {
        // RFC 2369 and RFC 8058.
        message = message
            .raw_header(header("List-Unsubscribe", format!("<{leave}>")))
            .raw_header(header(
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".to_owned(),
            ));
    }
    if let Some(reply_to) = &house.reply_to {
        message = message.reply_to(reply_to.clone());
    }
    // A boundary of its own, for the same mail to be the same bytes; no part has a line like it.
    let parts = MultiPart::alternative()
        .boundary(format!("=_{id}"))
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()));
    let message = message
        .multipart(parts)
        .map_err(|error| error.to_string())?;
    Ok(Outgoing {
        id,
        queued_at_us,
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
    })
}

/// A file that comes with a mail.
#[derive(Debug)]
pub struct Attached {
    pub name: String,
    /// Its content type.
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

/// A mail to the house or to another one: a text, and maybe files.
#[derive(Debug)]
pub struct PlainMail {
    /// Of the event that it tells.
    pub id: MailId,
    /// When that happened, unix microseconds.
    pub at_us: i64,
    pub to_name: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub files: Vec<Attached>,
}

/// Made again of the same it is the same, byte for byte.
///
/// # Errors
/// When it cannot be sent to this address, in words for staff.
pub fn build_plain(house: &House, mail: PlainMail) -> Result<Outgoing, String> {
    let PlainMail {
        id,
        at_us,
        to_name,
        to,
        subject,
        text,
        files,
    } = mail;
    let to = mailbox(&to_name, &to).ok_or("This is no address that mails can be sent to.")?;
    let mut message = begun(house, to, &subject, (&message_id(id, house), at_us));
    if let Some(reply_to) = &house.reply_to {
        message = message.reply_to(reply_to.clone());
    }
    let text = SinglePart::plain(text);
    let built = match files.is_empty() {
        true => message.singlepart(text),
        false => {
            let parts = MultiPart::mixed()
                .boundary(format!("=_{id}"))
                .singlepart(text);
            let mut attached = parts;
            for file in files {
                let kind = file.kind.parse::<ContentType>();
                let kind = kind.map_err(|error| error.to_string())?;
                let part = Attachment::new(file.name).body(file.bytes, kind);
                attached = attached.singlepart(part);
            }
            message.multipart(attached)
        }
    };
    let message = built.map_err(|error| error.to_string())?;
    Ok(Outgoing {
        id,
        queued_at_us: at_us,
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
    })
}

/// The headers of every mail.
fn begun(house: &House, to: Mailbox, subject: &str, (id, at_us): (&str, i64)) -> MessageBuilder {
    let date = UNIX_EPOCH + Duration::from_micros(at_us.max(0).unsigned_abs());
    Message::builder()
        .from(house.from.clone())
        .to(to)
        .subject(subject)
        .message_id(Some(id.to_owned()))
        .date(date)
        // RFC 3834: no vacation notice answers it.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;

    const ID: &str = "0199c0a0-1111-7aaa-8bbb-123456789abc";

    fn house() -> House {
        let from = "Aurel & Stone <orders@aurel-stone.example>";
        House::new(
            "https://shop.example",
            from,
            Some("help@aurel-stone.example"),
            b"secret",
        )
        .expect("a house")
    }

    fn letter() -> Letter {
        Letter {
            subject: "Your order V-6HB7H6NW is confirmed".into(),
            text: ".\nA line with a dot: €4,980.00\n".into(),
            html: format!("<p>{}</p>", "long ".repeat(400)),
        }
    }

    fn built(name: &str, email: &str) -> Vec<u8> {
        let house = house();
        let id: MailId = ID.parse().expect("an id");
        let to = mailbox(name, email).expect("an address");
        let known = (id, message_id(id, &house), 1_795_310_287_000_000);
        build(&house, &letter(), to, (known.0, &known.1, known.2), None)
            .expect("a mail")
            .bytes
    }

    #[test]
    fn a_mail_has_the_headers_of_one_that_a_machine_wrote_and_both_parts() {
        let bytes = built("Ada Lovelace", "ada@example.com");
        assert_eq!(
            bytes,
            built("Ada Lovelace", "ada@example.com"),
            "always the same"
        );
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        assert_eq!(
            mail.message_id(),
            Some(&*format!("{ID}@aurel-stone.example"))
        );
        assert_eq!(mail.date().expect("a date").to_timestamp(), 1_795_310_287);
        assert_eq!(
            mail.header_raw("Auto-Submitted").map(str::trim),
            Some("auto-generated")
        );
        let reply_to = mail
            .reply_to()
            .and_then(|to| to.first())
            .expect("an address");
        assert_eq!(reply_to.address(), Some("help@aurel-stone.example"));
        let from = mail.from().and_then(|from| from.first()).expect("a sender");
        assert_eq!(
            (from.name(), from.address()),
            (Some("Aurel & Stone"), Some("orders@aurel-stone.example"))
        );
        for list in ["List-Unsubscribe", "List-Id", "Precedence", "Bcc"] {
            assert_eq!(mail.header_raw(list), None, "{list}");
        }
        assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
        let text = mail.body_text(0).expect("text").replace("\r\n", "\n");
        assert_eq!(text, letter().text);
        assert_eq!(mail.body_html(0).expect("HTML").trim(), letter().html);
        assert!(
            mail.text_part(0)
                .expect("text")
                .is_content_type("text", "plain")
        );
    }

    #[test]
    fn a_mail_that_was_asked_for_can_be_left_with_one_press() {
        let house = house();
        let id: MailId = ID.parse().expect("an id");
        let to = mailbox("", "ada@example.com").expect("an address");
        let leave = "https://shop.example/back-in-stock/token";
        let named = message_id(id, &house);
        let mail = build(&house, &letter(), to, (id, &named, 0), Some(leave)).expect("a mail");
        let mail = MessageParser::default().parse(&mail.bytes).expect("a mail");
        let header = |name: &'static str| mail.header_raw(name).map(str::trim);
        assert_eq!(header("List-Unsubscribe"), Some(&*format!("<{leave}>")));
        assert_eq!(
            header("List-Unsubscribe-Post"),
            Some("List-Unsubscribe=One-Click")
        );
    }

    #[test]
    fn every_line_on_the_wire_is_ascii_and_short() {
        let bytes = built(&"Nęgative ".repeat(13), "ada@example.com");
        assert!(bytes.is_ascii());
        let text = String::from_utf8(bytes).expect("ASCII");
        for line in text.split("\r\n") {
            assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "{line}");
        }
    }

    #[test]
    fn names_of_every_script_arrive_and_none_adds_a_header() {
        for name in [
            "José Ångström",
            "李雷",
            "سارة بنت علي",
            "שרה לוי",
            "Ada \"the first\", Countess; <ada>",
            &"Wolfeschlegelsteinhausenbergerdorff ".repeat(3),
            "=?utf-8?q?evil?=",
        ] {
            let bytes = built(name, "ada@example.com");
            let mail = MessageParser::default().parse(&bytes).expect("a mail");
            let to = mail.to().and_then(|to| to.first()).expect("an address");
            assert_eq!(to.address(), Some("ada@example.com"), "{name}");
            if !name.starts_with("=?") {
                assert_eq!(to.name(), Some(name.trim()), "{name}");
            }
        }
        let hostile = "Ada\r\nBcc: all@example.com\r\n\r\n<script>";
        let bytes = built(hostile, "ada@example.com");
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        assert!(mail.bcc().is_none(), "{}", String::from_utf8_lossy(&bytes));
        assert_eq!(mail.to().map(|to| to.iter().count()), Some(1));
        assert!(mail.subject().expect("a subject").starts_with("Your order"));
    }

    #[test]
    fn what_is_no_address_gets_no_mail() {
        for bad in [
            "",
            "ada",
            "ada@example.com\r\nBcc: b@example.com",
            "a b@example.com",
            "a@b@c.d",
        ] {
            assert!(mailbox("Ada", bad).is_none(), "{bad}");
        }
    }
}
