//! Whose messages are taken.

use types::fulfilment::Carrier;
use webhooks::Secret;

/// Whose messages are taken, and what they are signed with.
#[derive(Clone, Default)]
pub struct Senders {
    pub carriers: Vec<(Carrier, Secret)>,
    /// Of the payment gateway that moves no money.
    pub simulator: Option<Secret>,
    /// Of Stripe, which signs in a way of its own.
    pub stripe: Option<String>,
}

impl Senders {
    /// One by its name.
    pub fn carrier(&self, name: &str) -> Option<(Carrier, &Secret)> {
        let known = self.carriers.iter();
        let mut known = known.filter(|(carrier, _)| carrier.into_str() == name);
        known.next().map(|(carrier, secret)| (*carrier, secret))
    }
}
