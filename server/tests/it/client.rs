//! A browser as far as HTTP goes: it keeps its cookies and follows no redirect by itself.

use std::collections::BTreeMap;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use types::cart::Cart;
use types::{OrderId, Problem};
use uuid::Uuid;

use crate::socket::Socket;

pub struct Client {
    http: reqwest::Client,
    url: String,
    cookies: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION)?.to_str().ok()
    }

    /// A header that must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("{name}: {self:?}"));
        value.to_str().expect("text")
    }

    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {self:?}"),
        }
    }

    #[track_caller]
    pub fn expect_ok(self) -> Self {
        assert_eq!(self.status, 200, "{self:?}");
        self
    }

    /// The problem that was answered, which must be one of RFC 9457 and say something.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Problem {
        assert_eq!(self.status, status, "{self:?}");
        let content = self.headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        assert_eq!(
            content,
            Some(b"application/problem+json".as_slice()),
            "{self:?}"
        );
        let problem: Problem = self.json();
        assert_eq!(problem.status, status, "{problem:?}");
        assert!(problem.detail.len() > 10, "a clear detail: {problem:?}");
        assert!(problem.kind.starts_with("/problems/"), "{problem:?}");
        problem
    }
}

impl Client {
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self::sharing(&http, url)
    }

    /// A browser that shares connections with others, and nothing else.
    pub fn sharing(http: &reqwest::Client, url: &str) -> Self {
        Self {
            http: http.clone(),
            url: url.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// The same browser at a shop that has moved.
    #[must_use]
    pub fn at(self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self
        }
    }

    pub fn has_cookie(&self, name: &str) -> bool {
        self.cookies.contains_key(name)
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter().map(|(k, v)| format!("{k}={v}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match self.cookies.is_empty() {
            true => request,
            false => request.header(COOKIE, self.cookie_header()),
        }
    }

    pub async fn send(&mut self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.expect("an answer");
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a readable cookie");
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("name=value");
            if value.is_empty() || cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.set_cookie(name, value);
            }
        }
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.text().await.expect("a body"),
        }
    }

    /// As a page's script does.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).form(form);
        self.send(request.header(ACCEPT, "application/json")).await
    }

    /// As the browser itself does with a plain form.
    pub async fn submit(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).form(form);
        self.send(request.header(ACCEPT, "text/html")).await
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.send(request.header(ACCEPT, "text/html")).await
    }

    pub async fn add(&mut self, sku: &str, quantity: &str, gift_note: &str) -> Answer {
        let form = [
            ("sku", sku),
            ("quantity", quantity),
            ("gift_note", gift_note),
        ];
        self.post("/api/add_to_cart", &form).await
    }

    pub async fn cart(&mut self) -> Cart {
        self.post("/api/review_cart", &[]).await.expect_ok().json()
    }

    /// SKU and quantity of each line.
    pub async fn cart_lines(&mut self) -> Vec<(String, u32)> {
        let lines = self.cart().await.lines.into_iter();
        lines
            .map(|line| (line.sku.to_string(), line.quantity))
            .collect()
    }

    /// Places an order for what is in the cart, standard delivery.
    pub async fn place(&mut self, order: OrderId, token: &str, total_minor: i64) -> Answer {
        let (id, total) = (order.to_string(), total_minor.to_string());
        let form = [
            ("order_id", id.as_str()),
            ("email", "ada@example.com"),
            ("name", "Ada Lovelace"),
            ("street", "Main Street 1"),
            ("postal_code", "10115"),
            ("city", "Berlin"),
            ("country", "DE"),
            ("delivery", "standard"),
            ("payment_token", token),
            ("expected_total_minor", &total),
        ];
        self.post("/api/place_order", &form).await
    }

    /// Buys one piece, and answers with the accepted order.
    pub async fn order(&mut self, sku: &str, token: &str, total_minor: i64) -> OrderId {
        self.add(sku, "1", "").await.expect_ok();
        let order = new_order_id();
        let placed = self.place(order, token, total_minor).await.expect_ok();
        assert_eq!(placed.json::<OrderId>(), order);
        order
    }

    pub async fn pay(&mut self, order: OrderId, token: &str) -> Answer {
        let form = [
            ("order_id", order.to_string()),
            ("payment_token", token.to_owned()),
        ];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.post("/api/pay_order", &form).await
    }

    pub async fn cancel(&mut self, order: OrderId) -> Answer {
        let form = [("order_id", &*order.to_string())];
        self.post("/api/cancel_order", &form).await
    }

    /// What staff found when they counted.
    pub async fn count(&mut self, sku: &str, on_hand: i64) -> Answer {
        self.count_seen(sku, on_hand, "").await
    }

    /// The same of somebody whose page said how many there were.
    pub async fn count_seen(&mut self, sku: &str, on_hand: i64, seen: &str) -> Answer {
        let on_hand = on_hand.to_string();
        let form = [
            ("sku", sku),
            ("on_hand", on_hand.as_str()),
            ("seen", seen),
            ("reason", "recount"),
        ];
        self.post("/api/correct_stock", &form).await
    }

    /// A tab's socket, with this browser's cookies.
    pub async fn socket(&self) -> Socket {
        Socket::open(&self.url, &self.cookie_header()).await
    }
}

/// As the checkout page makes one.
pub fn new_order_id() -> OrderId {
    OrderId::new(Uuid::now_v7())
}
