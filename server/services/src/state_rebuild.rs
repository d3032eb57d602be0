//! Staff have the states of a decider built anew, while the shop goes on; see [`broker::Log::replay`].

use broker::{Beginning, Roster};
use types::Problem;
use types::staff::Right;

use crate::shop::Shop;
use crate::visitor::Staff;

impl Shop {
    /// Begins to build the states of a decider anew, in the name of who asks. How far it is stands among the
    /// consumers, what came of it in the log.
    ///
    /// # Errors
    /// 404 for what keeps no states, 409 while it is being done.
    pub fn rebuild(&self, staff: &Staff, roster: Roster, decider: &str) -> crate::Result<()> {
        let by = staff.may(Right::Log)?.to_owned();
        if !roster.deciders().any(|known| known == decider) {
            let known: Vec<&str> = roster.deciders().collect();
            return Err(Problem::not_found(format!(
                "{decider:?} keeps no states that could be built anew. Expected one of {}.",
                known.join(", ")
            )));
        }
        if !self.rebuilds().begin(decider) {
            return Err(Problem::conflict(
                "rebuilt-already",
                "These states are being built anew",
                format!("The states of {decider} are being built anew already."),
            ));
        }
        let (shop, decider) = (self.clone(), decider.to_owned());
        tokio::spawn(async move {
            // Ends with the task, whatever becomes of it.
            let mut ending = Ending {
                shop: &shop,
                decider: &decider,
                failed: Some("It was broken off.".to_owned()),
            };
            let done = (shop.log())
                .replay(&roster, &decider, Beginning::Nothing, &by, |_, _| {})
                .await;
            ending.failed = done.err().map(|failure| {
                tracing::error!(%failure, decider, "states were not built anew");
                failure.to_string()
            });
        });
        Ok(())
    }
}

struct Ending<'a> {
    shop: &'a Shop,
    decider: &'a str,
    failed: Option<String>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.shop.rebuilds().end(self.decider, self.failed.take());
    }
}
