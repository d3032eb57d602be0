//! The variants of a product on the page where it is edited.

use leptos::prelude::*;
use types::catalogue::Image;
use types::products::{DeskVariant, VariantTexts};
use types::{Problem, Slug, SupplierId};

use crate::api::product_forms::VariantForm;
use crate::api::{may, shop};
use crate::components::{Holds, ProblemNote, beyond_fields, desk_choice, desk_field};
use types::staff::Right;

#[component]
pub fn Variants(
    slug: Slug,
    /// Whether prices are set here: nobody has seen them yet.
    is_draft: bool,
    images: Vec<Image>,
    variants: Vec<DeskVariant>,
    /// What was typed and refused, with why.
    refused: Option<VariantForm>,
    problem: Option<Problem>,
    suppliers: Vec<(SupplierId, String)>,
) -> impl IntoView {
    let note = beyond_fields(problem.clone());
    let pictures: Vec<(String, String)> = images
        .iter()
        .enumerate()
        .map(|(place, image)| (image.src.clone(), format!("{}: {}", place + 1, image.alt)))
        .collect();
    let name_of = |id: &SupplierId| {
        let known = suppliers.iter().find(|(known, _)| known == id);
        known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    };
    let currency = shop().currency();
    // One at least stays: a product that nobody can have is withdrawn as a whole.
    let is_last = variants.iter().filter(|it| !it.is_withdrawn).count() == 1;
    let rows = variants.iter().map(|variant| {
        let mine = |form: &&VariantForm| form.new.is_empty() && form.sku == variant.sku.as_str();
        let refused = refused.as_ref().filter(mine).cloned();
        let problem = refused.as_ref().and(problem.clone());
        let known = VariantForm::of(&slug, &variant.sku, &variant.texts, currency);
        let supplier = variant.supplier.as_ref().map(name_of);
        view! {
            <Row
                variant=variant.clone()
                is_draft
                is_last=is_last && !variant.is_withdrawn
                supplier
                is_back=refused.is_some()
                form=refused.unwrap_or(known)
                problem
                pictures=pictures.clone()
            />
        }
    });
    let rows = rows.collect_view();
    let new = refused.filter(|form| !form.new.is_empty());
    let of_new = new.as_ref().and(problem);
    let is_back = new.is_some();
    let form = new.unwrap_or_else(|| new_form(&slug, variants.last().map(|it| &it.texts)));
    // What is added to a product that is for sale is for sale at once.
    let may_add = is_draft || may(Right::Publish);
    let choices = suppliers
        .iter()
        .map(|(id, name)| (id.to_string(), name.clone()));
    let choices = [(String::new(), "Nobody".to_owned())]
        .into_iter()
        .chain(choices)
        .collect();
    view! {
        <section aria-labelledby="variants">
            <h2 id="variants">"Variants"</h2>
            {note.map(|problem| view! { <ProblemNote problem /> })}
            <ul class="products__list" role="list">{rows}</ul>
            {may_add.then(|| view! { <New form is_back problem=of_new pictures suppliers=choices /> })}
        </section>
    }
}

/// A new one is most often like the one before it.
fn new_form(slug: &Slug, last: Option<&VariantTexts>) -> VariantForm {
    VariantForm {
        product: slug.to_string(),
        metal: last.map(|last| last.metal.clone()).unwrap_or_default(),
        size: last.map_or_else(|| "One size".to_owned(), |_| String::new()),
        picture: last.map(|last| last.picture.clone()).unwrap_or_default(),
        pieces: "0".to_owned(),
        ..VariantForm::default()
    }
}

#[component]
fn Row(
    variant: DeskVariant,
    is_draft: bool,
    /// Whether no other one is offered.
    is_last: bool,
    supplier: Option<String>,
    is_back: bool,
    form: VariantForm,
    problem: Option<Problem>,
    pictures: Vec<(String, String)>,
) -> impl IntoView {
    let DeskVariant {
        sku,
        texts,
        price,
        available,
        threshold,
        supplier: _,
        is_withdrawn,
    } = variant;
    let restock = match (supplier, threshold) {
        (Some(supplier), threshold) => format!("ordered of {supplier} at {threshold}"),
        (None, 0) => "not ordered again by itself".to_owned(),
        (None, threshold) => format!("low at {threshold}"),
    };
    let id = format!("variant-{sku}");
    let fields = fields(&id, &form, problem.as_ref(), pictures, is_draft);
    let prices = (!is_draft && may(Right::Prices)).then(|| {
        view! {
            ", "
            <a href=format!("/admin/prices?q={sku}")>"price"</a>
        }
    });
    let name = format!("{}, {}", texts.metal, texts.size);
    let (words, named) = match is_withdrawn {
        true => ("Sell again", format!("Sell {sku} again")),
        false => ("Withdraw", format!("Withdraw {sku}")),
    };
    let offer = (may(Right::Publish) && !is_last).then(|| {
        view! {
            <form method="post" action="/api/offer_variant">
                <input type="hidden" name="product" value=form.product.clone() />
                <input type="hidden" name="sku" value=sku.to_string() />
                {(!is_withdrawn).then(|| view! { <input type="hidden" name="withdraw" value="1" /> })}
                <button class="desk-button" type="submit" aria-label=named>
                    {words}
                </button>
            </form>
        }
    });
    let state = is_withdrawn.then(|| {
        view! {
            " "
            <span class="products__state" data-state="withdrawn">"Withdrawn"</span>
        }
    });
    view! {
        <li class="products__variant" id=id.clone() data-row="">
            <div class="products__row">
                <div>
                    <p class="alert__title">{name} {state}</p>
                    <p class="watch__soft">
                        <code>{sku.to_string()}</code>
                        {format!(", {price}, {available} available, {restock}. ")}
                        <a href=format!("/admin/inventory/{sku}")>"Stock"</a>
                        ", "
                        <a href=format!("/admin/restock?q={sku}")>"threshold and supplier"</a>
                        {prices}
                    </p>
                </div>
                {offer}
            </div>
            <details open=is_back data-open=is_back.then_some("")>
                <summary id=format!("edit-{sku}") aria-label=format!("Edit {sku}")>"Edit"</summary>
                <form
                    class="look-up__form"
                    method="post"
                    action="/api/set_variant"
                    aria-label=format!("Variant {sku}")
                    data-typed=is_back.then_some("")
                >
                    <input type="hidden" name="product" value=form.product.clone() />
                    <input type="hidden" name="sku" value=sku.to_string() />
                    <input type="hidden" name="seen" value=form.seen.clone() />
                    {(!is_draft)
                        .then(|| view! {
                            <input type="hidden" name="price" value=form.price.clone() />
                            <input type="hidden" name="compare_at" value=form.compare_at.clone() />
                        })}
                    {fields}
                    <button class="desk-button" type="submit">"Save"</button>
                </form>
            </details>
        </li>
    }
}

#[component]
fn New(
    form: VariantForm,
    is_back: bool,
    problem: Option<Problem>,
    pictures: Vec<(String, String)>,
    suppliers: Vec<(String, String)>,
) -> impl IntoView {
    let problem = problem.as_ref();
    let field = |name: &'static str, label: &'static str, holds: Holds, value: &str| {
        desk_field(
            problem,
            format!("new-{name}"),
            (name, label),
            holds,
            value.to_owned(),
        )
    };
    let sku = field("sku", "SKU", Holds::Code { longest: 40 }, &form.sku);
    let first = (
        field("pieces", "Pieces there are", Holds::Number, &form.pieces),
        field(
            "threshold",
            "Order again at",
            Holds::Number,
            &form.threshold,
        ),
        field("up_to", "Up to", Holds::Number, &form.up_to),
    );
    let supplier = desk_choice(
        problem,
        "new-supplier".to_owned(),
        ("supplier", "Of whom"),
        suppliers,
        &form.supplier,
    );
    let fields = fields("new-variant", &form, problem, pictures, true);
    view! {
        <details class="products__new" open=is_back data-open=is_back.then_some("")>
            <summary>"New variant"</summary>
            <form
                class="look-up__form"
                method="post"
                action="/api/set_variant"
                aria-label="New variant"
                data-typed=is_back.then_some("")
            >
                <input type="hidden" name="product" value=form.product.clone() />
                <input type="hidden" name="new" value="1" />
                {sku} {fields} {first} {supplier}
                <button class="desk-button desk-button--strong" type="submit">
                    "Add the variant"
                </button>
            </form>
        </details>
    }
}

/// What new and known ones have.
fn fields(
    id: &str,
    form: &VariantForm,
    problem: Option<&Problem>,
    pictures: Vec<(String, String)>,
    has_prices: bool,
) -> impl IntoView + use<> {
    let field = |name: &'static str, label: &'static str, holds: Holds, value: &str| {
        desk_field(
            problem,
            format!("{id}-{name}"),
            (name, label),
            holds,
            value.to_owned(),
        )
    };
    let picture = (!pictures.is_empty()).then(|| {
        desk_choice(
            problem,
            format!("{id}-picture"),
            ("picture", "Photograph"),
            pictures,
            &form.picture,
        )
    });
    let prices = has_prices.then(|| {
        (
            field("price", "Price", Holds::Amount, &form.price),
            field(
                "compare_at",
                "Former price, if shown",
                Holds::Amount,
                &form.compare_at,
            ),
        )
    });
    (
        field("metal", "Metal or colour", Holds::Text, &form.metal),
        field("size", "Size", Holds::Text, &form.size),
        prices,
        field(
            "barcode",
            "Barcode",
            Holds::Code { longest: 20 },
            &form.barcode,
        ),
        picture,
    )
}
