//! Which runs, in which order, on which shop.

use std::time::Duration;

use anyhow::Context;

use crate::args::Args;
use crate::report::{Column, IdleCost, Report, note};
use crate::run::{Pace, Run};
use crate::shop::Shop;
use crate::sockets::{self, Idle};
use crate::{books, goods, machine, oversell};

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
    sockets::allow(args.sockets, args.concurrency.max(oversell::BUYERS as u64))?;
    let shop = Shop::open(args, args.stock, args.sockets).await?;
    let mut report = Report::new(args, shop.data.as_deref())?;
    warm_up(args, &shop).await?;
    let idle = match args.sockets {
        0 => None,
        count => Some(idle_sockets(args, &shop, count).await?),
    };
    let pace = match args.rate {
        Some(rate) => Pace::PerSecond(rate),
        None => Pace::AtOnce(args.concurrency),
    };
    report.columns.push(measure(args, &shop, pace).await?);
    report.idle = idle.map(|(sockets, cost)| IdleCost {
        lost: sockets.lost(),
        ..cost
    });
    Ok(report)
}

/// The peak, half of it, idle sockets, and the rush.
async fn whole(args: &Args) -> anyhow::Result<Report> {
    sockets::allow(IDLE, oversell::BUYERS as u64)?;
    let shop = Shop::open(args, args.stock, 0).await?;
    let mut report = Report::new(args, shop.data.as_deref())?;
    warm_up(args, &shop).await?;
    for concurrency in CONCURRENCIES {
        let column = measure(args, &shop, Pace::AtOnce(concurrency)).await?;
        report.columns.push(column);
    }
    let best = report.columns.iter().map(Column::per_second);
    let half = (best.fold(0.0, f64::max) / 2.0).max(1.0) as u64;
    let column = measure(args, &shop, Pace::PerSecond(half)).await?;
    report.columns.push(column);
    drop(shop);

    // On a shop of its own: memory that the runs left behind would be used again and hide the cost.
    note("starting a shop for idle sockets");
    let shop = Shop::open(args, args.stock, IDLE).await?;
    warm_up(args, &shop).await?;
    let (sockets, cost) = idle_sockets(args, &shop, IDLE).await?;
    report.idle = Some(IdleCost {
        lost: sockets.lost(),
        ..cost
    });
    drop((sockets, shop));

    note("starting a shop with little stock");
    let shop = Shop::open(args, oversell::PIECES, 0).await?;
    report.rush = Some(oversell::rush(args, &shop).await?);
    Ok(report)
}

async fn run(args: &Args, shop: &Shop, orders: u64, pace: Pace) -> anyhow::Result<Run> {
    let goods = goods::read(&shop.database, args.one_sku.as_deref()).await?;
    Ok(Run {
        target: shop.target.clone(),
        goods: goods.into(),
        orders,
        pace,
        encoding: args.accept_encoding.as_str().into(),
        patience: args.patience(),
        max_time: args.max_time(),
    })
}

async fn warm_up(args: &Args, shop: &Shop) -> anyhow::Result<()> {
    let run = run(args, shop, args.warm_up, Pace::AtOnce(16)).await?;
    let outcome = run.carry_out("warming up").await?;
    // A shop that cannot sell at all is not worth measuring.
    let first = outcome.tally.messages.keys().next();
    let failed = args.warm_up > 0 && outcome.tally.ended() == 0;
    anyhow::ensure!(
        !failed,
        "no checkout of the warm-up came to its end: {}",
        first.map_or("no reason given", String::as_str)
    );
    Ok(())
}

async fn measure(args: &Args, shop: &Shop, pace: Pace) -> anyhow::Result<Column> {
    let name = match pace {
        Pace::AtOnce(count) => format!("{count} at once"),
        Pace::PerSecond(rate) => format!("{rate} per second"),
    };
    let run = run(args, shop, args.orders, pace).await?;
    let booked_before = books::confirmed(&shop.database).await?;
    let used = || {
        (
            shop.pid.and_then(machine::usage),
            machine::usage(std::process::id()),
        )
    };
    let (server_before, own_before) = used();
    let outcome = run.carry_out(&name).await?;
    let (server, own) = used();
    let cpu = |before: Option<machine::Usage>, after: Option<machine::Usage>| {
        before
            .zip(after)
            .map(|(before, after)| after.cpu.saturating_sub(before.cpu))
    };
    let mut disagreements = books::audit(&shop.database).await?;
    let booked = books::confirmed(&shop.database).await? - booked_before;
    let heard = outcome.tally.confirmed;
    // A shopper who lost patience may have an order that was confirmed all the same.
    if booked < heard || booked > heard + outcome.tally.errors {
        disagreements.push(format!("{heard} confirmations heard, {booked} booked"));
    }
    Ok(Column {
        name,
        server_cpu: cpu(server_before, server),
        own_cpu: cpu(own_before, own),
        server_memory: server.map(|usage| usage.memory),
        load: machine::load()?,
        outcome,
        disagreements,
    })
}

/// Opens the sockets, and says what they cost the shop.
async fn idle_sockets(args: &Args, shop: &Shop, count: u64) -> anyhow::Result<(Idle, IdleCost)> {
    let memory = || shop.pid.and_then(machine::usage).map(|usage| usage.memory);
    let goods = goods::read(&shop.database, args.one_sku.as_deref()).await?;
    tokio::time::sleep(REST).await;
    let before = memory();
    let sockets = Idle::open(&shop.target, &goods, count)
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
