//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;

use app::PublicUrl;
use axum::extract::FromRef;
use axum_extra::extract::cookie::Key;
use leptos::prelude::LeptosOptions;
use services::{HttpCarrier, SessionTimes, Shop};
use tokio::sync::watch;

use super::cookies::Cookies;
use super::door::Door;
use super::pace::Pace;
use super::senders::Senders;
use super::sign_ins::{CodePace, LogPace, SignIns};
use super::waiting::Waiting;
use crate::live::Hub;

/// Cheap to clone: each layer and each handler of a request takes one.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

pub struct Shared {
    pub shop: Shop,
    pub hub: Hub,
    /// Where the simulator is, in a shop that has one.
    pub door: Option<Door>,
    pub key: Key,
    pub options: LeptosOptions,
    pub url: PublicUrl,
    pub cookies: Cookies,
    pub session_times: SessionTimes,
    pub sign_ins: Arc<SignIns>,
    /// Of lines about wrong sign-ins, and of events.
    pub log_pace: LogPace,
    pub event_pace: LogPace,
    /// Of codes that are tried for an account.
    pub codes: CodePace,
    pub pace: Pace,
    /// The address of the styles.
    pub styles: Arc<str>,
    /// Whose messages are taken.
    pub senders: Senders,
    /// The carrier whose tracking pages the shop shows.
    pub tracking: Option<HttpCarrier>,
    /// Services of others that wait for events.
    pub waiting: Waiting,
    /// Tells when the shop stops: nobody waits for longer.
    pub stop: watch::Receiver<bool>,
}

impl From<Shared> for AppState {
    fn from(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}
