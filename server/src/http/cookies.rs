//! How cookies are named and marked.

use axum_extra::extract::cookie::{Cookie, SameSite};
use types::ShopperId;

/// A cart is kept for a year.
const MAX_AGE_DAYS: i64 = 365;

/// How cookies are named and marked.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    pub const fn is_secure(self) -> bool {
        self.secure
    }

    pub const fn shopper_name(self) -> &'static str {
        // The prefix makes browsers refuse the cookie from anyone but this very host over TLS. Over
        // plain http some browsers keep no Secure cookie, on this very machine neither.
        if self.secure {
            "__Host-shopper"
        } else {
            "shopper"
        }
    }

    pub const fn session_name(self) -> &'static str {
        if self.secure {
            "__Host-session"
        } else {
            "session"
        }
    }

    pub const fn device_name(self) -> &'static str {
        if self.secure {
            "__Host-device"
        } else {
            "device"
        }
    }

    /// Of a password that waits for its code.
    pub const fn half_name(self) -> &'static str {
        if self.secure { "__Host-half" } else { "half" }
    }

    /// What a browser keeps with which a member of staff has signed in before.
    pub fn device(self, value: String) -> Cookie<'static> {
        Cookie::build((self.device_name(), value))
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Strict)
            .path("/")
            .max_age(time::Duration::days(MAX_AGE_DAYS))
            .build()
    }

    pub fn shopper(self, id: ShopperId) -> Cookie<'static> {
        Cookie::build((self.shopper_name(), id.to_string()))
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .path("/")
            .max_age(time::Duration::days(MAX_AGE_DAYS))
            .build()
    }
}
