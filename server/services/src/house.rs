//! In whose name mails are written, and where their links lead.

use lettre::message::Mailbox;

use crate::order_links::OrderLinks;
use crate::signup_links::SignupLinks;

/// In whose name mails are written, and where their links lead.
#[derive(Debug)]
pub struct House {
    /// Address under which browsers reach the shop, without a slash at its end.
    pub(crate) url: String,
    pub(crate) from: Mailbox,
    pub(crate) reply_to: Option<Mailbox>,
    pub(crate) links: OrderLinks,
    pub(crate) signup_links: SignupLinks,
    /// Whether customers are told anything. What was sent before is still there to be seen, and its
    /// links still lead to orders.
    pub(crate) sends: bool,
}

/// A sender that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected an address like orders@shop.example or The Shop <orders@shop.example>, got {0:?}"
)]
pub struct NoMailbox(String);

impl House {
    /// `secret` is the shop's own: the links of mails are made with it.
    ///
    /// # Errors
    /// When a sender is no address.
    pub fn new(
        url: &str,
        from: &str,
        reply_to: Option<&str>,
        secret: &[u8],
    ) -> Result<Self, NoMailbox> {
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            from: mailbox(from)?,
            reply_to: reply_to.map(mailbox).transpose()?,
            links: OrderLinks::new(secret),
            signup_links: SignupLinks::new(secret),
            sends: true,
        })
    }

    /// The same house, which tells its customers nothing.
    #[must_use]
    pub fn silent(self) -> Self {
        Self {
            sends: false,
            ..self
        }
    }
}

fn mailbox(text: &str) -> Result<Mailbox, NoMailbox> {
    text.trim().parse().map_err(|_| NoMailbox(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_has_an_address_and_maybe_a_name() {
        let house = |from| House::new("https://shop.example/", from, None, b"secret");
        let named = house("Aurel & Stone <orders@aurel-stone.example>").expect("a sender");
        assert_eq!(named.from.name.as_deref(), Some("Aurel & Stone"));
        assert_eq!(named.url, "https://shop.example");
        assert!(house("orders@aurel-stone.example").is_ok());
        for bad in ["", "orders", "a@b@c", "x@y.example\r\nBcc: all@y.example"] {
            let error = house(bad).expect_err(bad).to_string();
            assert!(error.contains("expected an address"), "{error}");
        }
    }
}
