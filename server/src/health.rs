//! Whether the shop can do its work. It is looked at by a task of its own, so that asking costs
//! nothing however often it is done.

use std::time::Duration;

use services::Shop;
use tokio::sync::watch;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// A database that takes longer than this does not work.
const PATIENCE: Duration = Duration::from_secs(2);

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health(watch::Sender<Option<&'static str>>);

impl Health {
    pub fn starting() -> Self {
        Self(watch::Sender::new(Some("The shop is starting.")))
    }

    /// What keeps the shop from its work, if anything does.
    pub fn trouble(&self) -> Option<&'static str> {
        *self.0.borrow()
    }

    /// Looks until told to stop; a shop that stops takes no more work.
    pub async fn watch(self, shop: Shop, mut stop: watch::Receiver<bool>) {
        loop {
            let trouble = look(&shop).await;
            crate::measure::ready(trouble.is_none());
            let before = self.0.send_replace(trouble);
            match (before, trouble) {
                (None, Some(trouble)) => tracing::error!(trouble, "the shop is not ready"),
                (Some(_), None) => tracing::info!("the shop is ready"),
                _ => {}
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        self.0.send_replace(Some("The shop is stopping."));
    }
}

/// What is wrong with the database, if anything is.
async fn look(shop: &Shop) -> Option<&'static str> {
    let health = tokio::time::timeout(PATIENCE, shop.log().db().health()).await;
    match health {
        Ok(health) if !health.can_read => Some("The database cannot be read."),
        Ok(health) if !health.can_write => Some("The database cannot be written."),
        Ok(_) => None,
        Err(_) => Some("The database does not answer."),
    }
}
