//! What handlers share.

use std::hash::RandomState;
use std::ops::Deref;
use std::sync::Arc;

use app::PublicUrl;
use axum::extract::FromRef;
use axum_extra::extract::cookie::Key;
use leptos::prelude::LeptosOptions;
use services::test_gateway::TestGateway;
use services::{SessionTimes, Shop};

use super::cookies::Cookies;
use super::pace::Pace;
use super::sign_ins::{LogPace, SignIns};
use crate::live::Hub;

/// Cheap to clone: each layer and each handler of a request takes one.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

pub struct Shared {
    pub shop: Shop,
    pub hub: Hub,
    pub gateway: TestGateway,
    pub key: Key,
    pub options: LeptosOptions,
    pub url: PublicUrl,
    pub cookies: Cookies,
    pub session_times: SessionTimes,
    pub sign_ins: Arc<SignIns>,
    /// Of lines about wrong sign-ins.
    pub log_pace: LogPace,
    pub pace: Pace,
    /// The address of the styles.
    pub styles: Arc<str>,
    /// Makes a number of a source; another one each time the shop starts.
    pub hasher: RandomState,
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
