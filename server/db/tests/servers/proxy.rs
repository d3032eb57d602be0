//! Somebody between us and the server: passes on what comes, or goes silent.

use std::net::Ipv4Addr;

use tokio::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes on in both directions. Silent, it takes connections and bytes and passes none on.
pub struct Proxy {
    port: u16,
    silent: watch::Sender<bool>,
}

impl Proxy {
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let (silent, is_silent) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, port, is_silent.clone()));
            }
        });
        Self { port: own, silent }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Those connections that are silenced once stay so: their bytes are lost.
    pub fn go_silent(&self) {
        self.silent.send_replace(true);
    }

    pub fn speak(&self) {
        self.silent.send_replace(false);
    }
}

async fn pass_on(mut client: TcpStream, port: u16, mut silent: watch::Receiver<bool>) {
    if !*silent.borrow_and_update() {
        let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
            return;
        };
        tokio::select! {
            _ = io::copy_bidirectional(&mut client, &mut server) => return,
            _ = silent.wait_for(|silent| *silent) => {}
        }
        // The server's end stays open, too: nobody is told anything.
        swallow(client).await;
        drop(server);
    } else {
        swallow(client).await;
    }
}

/// Takes what comes until the other side has enough.
async fn swallow(mut client: TcpStream) {
    let _ = io::copy(&mut client, &mut io::sink()).await;
}
