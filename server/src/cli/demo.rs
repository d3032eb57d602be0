//! `server demo`: lets a day of shoppers loose on a running shop.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use clap::Args;
use shopper::http::Credentials;
use shopper::target::Target;

use crate::config::Config;
use crate::demo::{self, Plan};

#[derive(Debug, Args)]
pub struct Day {
    /// Days of the demo in a day: 24 makes a day of an hour
    // Slower visitors would think for longer than the shop keeps an idle connection.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(6..=480))]
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
        None => format!("http://{}", reachable(config.listen)),
    };
    let target = Target::resolve(&url, day.i_own_this_host).await?;
    let email = config.admin().unwrap_or_default().to_owned();
    let staff = config.admin_password().map(str::to_owned);
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

/// Where a shop that listens on every address is found on its own machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_that_listens_everywhere_is_found_here() {
        for (listen, found) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("192.0.2.7:3000", "192.0.2.7:3000"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(reachable(listen).to_string(), found);
        }
    }
}
