//! Runs of checkouts on one shop: a single run as the arguments say, or the whole report.

use std::time::Duration;

use anyhow::Context;

use crate::args::Args;
use crate::checkout_report::{IdleCost, Report};
use crate::checkout_run::Pace;
use crate::console::note;
use crate::idle_sockets::IdleSockets;
use crate::measured_run::{MeasuredRun, measure, warm_up};
use crate::running_shop::RunningShop;
use crate::{file_limit, goods, machine, oversell};

/// So few at once that they do not wait for each other, each with a divisor of the orders of a run:
/// they take long.
pub const UNCONTENDED: [(u64, u64); 2] = [(1, 20), (8, 4)];
/// Concurrencies among which the peak is looked for.
const CONCURRENCIES: [u64; 3] = [16, 64, 128];
/// Idle sockets of the whole report.
const IDLE: u64 = 10_000;
/// How long what was busy may take to come to rest before memory is looked at.
const REST: Duration = Duration::from_secs(2);

/// Carries out what was asked for and prints it. Whether everything that must agree agrees.
pub async fn carry_out(args: &Args) -> anyhow::Result<bool> {
    let report = if args.peak {
        whole(args).await?
    } else {
        one(args).await?
    };
    report.print();
    Ok(report.is_sound())
}

/// One run as the arguments say.
async fn one(args: &Args) -> anyhow::Result<Report> {
    file_limit::raise(args.sockets, args.concurrency.max(oversell::BUYERS as u64))?;
    let shop = RunningShop::open(args, args.stock, args.sockets).await?;
    let mut report = Report::new(args, &shop)?;
    warm_up(&args.checkouts, &shop).await?;
    let idle = match args.sockets {
        0 => None,
        count => Some(idle_sockets(args, &shop, count).await?),
    };
    let pace = match args.rate {
        Some(rate) => Pace::PerSecond(rate),
        None => Pace::AtOnce(args.concurrency),
    };
    let orders = args.checkouts.orders;
    report
        .runs
        .push(measure(&args.checkouts, &shop, orders, pace).await?);
    report.idle = idle.map(|(sockets, cost)| IdleCost {
        lost: sockets.lost(),
        ..cost
    });
    Ok(report)
}

/// Few at once, the peak, half of it, idle sockets, and the rush.
async fn whole(args: &Args) -> anyhow::Result<Report> {
    file_limit::raise(IDLE, oversell::BUYERS as u64)?;
    let shop = RunningShop::open(args, args.stock, 0).await?;
    let mut report = Report::new(args, &shop)?;
    let checkouts = &args.checkouts;
    warm_up(checkouts, &shop).await?;
    for (concurrency, divisor) in UNCONTENDED {
        let orders = checkouts.orders.div_ceil(divisor);
        let run = measure(checkouts, &shop, orders, Pace::AtOnce(concurrency)).await?;
        report.runs.push(run);
    }
    for concurrency in CONCURRENCIES {
        let pace = Pace::AtOnce(concurrency);
        let run = measure(checkouts, &shop, checkouts.orders, pace).await?;
        report.runs.push(run);
    }
    let best = report.runs.iter().map(MeasuredRun::per_second);
    let half = (best.fold(0.0, f64::max) / 2.0).max(1.0) as u64;
    let pace = Pace::PerSecond(half);
    let run = measure(checkouts, &shop, checkouts.orders, pace).await?;
    report.runs.push(run);
    drop(shop);

    // On a shop of its own: memory that the runs left behind would be used again and hide the cost.
    note("starting a shop for idle sockets");
    let shop = RunningShop::open(args, args.stock, IDLE).await?;
    warm_up(checkouts, &shop).await?;
    let (sockets, cost) = idle_sockets(args, &shop, IDLE).await?;
    report.idle = Some(IdleCost {
        lost: sockets.lost(),
        ..cost
    });
    drop((sockets, shop));

    note("starting a shop with little stock");
    let shop = RunningShop::open(args, oversell::PIECES, 0).await?;
    report.rush = Some(oversell::rush(checkouts, &shop).await?);
    Ok(report)
}

/// Opens the sockets, and says what they cost the shop.
async fn idle_sockets(
    args: &Args,
    shop: &RunningShop,
    count: u64,
) -> anyhow::Result<(IdleSockets, IdleCost)> {
    let memory = || shop.pid.and_then(machine::usage).map(|usage| usage.memory);
    let goods = goods::read(&shop.database, args.checkouts.one_sku.as_deref()).await?;
    tokio::time::sleep(REST).await;
    let before = memory();
    let sockets = IdleSockets::open(&shop.target, &goods, count)
        .await
        .context("idle sockets")?;
    tokio::time::sleep(REST).await;
    let cost = IdleCost {
        sockets: sockets.opened(),
        lost: 0,
        bytes: before
            .zip(memory())
            .map(|(before, after)| after.saturating_sub(before)),
    };
    Ok((sockets, cost))
}
