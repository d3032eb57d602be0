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

#[component]
fn Necklaces() -> impl IntoView {
    view! {
        <p>"Lay a string where the necklace shall lie, and measure its length."</p>
        <table>
            <thead>
                <tr>
                    <th scope="col">"Length"</th>
                    <th scope="col">"Where it lies"</th>
                </tr>
            </thead>
            <tbody>
                <tr>
                    <th scope="row">"40 cm"</th>
                    <td>"At the base of the neck, above an open collar"</td>
                </tr>
                <tr>
                    <th scope="row">"45 cm"</th>
                    <td>"On the collarbone; most people's everyday length"</td>
                </tr>
                <tr>
                    <th scope="row">"50 cm"</th>
                    <td>"Below the collarbone, over a shirt or a jumper"</td>
                </tr>
            </tbody>
        </table>
    }
}

#[component]
fn Bracelets() -> impl IntoView {
    view! {
        <p>
            "Measure the wrist just above the bone, with the tape closed but not tight. For a bangle "
            "bring thumb and little finger together and measure the hand at its widest."
        </p>
        <table>
            <thead>
                <tr>
                    <th scope="col">"Size"</th>
                    <th scope="col">"Fits"</th>
                </tr>
            </thead>
            <tbody>
                <tr>
                    <th scope="row">"16 cm"</th>
                    <td>"a wrist of 14 to 15 cm"</td>
                </tr>
                <tr>
                    <th scope="row">"17.5 cm"</th>
                    <td>"a wrist of 15 to 16.5 cm"</td>
                </tr>
                <tr>
                    <th scope="row">"19 cm"</th>
                    <td>"a wrist of 16.5 to 18 cm"</td>
                </tr>
                <tr>
                    <th scope="row">"Cuff S/M"</th>
                    <td>"a wrist of 14 to 16 cm"</td>
                </tr>
                <tr>
                    <th scope="row">"Cuff M/L"</th>
                    <td>"a wrist of 16 to 18 cm"</td>
                </tr>
                <tr>
                    <th scope="row">"Bangle 62 mm"</th>
                    <td>"a hand of up to 19.5 cm around"</td>
                </tr>
                <tr>
                    <th scope="row">"Bangle 66 mm"</th>
                    <td>"a hand of up to 20.7 cm around"</td>
                </tr>
            </tbody>
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
