//! The address of the shop that is measured.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};

/// Where requests go; cheap enough to clone per checkout.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// Host and port, as requests name them.
    pub authority: Arc<str>,
}

impl Target {
    /// Resolves `http://HOST:PORT`; refuses a host that is not this machine unless `is_own_host`.
    pub async fn resolve(url: &str, is_own_host: bool) -> anyhow::Result<Self> {
        let uri: hyper::Uri = url.parse().with_context(|| format!("--url {url:?}"))?;
        ensure!(
            uri.scheme_str() == Some("http"),
            "--url: expected http://HOST:PORT, got {url:?}"
        );
        let authority = uri.authority().context("--url names no host")?;
        let host = authority.host().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(80);
        let address = tokio::net::lookup_host((host, port))
            .await
            .with_context(|| format!("--url: cannot find {host:?}"))?
            .next()
            .with_context(|| format!("--url: {host:?} has no address"))?;
        if !address.ip().is_loopback() && !is_own_host {
            bail!("--url: {host:?} is not this machine; if it is yours, add --i-own-this-host");
        }
        Ok(Self {
            address,
            authority: authority.as_str().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_this_machine_is_loaded_unless_one_insists() {
        let loopback = Target::resolve("http://127.0.0.1:3000", false).await;
        assert_eq!(loopback.expect("allowed").address.port(), 3000);
        let own = Target::resolve("http://[::1]:81/", false).await;
        let own = own.expect("allowed");
        assert_eq!((own.address.port(), &*own.authority), (81, "[::1]:81"));
        // TEST-NET-1 of RFC 5737: belongs to nobody, and nothing is sent.
        assert!(Target::resolve("http://192.0.2.1:80", false).await.is_err());
        assert!(Target::resolve("http://192.0.2.1:80", true).await.is_ok());
        assert!(Target::resolve("https://127.0.0.1:1", false).await.is_err());
    }
}
