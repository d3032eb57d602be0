//! What is watched beside the rules over the log: whether those who follow it keep up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use domain::monitoring::Acts;
use domain::monitoring::rules::Act;
use services::{AlertHook, Shop, Sign};
use tokio::sync::watch;
use tokio::time::Instant;
use types::Problem;
use types::alert::AlertKind;
use webhooks::Secret;

/// How often consumers are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// What was told is not told again for so long.
const QUIET: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Args)]
pub struct WatchSettings {
    /// What a rule does beside raising an alert, such as `resale_like=hold,card_testing=slow`: `hold` has its orders
    /// wait for somebody to look at them before they are packed, `slow` refuses commands from the address for ten
    /// minutes. Without it rules only watch.
    #[arg(long, env = "VITRINE_RULES", value_delimiter = ',', value_parser = rule)]
    pub rules: Vec<(AlertKind, Act)>,

    /// An address that is told of each alert by HTTP, signed as Standard Webhooks have it.
    #[arg(
        long,
        env = "VITRINE_ALERT_WEBHOOK",
        hide_env_values = true,
        requires = "alert_webhook_secret"
    )]
    pub alert_webhook: Option<String>,

    /// What those messages are signed with: whsec_ and the base64 of 24 to 64 bytes.
    #[arg(long, env = "VITRINE_ALERT_WEBHOOK_SECRET", hide_env_values = true, value_parser = secret)]
    pub alert_webhook_secret: Option<Secret>,

    /// Seconds after which a consumer that is behind and does not come nearer to the head of the log is an alert.
    #[arg(long, env = "VITRINE_CONSUMER_BEHIND_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub consumer_behind_seconds: u32,
}

impl WatchSettings {
    pub fn acts(&self) -> Acts {
        let rules = self.rules.iter();
        rules.fold(Acts::default(), |acts, (kind, act)| acts.with(*kind, *act))
    }

    /// Who is told of alerts by HTTP, if anybody is. `url` is where browsers reach the shop.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn hook(&self, shop: &Shop, url: &str) -> anyhow::Result<Option<AlertHook>> {
        let (Some(to), Some(secret)) = (&self.alert_webhook, &self.alert_webhook_secret) else {
            return Ok(None);
        };
        let secret = secret.clone();
        let sign: Sign = Arc::new(move |id, at_s, body| secret.sign(id, at_s, body));
        let hook = AlertHook::new(shop.clone(), to.clone(), url.to_owned(), sign);
        hook.context("cannot tell anybody of alerts").map(Some)
    }
}

/// What signs.
fn secret(text: &str) -> Result<Secret, String> {
    text.parse::<Secret>().map_err(|error| error.to_string())
}

/// `resale_like=hold`
fn rule(text: &str) -> Result<(AlertKind, Act), String> {
    let (kind, act) = text.trim().split_once('=').ok_or_else(|| {
        format!("expected a rule and what it does, such as resale_like=hold, got {text:?}")
    })?;
    let kind = kind
        .parse()
        .map_err(|_| format!("there is no rule {kind:?}"))?;
    let act = act
        .parse()
        .map_err(|_| format!("expected watch, hold or slow, got {act:?}"))?;
    Ok((kind, act))
}

/// How a consumer was seen.
#[derive(Debug, Default)]
struct Seen {
    position: u64,
    /// Since when it has not moved though there was something to do.
    since: Option<Instant>,
    /// When it was told that it is behind.
    told: Option<Instant>,
}

/// Says, with an event, that a consumer is behind for too long or has given something up, and that it is
/// no more.
#[derive(Debug, Clone)]
pub struct ConsumerWatch {
    pub shop: Shop,
    pub patience: Duration,
    /// Those who take part in this process.
    pub members: HashSet<String>,
}

impl ConsumerWatch {
    /// Until told to stop. With several processes each looks; what the log says already is not said again.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut seen = HashMap::new();
        loop {
            if let Err(error) = self.look(&mut seen).await {
                tracing::debug!(%error, "how far the consumers are cannot be read");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn look(&self, seen: &mut HashMap<String, Seen>) -> services::Result<()> {
        let lags = self.shop.log().lags().await;
        let lags = lags.map_err(|error| Problem::unavailable(error.to_string()))?;
        self.shop.saw_consumers(&lags);
        for lag in &lags {
            let is_outside = is_of_a_service(&lag.consumer);
            if !is_outside && !self.members.contains(&lag.consumer) {
                continue;
            }
            let now = Instant::now();
            let seen = seen.entry(lag.consumer.clone()).or_default();
            // A program of others may come once a day.
            let stands = lag.behind > 0 && lag.position == seen.position && !is_outside;
            seen.position = lag.position;
            seen.since = stands.then(|| seen.since.unwrap_or(now));
            let waits = |since: Instant| now.duration_since(since) >= self.patience;
            let is_bad = lag.dead > 0 || seen.since.is_some_and(waits);
            let is_well = lag.dead == 0 && seen.since.is_none();
            let is_told = self.shop.is_told_behind(&lag.consumer);
            // What was said a moment ago may not have come round yet.
            let is_quiet = seen
                .told
                .is_none_or(|told| now.duration_since(told) >= QUIET);
            if is_bad && !is_told && is_quiet {
                seen.told = Some(now);
                self.shop.consumer_fell_behind(lag).await?;
            } else if is_well && is_told {
                self.shop.consumer_caught_up(lag).await?;
            }
        }
        Ok(())
    }
}

/// Whether a consumer is a subscription of a service of others: no name within the house has a slash.
fn is_of_a_service(consumer: &str) -> bool {
    consumer.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_what_to_do() {
        assert_eq!(
            rule("resale_like=hold"),
            Ok((AlertKind::ResaleLike, Act::Hold))
        );
        for bad in ["resale_like", "resale=hold", "resale_like=ban"] {
            assert!(rule(bad).is_err(), "{bad}");
        }
    }
}
