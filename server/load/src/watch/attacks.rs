//! What scripts do to a shop, each as fast as such scripts are.

use domain::Event;
use domain::event::{
    MailBounced, Pieces, ReservationHeld, ReturnAsked, SignInFailed, StockMove, StockReserved,
};
use types::alert::AlertKind;
use types::{Currency, Money, ShopperId};

use super::day::{SECOND_US, declined, placed, sku};
use super::happening::{Happening, Ids, Who};

/// A scripted attack, or a fault.
#[derive(Debug, Clone)]
pub struct Attack {
    pub name: &'static str,
    /// Which rule is to find it, and of whom.
    pub kind: AlertKind,
    pub of: &'static str,
    pub told: Vec<Happening>,
}

/// Writes what an attacker does, one thing after the other.
struct Script {
    ids: Ids,
    at_us: i64,
}

/// What the n-th thing is, by whom.
type Deed<'a> = &'a dyn Fn(&mut Ids, usize) -> (Event, Who);

impl Script {
    fn told(&mut self, count: usize, per_second: i64, deed: Deed<'_>) -> Vec<Happening> {
        (0..count)
            .map(|n| {
                let (event, who) = deed(&mut self.ids, n);
                let gap = SECOND_US / per_second * i64::try_from(n).unwrap_or(0);
                Happening {
                    at_us: self.at_us + gap,
                    id: self.ids.text(),
                    who,
                    event,
                }
            })
            .collect()
    }
}

fn from(origin: &str) -> Who {
    Who {
        origin: Some(origin.to_owned()),
        ..Who::default()
    }
}

/// Another address, email and place each time, but for what is given.
fn disguised(n: usize, origin: Option<&str>, person: Option<&str>, place: Option<&str>) -> Who {
    let or = |given: Option<&str>, what: &str| {
        Some(given.map_or_else(|| format!("{what} {n} of a botnet"), str::to_owned))
    };
    Who {
        origin: or(origin, "address"),
        person: or(person, "email"),
        place: or(place, "place"),
    }
}

fn hold(shopper_id: ShopperId) -> Event {
    ReservationHeld {
        shopper_id,
        lines: vec![Pieces {
            sku: sku(1),
            quantity: 1,
        }],
        short: Vec::new(),
        until_us: 0,
        extensions: 0,
        moves: vec![StockMove {
            sku: sku(1),
            quantity: 1,
            on_hand: 4,
            allocated: 0,
            reserved: 1,
        }],
    }
    .into()
}

fn order(ids: &mut Ids, browser: ShopperId, number: usize, quantity: u32) -> Event {
    placed(ids.of(), browser, &[(number, quantity)]).into()
}

/// Every attack, beginning at a moment.
pub fn attacks(at_us: i64) -> Vec<Attack> {
    let mut script = Script {
        ids: Ids::from(1 << 40),
        at_us,
    };
    let browser: ShopperId = script.ids.of();
    let reseller: ShopperId = script.ids.of();
    let hoarder: ShopperId = script.ids.of();
    let one_order = script.ids.of();
    let attack = |name, kind, of, told| Attack {
        name,
        kind,
        of,
        told,
    };
    vec![
        attack(
            "stolen cards, one order after the other from one address",
            AlertKind::CardTesting,
            "source",
            script.told(24, 4, &|ids, _| {
                (declined(ids.of(), 1).into(), from("tester"))
            }),
        ),
        attack(
            "stolen cards on one order, from many addresses",
            AlertKind::CardTesting,
            "order",
            script.told(12, 2, &|_, n| {
                let attempt = u32::try_from(n).unwrap_or(0) + 1;
                (
                    declined(one_order, attempt).into(),
                    disguised(n, None, None, None),
                )
            }),
        ),
        attack(
            "passwords for one account, from many addresses",
            AlertKind::SignInGuessing,
            "account",
            script.told(30, 4, &|_, n| {
                let account = "the owner".to_owned();
                (
                    SignInFailed { account }.into(),
                    disguised(n, None, None, None),
                )
            }),
        ),
        attack(
            "leaked passwords, account after account from one address",
            AlertKind::CredentialStuffing,
            "source",
            script.told(20, 2, &|_, n| {
                let account = format!("leaked {n}");
                (SignInFailed { account }.into(), from("stuffer"))
            }),
        ),
        attack(
            "orders by a script from one address, a new browser each",
            AlertKind::OrderVelocity,
            "source",
            script.told(60, 10, &|ids, n| {
                let browser = ids.of();
                (
                    order(ids, browser, 1 + n % 90, 1),
                    disguised(n, Some("ordering"), None, None),
                )
            }),
        ),
        attack(
            "orders by a script with one cookie, from many addresses",
            AlertKind::OrderVelocity,
            "visitor",
            script.told(12, 2, &|ids, n| {
                (
                    order(ids, browser, 1 + n % 90, 1),
                    disguised(n, None, None, None),
                )
            }),
        ),
        attack(
            "orders with one email, from many addresses and browsers",
            AlertKind::OrderVelocity,
            "person",
            script.told(16, 3, &|ids, n| {
                let browser = ids.of();
                (
                    order(ids, browser, 1 + n % 90, 1),
                    disguised(n, None, Some("buyer"), None),
                )
            }),
        ),
        attack(
            "a limited piece bought up from one address",
            AlertKind::ResaleLike,
            "source",
            script.told(10, 2, &|ids, n| {
                let browser = ids.of();
                (
                    order(ids, browser, 0, 2),
                    disguised(n, Some("reseller"), None, None),
                )
            }),
        ),
        attack(
            "the same with one email",
            AlertKind::ResaleLike,
            "person",
            script.told(8, 2, &|ids, n| {
                let browser = ids.of();
                (
                    order(ids, browser, 0, 2),
                    disguised(n, None, Some("reseller"), None),
                )
            }),
        ),
        attack(
            "the same with one cookie",
            AlertKind::ResaleLike,
            "visitor",
            script.told(8, 2, &|ids, n| {
                (order(ids, reseller, 0, 2), disguised(n, None, None, None))
            }),
        ),
        attack(
            "the same to one door, everything else changed",
            AlertKind::ResaleLike,
            "place",
            script.told(8, 2, &|ids, n| {
                let browser = ids.of();
                (
                    order(ids, browser, 0, 2),
                    disguised(n, None, None, Some("warehouse")),
                )
            }),
        ),
        attack(
            "order after order to be taken back",
            AlertKind::RefundAbuse,
            "person",
            script.told(10, 2, &|ids, _| {
                let asked = ReturnAsked {
                    order_id: ids.of(),
                    return_id: ids.of(),
                    number: 1,
                    lines: Vec::new(),
                };
                let who = Who {
                    person: Some("returner".to_owned()),
                    ..Who::default()
                };
                (asked.into(), who)
            }),
        ),
        attack(
            "pieces held by a script from one address, a new browser each",
            AlertKind::HoldHoarding,
            "source",
            script.told(80, 20, &|ids, _| (hold(ids.of()), from("hoarder"))),
        ),
        attack(
            "pieces held with one cookie, from many addresses",
            AlertKind::HoldHoarding,
            "visitor",
            script.told(20, 4, &|_, n| {
                (hold(hoarder), disguised(n, None, None, None))
            }),
        ),
        attack(
            "the gateway declines everything",
            AlertKind::PaymentsFailing,
            "test",
            script.told(60, 10, &|ids, n| {
                (declined(ids.of(), 1).into(), disguised(n, None, None, None))
            }),
        ),
        attack(
            "the mail server refuses everything",
            AlertKind::MailsBouncing,
            "mails",
            script.told(40, 10, &|ids, _| {
                (MailBounced { mail_id: ids.of() }.into(), Who::default())
            }),
        ),
        attack(
            "an order with a price that nobody set",
            AlertKind::PriceWrong,
            "AS-DAY",
            script.told(1, 1, &|ids, n| {
                let mut cheap = placed(ids.of(), ids.of(), &[(1, 1)]);
                cheap.lines[0].unit_price = Money::new(100, Currency::Eur);
                (cheap.into(), disguised(n, None, None, None))
            }),
        ),
        attack(
            "more promised than there is",
            AlertKind::StockWrong,
            "AS-DAY",
            script.told(1, 1, &|ids, _| {
                let oversold = StockReserved {
                    order_id: ids.of(),
                    moves: vec![StockMove {
                        sku: sku(1),
                        quantity: 1,
                        on_hand: 4,
                        allocated: 5,
                        reserved: 0,
                    }],
                    from_checkout: None,
                };
                (oversold.into(), Who::default())
            }),
        ),
    ]
}
