//! A gateway that serves, on a thread of its own: what it does takes nothing from who asks it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};

use crate::console::Console;
use crate::courier::{Courier, Receiver};
use crate::faults::Faults;
use crate::http::{Desk, routes};
use crate::ledger::Ledger;

/// How a gateway is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The ledger's file; made when there is none.
    pub ledger: PathBuf,
    /// What whoever asks has to know.
    pub key: String,
    /// How long it takes for each answer.
    pub delay: Duration,
    /// Where news goes, and the secret that signs it; nowhere when there is none.
    pub webhooks: Option<(String, webhooks::Secret)>,
}

/// Dropped, it ends.
#[derive(Debug)]
pub struct Gateway {
    url: String,
    key: String,
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

impl Gateway {
    /// Opens the ledger and serves.
    ///
    /// # Errors
    /// When the ledger cannot be opened or the address is taken.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (end, ended) = oneshot::channel();
        let (tell, told) = oneshot::channel();
        let key = settings.key.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the gateway's thread")?;
        std::thread::Builder::new()
            .name("gateway".to_owned())
            .spawn(move || {
                runtime.block_on(serve(settings, tell, stopped));
                // What is never answered is not waited for.
                runtime.shutdown_timeout(Duration::from_secs(1));
                let _ = end.send(());
            })
            .context("the gateway's thread")?;
        let address = told.await.context("the gateway ended")??;
        Ok(Self {
            url: format!("http://{address}"),
            key,
            stop,
            ended,
        })
    }

    /// Where it is asked.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What whoever asks has to know.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What an operator may do with it.
    pub fn console(&self) -> Console {
        Console::new(&self.url, &self.key)
    }

    /// Ends it; what it has answered is in the ledger.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.ended.await;
    }
}

async fn serve(
    settings: Settings,
    tell: oneshot::Sender<anyhow::Result<SocketAddr>>,
    mut stopped: watch::Receiver<bool>,
) {
    let Settings {
        listen,
        ledger,
        key,
        delay,
        webhooks,
    } = settings;
    let open = async {
        let ledger = Ledger::open(&ledger)
            .await
            .with_context(|| format!("the gateway's ledger {}", ledger.display()))?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the gateway cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        anyhow::Ok((ledger, listener, address))
    };
    let (ledger, listener) = match open.await {
        Ok((ledger, listener, address)) => {
            let _ = tell.send(Ok(address));
            (ledger, listener)
        }
        Err(error) => {
            let _ = tell.send(Err(error));
            return;
        }
    };
    let faults = Faults::new(delay);
    let wake = Arc::new(Notify::new());
    let courier = Courier {
        ledger: ledger.clone(),
        faults: faults.clone(),
        receiver: webhooks.map(|(url, secret)| Receiver { url, secret }),
        wake: wake.clone(),
    };
    let courier = tokio::spawn(courier.run());
    let desk = Desk::new(ledger, faults, wake, key.into());
    tokio::select! {
        served = async { axum::serve(listener, routes(desk)).await } => {
            if let Err(error) = served {
                tracing::error!(%error, "the gateway ended");
            }
        }
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    courier.abort();
}
