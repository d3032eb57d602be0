//! One guest's purchase, from the product's page to the confirmation on the socket.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::Instant;
use types::OrderId;
use types::order::OrderStatus;
use uuid::Uuid;

use crate::goods::Good;
use shopper::forms::{ADA, order_form, pieces};
use shopper::http::{Connection, Pool};
use shopper::order_socket::OrderSocket;
use shopper::target::Target;

/// The card of a shopper who just buys.
const GOOD_CARD: &str = "pm_card_visa";

/// How an order ended, and when.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// From sending the order to its acceptance.
    pub accepted: Duration,
    /// From sending the order to hearing how it ended.
    pub ended: Duration,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Confirmed,
    /// Not enough stock.
    Rejected,
}

/// A shopper whose cart is filled.
#[derive(Debug)]
pub struct Shopper {
    connection: Connection,
    cookie: String,
    total_minor: i64,
}

/// Looks at the product and puts one piece into the cart.
pub async fn fill_cart(
    target: &Target,
    pool: &Pool,
    good: &Good,
    encoding: &str,
) -> anyhow::Result<Shopper> {
    let mut connection = pool.take(target).await?;
    let page = format!("/p/{}", good.product);
    connection.get(target, &page, encoding).await?;
    let cookie = connection
        .post(target, "/api/add_to_cart", None, pieces(&good.sku, 1, ""))
        .await?
        .context("add_to_cart gave no shopper cookie")?;
    Ok(Shopper {
        connection,
        cookie,
        total_minor: good.total_minor(1)?,
    })
}

impl Shopper {
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// A second line of the same SKU: with a gift note it is a line of its own.
    pub async fn add_as_gift(&mut self, target: &Target, good: &Good) -> anyhow::Result<()> {
        let form = pieces(&good.sku, 1, "For Ada");
        self.connection
            .post(target, "/api/add_to_cart", Some(&self.cookie), form)
            .await?;
        self.total_minor = good.total_minor(2)?;
        Ok(())
    }

    /// Has the shop hold what is in the cart, as the page of the checkout does.
    pub async fn hold(&mut self, target: &Target) -> anyhow::Result<()> {
        self.connection
            .post(target, "/api/hold_cart", Some(&self.cookie), String::new())
            .await?;
        Ok(())
    }

    /// Places the order, and waits for no more than that it is accepted.
    pub async fn order(mut self, target: &Target, pool: &Pool) -> anyhow::Result<OrderId> {
        let id = self.place(target).await?;
        pool.give_back(self.connection);
        Ok(id)
    }

    async fn place(&mut self, target: &Target) -> anyhow::Result<OrderId> {
        let id = OrderId::new(Uuid::now_v7());
        let form = order_form(id, self.total_minor, Some(GOOD_CARD), &ADA);
        self.connection
            .post(target, "/api/place_order", Some(&self.cookie), form)
            .await?;
        Ok(id)
    }

    /// Places the order and waits on the socket for how it ends.
    pub async fn buy(mut self, target: &Target, pool: &Pool) -> anyhow::Result<Done> {
        let began = Instant::now();
        let id = self.place(target).await?;
        let accepted = began.elapsed();
        pool.give_back(self.connection);

        let mut socket = OrderSocket::open(target, &self.cookie, id).await?;
        let outcome = loop {
            if let Some(outcome) = outcome(socket.next_status().await?)? {
                break outcome;
            }
        };
        let ended = began.elapsed();
        socket.close().await;
        Ok(Done {
            accepted,
            ended,
            outcome,
        })
    }
}

/// How the order has ended with this status, if it has.
fn outcome(status: OrderStatus) -> anyhow::Result<Option<Outcome>> {
    match status {
        OrderStatus::Rejected => Ok(Some(Outcome::Rejected)),
        OrderStatus::AwaitingPayment => bail!("the card was declined"),
        OrderStatus::ActionRequired => bail!("the card asks who pays"),
        OrderStatus::Cancelled => bail!("the order was cancelled"),
        OrderStatus::Reserving | OrderStatus::Paying => Ok(None),
        _ => Ok(Some(Outcome::Confirmed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_is_an_end() {
        let outcome = |status| outcome(status).expect("nothing to complain of");
        assert_eq!(outcome(OrderStatus::Confirmed), Some(Outcome::Confirmed));
        assert_eq!(outcome(OrderStatus::Rejected), Some(Outcome::Rejected));
        assert_eq!(outcome(OrderStatus::Reserving), None);
        assert_eq!(outcome(OrderStatus::Paying), None);
    }

    #[test]
    fn a_good_card_that_is_not_taken_is_an_error() {
        assert!(outcome(OrderStatus::AwaitingPayment).is_err());
        assert!(outcome(OrderStatus::Cancelled).is_err());
    }
}
