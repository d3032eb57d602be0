//! An ordinary day: peaks at lunch and in the evening, a limited piece that many want at eight, gifts, families,
//! offices, cards that are declined, checkouts that are opened and left, pieces that are sent back, mistyped emails
//! and passwords.

use std::collections::BTreeMap;

use domain::Event;
use domain::catalogue::{ProductDetails, Variant};
use domain::event::{
    Gateway, MailBounced, OrderPlaced, OrderedLine, PaymentAuthorized, PaymentDeclined, Pieces,
    PriceChanged, ProductIntroduced, ReservationHeld, ReturnAsked, SignInFailed, StockMove,
    StockReserved,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use types::order::DeclineReason;
use types::{Currency, Money, OrderId, ShopperId, Sku};

use super::happening::{Happening, Ids, Who};
use super::people::{Person, somebody};

/// Monday, 2026-11-30, 00:00 UTC.
pub const MIDNIGHT_US: i64 = 1_795_996_800_000_000;
pub const SECOND_US: i64 = 1_000_000;
const HOUR_US: i64 = 3_600 * SECOND_US;
/// How many of all orders are placed in each hour.
const HOURS: [u32; 24] = [
    2, 1, 1, 1, 1, 2, 4, 8, 12, 14, 16, 20, 26, 20, 16, 16, 18, 22, 28, 34, 40, 36, 22, 8,
];
const SKUS: usize = 165;
/// The limited piece that is sold from eight in the evening on.
const LIMITED: usize = 0;
const DROP_HOUR: i64 = 20;
const STOCK: i64 = 1_000_000;

pub fn sku(number: usize) -> Sku {
    match format!("AS-DAY-{number}").parse() {
        Ok(sku) => sku,
        Err(_) => unreachable!("letters, digits and dashes are a SKU"),
    }
}

/// What a SKU costs at the beginning.
pub fn first_price(number: usize) -> Money {
    let euros = 90 + 37 * i64::try_from(number).unwrap_or(0);
    Money::new(euros * 100, Currency::Eur)
}

/// A day as it is written, event by event.
struct Diary {
    rng: StdRng,
    ids: Ids,
    told: Vec<Happening>,
    /// Allocated pieces.
    allocated: BTreeMap<Sku, i64>,
}

impl Diary {
    fn tell(&mut self, at_us: i64, who: &Who, event: impl Into<Event>) {
        self.told.push(Happening {
            at_us,
            id: self.ids.text(),
            who: who.clone(),
            event: event.into(),
        });
    }

    fn seconds(&mut self, from: i64, to: i64) -> i64 {
        self.rng.random_range(from..to) * SECOND_US + self.rng.random_range(0..SECOND_US)
    }

    /// Opens the shop: every SKU with its price.
    fn introduce(&mut self) {
        let variants = (0..=SKUS).map(|number| Variant {
            sku: sku(number),
            metal: String::new(),
            metal_label: String::new(),
            size_label: String::new(),
            barcode: String::new(),
            price: first_price(number),
            compare_at: None,
            image: 0,
            reorder_threshold: 0,
            withdrawn: false,
        });
        let introduced = ProductIntroduced {
            product: slug(),
            category: slug(),
            title: "A day".to_owned(),
            details: ProductDetails::default(),
            variants: variants.collect(),
            by: "seed".to_owned(),
        };
        self.tell(MIDNIGHT_US, &Who::default(), introduced);
    }

    /// Opens the checkout, which holds pieces.
    fn hold(&mut self, at_us: i64, person: &Person, wanted: usize) {
        let sku = sku(wanted);
        let allocated = self.allocated.get(&sku).copied().unwrap_or(0);
        let held = ReservationHeld {
            shopper_id: person.browser,
            lines: vec![Pieces {
                sku: sku.clone(),
                quantity: 1,
            }],
            short: Vec::new(),
            until_us: at_us + 600 * SECOND_US,
            extensions: 0,
            moves: vec![StockMove {
                sku,
                quantity: 1,
                on_hand: STOCK,
                allocated,
                reserved: 1,
            }],
        };
        self.tell(at_us, &person.who, held);
    }

    /// Orders, and pays: with the second or third card at times, and at times not at all.
    fn order(&mut self, at_us: i64, person: &Person, lines: &[(usize, u32)]) {
        let before = self.rng.random_range(20..300) * SECOND_US;
        self.hold(at_us - before, person, lines[0].0);
        let order_id: OrderId = self.ids.of();
        let mut moves = Vec::new();
        for (number, quantity) in lines {
            let allocated = self.allocated.entry(sku(*number)).or_default();
            *allocated += i64::from(*quantity);
            moves.push(StockMove {
                sku: sku(*number),
                quantity: *quantity,
                on_hand: STOCK,
                allocated: *allocated,
                reserved: 0,
            });
        }
        self.tell(at_us, &person.who, placed(order_id, person.browser, lines));
        let reserved = StockReserved {
            order_id,
            moves,
            from_checkout: None,
        };
        self.tell(at_us, &person.who, reserved);
        let (mut at_us, mut attempt) = (at_us, 1);
        loop {
            at_us += self.seconds(1, 3);
            if !self.rng.random_bool(0.06) {
                self.tell(at_us, &person.who, authorized(order_id, attempt));
                break;
            }
            self.tell(at_us, &person.who, declined(order_id, attempt));
            // Who has no other card at hand, or gives up.
            if attempt == 4 || self.rng.random_bool(0.2) {
                break;
            }
            at_us += self.seconds(20, 120);
            attempt += 1;
        }
        // A mistyped email.
        if self.rng.random_bool(0.004) {
            for _ in 0..2 {
                at_us += self.seconds(1, 4);
                let mail_id = self.ids.of();
                self.tell(at_us, &person.who, MailBounced { mail_id });
            }
        }
    }

    /// One or two pieces, each in a while more of the same: a gift for all bridesmaids.
    fn wishes(&mut self) -> Vec<(usize, u32)> {
        let popular = self.rng.random_bool(0.2);
        let first = match popular {
            true => self.rng.random_range(1..9),
            false => self.rng.random_range(1..=SKUS),
        };
        let quantity = match self.rng.random_range(0..100) {
            0..4 => self.rng.random_range(3..7),
            4..14 => 2,
            _ => 1,
        };
        let mut wishes = vec![(first, quantity)];
        if self.rng.random_bool(0.25) {
            let second = self.rng.random_range(1..=SKUS);
            if second != first {
                wishes.push((second, 1));
            }
        }
        wishes
    }

    /// A moment of the day, as the peaks have it.
    fn moment(&mut self, is_at_work: bool) -> i64 {
        let weight = |hour: usize| match is_at_work {
            // Offices order at work, and half of that at lunch.
            true if hour == 12 => 60,
            true if (8..18).contains(&hour) => 6,
            true => 0,
            false => HOURS[hour],
        };
        let all: u32 = (0..24).map(weight).sum();
        let mut draw = self.rng.random_range(0..all);
        let mut hour = 0;
        while draw >= weight(hour) {
            draw -= weight(hour);
            hour += 1;
        }
        let within = self.seconds(400, 3_600);
        MIDNIGHT_US + i64::try_from(hour).unwrap_or(0) * HOUR_US + within
    }
}

fn slug() -> types::Slug {
    match "a-day".parse() {
        Ok(slug) => slug,
        Err(_) => unreachable!("letters and dashes are a slug"),
    }
}

pub fn placed(order_id: OrderId, shopper_id: ShopperId, lines: &[(usize, u32)]) -> OrderPlaced {
    let line = |(number, quantity): &(usize, u32)| OrderedLine {
        sku: sku(*number),
        quantity: *quantity,
        unit_price: first_price(*number),
        adjustments: Vec::new(),
        tax: Vec::new(),
    };
    OrderPlaced {
        order_id,
        shopper_id,
        lines: lines.iter().map(line).collect(),
        total: first_price(lines[0].0),
        payment_token: None,
    }
}

pub fn authorized(order_id: OrderId, attempt: u32) -> PaymentAuthorized {
    PaymentAuthorized {
        order_id,
        amount: first_price(1),
        attempt,
        authorization_id: format!("auth_{order_id}"),
        gateway: Gateway::Test,
    }
}

pub fn declined(order_id: OrderId, attempt: u32) -> PaymentDeclined {
    PaymentDeclined {
        order_id,
        attempt,
        reason: DeclineReason::CardDeclined,
        gateway: Gateway::Test,
    }
}

/// A day of so many orders, in the order of time.
pub fn day(orders: u32, seed: u64) -> Vec<Happening> {
    let mut diary = Diary {
        rng: StdRng::seed_from_u64(seed),
        ids: Ids::from(0),
        told: Vec::new(),
        allocated: BTreeMap::new(),
    };
    diary.introduce();
    let mut left = orders;
    let mut customers: Vec<Person> = Vec::new();
    while left > 0 {
        let person = somebody(&mut diary.rng, &mut diary.ids);
        let draw = diary.rng.random_range(0..1_000);
        // Four in a hundred come for the limited piece, within ten minutes.
        let wants_limited = (0..40).contains(&draw) && !person.is_at_work;
        let mut at_us = match wants_limited {
            true => MIDNIGHT_US + DROP_HOUR * HOUR_US + diary.seconds(0, 600),
            false => diary.moment(person.is_at_work),
        };
        let lines = match wants_limited {
            true => vec![(LIMITED, 1)],
            false => diary.wishes(),
        };
        diary.order(at_us, &person, &lines);
        left -= 1;
        // Some have forgotten something, a few twice, and order once more.
        let more = match draw {
            940..990 => 1,
            990..1_000 => 2,
            _ => 0,
        };
        for _ in 0..more.min(left) {
            at_us += diary.seconds(240, 3_000);
            let other = diary.wishes();
            diary.order(at_us, &person, &other[..1]);
            left -= 1;
        }
        customers.push(person);
    }
    // Who looks into the checkout and leaves it, up to four times.
    for _ in 0..orders / 2 {
        let person = somebody(&mut diary.rng, &mut diary.ids);
        let mut at_us = diary.moment(person.is_at_work);
        for _ in 0..diary.rng.random_range(1..5) {
            let wanted = diary.rng.random_range(1..=SKUS);
            diary.hold(at_us, &person, wanted);
            at_us += diary.seconds(30, 900);
        }
    }
    // What was bought before comes back: mostly one order of a person, up to three.
    for _ in 0..orders / 40 {
        let person = &customers[diary.rng.random_range(0..customers.len())];
        let (who, mut at_us) = (person.who.clone(), diary.moment(false));
        for _ in 0..[1, 1, 1, 1, 2, 2, 3][diary.rng.random_range(0..7)] {
            let asked = ReturnAsked {
                order_id: diary.ids.of(),
                return_id: diary.ids.of(),
                number: 1,
                lines: Vec::new(),
            };
            diary.tell(at_us, &who, asked);
            at_us += diary.seconds(60, 600);
        }
    }
    // Six members of staff, who mistype; one has forgotten and tries five times.
    for member in 0..6 {
        let tries = match member {
            0 => 5,
            _ => diary.rng.random_range(0..3),
        };
        let who = Who {
            origin: Some("the shop's own office".to_owned()),
            ..Who::default()
        };
        let mut at_us = MIDNIGHT_US + 8 * HOUR_US + diary.seconds(0, 1_200);
        for _ in 0..tries {
            let account = format!("member {member}");
            diary.tell(at_us, &who, SignInFailed { account });
            at_us += diary.seconds(5, 40);
        }
    }
    // A few prices change at night, before anybody orders at them.
    for number in SKUS + 1..SKUS + 6 {
        let changed = PriceChanged {
            product: slug(),
            sku: sku(number),
            price: first_price(number),
            compare_at: None,
            before: first_price(1),
            by: "ada".to_owned(),
        };
        diary.tell(MIDNIGHT_US + SECOND_US, &Who::default(), changed);
    }
    // Who is there at midnight ordered yesterday.
    diary.told.retain(|it| it.at_us >= MIDNIGHT_US);
    diary.told.sort_by_key(|it| it.at_us);
    diary.told
}
