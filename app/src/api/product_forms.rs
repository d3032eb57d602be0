//! The forms of products, as they are posted. All of it is text: whatever is wrong with it is answered under the
//! field's name, and comes back.

use serde::{Deserialize, Serialize};

/// A product that is to be prepared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftForm {
    pub title: String,
    /// Its address; made of the title when it is empty.
    pub slug: String,
    pub category: String,
}

/// The words about a product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextsForm {
    pub product: String,
    pub title: String,
    pub category: String,
    pub description: String,
    pub metals: String,
    pub stones: String,
    /// Not empty where there will be no more of it.
    pub limited: String,
    pub edition: String,
    pub seo_title: String,
    pub seo_description: String,
    /// What the page has shown of them, see [`Seen`]; nothing where nobody knows.
    ///
    /// [`Seen`]: types::seen::Seen
    pub seen: String,
}

/// A variant of a product, new or known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VariantForm {
    pub product: String,
    pub sku: String,
    /// Not empty where it is to be one that nobody knows yet.
    pub new: String,
    pub metal: String,
    pub size: String,
    pub barcode: String,
    /// The address of the picture that shows it.
    pub picture: String,
    pub price: String,
    pub compare_at: String,
    /// Of a new one, how many there are.
    pub pieces: String,
    pub threshold: String,
    pub up_to: String,
    pub supplier: String,
    /// What the page has shown of it, see [`Seen`]; nothing where nobody knows.
    ///
    /// [`Seen`]: types::seen::Seen
    pub seen: String,
}

/// What is to become of a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureForm {
    pub product: String,
    pub src: String,
    pub alt: String,
    pub metal: String,
    /// `describe`, `earlier` or `remove`.
    pub act: String,
}

#[cfg(feature = "ssr")]
mod filled {
    use types::money::typed;
    use types::products::{ProductTexts, VariantTexts};
    use types::seen::Seen;
    use types::{Currency, FieldError, Money, Sku, Slug};

    use super::{TextsForm, VariantForm};
    use crate::api::meanwhile::settle;

    impl TextsForm {
        /// As the page shows the words of a product.
        pub fn of(product: &Slug, texts: &ProductTexts) -> Self {
            Self {
                product: product.to_string(),
                title: texts.title.clone(),
                category: texts.category.clone(),
                description: texts.description.clone(),
                metals: texts.metals.clone(),
                stones: texts.stones.clone(),
                limited: if texts.limited { "on" } else { "" }.to_owned(),
                edition: texts.edition.clone(),
                seo_title: texts.seo_title.clone(),
                seo_description: texts.seo_description.clone(),
                seen: Seen::new(Some(texts)).written(),
            }
        }

        /// What was typed. Browsers end lines in two signs.
        pub fn texts(&self) -> ProductTexts {
            ProductTexts {
                title: self.title.trim().to_owned(),
                category: self.category.clone(),
                description: self.description.replace("\r\n", "\n"),
                metals: self.metals.replace("\r\n", "\n"),
                stones: self.stones.clone(),
                limited: !self.limited.is_empty(),
                edition: self.edition.clone(),
                seo_title: self.seo_title.clone(),
                seo_description: self.seo_description.clone(),
            }
        }

        /// What the form is to show next, and what it says of each field that somebody else has changed.
        pub fn settle(&mut self, product: &Slug, now: &ProductTexts) -> Vec<FieldError> {
            let mut errors = Vec::new();
            let seen = Seen::<ProductTexts>::read(&self.seen);
            let Some(shown) = seen.and_then(|seen| seen.shown) else {
                return errors;
            };
            let (was, now) = (Self::of(product, &shown), Self::of(product, now));
            self.description = self.description.replace("\r\n", "\n");
            self.metals = self.metals.replace("\r\n", "\n");
            for (name, typed, was, now) in [
                ("title", &mut self.title, &was.title, &now.title),
                ("category", &mut self.category, &was.category, &now.category),
                (
                    "description",
                    &mut self.description,
                    &was.description,
                    &now.description,
                ),
                ("metals", &mut self.metals, &was.metals, &now.metals),
                ("stones", &mut self.stones, &was.stones, &now.stones),
                ("limited", &mut self.limited, &was.limited, &now.limited),
                ("edition", &mut self.edition, &was.edition, &now.edition),
                (
                    "seo_title",
                    &mut self.seo_title,
                    &was.seo_title,
                    &now.seo_title,
                ),
                (
                    "seo_description",
                    &mut self.seo_description,
                    &was.seo_description,
                    &now.seo_description,
                ),
            ] {
                settle(&mut errors, name, typed, (was, now));
            }
            self.seen = now.seen;
            errors
        }
    }

    impl VariantForm {
        /// As the page shows a variant.
        pub fn of(product: &Slug, sku: &Sku, texts: &VariantTexts, currency: Currency) -> Self {
            let money = |minor| typed(Money::new(minor, currency));
            Self {
                product: product.to_string(),
                sku: sku.to_string(),
                metal: texts.metal.clone(),
                size: texts.size.clone(),
                barcode: texts.barcode.clone(),
                picture: texts.picture.clone(),
                price: money(texts.price_minor),
                compare_at: texts.compare_at_minor.map(money).unwrap_or_default(),
                seen: Seen::new(Some(texts)).written(),
                ..Self::default()
            }
        }

        /// What the form is to show next, and what it says of each field that somebody else has changed.
        pub fn settle(
            &mut self,
            (product, sku): (&Slug, &Sku),
            now: &VariantTexts,
            currency: Currency,
        ) -> Vec<FieldError> {
            let mut errors = Vec::new();
            let seen = Seen::<VariantTexts>::read(&self.seen);
            let Some(shown) = seen.and_then(|seen| seen.shown) else {
                return errors;
            };
            let was = Self::of(product, sku, &shown, currency);
            let now = Self::of(product, sku, now, currency);
            for (name, typed, was, now) in [
                ("metal", &mut self.metal, &was.metal, &now.metal),
                ("size", &mut self.size, &was.size, &now.size),
                ("barcode", &mut self.barcode, &was.barcode, &now.barcode),
                ("picture", &mut self.picture, &was.picture, &now.picture),
                ("price", &mut self.price, &was.price, &now.price),
                (
                    "compare_at",
                    &mut self.compare_at,
                    &was.compare_at,
                    &now.compare_at,
                ),
            ] {
                settle(&mut errors, name, typed, (was, now));
            }
            self.seen = now.seen;
            errors
        }
    }
}
