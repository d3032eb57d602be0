//! How the shop sends mails: its settings, and the way out that they choose.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use services::notification::{Folder, Mailer, Smtp, SmtpUrl, Transport};
use services::{House, Shop};

/// Where mails go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MailOut {
    /// To a mail server.
    Smtp,
    /// Into a folder, as .eml files.
    Folder,
    /// Nowhere: customers are told nothing, suppliers are mailed nothing (orders by webhook go on).
    Off,
}

/// Settings of the mails.
#[derive(Debug, Clone, Args)]
pub struct MailSettings {
    /// Where mails go, to customers, suppliers and the house. Defaults to smtp when VITRINE_SMTP_URL is given, and to a folder
    /// without it. What happens while mails are off is told to nobody later either.
    #[arg(long = "mail", env = "VITRINE_MAIL")]
    pub mail_out: Option<MailOut>,

    /// The mail server: smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://USER:PASSWORD@HOST:465.
    /// ?tls=required, opportunistic or none chooses for smtp:// (required, but none on this machine);
    /// &ca=FILE trusts an authority of your own.
    #[arg(long, env = "VITRINE_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// Seconds that the mail server may take for one mail, from the connection to its last word.
    #[arg(long, env = "VITRINE_SMTP_SECONDS", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=300))]
    pub smtp_seconds: u32,

    /// Sender of the mails: an address, or NAME <ADDRESS>. Must be given with a mail server.
    #[arg(long, env = "VITRINE_MAIL_FROM")]
    pub mail_from: Option<String>,

    /// Where answers go, if not to the sender.
    #[arg(long, env = "VITRINE_MAIL_REPLY_TO")]
    pub mail_reply_to: Option<String>,

    /// Where the house is written to when there is an alert; nobody is without it.
    #[arg(long, env = "VITRINE_ALERT_MAIL", value_parser = address)]
    pub alert_mail: Option<String>,

    /// Folder of the .eml files. Defaults to mails in the data folder.
    #[arg(long, env = "VITRINE_MAIL_DIR")]
    pub mail_dir: Option<PathBuf>,

    /// Seconds before a mail is tried again that the mail server put off; doubles each time, for two
    /// days.
    #[arg(long, env = "VITRINE_MAIL_RETRY_SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub mail_retry_seconds: u32,

    /// Days for which mails are listed and their files kept.
    #[arg(long, env = "VITRINE_MAIL_DAYS", default_value_t = 90,
          value_parser = clap::value_parser!(u32).range(3..=3_650))]
    pub mail_days: u32,
}

/// For clap.
fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_address = text.split_once('@').is_some_and(|(mailbox, host)| {
        let has_both = !mailbox.is_empty() && !host.is_empty() && !host.contains('@');
        has_both && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',')
    });
    match is_address {
        true => Ok(text.to_owned()),
        false => Err("expected an address, like house@shop.example".to_owned()),
    }
}

/// The sender of a shop that only writes files.
const DEMO_SENDER: &str = "orders@aurel-stone.example";

/// Makes the shop write mails, or none if that is set.
///
/// # Errors
/// When a setting makes no sense.
pub fn open(
    settings: &MailSettings,
    data: &Path,
    url: &str,
    secret: &[u8],
    shop: &Shop,
) -> anyhow::Result<Mailer> {
    let way = settings.mail_out.unwrap_or(match settings.smtp_url {
        Some(_) => MailOut::Smtp,
        None => MailOut::Folder,
    });
    let from = match &settings.mail_from {
        Some(from) => from.clone(),
        None if way == MailOut::Smtp => bail!(
            "VITRINE_MAIL_FROM is missing: a mail server takes no mail without a sender that is yours"
        ),
        None => format!("{} <{DEMO_SENDER}>", types::house::HOUSE),
    };
    let folder = settings.mail_dir.clone();
    let folder = folder.unwrap_or_else(|| data.join("mails"));
    let house = House::new(url, &from, settings.mail_reply_to.as_deref(), secret)
        .context("VITRINE_MAIL_FROM or VITRINE_MAIL_REPLY_TO")?;
    let house = match way {
        MailOut::Off => house.silent(),
        MailOut::Folder | MailOut::Smtp => house,
    };
    let transport: Arc<dyn Transport> = match way {
        MailOut::Off | MailOut::Folder => Arc::new(Folder::new(folder.clone())),
        MailOut::Smtp => {
            let Some(server) = &settings.smtp_url else {
                bail!("VITRINE_MAIL=smtp needs VITRINE_SMTP_URL");
            };
            let server = SmtpUrl::parse(server).context("VITRINE_SMTP_URL")?;
            let deadline = Duration::from_secs(settings.smtp_seconds.into());
            let smtp = Smtp::new(server, &host_of(url), deadline);
            Arc::new(smtp.map_err(anyhow::Error::msg)?)
        }
    };
    let house = Arc::new(house);
    shop.writes_as(house.clone());
    let retry = Duration::from_secs(settings.mail_retry_seconds.into());
    let files = Folder::new(folder);
    Ok(Mailer::new(shop.clone(), house, transport, files, retry))
}

/// The name under which browsers know the shop: what it introduces itself as.
fn host_of(url: &str) -> String {
    let uri = url.parse::<axum::http::Uri>().ok();
    let host = uri.as_ref().and_then(axum::http::Uri::host);
    host.unwrap_or("localhost")
        .trim_matches(['[', ']'])
        .to_owned()
}
