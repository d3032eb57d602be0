//! Somebody between a client and the server: passes on what comes, or goes silent.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context as _, Result};

/// Passes bytes on in both directions. Silent, it takes connections and bytes and passes none on: the
/// other side is told nothing, as when a cable is cut.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    silent: Arc<AtomicBool>,
}

impl Proxy {
    /// One before the server at this port of this machine.
    pub fn before(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
        let own = listener.local_addr().context("find a free port")?.port();
        let silent = Arc::<AtomicBool>::default();
        let is_silent = silent.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
                let pair = server.and_then(|server| Ok((server.try_clone()?, server)));
                let (Ok((to_server, from_server)), Ok(to_client)) = (pair, client.try_clone())
                else {
                    continue;
                };
                // A connection that was silent once stays so: bytes of it are lost.
                let cut = Arc::<AtomicBool>::default();
                for (from, to) in [(client, to_server), (from_server, to_client)] {
                    let (silent, cut) = (is_silent.clone(), cut.clone());
                    thread::spawn(move || pass_on(from, to, &silent, &cut));
                }
            }
        });
        Ok(Self { port: own, silent })
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn go_silent(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    /// New connections are passed on again; those that were silenced remain so.
    pub fn speak(&self) {
        self.silent.store(false, Ordering::Relaxed);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, silent: &AtomicBool, cut: &AtomicBool) {
    let mut bytes = [0; 16 * 1_024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if silent.load(Ordering::Relaxed) {
            cut.store(true, Ordering::Relaxed);
        }
        if !cut.load(Ordering::Relaxed) && to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    if !cut.load(Ordering::Relaxed) {
        let _ = to.shutdown(Shutdown::Both);
    }
}
