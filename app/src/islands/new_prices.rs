//! What of a cart, or its delivery, costs something else than its shopper has agreed to: told beside the old price, and right
//! beside the button that would pay it.

use leptos::prelude::*;
use types::Money;
use types::cart::{Cart, CartLine};
use types::checkout::DeliveryMethod;

use super::tab;

/// A line that costs something else.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Repriced {
    title: String,
    variant: String,
    was: Money,
    now: Money,
}

fn repriced(cart: &Cart) -> Vec<Repriced> {
    let line = |line: &CartLine| {
        Some(Repriced {
            title: line.title.clone(),
            variant: line.variant.clone(),
            was: line.was?,
            now: line.unit_price,
        })
    };
    cart.lines.iter().filter_map(line).collect()
}

/// A way of delivery that costs something else for what is in the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RepricedDelivery {
    method: DeliveryMethod,
    was: Money,
    now: Money,
}

fn repriced_delivery(cart: &Cart) -> Vec<RepricedDelivery> {
    let Some(was) = cart.delivery_was else {
        return Vec::new();
    };
    let ways = DeliveryMethod::ALL.map(|method| RepricedDelivery {
        method,
        was: was.price(method, cart.subtotal),
        now: cart.delivery.price(method, cart.subtotal),
    });
    ways.into_iter().filter(|way| way.was != way.now).collect()
}

/// Says what has changed, and reads it out when it does. Stands below the button, so that the button does
/// not move away from the finger.
#[component]
pub fn NewPricesNote(cart: RwSignal<Cart>) -> impl IntoView {
    let lines = Memo::new(move |_| cart.with(repriced));
    Effect::new(move |before: Option<Vec<Repriced>>| {
        let now = lines.get();
        if let Some(before) = before
            && let Some(news) = now.iter().find(|line| !before.contains(line))
        {
            let price = news.now.to_string();
            tab::announce([news.title.as_str(), " costs ", &price, " now"].concat());
        }
        now
    });
    let ways = Memo::new(move |_| cart.with(repriced_delivery));
    Effect::new(move |before: Option<Vec<RepricedDelivery>>| {
        let now = ways.get();
        if let Some(before) = before
            && let Some(news) = now.iter().find(|way| !before.contains(way))
        {
            let price = news.now.to_string();
            tab::announce([news.method.title(), " costs ", &price, " now"].concat());
        }
        now
    });
    let way = |way: RepricedDelivery| {
        view! {
            <li>
                {way.method.title()} ": " <s>{way.was.to_string()}</s> " "
                <strong>{way.now.to_string()}</strong>
            </li>
        }
    };
    let line = |line: Repriced| {
        let Repriced {
            title,
            variant,
            was,
            now,
        } = line;
        view! {
            <li>
                {title} ", " {variant} ": " <s>{was.to_string()}</s> " "
                <strong>{now.to_string()}</strong>
            </li>
        }
    };
    view! {
        <Show when=move || !lines.with(Vec::is_empty) || !ways.with(Vec::is_empty)>
            <div class="notice notice--warn">
                <p class="notice__title">
                    {move || match lines.with(Vec::is_empty) {
                        true => "Delivery costs something else now",
                        false => "The price has changed since you chose it",
                    }}
                </p>
                <ul>
                    {move || lines.get().into_iter().map(line).collect_view()}
                    {move || ways.get().into_iter().map(way).collect_view()}
                </ul>
            </div>
        </Show>
    }
}

/// The price that a line was chosen at, where it is another one now.
#[component]
pub fn FormerPrice(was: Option<Money>) -> impl IntoView {
    was.map(|was| {
        view! {
            <s class="former">
                <span class="visually-hidden">"Before: "</span>
                {was.to_string()}
            </s>
            " "
        }
    })
}
