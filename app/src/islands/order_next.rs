//! What comes next when an order has ended: each end has a way on.

use leptos::prelude::*;
use types::cart::totals;
use types::checkout::DeliveryMethod;
use types::delivery::DeliveryTerms;
use types::order::{OrderStatus, Progress, Shortage, quantities_left};
use types::{Money, OrderId, Problem, ReturnId};

use super::order_payment::CancelPaid;
use super::order_piece::Piece;
use super::return_form::ReturnForm;
use crate::components::{ProblemNote, anchor};

/// `problem` is what the form here came back with.
#[component]
pub fn OrderNext(
    id: OrderId,
    return_id: ReturnId,
    progress: ReadSignal<Progress>,
    delivery: DeliveryMethod,
    terms: DeliveryTerms,
    pieces: Vec<Piece>,
    problem: Option<Problem>,
    is_own: bool,
) -> impl IntoView {
    let status = Memo::new(move |_| progress.with(|progress| progress.status));
    let shortages = Memo::new(move |_| progress.with(|p| p.shortages().to_vec()));
    move || match status.get() {
        status if status.is_paid() => {
            let (problem, back_problem) = (problem.clone(), problem.clone());
            let cancel =
                (status == OrderStatus::Confirmed).then(|| view! { <CancelPaid id problem /> });
            let some = pieces.iter().any(|piece| piece.returnable > 0);
            let back = (status == OrderStatus::Delivered && some).then(|| {
                let (pieces, problem) = (pieces.clone(), back_problem.clone());
                view! { <ReturnForm id return_id pieces problem /> }
            });
            view! { <Paid>{cancel} {back}</Paid> }.into_any()
        }
        OrderStatus::Cancelled => view! { <Cancelled is_own /> }.into_any(),
        OrderStatus::Rejected => {
            let (pieces, problem) = (pieces.clone(), problem.clone());
            view! { <Rejected id delivery terms pieces shortages problem is_own /> }.into_any()
        }
        _ => ().into_any(),
    }
}

#[component]
fn Paid(children: Children) -> impl IntoView {
    let print = move |_| {
        #[cfg(feature = "hydrate")]
        let _ = window().print();
    };
    view! {
        <section class="order-next" aria-label="What comes next">
            <p class="order-next__ways">
                <a class="button" href="/">"Continue shopping"</a>
                <button type="button" class="button button--quiet with-script" on:click=print>
                    "Print receipt"
                </button>
            </p>
            {children()}
        </section>
    }
}

#[component]
fn Cancelled(is_own: bool) -> impl IntoView {
    view! {
        <section class="order-next" aria-label="What comes next">
            <p class="order-next__ways">
                {is_own.then(|| view! { <a class="button" href="/cart">"Back to your cart"</a> })}
                <a class="button button--quiet" href="/">"Continue shopping"</a>
            </p>
        </section>
    }
}

/// Which pieces were missing, the rest in one press, and the way to others.
#[component]
fn Rejected(
    id: OrderId,
    delivery: DeliveryMethod,
    terms: DeliveryTerms,
    pieces: Vec<Piece>,
    shortages: Memo<Vec<Shortage>>,
    problem: Option<Problem>,
    is_own: bool,
) -> impl IntoView {
    let rest = shortages.with_untracked(|short| rest_of(&pieces, short, delivery, &terms));
    let rest = rest.filter(|_| is_own);
    let similar = shortages.with_untracked(|short| {
        let missing = |piece: &&Piece| short.iter().any(|short| short.sku == piece.sku);
        pieces
            .iter()
            .find(missing)
            .map(|piece| piece.product.clone())
    });
    let told = move |short: Shortage| {
        let piece = pieces.iter().find(|piece| piece.sku == short.sku);
        let name = piece.map_or_else(|| short.sku.to_string(), |piece| piece.title.clone());
        let left = match short.available {
            ..=0 => "sold out".to_owned(),
            left => format!("only {left} left, you wanted {}", short.wanted),
        };
        view! { <li>{name} ": " {left}</li> }
    };
    let has_rest = rest.is_some();
    let rest = rest.map(|(label, total)| {
        view! {
            <form method="post" action="/api/order_rest">
                <input type="hidden" name="order_id" value=id.to_string() />
                <input type="hidden" name="expected_total_minor" value=total.minor />
                <button class="button button--wide" type="submit">{label}</button>
            </form>
            <p class="order-next__hint">
                "To the same address, with the card you gave, if you did. The total includes delivery."
            </p>
        }
    });
    let cart_button = if has_rest {
        "button button--quiet"
    } else {
        "button"
    };
    view! {
        <section class="order-next" aria-labelledby="short-title">
            <h2 id="short-title">"What was missing"</h2>
            {problem.map(|problem| view! { <ProblemNote problem /> })}
            <ul>{move || shortages.get().into_iter().map(&told).collect_view()}</ul>
            {rest}
            <p class="order-next__ways">
                {is_own.then(|| view! { <a class=cart_button href="/cart">"Back to your cart"</a> })}
                {similar.map(|product| view! {
                    <a class="button button--quiet" href=format!("/p/{product}#{}", anchor::RELATED)>
                        "See similar pieces"
                    </a>
                })}
            </p>
        </section>
    }
}

/// What the button for the rest of an order says, and its total; `None` when nothing is left.
fn rest_of(
    pieces: &[Piece],
    short: &[Shortage],
    delivery: DeliveryMethod,
    terms: &DeliveryTerms,
) -> Option<(String, Money)> {
    let lines = pieces.iter().map(|piece| (&piece.sku, piece.quantity));
    let left = quantities_left(lines, short.iter().map(Shortage::left));
    let mut count = 0;
    let mut subtotal: Option<Money> = None;
    for (piece, quantity) in pieces
        .iter()
        .zip(left)
        .filter(|(_, quantity)| *quantity > 0)
    {
        let Some(price) = piece.price else { continue };
        let sum = price.checked_mul(quantity)?;
        subtotal = Some(match subtotal {
            Some(subtotal) => subtotal.checked_add(sum)?,
            None => sum,
        });
        count += quantity;
    }
    let total = totals(subtotal?, delivery, terms)?.total;
    let label = match count {
        1 => format!("Order the other piece for {total}"),
        count => format!("Order the other {} for {total}", in_words(count)),
    };
    Some((label, total))
}

/// `two`
fn in_words(count: u32) -> String {
    let small = [
        "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    let word = (count as usize).checked_sub(2).and_then(|at| small.get(at));
    word.map_or_else(|| types::pieces(count), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use types::Currency;

    use super::*;

    fn piece(sku: &str, quantity: u32, minor: Option<i64>) -> Piece {
        Piece {
            sku: sku.parse().expect("a SKU"),
            title: sku.to_owned(),
            product: "ring".parse().expect("a slug"),
            quantity,
            returnable: quantity,
            price: minor.map(|minor| Money::new(minor, Currency::Eur)),
        }
    }

    fn sold_out(sku: &str) -> Shortage {
        Shortage {
            sku: sku.parse().expect("a SKU"),
            wanted: 1,
            available: 0,
        }
    }

    #[test]
    fn the_rest_is_offered_with_its_total() {
        let pieces = [
            piece("A", 1, Some(10_000)),
            piece("B", 1, Some(20_000)),
            piece("C", 1, Some(1_000)),
            piece("GONE", 5, None),
        ];
        let rest = |short: &[Shortage]| {
            let rest = rest_of(
                &pieces,
                short,
                DeliveryMethod::Standard,
                &DeliveryTerms::default(),
            );
            rest.map(|(label, total)| (label, total.minor))
        };
        assert_eq!(
            rest(&[sold_out("A")]),
            Some(("Order the other two for €210.00".to_owned(), 21_000))
        );
        // Below the free delivery.
        assert_eq!(
            rest(&[sold_out("A"), sold_out("B")]),
            Some(("Order the other piece for €15.90".to_owned(), 1_590))
        );
        assert_eq!(rest(&["A", "B", "C"].map(sold_out)), None);
    }
}
