//! The checkout: one form with the cart beside it. Without the script it is an ordinary form, and
//! the card is asked for on the order's page; with it the total follows the delivery method, every
//! complaint stands under its field and nothing typed is ever lost.

use leptos::html;
use leptos::prelude::*;
use types::arrival::arrival_in;
use types::cart::{Cart, CartLine, Totals, totals};
use types::checkout::{COUNTRIES, DeliveryMethod};
use types::reservation::Held;
use types::{Money, OrderId, Problem, ShopperId};

use super::billing_fields::Billing;
use super::card_fields::{Card, CardFields};
use super::checkout_hold::{Hold, HoldNote};
use super::field::{Asks, Complaint, Field, check, complaint};
use super::missing::{MissingNote, Stock};
use super::new_prices::{FormerPrice, NewPricesNote};
use super::tab;
use crate::api::ApiError;
use crate::api::cart::{accept_prices, fit_cart};
use crate::api::checkout_form::CheckoutForm;
use crate::components::LinePicture;
use crate::live;

/// What a shopper can still be told when the sums do not add up, which they always do.
const NO_TOTAL: &str = "—";
const UPDATE: &str = "Update order";

/// `draft` and `problem` are there when a plain form came back refused; `now_us` is the server's clock.
#[island(lazy)]
pub fn Checkout(
    shopper: ShopperId,
    cart: Cart,
    order_id: OrderId,
    draft: Option<CheckoutForm>,
    problem: Option<Problem>,
    now_us: i64,
    /// Whether it is paid on a page of the gateway, and no card is given here.
    is_paid_elsewhere: bool,
) -> impl IntoView {
    let draft = draft.unwrap_or_default();
    let country = RwSignal::new(draft.country.clone());
    let chosen = draft.delivery.parse::<DeliveryMethod>().unwrap_or_default();
    let busy = RwSignal::new(false);
    let placed = RwSignal::new(None);
    let is_done = Signal::derive(move || busy.get() || placed.with(Option::is_some));
    let rendered = cart.clone();
    let cart = RwSignal::new(cart);
    let hold = Hold::new(shopper, cart, is_done);
    let stock = Stock::of(&rendered, hold.held.into(), busy.into());
    let missing = Memo::new(move |_| cart.with(|cart| stock.missing(cart)));
    let is_short = Memo::new(move |_| !missing.with(Vec::is_empty));
    let is_repriced = Memo::new(move |_| cart.with(Cart::has_new_prices));
    let delivery = RwSignal::new(chosen);
    let errors = RwSignal::new(
        problem
            .as_ref()
            .map(|p| p.errors.clone())
            .unwrap_or_default(),
    );
    let problem = RwSignal::new(problem);
    // Until then the form is a plain one.
    let awake = RwSignal::new(false);
    let card = Card::new(errors);
    let note = NodeRef::<html::Div>::new();
    let form = NodeRef::<html::Form>::new();
    let express = NodeRef::<html::Input>::new();

    let subtotal = move || cart.with(|cart| cart.subtotal);
    let terms = Memo::new(move |_| cart.with(|cart| cart.delivery));
    let sums = Memo::new(move |_| totals(subtotal(), delivery.get(), &terms.get()));
    let sum_by = move |method| totals(subtotal(), method, &terms.get()).map(|totals| totals.total);
    let minor_by = move |method| move || sum_by(method).map(|total| total.minor);
    let total = move || written(sums.get().map(|sums| sums.total));
    Effect::new(move |before: Option<String>| {
        let now = total();
        if before.is_some_and(|before| before != now) {
            tab::announce(["Total ", &now].concat());
        }
        now
    });

    // Our complaints are better than the browser's; and it may have kept a choice over a reload.
    Effect::new(move |_| {
        if let Some(form) = form.get() {
            form.set_no_validate(true);
        }
        awake.set(true);
        if express.get().is_some_and(|express| express.checked()) {
            delivery.set(DeliveryMethod::Express);
        }
    });

    let moved = tab::cart_moved();
    Effect::new(move |before: Option<u32>| {
        let now = moved.get();
        // A page that comes back after the order was placed leads to the order.
        if let (Some(id), true) = (placed.get_untracked(), before.is_some()) {
            open_order(id);
        } else if now > 0 {
            look_again(cart, hold);
        }
        now
    });

    let repriced = stock.repriced();
    Effect::new(move |_| {
        if repriced.get() > 0 && !busy.get_untracked() {
            look_again(cart, hold);
        }
    });

    let newest = live::delivery(rendered.delivery, rendered.position);
    Effect::new(move |_| {
        let newest = newest.get();
        if newest != terms.get_untracked() && !busy.get_untracked() {
            look_again(cart, hold);
        }
    });

    let submit = Submit {
        placed,
        cart,
        hold,
        problem,
        errors,
        busy,
        card: (!is_paid_elsewhere).then_some(card),
        note,
    };
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        if is_short.get_untracked() {
            return submit.settle(&event, fit_cart());
        }
        if is_repriced.get_untracked() {
            return submit.settle(&event, accept_prices());
        }
        let seen = sums.get_untracked().map(|sums| sums.total.minor);
        submit.run(&event, seen);
    };

    view! {
        <div class="checkout">
            <Summary cart sums stock />
            <div class="checkout__main">
            <HoldNote hold now_left_us=rendered.held.left_us awake />
            <form
                class="checkout__form"
                method="post"
                action="/api/place_order"
                node_ref=form
                data-awake=move || awake.get().then_some("")
                on:submit=on_submit
            >
                <input type="hidden" name="order_id" value=order_id.to_string() />
                <input
                    type="hidden"
                    name="expected_total_minor_standard"
                    value=minor_by(DeliveryMethod::Standard)
                />
                <input
                    type="hidden"
                    name="expected_total_minor_express"
                    value=minor_by(DeliveryMethod::Express)
                />
                <ProblemSummary problem note />
                <fieldset class="checkout__part">
                    <legend>"Contact"</legend>
                    <Field
                        field="email"
                        label="Email"
                        asks=Asks {
                            kind: "email",
                            autocomplete: "email",
                            inputmode: "email",
                            maxlength: 254,
                            ..Asks::default()
                        }
                        value=draft.email.clone()
                        errors
                    />
                    <Field
                        field="phone"
                        label="Phone"
                        asks=Asks {
                            kind: "tel",
                            autocomplete: "tel",
                            inputmode: "tel",
                            maxlength: 32,
                            optional: true,
                            ..Asks::default()
                        }
                        value=draft.phone.clone()
                        errors
                    />
                </fieldset>
                <fieldset class="checkout__part">
                    <legend>"Delivery address"</legend>
                    <Field
                        field="name"
                        label="Full name"
                        asks=Asks { autocomplete: "name", maxlength: 120, ..Asks::default() }
                        value=draft.name.clone()
                        errors
                    />
                    <Field
                        field="street"
                        label="Street and number"
                        asks=Asks {
                            autocomplete: "address-line1",
                            maxlength: 160,
                            ..Asks::default()
                        }
                        value=draft.street.clone()
                        errors
                    />
                    <Field
                        field="street_2"
                        label="Flat, floor, company"
                        asks=Asks {
                            autocomplete: "address-line2",
                            maxlength: 160,
                            optional: true,
                            ..Asks::default()
                        }
                        value=draft.street_2.clone()
                        errors
                    />
                    <div class="checkout__pair">
                        <Field
                            field="postal_code"
                            label="Postal code"
                            asks=Asks { autocomplete: "postal-code", maxlength: 16, ..Asks::default() }
                            value=draft.postal_code.clone()
                            errors
                        />
                        <Field
                            field="city"
                            label="City"
                            asks=Asks {
                                autocomplete: "address-level2",
                                maxlength: 120,
                                ..Asks::default()
                            }
                            value=draft.city.clone()
                            errors
                        />
                    </div>
                    <Country chosen=draft.country.clone() country errors />
                </fieldset>
                <fieldset class="checkout__part">
                    <legend>"Delivery"</legend>
                    <div class="choices">
                        <label class="choice">
                            <input
                                id="delivery"
                                type="radio"
                                name="delivery"
                                value=DeliveryMethod::Standard.into_str()
                                checked=chosen == DeliveryMethod::Standard
                                on:change=move |_| delivery.set(DeliveryMethod::Standard)
                            />
                            <Choice method=DeliveryMethod::Standard cart country now_us />
                        </label>
                        <label class="choice">
                            <input
                                type="radio"
                                name="delivery"
                                value=DeliveryMethod::Express.into_str()
                                checked=chosen == DeliveryMethod::Express
                                node_ref=express
                                on:change=move |_| delivery.set(DeliveryMethod::Express)
                            />
                            <Choice method=DeliveryMethod::Express cart country now_us />
                        </label>
                    </div>
                </fieldset>
                <Billing draft=draft.clone() errors />
                <fieldset class="checkout__part">
                    <legend>"Payment"</legend>
                    <div class="awakening">
                    <div class="with-script when-awake">
                        {match is_paid_elsewhere {
                            true => view! {
                                <p class="checkout__aside">
                                    "You pay on the page of our payment service. We never see your card."
                                </p>
                            }
                            .into_any(),
                            false => view! {
                                <p class="checkout__aside">
                                    "Your card goes straight to the payment gateway. We never see its number."
                                </p>
                                <CardFields card />
                            }
                            .into_any(),
                        }}
                    </div>
                    // By CSS, not `noscript`: an island must find its elements whatever the parser.
                    <div class="until-awake">
                        <p class="checkout__aside">
                            {match is_paid_elsewhere {
                                true => "You pay on the page of our payment service.",
                                false => "You enter your card on the next page.",
                            }}
                        </p>
                        <p class="checkout__aside">
                            "In total "
                            {move || written(sum_by(DeliveryMethod::Standard))}
                            " with standard, "
                            {move || written(sum_by(DeliveryMethod::Express))}
                            " with express delivery."
                        </p>
                    </div>
                    </div>
                </fieldset>
                <div class="checkout__end">
                    <button
                        class="button button--wide"
                        type="submit"
                        formaction=move || match (is_short.get(), is_repriced.get()) {
                            (true, _) => Some("/api/fit_order"),
                            (false, true) => Some("/api/accept_order"),
                            (false, false) => None,
                        }
                        formnovalidate=move || is_short.get() || is_repriced.get()
                        aria-disabled=move || busy.get().then_some("true")
                        aria-busy=move || busy.get().then_some("true")
                    >
                        <span class="awakening">
                        <span class="with-script when-awake">
                            {move || match (is_short.get(), is_repriced.get(), busy.get()) {
                                (true, ..) => UPDATE.to_owned(),
                                (false, true, _) => format!("Accept {}", total()),
                                (false, false, true) => "Placing your order…".to_owned(),
                                (false, false, false) if is_paid_elsewhere => {
                                    "Continue to payment".to_owned()
                                }
                                (false, false, false) => format!("Pay {}", total()),
                            }}
                        </span>
                        <span class="until-awake">
                            {move || match (is_short.get(), is_repriced.get()) {
                                (true, _) => UPDATE,
                                (false, true) => "Accept the new prices",
                                (false, false) => "Pay on the next page",
                            }}
                        </span>
                        </span>
                    </button>
                    <MissingNote missing />
                    <NewPricesNote cart />
                    <p class="checkout__aside">
                        "Your pieces are reserved first; the card is charged only when all of them are. "
                        "You may send them back within 30 days: "
                        <a href="/returns">"returns and withdrawal"</a> "."
                    </p>
                </div>
            </form>
            </div>
        </div>
    }
}

/// What sending the form needs.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code))]
struct Submit {
    /// The order that came of the form.
    placed: RwSignal<Option<OrderId>>,
    cart: RwSignal<Cart>,
    hold: Hold,
    problem: RwSignal<Option<Problem>>,
    errors: RwSignal<Vec<types::FieldError>>,
    busy: RwSignal<bool>,
    /// `None` where no card is given.
    card: Option<Card>,
    note: NodeRef<html::Div>,
}

impl Submit {
    #[cfg(not(feature = "hydrate"))]
    fn run(self, _event: &leptos::ev::SubmitEvent, _seen: Option<i64>) {}

    #[cfg(not(feature = "hydrate"))]
    fn settle(
        self,
        _event: &leptos::ev::SubmitEvent,
        _change: impl Future<Output = Result<Cart, ApiError>>,
    ) {
    }

    /// Takes out what cannot be had any more, or agrees to what it costs by now. What was typed stays, and
    /// nothing is ordered yet.
    #[cfg(feature = "hydrate")]
    fn settle(
        self,
        event: &leptos::ev::SubmitEvent,
        change: impl Future<Output = Result<Cart, ApiError>> + 'static,
    ) {
        event.prevent_default();
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let changed = change.await;
            self.busy.set(false);
            match changed {
                Ok(cart) => {
                    tab::set_cart_count(cart.count());
                    if cart.is_empty() {
                        let _ = window().location().set_href("/cart");
                        return;
                    }
                    self.problem.set(None);
                    self.cart.set(cart);
                    self.hold.ask();
                }
                Err(error) => self.fail(error.0),
            }
        });
    }

    /// Sends the form as it stands, once: while it is under way another press does nothing.
    #[cfg(feature = "hydrate")]
    fn run(self, event: &leptos::ev::SubmitEvent, seen: Option<i64>) {
        event.prevent_default();
        let Ok(mut form) = CheckoutForm::from_event(event) else {
            return self.fail(Problem::internal());
        };
        if self.busy.get_untracked() {
            return;
        }
        form.expected_total_minor = seen.map(|minor| minor.to_string()).unwrap_or_default();
        let mut complaints = match form.command() {
            Ok(_) => Vec::new(),
            Err(problem) if problem.errors.is_empty() => return self.fail(problem),
            Err(problem) => problem.errors,
        };
        if let Some(card) = self.card {
            complaints.extend(card.complaints());
        }
        if !complaints.is_empty() {
            return self.fail(Problem::invalid(complaints));
        }
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            match self.send(form).await {
                // Stays busy: the page is about to be another one.
                Ok(id) => {
                    // A page that is kept for the way back keeps no card.
                    if let Some(card) = self.card {
                        card.clear();
                    }
                    tab::set_cart_count(0);
                    self.placed.set(Some(id));
                    let _ = window()
                        .location()
                        .set_href(&["/orders/", &id.to_string()].concat());
                }
                Err(problem) => {
                    if problem.status == 409
                        && let Ok(now) = crate::api::cart::review_cart().await
                    {
                        self.cart.set(now);
                    }
                    self.busy.set(false);
                    self.fail(problem);
                }
            }
        });
    }

    #[cfg(feature = "hydrate")]
    async fn send(self, mut form: CheckoutForm) -> Result<OrderId, Problem> {
        if let Some(card) = self.card {
            form.payment_token = card.tokenise().await?;
        }
        crate::api::orders::place_order(form)
            .await
            .map_err(|error| error.0)
    }

    /// Shows what is wrong and takes the reader there.
    #[cfg(feature = "hydrate")]
    fn fail(self, problem: Problem) {
        self.errors.set(problem.errors.clone());
        self.problem.set(Some(problem));
        let note = self.note;
        let _ = request_animation_frame(move || {
            if let Some(note) = note.get_untracked() {
                let _ = note.focus();
            }
        });
    }
}

/// Takes the order's page in the place of this one.
fn open_order(id: OrderId) {
    #[cfg(feature = "hydrate")]
    let _ = window()
        .location()
        .replace(&["/orders/", &id.to_string()].concat());
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}

/// Shows the cart as it is by now. An empty one has another page.
fn look_again(cart: RwSignal<Cart>, hold: Hold) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        match crate::api::cart::review_cart().await {
            Ok(now) if now.is_empty() => {
                let _ = window().location().reload();
            }
            Ok(now) => {
                cart.set(now);
                hold.ask();
            }
            Err(_) => {}
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (cart, hold);
}

/// What was refused, with a link to each field that it is about.
#[component]
fn ProblemSummary(problem: RwSignal<Option<Problem>>, note: NodeRef<html::Div>) -> impl IntoView {
    view! {
        <div class="checkout__problem" role="alert" tabindex="-1" node_ref=note>
            {move || problem.get().map(|problem| {
                let links = problem
                    .errors
                    .iter()
                    .map(|error| view! {
                        <li>
                            <a href=format!("#{}", error.field)>{error.message.clone()}</a>
                        </li>
                    })
                    .collect_view();
                let told = problem.errors.is_empty().then(|| view! { <p>{problem.detail} " "</p> });
                view! {
                    <div class="notice notice--problem">
                        <p class="notice__title">{problem.title}</p>
                        {told}
                        <ul>{links}</ul>
                    </div>
                }
            })}
        </div>
    }
}

#[component]
fn Country(
    chosen: String,
    /// The one that is chosen.
    country: RwSignal<String>,
    errors: RwSignal<Vec<types::FieldError>>,
) -> impl IntoView {
    let select = NodeRef::<html::Select>::new();
    // The browser may have kept a choice over a reload, or have been quicker than the script.
    Effect::new(move |_| {
        if let Some(select) = select.get() {
            country.set(select.value());
        }
    });
    let wrong = move || complaint("country", errors).is_some();
    let options = COUNTRIES
        .into_iter()
        .map(|(code, name)| {
            view! { <option value=code selected=chosen == code>{name}</option> }
        })
        .collect_view();
    view! {
        <div class="field" data-field="country">
            <label class="field__label" for="country">"Country"</label>
            <select
                id="country"
                class="input"
                name="country"
                autocomplete="country"
                required=true
                node_ref=select
                aria-invalid=move || wrong().then_some("true")
                aria-describedby=move || wrong().then_some("country-error")
                on:change:target=move |event| {
                    let chosen = event.target().value();
                    check("country", &chosen, errors);
                    country.set(chosen);
                }
            >
                <option value="">"Choose a country"</option>
                {options}
            </select>
            <Complaint field="country" errors />
        </div>
    }
}

/// The words of one delivery method; they are the name of its radio button. As long as no country is
/// chosen the arrival holds for all of them.
#[component]
fn Choice(
    method: DeliveryMethod,
    cart: RwSignal<Cart>,
    country: RwSignal<String>,
    now_us: i64,
) -> impl IntoView {
    let arrives = move || country.with(|country| arrival_in(method, country, now_us).to_string());
    view! {
        <span class="choice__title">{method.title()}</span>
        " "
        <span class="choice__note">{method.promise()}</span>
        " "
        <span class="choice__note">"Arrives " {arrives}</span>
        " "
        <span class="choice__price">
            {move || price(cart.with(|cart| cart.delivery.price(method, cart.subtotal)))}
        </span>
    }
}

/// What is bought and what it costs. On a phone it is folded to pieces and total.
#[component]
fn Summary(cart: RwSignal<Cart>, sums: Memo<Option<Totals>>, stock: Stock) -> impl IntoView {
    let part = move |part: fn(Totals) -> Money| move || sums.get().map(part);
    let (goods, delivery) = (part(|sums| sums.subtotal), part(|sums| sums.delivery));
    let total = part(|sums| sums.total);
    let pieces = move || types::pieces(cart.with(Cart::count));
    view! {
        <section class="checkout__summary" aria-labelledby="summary-title">
            <div class="checkout__summary-head">
                <h2 id="summary-title">"Your order"</h2>
                <a href="/cart">"Edit cart"</a>
            </div>
            <details class="checkout__fold">
                <summary>
                    <span>{pieces}</span>
                    " "
                    <span class="numbers">{move || written(total())}</span>
                </summary>
                <ul class="order-lines">
                    {move || {
                        let Cart { lines, position, held, .. } = cart.get();
                        let line = |line| view! { <Line line held=held.clone() position stock /> };
                        lines.into_iter().map(line).collect_view()
                    }}
                </ul>
                <dl class="sums">
                    <div>
                        <dt>"Subtotal"</dt>
                        <dd>{move || written(goods())}</dd>
                    </div>
                    <div>
                        <dt>"Delivery"</dt>
                        <dd>{move || delivery().map_or_else(|| NO_TOTAL.to_owned(), price)}</dd>
                    </div>
                    <div class="sums__total">
                        <dt>"Total " <small>"VAT included"</small></dt>
                        <dd>{move || written(total())}</dd>
                    </div>
                </dl>
            </details>
        </section>
    }
}

/// One line, with a word of warning as soon as the stock of this moment does not cover it.
#[component]
fn Line(line: CartLine, held: Held, position: u64, stock: Stock) -> impl IntoView {
    let available = stock.follow(&line, &held, position);
    let wanted = i64::from(line.quantity);
    let short = move || match available.get() {
        enough if enough >= wanted => None,
        ..=0 => Some("Sold out".to_owned()),
        left => Some(format!("Only {left} left")),
    };
    view! {
        <li class="order-line">
            <LinePicture image=line.image />
            <div class="order-line__words">
                <p class="order-line__title">{line.title}</p>
                <p class="order-line__note">{line.variant}</p>
                <p class="order-line__note">
                    {format!("Quantity {}", line.quantity)} " "
                    <span class="order-line__short">{short}</span>
                </p>
                {line.gift_note.map(|note| view! {
                    <p class="order-line__note">"Gift note: “" {note} "”"</p>
                })}
            </div>
            <p class="order-line__price">
                <FormerPrice was=line.was.and_then(|was| was.checked_mul(line.quantity)) />
                {line.line_price.to_string()}
            </p>
        </li>
    }
}

/// A delivery price.
fn price(money: Money) -> String {
    if money.minor == 0 {
        "Free".to_owned()
    } else {
        money.to_string()
    }
}

fn written(money: Option<Money>) -> String {
    money.map_or_else(|| NO_TOTAL.to_owned(), |money| money.to_string())
}
