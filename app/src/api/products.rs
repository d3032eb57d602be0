//! Commands of the staff about products. Photographs come to an address of their own, as files do.

use leptos::prelude::*;
use types::Slug;
#[cfg(feature = "ssr")]
use types::products::{FirstStock, PictureChange, ProductTexts, VariantTexts};
#[cfg(feature = "ssr")]
use types::staff::Right;
#[cfg(feature = "ssr")]
use types::{FieldError, Problem, Sku};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::flash::{self, Done, Flash};
use super::product_forms::{DraftForm, PictureForm, TextsForm, VariantForm};

/// The list of the products.
pub const PRODUCTS: &str = "/admin/products";

/// The page where a product is edited.
pub fn editor(product: &Slug) -> String {
    format!("{PRODUCTS}/{product}")
}

/// The list's address. What was looked for is encoded by whoever follows it.
pub fn address(q: &str, state: &str, page: usize) -> String {
    let q = leptos_router::location::Url::escape(q);
    match page {
        0 => format!("{PRODUCTS}?state={state}&q={q}"),
        page => format!("{PRODUCTS}?state={state}&q={q}&page={page}"),
    }
}

/// Begins to prepare a product.
#[server(prefix = "/api", endpoint = "draft_product")]
pub async fn draft_product(#[server(flatten)] form: DraftForm) -> Result<(), ApiError> {
    let (shop, staff) = (super::shop(), super::signed_in(Right::Products));
    let drafted = async {
        let staff = staff?;
        let slug = match form.slug.trim() {
            "" => address_of(&form.title),
            slug => slug.to_owned(),
        };
        let slug: Slug = slug.parse().map_err(|_| {
            let message = "Give it an address of 1 to 80 of a-z, 0-9 and '-'.";
            Problem::invalid_field("slug", message)
        })?;
        let texts = ProductTexts {
            title: form.title.trim().to_owned(),
            category: form.category.clone(),
            ..ProductTexts::default()
        };
        shop.draft_product(&staff, slug.clone(), texts).await?;
        Ok::<_, Problem>(slug)
    };
    match drafted.await {
        Ok(slug) => {
            leptos_axum::redirect(&editor(&slug), false);
            Ok(())
        }
        Err(problem) => {
            let flash = Flash {
                draft: Some(form),
                ..problem.clone().into()
            };
            flash::keep(PRODUCTS, PRODUCTS, flash);
            Err(ApiError(problem))
        }
    }
}

/// `Vega Solitaire Ring`: `vega-solitaire-ring`
#[cfg(feature = "ssr")]
fn address_of(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    words.collect::<Vec<_>>().join("-")
}

#[cfg(feature = "ssr")]
fn slug_of(text: &str) -> Result<Slug, Problem> {
    text.parse()
        .map_err(|error| Problem::malformed(format!("product: {error}")))
}

/// Ends a command on the page of its product.
#[cfg(feature = "ssr")]
fn end(
    product: &str,
    part: &str,
    done: Result<&'static str, Problem>,
    flash: impl FnOnce(Flash) -> Flash,
) -> Result<(), ApiError> {
    let page = match product.parse() {
        Ok(slug) => editor(&slug),
        Err(_) => PRODUCTS.to_owned(),
    };
    let place = format!("{page}{part}");
    match done {
        Ok(words) => {
            let said = Flash {
                done: Some(Done::Said(words.to_owned())),
                ..Flash::default()
            };
            flash::keep(&page, &place, said);
            Ok(())
        }
        Err(problem) => {
            flash::keep(&page, &place, flash(problem.clone().into()));
            Err(ApiError(problem))
        }
    }
}

/// Has a product say other words.
#[server(prefix = "/api", endpoint = "set_product")]
pub async fn set_product(#[server(flatten)] form: TextsForm) -> Result<(), ApiError> {
    let mut form = form;
    let (shop, staff) = (super::shop(), super::signed_in(Right::Products));
    let saved = async {
        let read = || {
            let seen = super::meanwhile::shown::<ProductTexts>(&form.seen)?;
            let seen = seen.and_then(|seen| seen.shown);
            Ok((staff?, slug_of(&form.product)?, seen))
        };
        let (staff, slug, seen) = read().map_err(|problem| (problem, false))?;
        let texts = form.texts();
        let done = shop.change_texts(&staff, &slug, &texts, seen.as_ref());
        let Err(problem) = done.await else {
            return Ok("Saved.");
        };
        let problem = match shop.product_desk(&staff, &slug) {
            Ok(now) if problem.is("changed-meanwhile") => {
                problem.about(form.settle(&slug, &now.texts))
            }
            _ => problem,
        };
        // Too much for a cookie.
        let kept = serde_json::to_string(&(&form, &problem)).unwrap_or_default();
        let kept = shop.keep_product_form(&staff, &slug, &kept).await;
        Err((problem, kept.is_ok()))
    };
    let saved: Result<_, (Problem, bool)> = saved.await;
    let has_texts = matches!(saved, Err((_, true)));
    let saved = saved.map_err(|(problem, _)| problem);
    let product = form.product.clone();
    end(&product, "", saved, |flash| match has_texts {
        true => Flash {
            has_texts,
            ..Flash::default()
        },
        false => flash,
    })
}

/// Gives a product a variant, or has one be called otherwise.
#[server(prefix = "/api", endpoint = "set_variant")]
pub async fn set_variant(#[server(flatten)] form: VariantForm) -> Result<(), ApiError> {
    let mut form = form;
    let (shop, staff) = (super::shop(), super::signed_in(Right::Products));
    let currency = shop.currency();
    let saved = async {
        let (staff, slug) = (staff?, slug_of(&form.product)?);
        let (sku, texts, first) = read_variant(&form)?;
        if !form.new.is_empty() {
            shop.add_variant(&staff, &slug, &sku, &texts, &first)
                .await?;
            return Ok("The variant is there.");
        }
        let seen = super::meanwhile::shown::<VariantTexts>(&form.seen)?;
        let seen = seen.and_then(|seen| seen.shown);
        let done = shop.change_variant(&staff, &slug, &sku, &texts, seen.as_ref());
        let Err(problem) = done.await else {
            return Ok("Saved.");
        };
        let Ok(now) = shop.product_desk(&staff, &slug) else {
            return Err(problem);
        };
        let now = now.variants.into_iter().find(|it| it.sku == sku);
        match now.filter(|_| problem.is("changed-meanwhile")) {
            Some(now) => Err(problem.about(form.settle((&slug, &sku), &now.texts, currency))),
            None => Err(problem),
        }
    };
    let saved = saved.await;
    let product = form.product.clone();
    end(&product, "#variants", saved, |flash| Flash {
        variant: Some(form),
        ..flash
    })
}

#[cfg(feature = "ssr")]
fn read_variant(form: &VariantForm) -> Result<(Sku, VariantTexts, FirstStock), Problem> {
    let mut errors = Vec::new();
    let sku: Option<Sku> = form.sku.trim().to_uppercase().parse().ok();
    if sku.is_none() {
        let message = "Enter 1 to 40 of A-Z, 0-9 and '-'.";
        errors.push(FieldError::new("sku", message));
    }
    let is_new = !form.new.is_empty();
    let mut minor = |field: &str, text: &str| {
        let read = super::prices::amount(text);
        read.map_err(|message| errors.push(FieldError::new(field, message)))
            .ok()
    };
    let price = minor("price", &form.price);
    let is_given = !form.compare_at.trim().is_empty();
    let former = is_given.then(|| minor("compare_at", &form.compare_at));
    let mut number = |field: &str, text: &str| match text.trim() {
        "" => 0,
        text => text.parse().unwrap_or_else(|_| {
            errors.push(FieldError::new(field, "Enter a whole number."));
            0
        }),
    };
    let first = FirstStock {
        pieces: number("pieces", &form.pieces),
        threshold: number("threshold", &form.threshold),
        up_to: number("up_to", &form.up_to),
        supplier: match form.supplier.as_str() {
            "" => None,
            supplier => supplier
                .parse()
                .map_err(|_| {
                    let message = "Choose a supplier of the list.";
                    errors.push(FieldError::new("supplier", message));
                })
                .ok(),
        },
    };
    match (sku, price) {
        (Some(sku), Some(price_minor)) if errors.is_empty() => {
            let texts = VariantTexts {
                metal: form.metal.trim().to_owned(),
                size: form.size.trim().to_owned(),
                barcode: form.barcode.trim().to_owned(),
                picture: form.picture.clone(),
                price_minor,
                compare_at_minor: former.flatten(),
            };
            Ok((
                sku,
                texts,
                if is_new { first } else { FirstStock::default() },
            ))
        }
        _ => Err(Problem::invalid(errors)),
    }
}

/// Describes a picture of a product, moves it, or takes it away.
#[server(prefix = "/api", endpoint = "change_picture")]
pub async fn change_picture(#[server(flatten)] form: PictureForm) -> Result<(), ApiError> {
    let (shop, staff) = (super::shop(), super::signed_in(Right::Products));
    let changed = async {
        let (staff, slug) = (staff?, slug_of(&form.product)?);
        let (change, words) = match form.act.as_str() {
            "earlier" => (PictureChange::Earlier, "The picture has moved."),
            "remove" => (PictureChange::Remove, "The picture is gone."),
            "describe" => {
                let (alt, metal) = (form.alt.clone(), form.metal.clone());
                (PictureChange::Describe { alt, metal }, "Saved.")
            }
            other => {
                let expected = format!("act: expected describe, earlier or remove, got {other:?}");
                return Err(Problem::malformed(expected));
            }
        };
        shop.change_picture(&staff, &slug, &form.src, &change)
            .await?;
        Ok(words)
    };
    end(&form.product, "#photographs", changed.await, |flash| flash)
}

/// Puts a product on the shelves, or takes it off them.
#[server(prefix = "/api", endpoint = "publish_product")]
pub async fn publish_product(
    #[server(default)] product: String,
    /// Not empty to take it off.
    #[server(default)]
    withdraw: String,
) -> Result<(), ApiError> {
    let (shop, staff) = (super::shop(), super::signed_in(Right::Publish));
    let done = async {
        let (staff, slug) = (staff?, slug_of(&product)?);
        match withdraw.is_empty() {
            true => {
                shop.publish_product(&staff, slug).await?;
                Ok("It is in the shop.")
            }
            false => {
                shop.withdraw_product(&staff, slug).await?;
                Ok("It is no longer sold.")
            }
        }
    };
    end(&product, "", done.await, |flash| flash)
}

/// Takes one variant off the shelves, or puts it on them again.
#[server(prefix = "/api", endpoint = "offer_variant")]
pub async fn offer_variant(
    #[server(default)] product: String,
    #[server(default)] sku: String,
    /// Not empty to take it off.
    #[server(default)]
    withdraw: String,
) -> Result<(), ApiError> {
    let (shop, staff) = (super::shop(), super::signed_in(Right::Publish));
    let done = async {
        let (staff, slug) = (staff?, slug_of(&product)?);
        let sku: Sku = sku
            .parse()
            .map_err(|error| Problem::malformed(format!("sku: {error}")))?;
        let is_offered = withdraw.is_empty();
        shop.offer_variant(&staff, slug, sku, is_offered).await?;
        Ok(match is_offered {
            true => "The variant is on the shelves again.",
            false => "The variant is no longer sold.",
        })
    };
    end(&product, "#variants", done.await, |flash| flash)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_made_of_the_words_of_a_title() {
        assert_eq!(address_of("Vega  Solitaire Ring"), "vega-solitaire-ring");
        assert_eq!(address_of(" N°5, gold "), "n-5-gold");
        assert_eq!(address_of("☆"), "");
    }
}
