//! The state of the connection, in the footer.

use leptos::prelude::*;

use crate::live::{self, Connection};

/// A dot and a word: live, reconnecting, offline. Before the socket first opens (and without
/// JavaScript) it takes up its space and says nothing.
#[island]
pub fn ConnectionDot() -> impl IntoView {
    let connection = live::connection();
    let state = move || match connection.get() {
        Connection::Connecting => "connecting",
        Connection::Live => "live",
        Connection::Reconnecting => "reconnecting",
        Connection::Offline => "offline",
    };
    let words = move || match connection.get() {
        Connection::Connecting => "",
        Connection::Live => "Live stock",
        Connection::Reconnecting => "Reconnecting\u{2026}",
        Connection::Offline => "Offline",
    };
    let since = live::since();
    let note = move || {
        let since = since.get()?;
        Some(["No connection. Numbers as of ", &since, "."].concat())
    };
    view! {
        <p class="connection" data-state=state>
            {words}
        </p>
        // The footer is far from most numbers: while they may be old, this stays in sight.
        <p class="stale-note" role="status">
            {note}
        </p>
    }
}
