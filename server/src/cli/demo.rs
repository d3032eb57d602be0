//! `server demo`: lets a day of shoppers loose on a running shop.

use std::io::Write;

use anyhow::Context;
use clap::Args;
use shopper::http::Credentials;
use shopper::target::Target;

use crate::config::Config;
use crate::demo::{self, Plan};

#[derive(Debug, Args)]
pub struct Day {
    /// Days of the demo in a day: 24 makes a day of an hour
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=480))]
    speed: u32,

    /// The shop, when it is not on the address that it listens on by itself
    #[arg(long)]
    url: Option<String>,

    /// Allows a shop on another machine than this
    #[arg(long)]
    i_own_this_host: bool,

    /// Who comes and what they do; another number makes another day
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub async fn demo(day: Day, config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
    let url = match day.url {
        Some(url) => url,
        None => format!("http://{}", config.listen),
    };
    let target = Target::resolve(&url, day.i_own_this_host).await?;
    let email = config.admin_email.clone();
    let staff = config.admin_password.clone();
    let plan = Plan {
        target,
        speed: day.speed,
        seed: day.seed,
        staff: staff.map(|password| Credentials { email, password }),
    };
    let ended = async {
        // Without a way to hear of it the day just goes on.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    demo::run(plan, ended, out).await.context("the demo")
}
