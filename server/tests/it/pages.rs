//! Pages that the server renders, whatever else its process does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use crate::shop::TestShop;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_reads_is_answered_while_other_shops_of_the_process_open() {
    let shop = TestShop::open().await;
    let have_opened = Arc::new(AtomicBool::new(false));
    let mut shoppers = JoinSet::new();
    for _ in 0..4 {
        let mut shopper = shop.shopper();
        let have_opened = have_opened.clone();
        shoppers.spawn(async move {
            while !have_opened.load(Ordering::Relaxed) {
                shopper.get("/checkout").await.expect_ok();
            }
        });
    }
    for _ in 0..6 {
        TestShop::open().await.closed().await;
    }
    have_opened.store(true, Ordering::Relaxed);
    shoppers.join_all().await;
    shop.closed().await;
}
