//! A run of checkouts on a shop, with what it cost the shop and whether the books agree afterwards.

use std::time::Duration;

use crate::args::CheckoutArgs;
use crate::checkout_run::{CheckoutRun, Outcome, Pace};
use crate::running_shop::RunningShop;
use crate::write_counters::Writes;
use crate::{books, goods, machine};

#[derive(Debug)]
pub struct MeasuredRun {
    pub name: String,
    pub outcome: Outcome,
    pub writes: Writes,
    pub server_cpu: Option<Duration>,
    pub own_cpu: Option<Duration>,
    pub server_memory: Option<u64>,
    /// Load of the machine, at the end.
    pub load: f64,
    /// What does not agree.
    pub disagreements: Vec<String>,
}

impl MeasuredRun {
    /// Checkouts that came to their end.
    pub fn ended(&self) -> Option<u64> {
        let ended = self.outcome.tally.ended();
        (ended > 0).then_some(ended)
    }

    /// Checkouts that came to their end, per second.
    pub fn per_second(&self) -> f64 {
        self.outcome.tally.ended() as f64 / self.outcome.took.as_secs_f64()
    }

    /// Milliseconds of CPU for each checkout that came to its end.
    pub fn cpu_per_order(&self, cpu: Option<Duration>) -> Option<f64> {
        Some(cpu?.as_secs_f64() * 1e3 / self.ended()? as f64)
    }
}

fn prepare(
    args: &CheckoutArgs,
    shop: &RunningShop,
    goods: Vec<goods::Good>,
    orders: u64,
    pace: Pace,
) -> CheckoutRun {
    CheckoutRun {
        target: shop.target.clone(),
        goods: goods.into(),
        orders,
        pace,
        encoding: args.accept_encoding.as_str().into(),
        hold: args.hold,
        patience: args.patience(),
        max_time: args.max_time(),
    }
}

/// Checkouts that fill caches and connections.
///
/// # Errors
/// When the shop cannot sell at all: then it is not worth measuring.
pub async fn warm_up(args: &CheckoutArgs, shop: &RunningShop) -> anyhow::Result<()> {
    let goods = goods::read(&shop.database, args.one_sku.as_deref()).await?;
    let run = prepare(args, shop, goods, args.warm_up, Pace::AtOnce(16));
    let outcome = run.carry_out("warming up").await?;
    let first = outcome.tally.messages.keys().next();
    let failed = args.warm_up > 0 && outcome.tally.ended() == 0;
    anyhow::ensure!(
        !failed,
        "no checkout of the warm-up came to its end: {}",
        first.map_or("no reason given", String::as_str)
    );
    books::rest(&shop.database).await
}

/// Checkouts that are not measured.
pub async fn sell(
    args: &CheckoutArgs,
    shop: &RunningShop,
    orders: u64,
    pace: Pace,
) -> anyhow::Result<()> {
    let goods = goods::read(&shop.database, args.one_sku.as_deref()).await?;
    let run = prepare(args, shop, goods, orders, pace);
    run.carry_out("selling").await?;
    Ok(())
}

/// Carries a run out and measures it.
pub async fn measure(
    args: &CheckoutArgs,
    shop: &RunningShop,
    orders: u64,
    pace: Pace,
) -> anyhow::Result<MeasuredRun> {
    let name = pace.name();
    let goods = goods::read(&shop.database, args.one_sku.as_deref()).await?;
    let run = prepare(args, shop, goods, orders, pace);
    let booked_before = books::confirmed(&shop.database).await?;
    let used = || {
        (
            shop.pid.and_then(machine::usage),
            machine::usage(std::process::id()),
        )
    };
    let writes_before = shop.write_counters.read().await?;
    let (server_before, own_before) = used();
    let outcome = run.carry_out(&name).await?;
    let (server, own) = used();
    let cpu = |before: Option<machine::Usage>, after: Option<machine::Usage>| {
        before
            .zip(after)
            .map(|(before, after)| after.cpu.saturating_sub(before.cpu))
    };
    let mut disagreements = books::audit(&shop.database, &shop.ledger).await?;
    // After the audit: by then the last orders have come to rest.
    let writes = shop.write_counters.read().await? - writes_before;
    let booked = books::confirmed(&shop.database).await? - booked_before;
    let heard = outcome.tally.confirmed;
    // A shopper who lost patience may have an order that was confirmed all the same.
    if booked < heard || booked > heard + outcome.tally.errors {
        disagreements.push(format!("{heard} confirmations heard, {booked} booked"));
    }
    Ok(MeasuredRun {
        name,
        writes,
        server_cpu: cpu(server_before, server),
        own_cpu: cpu(own_before, own),
        server_memory: server.map(|usage| usage.memory),
        load: machine::load()?,
        outcome,
        disagreements,
    })
}
