//! What happens to the products that are for sale.

use types::prices::SeenPrice;
use types::{Money, Sku, Slug};

use crate::catalogue::drafts::FirstPieces;
use crate::catalogue::{ProductDetails, Refusal, Variant, is_default};
use crate::event::declare;

declare! {
    /// A product is for sale from now on.
    ProductIntroduced ("product.introduced" on "catalogue", ordered by product) {
        product: Slug,
        category: Slug,
        title: String,
        details: ProductDetails,
        variants: Vec<Variant>,
        /// Who introduced it: a member of staff, `seed`, or `upgrade` for what stood in the tables of
        /// an earlier version.
        by: String,
    }

    /// A SKU is to cost something else.
    PriceChangeRequested ("price.change_requested" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        price: Money,
        /// The former price, where it is to be shown.
        compare_at: Option<Money>,
        by: String,
        /// From when on, unix microseconds; at once when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_us: Option<i64>,
        /// What it cost when whoever asks saw it; nothing is compared when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<SeenPrice>,
    }

    /// A SKU is going to cost something else.
    PricePlanned ("price.planned" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        price: Money,
        compare_at: Option<Money>,
        /// Unix microseconds.
        from_us: i64,
        by: String,
    }

    /// The time of a planned price has come.
    PriceDue ("price.due" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        from_us: i64,
    }

    /// A planned price is not to come.
    PricePlanWithdrawalRequested ("price.plan_withdrawal_requested" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        from_us: i64,
        by: String,
    }

    /// It does not come.
    PricePlanWithdrawn ("price.plan_withdrawn" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        from_us: i64,
        by: String,
    }

    /// A SKU costs something else from now on. Orders that are placed already keep their prices.
    PriceChanged ("price.changed" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        price: Money,
        compare_at: Option<Money>,
        before: Money,
        by: String,
    }

    /// The price stays as it is.
    PriceChangeRejected ("price.change_rejected" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        price: Money,
        refusal: Refusal,
        by: String,
    }

    /// A product is to be prepared: nobody but staff sees it until it is published.
    ProductDraftRequested ("product.draft_requested" on "catalogue", ordered by product) {
        product: Slug,
        category: Slug,
        title: String,
        details: ProductDetails,
        by: String,
    }

    /// A product is being prepared.
    ProductDrafted ("product.drafted" on "catalogue", ordered by product) {
        product: Slug,
        category: Slug,
        title: String,
        details: ProductDetails,
        by: String,
    }

    /// A product is to have one variant more, or another one in the place of that with the same SKU.
    ProductVariantRequested ("product.variant_requested" on "catalogue", ordered by product) {
        product: Slug,
        variant: Variant,
        /// The product's version that whoever asks has seen.
        seen: u64,
        by: String,
        /// What a new one begins with. Nothing where a known one is meant, and in what was written before a
        /// request said it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<FirstPieces>,
    }

    /// A product has this variant from now on.
    ProductVariantSet ("product.variant_set" on "catalogue", ordered by product) {
        product: Slug,
        variant: Variant,
        /// The product's version from now on.
        version: u64,
        by: String,
    }

    /// A variant is to be sold no more, while others of its product are.
    ProductVariantWithdrawalRequested ("product.variant_withdrawal_requested" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        by: String,
    }

    /// A variant is sold no more. Orders still name it.
    ProductVariantWithdrawn ("product.variant_withdrawn" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        by: String,
    }

    /// A variant that was withdrawn is to be sold again.
    ProductVariantOfferRequested ("product.variant_offer_requested" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        by: String,
    }

    /// A variant that was withdrawn is sold again, where its product is.
    ProductVariantOffered ("product.variant_offered" on "catalogue", ordered by product) {
        product: Slug,
        sku: Sku,
        by: String,
    }

    /// A product is to be for sale, for the first time or again.
    ProductPublicationRequested ("product.publication_requested" on "catalogue", ordered by product) {
        product: Slug,
        by: String,
    }

    /// A product is for sale from now on, as staff have prepared it.
    ProductPublished ("product.published" on "catalogue", ordered by product) {
        product: Slug,
        /// All of it; older versions did not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        skus: Vec<Sku>,
        by: String,
    }

    /// A product is to have other texts or pictures.
    ProductChangeRequested ("product.change_requested" on "catalogue", ordered by product) {
        product: Slug,
        title: String,
        details: ProductDetails,
        by: String,
        /// The category it is to stand in; the same as before when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Slug>,
        /// The product's version that whoever asks has seen; nothing is compared when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<u64>,
    }

    /// A product has other texts or pictures from now on.
    ProductChanged ("product.changed" on "catalogue", ordered by product) {
        product: Slug,
        title: String,
        details: ProductDetails,
        by: String,
        /// The category it stands in from now on; the same as before when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Slug>,
        /// The product's version from now on; 0 of what was written before there were versions.
        #[serde(default, skip_serializing_if = "is_default")]
        version: u64,
    }

    /// A product is to be sold no more.
    ProductWithdrawalRequested ("product.withdrawal_requested" on "catalogue", ordered by product) {
        product: Slug,
        by: String,
    }

    /// A product is sold no more. Orders still name it.
    ProductWithdrawn ("product.withdrawn" on "catalogue", ordered by product) {
        product: Slug,
        /// All of it; older versions did not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        skus: Vec<Sku>,
        by: String,
    }

    /// The product stays as it is.
    ProductChangeRejected ("product.change_rejected" on "catalogue", ordered by product) {
        product: Slug,
        refusal: Refusal,
        by: String,
    }
}
