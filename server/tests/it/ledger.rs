//! The gateway's books, as its own desk shows them.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use gateways::{Console, Gateway, ListedMovement, ListedPayment, Settings};

use services::simulator::Simulator;

use crate::shop::TestShop;

/// What the gateway has written down.
pub struct Ledger {
    pub payments: Vec<ListedPayment>,
    pub movements: Vec<ListedMovement>,
}

impl Ledger {
    pub async fn read(console: &Console) -> Self {
        Self {
            payments: console.payments().await.expect("the gateway answers"),
            movements: console.movements().await.expect("the gateway answers"),
        }
    }

    /// Payments that stand so.
    pub fn of_status(&self, status: &str) -> impl Iterator<Item = &ListedPayment> {
        self.payments
            .iter()
            .filter(move |payment| payment.status == status)
    }

    /// How many payments stand so.
    pub fn count(&self, status: &str) -> usize {
        self.of_status(status).count()
    }

    /// Minor units that were moved in this way.
    pub fn moved(&self, kind: &str) -> i64 {
        let movements = self.movements.iter().filter(|moved| moved.kind == kind);
        movements.map(|moved| moved.amount_minor).sum()
    }
}

/// A gateway that answers at once, with its ledger in this folder.
pub async fn gateway(folder: &Path) -> Gateway {
    let gateway = Gateway::start(Settings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        ledger: folder.join("gateway.db"),
        key: "known to the shop".to_owned(),
        delay: Duration::ZERO,
        webhooks: None,
    });
    gateway.await.expect("a gateway")
}

/// Asks that gateway.
pub fn client(gateway: &Gateway) -> Simulator {
    let patience = Duration::from_secs(10);
    Simulator::new(gateway.url(), gateway.key(), patience).expect("a client")
}

impl TestShop {
    /// The gateway's desk.
    pub fn gateway(&self) -> Console {
        self.running()
            .gateway()
            .expect("a gateway of the shop's own")
    }

    pub async fn ledger(&self) -> Ledger {
        Ledger::read(&self.gateway()).await
    }
}
