//! Keyed hashes of where commands come from and whom they are of, for the rules that watch the shop: the log tells
//! that two orders came from one address, and not from which.
//!
//! A key is made of the shop's secret, which stands neither in the log nor in the database, and of a random number
//! that several processes of one shop share by a table. Nobody who reads the log and the database can try
//! addresses until one fits. There is a number for each period, as long as the longest window of a rule; it is
//! deleted when the period has ended, and from then on nobody at all can: the hashes in the log are numbers then,
//! and point at nobody, erased or not.

use db::{Columns, Db};
use domain::monitoring::rules::LONGEST_WINDOW_US;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::RwLock;
use sha2::Sha256;

use crate::events::Refused;

/// How long a key lives.
pub const PERIOD_US: i64 = LONGEST_WINDOW_US;
/// What the key is for: another use of the secret has another key.
const PURPOSE: &[u8] = b"vitrine fingerprints, version 2";

/// Makes keyed hashes.
pub struct Fingerprints {
    /// Made of the shop's own.
    secret: Vec<u8>,
    /// What is known of the table: the key of each period.
    keys: RwLock<Vec<(i64, Vec<u8>)>>,
}

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

const fn period_of(now_us: i64) -> i64 {
    now_us.div_euclid(PERIOD_US)
}

impl Fingerprints {
    /// `secret` is the shop's own. It makes no hashes before it has read the keys.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            secret: code(secret, &[PURPOSE]),
            keys: RwLock::default(),
        }
    }

    /// Of a text, for one purpose, at a time; `None` while there is no key for it.
    pub(crate) fn of(&self, what: &str, text: &str, now_us: i64) -> Option<u64> {
        let period = period_of(now_us);
        let keys = self.keys.read();
        let (_, key) = keys.iter().find(|(of, _)| *of == period)?;
        let code = code(key, &[what.as_bytes(), text.as_bytes()]);
        let number = code[..8]
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Some(number)
    }

    /// Takes in the random numbers of the table.
    fn know(&self, numbers: &[(i64, String)]) {
        let key =
            |(period, number): &(i64, String)| (*period, code(&self.secret, &[number.as_bytes()]));
        *self.keys.write() = numbers.iter().map(key).collect();
    }

    /// Sees to it that there are keys for the period of now and for the next, and none of before.
    pub(crate) async fn renew(&self, db: &Db, now_us: i64) -> Result<(), Refused> {
        let period = period_of(now_us);
        let mut known = read(db).await?;
        let has = |known: &[(i64, String)], period| known.iter().any(|(of, _)| *of == period);
        let is_complete = has(&known, period) && has(&known, period + 1);
        let gone: Vec<String> = (known.iter().filter(|(of, _)| *of < period))
            .map(|(_, number)| number.clone())
            .collect();
        if !is_complete || !gone.is_empty() {
            let mut tx = db.begin().await?;
            for period in [period, period + 1] {
                // Another process may have made one: its number stands.
                db::query(
                    "insert into fingerprint_keys (period, secret) values ($1, $2) \
                     on conflict do nothing",
                )
                .bind(period)
                .bind(random_number())
                .execute(tx.conn())
                .await?;
            }
            db::query("delete from fingerprint_keys where period < $1")
                .bind(period)
                .execute(tx.conn())
                .await?;
            tx.commit().await?;
            known = read(db).await?;
        }
        self.know(&known);
        if !gone.is_empty() {
            db.forget(&["fingerprint_keys"], &gone).await?;
        }
        Ok(())
    }
}

async fn read(db: &Db) -> Result<Vec<(i64, String)>, Refused> {
    let rows = db::query("select period, secret from fingerprint_keys")
        .fetch_all(db.reader())
        .await?;
    let read = |row: &db::Row| Ok((row.try_get(0)?, row.try_get(1)?));
    let read = rows.iter().map(read).collect::<Result<_, db::SqlError>>();
    Ok(read?)
}

/// 256 random bits in hexadecimal digits.
fn random_number() -> String {
    let bits: [u128; 2] = rand::random();
    bits.map(|bits| format!("{bits:032x}")).concat()
}

/// As it stands in the log.
pub(crate) fn word(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_numbers(secret: &[u8], numbers: &[(i64, &str)]) -> Fingerprints {
        let made = Fingerprints::new(secret);
        let numbers = numbers.iter().map(|(at, it)| (*at, (*it).to_owned()));
        made.know(&numbers.collect::<Vec<_>>());
        made
    }

    #[test]
    fn a_hash_is_of_its_text_purpose_secret_and_period() {
        let numbers = [(0, "first"), (1, "second")];
        let ours = with_numbers(b"ours", &numbers);
        let theirs = with_numbers(b"theirs", &numbers);
        let hash = ours.of("person", "ada@example.com", 5);
        assert!(hash.is_some());
        assert_eq!(hash, ours.of("person", "ada@example.com", PERIOD_US - 1));
        let others = [
            ours.of("person", "bo@example.com", 5),
            ours.of("account", "ada@example.com", 5),
            ours.of("person", "ada@example.com", PERIOD_US),
            theirs.of("person", "ada@example.com", 5),
        ];
        assert!(!others.contains(&hash), "{others:x?}");
        assert!(!others.contains(&None), "{others:x?}");
        assert_eq!(word(7), "0000000000000007");
    }

    #[test]
    fn without_its_number_nobody_makes_the_hash_of_a_period() {
        let ours = with_numbers(b"ours", &[(0, "first")]);
        let hash = ours.of("person", "ada@example.com", 5);
        ours.know(&[(1, "second".to_owned())]);
        assert_eq!(ours.of("person", "ada@example.com", 5), None);
        let guessed = with_numbers(b"ours", &[(0, "guessed")]);
        assert_ne!(guessed.of("person", "ada@example.com", 5), hash);
    }
}
