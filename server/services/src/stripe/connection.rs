//! One request to Stripe over a connection of its own: what is asked there is rare and worth a handshake.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::gateway::NoAnswer;

/// Bytes of an answer, at most.
const MAX_ANSWER: usize = 1024 * 1024;
/// The version of the interface that this was written against.
const VERSION: HeaderValue = HeaderValue::from_static("2025-03-31.basil");

/// Where it is asked, and with which key. It has no `Debug` that shows the key.
#[derive(Clone)]
pub struct Connection {
    base: Url,
    key: HeaderValue,
    patience: Duration,
}

/// What it has answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub body: Bytes,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("base", &self.base)
            .finish()
    }
}

impl Connection {
    /// # Errors
    /// When the address is none that can be asked, or the key no header.
    pub fn new(base: &str, key: &str, patience: Duration) -> Result<Self, String> {
        let base: Url = base.parse().map_err(|error| format!("{base}: {error}"))?;
        let is_asked = matches!(base.scheme(), "http" | "https") && base.host().is_some();
        if !is_asked {
            return Err(format!("{base}: expected https://HOST"));
        }
        let mut key = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| "expected a key of visible ASCII characters".to_owned())?;
        key.set_sensitive(true);
        Ok(Self {
            base,
            key,
            patience,
        })
    }

    /// Asks once. With the same `key` a request is carried out once, however often it is asked.
    ///
    /// # Errors
    /// When no answer came: nobody knows whether it was carried out.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, String)],
        key: Option<&str>,
    ) -> Result<Answered, NoAnswer> {
        let asked =
            tokio::time::timeout(self.patience, self.ask_unhurried(method, path, form, key));
        let late = |_| NoAnswer("Stripe took too long".to_owned());
        asked.await.map_err(late)?.map_err(NoAnswer)
    }

    async fn ask_unhurried(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, String)],
        key: Option<&str>,
    ) -> Result<Answered, String> {
        let host = self.base.host_str().unwrap_or_default();
        let port = self.base.port_or_known_default().unwrap_or(443);
        let authority = match self.base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let body: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, authority)
            .header(ACCEPT, "application/json")
            .header("stripe-version", VERSION)
            .header(AUTHORIZATION, self.key.clone());
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| error.to_string())?;
        let stream = TcpStream::connect((host, port)).await;
        let stream = stream.map_err(|error| error.to_string())?;
        if self.base.scheme() == "http" {
            return send(stream, request).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let connector = TlsConnector::from(tls()?);
        let stream = connector.connect(name, stream).await;
        send(stream.map_err(|error| error.to_string())?, request).await
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answered, String> {
    let said = |error: hyper::Error| error.to_string();
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(said)?;
    // It ends with the request, whose error tells more.
    let driven = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(said)?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    driven.abort();
    Ok(Answered {
        status: parts.status,
        body: body.map_err(|error| error.to_string())?.to_bytes(),
    })
}

/// With the certificates that this machine trusts.
fn tls() -> Result<Arc<ClientConfig>, String> {
    static TLS: LazyLock<Result<Arc<ClientConfig>, String>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Arc::new(config))
    });
    TLS.clone()
}
