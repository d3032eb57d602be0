//! The payment gateway that the shop asks: the simulator, which it starts beside itself unless another one is
//! named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use gateways::Gateway;
use services::PaymentGateway;
use services::simulator::Simulator;
use services::stripe::{self, Stripe};

use crate::secret;

/// Where the simulator's news comes in.
pub const SIMULATOR_WEBHOOKS: &str = "/webhooks/payments/simulator";
/// The ledger's file, in the data folder.
const LEDGER: &str = "gateway.db";

/// Who takes the money of new orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chosen {
    /// No money moves.
    Simulator,
    Stripe,
}

/// Settings of the gateway.
#[derive(Debug, Clone, Args)]
pub struct GatewaySettings {
    /// Who takes the money of new orders. With `stripe` the shopper pays on Stripe's own page, and no simulator is
    /// started.
    #[arg(long = "gateway", env = "VITRINE_GATEWAY", default_value = "simulator")]
    pub chosen: Chosen,

    /// Stripe's secret key, `sk_…` or a restricted one that may write checkout sessions, payment intents and refunds.
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true)]
    pub stripe_secret_key: Option<String>,

    /// What Stripe signs its messages to /webhooks/payments/stripe with, `whsec_…`.
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", hide_env_values = true)]
    pub stripe_webhook_secret: Option<String>,

    /// Where Stripe is asked.
    #[arg(long, env = "STRIPE_API_BASE", default_value = stripe::API_BASE)]
    pub stripe_api_base: String,

    /// Where a simulator runs that is to be asked, e.g. http://10.0.0.7:3400. Without it the shop starts one of its
    /// own, whose ledger is gateway.db in the data folder.
    #[arg(
        long,
        env = "VITRINE_GATEWAY_URL",
        requires = "gateway_key",
        requires = "gateway_webhook_secret"
    )]
    pub gateway_url: Option<String>,

    /// What that simulator wants to hear with each question.
    #[arg(long, env = "VITRINE_GATEWAY_KEY", hide_env_values = true)]
    pub gateway_key: Option<String>,

    /// What signs the news that it sends to /webhooks/payments/simulator: `whsec_` and base64.
    #[arg(long, env = "VITRINE_GATEWAY_WEBHOOK_SECRET", hide_env_values = true)]
    pub gateway_webhook_secret: Option<String>,

    /// Seconds that a gateway may take for an answer; then it is asked again, with the same key.
    #[arg(long, env = "VITRINE_GATEWAY_SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=60))]
    pub gateway_seconds: u32,

    /// Hour of the day (UTC) from which on the gateway's report of the day before is compared with the shop's books.
    #[arg(long, env = "VITRINE_SETTLEMENT_HOUR", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(0..=23))]
    pub settlement_hour: u32,

    /// Milliseconds that the shop's own simulator takes to answer.
    #[arg(long, env = "VITRINE_TEST_GATEWAY_DELAY_MS", default_value_t = 400,
          value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub test_gateway_delay_ms: u32,
}

/// Opens the simulator for a command beside the shop, on the same ledger. It tells no news.
///
/// # Errors
/// When its ledger cannot be opened.
pub async fn beside(
    settings: &GatewaySettings,
    data_dir: &Path,
) -> anyhow::Result<OpenedSimulator> {
    let nowhere = |_: &str| rand::random::<[u8; 32]>().to_vec();
    open_simulator(settings, data_dir, None, nowhere).await
}

/// Whether the ledger that would be asked is there: a gateway elsewhere, or one that the shop has had here.
pub fn has_ledger(settings: &GatewaySettings, data_dir: &Path) -> bool {
    settings.gateway_url.is_some() || data_dir.join(LEDGER).exists()
}

/// The gateways as the shop has them.
pub struct Opened {
    pub simulator: Option<OpenedSimulator>,
    pub stripe: Option<Arc<dyn PaymentGateway>>,
    /// What Stripe's messages are signed with.
    pub stripe_secret: Option<String>,
}

/// The simulator as the shop has it.
pub struct OpenedSimulator {
    pub asked: Arc<dyn PaymentGateway>,
    /// Where the shop's door hands on what shoppers send.
    pub door: String,
    /// What its news is signed with.
    pub secret: webhooks::Secret,
    /// `None` where it runs elsewhere.
    pub own: Option<Gateway>,
}

impl GatewaySettings {
    /// Whose name stands in the events of new orders.
    pub const fn of_new_orders(&self) -> domain::event::Gateway {
        match self.chosen {
            Chosen::Simulator => domain::event::Gateway::Test,
            Chosen::Stripe => domain::event::Gateway::Stripe,
        }
    }
}

/// Opens Stripe, when its key is known; it must be when new orders are paid there. `shop_url` is where it sends
/// shoppers back to.
///
/// # Errors
/// When a key is missing or makes no sense.
fn open_stripe(
    settings: &GatewaySettings,
    shop_url: &str,
) -> anyhow::Result<Option<Arc<dyn PaymentGateway>>> {
    let (Some(key), Some(_)) = (&settings.stripe_secret_key, &settings.stripe_webhook_secret)
    else {
        anyhow::ensure!(
            settings.chosen != Chosen::Stripe,
            "VITRINE_GATEWAY=stripe needs STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET"
        );
        return Ok(None);
    };
    let patience = Duration::from_secs(settings.gateway_seconds.into());
    let stripe = Stripe::new(&settings.stripe_api_base, key, shop_url, patience);
    let stripe =
        stripe.map_err(|error| anyhow::anyhow!("STRIPE_API_BASE or STRIPE_SECRET_KEY: {error}"))?;
    Ok(Some(Arc::new(stripe)))
}

/// Opens what new orders are paid with, and what earlier ones were.
///
/// # Errors
/// As those of the simulator; also when a key of Stripe is missing.
pub async fn open(
    settings: &GatewaySettings,
    data_dir: &Path,
    shop: SocketAddr,
    shop_url: &str,
    derive: impl Fn(&str) -> Vec<u8>,
) -> anyhow::Result<Opened> {
    let stripe = open_stripe(settings, shop_url)?;
    let simulator = match settings.chosen {
        Chosen::Simulator => Some(open_simulator(settings, data_dir, Some(shop), derive).await?),
        // A door for test cards has no place in a shop that takes money.
        Chosen::Stripe => None,
    };
    Ok(Opened {
        simulator,
        stripe_secret: stripe
            .is_some()
            .then(|| settings.stripe_webhook_secret.clone())
            .flatten(),
        stripe,
    })
}

/// Opens the simulator for a shop that listens on `shop`, if it is one that can be told news. `derive` makes secrets of the shop's own.
///
/// # Errors
/// When its ledger cannot be opened, or a setting makes no sense.
async fn open_simulator(
    settings: &GatewaySettings,
    data_dir: &Path,
    shop: Option<SocketAddr>,
    derive: impl Fn(&str) -> Vec<u8>,
) -> anyhow::Result<OpenedSimulator> {
    let patience = Duration::from_secs(settings.gateway_seconds.into());
    let secret = match &settings.gateway_webhook_secret {
        Some(secret) => secret.parse().context("VITRINE_GATEWAY_WEBHOOK_SECRET")?,
        None => webhooks::Secret::new(derive(SIMULATOR_WEBHOOKS))?,
    };
    if let (Some(url), Some(key)) = (&settings.gateway_url, &settings.gateway_key) {
        let parsed: url::Url = url.parse().context("VITRINE_GATEWAY_URL")?;
        anyhow::ensure!(
            matches!(parsed.scheme(), "http" | "https"),
            "VITRINE_GATEWAY_URL: expected http:// or https://"
        );
        return Ok(OpenedSimulator {
            asked: Arc::new(Simulator::new(url, key, patience)?),
            door: url.trim_end_matches('/').to_owned(),
            secret,
            own: None,
        });
    }
    let webhooks = shop.map(|shop| {
        let shop = SocketAddr::new(reached_from_here(shop.ip()), shop.port());
        (format!("http://{shop}{SIMULATOR_WEBHOOKS}"), secret.clone())
    });
    let own = Gateway::start(gateways::Settings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ledger: data_dir.join(LEDGER),
        key: match &settings.gateway_key {
            Some(key) => key.clone(),
            None => secret::password(),
        },
        delay: Duration::from_millis(settings.test_gateway_delay_ms.into()),
        webhooks,
    })
    .await?;
    Ok(OpenedSimulator {
        asked: Arc::new(Simulator::new(own.url(), own.key(), patience)?),
        door: own.url().to_owned(),
        secret,
        own: Some(own),
    })
}

/// The address under which this machine reaches who listens there.
fn reached_from_here(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
