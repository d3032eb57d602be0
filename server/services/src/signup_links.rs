//! The link in a mail that takes its reader off a list, as [`OrderLinks`](crate::order_links::OrderLinks)
//! open orders: nothing is kept per link, and nobody else can make one.

use types::SignupId;

use crate::order_links::Tokens;

/// What the key is for.
const PURPOSE: &[u8] = b"vitrine sign-up link, version 1";

/// Where such links lead; the token follows.
pub const FOLDER: &str = "/back-in-stock/";

pub struct SignupLinks(Tokens);

impl std::fmt::Debug for SignupLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignupLinks")
    }
}

impl SignupLinks {
    pub fn new(secret: &[u8]) -> Self {
        Self(Tokens::new(secret, PURPOSE))
    }

    pub fn path(&self, id: SignupId) -> String {
        format!("{FOLDER}{}", self.0.of(id.uuid()))
    }

    /// The sign-up that a token is of; `None` for one that this shop did not make.
    pub fn signup(&self, token: &str) -> Option<SignupId> {
        self.0.id(token).map(SignupId::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order_links::OrderLinks;

    #[test]
    fn a_link_is_of_its_own_sign_up_and_opens_no_order() {
        let text = "0199c0a0-1111-7aaa-8bbb-123456789abc";
        let links = SignupLinks::new(b"a secret of the shop");
        let id: SignupId = text.parse().expect("an id");
        let path = links.path(id);
        let token = path.strip_prefix(FOLDER).expect("a link");
        assert_eq!(links.signup(token), Some(id));
        assert_eq!(OrderLinks::new(b"a secret of the shop").order(token), None);
        assert_eq!(SignupLinks::new(b"another one").signup(token), None);
    }
}
