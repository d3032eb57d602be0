//! The carrier as a service, and as a part of another process: on a thread of its own, behind a door of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::book::Book;
use crate::faults::Weather;
use crate::http::{self, House};
use crate::messenger::Hears;
use crate::{messenger, progress};

#[derive(Debug, Clone)]
pub struct Settings {
    /// The SQLite file of the books; made when there is none.
    pub database: PathBuf,
    /// Under which everybody finds `/track/NUMBER`, without a slash at its end.
    pub public_url: String,
    /// What those who send, and who controls it, show.
    pub key: String,
    pub hears: Option<Hears>,
    /// What a parcel takes from one step to the next; `None` when it waits to be told.
    pub step: Option<Duration>,
}

/// Wait before books that cannot be opened are tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Serves until told to stop. Books that cannot be opened are tried again: meanwhile nobody gets an answer.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let book = loop {
        match Book::open(&settings.database).await {
            Ok(book) => break book,
            Err(error) => tracing::warn!(%error, "the carrier's books cannot be opened"),
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        }
    };
    let house = Arc::new(House {
        book,
        weather: Arc::new(Weather::default()),
        key: settings.key,
        public_url: settings.public_url,
    });
    let mut tasks = tokio::task::JoinSet::new();
    if let Some(hears) = settings.hears {
        tasks.spawn(messenger::run(house.clone(), hears));
    }
    if let Some(step) = settings.step {
        tasks.spawn(progress::run(house.clone(), step));
    }
    let served = axum::serve(listener, http::routes(house)).into_future();
    tokio::select! {
        served = served => served,
        // Whatever is half done is done again: those who send have keys.
        _ = stop.wait_for(|stop| *stop) => Ok(()),
    }
}

/// A carrier in this process.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Begins to serve on `listen`; port 0 takes a free one.
    ///
    /// # Errors
    /// When it cannot listen there, or the system gives no thread.
    pub fn start(listen: SocketAddr, settings: Settings) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind(listen)
            .with_context(|| format!("the carrier cannot listen on {listen}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let run = move || {
            let served = runtime.block_on(async {
                serve(TcpListener::from_std(listener)?, settings, stopped).await
            });
            if let Err(error) = served {
                tracing::error!(%error, "the carrier ended");
            }
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("carrier".to_owned());
        Ok(Self {
            address,
            stop,
            thread: Some(thread.spawn(run)?),
        })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // It stops between two requests; its books are closed before the next one opens them.
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the carrier panicked");
        }
    }
}
