//! Keyed hashes of where commands come from and whom they are of, for the rules that watch the shop: the log tells
//! that two orders came from one address, and not from which.
//!
//! The key is made of the shop's secret, which stands neither in the log nor in the database, so that nobody who
//! reads those can try addresses until one fits; several processes of one shop have the same. It changes every
//! 91 days: what was done by whom cannot be put together for longer than that, with the log alone.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a key lives.
const PERIOD_US: i64 = 91 * 24 * 60 * 60 * 1_000_000;
/// What the key is for: another use of the secret has another key.
const PURPOSE: &[u8] = b"vitrine fingerprints, version 1";

/// Makes keyed hashes.
pub struct Fingerprints(Vec<u8>);

impl std::fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprints")
    }
}

fn code(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        code.update(&(part.len() as u64).to_be_bytes());
        code.update(part);
    }
    code.finalize().into_bytes().to_vec()
}

impl Fingerprints {
    /// `secret` is the shop's own.
    pub fn new(secret: &[u8]) -> Self {
        Self(code(secret, &[PURPOSE]))
    }

    /// Of a text, for one purpose, at a time.
    pub(crate) fn of(&self, what: &str, text: &str, now_us: i64) -> u64 {
        let period = now_us.div_euclid(PERIOD_US).to_be_bytes();
        let code = code(&self.0, &[what.as_bytes(), text.as_bytes(), &period]);
        code[..8]
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

/// As it stands in the log.
pub(crate) fn word(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_text_purpose_secret_and_time() {
        let (ours, theirs) = (Fingerprints::new(b"ours"), Fingerprints::new(b"theirs"));
        let hash = ours.of("person", "ada@example.com", 5);
        assert_eq!(hash, ours.of("person", "ada@example.com", PERIOD_US - 1));
        let others = [
            ours.of("person", "bo@example.com", 5),
            ours.of("account", "ada@example.com", 5),
            ours.of("person", "ada@example.com", PERIOD_US),
            theirs.of("person", "ada@example.com", 5),
        ];
        assert!(!others.contains(&hash), "{others:x?}");
        assert_eq!(word(7), "0000000000000007");
    }
}
