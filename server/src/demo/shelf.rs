//! What is for sale, as a visitor finds out: from the sitemap, and from what each page says of itself.

use anyhow::{Context, ensure};
use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::Value;
use shopper::http::{Connection, Pool};
use shopper::target::Target;

/// The pages that there are.
#[derive(Debug)]
pub struct Shelf {
    categories: Vec<String>,
    products: Vec<String>,
}

/// A variant that can be bought at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub sku: String,
    /// `Vega Solitaire Ring, White gold, EU 50`
    pub title: String,
}

impl Shelf {
    pub async fn read(target: &Target, pool: &Pool) -> anyhow::Result<Self> {
        let mut connection = pool.take(target).await?;
        let map = connection.read(target, "/sitemap.xml", None).await?;
        pool.give_back(connection);
        let paths = paths(&map);
        let below = |folder: &str| {
            let found = paths.iter().filter(|path| path.starts_with(folder));
            found.cloned().collect::<Vec<_>>()
        };
        let shelf = Self {
            categories: below("/c/"),
            products: below("/p/"),
        };
        ensure!(!shelf.products.is_empty(), "the shop has nothing to sell");
        Ok(shelf)
    }

    pub fn len(&self) -> usize {
        self.products.len()
    }

    pub fn any_product(&self, rng: &mut impl Rng) -> &str {
        self.products.choose(rng).map_or("/", String::as_str)
    }

    pub fn any_category(&self, rng: &mut impl Rng) -> &str {
        self.categories.choose(rng).map_or("/", String::as_str)
    }
}

/// The paths of a sitemap's pages; where the shop is in public does not matter here.
fn paths(map: &str) -> Vec<String> {
    let pages = map.split("<loc>").skip(1);
    let addresses = pages.filter_map(|page| page.split("</loc>").next());
    let path = |address: &str| {
        let (_, rest) = address.split_once("://")?;
        Some(rest.find('/').map_or("/", |at| &rest[at..]).to_owned())
    };
    addresses.filter_map(path).collect()
}

/// Looks at a product's page; answers with what is there to buy.
pub async fn look_at(
    connection: &mut Connection,
    target: &Target,
    path: &str,
    cookie: Option<&str>,
) -> anyhow::Result<Vec<Offer>> {
    let page = connection.read(target, path, cookie).await?;
    offers(&page).with_context(|| format!("{path} does not say what it sells"))
}

fn offers(page: &str) -> Option<Vec<Offer>> {
    let scripts = page.split("<script type=\"application/ld+json\"").skip(1);
    let facts = scripts.filter_map(|script| {
        let (_, text) = script.split_once('>')?;
        serde_json::from_str::<Value>(text.split("</script>").next()?).ok()
    });
    let product = facts
        .into_iter()
        .find(|facts| facts["@type"] == "ProductGroup")?;
    let variants = product["hasVariant"].as_array()?.iter();
    let is_there =
        |variant: &&Value| variant["offers"]["availability"] == "https://schema.org/InStock";
    let offer = |variant: &Value| {
        Some(Offer {
            sku: variant["sku"].as_str()?.to_owned(),
            title: variant["name"].as_str()?.to_owned(),
        })
    };
    Some(variants.filter(is_there).filter_map(offer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_wherever_the_shop_is_in_public() {
        let map = "<url><loc>https://shop.example/</loc></url>\
                   <url><loc>https://shop.example/p/ring</loc><lastmod>x</lastmod></url>";
        assert_eq!(paths(map), ["/", "/p/ring"]);
    }

    #[test]
    fn only_what_is_there_can_be_bought() {
        let variant = |sku: &str, state: &str| {
            serde_json::json!({ "sku": sku, "name": "A ring", "offers": {
                "availability": format!("https://schema.org/{state}") } })
        };
        let facts = serde_json::json!({ "@type": "ProductGroup",
            "hasVariant": [variant("A-1", "OutOfStock"), variant("A-2", "InStock")] });
        let page = format!(
            "<script type=\"application/ld+json\" nonce=\"x\">{{\"@type\":\"Other\"}}</script>\
             <script type=\"application/ld+json\" nonce=\"x\">{facts}</script>"
        );
        let found = offers(&page).expect("a product");
        let skus: Vec<&str> = found.iter().map(|offer| offer.sku.as_str()).collect();
        assert_eq!(skus, ["A-2"]);
        assert_eq!(offers("<p>nothing</p>"), None);
    }
}
