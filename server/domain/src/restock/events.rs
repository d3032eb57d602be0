//! What happens to the rules by which SKUs are ordered again, and what comes of them.

use types::restock::{Reckoning, RestockRule};
use types::seen::Seen;
use types::{Money, Sku, SupplierId};

use crate::event::declare;
use crate::restock::Refusal;

declare! {
    /// A SKU is to be ordered again by another rule, or by none.
    RestockRuleRequested ("restock.rule_requested" on "restock", ordered by sku) {
        sku: Sku,
        rule: RestockRule,
        by: String,
        /// What whoever asks has seen of it; nothing is compared when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Seen<RestockRule>>,
    }

    /// It is ordered by this rule from now on.
    RestockRuleChanged ("restock.rule_changed" on "restock", ordered by sku) {
        sku: Sku,
        rule: RestockRule,
        by: String,
    }

    /// The rule stays as it is.
    RestockRuleRejected ("restock.rule_rejected" on "restock", ordered by sku) {
        sku: Sku,
        refusal: Refusal,
        by: String,
    }

    /// The unsold pieces of a SKU have fallen to its threshold or below.
    RestockThresholdCrossed ("restock.threshold_crossed" on "restock", ordered by sku) {
        sku: Sku,
        /// Of whom more are ordered, if anybody is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        supplier: Option<SupplierId>,
        reckoning: Reckoning,
        unit_cost: Money,
    }

    /// Of a SKU that was low there is nothing left.
    RestockSoldOut ("restock.sold_out" on "restock", ordered by sku) {
        sku: Sku,
        threshold: i64,
    }

    /// There are some again of what was sold out, not more than the threshold.
    RestockThereAgain ("restock.there_again" on "restock", ordered by sku) {
        sku: Sku,
        unsold: i64,
        threshold: i64,
    }

    /// There are more pieces than the threshold again.
    RestockRecovered ("restock.recovered" on "restock", ordered by sku) {
        sku: Sku,
        unsold: i64,
        threshold: i64,
    }
}
