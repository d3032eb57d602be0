//! A link that opens an order without a cookie, for the mails about it.
//!
//! It holds the order's id and a code over it that only the shop's secret makes, so nothing is kept
//! per link: a mail that is shown or sent again has the same one, and whoever reads the database cannot
//! make any. All links end when the secret is changed, and each with its order's age.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use types::OrderId;
use uuid::Uuid;

/// What the key is for: another use of the secret has another key.
const PURPOSE: &[u8] = b"vitrine order link, version 1";
const ID: usize = 16;
const CODE: usize = 32;

/// Where such links lead; the token follows.
pub const FOLDER: &str = "/o/";

pub struct OrderLinks(Tokens);

/// An id and a code over it, as text: what only this shop can make, for one purpose.
pub struct Tokens {
    key: [u8; CODE],
}

impl Tokens {
    /// Made with the shop's secret. Another purpose has another key.
    pub fn new(secret: &[u8], purpose: &[u8]) -> Self {
        let key = code_over(secret, purpose);
        Self {
            key: key.finalize().into_bytes().into(),
        }
    }

    pub fn of(&self, id: Uuid) -> String {
        let mut token = Vec::with_capacity(ID + CODE);
        token.extend_from_slice(id.as_bytes());
        token.extend_from_slice(&code_over(&self.key, id.as_bytes()).finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The id in a token; `None` for one that this shop did not make. How long it takes does not tell how
    /// much of it is right.
    pub fn id(&self, token: &str) -> Option<Uuid> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, code) = token.split_at_checked(ID)?;
        code_over(&self.key, id).verify_slice(code).ok()?;
        Uuid::from_slice(id).ok()
    }
}

impl std::fmt::Debug for OrderLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OrderLinks")
    }
}

impl OrderLinks {
    /// Links made with the shop's secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(Tokens::new(secret, PURPOSE))
    }

    /// The path that opens the order.
    pub fn path(&self, id: OrderId) -> String {
        format!("{FOLDER}{}", self.0.of(id.uuid()))
    }

    /// The order that a token opens; `None` for one that this shop did not make.
    pub fn order(&self, token: &str) -> Option<OrderId> {
        self.0.id(token).map(OrderId::new)
    }
}

fn code_over(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    code.update(text);
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> OrderId {
        text.parse().expect("an id")
    }

    #[test]
    fn a_link_opens_its_own_order_and_no_change_of_it_opens_any() {
        let links = OrderLinks::new(b"a secret of the shop");
        let order = id("0199c0a0-1111-7aaa-8bbb-123456789abc");
        let path = links.path(order);
        let token = path.strip_prefix(FOLDER).expect("a link");
        assert_eq!(token.len(), 64);
        assert_eq!(links.order(token), Some(order));
        let sound = URL_SAFE_NO_PAD.decode(token).expect("base64");
        for bit in 0..sound.len() * 8 {
            let mut changed = sound.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(links.order(&URL_SAFE_NO_PAD.encode(changed)), None, "{bit}");
        }
        for length in 0..sound.len() {
            assert_eq!(links.order(&URL_SAFE_NO_PAD.encode(&sound[..length])), None);
        }
        for other in [
            "",
            "é",
            "%2e%2e",
            &format!("{token}A"),
            &token.to_uppercase(),
        ] {
            assert_eq!(links.order(other), None, "{other}");
        }
    }

    #[test]
    fn another_secret_makes_other_links() {
        let order = id("0199c0a0-1111-7aaa-8bbb-123456789abc");
        let path = OrderLinks::new(b"yesterday's").path(order);
        let token = path.strip_prefix(FOLDER).expect("a link");
        assert_eq!(OrderLinks::new(b"today's").order(token), None);
    }
}
