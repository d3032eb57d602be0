//! Pages as machines read them: JSON-LD in the words of schema.org.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use serde_json::{Value, json};
use types::Money;
use types::catalogue::{Image, Product, Variant, come_in_sizes};

use super::house::HOUSE;
use super::sharing::{absolute, preview};

/// Facts about the page, for programs only.
#[component]
pub fn Structured(facts: Value) -> impl IntoView {
    view! {
        <script type="application/ld+json" nonce=use_nonce() inner_html=inert(&facts)></script>
    }
}

/// JSON that cannot end the script element it stands in, nor begin a comment there: inside of one
/// nothing else is special to HTML.
fn inert(facts: &Value) -> String {
    facts
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}

/// The way to a page from the front page: title and path of each step.
pub fn breadcrumbs(steps: &[(&str, &str)]) -> Value {
    let front = [(HOUSE, "/")];
    let items = front.iter().chain(steps).zip(1..).map(|((name, path), n)| {
        json!({
            "@type": "ListItem",
            "position": n,
            "name": name,
            "item": absolute(path),
        })
    });
    json!({
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": items.collect::<Vec<_>>(),
    })
}

/// The house itself.
pub fn house() -> Value {
    json!({
        "@context": "https://schema.org",
        "@type": "OnlineStore",
        "name": HOUSE,
        "url": absolute("/"),
        "logo": absolute("/icons/icon-512.png"),
    })
}

/// A product and each of its variants with price and availability of this moment.
///
/// Source: schema.org, `ProductGroup`; <https://developers.google.com/search/docs/appearance/structured-data/product-variants>.
pub fn product(product: &Product, images: &[Image]) -> Value {
    let address = absolute(&format!("/p/{}", product.slug));
    let has_many = |value: fn(&Variant) -> &str| {
        let first = product.variants.first().map(value);
        let mut values = product.variants.iter().map(value);
        values.any(|value| Some(value) != first)
    };
    let mut varies_by = Vec::new();
    if has_many(|variant| &variant.metal) {
        varies_by.push("https://schema.org/material");
    }
    if has_many(|variant| &variant.size_label) {
        varies_by.push("https://schema.org/size");
    }
    let mut facts = json!({
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "productGroupID": product.slug,
        "name": product.title,
        "description": product.description,
        "url": address,
        "image": images.iter().map(preview).collect::<Vec<_>>(),
        "brand": { "@type": "Brand", "name": HOUSE },
        "hasVariant": product
            .variants
            .iter()
            .map(|each| variant(product, each, &address))
            .collect::<Vec<_>>(),
    });
    if !varies_by.is_empty() {
        facts["variesBy"] = json!(varies_by);
    }
    facts
}

fn variant(product: &Product, variant: &Variant, address: &str) -> Value {
    let title = format!(
        "{}, {}, {}",
        product.title, variant.metal_label, variant.size_label
    );
    let availability = match variant.available {
        ..=0 => "https://schema.org/OutOfStock",
        _ => "https://schema.org/InStock",
    };
    let mut offer = json!({
        "@type": "Offer",
        "url": format!("{address}?variant={}", variant.sku),
        "price": decimal(variant.price),
        "priceCurrency": variant.price.currency.code(),
        "availability": availability,
        "itemCondition": "https://schema.org/NewCondition",
    });
    if let Some(before) = variant.compare_at {
        offer["priceSpecification"] = json!({
            "@type": "UnitPriceSpecification",
            "priceType": "https://schema.org/StrikethroughPrice",
            "price": decimal(before),
            "priceCurrency": before.currency.code(),
        });
    }
    let mut facts = json!({
        "@type": "Product",
        "sku": variant.sku,
        "name": title,
        "description": product.description,
        "material": variant.metal_label,
        "offers": offer,
    });
    if let Some(image) = product.images.get(variant.image) {
        facts["image"] = json!(preview(image));
    }
    if come_in_sizes(&product.variants) {
        facts["size"] = json!(variant.size_label);
    }
    facts
}

/// 249000 as `2490.00`; every currency of the shop has two digits.
fn decimal(money: Money) -> String {
    format!("{}.{:02}", money.minor / 100, money.minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_script_it_stands_in() {
        let facts = json!({ "name": "</script><!-- <b>\"it\" & \u{2028}" });
        let text = inert(&facts);
        assert!(!text.contains('<') && !text.contains('>'), "{text}");
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read, facts);
    }
}
