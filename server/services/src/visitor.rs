//! Who is asking. A [`Staff`] value is the proof of having signed in: what only staff may do asks for
//! one, and only a right password or its session makes it.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use types::ShopperId;

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub shopper: ShopperId,
    /// Whether the browser has shown no cookie: there is no cart to look for.
    pub is_new: bool,
    /// Whether cookies can be marked Secure on this connection.
    pub is_secure: bool,
    /// Where they come from, as a hash: limits count it.
    pub source: u64,
    pub staff: Option<Staff>,
}

/// A member of staff who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::manual_non_exhaustive,
    reason = "only a right password or its session makes one"
)]
pub struct Staff {
    pub email: String,
    /// How the log names them.
    pub id: String,
    /// Changes with the password; a session keeps it.
    pub mark: String,
    /// Keeps others from making one.
    _proof: (),
}

impl Staff {
    pub(crate) const fn signed_in(email: String, id: String, mark: String) -> Self {
        Self {
            email,
            id,
            mark,
            _proof: (),
        }
    }
}

/// What a session remembers of a password's hash: enough to see that there is another one.
pub(crate) fn mark_of(password_hash: &str) -> String {
    let hash = Sha256::digest(password_hash);
    hash.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
