//! The rules over what somebody did, in one table: what is counted, of whom, within which time, up to which limit,
//! how much it matters, and what is done about it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use types::Sku;
use types::alert::{AlertKind, Severity};

use super::deeds::{Deed, Entry};
use crate::alert::MAX_EVIDENCE;

const MINUTE_US: i64 = 60 * 1_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;
/// An order makes up for so many checkouts that were opened: people come back, and offices share an address.
const HOLDS_PER_ORDER: u32 = 5;

/// Of whom deeds are counted. As a word it begins the subject of an alert: `source:3f9ac0…`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Scope {
    /// An address on the network, as a keyed hash.
    Source,
    /// A browser.
    Visitor,
    /// Who ordered, by email, as a keyed hash.
    Person,
    /// Where it is to be sent, as a keyed hash.
    Place,
    /// An account of the staff that somebody tries to sign in to, as a keyed hash.
    Account,
    Order,
}

/// What a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    Declines,
    WrongSignIns,
    /// Different accounts among wrong sign-ins.
    Accounts,
    Orders,
    /// Pieces of one SKU, over so many orders at least: a single large order is a customer.
    PiecesOfOneSku {
        orders: usize,
    },
    AskedBack,
    /// Checkouts that were opened, without what orders make up for.
    HoldsWithoutOrders,
}

/// How many, and the events that show it.
type Counted = (u32, Vec<String>);

impl Counts {
    /// Whether it looks at a deed at all.
    pub const fn concerns(self, deed: &Deed) -> bool {
        match self {
            Self::Declines => matches!(deed, Deed::Declined),
            Self::WrongSignIns | Self::Accounts => matches!(deed, Deed::WrongSignIn(_)),
            Self::Orders | Self::PiecesOfOneSku { .. } => matches!(deed, Deed::Ordered(_)),
            Self::AskedBack => matches!(deed, Deed::AskedBack),
            Self::HoldsWithoutOrders => matches!(deed, Deed::Held | Deed::Ordered(_)),
        }
    }

    fn of<'a>(self, entries: impl Iterator<Item = &'a Entry>) -> Counted {
        let entries: Vec<&Entry> = entries.filter(|it| self.concerns(&it.deed)).collect();
        let ids = |entries: &[&Entry]| entries.iter().map(|it| it.id.clone()).collect();
        match self {
            Self::Accounts => {
                let accounts = entries.iter().filter_map(|it| match &it.deed {
                    Deed::WrongSignIn(account) => Some(account),
                    _ => None,
                });
                let accounts: BTreeSet<&String> = accounts.collect();
                (count(accounts.len()), ids(&entries))
            }
            Self::PiecesOfOneSku { orders } => {
                let mut of_sku: BTreeMap<&Sku, (u32, Vec<&Entry>)> = BTreeMap::new();
                for entry in &entries {
                    let Deed::Ordered(pieces) = &entry.deed else {
                        continue;
                    };
                    for (sku, pieces) in pieces {
                        let (sum, of) = of_sku.entry(sku).or_default();
                        *sum = sum.saturating_add(*pieces);
                        of.push(entry);
                    }
                }
                let most = of_sku.into_values().filter(|(_, of)| of.len() >= orders);
                let most = most.max_by_key(|(sum, _)| *sum);
                most.map_or_else(Counted::default, |(sum, of)| (sum, ids(&of)))
            }
            Self::HoldsWithoutOrders => {
                let (holds, orders): (Vec<&Entry>, Vec<&Entry>) =
                    entries.into_iter().partition(|it| it.deed == Deed::Held);
                let made_up_for = count(orders.len()).saturating_mul(HOLDS_PER_ORDER);
                (count(holds.len()).saturating_sub(made_up_for), ids(&holds))
            }
            _ => (count(entries.len()), ids(&entries)),
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What a rule does beside the alert.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Act {
    #[default]
    Watch,
    /// The order is not packed before somebody has looked at it.
    Hold,
    /// Commands from the same address are refused for some minutes.
    Slow,
}

/// A rule over what somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What it finds; of one kind there is one rule per scope.
    pub kind: AlertKind,
    pub by: Scope,
    pub counts: Counts,
    /// Microseconds.
    pub window_us: i64,
    /// From so many on it is found.
    pub limit: u32,
    pub severity: Severity,
}

const fn rule(
    kind: AlertKind,
    by: Scope,
    counts: Counts,
    (window_us, limit): (i64, u32),
    severity: Severity,
) -> Rule {
    Rule {
        kind,
        by,
        counts,
        window_us,
        limit,
        severity,
    }
}

/// Every rule that counts what somebody did. The limits lie above what a believable day of 10,000 orders shows
/// (offices, families, gifts, people who mistype) and below what scripts need; `load watch` measures both.
pub const RULES: &[Rule] = {
    use AlertKind as Kind;
    use Counts::{
        Accounts, AskedBack, Declines, HoldsWithoutOrders, Orders, PiecesOfOneSku, WrongSignIns,
    };
    use Scope::{Account, Order, Person, Place, Source, Visitor};
    use Severity::{Critical, Warning};
    &[
        rule(
            Kind::CardTesting,
            Source,
            Declines,
            (10 * MINUTE_US, 8),
            Critical,
        ),
        rule(Kind::CardTesting, Order, Declines, (HOUR_US, 6), Warning),
        rule(
            Kind::SignInGuessing,
            Account,
            WrongSignIns,
            (10 * MINUTE_US, 10),
            Warning,
        ),
        rule(
            Kind::CredentialStuffing,
            Source,
            Accounts,
            (10 * MINUTE_US, 8),
            Critical,
        ),
        rule(
            Kind::OrderVelocity,
            Source,
            Orders,
            (10 * MINUTE_US, 25),
            Warning,
        ),
        rule(
            Kind::OrderVelocity,
            Visitor,
            Orders,
            (10 * MINUTE_US, 6),
            Warning,
        ),
        rule(Kind::OrderVelocity, Person, Orders, (HOUR_US, 8), Warning),
        rule(
            Kind::ResaleLike,
            Source,
            PiecesOfOneSku { orders: 3 },
            (DAY_US, 15),
            Warning,
        ),
        rule(
            Kind::ResaleLike,
            Visitor,
            PiecesOfOneSku { orders: 2 },
            (DAY_US, 8),
            Warning,
        ),
        rule(
            Kind::ResaleLike,
            Person,
            PiecesOfOneSku { orders: 2 },
            (DAY_US, 8),
            Warning,
        ),
        rule(
            Kind::ResaleLike,
            Place,
            PiecesOfOneSku { orders: 3 },
            (DAY_US, 10),
            Warning,
        ),
        rule(
            Kind::RefundAbuse,
            Person,
            AskedBack,
            (30 * DAY_US, 7),
            Warning,
        ),
        rule(
            Kind::HoldHoarding,
            Source,
            HoldsWithoutOrders,
            (HOUR_US, 40),
            Warning,
        ),
        rule(
            Kind::HoldHoarding,
            Visitor,
            HoldsWithoutOrders,
            (HOUR_US, 12),
            Warning,
        ),
    ]
};

/// The longest time that a rule looks back.
pub const LONGEST_WINDOW_US: i64 = {
    let (mut longest, mut at) = (0, 0);
    while at < RULES.len() {
        if RULES[at].window_us > longest {
            longest = RULES[at].window_us;
        }
        at += 1;
    }
    longest
};

impl Rule {
    /// The rule of a kind over subjects of a scope.
    pub fn of(kind: AlertKind, by: Scope) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.kind == kind && rule.by == by)
    }

    /// The events that show that the limit is reached, the oldest first; `None` below it.
    pub fn finds<'a>(
        &self,
        entries: impl Iterator<Item = &'a Entry>,
        now_us: i64,
    ) -> Option<Vec<String>> {
        let recent = entries.filter(|entry| entry.at_us > now_us - self.window_us);
        let (counted, mut evidence) = self.counts.of(recent);
        if counted < self.limit {
            return None;
        }
        let more = evidence.len().saturating_sub(MAX_EVIDENCE);
        evidence.drain(..more);
        Some(evidence)
    }
}
