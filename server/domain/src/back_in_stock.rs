//! Who waits for a SKU that is sold out, and whose turn it is when it is back: in the order of their
//! sign-ups, and never more of them at once than there are pieces. Who was told has some time in which a
//! piece counts as theirs; after that the next ones are told of what is still there.

pub mod events;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use types::{SignupId, Sku};

use crate::event::{
    BackInStockAwaited, BackInStockDue, BackInStockElapsed, BackInStockExpired, BackInStockMissed,
    BackInStockRefused, BackInStockRequested, BackInStockRequeued, BackInStockReturned,
    BackInStockSettled, BackInStockWithdrawalRequested, BackInStockWithdrawn, Event, SettledBy,
};
use crate::stock::{Stock, levels_of};

/// What the shop has set for all sign-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long a piece counts as that of somebody who was told, in microseconds.
    pub answer_us: i64,
}

impl Rules {
    pub const fn of_seconds(seconds: u32) -> Self {
        Self {
            answer_us: seconds as i64 * 1_000_000,
        }
    }
}

/// Somebody in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub id: SignupId,
    /// Until when they wait, unix microseconds.
    pub until_us: i64,
}

/// Somebody who was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub id: SignupId,
    /// Until when a piece counts as theirs, unix microseconds.
    pub until_us: i64,
}

/// Those who wait for a SKU, and those who were told. Empty before and after.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Queue {
    /// In the order of their sign-ups.
    pub waiting: VecDeque<Waiting>,
    /// In the order in which they were told.
    pub told: Vec<Told>,
    /// Of the SKU, as of the newest event.
    pub stock: Stock,
}

/// The inventory's answer to a sign-up: only it knows at which moment a SKU is sold out.
pub fn answer(stock: Option<&Stock>, asked: &BackInStockRequested) -> Event {
    let BackInStockRequested {
        signup_id,
        sku,
        until_us,
    } = asked.clone();
    match stock {
        Some(stock) if stock.available() <= 0 => BackInStockAwaited {
            signup_id,
            sku,
            until_us,
            stock: *stock,
        }
        .into(),
        stock => BackInStockRefused {
            signup_id,
            sku,
            available: stock.map_or(0, |stock| stock.available()),
        }
        .into(),
    }
}

/// The inventory's answer to somebody's not having been told: they come back.
pub fn take_back(stock: Option<&Stock>, missed: &BackInStockMissed) -> Event {
    let BackInStockMissed {
        signup_id,
        sku,
        until_us,
        waits_until_us,
    } = missed.clone();
    BackInStockReturned {
        signup_id,
        sku,
        until_us,
        waits_until_us,
        stock: stock.copied().unwrap_or_default(),
    }
    .into()
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.told.is_empty()
    }

    /// Whether nobody waits, was told, or is just coming back.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// When the next time of somebody is over, unix microseconds.
    pub fn deadline(&self) -> Option<i64> {
        let waiting = self.waiting.iter().map(|it| it.until_us);
        waiting.chain(self.told.iter().map(|it| it.until_us)).min()
    }

    /// The event that says that this time is over.
    pub fn elapsed(&self, sku: &Sku) -> Option<Event> {
        let elapsed = BackInStockElapsed {
            sku: sku.clone(),
            at_us: self.deadline()?,
        };
        Some(elapsed.into())
    }

    /// What follows an event about the SKU that happened at `at_us`.
    pub fn decide(&self, sku: &Sku, event: &Event, at_us: i64, rules: &Rules) -> Vec<Event> {
        if self.is_empty() && !matches!(event, Event::BackInStockReturned(_)) {
            return Vec::new();
        }
        // What is decided is taken note of here, too: one decision may build on the one before.
        let mut queue = self.clone();
        let mut decided = Vec::new();
        let mut say = |queue: &mut Self, event: Event| {
            queue.evolve(sku, &event);
            decided.push(event);
        };
        let before = queue.stock;
        queue.evolve(sku, event);
        let sold = usize::try_from(before.unsold() - queue.stock.unsold()).unwrap_or(0);
        let settled = |told: &[Told], by| {
            let signups: Vec<SignupId> = told.iter().map(|it| it.id).collect();
            let sku = sku.clone();
            (!signups.is_empty()).then(|| BackInStockSettled { sku, signups, by }.into())
        };
        let first = &queue.told[..sold.min(queue.told.len())];
        if let Some(event) = settled(first, SettledBy::Sale) {
            say(&mut queue, event);
        }
        match event {
            Event::BackInStockElapsed(_) => {
                let over = queue.told.iter().filter(|it| it.until_us <= at_us);
                let over: Vec<Told> = over.copied().collect();
                if let Some(event) = settled(&over, SettledBy::Deadline) {
                    say(&mut queue, event);
                }
                let waiting = queue.waiting.clone().into_iter();
                for waiting in waiting.filter(|it| it.until_us <= at_us) {
                    let expired = BackInStockExpired {
                        signup_id: waiting.id,
                        sku: sku.clone(),
                    };
                    say(&mut queue, expired.into());
                }
            }
            Event::BackInStockWithdrawalRequested(BackInStockWithdrawalRequested {
                signup_id,
                sku,
                by,
            }) if queue.knows(*signup_id) => {
                let withdrawn = BackInStockWithdrawn {
                    signup_id: *signup_id,
                    sku: sku.clone(),
                    by: *by,
                };
                say(&mut queue, withdrawn.into());
            }
            Event::BackInStockReturned(back) if !queue.has_moved_on(back) => {
                let requeued = BackInStockRequeued {
                    signup_id: back.signup_id,
                    sku: sku.clone(),
                    until_us: back.waits_until_us,
                };
                say(&mut queue, requeued.into());
            }
            _ => {}
        }
        for next in queue.next() {
            let due = BackInStockDue {
                signup_id: next.id,
                sku: sku.clone(),
                until_us: at_us.saturating_add(rules.answer_us),
                waits_until_us: next.until_us,
            };
            say(&mut queue, due.into());
        }
        decided
    }

    /// Whose turn it is: as many as there are pieces that nobody holds, and that are not those of who was
    /// told before. One of those may hold a piece already, which nobody knows: then one who waits is told
    /// later than could be, and nobody in vain.
    fn next(&self) -> Vec<Waiting> {
        let told = i64::try_from(self.told.len()).unwrap_or(i64::MAX);
        let free = usize::try_from(self.stock.available() - told).unwrap_or(0);
        self.waiting.iter().take(free).copied().collect()
    }

    /// Whether who comes back waits already, or was told once more since.
    fn has_moved_on(&self, back: &BackInStockReturned) -> bool {
        let is_other = |it: &Told| it.id == back.signup_id && it.until_us != back.until_us;
        self.waiting.iter().any(|it| it.id == back.signup_id) || self.told.iter().any(is_other)
    }

    fn knows(&self, id: SignupId) -> bool {
        self.waiting.iter().any(|it| it.id == id) || self.told.iter().any(|it| it.id == id)
    }

    fn forget(&mut self, id: SignupId) {
        self.waiting.retain(|it| it.id != id);
        self.told.retain(|it| it.id != id);
    }

    /// Takes note of an event about the SKU. What others say moves the stock and adds to the end of the
    /// queue, what is decided here changes places in it: the order of the two does not matter.
    pub fn evolve(&mut self, sku: &Sku, event: &Event) {
        match event {
            Event::BackInStockAwaited(awaited) => {
                self.stock = awaited.stock;
                if !self.knows(awaited.signup_id) {
                    self.waiting.push_back(Waiting {
                        id: awaited.signup_id,
                        until_us: awaited.until_us,
                    });
                }
            }
            Event::BackInStockDue(due) => {
                self.forget(due.signup_id);
                self.told.push(Told {
                    id: due.signup_id,
                    until_us: due.until_us,
                });
            }
            // What follows it stands behind it in the log: the stock is kept until then.
            Event::BackInStockReturned(back) => {
                self.stock = back.stock;
                return;
            }
            Event::BackInStockRequeued(requeued) => {
                self.forget(requeued.signup_id);
                self.waiting.push_front(Waiting {
                    id: requeued.signup_id,
                    until_us: requeued.until_us,
                });
            }
            Event::BackInStockSettled(settled) => {
                self.told.retain(|it| !settled.signups.contains(&it.id));
            }
            Event::BackInStockWithdrawn(withdrawn) => self.forget(withdrawn.signup_id),
            Event::BackInStockExpired(expired) => self.forget(expired.signup_id),
            moved => {
                let levels = levels_of(moved).unwrap_or_default();
                if let Some((_, stock)) = levels.into_iter().find(|(it, _)| *it == sku) {
                    self.stock = stock;
                }
            }
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests;
