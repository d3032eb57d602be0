//! Preparing, editing, publishing and withdrawing products: what staff ask, and how the catalogue answers.

use std::sync::Arc;
use std::time::Duration;

use domain::Event;
use domain::catalogue::drafts::FirstPieces;
use domain::catalogue::{ProductDetails, Refusal};
use domain::event::{
    ProductChangeRequested, ProductDraftRequested, ProductPublicationRequested,
    ProductVariantOfferRequested, ProductVariantRequested, ProductVariantWithdrawalRequested,
    ProductWithdrawalRequested,
};
use types::catalogue::Image;
use types::products::{FirstStock, PictureChange, ProductTexts, VariantTexts};
use types::restock::RestockRule;
use types::staff::Right;
use types::{Money, Problem, Sku, Slug};

use crate::catalogue::{Catalogue, ProductRecord, VariantRecord};
use crate::product_pages::{texts_of, variant_texts_of};
use crate::product_texts::{check_texts, check_variant, plain_name, summary_of};
use crate::shop::Shop;
use crate::visitor::Staff;

/// How often what was changed meanwhile, but not by those who ask for the same, is asked for again.
const TRIES: usize = 5;
/// How long pages are waited for.
const PATIENCE: Duration = Duration::from_secs(8);

impl Shop {
    /// Begins to prepare a product.
    ///
    /// # Errors
    /// 422 for its fields, also for an address that another product has.
    pub async fn draft_product(
        &self,
        staff: &Staff,
        slug: Slug,
        texts: ProductTexts,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Products)?;
        let category = category(&self.catalogue(), &texts)?;
        check_texts(&texts)?;
        let asked = ProductDraftRequested {
            product: slug,
            category,
            details: details_of(ProductDetails::default(), &texts),
            title: texts.title,
            by: by.to_owned(),
        };
        self.decided_on(asked.into()).await?.map_err(refused)
    }

    /// Has a product say these words. `seen` is what the page has shown of them.
    ///
    /// # Errors
    /// 404 for an unknown product, 422 for its fields, 409 `changed-meanwhile` where somebody else has changed
    /// them since.
    pub async fn change_texts(
        &self,
        staff: &Staff,
        slug: &Slug,
        texts: &ProductTexts,
        seen: Option<&ProductTexts>,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Products)?;
        let category = category(&self.catalogue(), texts)?;
        check_texts(texts)?;
        self.change(slug, |product| {
            if seen.is_some_and(|seen| *seen != texts_of(product)) {
                return Err(refused(Refusal::ChangedMeanwhile));
            }
            Ok(ProductChangeRequested {
                product: product.slug.clone(),
                title: texts.title.clone(),
                details: details_of(product.details.clone(), texts),
                by: by.to_owned(),
                category: (category != product.category).then(|| category.clone()),
                seen: Some(product.version),
            }
            .into())
        })
        .await
    }

    /// Gives a product one variant more, with its first pieces and the rule by which more of it is ordered: all of it
    /// is decided at once.
    ///
    /// # Errors
    /// 404 for an unknown product, 422 for its fields, also for a SKU that there is; 403 for whoever may not set a
    /// price that shoppers would pay, or may not count.
    pub async fn add_variant(
        &self,
        staff: &Staff,
        slug: &Slug,
        sku: &Sku,
        texts: &VariantTexts,
        first: &FirstStock,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Products)?;
        staff.may(Right::Stock)?;
        if first.is_ordered() {
            staff.may(Right::Purchasing)?;
        }
        check_variant(texts, Some(first))?;
        if let Some(supplier) = &first.supplier
            && !self.suppliers().await?.contains_key(supplier)
        {
            let message = "Choose a supplier of the list.";
            return Err(Problem::invalid_field("supplier", message));
        }
        let catalogue = self.catalogue();
        if catalogue.ever_sold(sku).is_some() {
            return Err(refused(Refusal::SkuTaken));
        }
        let currency = catalogue.currency;
        let rule = first.is_ordered().then(|| RestockRule {
            supplier: first.supplier.clone(),
            threshold: first.threshold,
            up_to: first.up_to,
            pack_size: 1,
            minimum: 1,
            lead_time_days: 0,
            // Of suppliers nothing is known yet: staff say it with the rule.
            unit_cost: Money::new(0, currency),
        });
        let pieces = FirstPieces {
            on_hand: first.pieces,
            rule,
        };
        self.change(slug, |product| {
            if product.is_for_sale() {
                // It would be for sale at this price at once.
                staff.may(Right::Publish)?;
            }
            let known = VariantRecord {
                sku: sku.clone(),
                metal: String::new(),
                metal_label: String::new(),
                size_label: String::new(),
                barcode: String::new(),
                price: Money::new(0, currency),
                compare_at: None,
                image: 0,
                reorder_threshold: first.threshold,
                withdrawn: false,
            };
            let asked = variant_asked(product, known, texts, by);
            Ok(ProductVariantRequested {
                first: Some(pieces.clone()),
                ..asked
            }
            .into())
        })
        .await
    }

    /// Has a variant be called otherwise, or shown by another picture; as long as it was never for sale it may
    /// cost something else, too. `seen` is what the page has shown of it.
    ///
    /// # Errors
    /// As [`Shop::change_texts`].
    pub async fn change_variant(
        &self,
        staff: &Staff,
        slug: &Slug,
        sku: &Sku,
        texts: &VariantTexts,
        seen: Option<&VariantTexts>,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Products)?;
        check_variant(texts, None)?;
        self.change(slug, |product| {
            let known = product.variants.iter().find(|it| it.sku == *sku);
            let known = known.ok_or_else(|| refused(Refusal::UnknownSku))?;
            if seen.is_some_and(|seen| *seen != variant_texts_of(product, known)) {
                return Err(refused(Refusal::ChangedMeanwhile));
            }
            Ok(variant_asked(product, known.clone(), texts, by).into())
        })
        .await
    }

    /// Puts a picture behind the others of a product.
    ///
    /// # Errors
    /// 404 for an unknown product, 409 where it has as many as it may.
    pub async fn add_picture(&self, staff: &Staff, slug: &Slug, image: Image) -> crate::Result<()> {
        let by = staff.may(Right::Products)?;
        self.change(slug, |product| {
            let mut details = product.details.clone();
            if details.images.iter().any(|known| known.src == image.src) {
                let message = "This product has that picture already.";
                return Err(Problem::invalid_field("file", message));
            }
            let title = product.title.clone();
            let image = Image {
                alt: match image.alt.is_empty() {
                    true => title,
                    false => image.alt.clone(),
                },
                ..image.clone()
            };
            details.images.push(image);
            Ok(pictures_asked(product, details, by))
        })
        .await
    }

    /// Describes a picture of a product, moves it, or takes it away.
    ///
    /// # Errors
    /// 404 for an unknown product or picture, 409 for the last picture of what is or was for sale.
    pub async fn change_picture(
        &self,
        staff: &Staff,
        slug: &Slug,
        src: &str,
        change: &PictureChange,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Products)?;
        if let PictureChange::Describe { alt, .. } = change {
            crate::product_texts::check_alt(alt)?;
        }
        self.change(slug, |product| {
            let mut details = product.details.clone();
            let place = details.images.iter().position(|image| image.src == src);
            let place = place.ok_or_else(|| {
                Problem::not_found("There is no such picture any more. Open the page again.")
            })?;
            match change {
                PictureChange::Describe { alt, metal } => {
                    alt.trim().clone_into(&mut details.images[place].alt);
                    metal.clone_into(&mut details.images[place].metal);
                }
                PictureChange::Earlier if place > 0 => details.images.swap(place - 1, place),
                PictureChange::Earlier => {}
                PictureChange::Remove => {
                    details.images.remove(place);
                }
            }
            Ok(pictures_asked(product, details, by))
        })
        .await
    }

    /// Puts a product on the shelves.
    ///
    /// # Errors
    /// 404 for an unknown product, 409 with what is missing.
    pub async fn publish_product(&self, staff: &Staff, slug: Slug) -> crate::Result<()> {
        let by = staff.may(Right::Publish)?.to_owned();
        let asked = ProductPublicationRequested { product: slug, by };
        self.decided_on(asked.into()).await?.map_err(refused)
    }

    /// Takes a product off the shelves. Orders keep it.
    ///
    /// # Errors
    /// 404 for an unknown product, 409 where it is not for sale.
    pub async fn withdraw_product(&self, staff: &Staff, slug: Slug) -> crate::Result<()> {
        let by = staff.may(Right::Publish)?.to_owned();
        let asked = ProductWithdrawalRequested { product: slug, by };
        self.decided_on(asked.into()).await?.map_err(refused)
    }

    /// Takes one variant of a product off the shelves, or puts it on them again. Orders keep it.
    ///
    /// # Errors
    /// 404 for an unknown product or SKU, 409 where it is so already, or nothing else of the product is for sale.
    pub async fn offer_variant(
        &self,
        staff: &Staff,
        product: Slug,
        sku: Sku,
        is_offered: bool,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Publish)?.to_owned();
        let asked = match is_offered {
            true => ProductVariantOfferRequested { product, sku, by }.into(),
            false => ProductVariantWithdrawalRequested { product, sku, by }.into(),
        };
        self.decided_on(asked).await?.map_err(refused)
    }

    /// Asks for what `asked` makes of a product as it is, and once more where something else of it was changed in
    /// between.
    async fn change(
        &self,
        slug: &Slug,
        asked: impl Fn(&ProductRecord) -> crate::Result<Event>,
    ) -> crate::Result<()> {
        for _ in 0..TRIES {
            let catalogue: Arc<Catalogue> = self.catalogue();
            let product = catalogue.ever_known(slug);
            let product = product.ok_or_else(|| refused(Refusal::UnknownProduct))?;
            match self.decided_on(asked(product)?).await? {
                Ok(()) | Err(Refusal::NothingChanged) => return Ok(()),
                Err(Refusal::ChangedMeanwhile) => {}
                Err(refusal) => return Err(refused(refusal)),
            }
        }
        Err(refused(Refusal::ChangedMeanwhile))
    }

    /// What the catalogue says; pages know it when this returns, also how many there are of a new variant.
    async fn decided_on(&self, asked: Event) -> crate::Result<Result<(), Refusal>> {
        let is_counted = matches!(&asked, Event::ProductVariantRequested(it) if it.first.is_some());
        let answer = match is_counted {
            true => self.concluded(asked, is_last_of_new).await?,
            false => self.answered_at(asked).await?,
        };
        let Some((answer, position)) = answer else {
            return Err(Problem::unavailable(
                "This is recorded, and will be done in a moment. Open the page again.",
            ));
        };
        // It has changed all the same; only this answer stops waiting for the pages.
        let _ = tokio::time::timeout(PATIENCE, self.followed(position)).await;
        match &*answer {
            Event::ProductChangeRejected(rejected) => Ok(Err(rejected.refusal)),
            _ => Ok(Ok(())),
        }
    }
}

/// Whether nothing more follows from a new variant: it is refused, or its first pieces are counted.
const fn is_last_of_new(event: &Event) -> bool {
    matches!(
        event,
        Event::ProductChangeRejected(_)
            | Event::StockCorrected(_)
            | Event::StockCorrectionRejected(_)
    )
}

fn category(catalogue: &Catalogue, texts: &ProductTexts) -> crate::Result<Slug> {
    let mut all = catalogue.categories.iter();
    let known = all.find(|category| category.slug.as_str() == texts.category);
    known
        .map(|category| category.slug.clone())
        .ok_or_else(|| Problem::invalid_field("category", "Choose a category of the list."))
}

fn details_of(known: ProductDetails, texts: &ProductTexts) -> ProductDetails {
    let lines = texts.metals.lines().map(str::trim);
    let edition = texts.edition.trim();
    let or = |text: &str, otherwise: &str| match text.trim() {
        "" => otherwise.trim().to_owned(),
        text => text.to_owned(),
    };
    ProductDetails {
        description: texts.description.trim().to_owned(),
        metals: lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect(),
        stones: texts.stones.trim().to_owned(),
        drop: texts.limited,
        drop_note: (!edition.is_empty()).then(|| edition.to_owned()),
        seo_title: or(&texts.seo_title, &texts.title),
        seo_description: or(&texts.seo_description, &summary_of(&texts.description)),
        ..known
    }
}

fn pictures_asked(product: &ProductRecord, details: ProductDetails, by: &str) -> Event {
    ProductChangeRequested {
        product: product.slug.clone(),
        title: product.title.clone(),
        details,
        by: by.to_owned(),
        category: None,
        seen: Some(product.version),
    }
    .into()
}

fn variant_asked(
    product: &ProductRecord,
    known: VariantRecord,
    texts: &VariantTexts,
    by: &str,
) -> ProductVariantRequested {
    let images = &product.details.images;
    let image = images.iter().position(|image| image.src == texts.picture);
    let currency = known.price.currency;
    let variant = VariantRecord {
        metal: plain_name(&texts.metal),
        metal_label: texts.metal.trim().to_owned(),
        size_label: texts.size.trim().to_owned(),
        barcode: texts.barcode.trim().to_owned(),
        price: Money::new(texts.price_minor, currency),
        compare_at: texts
            .compare_at_minor
            .map(|former| Money::new(former, currency)),
        image: image.unwrap_or(known.image),
        ..known
    };
    ProductVariantRequested {
        product: product.slug.clone(),
        variant,
        seen: product.version,
        by: by.to_owned(),
        first: None,
    }
}

fn refused(refusal: Refusal) -> Problem {
    let detail = format!("The product stays as it is: {refusal}.");
    match refusal {
        Refusal::UnknownProduct | Refusal::UnknownSku => Problem::not_found(detail),
        Refusal::AddressTaken => {
            Problem::invalid_field("slug", "Another product has this address.")
        }
        Refusal::SkuTaken => Problem::invalid_field("sku", "There is a variant with this SKU."),
        Refusal::NoTitle => Problem::invalid_field("title", "Give it a title."),
        Refusal::PriceNotAboveZero | Refusal::PriceTooHigh | Refusal::OtherCurrency => {
            Problem::invalid_field("price", detail)
        }
        Refusal::FormerPriceNotAbove => Problem::invalid_field("compare_at", detail),
        Refusal::ChangedMeanwhile => Problem::conflict(
            "changed-meanwhile",
            "The product was changed meanwhile",
            "Somebody else has changed this product meanwhile. Look at it, and save again.",
        ),
        _ => Problem::conflict("product-unchanged", "The product stays as it is", detail),
    }
}
