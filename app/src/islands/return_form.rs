//! Asking to send pieces back: a plain form, which the page comes back from.

use leptos::prelude::*;
use types::returns::{RETURN_DAYS, ReturnReason};
use types::{OrderId, Problem, ReturnId};

use super::order_piece::Piece;
use crate::components::ProblemNote;

#[component]
pub fn ReturnForm(
    id: OrderId,
    return_id: ReturnId,
    pieces: Vec<Piece>,
    problem: Option<Problem>,
) -> impl IntoView {
    let left = pieces.into_iter().filter(|piece| piece.returnable > 0);
    let lines = left.enumerate().map(line).collect_view();
    // What was refused stands in the open.
    let open = problem.is_some();
    view! {
        <details class="order-payment__cancel return-form" open=open>
            <summary>"Send something back"</summary>
            <form method="post" action="/api/ask_return">
                {problem.map(|problem| view! { <ProblemNote problem /> })}
                <p>
                    {format!("Within {RETURN_DAYS} days after it arrived. We answer with a label for the parcel.")}
                </p>
                <input type="hidden" name="order_id" value=id.to_string() />
                <input type="hidden" name="return_id" value=return_id.to_string() />
                {lines}
                <button class="button button--quiet" type="submit">"Ask to send it back"</button>
            </form>
        </details>
    }
}

fn line((index, piece): (usize, Piece)) -> impl IntoView {
    let name = |field: &str| format!("lines[{index}][{field}]");
    let quantities = (0..=piece.returnable).map(|quantity| {
        let words = match quantity {
            0 => "Keep it".to_owned(),
            1 => "1 piece".to_owned(),
            more => format!("{more} pieces"),
        };
        view! { <option value=quantity.to_string()>{words}</option> }
    });
    let reasons = ReturnReason::ALL.map(|reason| {
        view! { <option value=reason.into_str()>{reason.words()}</option> }
    });
    view! {
        <fieldset class="return-form__line">
            <legend>{piece.title}</legend>
            <input type="hidden" name=name("sku") value=piece.sku.to_string() />
            <label class="field">
                <span class="field__label">"Send back"</span>
                <select class="field__input" name=name("quantity")>
                    {quantities.collect_view()}
                </select>
            </label>
            <label class="field">
                <span class="field__label">"Because"</span>
                <select class="field__input" name=name("reason")>{reasons.collect_view()}</select>
            </label>
        </fieldset>
    }
}
