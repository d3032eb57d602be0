//! What suppliers get: orders as PDF, and messages that are signed for each of them.

use services::SupplierPapers;
use types::SupplierId;
use types::house::HOUSE;
use types::purchasing::PurchaseView;
use webhooks::Secret;

use crate::secret::derived;

/// Draws and signs. Each supplier has a secret of its own, made of the shop's: none is kept.
pub struct Papers {
    master: Vec<u8>,
}

impl std::fmt::Debug for Papers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Papers")
    }
}

impl Papers {
    /// `master` is the shop's own secret.
    pub fn new(master: &[u8]) -> Self {
        Self {
            master: derived(master, "messages to suppliers"),
        }
    }

    fn secret_of(&self, supplier: &SupplierId) -> Secret {
        let secret = derived(&self.master, supplier.as_str());
        Secret::new(secret).expect("32 bytes are a secret")
    }
}

impl SupplierPapers for Papers {
    fn pdf(&self, order: &PurchaseView) -> Result<Vec<u8>, String> {
        let house = papers::House { name: HOUSE };
        papers::purchase_order(house, order).map_err(|error| error.to_string())
    }

    fn sign(&self, supplier: &SupplierId, id: &str, at_s: i64, body: &[u8]) -> String {
        self.secret_of(supplier).sign(id, at_s, body)
    }

    fn secret(&self, supplier: &SupplierId) -> String {
        self.secret_of(supplier).reveal()
    }
}
