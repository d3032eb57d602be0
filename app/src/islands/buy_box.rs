//! Choosing a variant and putting it into the cart, or being told when it is back. Without JavaScript
//! metals are links, sizes are radios and the form posts; with it nothing reloads.

use leptos::either::Either;
use leptos::prelude::*;
use types::catalogue::{Availability, Variant, come_in_sizes};
use types::live::{ProductStock, VariantStock};
use types::reservation::OwnHold;
use types::{Money, Problem, Sku, Slug};

use crate::api::cart::add_to_cart;
use crate::components::anchor;
use crate::components::{ProblemNote, QuantityField, StockLabel};
use crate::islands::own::own_hold;
use crate::islands::shelf_live::follow_shelves;
use crate::islands::stock_signup::{SignupForm, StockSignup};
use crate::islands::{tab, typed};
use crate::live;

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
    /// Whether the page holds a guide to its sizes.
    size_guide: bool,
    position: u64,
    /// That of the shelves: the page around it follows them.
    shelves: u64,
    signup: SignupForm,
    /// What stands in the form as it is: a gift note.
    children: Children,
) -> impl IntoView {
    let initial = ProductStock {
        available: variants.iter().map(|variant| variant.available).sum(),
        variants: variants
            .iter()
            .map(|v| VariantStock {
                sku: v.sku.clone(),
                available: v.available,
                price_minor: None,
                is_withdrawn: false,
            })
            .collect(),
        tags: Vec::new(),
        is_withdrawn: false,
    };
    follow_shelves(shelves);
    let stock = live::product(slug.clone(), initial, position);
    let first = variants
        .iter()
        .position(|variant| variant.sku == chosen)
        .unwrap_or(0);
    let variants = StoredValue::new(variants);
    let chosen = RwSignal::new(first);
    let of = move |i: usize| variants.with_value(|all| all.get(i).cloned());
    // As it is sold by now: who changes a price changes it here, too.
    let sold = move |i: usize| {
        let variant = of(i)?;
        let minor = stock.with(|stock| live::price_minor(stock, &variant.sku));
        Some(match minor.filter(|minor| *minor != variant.price.minor) {
            Some(minor) => Variant {
                price: Money::new(minor, variant.price.currency),
                compare_at: None,
                ..variant
            },
            None => variant,
        })
    };
    let available = Memo::new(move |_| {
        let sku = of(chosen.get()).map(|variant| variant.sku);
        sku.map_or(0, |sku| stock.with(|stock| live::available(stock, &sku)))
    });
    // To all others these are sold out.
    let own = own_hold(position);
    let held = Memo::new(move |_| {
        let sku = of(chosen.get()).map(|variant| variant.sku);
        sku.map_or(0, |sku| own.with(|own| own.of(&sku)))
    });
    let edition = Signal::derive(move || of(chosen.get())?.edition);
    let metal = Memo::new(move |_| of(chosen.get()).map(|v| v.metal).unwrap_or_default());
    let told = move || Availability::to_holder(available.get(), edition.get(), held.get()).label();

    // Until the island is awake the button must not judge: a plain form may choose another size.
    let awake = RwSignal::new(false);
    // What was chosen and typed before the script woke is what counts. It is read before the inputs
    // are bound to the signals, and taken over once the HTML is: that still shows what was rendered.
    let early_size = typed::value(".buy input[name=sku]:checked");
    let early_wish = typed::choice(".signup select[name=sku]");
    let early_quantity = typed::quantity(".buy input[name=quantity]");
    let nothing_left = move || stock.with(|stock| stock.available <= 0);
    let sold_out = move || nothing_left() || (awake.get() && available.get() <= 0);
    let is_own = move || sold_out() && held.get() > 0;

    let outcome = RwSignal::new(Outcome::None);
    let pending = RwSignal::new(false);
    let quantity = RwSignal::new(1_u32);

    Effect::new(move |_| {
        awake.set(true);
        let place = |sku: &str| {
            let place = variants.with_value(|all| all.iter().position(|v| v.sku.as_str() == sku));
            place.filter(|place| *place != first)
        };
        // What is to be bought counts before what is waited for.
        let early = early_size.as_deref().and_then(place);
        if let Some(early) = early.or_else(|| early_wish.as_deref().and_then(place)) {
            chosen.set(early);
        }
        if let Some(pieces) = early_quantity {
            quantity.set(pieces);
        }
    });

    Effect::new(move |before: Option<(usize, i64, u32)>| {
        let now = (chosen.get(), available.get(), held.get());
        if before.is_some_and(|before| before.0 == now.0 && before != now)
            && let Some(variant) = of(now.0)
        {
            tab::announce([variant.size_label.as_str(), ": ", &told()].concat());
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
        let (before, now) = untrack(|| (sold(chosen.get()), sold(i)));
        chosen.set(i);
        outcome.set(Outcome::None);
        let (Some(before), Some(now)) = (before, now) else {
            return;
        };
        remember(&now.sku);
        // Screen readers read the radio's label themselves; the rest is announced.
        let price = now.price.tag();
        if before.metal != now.metal {
            let size = now.size_label.as_str();
            let words = [now.metal_label.as_str(), ", ", &price, ". ", size, ": "];
            tab::announce([words.concat(), told()].concat());
        } else if before.price != now.price {
            tab::announce(price);
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
        let gift_note = typed::value(".buy textarea").filter(|text| !text.trim().is_empty());
        let pieces = i64::from(quantity.get_untracked());
        let title = title.clone();
        tab::in_turn(async move {
            #[cfg(feature = "hydrate")]
            let sku = variant.sku.clone();
            match add_to_cart(variant.sku, pieces, gift_note).await {
                Ok(cart) => {
                    tab::set_cart_count(cart.count());
                    tab::announce([title.as_str(), " is in your cart."].concat());
                    outcome.set(Outcome::Added(cart.count()));
                    // By itself: nothing waits for its code, and where that does not arrive the words
                    // above are enough.
                    #[cfg(feature = "hydrate")]
                    leptos::task::spawn_local(async move {
                        let _ = super::cart_drawer::open_drawer(cart, sku).await;
                    });
                }
                Err(error) => outcome.set(Outcome::Refused(error.0)),
            }
            pending.set(false);
        });
    };

    let price = Memo::new(move |_| sold(chosen.get()).map(|variant| variant.price.tag()));
    Effect::new(move |before: Option<(usize, Option<String>)>| {
        let now = (chosen.get(), price.get());
        if before.is_some_and(|before| before.0 == now.0 && before.1 != now.1)
            && let Some(price) = &now.1
        {
            tab::announce(["The price is now ", price].concat());
        }
        now
    });
    let before = move || {
        let before = sold(chosen.get())?.compare_at?;
        Some(view! {
            <s>
                <span class="visually-hidden">"Before: "</span>
                {before.tag()}
            </s>
        })
    };
    let button = move || {
        if is_own() {
            "In your checkout"
        } else if sold_out() {
            "Sold out"
        } else {
            "Add to cart"
        }
    };
    let added = move || match outcome.get() {
        Outcome::Added(pieces) => Some(view! { <Added pieces /> }),
        _ => None,
    };
    let refused = move || match outcome.get() {
        Outcome::Refused(problem) => Some(view! { <ProblemNote problem /> }),
        _ => None,
    };
    // A metal with several sizes: then they are asked for. Else the page has said the one there is.
    let asks_size = variants.with_value(|all| come_in_sizes(all));
    let sku = move || of(chosen.get()).map(|variant| variant.sku.to_string());
    let similar = ["#", anchor::RELATED].concat();
    let since = live::since();
    view! {
        <form class="buy" method="post" action="/api/add_to_cart" on:submit=add>
            <p class="buy__price">
                <span>{price}</span>
                {before}
                <small>"VAT included"</small>
            </p>

            <MetalChoice
                slug
                variants
                metal
                stock
                own
                on_choose=Callback::new(move |metal: String| {
                    choose_metal(&metal);
                })
            />
            {if asks_size {
                Either::Left(
                    view! {
                        <SizeChoice
                            variants
                            chosen
                            metal
                            stock
                            own
                            size_guide
                            on_choose=Callback::new(choose)
                        />
                    },
                )
            } else {
                Either::Right(view! { <input type="hidden" name="sku" value=sku /> })
            }}

            <div class="buy__row">
                <div class="buy__quantity">
                    <span class="field__label" aria-hidden="true">"Quantity"</span>
                    <QuantityField value=quantity label="Quantity" />
                </div>
                <div class="buy__stock">
                    <p role="group" aria-label="Availability">
                        <StockLabel available edition held of=chosen />
                    </p>
                    <p class="buy__since">
                        {move || since.get().map(|since| ["as of ", &since].concat())}
                    </p>
                </div>
            </div>

            {children()}

            <div class="buy__bar">
                <p class="buy__bar-price" aria-hidden="true">
                    {price}
                </p>
                // Not `disabled`: the focus would fall off it when the last piece goes.
                <button
                    type="submit"
                    class="button button--wide"
                    disabled=move || !awake.get() && nothing_left()
                    aria-disabled=move || (awake.get() && sold_out()).then_some("true")
                    aria-busy=move || pending.get().then_some("true")
                >
                    {button}
                </button>
            </div>
            <p class="buy__hint">
                <span hidden=sold_out>
                    "It is held for you while you are at the checkout."
                </span>
                <span hidden=move || !is_own()>
                    {move || match held.get() {
                        1 => "This piece is held in your checkout; nobody else can order it now. "
                            .to_owned(),
                        held => [
                                &*held.to_string(),
                                " pieces are held in your checkout; nobody else can order them now. ",
                            ]
                            .concat(),
                    }} "There are no more. " <a class="link" href="/checkout">
                        "Go to your checkout"
                    </a>
                </span>
                <a class="link" href=similar hidden=move || !sold_out() || is_own()>
                    "See similar pieces"
                </a>
            </p>

            <div class="buy__outcome">{added} {refused}</div>
        </form>
        <StockSignup form=signup variants chosen stock own awake />
    }
}

/// The metals, each a link to the page with that metal chosen. A single one is no choice.
#[component]
fn MetalChoice(
    slug: Slug,
    variants: StoredValue<Vec<Variant>>,
    metal: Memo<String>,
    stock: ReadSignal<ProductStock>,
    own: Signal<OwnHold>,
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
    let is_choice = metals.len() > 1;
    let links = metals.into_iter().map(|(name, label)| {
        let href = ["/p/", slug.as_str(), "?metal=", &name].concat();
        let (this, swatch, of_metal) = (name.clone(), name.clone(), name.clone());
        let is_gone = Memo::new(move |_| {
            let own = own.read();
            stock.with(|stock| {
                variants.with_value(|all| {
                    let mut all = all.iter().filter(|v| v.metal == of_metal);
                    all.all(|v| live::available(stock, &v.sku) <= 0 && own.of(&v.sku) == 0)
                })
            })
        });
        view! {
            <a
                class="pick"
                href=href
                data-out=move || is_gone.get()
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
                <span class="pick__name">{label}</span>
                <span class="visually-hidden">
                    {move || if is_gone.get() { "sold out" } else { "" }}
                </span>
            </a>
        }
    });
    is_choice.then(|| {
        view! {
            <div class="buy__choice" role="group" aria-label="Metal">
                <p class="field__label" aria-hidden="true">"Metal"</p>
                <div class="picks">{links.collect_view()}</div>
            </div>
        }
    })
}

/// The sizes of the chosen metal, each with what is left of it.
#[component]
fn SizeChoice(
    variants: StoredValue<Vec<Variant>>,
    chosen: RwSignal<usize>,
    metal: Memo<String>,
    stock: ReadSignal<ProductStock>,
    own: Signal<OwnHold>,
    size_guide: bool,
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
            let sku = variant.sku.clone();
            let held = Signal::derive(move || own.with(|own| own.of(&sku)));
            let edition = variant.edition;
            let is_chosen = move || chosen.get() == i;
            view! {
                <label class="pick" data-out=move || available.get() <= 0 && held.get() == 0>
                    <input
                        type="radio"
                        name="sku"
                        value=variant.sku.to_string()
                        checked=is_chosen()
                        prop:checked=is_chosen
                        on:change=move |_| on_choose.run(i)
                    />
                    <span class="pick__name">{variant.size_label}</span>
                    <StockLabel available edition held />
                </label>
            }
        });
        radios.collect_view()
    };
    let guide = ["#", anchor::SIZE_GUIDE].concat();
    view! {
        <fieldset class="buy__choice">
            <legend class="field__label">"Size"</legend>
            <div class="picks picks--grid">{sizes}</div>
            <p class="buy__guide" hidden=!size_guide>
                <a class="link" href=guide data-dialog=anchor::SIZE_GUIDE>
                    "Size guide"
                </a>
            </p>
        </fieldset>
    }
}

/// It worked, and where to go from here.
#[component]
fn Added(pieces: u32) -> impl IntoView {
    let pieces = types::pieces(pieces);
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
        let Some(gallery) = document().get_element_by_id(anchor::GALLERY) else {
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
