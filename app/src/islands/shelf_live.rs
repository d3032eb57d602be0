//! Keeps the words and pictures of a page of the shop: when what is for sale has changed, the page is fetched again, and
//! what of it is marked `data-live` takes the place of what stood there. Prices and stock have their own ways, and where
//! somebody chooses is left alone.

use leptos::prelude::*;

use super::admin_live::keep_fresh;
use crate::live::{self, LivePage};

/// `version` is that of the shelves as the page was rendered from them.
pub fn follow_shelves(version: u64) {
    let newest = live::page_version(LivePage::Shelves, version);
    keep_fresh(version, move || newest.get().version);
}
