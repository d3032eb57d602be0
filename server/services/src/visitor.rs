//! Who is asking. A [`Staff`] value is the proof of having signed in: what only staff may do asks for
//! one and names the right that it takes, and only a right password or its session makes one.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use types::staff::{Right, Role};
use types::{Problem, ShopperId};

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

/// A member of staff who has signed in. How the log names them is told only to whoever says what for
/// ([`Staff::may`]), so that nothing is done, or shown, whose right nobody has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    pub email: String,
    pub role: Role,
    /// Changes with the password; a session keeps it.
    pub mark: String,
    id: String,
    /// With which they come; empty for whoever is only just signing in.
    session: String,
}

impl Staff {
    /// Only a right password or its session makes one.
    pub(crate) const fn signed_in(
        email: String,
        id: String,
        role: Role,
        mark: String,
        session: String,
    ) -> Self {
        Self {
            email,
            role,
            mark,
            id,
            session,
        }
    }

    /// The session with which they come.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// How the log names them, if they may do this.
    ///
    /// # Errors
    /// 403 with who may.
    pub fn may(&self, right: Right) -> crate::Result<&str> {
        if self.role.may(right) {
            return Ok(&self.id);
        }
        let detail = format!(
            "Your role, {}, may not do this. Those who may: {}. ({}.)",
            self.role.title(),
            right.who(),
            right.words()
        );
        Err(Problem::forbidden(detail))
    }
}

/// A role of the table. Whom a newer version gave another one may do the least.
pub(crate) fn role_of(text: &str) -> Role {
    text.parse().unwrap_or(Role::Viewer)
}

/// What a session remembers of a password's hash: enough to see that there is another one.
pub(crate) fn mark_of(password_hash: &str) -> String {
    let hash = Sha256::digest(password_hash);
    hash.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
