//! The lines of the cart, edited in place, with the stock of this moment beside each.

use leptos::prelude::*;
use leptos::task::spawn_local;
use types::cart::{Cart, CartLine};
use types::catalogue::{Availability, Edition};
use types::checkout::DeliveryMethod;
use types::reservation::Held;
use types::{LineId, Money, Problem, ShopperId};

use super::missing::{Missing, MissingNote, Stock};
use super::new_prices::{FormerPrice, NewPricesNote};
use crate::api::cart::{fit_cart, remove_line, review_cart, set_quantity};
use crate::components::{LinePicture, ProblemNote, QuantityField};
use crate::islands::{focus, tab, typed};
use crate::live;

/// The cart as a whole; the last answer of the server is what is shown.
#[derive(Debug, Clone, Copy)]
struct Desk {
    cart: RwSignal<Cart>,
    problem: RwSignal<Option<Problem>>,
    /// What is wanted of lines, until the server has answered it.
    wishes: RwSignal<Vec<Wish>>,
    stock: Stock,
    /// A wish is under way. One at a time: answers that overtake one another would show an old cart.
    sending: RwSignal<bool>,
}

/// The pieces that a line shall have; `None` takes it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wish {
    line: LineId,
    quantity: Option<u32>,
}

impl Desk {
    /// Sets the pieces of a line; `None` takes it out. Of several wishes for one line the last counts.
    fn change(self, line: LineId, quantity: Option<u32>) {
        self.problem.set(None);
        let wish = Wish { line, quantity };
        self.wishes.update(|wishes| {
            match wishes.iter_mut().find(|wish| wish.line == line) {
                // What is taken out stays out.
                Some(known) if known.quantity.is_none() => {}
                Some(known) => *known = wish,
                None => wishes.push(wish),
            }
        });
        if self.sending.get_untracked() {
            return;
        }
        self.sending.set(true);
        spawn_local(self.fulfil_all());
    }

    async fn fulfil_all(self) {
        let next = || self.wishes.with_untracked(|wishes| wishes.first().copied());
        while let Some(wish) = next() {
            self.fulfil(wish).await;
        }
        self.sending.set(false);
    }

    async fn fulfil(self, wish: Wish) {
        let answer = match wish.quantity {
            Some(quantity) => set_quantity(wish.line, quantity.into()).await,
            None => remove_line(wish.line).await,
        };
        // Unless something else was wanted meanwhile: then that is next.
        self.wishes
            .update(|wishes| wishes.retain(|known| *known != wish));
        match answer {
            Ok(cart) => self.show(cart),
            Err(error) => {
                self.problem.set(Some(error.0));
                // Inputs go back to what the server knows.
                self.cart.notify();
            }
        }
    }

    /// Shows the cart of an answer. Who stood on a line that has gone stands on the one that took its
    /// place.
    fn show(self, cart: Cart) {
        tab::set_cart_count(cart.count());
        tab::announce(["Subtotal ", &cart.subtotal.to_string()].concat());
        let ids = |cart: &Cart| cart.lines.iter().map(|line| line.id).collect::<Vec<_>>();
        let (before, after) = (self.cart.with_untracked(ids), ids(&cart));
        let gone = before.iter().position(|id| !after.contains(id));
        self.cart.set(cart);
        let Some(gone) = gone else { return };
        let next = after.get(gone).or(after.last());
        let next = next.map_or_else(|| EMPTY_ID.to_owned(), |id| title_id(*id));
        focus::unless_somewhere(next);
    }

    /// Takes out what cannot be had any more, unless something else is on its way.
    fn fit(self) {
        if self.sending.get_untracked() {
            return;
        }
        self.sending.set(true);
        self.problem.set(None);
        spawn_local(async move {
            match fit_cart().await {
                Ok(cart) => {
                    self.show(cart);
                    // The button has gone with what it was for.
                    focus::unless_somewhere(CHECKOUT_ID);
                }
                Err(error) => self.problem.set(Some(error.0)),
            }
            // What was wished for meanwhile has waited.
            self.fulfil_all().await;
        });
    }

    /// Shows the cart as it is by now, unless an answer that is under way will.
    fn look_again(self) {
        spawn_local(async move {
            if let Ok(cart) = review_cart().await
                && !self.sending.get_untracked()
            {
                self.cart.set(cart);
            }
        });
    }

    fn wants(self, line: LineId) -> bool {
        self.wishes
            .with(|wishes| wishes.iter().any(|wish| wish.line == line))
    }

    fn line<T>(self, id: LineId, read: impl FnOnce(&CartLine) -> T) -> Option<T> {
        self.cart
            .with(|cart| cart.lines.iter().find(|line| line.id == id).map(read))
    }
}

/// Id of the way on.
const CHECKOUT_ID: &str = "to-checkout";

/// Id of the words of an empty cart.
const EMPTY_ID: &str = "cart-empty";

/// Id of the link that a line's name is.
fn title_id(line: LineId) -> String {
    ["line-", &line.to_string()].concat()
}

/// Lines and summary; what remains when the last line is taken out is the empty cart.
#[island(lazy)]
pub fn CartLines(shopper: ShopperId, cart: Cart, problem: Option<Problem>) -> impl IntoView {
    let held = live::checkout(shopper, cart.held.clone(), cart.position);
    let desk = Desk {
        stock: Stock::of(&cart, held.into(), Signal::stored(false)),
        cart: RwSignal::new(cart),
        problem: RwSignal::new(problem),
        wishes: RwSignal::new(Vec::new()),
        sending: RwSignal::new(false),
    };
    let moved = tab::cart_moved();
    // Also when it has moved before this island woke.
    Effect::new(move |_| {
        if moved.get() > 0 {
            desk.look_again();
        }
    });
    let repriced = desk.stock.repriced();
    Effect::new(move |_| {
        if repriced.get() > 0 {
            desk.look_again();
        }
    });
    let (terms, at) = desk
        .cart
        .with_untracked(|cart| (cart.delivery, cart.position));
    let newest = live::delivery(terms, at);
    Effect::new(move |_| {
        if newest.get() != desk.cart.with_untracked(|cart| cart.delivery) {
            desk.look_again();
        }
    });
    let is_empty = Memo::new(move |_| desk.cart.with(Cart::is_empty));
    let subtotal = Memo::new(move |_| desk.cart.with(|cart| cart.subtotal));
    let missing = Memo::new(move |_| desk.cart.with(|cart| desk.stock.missing(cart)));
    let held = desk.cart.with_untracked(|cart| cart.held.clone());
    let held = StoredValue::new(held);
    let position = desk.cart.with_untracked(|cart| cart.position);
    let lines = move || desk.cart.with(|cart| cart.lines.clone());
    view! {
        {move || desk.problem.get().map(|problem| view! { <ProblemNote problem /> })}
        <Show when=move || !is_empty.get() fallback=Empty>
            <div class="cart">
                <ul class="cart__lines" role="list">
                    <For each=lines key=|line| line.id let(line)>
                        <Line line desk held position />
                    </For>
                </ul>
                <Summary subtotal missing desk />
            </div>
        </Show>
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty__title" id=EMPTY_ID tabindex="-1">"Nothing here yet."</p>
            <p>"Pieces you add wait here for you."</p>
            <p>
                <a class="button" href="/">"See the collection"</a>
            </p>
        </div>
    }
}

#[component]
fn Line(line: CartLine, desk: Desk, held: StoredValue<Held>, position: u64) -> impl IntoView {
    let id = line.id;
    let available = held.with_value(|held| desk.stock.follow(&line, held, position));
    let quantity = RwSignal::new(line.quantity);
    let early =
        typed::quantity(&["input[value='", &id.to_string(), "'] ~ .quantity input"].concat());
    let rendered = line.quantity;
    Effect::new(move |_| {
        if let Some(pieces) = early.filter(|pieces| *pieces != rendered) {
            quantity.set(pieces);
            desk.change(id, Some(pieces));
        }
    });
    // The server's number counts: it comes with every answer, and again after a refusal. Until then
    // what is wanted is shown, so that the next press adds to it.
    Effect::new(move |_| {
        let known = desk.line(id, |line| line.quantity);
        if let Some(known) = known.filter(|_| !desk.wants(id)) {
            quantity.set(known);
        }
    });
    let price = move || {
        desk.line(id, |line| line.line_price)
            .map(|price| price.to_string())
    };
    let each = move || {
        desk.line(id, |line| line.unit_price)
            .map(|price| price.to_string())
    };
    let was = move || {
        desk.line(id, |line| line.was?.checked_mul(line.quantity))
            .flatten()
    };
    let href = ["/p/", line.product.as_str()].concat();
    let label = ["Quantity of ", &line.title].concat();
    let remove_label = ["Remove ", &line.title, ", ", &line.variant].concat();
    let wanted = move || i64::from(quantity.get());
    view! {
        <li class="line" data-pending=move || desk.wants(id)>
            <a class="line__media" href=href.clone() tabindex="-1" aria-hidden="true">
                <LinePicture image=line.image />
            </a>
            <div class="line__what">
                <h2 class="line__title">
                    <a id=title_id(id) href=href>{line.title}</a>
                </h2>
                <p class="line__variant">{line.variant}</p>
                {line
                    .gift_note
                    .map(|note| {
                        view! {
                            <p class="line__note">
                                <span class="visually-hidden">"Gift note: "</span>
                                <q>{note}</q>
                            </p>
                        }
                    })}
                <p class="line__stock" role="group" aria-label="Availability">
                    <Coverage available edition=line.edition wanted=Signal::derive(wanted) />
                </p>
            </div>
            <p class="line__price">
                <span>{move || view! { <FormerPrice was=was() /> }} {price}</span>
                <Show when=move || { quantity.get() > 1 }>
                    <small>{each} " each"</small>
                </Show>
            </p>
            <div class="line__edit">
                <form
                    method="post"
                    action="/api/set_quantity"
                    on:submit=move |event| {
                        event.prevent_default();
                        desk.change(id, Some(quantity.get_untracked()));
                    }
                >
                    <input type="hidden" name="line" value=id.to_string() />
                    <QuantityField
                        value=quantity
                        label
                        on_change=Callback::new(move |pieces| desk.change(id, Some(pieces)))
                    />
                    <button type="submit" class="button button--quiet no-script">"Update"</button>
                </form>
                <form
                    method="post"
                    action="/api/remove_line"
                    on:submit=move |event| {
                        event.prevent_default();
                        desk.change(id, None);
                    }
                >
                    <input type="hidden" name="line" value=id.to_string() />
                    <button type="submit" class="link link--button" aria-label=remove_label>
                        "Remove"
                    </button>
                </form>
            </div>
        </li>
    }
}

/// Whether the stock of this moment covers the line. The words always take one line of text, so
/// that nothing moves when they change.
#[component]
fn Coverage(
    available: Signal<i64>,
    edition: Option<Edition>,
    wanted: Signal<i64>,
) -> impl IntoView {
    let words = Memo::new(move |_| match available.get() {
        ..=0 => ("out", "Sold out".to_owned()),
        n if n < wanted.get() => ("few", ["Only ", &n.to_string(), " left"].concat()),
        n => {
            let told = Availability::of_edition(n, edition);
            (if told.is_few() { "few" } else { "in" }, told.label())
        }
    });
    let short = move || available.get() < wanted.get();
    view! {
        <span class="stock" data-level=move || words.read().0 data-short=short>
            {move || words.read().1.clone()}
        </span>
    }
}

#[component]
fn Summary(subtotal: Memo<Money>, missing: Memo<Vec<Missing>>, desk: Desk) -> impl IntoView {
    let delivery = move || {
        let terms = desk.cart.with(|cart| cart.delivery);
        terms.price(DeliveryMethod::Standard, subtotal.get())
    };
    let words = move || match delivery() {
        free if free.minor == 0 => "Free".to_owned(),
        price => ["from ", &price.to_string()].concat(),
    };
    let is_short = Memo::new(move |_| !missing.with(Vec::is_empty));
    view! {
        <section class="summary" aria-labelledby="summary-title">
            <h2 class="summary__title" id="summary-title">"Summary"</h2>
            <dl class="summary__rows">
                <div>
                    <dt>"Subtotal"</dt>
                    <dd>{move || subtotal.get().to_string()}</dd>
                </div>
                <div>
                    <dt>"Standard delivery"</dt>
                    <dd>{words}</dd>
                </div>
            </dl>
            <p class="summary__hint">"VAT included. Delivery is chosen at checkout."</p>
            <Show
                when=move || is_short.get()
                fallback=|| {
                    view! {
                        <a class="button button--wide" id=CHECKOUT_ID href="/checkout">
                            "Checkout"
                        </a>
                    }
                }
            >
                <form
                    method="post"
                    action="/api/fit_cart"
                    on:submit=move |event| {
                        event.prevent_default();
                        desk.fit();
                    }
                >
                    <button type="submit" class="button button--wide">"Update order"</button>
                </form>
            </Show>
            <MissingNote missing />
            <NewPricesNote cart=desk.cart />
            <p class="summary__hint">"Your pieces are held for you while you are at the checkout."</p>
        </section>
    }
}
