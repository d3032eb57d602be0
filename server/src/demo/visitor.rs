//! One visitor: what they look at, what they buy, and when they change their mind.

use anyhow::Context;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use shopper::forms::{self, Customer};
use shopper::http::{Connection, Refusal};
use shopper::order_socket::OrderSocket;
use types::cart::{Cart, totals};
use types::checkout::DeliveryMethod;
use types::order::{OrderStatus, order_number};
use types::{OrderId, Problem};
use uuid::Uuid;

use super::people::{self, DECLINED, GOOD_CARD};
use super::shelf::look_at;
use super::world::{Ending, What, World};

/// Seconds that people look at a page, and that a checkout takes.
const LOOKING: std::ops::Range<f64> = 8.0..75.0;
const TYPING: std::ops::Range<f64> = 40.0..150.0;

/// What somebody is going to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    LooksAround,
    /// Fills a cart and leaves it.
    Hesitates,
    Buys,
    /// The first card is declined, another one is given.
    BuysAtLast,
    /// The card is declined, and that was it.
    GivesUp,
    /// Orders without a card and takes it back.
    Cancels,
}

impl Intent {
    /// Each with how many of a hundred visitors have it.
    const OF_A_HUNDRED: [(Self, u32); 6] = [
        (Self::LooksAround, 70),
        (Self::Hesitates, 14),
        (Self::Buys, 11),
        (Self::BuysAtLast, 2),
        (Self::GivesUp, 1),
        (Self::Cancels, 2),
    ];

    fn choose(rng: &mut impl Rng) -> Self {
        let mut left: u32 = rng.random_range(0..100);
        for (intent, share) in Self::OF_A_HUNDRED {
            match left.checked_sub(share) {
                Some(rest) => left = rest,
                None => return intent,
            }
        }
        Self::LooksAround
    }
}

/// The whole visit. The first visitor always buys, so that something is to be seen soon.
pub async fn visit(world: World, number: u64, mut rng: StdRng) -> anyhow::Result<()> {
    let intent = match number {
        1 => Intent::Buys,
        _ => Intent::choose(&mut rng),
    };
    let mut connection = world.pool.take(&world.target).await?;
    let mut visitor = Visitor {
        world: &world,
        connection: &mut connection,
        customer: people::anybody(&mut rng),
        cookie: None,
    };
    visitor.look_around(&mut rng).await?;
    if intent != Intent::LooksAround && visitor.fill_cart(&mut rng).await? {
        if intent == Intent::Hesitates {
            return Ok(());
        }
        visitor.order(intent, &mut rng).await?;
    }
    world.pool.give_back(connection);
    Ok(())
}

struct Visitor<'a> {
    world: &'a World,
    connection: &'a mut Connection,
    customer: &'static Customer,
    /// Theirs, once they have a cart.
    cookie: Option<String>,
}

impl Visitor<'_> {
    async fn look_around(&mut self, rng: &mut StdRng) -> anyhow::Result<()> {
        let first = match rng.random_range(0..3) {
            0 => self.world.shelf.any_category(rng),
            1 => self.world.shelf.any_product(rng),
            _ => "/",
        };
        let mut next = first.to_owned();
        for _ in 0..rng.random_range(1..5) {
            let target = &self.world.target;
            self.connection
                .get_as(target, &next, "br", self.cookie.as_deref())
                .await?;
            self.world.pass(rng.random_range(LOOKING)).await?;
            next = match rng.random_range(0..3) {
                0 => self.world.shelf.any_category(rng).to_owned(),
                _ => self.world.shelf.any_product(rng).to_owned(),
            };
        }
        Ok(())
    }

    /// Chooses a piece or two; says whether anything is in the cart.
    async fn fill_cart(&mut self, rng: &mut StdRng) -> anyhow::Result<bool> {
        let pieces = if rng.random_ratio(1, 5) { 2 } else { 1 };
        let mut has_any = false;
        for _ in 0..pieces {
            let path = self.world.shelf.any_product(rng).to_owned();
            let target = &self.world.target;
            let cookie = self.cookie.clone();
            let there = look_at(self.connection, target, &path, cookie.as_deref()).await?;
            self.world.pass(rng.random_range(LOOKING)).await?;
            let Some(offer) = there.choose(rng) else {
                continue;
            };
            let note = if rng.random_ratio(1, 8) {
                "With love"
            } else {
                ""
            };
            let form = forms::pieces(&offer.sku, 1, note);
            let posted = self
                .connection
                .post(target, "/api/add_to_cart", cookie.as_deref(), form)
                .await;
            match posted {
                Ok(given) => {
                    self.cookie = given.or(cookie);
                    has_any = true;
                    let who = people::called(self.customer);
                    let title = &offer.title;
                    self.world.say(format!("{who} puts {title} into the cart"));
                }
                // Sold out since the page was read.
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(has_any)
    }

    async fn order(&mut self, intent: Intent, rng: &mut StdRng) -> anyhow::Result<()> {
        self.world.pass(rng.random_range(TYPING)).await?;
        let target = &self.world.target;
        let who = people::called(self.customer);
        let cookie = self.cookie.clone().context("a cart without a cookie")?;
        let (bad_card, complaint) = DECLINED[rng.random_range(0..DECLINED.len())];
        let card = match intent {
            Intent::BuysAtLast | Intent::GivesUp => Some(self.token(bad_card).await?),
            Intent::Cancels => None,
            _ => Some(self.token(GOOD_CARD).await?),
        };
        let cart = self
            .connection
            .ask(target, "/api/review_cart", &cookie, String::new())
            .await?;
        let cart: Cart = serde_json::from_str(&cart).context("the cart cannot be read")?;
        let total = totals(cart.subtotal, DeliveryMethod::Standard, &cart.delivery);
        let total = total.context("a cart too large to add up")?.total;
        let id = OrderId::new(Uuid::now_v7());
        let number = order_number(id);
        let form = forms::order_form(id, total.minor, card.as_deref(), self.customer);
        let placed = self
            .connection
            .post(target, "/api/place_order", Some(&cookie), form)
            .await;
        if let Err(error) = placed {
            let Some(why) = told(&error) else {
                return Err(error);
            };
            self.world.say(format!("{who} cannot order: {why}"));
            return Ok(());
        }
        self.world
            .say(format!("{who} orders for {total}: {number}"));
        let mut socket = OrderSocket::open(target, &cookie, id).await?;
        let mut is_second = false;
        let ending = loop {
            match socket.next_status().await? {
                OrderStatus::Rejected => break Ending::Rejected,
                OrderStatus::Cancelled => break Ending::Cancelled,
                status if status.is_paid() => break Ending::Confirmed,
                OrderStatus::AwaitingPayment if is_second => {}
                OrderStatus::AwaitingPayment => {
                    is_second = true;
                    if card.is_some() {
                        self.world
                            .say(format!("{who}'s card {complaint}: {number}"));
                    }
                    if intent == Intent::GivesUp {
                        break Ending::Left;
                    }
                    // An order that was placed is brought to its end, also after the demo was stopped.
                    let _ = self.world.pass(rng.random_range(TYPING)).await;
                    let (path, card) = match intent {
                        Intent::Cancels => ("/api/cancel_order", None),
                        _ => ("/api/pay_order", Some(self.token(GOOD_CARD).await?)),
                    };
                    let form = forms::about_order(id, card.as_deref());
                    self.connection
                        .post(target, path, Some(&cookie), form)
                        .await?;
                }
                _ => {}
            }
        };
        socket.close().await;
        self.world.say(match ending {
            Ending::Confirmed => format!("{number} is paid and confirmed"),
            Ending::Cancelled => format!("{who} has cancelled {number}"),
            Ending::Rejected => format!("{number} came too late: sold out meanwhile"),
            Ending::Left => format!("{who} leaves {number} unpaid"),
        });
        self.world.note(What::Ended(ending));
        Ok(())
    }

    async fn token(&mut self, number: &str) -> anyhow::Result<String> {
        people::show_card(self.connection, &self.world.target, number).await
    }
}

pub(super) fn is_conflict(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.status.as_u16() == 409)
}

/// What the shop said against an order, when that is part of a day: a price or a stock that moved.
fn told(error: &anyhow::Error) -> Option<String> {
    let refusal = error
        .downcast_ref::<Refusal>()
        .filter(|_| is_conflict(error))?;
    let problem = serde_json::from_str::<Problem>(&refusal.said);
    Some(problem.map_or_else(|_| refusal.said.clone(), |problem| problem.detail))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_hundred_visitors_have_all_intents() {
        let all: u32 = Intent::OF_A_HUNDRED.iter().map(|(_, share)| share).sum();
        assert_eq!(all, 100);
        let mut rng = StdRng::seed_from_u64(3);
        let chosen: Vec<Intent> = (0..2_000).map(|_| Intent::choose(&mut rng)).collect();
        for (intent, share) in Intent::OF_A_HUNDRED {
            let found = chosen.iter().filter(|chosen| **chosen == intent).count();
            let expected = share as usize * 20;
            assert!(
                found * 3 > expected && found < expected * 3 + 3,
                "{intent:?}: {found}"
            );
        }
    }
}
