//! Puts the parts together.

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use broker::{Environment, Filter, GroupCommit, Log, Rule, Runner, SERVICE};
use carriers::Simulator;
use db::Db;
use domain::order::Rules;
use domain::{back_in_stock, reservation};
use gateways::{Console, Gateway};
use services::{
    Fingerprints, Lives, Outside, Seed, SessionTimes, Shop, ShopSettings, StaffSecrets,
    SupplierPost,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::staff::Role;

use crate::config::Config;
use crate::event_loop::EventLoop;
use crate::health::Health;
use crate::housekeeping::Housekeeping;
use crate::http::{self, Door, Parts, Senders, Site};
use crate::live::{Hub, SHOWN};
use crate::settlement::Nightly;
use crate::supervise::Tasks;
use crate::suppliers::Papers;
use crate::watch::ConsumerWatch;
use crate::{carrier, connections, desk_news, gateway, mail, measure, secret};

/// What services of others send.
const FROM_OUTSIDE: Filter<'static> = Filter(&[Rule::ANY.with(&[(SERVICE, "*")])]);

/// A session ends after this long, whatever was done with it.
const LONGEST_SESSION_US: i64 = 7 * 24 * 60 * 60 * 1_000_000;

/// A shop that serves.
#[derive(Debug)]
pub struct Running {
    /// Address under which browsers reach it.
    pub url: String,
    /// Where the metrics are, if anywhere.
    pub metrics_address: Option<SocketAddr>,
    /// How the first owner gets in.
    pub way_in: Option<WayIn>,
    pub shop: Shop,
    /// Every route that there is, as the router tells of itself.
    #[cfg(feature = "failpoints")]
    pub routes: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    tasks: Tasks,
    runner: Runner,
    db: Db,
    /// The gateway, unless it runs elsewhere.
    gateway: Option<Gateway>,
    /// The built-in carrier, if it is that.
    simulator: Option<Simulator>,
    /// Last, so that what runs on it has ended before.
    _events: EventLoop,
}

/// How the first owner gets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayIn {
    /// Was made just now.
    Password { email: String, password: String },
    /// Good for once and for a day; the next start prints another one.
    Link(String),
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
    let limits = config.limits.clone().in_force();
    let max_connections = connections::allowed_by_the_system(&limits);
    measure::begin();
    let site = Site::open(&config.site_dir, &url, config.public_url.is_some())?;
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
    let shop = Shop::open(log.clone(), writer, Some(seed)).await?;
    shop.limit_holds(limits.holds());
    if !config.limits.lift_limits {
        shop.marks_with(Fingerprints::new(key.master()));
        shop.renew_marks(shop.now_us()).await?;
    }
    shop.keeps_secrets_with(StaffSecrets::new(key.master()));
    let way_in = admit_admin(&shop, &config, &url).await?;

    let derive = |what: &str| secret::derived(key.master(), what);
    let gateway = gateway::open(&config.gateway, &config.data_dir, address, &url, derive).await?;
    let mailer = mail::open(&config.mail, &config.data_dir, &url, key.master(), &shop)?;
    let (labels, simulator) = carrier::open(
        &config.carrier,
        &config.data_dir,
        address,
        &url,
        key.master(),
    )?;
    if let Some(labels) = &labels {
        shop.ships_with(labels.name, labels.service());
    }
    let settings = ShopSettings {
        orders: Rules {
            payment_window_us: i64::from(config.payment_window_seconds) * 1_000_000,
            capture: config.capture,
            gateway: config.gateway.of_new_orders(),
            returns_by: config.carrier.carrier(),
        },
        reservations: reservation::Rules::of_seconds(config.hold_seconds),
        back_in_stock: back_in_stock::Rules::of_seconds(config.back_in_stock_seconds),
        acts: config.watch.acts(),
    };
    let pace = broker::Settings {
        max_attempts: config.max_attempts,
        ..broker::Settings::default()
    };
    shop.takes_money_with(config.gateway.of_new_orders());
    let test_gateway = gateway.simulator.as_ref();
    let nightly = test_gateway.map(|it| Nightly {
        shop: shop.clone(),
        gateway: it.asked.clone(),
        hour: config.gateway.settlement_hour,
    });
    let papers = Arc::new(Papers::new(key.master()));
    shop.gives_suppliers(papers.clone());
    let suppliers = SupplierPost::new(mailer.clone(), papers);
    let outside = Outside {
        alerts_to: config.mail.alert_mail.clone(),
        alert_hook: config.watch.hook(&shop, &url)?,
        suppliers: Some(suppliers.context("cannot ask suppliers")?),
        simulator: test_gateway.map(|it| it.asked.clone()),
        stripe: gateway.stripe,
        mailer: Some(mailer.clone()),
        carrier: labels.as_ref().map(|it| (it.service(), log.clone())),
    };
    let roster = services::roster(&settings, Some(outside));
    log.is_heard(SHOWN);
    // Who sends them knows who reads them.
    log.is_heard(FROM_OUTSIDE);
    let members = roster.starting().map(str::to_owned).collect();
    let mut runner = Runner::new(log.clone(), pace);
    let runner = events
        .run(async move {
            roster.start(&mut runner).await;
            runner
        })
        .await?;

    let (stop, stopped) = watch::channel(false);
    let hub = Hub::new(&limits, shop.clone());
    let session_times = SessionTimes {
        idle_us: i64::from(config.session_idle_minutes) * 60 * 1_000_000,
        longest_us: LONGEST_SESSION_US,
    };
    let health = Health::starting();
    let senders = Senders {
        carriers: labels
            .iter()
            .map(|labels| (labels.name, labels.secret.clone()))
            .collect(),
        simulator: test_gateway.map(|it| it.secret.clone()),
        stripe: gateway.stripe_secret,
    };
    let (router, pace) = http::router(
        Parts {
            shop: shop.clone(),
            hub: hub.clone(),
            door: test_gateway
                .map(|it| Door::to(it.door.clone()))
                .transpose()?,
            key,
            limits: limits.clone(),
            session_times,
            health: health.clone(),
            senders,
            tracking: labels
                .as_ref()
                .filter(|it| it.shows_tracking)
                .map(|it| it.client.clone()),
            stop: stopped.clone(),
        },
        &site,
    )
    .await?;
    #[cfg(feature = "failpoints")]
    let routes = format!("{router:?}");
    let mut tasks = Tasks::new();
    events.within(|| {
        let (for_hub, for_sessions) = (shop.clone(), shop.clone());
        let follower = hub.clone();
        let until = stopped.clone();
        tasks.spawn("hub", move || {
            follower.clone().run(for_hub.clone(), until.clone())
        });
        let (follower, for_consumers, until) = (hub.clone(), shop.clone(), stopped.clone());
        tasks.spawn("consumer news", move || {
            (follower.clone()).watch_consumers(for_consumers.clone(), until.clone())
        });
        let (desk, for_desk, until) = (hub.clone(), shop.clone(), stopped.clone());
        let told = desk_news::Told::new(shop.log().head().into());
        tasks.spawn("desk", move || {
            desk_news::run(desk.clone(), for_desk.clone(), told.clone(), until.clone())
        });
        let until = stopped.clone();
        tasks.spawn("sessions", move || {
            hub.clone()
                .watch_sessions(for_sessions.clone(), session_times, until.clone())
        });
    });
    let (watched, until, seen) = (shop.clone(), stopped.clone(), health.clone());
    tasks.spawn("health", move || {
        seen.clone().watch(watched.clone(), until.clone())
    });
    let consumer_watch = ConsumerWatch {
        shop: shop.clone(),
        members,
        patience: Duration::from_secs(config.watch.consumer_behind_seconds.into()),
    };
    let until = stopped.clone();
    tasks.spawn("consumers", move || {
        consumer_watch.clone().run(until.clone())
    });
    let housekeeping = Housekeeping {
        shop: shop.clone(),
        pace,
        lives: Lives::of_days(config.cart_days, config.mail.mail_days),
        mailer: mailer.clone(),
    };
    let until = stopped.clone();
    tasks.spawn("housekeeping", move || {
        housekeeping.clone().run(until.clone())
    });

    let until = stopped.clone();
    if let Some(nightly) = nightly {
        tasks.spawn("settlement", move || nightly.clone().run(until.clone()));
    }

    let (post, until) = (mailer.clone(), stopped.clone());
    tasks.spawn("mails", move || post.clone().run(until.clone()));

    if let Some(labels) = labels {
        let (of, until) = (shop.clone(), stopped.clone());
        tasks.spawn("carrier", move || {
            labels.clone().ask(of.clone(), until.clone())
        });
    }

    let mut metrics_address = None;
    if let Some(address) = config.metrics_listen {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (VITRINE_METRICS_LISTEN)"))?;
        metrics_address = Some(listener.local_addr()?);
        let router = http::metrics_router(shop.clone(), health, mailer);
        let served = connections::serve(
            listener,
            router,
            METRICS_CONNECTIONS,
            limits.clone(),
            stopped.clone(),
        );
        tokio::spawn(served);
    }
    // The first page must not show an empty shelf: let the opening stock be counted in.
    settle(&shop).await;
    let server = tokio::spawn(connections::serve(
        listener,
        router,
        max_connections,
        limits,
        stopped,
    ));
    Ok(Running {
        url,
        metrics_address,
        way_in,
        shop,
        #[cfg(feature = "failpoints")]
        routes,
        stop,
        server,
        tasks,
        runner,
        db,
        gateway: gateway.simulator.and_then(|simulator| simulator.own),
        simulator,
        _events: events,
    })
}

/// Connections to the address of the metrics, at most.
const METRICS_CONNECTIONS: usize = 16;

impl Running {
    /// Where the built-in carrier is reached, if there is one.
    pub fn carrier_address(&self) -> Option<SocketAddr> {
        self.simulator.as_ref().map(Simulator::address)
    }

    /// Waits until the shop cannot go on: it takes no more connections, or its log has gone back.
    pub async fn broken(&mut self) -> anyhow::Error {
        tokio::select! {
            ended = &mut self.server => match ended {
                Ok(()) => anyhow::anyhow!("the server ended by itself"),
                Err(error) => anyhow::Error::new(error).context("the server panicked"),
            },
            () = self.shop.log().has_gone_back() => anyhow::anyhow!(
                "the database has lost events that were in it: a standby that had not got all of them \
                 was promoted, or a backup was restored. Start the shop again: it goes on with what is \
                 there, and open pages begin anew"
            ),
        }
    }

    /// Takes no more requests, lets those that have begun end, and closes every part in turn.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Err(error) = (&mut self.server).await {
            tracing::error!(%error, "the server ended");
        }
        self.tasks.ended().await;
        self.runner.stop().await;
        if let Some(simulator) = self.simulator.take() {
            // It waits for its thread.
            let _ = tokio::task::spawn_blocking(move || drop(simulator)).await;
        }
        self.db.close().await;
        if let Some(gateway) = self.gateway {
            gateway.stop().await;
        }
    }

    /// The desk of the gateway that was started beside the shop.
    pub fn gateway(&self) -> Option<Console> {
        self.gateway.as_ref().map(Gateway::console)
    }

    /// Has a supervised task panic where it waits.
    #[cfg(feature = "failpoints")]
    pub fn panic_in(&self, task: &'static str) {
        self.tasks.panic_in(task);
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
async fn admit_admin(shop: &Shop, config: &Config, url: &str) -> anyhow::Result<Option<WayIn>> {
    let Some(email) = config.admin() else {
        if shop.name_nobody().await? {
            return Ok(None);
        }
        let path = shop.first_owner_path().await?;
        return Ok(path.map(|path| WayIn::Link(format!("{url}{path}"))));
    };
    let admitted = shop
        .name_owner(email, config.admin_password().map(str::to_owned))
        .await;
    let can_sign_in = admitted.map_err(|problem| {
        anyhow::anyhow!(
            "VITRINE_ADMIN_EMAIL or VITRINE_ADMIN_PASSWORD: {}",
            problem.detail
        )
    })?;
    if can_sign_in {
        return Ok(None);
    }
    let password = secret::password();
    let (log, role) = (shop.log(), Role::Owner);
    services::set_staff_password(log, email, password.clone(), role, true, "settings").await?;
    Ok(Some(WayIn::Password {
        email: email.to_owned(),
        password,
    }))
}

/// Waits until every SKU has been counted in, or the inventory has nothing more to count: staff may have made a
/// variant and been interrupted before they said how many there are.
async fn settle(shop: &Shop) {
    let all_are_counted = async {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while !shop.levels().are_complete() {
            tick.tick().await;
        }
    };
    let settled = async {
        tokio::select! {
            () = all_are_counted => {}
            () = inventory_is_at_rest(shop) => {}
        }
    };
    if tokio::time::timeout(Duration::from_secs(10), settled)
        .await
        .is_err()
    {
        tracing::warn!("the opening stock is still being counted in");
    }
}

/// Waits until the inventory has answered what the log holds, and its answers are seen.
async fn inventory_is_at_rest(shop: &Shop) {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let log = shop.log();
    loop {
        tick.tick().await;
        let Ok(lags) = log.lags().await else { continue };
        // What is answered has been appended before its question is passed.
        let is_done = |lag: &broker::Lag| lag.consumer == "inventory" && lag.behind == 0;
        if lags.iter().any(is_done) && shop.levels().position() >= log.head() {
            return;
        }
    }
}
