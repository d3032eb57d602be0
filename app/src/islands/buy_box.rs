//! Choosing a variant and putting it into the cart. Without JavaScript metals are links, sizes are
//! radios and the form posts; with it nothing reloads.

use leptos::prelude::*;
use types::cart::MAX_GIFT_NOTE;
use types::catalogue::{Availability, Variant};
use types::live::{ProductStock, VariantStock};
use types::{Problem, Sku, Slug};

use crate::api::cart::add_to_cart;
use crate::components::{ProblemNote, QuantityField, StockLabel};
use crate::islands::{tab, typed};
use crate::live;

/// Id of the product's pictures, which follow the chosen metal.
pub const GALLERY_ID: &str = "gallery";

/// What came of adding to the cart.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    None,
    Added(u32),
    Refused(Problem),
}

/// Price, metal, size, live stock, quantity, gift note and the button.
#[island(lazy)]
pub fn BuyBox(
    slug: Slug,
    title: String,
    variants: Vec<Variant>,
    /// The variant the address asks for, or the first one that is there.
    chosen: Sku,
    position: u64,
) -> impl IntoView {
    let initial = ProductStock {
        available: variants.iter().map(|variant| variant.available).sum(),
        variants: variants
            .iter()
            .map(|v| VariantStock {
                sku: v.sku.clone(),
                available: v.available,
            })
            .collect(),
    };
    let stock = live::product(slug.clone(), initial, position);
    let first = variants
        .iter()
        .position(|variant| variant.sku == chosen)
        .unwrap_or(0);
    let variants = StoredValue::new(variants);
    let chosen = RwSignal::new(first);
    let of = move |i: usize| variants.with_value(|all| all.get(i).cloned());
    let available = Memo::new(move |_| {
        let sku = of(chosen.get()).map(|variant| variant.sku);
        sku.map_or(0, |sku| stock.with(|stock| live::available(stock, &sku)))
    });
    let metal = Memo::new(move |_| of(chosen.get()).map(|v| v.metal).unwrap_or_default());

    // Until the island is awake the button must not judge: a plain form may choose another size.
    let awake = RwSignal::new(false);
    // What was chosen and typed before the script woke is what counts. It is read before the inputs
    // are bound to the signals, and taken over once the HTML is: that still shows what was rendered.
    let early_sku = typed::value(".buy input[name=sku]:checked");
    let early_quantity = typed::quantity(".buy input[name=quantity]");
    let early_note = typed::value(".buy textarea");
    let nothing_left = move || stock.with(|stock| stock.available <= 0);
    let sold_out = move || nothing_left() || (awake.get() && available.get() <= 0);

    let outcome = RwSignal::new(Outcome::None);
    let pending = RwSignal::new(false);
    let quantity = RwSignal::new(1_u32);
    let note = RwSignal::new(String::new());

    Effect::new(move |_| {
        awake.set(true);
        let early = early_sku.as_deref();
        if let Some(early) = early.and_then(|sku| {
            variants.with_value(|all| all.iter().position(|v| v.sku.as_str() == sku))
        }) && early != first
        {
            chosen.set(early);
        }
        if let Some(pieces) = early_quantity {
            quantity.set(pieces);
        }
        if let Some(text) = &early_note {
            note.set(text.clone());
        }
    });

    Effect::new(move |before: Option<(usize, i64)>| {
        let now = (chosen.get(), available.get());
        if before.is_some_and(|before| before.0 == now.0 && before.1 != now.1)
            && let Some(variant) = of(now.0)
        {
            let label = Availability::of(now.1).label();
            tab::announce([variant.size_label.as_str(), ": ", &label].concat());
        }
        now
    });
    Effect::new(move |before: Option<String>| {
        let now = metal.get();
        if before.is_some_and(|before| before != now) {
            show_metal(&now);
        }
        now
    });

    let choose = move |i: usize| {
        chosen.set(i);
        outcome.set(Outcome::None);
        if let Some(variant) = of(i) {
            remember(&variant.sku);
        }
    };
    // Another metal keeps the size if it comes in it.
    let choose_metal = move |metal: &str| {
        let Some(size) = of(chosen.get_untracked()).map(|variant| variant.size_label) else {
            return;
        };
        let i = variants.with_value(|all| {
            let same = |v: &Variant| v.metal == metal && v.size_label == size;
            all.iter()
                .position(same)
                .or_else(|| all.iter().position(|v| v.metal == metal))
        });
        if let Some(i) = i {
            choose(i);
        }
    };
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(variant) = of(chosen.get_untracked()) else {
            return;
        };
        if pending.get_untracked() || sold_out() {
            return;
        }
        pending.set(true);
        outcome.set(Outcome::None);
        let text = note.get_untracked();
        let gift_note = (!text.trim().is_empty()).then_some(text);
        let pieces = i64::from(quantity.get_untracked());
        let title = title.clone();
        tab::in_turn(async move {
            match add_to_cart(variant.sku, pieces, gift_note).await {
                Ok(cart) => {
                    tab::set_cart_count(cart.count());
                    tab::announce([title.as_str(), " is in your cart."].concat());
                    outcome.set(Outcome::Added(cart.count()));
                }
                Err(error) => outcome.set(Outcome::Refused(error.0)),
            }
            pending.set(false);
        });
    };

    view! {
        <form class="buy" method="post" action="/api/add_to_cart" on:submit=add>
            <p class="buy__price">
                {move || {
                    of(chosen.get())
                        .map(|variant| {
                            view! {
                                <span>{variant.price.to_string()}</span>
                                {variant
                                    .compare_at
                                    .map(|before| {
                                        view! {
                                            <s>
                                                <span class="visually-hidden">"Before: "</span>
                                                {before.to_string()}
                                            </s>
                                        }
                                    })}
                            }
                        })
                }} <small>"VAT included"</small>
            </p>

            <MetalChoice slug variants metal on_choose=Callback::new(move |metal: String| {
                choose_metal(&metal);
            }) />
            <SizeChoice variants chosen metal stock on_choose=Callback::new(choose) />

            <div class="buy__row">
                <div class="buy__quantity">
                    <span class="field__label" aria-hidden="true">"Quantity"</span>
                    <QuantityField value=quantity label="Quantity" />
                </div>
                <p class="buy__stock" role="group" aria-label="Availability">
                    <StockLabel available />
                </p>
            </div>

            <GiftNote note />

            <button
                type="submit"
                class="button button--wide"
                disabled=sold_out
                aria-busy=move || pending.get().then_some("true")
            >
                "Add to cart"
            </button>

            <div class="buy__outcome">
                {move || match outcome.get() {
                    Outcome::None => ().into_any(),
                    Outcome::Refused(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Outcome::Added(pieces) => view! { <Added pieces /> }.into_any(),
                }}
            </div>
        </form>
    }
}

/// The metals, each a link to the page with that metal chosen.
#[component]
fn MetalChoice(
    slug: Slug,
    variants: StoredValue<Vec<Variant>>,
    metal: Memo<String>,
    on_choose: Callback<String>,
) -> impl IntoView {
    let mut metals: Vec<(String, String)> = Vec::new();
    variants.with_value(|all| {
        for variant in all {
            if !metals.iter().any(|(metal, _)| *metal == variant.metal) {
                metals.push((variant.metal.clone(), variant.metal_label.clone()));
            }
        }
    });
    let links = metals.into_iter().map(|(name, label)| {
        let href = ["/p/", slug.as_str(), "?metal=", &name].concat();
        let (this, swatch) = (name.clone(), name.clone());
        view! {
            <a
                class="pick"
                href=href
                aria-current=move || (metal.read() == this).then_some("true")
                on:click=move |event| {
                    // A click that wants a new tab gets one.
                    if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                        event.prevent_default();
                        on_choose.run(name.clone());
                    }
                }
            >
                <span class="swatch" data-metal=swatch aria-hidden="true"></span>
                {label}
            </a>
        }
    });
    view! {
        <div class="buy__choice" role="group" aria-label="Metal">
            <p class="field__label" aria-hidden="true">"Metal"</p>
            <div class="picks">{links.collect_view()}</div>
        </div>
    }
}

/// The sizes of the chosen metal, each with what is left of it.
#[component]
fn SizeChoice(
    variants: StoredValue<Vec<Variant>>,
    chosen: RwSignal<usize>,
    metal: Memo<String>,
    stock: ReadSignal<ProductStock>,
    on_choose: Callback<usize>,
) -> impl IntoView {
    let sizes = move || {
        let metal = metal.get();
        let of_metal = variants.with_value(|all| {
            let all = all.iter().enumerate();
            all.filter(|(_, v)| v.metal == metal)
                .map(|(i, v)| (i, v.clone()))
                .collect::<Vec<_>>()
        });
        let radios = of_metal.into_iter().map(|(i, variant)| {
            let available = live::variant(stock, variant.sku.clone());
            let is_chosen = move || chosen.get() == i;
            let level = move || Availability::of(available.get());
            view! {
                <label
                    class="pick"
                    data-few=move || matches!(level(), Availability::Few(_))
                    data-out=move || level() == Availability::SoldOut
                >
                    <input
                        type="radio"
                        name="sku"
                        value=variant.sku.to_string()
                        checked=is_chosen()
                        prop:checked=is_chosen
                        on:change=move |_| on_choose.run(i)
                    />
                    <span class="pick__name">{variant.size_label}</span>
                    <span class="pick__stock">
                        {move || level().label()}
                    </span>
                </label>
            }
        });
        radios.collect_view()
    };
    view! {
        <fieldset class="buy__choice">
            <legend class="field__label">"Size"</legend>
            <div class="picks picks--grid">{sizes}</div>
        </fieldset>
    }
}

/// A few words to be written on a card, folded away until wanted.
#[component]
fn GiftNote(note: RwSignal<String>) -> impl IntoView {
    let left = move || MAX_GIFT_NOTE.saturating_sub(note.with(|note| note.chars().count()));
    view! {
        <details class="fold">
            <summary>"Add a gift note"</summary>
            <div class="field">
                <label class="field__label" for="gift-note">"Gift note"</label>
                <textarea
                    id="gift-note"
                    class="input"
                    name="gift_note"
                    rows="3"
                    maxlength=MAX_GIFT_NOTE
                    aria-describedby="gift-note-hint"
                    on:input:target=move |event| note.set(event.target().value())
                ></textarea>
                <p class="field__hint" id="gift-note-hint">
                    "We write it by hand on a card. "
                    <span class="numbers">{left}</span>
                    " characters left."
                </p>
            </div>
        </details>
    }
}

/// It worked, and where to go from here.
#[component]
fn Added(pieces: u32) -> impl IntoView {
    let pieces = if pieces == 1 {
        "1 piece".to_owned()
    } else {
        [pieces.to_string().as_str(), " pieces"].concat()
    };
    view! {
        <div class="notice notice--good">
            <p>"Added. You have " {pieces} " in your cart."</p>
            <p>
                <a class="link" href="/cart">"View cart"</a>
            </p>
        </div>
    }
}

/// Keeps the choice in the address, so that a reload or a shared link shows the same variant.
fn remember(sku: &Sku) {
    #[cfg(feature = "hydrate")]
    if let Ok(history) = window().history() {
        let address = ["?variant=", sku.as_str()].concat();
        let state = wasm_bindgen::JsValue::NULL;
        let _ = history.replace_state_with_url(&state, "", Some(&address));
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = sku;
}

/// Brings the picture of a metal into sight. The pictures are plain HTML outside of the island.
fn show_metal(metal: &str) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let Some(gallery) = document().get_element_by_id(GALLERY_ID) else {
            return;
        };
        let selector = ["[data-metal='", metal, "']"].concat();
        if let Ok(Some(picture)) = gallery.query_selector(&selector) {
            let picture: web_sys::HtmlElement = picture.unchecked_into();
            gallery.set_scroll_left(picture.offset_left());
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = metal;
}
