//! How fast somebody may try to sign in. A source that was wrong often is slowed, and never refused
//! for what it did before: whoever has the right password gets in. A browser with which the account
//! has signed in before is counted by itself, so that no neighbour can slow its owner.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use super::pace::TooMany;
use crate::source::Source;

/// Wrong tries that cost nothing: people mistype.
const FREE: u32 = 5;
/// Wait of the first try after that; it doubles with every wrong one.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const MAX_WAIT: Duration = Duration::from_secs(4);
/// Tries of one source wait one behind the other; who would wait for longer is told to come back.
const MAX_QUEUE: Duration = Duration::from_secs(8);
/// Wrong tries on one account, from wherever, after which each try by an unknown browser waits.
const ACCOUNT_FREE: u32 = 20;
const ACCOUNT_WAIT: Duration = Duration::from_secs(1);
/// Wrong tries are forgotten after so long without another one.
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// Sources and accounts that are remembered, at most.
const MAX_KNOWN: usize = 20_000;

/// Lines about wrong sign-ins: whoever tries must not be able to fill the disk.
pub type LogPace = Arc<DefaultDirectRateLimiter>;

pub fn log_pace() -> LogPace {
    const BURST: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
    const PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
    Arc::new(RateLimiter::direct(
        Quota::per_minute(PER_MINUTE).allow_burst(BURST),
    ))
}

/// Wrong sign-ins that are written into the log: far more than people make, and than any rule needs to see.
pub fn event_pace() -> LogPace {
    const BURST: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
    const PER_MINUTE: NonZeroU32 = NonZeroU32::new(240).expect("not zero");
    Arc::new(RateLimiter::direct(
        Quota::per_minute(PER_MINUTE).allow_burst(BURST),
    ))
}

/// Codes of an account. Only accounts whose password was right are counted.
pub type CodePace = Arc<DefaultKeyedRateLimiter<String>>;

/// Six digits have a million values, of which three are right: at this pace whoever knows the password guesses one
/// within a year or two, and alerts long before.
pub fn code_pace() -> CodePace {
    const BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
    Arc::new(RateLimiter::keyed(
        Quota::per_minute(NonZeroU32::MIN).allow_burst(BURST),
    ))
}

/// Who tries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Trier {
    Source(Source),
    /// A browser with which this account has signed in before.
    Device(String),
}

#[derive(Debug)]
struct Record {
    wrong: u32,
    last: Instant,
    /// When the next try may begin to wait.
    free_at: Instant,
}

#[derive(Debug, Default)]
struct Book {
    triers: HashMap<Trier, Record>,
    accounts: HashMap<String, Record>,
}

#[derive(Debug, Default)]
pub struct SignIns(Mutex<Book>);

/// One more wrong try. Answers with how many that makes.
fn note<K: Hash + Eq>(known: &mut HashMap<K, Record>, key: K, now: Instant) -> u32 {
    if known.len() >= MAX_KNOWN {
        known.retain(|_, record| now.duration_since(record.last) < MEMORY);
    }
    if known.len() >= MAX_KNOWN {
        known.clear();
    }
    let record = known.entry(key).or_insert(Record {
        wrong: 0,
        last: now,
        free_at: now,
    });
    if now.duration_since(record.last) >= MEMORY {
        record.wrong = 0;
    }
    record.wrong += 1;
    record.last = now;
    record.wrong
}

impl SignIns {
    /// How long a try has to wait.
    ///
    /// # Errors
    /// When too many of the same source wait already.
    pub fn wait(&self, trier: &Trier, account: &str) -> Result<Duration, TooMany> {
        let now = Instant::now();
        let mut book = self.0.lock();
        let is_hot = |record: &Record, free| {
            record.wrong >= free && now.duration_since(record.last) < MEMORY
        };
        let account = book.accounts.get(account);
        let slow_account = account.is_some_and(|record| is_hot(record, ACCOUNT_FREE));
        let mut wait = match trier {
            Trier::Source(_) if slow_account => ACCOUNT_WAIT,
            _ => Duration::ZERO,
        };
        if let Some(record) = book.triers.get_mut(trier).filter(|r| is_hot(r, FREE)) {
            let doubled = FIRST_WAIT * 2_u32.saturating_pow((record.wrong - FREE).min(8));
            let free_at = record.free_at.max(now) + doubled.min(MAX_WAIT);
            let queue = free_at - now;
            if queue > MAX_QUEUE {
                return Err(TooMany(queue));
            }
            record.free_at = free_at;
            wait += queue;
        }
        Ok(wait)
    }

    /// Answers with how many wrong tries of this source that makes.
    pub fn was_wrong(&self, trier: Trier, account: &str) -> u32 {
        let now = Instant::now();
        let mut book = self.0.lock();
        note(&mut book.accounts, account.to_owned(), now);
        note(&mut book.triers, trier, now)
    }

    pub fn was_right(&self, trier: &Trier) {
        self.0.lock().triers.remove(trier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str) -> Trier {
        Trier::Device(name.to_owned())
    }

    #[test]
    fn who_is_wrong_often_waits_longer_each_time_and_others_do_not() {
        let sign_ins = SignIns::default();
        let eve = Trier::Source(Source::of("192.0.2.1".parse().expect("an address")));
        for _ in 0..FREE {
            assert_eq!(sign_ins.wait(&eve, "owner").ok(), Some(Duration::ZERO));
            sign_ins.was_wrong(eve.clone(), "owner");
        }
        let first = sign_ins.wait(&eve, "owner").expect("a wait");
        assert!(first > Duration::from_millis(200), "{first:?}");
        for _ in 0..20 {
            sign_ins.was_wrong(eve.clone(), "owner");
        }
        let tries = std::iter::repeat_with(|| sign_ins.wait(&eve, "owner"));
        let taken = tries.take(20).filter(Result::is_ok).count();
        assert!(taken <= 2, "{taken} wait at once");
        assert_eq!(
            sign_ins.wait(&device("own"), "owner").ok(),
            Some(Duration::ZERO)
        );
        sign_ins.was_right(&eve);
        assert!(sign_ins.wait(&eve, "owner").expect("a wait") <= ACCOUNT_WAIT);
    }

    #[test]
    fn an_account_that_is_tried_from_everywhere_is_slow_for_unknown_browsers_only() {
        let sign_ins = SignIns::default();
        for number in 0..ACCOUNT_FREE {
            let address = std::net::Ipv4Addr::from_bits(number).into();
            sign_ins.was_wrong(Trier::Source(Source::of(address)), "owner");
        }
        let other = Trier::Source(Source::of("192.0.2.1".parse().expect("an address")));
        assert_eq!(sign_ins.wait(&other, "owner").ok(), Some(ACCOUNT_WAIT));
        assert_eq!(sign_ins.wait(&other, "else").ok(), Some(Duration::ZERO));
        assert_eq!(
            sign_ins.wait(&device("own"), "owner").ok(),
            Some(Duration::ZERO)
        );
    }
}
