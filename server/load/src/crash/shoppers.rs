//! Many shoppers at once who do what shoppers do, until the shop is gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use futures::future::try_join_all;
use hyper::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use types::OrderId;
use types::order::OrderStatus;
use uuid::Uuid;

use super::conditions::SHOPPERS;
use super::diary::{
    CANCELLATION_ASKED, CANCELLED, CARD_GIVEN, CONFIRMED, Diary, PLACED, Placing, Promise, REJECTED,
};
use crate::goods::Good;
use shopper::forms::{ADA, about_order, order_form, pieces};
use shopper::http::{Connection, Pool, Refusal};
use shopper::order_socket::OrderSocket;
use shopper::target::Target;

/// Pieces that each of them wants of the SKU they all begin with: some get none.
const WANTED_FIRST: std::ops::RangeInclusive<u32> = 3..=10;
const WANTED: std::ops::RangeInclusive<u32> = 1..=2;

const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";

/// The page hears that an order waits for a card a moment before the shop would take one.
const TRIES: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// How a shopper goes about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Pays,
    PaysAndWatches,
    /// The first card is declined, another one is given.
    PaysAtLast,
    PaysLater,
    /// No card; changes their mind.
    Cancels,
    /// The card is declined, and that was it: the payment window ends the order.
    GivesUp,
    /// No card, and never comes back.
    Forgets,
}

impl Way {
    /// Each with how many in twenty go that way.
    const WAYS: [(Self, u32); 7] = [
        (Self::Pays, 5),
        (Self::PaysAndWatches, 5),
        (Self::PaysAtLast, 3),
        (Self::PaysLater, 2),
        (Self::Cancels, 3),
        (Self::GivesUp, 1),
        (Self::Forgets, 1),
    ];

    fn choose(rng: &mut StdRng) -> Self {
        let all = Self::WAYS.iter().map(|(_, weight)| weight).sum();
        let mut left = rng.random_range(0..all);
        for (way, weight) in Self::WAYS {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return way,
            }
        }
        Self::Pays
    }

    /// The card that goes with the order.
    const fn card(self) -> Option<&'static str> {
        match self {
            Self::Pays | Self::PaysAndWatches => Some(GOOD_CARD),
            Self::PaysAtLast | Self::GivesUp => Some(BAD_CARD),
            Self::PaysLater | Self::Cancels | Self::Forgets => None,
        }
    }

    const fn watches(self) -> bool {
        !matches!(self, Self::Pays | Self::GivesUp | Self::Forgets)
    }
}

/// A cart that is filled.
struct Cart {
    connection: Connection,
    cookie: String,
    total_minor: i64,
}

/// The shoppers of one round and what they share.
pub struct Crowd {
    target: Target,
    goods: Arc<[Good]>,
    pool: Pool,
    diary: Mutex<Diary>,
    ordered: Notify,
    is_ending: AtomicBool,
}

impl Crowd {
    pub fn new(target: Target, goods: Arc<[Good]>) -> Self {
        Self {
            target,
            goods,
            pool: Pool::default(),
            diary: Mutex::default(),
            ordered: Notify::new(),
            is_ending: AtomicBool::new(false),
        }
    }

    /// Lets the shoppers in: those who come back with an order that was never answered, and new ones
    /// who have all chosen the same piece. They go when the shop does.
    pub async fn enter(
        self: &Arc<Self>,
        seed: u64,
        returning: Vec<Placing>,
    ) -> anyhow::Result<JoinSet<()>> {
        let mut rng = StdRng::seed_from_u64(seed);
        let good = &self.goods[rng.random_range(0..self.goods.len())];
        let wanted: Vec<u32> = (0..SHOPPERS)
            .map(|_| rng.random_range(WANTED_FIRST))
            .collect();
        let carts = wanted.iter().map(|&pieces| self.fill_cart(good, pieces));
        let carts = try_join_all(carts).await.context("filling carts")?;
        let mut shoppers = JoinSet::new();
        for placing in returning {
            let crowd = self.clone();
            shoppers.spawn(async move { crowd.come_back(placing).await });
        }
        for cart in carts {
            let crowd = self.clone();
            let rng = StdRng::seed_from_u64(rng.random());
            shoppers.spawn(async move { crowd.buy(rng, cart).await });
        }
        Ok(shoppers)
    }

    /// Waits until somebody orders.
    pub async fn first_order(&self) {
        self.ordered.notified().await;
    }

    /// From now on it is no wonder when the shop does not answer.
    pub fn expect_the_end(&self) {
        self.is_ending.store(true, Ordering::Release);
    }

    /// What the shoppers know, once they are gone.
    pub fn diary(&self) -> Diary {
        std::mem::take(&mut *self.write())
    }

    fn write(&self) -> MutexGuard<'_, Diary> {
        self.diary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn promised(&self, order: OrderId, event: &'static str) {
        self.write().promises.push(Promise { order, event });
    }

    /// Enters what should not have happened; says whether the shopper can go on.
    fn went_wrong(&self, error: &anyhow::Error) -> bool {
        let answered = error.is::<Refusal>();
        if answered || !self.is_ending.load(Ordering::Acquire) {
            let who = "a shopper of a shop that was running";
            self.write().complaints.push(format!("{who}: {error:#}"));
        }
        answered
    }

    /// One order after the other.
    async fn buy(&self, mut rng: StdRng, first: Option<Cart>) {
        let mut cart = first;
        loop {
            if let Err(error) = self.visit(&mut rng, cart.take()).await
                && !self.went_wrong(&error)
            {
                return;
            }
        }
    }

    async fn visit(&self, rng: &mut StdRng, cart: Option<Cart>) -> anyhow::Result<()> {
        let cart = match cart {
            Some(cart) => cart,
            None => {
                let good = &self.goods[rng.random_range(0..self.goods.len())];
                let Some(cart) = self.fill_cart(good, rng.random_range(WANTED)).await? else {
                    return Ok(());
                };
                cart
            }
        };
        let holds_first = rng.random_bool(0.5);
        let way = Way::choose(rng);
        let id = OrderId::new(Uuid::now_v7());
        let Cart {
            mut connection,
            cookie,
            total_minor,
        } = cart;
        let placing = Placing {
            id,
            cookie: cookie.clone(),
            form: order_form(id, total_minor, way.card(), &ADA),
        };
        if holds_first {
            // As the page of the checkout does; what cannot be held is ordered all the same.
            connection
                .post(&self.target, "/api/hold_cart", Some(&cookie), String::new())
                .await?;
        }
        self.place(&mut connection, placing).await?;
        if way.watches() {
            self.watch(&mut connection, &cookie, id, way).await?;
        }
        self.pool.give_back(connection);
        Ok(())
    }

    /// `None` when there are not enough pieces left.
    async fn fill_cart(&self, good: &Good, quantity: u32) -> anyhow::Result<Option<Cart>> {
        let mut connection = self.pool.take(&self.target).await?;
        let form = pieces(&good.sku, quantity, "");
        let posted = connection.post(&self.target, "/api/add_to_cart", None, form);
        let cookie = match posted.await {
            Ok(cookie) => cookie.context("add_to_cart gave no shopper cookie")?,
            Err(error) if is_conflict(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Cart {
            connection,
            cookie,
            total_minor: good.total_minor(quantity)?,
        }))
    }

    async fn place(&self, connection: &mut Connection, placing: Placing) -> anyhow::Result<()> {
        self.ordered.notify_one();
        let (cookie, form) = (Some(placing.cookie.as_str()), placing.form.clone());
        let posted = connection.post(&self.target, "/api/place_order", cookie, form);
        match posted.await {
            Ok(_) => self.promised(placing.id, PLACED),
            Err(error) => {
                if !error.is::<Refusal>() {
                    self.write().unanswered.push(placing);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Sends an order again that was never answered. Whether the shop has it or not, it must accept.
    async fn come_back(&self, placing: Placing) {
        let placed = async {
            let mut connection = self.pool.take(&self.target).await?;
            self.place(&mut connection, placing).await?;
            self.pool.give_back(connection);
            anyhow::Ok(())
        };
        if let Err(error) = placed.await.context("an order sent again") {
            self.went_wrong(&error);
        }
    }

    /// Follows an order to its end, and does what the shopper does when it waits for a card.
    async fn watch(
        &self,
        connection: &mut Connection,
        cookie: &str,
        id: OrderId,
        way: Way,
    ) -> anyhow::Result<()> {
        let mut to_do = match way {
            Way::PaysAtLast | Way::PaysLater => Some(("/api/pay_order", CARD_GIVEN)),
            Way::Cancels => Some(("/api/cancel_order", CANCELLATION_ASKED)),
            _ => None,
        };
        let mut socket = OrderSocket::open(&self.target, cookie, id).await?;
        loop {
            let status = socket.next_status().await?;
            if let Some(end) = end(status) {
                self.promised(id, end);
                break;
            }
            if status == OrderStatus::AwaitingPayment
                && let Some((path, event)) = to_do.take()
                && self.ask(connection, path, cookie, id).await?
            {
                self.promised(id, event);
            }
        }
        socket.close().await;
        Ok(())
    }

    /// Gives a card or cancels; says whether the order was still there to be asked about.
    async fn ask(
        &self,
        connection: &mut Connection,
        path: &str,
        cookie: &str,
        id: OrderId,
    ) -> anyhow::Result<bool> {
        let form = about_order(id, Some(GOOD_CARD));
        for _ in 0..TRIES {
            let posted = connection.post(&self.target, path, Some(cookie), form.clone());
            match posted.await {
                Ok(_) => return Ok(true),
                Err(error) if is_conflict(&error) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

fn is_conflict(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.status == StatusCode::CONFLICT)
}

/// The event behind an order's end, when it is one.
const fn end(status: OrderStatus) -> Option<&'static str> {
    match status {
        OrderStatus::Rejected => Some(REJECTED),
        OrderStatus::Cancelled => Some(CANCELLED),
        status if !status.is_final() => None,
        _ => Some(CONFIRMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_gone_and_the_seed_decides() {
        let ways = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            (0..400).map(|_| Way::choose(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(ways(1), ways(1));
        for (way, _) in Way::WAYS {
            assert!(ways(1).contains(&way), "{way:?}");
        }
    }
}
