//! A catalogue file with many SKUs: the demo's products again and again, each time under other names.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

const DEMO: &str = include_str!("../../services/seed/catalogue.json");

/// Writes a catalogue with at least `skus` SKUs. The demo's own products are the first of it.
pub fn write(path: &Path, skus: u64) -> anyhow::Result<()> {
    std::fs::write(path, enlarged(skus)?.to_string())
        .with_context(|| format!("cannot write {}", path.display()))
}

fn enlarged(skus: u64) -> anyhow::Result<Value> {
    let mut catalogue: Value = serde_json::from_str(DEMO)?;
    let products = catalogue["products"].as_array_mut();
    let products = products.context("the demo catalogue has products")?;
    let demo = products.clone();
    ensure!(!demo.is_empty(), "the demo catalogue has products");
    let mut count = demo.iter().map(variants).sum::<u64>();
    let copies = (1_u64..).flat_map(|copy| demo.iter().map(move |product| (copy, product)));
    for (copy, product) in copies {
        if count >= skus {
            break;
        }
        let product = renamed(product, copy);
        count += variants(&product);
        products.push(product);
    }
    Ok(catalogue)
}

fn variants(product: &Value) -> u64 {
    product["variants"]
        .as_array()
        .map_or(0, |all| all.len() as u64)
}

/// The same product under another name.
fn renamed(product: &Value, copy: u64) -> Value {
    let mut product = product.clone();
    let rename = |name: &mut Value, between: &str| {
        if let Some(text) = name.as_str() {
            *name = format!("{text}{between}{copy}").into();
        }
    };
    rename(&mut product["slug"], "-");
    rename(&mut product["title"], " ");
    let variants = product["variants"].as_array_mut();
    for variant in variants.into_iter().flatten() {
        rename(&mut variant["sku"], "-");
    }
    product
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use types::{Sku, Slug};

    use super::*;

    #[test]
    fn every_name_is_another_and_can_be_read() {
        let catalogue = enlarged(1_000).expect("a catalogue");
        let products = catalogue["products"].as_array().expect("products");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let slugs = products.iter().map(|product| text(&product["slug"]));
        let slugs: BTreeSet<Slug> = slugs.map(|slug| slug.parse().expect("a slug")).collect();
        assert_eq!(slugs.len(), products.len());
        let skus = products
            .iter()
            .flat_map(|product| product["variants"].as_array().expect("variants"))
            .map(|variant| text(&variant["sku"]));
        let skus: Vec<Sku> = skus.map(|sku| sku.parse().expect("a SKU")).collect();
        let distinct: BTreeSet<&Sku> = skus.iter().collect();
        assert_eq!(distinct.len(), skus.len());
        assert!((1_000..1_010).contains(&skus.len()), "{}", skus.len());
    }
}
