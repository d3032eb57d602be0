//! Who brings parcels: the settings of it, the built-in carrier, and the questions for news.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use carriers::{Hears, Simulator};
use clap::{Args, ValueEnum};
use services::{HttpCarrier, Shop};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use types::fulfilment::Carrier;
use webhooks::Secret;

/// Who brings parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CarrierChoice {
    /// Staff bring every parcel away and say what became of it.
    Manual,
    /// Staff can also buy labels of a simulated carrier, which tells how its parcels fare.
    Simulator,
}

/// Settings of the carrier.
#[derive(Debug, Clone, Args)]
pub struct CarrierSettings {
    /// Who brings parcels. Bringing one away by hand is always possible, too.
    #[arg(long = "carrier", env = "VITRINE_CARRIER", default_value = "simulator")]
    pub carrier_choice: CarrierChoice,

    /// Address of the carrier's service, http://HOST:PORT. Without it the simulated carrier runs inside the
    /// shop; several machines that serve one shop need one that they share.
    #[arg(long, env = "VITRINE_CARRIER_URL", requires_all = ["carrier_key", "carrier_webhook_secret"])]
    pub carrier_url: Option<String>,

    /// What the shop shows the carrier. Without it one is made of the shop's own secret, which the built-in
    /// carrier is told.
    #[arg(long, env = "VITRINE_CARRIER_KEY", hide_env_values = true)]
    pub carrier_key: Option<String>,

    /// What the carrier signs its messages to /webhooks/carriers/simulator with: whsec_ and the base64 of 24
    /// to 64 bytes. Without it one is made of the shop's own secret, which the built-in carrier is told.
    #[arg(long, env = "VITRINE_CARRIER_WEBHOOK_SECRET", hide_env_values = true)]
    pub carrier_webhook_secret: Option<Secret>,

    /// Address and port of the built-in carrier's own door; port 0 takes a free one.
    #[arg(long, env = "VITRINE_CARRIER_LISTEN", default_value = "127.0.0.1:0")]
    pub carrier_listen: SocketAddr,

    /// Seconds that a parcel of the built-in carrier takes from one step to the next, from accepted to
    /// delivered. With 0 parcels wait until the carrier's control tells them.
    #[arg(long, env = "VITRINE_CARRIER_STEP_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub carrier_step_seconds: u32,

    /// Seconds after which the carrier is asked for news that no message has told.
    #[arg(long, env = "VITRINE_CARRIER_POLL_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub carrier_poll_seconds: u32,
}

impl CarrierSettings {
    /// Who is asked for labels.
    pub const fn carrier(&self) -> Carrier {
        match self.carrier_choice {
            CarrierChoice::Manual => Carrier::Manual,
            CarrierChoice::Simulator => Carrier::Simulator,
        }
    }

    /// What messages are signed with. `master` is the shop's secret.
    fn webhook_secret(&self, master: &[u8]) -> Secret {
        match &self.carrier_webhook_secret {
            Some(secret) => secret.clone(),
            None => {
                let derived = derived(b"webhooks of the built-in carrier", master);
                Secret::new(derived.to_vec()).expect("32 bytes are a secret")
            }
        }
    }

    fn key(&self, master: &[u8]) -> String {
        self.carrier_key.clone().unwrap_or_else(|| {
            let derived = derived(b"key of the built-in carrier", master);
            derived.iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }
}

/// A secret for one purpose.
fn derived(purpose: &[u8], master: &[u8]) -> [u8; 32] {
    let digest = Sha256::new()
        .chain_update(purpose)
        .chain_update(master)
        .finalize();
    digest.into()
}

/// The carrier whose labels are sold.
#[derive(Debug, Clone)]
pub struct Labels {
    pub name: Carrier,
    pub client: HttpCarrier,
    pub secret: Secret,
    poll: Duration,
    /// Whether its tracking pages are shown by the shop: nobody else reaches it.
    pub shows_tracking: bool,
}

/// Where the shop shows the tracking pages of the built-in carrier.
pub const TRACKING: &str = "/demo-carrier";

/// The carrier as it is set, and the built-in one, if that is it. `address` is where the shop listens, `url`
/// where browsers find it.
///
/// # Errors
/// When a setting makes no sense, or the built-in carrier cannot listen.
pub fn open(
    settings: &CarrierSettings,
    data: &Path,
    address: SocketAddr,
    url: &str,
    master: &[u8],
) -> anyhow::Result<(Option<Labels>, Option<Simulator>)> {
    if settings.carrier_choice == CarrierChoice::Manual {
        return Ok((None, None));
    }
    let (secret, key) = (settings.webhook_secret(master), settings.key(master));
    let simulator = match &settings.carrier_url {
        Some(_) => None,
        None => {
            let step = settings.carrier_step_seconds;
            let door = format!("http://{}/webhooks/carriers/simulator", reachable(address));
            let settings = carriers::Settings {
                database: data.join("carrier.db"),
                public_url: format!("{url}{TRACKING}"),
                key: key.clone(),
                hears: Some(Hears {
                    url: door,
                    secret: secret.clone(),
                }),
                step: (step > 0).then(|| Duration::from_secs(step.into())),
            };
            Some(settings)
        }
    };
    let simulator = simulator
        .map(|built_in| Simulator::start(settings.carrier_listen, built_in))
        .transpose()
        .context("VITRINE_CARRIER_LISTEN")?;
    if let Some(simulator) = &simulator {
        tracing::info!(address = %simulator.address(), "the built-in carrier listens");
    }
    let door = match (&settings.carrier_url, &simulator) {
        (Some(url), _) => url.clone(),
        (None, Some(simulator)) => format!("http://{}", simulator.address()),
        (None, None) => return Ok((None, None)),
    };
    let client = HttpCarrier::new(&door, &key).map_err(anyhow::Error::msg);
    let labels = Labels {
        name: settings.carrier(),
        client: client.context("VITRINE_CARRIER_URL")?,
        secret,
        poll: Duration::from_secs(settings.carrier_poll_seconds.into()),
        shows_tracking: simulator.is_some(),
    };
    Ok((Some(labels), simulator))
}

/// Where somebody on this machine reaches who listens there.
const fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), address.port())
        }
        _ => address,
    }
}

impl Labels {
    pub fn service(&self) -> Arc<dyn services::carrier::Carrier> {
        Arc::new(self.client.clone())
    }

    /// Asks for news until it is told to stop: what a message has not told comes this way.
    pub async fn ask(self, shop: Shop, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.poll) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            match shop.ask_for_news(self.name, &self.client).await {
                Ok(0) => {}
                Ok(news) => tracing::info!(news, "the carrier told what no message had"),
                Err(problem) => tracing::debug!(%problem, "the carrier is asked again later"),
            }
        }
    }
}
