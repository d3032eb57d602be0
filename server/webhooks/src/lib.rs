//! Signatures of webhooks, as the Standard Webhooks specification has them (version 1, symmetric):
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
//!
//! Whoever receives a message has to remember its id for [`TOLERANCE_S`] on either side of now: within that
//! time a message that is sent again has a right signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Name of the header with the message's id.
pub const ID_HEADER: &str = "webhook-id";
/// Name of the header with the time of sending, unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Name of the header with one or more signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far the time of sending may lie from the receiver's, in seconds.
pub const TOLERANCE_S: i64 = 5 * 60;

const SECRET_PREFIX: &str = "whsec_";
const VERSION_PREFIX: &str = "v1,";
/// Bytes of a secret: fewer are guessed, more are no use.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Signatures that are looked at: a sender has more than one while it changes its secret.
const MOST_SIGNATURES: usize = 8;
/// An id longer than this is not remembered.
const LONGEST_ID: usize = 256;

/// What both sides know. It has no `Debug` that shows it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A text is not a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {SECRET_PREFIX} and the base64 of 24 to 64 random bytes")]
pub struct NotASecret;

/// The headers of a message, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
}

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("expected the headers {ID_HEADER}, {TIMESTAMP_HEADER} and {SIGNATURE_HEADER}")]
    Headers,
    #[error("the message was sent too long ago, or the clocks differ")]
    Time,
    #[error("the signature does not fit the message")]
    Signature,
}

impl std::str::FromStr for Secret {
    type Err = NotASecret;

    fn from_str(text: &str) -> Result<Self, NotASecret> {
        let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(NotASecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NotASecret)?;
        Self::new(bytes)
    }
}

impl Secret {
    /// # Errors
    /// When there are not 24 to 64 bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, NotASecret> {
        match SECRET_BYTES.contains(&bytes.len()) {
            true => Ok(Self(bytes)),
            false => Err(NotASecret),
        }
    }

    /// As it is written down: for whoever is to know it.
    pub fn reveal(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The value of [`SIGNATURE_HEADER`] for a message.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let code = self.code(id, &timestamp_s.to_string(), body);
        let signature = STANDARD.encode(code.finalize().into_bytes());
        format!("{VERSION_PREFIX}{signature}")
    }

    /// Makes sure that a message comes from who knows the secret, and was sent just now. How long it takes
    /// does not tell how much of a signature is right. `body` is the body as it came, byte for byte.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn verify(&self, headers: Headers<'_>, body: &[u8], now_s: i64) -> Result<(), Refusal> {
        let Headers {
            id,
            timestamp,
            signature,
        } = headers;
        // A dot in the id would let one message pass as another.
        if id.is_empty() || id.len() > LONGEST_ID || id.contains('.') {
            return Err(Refusal::Headers);
        }
        let sent_s: i64 = timestamp.parse().map_err(|_| Refusal::Headers)?;
        if now_s.saturating_sub(sent_s).saturating_abs() > TOLERANCE_S {
            return Err(Refusal::Time);
        }
        let given = signature.split_ascii_whitespace().take(MOST_SIGNATURES);
        let mut given = given.filter_map(|one| one.strip_prefix(VERSION_PREFIX));
        let fits = given.any(|one| {
            let one = STANDARD.decode(one).unwrap_or_default();
            self.code(id, timestamp, body).verify_slice(&one).is_ok()
        });
        match fits {
            true => Ok(()),
            false => Err(Refusal::Signature),
        }
    }

    fn code(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut code =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            code.update(part);
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example that the specification's own libraries are tested with.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SENT_S: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> Secret {
        SECRET.parse().expect("a secret")
    }

    fn verify(timestamp: &str, signature: &str, body: &[u8], now_s: i64) -> Result<(), Refusal> {
        let headers = Headers {
            id: ID,
            timestamp,
            signature,
        };
        secret().verify(headers, body, now_s)
    }

    #[test]
    fn a_message_is_signed_as_others_sign_it() {
        assert_eq!(secret().sign(ID, SENT_S, BODY), SIGNATURE);
        assert_eq!(secret().reveal(), SECRET);
    }

    #[test]
    fn one_right_signature_among_several_is_enough() {
        let several = format!("v1,AAAA v1a,BBBB {SIGNATURE}");
        assert_eq!(verify("1614265330", &several, BODY, SENT_S), Ok(()));
    }

    #[test]
    fn what_was_changed_on_the_way_is_not_believed() {
        let forged = Err(Refusal::Signature);
        let now_s = SENT_S;
        assert_eq!(verify("1614265330", SIGNATURE, b"{}", now_s), forged);
        assert_eq!(verify("1614265331", SIGNATURE, BODY, now_s), forged);
        assert_eq!(verify("01614265330", SIGNATURE, BODY, now_s), forged);
        for signature in ["", "v1,", "v1", &SIGNATURE[3..], "v1,g0hM9SsE"] {
            assert_eq!(
                verify("1614265330", signature, BODY, now_s),
                forged,
                "{signature}"
            );
        }
        let other = Secret::new(vec![7; 24]).expect("a secret");
        let headers = Headers {
            id: ID,
            timestamp: "1614265330",
            signature: SIGNATURE,
        };
        assert_eq!(other.verify(headers, BODY, now_s), forged);
    }

    #[test]
    fn a_message_is_good_for_five_minutes() {
        let at = |now_s| verify("1614265330", SIGNATURE, BODY, now_s);
        assert_eq!(at(SENT_S + TOLERANCE_S), Ok(()));
        assert_eq!(at(SENT_S - TOLERANCE_S), Ok(()));
        assert_eq!(at(SENT_S + TOLERANCE_S + 1), Err(Refusal::Time));
        assert_eq!(at(SENT_S - TOLERANCE_S - 1), Err(Refusal::Time));
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_none() {
        for text in [
            "",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_?",
        ] {
            assert!(text.parse::<Secret>().is_err(), "{text}");
        }
    }
}
