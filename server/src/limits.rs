//! How much of the shop one address or one visitor may take.

use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use services::HoldLimits;

/// Bytes of a request's body, at most: no form of the shop comes near it.
pub const MAX_BODY: usize = 64 * 1024;

/// Settings of the limits. Those per address are generous, for many people may sit behind one; those
/// per visitor are what one person needs.
#[derive(Debug, Clone, Args)]
pub struct Limits {
    /// Proxies in front of the shop, as addresses or networks with commas between: 10.0.0.0/8,::1.
    /// Only what they say in X-Forwarded-For or Forwarded is believed. Unset, the address that a
    /// connection comes from is the visitor's.
    #[arg(long, env = "VITRINE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Connections that may be open at once, sockets included.
    #[arg(long, env = "VITRINE_MAX_CONNECTIONS", default_value_t = 24_000)]
    pub max_connections: usize,

    /// Connections of one address that may be open at once. Trusted proxies are not limited.
    #[arg(
        long,
        env = "VITRINE_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = 512
    )]
    pub max_connections_per_address: usize,

    /// Sockets that may be open at once; one more is refused.
    #[arg(long, env = "VITRINE_MAX_SOCKETS", default_value_t = 20_000)]
    pub max_sockets: usize,

    /// Sockets of one address that may be open at once.
    #[arg(long, env = "VITRINE_MAX_SOCKETS_PER_ADDRESS", default_value_t = 256)]
    pub max_sockets_per_address: usize,

    /// Commands (adding to a cart, ordering, paying) that one visitor may give per minute.
    #[arg(long, env = "VITRINE_COMMANDS_PER_MINUTE", default_value_t = 180,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub commands_per_minute: u32,

    /// Commands and new sockets that may come from one address per minute.
    #[arg(long, env = "VITRINE_COMMANDS_PER_MINUTE_PER_ADDRESS", default_value_t = 3_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub commands_per_minute_per_address: u32,

    /// Visitors without a cookie that may begin a cart from one address per minute.
    #[arg(long, env = "VITRINE_NEW_VISITORS_PER_MINUTE_PER_ADDRESS", default_value_t = 240,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub new_visitors_per_minute_per_address: u32,

    /// Orders that one shopper may have open, which means: not yet paid, cancelled or refused.
    #[arg(long, env = "VITRINE_OPEN_ORDERS", default_value_t = 3)]
    pub open_orders: u32,

    /// Open orders that may come from one address.
    #[arg(long, env = "VITRINE_OPEN_ORDERS_PER_ADDRESS", default_value_t = 30)]
    pub open_orders_per_address: u32,

    /// Pieces that the open orders and the checkout of one shopper may hold.
    #[arg(long, env = "VITRINE_HELD_PIECES", default_value_t = 60)]
    pub held_pieces: u32,

    /// Pieces that the open orders and checkouts of one address may hold.
    #[arg(long, env = "VITRINE_HELD_PIECES_PER_ADDRESS", default_value_t = 200)]
    pub held_pieces_per_address: u32,

    /// Wishes to be told when a piece is back that may come from one address within an hour.
    #[arg(
        long,
        env = "VITRINE_SIGNUPS_PER_HOUR_PER_ADDRESS",
        default_value_t = 30
    )]
    pub signups_per_hour_per_address: u32,

    /// Requests that one service of others may make per minute.
    #[arg(long, env = "VITRINE_SERVICE_REQUESTS_PER_MINUTE", default_value_t = 1_200,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub service_requests_per_minute: u32,

    /// Events that one service of others may send per minute.
    #[arg(long, env = "VITRINE_SERVICE_EVENTS_PER_MINUTE", default_value_t = 6_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub service_events_per_minute: u32,

    /// Topics that one socket may ask for per minute.
    #[arg(long, env = "VITRINE_SOCKET_TOPICS_PER_MINUTE", default_value_t = 1_500,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub socket_topics_per_minute: u32,

    /// Seconds that a request's header may take to come, and that a connection may be idle.
    #[arg(long, env = "VITRINE_HEADER_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=600))]
    pub header_seconds: u32,

    /// Seconds that a request's body may take to come, all of it.
    #[arg(long, env = "VITRINE_BODY_SECONDS", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=600))]
    pub body_seconds: u32,

    /// Seconds after which a request that is not answered is answered with 503.
    #[arg(long, env = "VITRINE_REQUEST_SECONDS", default_value_t = 15,
          value_parser = clap::value_parser!(u32).range(1..=600))]
    pub request_seconds: u32,

    /// Lifts every limit per visitor and per address, for load runs from one machine.
    #[arg(long, env = "VITRINE_LIFT_LIMITS")]
    pub lift_limits: bool,
}

/// Seconds of a setting.
pub const fn seconds(setting: u32) -> Duration {
    Duration::from_secs(setting as u64)
}

impl Limits {
    #[must_use]
    pub const fn holds(&self) -> HoldLimits {
        HoldLimits {
            orders: self.open_orders,
            orders_of_source: self.open_orders_per_address,
            pieces: self.held_pieces,
            pieces_of_source: self.held_pieces_per_address,
            signups_of_source: self.signups_per_hour_per_address,
        }
    }

    /// As they count.
    #[must_use]
    pub fn in_force(mut self) -> Self {
        if self.lift_limits {
            self.max_connections_per_address = usize::MAX;
            self.max_sockets_per_address = usize::MAX;
            for limit in [
                &mut self.commands_per_minute,
                &mut self.commands_per_minute_per_address,
                &mut self.new_visitors_per_minute_per_address,
                &mut self.socket_topics_per_minute,
                &mut self.service_requests_per_minute,
                &mut self.service_events_per_minute,
                &mut self.open_orders,
                &mut self.open_orders_per_address,
                &mut self.held_pieces,
                &mut self.held_pieces_per_address,
                &mut self.signups_per_hour_per_address,
            ] {
                *limit = u32::MAX;
            }
        }
        self
    }
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| format!("expected an address or a network such as 10.0.0.0/8, got {text:?}"))
}
