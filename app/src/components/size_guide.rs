//! Which size fits: a dialog on the pages of pieces that come in sizes. Without script the link to it
//! shows it in its place.

use leptos::prelude::*;

use super::anchor;

/// A strip to be printed, cut out and laid around the finger.
const STRIP: &str = "/ring-size-strip.svg";
/// Sizes that rings are told in: EU sizes are the inner circumference in millimetres.
const RINGS: std::ops::RangeInclusive<u32> = 48..=62;

/// Whether there is a guide to the sizes of a category.
pub fn has_guide(category: &str) -> bool {
    matches!(category, "rings" | "necklaces" | "bracelets")
}

/// The guide of a category; nothing for one whose pieces fit everybody.
#[component]
pub fn SizeGuide(category: String) -> impl IntoView {
    let guide = match category.as_str() {
        "rings" => view! { <Rings /> }.into_any(),
        "necklaces" => view! { <Necklaces /> }.into_any(),
        "bracelets" => view! { <Bracelets /> }.into_any(),
        _ => return ().into_any(),
    };
    view! {
        <dialog class="guide" id=anchor::SIZE_GUIDE aria-labelledby="size-guide-title" closedby="any">
            <header class="guide__head">
                <h2 id="size-guide-title">"Size guide"</h2>
                <form method="dialog">
                    <button class="dialog-close" aria-label="Close"></button>
                </form>
            </header>
            {guide}
        </dialog>
    }
    .into_any()
}

#[component]
fn Rings() -> impl IntoView {
    let rows = RINGS.step_by(2).map(|eu| {
        let [diameter, us, uk] = ring(eu);
        view! {
            <tr>
                <th scope="row">{eu}</th>
                <td>{diameter}</td>
                <td>{us}</td>
                <td>{uk}</td>
            </tr>
        }
    });
    view! {
        <p>
            "Our sizes are European: the inner circumference in millimetres. Measure the finger in the "
            "evening and warm, when it is at its widest. Between two sizes take the larger."
        </p>
        <p>
            <a class="button button--quiet" href=STRIP target="_blank">
                "Print the measuring strip"
            </a>
        </p>
        <p class="guide__hint">
            "A4, at 100 %. Lay it around the finger and read the size at the arrow."
        </p>
        <table>
            <thead>
                <tr>
                    <th scope="col">"EU"</th>
                    <th scope="col">"Inside, mm"</th>
                    <th scope="col">"US, about"</th>
                    <th scope="col">"UK, about"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}

/// Inner diameter in millimetres, and the nearest sizes of the US and the UK, of a ring by its inner
/// circumference in millimetres.
///
/// Source: ISO 8653 for EU sizes; the US size grows by 0.8128 mm of diameter from 11.63 mm on; the UK
/// size by 1.25 mm of circumference from 37.5 mm (A) on, BS 6820.
fn ring(circumference: u32) -> [String; 3] {
    let circumference = f64::from(circumference);
    let diameter = circumference / std::f64::consts::PI;
    let quarters = ((diameter - 11.63) / 0.8128 * 4.0).round() as u32;
    let quarter = ["", "\u{bc}", "\u{bd}", "\u{be}"][(quarters % 4) as usize];
    let halves = ((circumference - 37.5) / 1.25 * 2.0).round() as u32;
    let letter = char::from_u32(u32::from('A') + halves / 2).unwrap_or('?');
    let half = if halves.is_multiple_of(2) {
        ""
    } else {
        "\u{bd}"
    };
    [
        format!("{diameter:.1}"),
        format!("{}{quarter}", quarters / 4),
        format!("{letter}{half}"),
    ]
}

/// Where necklaces lie.
const NECKLACES: [[&str; 2]; 3] = [
    ["40 cm", "At the base of the neck, above an open collar"],
    ["45 cm", "On the collarbone; most people's everyday length"],
    ["50 cm", "Below the collarbone, over a shirt or a jumper"],
];

/// Whom bracelets, cuffs and bangles fit.
const BRACELETS: [[&str; 2]; 7] = [
    ["16 cm", "a wrist of 14 to 15 cm"],
    ["17.5 cm", "a wrist of 15 to 16.5 cm"],
    ["19 cm", "a wrist of 16.5 to 18 cm"],
    ["Cuff S/M", "a wrist of 14 to 16 cm"],
    ["Cuff M/L", "a wrist of 16 to 18 cm"],
    ["Bangle 62 mm", "a hand of up to 19.5 cm around"],
    ["Bangle 66 mm", "a hand of up to 20.7 cm around"],
];

#[component]
fn Necklaces() -> impl IntoView {
    view! {
        <p>"Lay a string where the necklace shall lie, and measure its length."</p>
        <Sizes head=["Length", "Where it lies"] rows=&NECKLACES />
    }
}

#[component]
fn Bracelets() -> impl IntoView {
    view! {
        <p>
            "Measure the wrist just above the bone, with the tape closed but not tight. For a bangle "
            "bring thumb and little finger together and measure the hand at its widest."
        </p>
        <Sizes head=["Size", "Fits"] rows=&BRACELETS />
    }
}

/// What each size means.
#[component]
fn Sizes(head: [&'static str; 2], rows: &'static [[&'static str; 2]]) -> impl IntoView {
    let head = head.map(|head| view! { <th scope="col">{head}</th> });
    let row = |[size, meaning]: &'static [&'static str; 2]| {
        view! {
            <tr>
                <th scope="row">{*size}</th>
                <td>{*meaning}</td>
            </tr>
        }
    };
    view! {
        <table>
            <thead>
                <tr>{head.into_iter().collect_view()}</tr>
            </thead>
            <tbody>{rows.iter().map(row).collect_view()}</tbody>
        </table>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_sizes_are_told_as_jewellers_tables_have_them() {
        assert_eq!(ring(50), ["15.9", "5\u{bc}", "K"]);
        assert_eq!(ring(54), ["17.2", "6\u{be}", "N"]);
        assert_eq!(ring(58), ["18.5", "8\u{bd}", "Q\u{bd}"]);
    }
}
