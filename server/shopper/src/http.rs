//! HTTP over connections that stay open, one request at a time on each, as a browser keeps them.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use form_urlencoded::Serializer;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT_ENCODING, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::target::Target;

/// Names of the cookies of shoppers and staff, which have a prefix with TLS.
const SHOPPER: &str = "shopper";
const SESSION: &str = "session";
/// Characters of a refusal that are repeated in the report.
const MAX_REFUSAL: usize = 300;

/// How a member of staff signs in.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub email: String,
    pub password: String,
}

/// Connections that nobody uses right now; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Pool(Arc<Mutex<Vec<SendRequest<Full<Bytes>>>>>);

impl Pool {
    /// One connection for the requests of one checkout: an idle one, or a new one.
    pub async fn take(&self, target: &Target) -> anyhow::Result<Connection> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(sender) = idle
            && !sender.is_closed()
        {
            return Ok(Connection { sender });
        }
        let stream = connect(target).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends when the sender is dropped; what goes wrong shows in the request.
        tokio::spawn(connection);
        Ok(Connection { sender })
    }

    pub fn give_back(&self, connection: Connection) {
        if !connection.sender.is_closed() {
            let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection.sender);
        }
    }
}

/// A TCP connection to the shop on which small messages leave at once.
pub async fn connect(target: &Target) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(target.address)
        .await
        .context("cannot connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Gets a page and throws it away.
    pub async fn get(&mut self, target: &Target, path: &str, encoding: &str) -> anyhow::Result<()> {
        self.get_as(target, path, encoding, None).await
    }

    /// As [`Self::get`], with a cookie.
    pub async fn get_as(
        &mut self,
        target: &Target,
        path: &str,
        encoding: &str,
        cookie: Option<&str>,
    ) -> anyhow::Result<()> {
        let response = self.request(target, path, encoding, cookie).await?;
        let mut body = accepted(path, response).await?.into_body();
        while let Some(frame) = body.frame().await {
            frame.context("a page broke off")?;
        }
        Ok(())
    }

    /// Gets a text; `None` when the shop has nothing at that path.
    pub async fn get_text(
        &mut self,
        target: &Target,
        path: &str,
    ) -> anyhow::Result<Option<String>> {
        let response = self.request(target, path, "", None).await?;
        let is_there = response.status().is_success();
        let read = text(response).await?;
        Ok(is_there.then_some(read))
    }

    /// Gets a page as the visitor of a cookie, and reads it.
    pub async fn read(
        &mut self,
        target: &Target,
        path: &str,
        cookie: Option<&str>,
    ) -> anyhow::Result<String> {
        let response = self.request(target, path, "", cookie).await?;
        text(accepted(path, response).await?).await
    }

    /// Asks for a page; without an `encoding` it comes as it is.
    async fn request(
        &mut self,
        target: &Target,
        path: &str,
        encoding: &str,
        cookie: Option<&str>,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::get(path).header(HOST, &*target.authority);
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        if !encoding.is_empty() {
            request = request.header(ACCEPT_ENCODING, encoding);
        }
        self.send(request.body(Full::default())?).await
    }

    /// Posts JSON and reads the answer.
    pub async fn post_json(
        &mut self,
        target: &Target,
        path: &str,
        json: &serde_json::Value,
    ) -> anyhow::Result<String> {
        let request = Request::post(path)
            .header(HOST, &*target.authority)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(json.to_string()))?;
        let response = self.send(request).await?;
        text(accepted(path, response).await?).await
    }

    /// Posts a command as a form and reads what it answers.
    pub async fn ask(
        &mut self,
        target: &Target,
        path: &str,
        cookie: &str,
        form: String,
    ) -> anyhow::Result<String> {
        let response = self.post_form(target, path, Some(cookie), form).await?;
        text(accepted(path, response).await?).await
    }

    /// Posts a command as a form; answers with the shopper's cookie when one was given.
    pub async fn post(
        &mut self,
        target: &Target,
        path: &str,
        cookie: Option<&str>,
        form: String,
    ) -> anyhow::Result<Option<String>> {
        let response = self.post_form(target, path, cookie, form).await?;
        let response = accepted(path, response).await?;
        let cookie = set_cookie(&response, SHOPPER);
        response.into_body().collect().await?;
        Ok(cookie)
    }

    /// Signs a member of staff in; answers with the cookie of the session.
    pub async fn sign_in(
        &mut self,
        target: &Target,
        credentials: &Credentials,
    ) -> anyhow::Result<String> {
        let form = Serializer::new(String::new())
            .append_pair("email", &credentials.email)
            .append_pair("password", &credentials.password)
            .finish();
        let response = self.post_form(target, "/admin/session", None, form).await?;
        let session = set_cookie(&response, SESSION);
        response.into_body().collect().await?;
        session.context("the shop lets no staff in")
    }

    async fn post_form(
        &mut self,
        target: &Target,
        path: &str,
        cookie: Option<&str>,
        form: String,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::post(path)
            .header(HOST, &*target.authority)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        self.send(request.body(Full::from(form))?).await
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Incoming>> {
        self.sender.ready().await.context("the connection ended")?;
        self.sender.send_request(request).await.context("no answer")
    }
}

async fn text(response: Response<Incoming>) -> anyhow::Result<String> {
    let body = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// The response, or what the shop said against the request.
async fn accepted(path: &str, response: Response<Incoming>) -> anyhow::Result<Response<Incoming>> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let said = text(response).await?;
    let path = path.to_owned();
    Err(Refusal { path, status, said }.into())
}

/// What the shop said against a request. An error without one is no answer at all.
// The address without what differs from one checkout to the next: equal errors count together.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {status} {}", said.chars().take(MAX_REFUSAL).collect::<String>())]
pub struct Refusal {
    path: String,
    pub status: StatusCode,
    pub said: String,
}

/// `name=value` of a cookie that the response sets; its name begins otherwise with TLS than without.
fn set_cookie(response: &Response<Incoming>, name: &str) -> Option<String> {
    response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(|cookie| name_and_value(cookie, name))
}

fn name_and_value(set_cookie: &str, name: &str) -> Option<String> {
    let pair = set_cookie.split(';').next()?.trim();
    let (its_name, _) = pair.split_once('=')?;
    its_name.ends_with(name).then(|| pair.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shoppers_cookie_is_told_from_others() {
        let set = "__Host-shopper=abc%3D; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1";
        let shopper = |set| name_and_value(set, SHOPPER);
        assert_eq!(shopper(set).as_deref(), Some("__Host-shopper=abc%3D"));
        assert_eq!(shopper("shopper=x").as_deref(), Some("shopper=x"));
        assert_eq!(shopper("__Host-session=x; Path=/"), None);
    }
}
