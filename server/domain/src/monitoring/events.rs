//! What happens that is of interest to those who watch the shop, and to nobody else.

use types::alert::AlertKind;

use crate::event::declare;

declare! {
    /// Somebody tried to sign in as a member of staff and knew no right password.
    SignInFailed ("sign_in.failed" on "sign_ins", ordered by account) {
        /// The email that was tried, as a keyed hash: nobody can read it back, and it may be nobody's.
        account: String,
    }

    /// What comes from a source is slowed for a time.
    SourceSlowed ("source.slowed" on "sources", ordered by source) {
        /// An address as a keyed hash.
        source: String,
        /// Unix microseconds.
        until_us: i64,
        /// The rule that asks for it.
        rule: AlertKind,
    }

    /// A consumer has not come nearer to the head of the log for too long, or has given up an event.
    ConsumerFellBehind ("consumer.fell_behind" on "consumers", ordered by consumer) {
        consumer: String,
        /// Where it stands.
        position: u64,
        /// Events that it has not passed.
        behind: u64,
        /// Events that it has given up and that wait for a decision.
        dead: u64,
    }

    /// It has come up again, and nothing waits for a decision.
    ConsumerCaughtUp ("consumer.caught_up" on "consumers", ordered by consumer) {
        consumer: String,
        position: u64,
    }
}
