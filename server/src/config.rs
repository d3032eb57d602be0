//! Every setting of the server. Each can be given as a flag or in the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use domain::order::CaptureOn;

use crate::carrier::CarrierSettings;
use crate::gateway::GatewaySettings;
use crate::limits::Limits;
use crate::mail::MailSettings;
use crate::watch::WatchSettings;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

/// What the shop runs with.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "VITRINE_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// Address under which browsers reach the shop, e.g. https://shop.example. Defaults to the address
    /// listened on. Cookies are marked Secure when this is https. When it is given, requests that
    /// change something must come from a page of this very address.
    #[arg(long, env = "VITRINE_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Folder for the SQLite file and the generated secret; created when missing.
    #[arg(long, env = "VITRINE_DATA_DIR", default_value = "data", global = true)]
    pub data_dir: PathBuf,

    /// Database: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME. Defaults to vitrine.db in the data
    /// folder.
    #[arg(
        long,
        env = "VITRINE_DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub database_url: Option<String>,

    /// Folder of the built site: script, WASM, styles, pictures. `cargo xtask build` makes it.
    #[arg(long, env = "VITRINE_SITE_DIR", default_value = "target/site")]
    pub site_dir: PathBuf,

    /// Key that signs cookies, at least 32 characters. Without it one is generated into the data
    /// folder; several machines that serve one shop must be given the same.
    #[arg(long, env = "VITRINE_SECRET", hide_env_values = true)]
    pub secret: Option<String>,

    /// Email of an owner whom the settings name. With neither this nor a password the first owner is
    /// whoever opens the link that a start prints while nobody can sign in.
    #[arg(long, env = "VITRINE_ADMIN_EMAIL")]
    pub admin_email: Option<String>,

    /// Their password, at least 12 characters. Without it, where there is an email, one is generated and
    /// printed on the first start.
    #[arg(long, env = "VITRINE_ADMIN_PASSWORD", hide_env_values = true)]
    pub admin_password: Option<String>,

    /// Seconds for which a checkout holds what is in the cart; the shopper can put the end off ten times.
    #[arg(long, env = "VITRINE_HOLD_SECONDS", default_value_t = 600,
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub hold_seconds: u32,

    /// Seconds for which a piece that is back counts as that of somebody who was told; then the next who
    /// wait are told of what is left.
    #[arg(long, env = "VITRINE_BACK_IN_STOCK_SECONDS", default_value_t = 86_400,
          value_parser = clap::value_parser!(u32).range(1..=2_592_000))]
    pub back_in_stock_seconds: u32,

    /// Seconds for which an unpaid order holds its stock.
    #[arg(long, env = "VITRINE_PAYMENT_WINDOW_SECONDS", default_value_t = 900,
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub payment_window_seconds: u32,

    /// When the money of an order is collected: `shipment`, of each parcel when it leaves, or
    /// `confirmation`, all of it at once.
    #[arg(long, env = "VITRINE_CAPTURE", default_value = "shipment", value_parser = capture_on)]
    pub capture: CaptureOn,

    /// Times that a consumer tries an event it cannot handle, later each time, before the event is a
    /// dead letter. Ten take between half a minute and a minute.
    #[arg(long, env = "VITRINE_MAX_ATTEMPTS", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub max_attempts: u32,

    /// Minutes without a request after which a member of staff is signed out; seven days after the
    /// sign-in they are in any case.
    #[arg(long, env = "VITRINE_SESSION_IDLE_MINUTES", default_value_t = 480,
          value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub session_idle_minutes: u32,

    /// Days for which a line of a cart is kept.
    #[arg(long, env = "VITRINE_CART_DAYS", default_value_t = 90,
          value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub cart_days: u32,

    /// Address and port on which /metrics (Prometheus), /health/live and /health/ready answer to
    /// whoever reaches it. Without it nobody is told the metrics.
    #[arg(long, env = "VITRINE_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,

    /// How log lines are written.
    #[arg(
        long,
        env = "VITRINE_LOG_FORMAT",
        default_value = "text",
        global = true
    )]
    pub log_format: LogFormat,

    /// A catalogue file, in the format of server/services/seed/catalogue.json, for a database that is
    /// empty: its products are sold in place of the demo shop's. A shop that has products keeps them.
    #[arg(long, env = "VITRINE_CATALOGUE")]
    pub catalogue: Option<PathBuf>,

    /// Pieces of every SKU in a newly planted demo shop, instead of the catalogue's own; for load runs.
    #[arg(long, env = "VITRINE_DEMO_STOCK",
          value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
    pub demo_stock: Option<i64>,

    #[command(flatten)]
    pub carrier: CarrierSettings,

    #[command(flatten)]
    pub gateway: GatewaySettings,

    #[command(flatten)]
    pub mail: MailSettings,

    #[command(flatten)]
    pub watch: WatchSettings,

    #[command(flatten)]
    pub limits: Limits,
}

/// A setting; one that is set to nothing is none.
fn given(setting: Option<&String>) -> Option<&str> {
    setting.map(String::as_str).filter(|text| !text.is_empty())
}

/// Whom a password is of where no email is given.
const ADMIN_EMAIL: &str = "admin@aurel-stone.example";

impl Config {
    /// The email of the owner whom the settings name, if they name one.
    pub fn admin(&self) -> Option<&str> {
        let named = given(self.admin_email.as_ref());
        named.or_else(|| self.admin_password().map(|_| ADMIN_EMAIL))
    }

    /// Their password, if there is one.
    pub fn admin_password(&self) -> Option<&str> {
        given(self.admin_password.as_ref())
    }

    /// Address under which browsers reach the shop, as far as the settings say it.
    pub fn url_of_browsers(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Where the data lives.
    pub fn database(&self) -> db::Settings {
        match &self.database_url {
            Some(url) => db::Settings::new(url),
            None => db::Settings::sqlite_file(&self.data_dir.join("vitrine.db")),
        }
    }
}

fn capture_on(text: &str) -> Result<CaptureOn, String> {
    let unknown = |_| "expected shipment or confirmation".to_owned();
    text.parse().map_err(unknown)
}
