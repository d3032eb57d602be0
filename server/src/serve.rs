//! Puts the parts together.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::serve::ListenerExt;
use broker::{Environment, GroupCommit, Log, Runner};
use db::Db;
use services::test_gateway::TestGateway;
use services::{Outside, Seed, Shop, ShopSettings};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;
use crate::event_loop::EventLoop;
use crate::http::{self, Site};
use crate::live::Hub;
use crate::secret;

/// How long requests that have begun may take to end after the shop was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// A shop that serves.
#[derive(Debug)]
pub struct Running {
    /// Address under which browsers reach it.
    pub url: String,
    /// Email and password of the admin, when they were made just now.
    pub first_password: Option<(String, String)>,
    pub shop: Shop,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    tasks: JoinSet<()>,
    runner: Runner,
    db: Db,
    /// Last, so that what runs on it has ended before.
    _events: EventLoop,
}

fn read_catalogue(file: &Path) -> anyhow::Result<Seed> {
    let read = || Ok::<_, anyhow::Error>(Seed::from_json(&std::fs::read_to_string(file)?)?);
    read().with_context(|| format!("the catalogue {}", file.display()))
}

/// Opens the shop and serves it from `listener`.
///
/// # Errors
/// When the database does not answer, the site is not built, or a setting makes no sense.
pub async fn start(listener: TcpListener, config: Config) -> anyhow::Result<Running> {
    let address = listener.local_addr()?;
    let url = match &config.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{address}"),
    };
    let site = Site::open(&config.site_dir, &url)?;
    make_private_folder(&config.data_dir)?;
    let key = secret::key(config.secret.as_deref(), &config.data_dir)?;
    let db = Db::open(&config.database())
        .await
        .context("cannot open the database")?;
    let log = Log::open(db.clone(), Environment::system()).await?;
    let events = EventLoop::start().context("cannot start a thread")?;
    let writer = events.within(|| GroupCommit::start(&log, "shop"));
    let seed = match &config.catalogue {
        Some(file) => read_catalogue(file)?,
        None => Seed::demo().context("the demo catalogue")?,
    };
    let seed = match config.demo_stock {
        Some(on_hand) => seed.with_stock_everywhere(on_hand),
        None => seed,
    };
    let shop = Shop::open(log.clone(), writer.clone(), Some(seed)).await?;
    let first_password = admit_admin(&shop, &config).await?;

    let delay = Duration::from_millis(config.test_gateway_delay_ms.into());
    let gateway = TestGateway::new(log.clone(), writer, delay);
    let settings = ShopSettings {
        payment_window_us: i64::from(config.payment_window_seconds) * 1_000_000,
    };
    let pace = broker::Settings {
        max_attempts: config.max_attempts,
        ..broker::Settings::default()
    };
    let asked = Arc::new(gateway.clone());
    let roster = services::roster(&settings, Some(Outside { gateway: asked }));
    let mut runner = Runner::new(log.clone(), pace);
    let runner = events
        .run(async move {
            roster.start(&mut runner).await;
            runner
        })
        .await?;

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let hub = Hub::new(config.max_sockets);
    events.within(|| {
        tasks.spawn(hub.clone().run(shop.clone(), stopped.clone()));
    });
    // The first page must not show an empty shelf: let the opening stock be counted in.
    settle(&shop).await;

    let router = http::router(shop.clone(), hub, gateway, key, &site);
    let listener = listener.tap_io(|stream| {
        // Small messages must leave at once.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "nodelay");
        }
    });
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let mut drain = stopped;
    let server = tokio::spawn(async move {
        let served = axum::serve(listener, service).with_graceful_shutdown(async move {
            let _ = drain.wait_for(|stop| *stop).await;
        });
        if let Err(error) = served.await {
            tracing::error!(%error, "the server ended");
        }
    });
    Ok(Running {
        url,
        first_password,
        shop,
        stop,
        server,
        tasks,
        runner,
        db,
        _events: events,
    })
}

impl Running {
    /// Takes no more requests, lets those that have begun end, and closes every part in turn.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let abort = self.server.abort_handle();
        if tokio::time::timeout(DRAIN, &mut self.server).await.is_err() {
            tracing::warn!("some requests did not end in time");
            abort.abort();
        }
        while self.tasks.join_next().await.is_some() {}
        self.runner.stop().await;
        self.db.close().await;
    }
}

/// Names, addresses and the cookie key stand here: nobody else on the machine reads them.
fn make_private_folder(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot create {}", folder.display()))
}

/// Makes sure that somebody can sign in.
async fn admit_admin(shop: &Shop, config: &Config) -> anyhow::Result<Option<(String, String)>> {
    let email = &config.admin_email;
    if let Some(password) = &config.admin_password {
        shop.set_staff_password(email, password.clone())
            .await
            .map_err(|problem| anyhow::anyhow!("VITRINE_ADMIN_PASSWORD: {}", problem.detail))?;
        return Ok(None);
    }
    if shop.has_staff().await? {
        return Ok(None);
    }
    let password = generated_password();
    shop.set_staff_password(email, password.clone()).await?;
    Ok(Some((email.clone(), password)))
}

/// 100 random bits, in groups that can be read aloud.
fn generated_password() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let mut bits: u128 = rand::random();
    let mut password = String::new();
    for i in 0..20 {
        if i > 0 && i % 5 == 0 {
            password.push('-');
        }
        password.push(ALPHABET[(bits & 31) as usize].into());
        bits >>= 5;
    }
    password
}

/// Waits until every SKU has been counted in.
async fn settle(shop: &Shop) {
    let settled = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while !shop.levels().are_complete() {
            tick.tick().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(10), settled)
        .await
        .is_err()
    {
        tracing::warn!("the opening stock is still being counted in");
    }
}
