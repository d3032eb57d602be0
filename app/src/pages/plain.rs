//! The plain pages: delivery, returns, imprint, privacy.

use leptos::prelude::*;
use types::Money;
use types::checkout::{COUNTRIES, DeliveryMethod};
use types::house::{ADDRESS, HOUSE};
use types::signup::WAITS_DAYS;

use crate::api::shop;
use crate::components::ShopFrame;

/// How parcels travel and what that costs.
#[component]
pub fn DeliveryPage() -> impl IntoView {
    let (terms, currency) = (shop().delivery_terms(), shop().currency());
    let free_from = Money::new(terms.free_from_minor, currency);
    let rows = DeliveryMethod::ALL.map(|method| {
        let below = terms.price(method, Money::new(0, currency));
        let above = terms.price(method, free_from);
        let above = if above.minor == 0 {
            "Free".to_owned()
        } else {
            above.to_string()
        };
        view! {
            <tr>
                <th scope="row">
                    {method.title()} <span class="prose__sub">{method.promise()}</span>
                </th>
                <td>{below.to_string()}</td>
                <td>{above}</td>
            </tr>
        }
    });
    let countries = COUNTRIES.map(|(_, name)| name).join(", ");
    view! {
        <ShopFrame title="Delivery" description="How parcels travel and what that costs.">
            <article class="prose">
                <h1>"Delivery"</h1>
                <p>
                    "Every parcel is insured until it is in your hands, and signed for. "
                    "Orders paid before noon on a working day leave the workshop the same day."
                </p>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"How"</th>
                            <th scope="col">"Below " {free_from.to_string()}</th>
                            <th scope="col">"From " {free_from.to_string()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows.into_iter().collect_view()}</tbody>
                </table>
                <h2>"Where we deliver"</h2>
                <p>{countries} "."</p>
                <p>
                    "The order's page tells the days on which the parcel is expected. Weekends are "
                    "left out of it; a public holiday may add a day."
                </p>
                <h2>"What is left is what is left"</h2>
                <p>
                    "The numbers beside each piece come from the stock ledger and change while you "
                    "look. A piece is held for you while you are at the checkout, with the time that is "
                    "left beside it, and from the order on until it is paid for or its payment "
                    "window ends."
                </p>
            </article>
        </ShopFrame>
    }
}

/// How to send a piece back.
#[component]
pub fn ReturnsPage() -> impl IntoView {
    view! {
        <ShopFrame title="Returns" description="30 days, free, no questions.">
            <article class="prose">
                <h1>"Returns"</h1>
                <p>"You have 30 days from delivery to change your mind, at our expense."</p>
                <h2>"How it works"</h2>
                <ol>
                    <li>"Open your order and choose what to send back, and why."</li>
                    <li>"We answer, and the order's page has a label to print."</li>
                    <li>"Put the piece back into its box, unworn, and hand the parcel in."</li>
                </ol>
                <p>
                    "The refund goes to the card you paid with within five working days of the "
                    "piece's arrival. Pierced earrings cannot be returned once their seal is "
                    "broken."
                </p>
                <h2>"An order that is not packed yet"</h2>
                <p>
                    "It can be cancelled on its own page. You pay nothing, and the pieces go back on "
                    "sale at once."
                </p>
            </article>
        </ShopFrame>
    }
}

/// Who is behind the shop.
#[component]
pub fn ImprintPage() -> impl IntoView {
    view! {
        <ShopFrame title="Imprint" description="Who is behind the shop.">
            <article class="prose">
                <h1>"Imprint"</h1>
                <p>
                    "Aurel & Stone is an invented house, and this is a demonstration of Vitrine, "
                    "an open storefront. Nothing here is for sale; no card is ever charged."
                </p>
                <address>
                    {HOUSE} <br /> {ADDRESS[0]} <br /> {ADDRESS[1]} <br />
                    "hello@aurel-stone.example"
                </address>
                <p>
                    "A merchant who runs this shop replaces this page with their own company "
                    "name, register entry, VAT number and responsible person."
                </p>
            </article>
        </ShopFrame>
    }
}

/// What is known about a visitor.
#[component]
pub fn PrivacyPage() -> impl IntoView {
    view! {
        <ShopFrame title="Privacy" description="What we know about you, and what we do not.">
            <article class="prose">
                <h1>"Privacy"</h1>
                <p>"As little as a shop can know."</p>
                <h2>"Cookies"</h2>
                <p>
                    "One, once you put something into the cart: it ties the cart and the orders to "
                    "this browser. A second one carries a message to the next page and is gone. "
                    "Neither is for advertising, and nobody else reads them, so there is no banner."
                </p>
                <h2>"Orders"</h2>
                <p>
                    "Name, address and, if you give it, a phone number, to deliver. With your email "
                    "and its number you find an order again on any device; a browser that did stays "
                    "admitted to it for 30 days. We write to your email about the order and about "
                    "nothing else. Once no order of yours is on its way, you may ask us to erase "
                    "who you are. Card numbers never reach us: they go from your browser to the "
                    "payment house."
                </p>
                <h2>"Pieces you wait for"</h2>
                <p>
                    "If you ask to be told when a piece is back, we keep your email for that one mail, "
                    {format!("and for {WAITS_DAYS} days at most. ")}
                    "The mail has a link that ends it at once."
                </p>
                <h2>"Others"</h2>
                <p>
                    "No analytics, no pixels, no fonts or scripts from elsewhere. All comes from "
                    "this address."
                </p>
            </article>
        </ShopFrame>
    }
}
