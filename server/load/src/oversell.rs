//! The rush: far more buyers than pieces, all at the same moment.

use std::collections::BTreeMap;

use futures::future::join_all;

use crate::args::CheckoutArgs;
use crate::books;
use crate::checkout::{self, Outcome};
use crate::goods::{self, Good};
use crate::running_shop::RunningShop;
use shopper::http::Pool;

pub const BUYERS: usize = 500;
pub const PIECES: i64 = 50;

#[derive(Debug, Default)]
pub struct Rush {
    pub sku: String,
    pub confirmed: u64,
    pub rejected: u64,
    pub errors: BTreeMap<String, u64>,
    /// Pieces that the database says are sold.
    pub sold: i64,
    pub disagreements: Vec<String>,
}

/// Fills all carts first and then places all orders at once. One buyer has two lines of the SKU.
pub async fn rush(args: &CheckoutArgs, shop: &RunningShop) -> anyhow::Result<Rush> {
    let goods = goods::read(&shop.database, args.one_sku.as_deref()).await?;
    let good = &goods[0];
    let pool = Pool::default();
    let shoppers = (0..BUYERS).map(|i| fill(args, shop, &pool, good, i == 0));
    let mut rush = Rush {
        sku: good.sku.clone(),
        ..Rush::default()
    };
    let mut ready = Vec::with_capacity(BUYERS);
    for shopper in join_all(shoppers).await {
        match shopper {
            Ok(shopper) => ready.push(shopper),
            Err(error) => rush.fail(&error),
        }
    }
    let target = &shop.target;
    let patience = args.patience();
    let buying = ready
        .into_iter()
        .map(|shopper| tokio::time::timeout(patience, shopper.buy(target, &pool)));
    for done in join_all(buying).await {
        match done.map_err(anyhow::Error::from).and_then(|done| done) {
            Ok(done) if done.outcome == Outcome::Confirmed => rush.confirmed += 1,
            Ok(_) => rush.rejected += 1,
            Err(error) => rush.fail(&error),
        }
    }
    rush.disagreements = books::audit(&shop.database, &shop.ledger).await?;
    let (on_hand, sold) = books::level(&shop.database, &good.sku).await?;
    rush.sold = sold;
    if on_hand != PIECES || sold != PIECES {
        let said = format!("{sold} of {on_hand} pieces sold, expected {PIECES}");
        rush.disagreements.push(said);
    }
    let booked = books::confirmed(&shop.database).await?;
    if booked != rush.confirmed {
        let said = format!("{} confirmations heard, {booked} booked", rush.confirmed);
        rush.disagreements.push(said);
    }
    Ok(rush)
}

async fn fill(
    args: &CheckoutArgs,
    shop: &RunningShop,
    pool: &Pool,
    good: &Good,
    is_twice: bool,
) -> anyhow::Result<checkout::Shopper> {
    let target = &shop.target;
    let mut shopper = checkout::fill_cart(target, pool, good, &args.accept_encoding).await?;
    if is_twice {
        shopper.add_as_gift(target, good).await?;
    }
    Ok(shopper)
}

impl Rush {
    fn fail(&mut self, error: &anyhow::Error) {
        *self.errors.entry(format!("{error:#}")).or_default() += 1;
    }

    pub fn is_sound(&self) -> bool {
        self.disagreements.is_empty() && self.errors.is_empty()
    }
}
