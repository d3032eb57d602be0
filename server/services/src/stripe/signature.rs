//! Signatures of Stripe's messages: <https://docs.stripe.com/webhooks#verify-manually>.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far the time of sending may lie from ours, in seconds.
const TOLERANCE_S: i64 = 5 * 60;
/// Signatures that are looked at: there are two while a secret is changed.
const MOST_SIGNATURES: usize = 8;

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    #[error("expected a Stripe-Signature header with t and v1")]
    Header,
    #[error("the message was sent too long ago, or the clocks differ")]
    Time,
    #[error("the signature does not fit the message")]
    Signature,
}

/// Makes sure that a message comes from who knows `secret`, and was sent just now. `body` is the body as it came,
/// byte for byte.
///
/// # Errors
/// Why it is not believed.
pub fn verify(secret: &str, header: &str, body: &[u8], now_s: i64) -> Result<(), NotBelieved> {
    let parts = || {
        header
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
    };
    let mut times = parts().filter(|(name, _)| *name == "t");
    let (_, sent) = times.next().ok_or(NotBelieved::Header)?;
    if times.next().is_some() {
        return Err(NotBelieved::Header);
    }
    let sent_s: i64 = sent.parse().map_err(|_| NotBelieved::Header)?;
    if now_s.saturating_sub(sent_s).saturating_abs() > TOLERANCE_S {
        return Err(NotBelieved::Time);
    }
    let mut given = parts()
        .filter(|(name, _)| *name == "v1")
        .take(MOST_SIGNATURES);
    let fits = given.any(|(_, hex)| {
        let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("HMAC takes keys of every length");
        for part in [sent.as_bytes(), b".", body] {
            code.update(part);
        }
        code.verify_slice(&bytes_of(hex)).is_ok()
    });
    match fits {
        true => Ok(()),
        false => Err(NotBelieved::Signature),
    }
}

/// Nothing for what is no hexadecimal number.
fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect::<Option<_>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test_secret";
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const SENT_S: i64 = 1_700_000_000;

    fn header(secret: &str, sent_s: i64, body: &[u8]) -> String {
        let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
        code.update(format!("{sent_s}.").as_bytes());
        code.update(body);
        let hex = code.finalize().into_bytes();
        let hex: String = hex.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={sent_s},v1={hex}")
    }

    #[test]
    fn only_what_was_signed_just_now_and_came_unchanged_is_believed() {
        let good = header(SECRET, SENT_S, BODY);
        let check = |header: &str, body: &[u8], now_s| verify(SECRET, header, body, now_s);
        assert_eq!(check(&good, BODY, SENT_S), Ok(()));
        assert_eq!(check(&good, BODY, SENT_S + TOLERANCE_S), Ok(()));
        assert_eq!(
            check(&good, BODY, SENT_S + TOLERANCE_S + 1),
            Err(NotBelieved::Time)
        );
        assert_eq!(check(&good, b"{}", SENT_S), Err(NotBelieved::Signature));
        let foreign = header("whsec_other", SENT_S, BODY);
        assert_eq!(check(&foreign, BODY, SENT_S), Err(NotBelieved::Signature));
        let young = good.replace("t=1700000000", "t=1700000001");
        assert_eq!(check(&young, BODY, SENT_S), Err(NotBelieved::Signature));
        let old_way = good.replace("v1=", "v0=");
        assert_eq!(check(&old_way, BODY, SENT_S), Err(NotBelieved::Signature));
        let several = format!("{good},v1=00,v1=zz");
        assert_eq!(check(&several, BODY, SENT_S), Ok(()));
        for bad in ["", "t=,v1=", "v1=00", "t=x,v1=00", "t=1,t=2,v1=00"] {
            assert_eq!(check(bad, BODY, SENT_S), Err(NotBelieved::Header), "{bad}");
        }
    }
}
