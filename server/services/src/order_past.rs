//! An order after each step of its story: the order, its payment and the stock of its SKUs, as they were. All of it is
//! folded from the log with what the deciders fold it with.

use std::collections::BTreeSet;

use broker::Recorded;
use domain::Event;
use domain::order::OrderState;
use domain::payment::{PaymentState, PaymentStatus};
use types::log::{Frame, OrderPast, StockThen};
use types::order::order_number;
use types::staff::Right;
use types::{Currency, Money, OrderId, Problem, Sku};

use crate::events::{Refused, decode};
use crate::look_back::{STORY, level_at, order_facts, order_id, tree};
use crate::shop::Shop;
use crate::visitor::Staff;

/// Steps of one page, at most: of more only the last.
const FRAMES: usize = 200;
/// SKUs whose stock is told, at most.
const SKUS: usize = 12;

impl Shop {
    /// An order and how everything stood after each of its steps; `None` for what is not the name of an order.
    ///
    /// # Errors
    /// 404 for a number that no order has.
    pub async fn order_past(&self, staff: &Staff, what: &str) -> crate::Result<Option<OrderPast>> {
        staff.may(Right::See)?;
        let Some(id) = order_id(self.log(), what.trim()).await? else {
            return Ok(None);
        };
        Ok(Some(self.past_of(id).await?))
    }

    async fn past_of(&self, id: OrderId) -> Result<OrderPast, Refused> {
        let log = self.log();
        let head = log.stored_head().await?;
        let mut story = log.read_story(&id.to_string(), STORY).await?;
        story.retain(|event| event.position <= head);
        if !story.iter().any(|event| is_of(event, id)) {
            let detail = format!("There is no order {}.", order_number(id));
            return Err(Problem::not_found(detail).into());
        }
        self.staff_names().refresh(log).await?;
        let mut frames = folded(&story, id);
        let skipped = frames.len().saturating_sub(FRAMES);
        frames.drain(..skipped);
        if let Some(last) = frames.last().filter(|last| last.position < head).cloned() {
            frames.push(Frame {
                position: head,
                at_us: None,
                kind: String::new(),
                ..last
            });
        }
        self.add_stock(&mut frames, &skus(&story, id)).await?;
        Ok(OrderPast {
            order: id,
            number: order_number(id),
            head,
            story: tree(story, self.staff_names()),
            frames,
        })
    }

    /// Says in each frame what there was of each SKU. From one frame to the next only what lies between is read.
    async fn add_stock(&self, frames: &mut [Frame], skus: &[Sku]) -> Result<(), Refused> {
        for sku in skus {
            let mut known = None;
            let mut after = 0;
            for frame in &mut *frames {
                if let Some(newer) = level_at(self.log(), sku, after, frame.position).await? {
                    known = Some(newer.1);
                }
                after = frame.position;
                if let Some(stock) = known {
                    frame.stock.push(StockThen {
                        sku: sku.clone(),
                        on_hand: stock.on_hand,
                        allocated: stock.allocated,
                        reserved: stock.reserved,
                        available: stock.available(),
                    });
                }
            }
        }
        Ok(())
    }
}

fn is_of(event: &Recorded, id: OrderId) -> bool {
    event.key == id.to_string()
}

/// A frame per event of the story, from the order's first one on. What is about something else changes nothing of the
/// order, and something of its pieces.
fn folded(story: &[Recorded], id: OrderId) -> Vec<Frame> {
    let mut state: Option<OrderState> = None;
    let mut frames = Vec::new();
    for recorded in story {
        if is_of(recorded, id)
            && let Ok(event) = decode(recorded)
        {
            match (&mut state, &*event) {
                (None, Event::OrderPlaced(placed)) => {
                    state = Some(OrderState::placed(placed, recorded.time_us));
                }
                (Some(state), event) => state.evolve(event, recorded.time_us),
                (None, _) => {}
            }
        }
        let Some(state) = &state else { continue };
        frames.push(Frame {
            position: recorded.position,
            at_us: Some(recorded.time_us),
            kind: recorded.kind.clone(),
            order: order_facts(state),
            payment: payment_facts(&state.payment, state.total.currency),
            stock: Vec::new(),
        });
    }
    frames
}

fn payment_facts(payment: &PaymentState, currency: Currency) -> Vec<(String, String)> {
    let words = match payment.status {
        PaymentStatus::None => "not asked for yet",
        PaymentStatus::MethodRequired => "waits for a card",
        PaymentStatus::Requested => "asked for",
        PaymentStatus::ActionRequired => "waits for the shopper at the gateway",
        PaymentStatus::Declined => "declined",
        PaymentStatus::Authorized => "authorized",
        PaymentStatus::Voided => "let go",
    };
    let mut facts = vec![
        ("status".to_owned(), words.to_owned()),
        ("attempts".to_owned(), payment.attempts.to_string()),
    ];
    let mut amount = |name: &str, minor: i64| {
        if minor > 0 {
            facts.push((name.to_owned(), Money::new(minor, currency).to_string()));
        }
    };
    amount("held", payment.held_minor());
    amount("collected", payment.captured_minor());
    amount("given back", payment.refunded_minor());
    facts
}

/// The SKUs of the order, in the order of their names.
fn skus(story: &[Recorded], id: OrderId) -> Vec<Sku> {
    let mut skus = BTreeSet::new();
    for recorded in story.iter().filter(|event| is_of(event, id)) {
        if let Ok(event) = decode(recorded)
            && let Event::OrderPlaced(placed) = &*event
        {
            skus.extend(placed.lines.iter().map(|line| line.sku.clone()));
        }
    }
    skus.into_iter().take(SKUS).collect()
}
