//! Papers as pages show them: laid out for paper, each a sheet on the screen.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use types::Problem;
use types::checkout::BillingAddress;
use types::papers::{CreditNote, Invoice, PaperLine, Slip, SlipLine, Vat};

use super::house::HOUSE;
use super::{LazyHint, ProblemNote, when};
use crate::islands::print_button::PrintButton;
use crate::pages::page_problem::answer_with_status;

/// The page around papers. What is not for paper is not printed.
#[component]
pub fn Sheet(title: &'static str, back: String, children: Children) -> impl IntoView {
    view! {
        <Title text=format!("{title} – {HOUSE}") />
        <Meta name="robots" content="noindex" />
        <main class="papers" id="main">
            <h1 class="visually-hidden">{title}</h1>
            <p class="papers__back">
                <a href=back>"Back"</a>
            </p>
            {children()}
        </main>
    }
}

/// Buttons look as those beside them: the desk's, or the shop's.
#[component]
pub fn Tools(
    pdf: Option<String>,
    #[prop(default = ["desk-button desk-button--strong", "desk-button"])] looks: [&'static str; 2],
) -> impl IntoView {
    let pdf = pdf.map(|href| {
        // A file, and no page of the shop.
        view! { <a class=looks[1] href=href rel="external">"PDF"</a> }
    });
    view! {
        <LazyHint island="print_button" />
        <div class="papers__tools">
            <PrintButton class=looks[0].to_owned() />
            {pdf}
        </div>
    }
}

/// Why there is no paper.
pub fn told(problem: Problem) -> impl IntoView {
    answer_with_status(&problem);
    view! { <ProblemNote problem /> }
}

/// Whose paper it is, what it belongs to, and for whom.
#[component]
fn Head(title: String, told: Vec<String>, to: BillingAddress) -> impl IntoView {
    let second = (!to.street_2.is_empty()).then(|| view! { {to.street_2} <br /> });
    let told = told.into_iter().map(|line| view! { <p>{line}</p> });
    view! {
        <header class="paper__head">
            <p class="paper__house">{HOUSE}</p>
            <div>
                <h2>{title}</h2>
                {told.collect_view()}
            </div>
        </header>
        <address class="paper__address">
            {to.name} <br /> {to.street} <br /> {second}
            {to.postal_code} " " {to.city} <br /> {to.country}
        </address>
    }
}

/// What lies in a parcel: no price on it.
#[component]
pub fn SlipPaper(slip: Slip) -> impl IntoView {
    let pieces = slip.pieces();
    let (what, place) = match slip.parcel {
        Some(parcel) => (parcel.title(), "in this parcel"),
        None => ("Still to be packed".to_owned(), "in all"),
    };
    let told = vec![what, format!("Ordered {}", when::date(slip.placed_at_us))];
    let line = |line: SlipLine| {
        let gift = line.gift_note.map(|note| {
            view! { <p class="paper__gift">"Gift note: \u{201c}" {note} "\u{201d}"</p> }
        });
        view! {
            <tr>
                <td class="paper__box" aria-hidden="true"></td>
                <td data-number="">{line.quantity}</td>
                <td>
                    <strong>{line.title}</strong>
                    <br />
                    {line.variant}
                    {gift}
                </td>
                <td class="paper__sku">{line.sku.to_string()}</td>
            </tr>
        }
    };
    let before = slip.before.into_iter();
    let before = before.map(|(number, lines)| {
        let title = format!("Sent before, in parcel {number}");
        view! { <Others title lines /> }
    });
    view! {
        <article class="paper">
            <Head title=format!("Packing slip {}", slip.order_number) told to=slip.to />
            <table>
                <thead>
                    <tr>
                        <th scope="col">
                            <span class="visually-hidden">"Packed"</span>
                        </th>
                        <th scope="col" data-number="">"Pieces"</th>
                        <th scope="col">"Piece"</th>
                        <th scope="col">"SKU"</th>
                    </tr>
                </thead>
                <tbody>{slip.lines.into_iter().map(line).collect_view()}</tbody>
            </table>
            <p class="paper__foot">{format!("{pieces} {place}. {}.", slip.delivery_title)}</p>
            <Others title="In another parcel".to_owned() lines=slip.follows />
            {before.collect_view()}
        </article>
    }
}

/// What does not lie in this parcel.
#[component]
fn Others(title: String, lines: Vec<SlipLine>) -> impl IntoView {
    let line = |line: SlipLine| {
        view! { <li>{format!("{} × {}, {}", line.quantity, line.title, line.variant)}</li> }
    };
    (!lines.is_empty()).then(|| {
        view! {
            <section class="paper__others">
                <h3>{title}</h3>
                <ul>{lines.into_iter().map(line).collect_view()}</ul>
            </section>
        }
    })
}

#[component]
pub fn InvoicePaper(invoice: Invoice) -> impl IntoView {
    let it = invoice;
    let told = vec![
        format!("Of {}", when::date(it.issued_at_us)),
        format!(
            "Order {}, placed {}",
            it.order_number,
            when::date(it.placed_at_us)
        ),
    ];
    let credits = it.credits.into_iter();
    let credits = credits
        .map(|(number, amount)| sum(format!("Given back, {number}"), amount.to_string(), false));
    let is_struck = !it.cancelled.is_empty() || it.cancelled_delivery.is_some();
    let struck = is_struck.then(|| {
        let line = |line: PaperLine| {
            let told = format!("{} × {}, {}", line.quantity, line.title, line.variant);
            view! {
                <li>
                    <s>{told}</s>
                </li>
            }
        };
        let delivery = it.cancelled_delivery.map(|_| {
            view! {
                <li>
                    <s>{it.delivery_title.clone()}</s>
                </li>
            }
        });
        view! {
            <section class="paper__others">
                <h3>"Cancelled, and not charged"</h3>
                <ul>{it.cancelled.into_iter().map(line).collect_view()} {delivery}</ul>
            </section>
        }
    });
    view! {
        <article class="paper">
            <Head title=format!("Invoice {}", it.number) told to=it.to />
            <table>
                {heads()}
                <tbody>{it.lines.into_iter().map(row).collect_view()}</tbody>
                <tfoot>
                    {sum(it.delivery_title, it.delivery.to_string(), false)}
                    {it.other.map(|other| sum("Charged otherwise".to_owned(), other.to_string(), false))}
                    {sum("Total".to_owned(), it.total.to_string(), true)} {tax(it.vat)}
                    {sum("Paid".to_owned(), it.paid.to_string(), false)}
                    {sum("Outstanding".to_owned(), it.outstanding.to_string(), false)}
                    {credits.collect_view()}
                </tfoot>
            </table>
            {struck}
        </article>
    }
}

#[component]
pub fn CreditNotePaper(note: CreditNote) -> impl IntoView {
    let it = note;
    let told = vec![
        format!("Of {}", when::date(it.issued_at_us)),
        format!(
            "For invoice {}, order {}",
            it.invoice_number, it.order_number
        ),
        it.cause,
    ];
    let has_lines = !it.lines.is_empty();
    view! {
        <article class="paper">
            <Head title=format!("Credit note {}", it.number) told to=it.to />
            <table>
                {has_lines.then(heads)}
                <tbody>{it.lines.into_iter().map(row).collect_view()}</tbody>
                <tfoot>
                    {it.delivery.map(|fee| sum(it.delivery_title, fee.to_string(), false))}
                    {it.other.map(|other| sum("Agreed otherwise".to_owned(), other.to_string(), false))}
                    {sum("Given back".to_owned(), it.total.to_string(), true)} {tax(it.vat)}
                </tfoot>
            </table>
            <p class="paper__foot">
                "It goes the way it was paid; a bank may take a few days to show it."
            </p>
        </article>
    }
}

fn heads() -> impl IntoView {
    view! {
        <thead>
            <tr>
                <th scope="col">"Piece"</th>
                <th scope="col" data-number="">"Pieces"</th>
                <th scope="col" data-number="">"Each"</th>
                <th scope="col" data-number="">"Sum"</th>
            </tr>
        </thead>
    }
}

fn row(line: PaperLine) -> impl IntoView {
    view! {
        <tr>
            <td>
                <strong>{line.title}</strong>
                <br />
                {line.variant}
                ", "
                <span class="paper__sku">{line.sku.to_string()}</span>
            </td>
            <td data-number="">{line.quantity}</td>
            <td data-number="">{line.unit_price.to_string()}</td>
            <td data-number="">{line.total.to_string()}</td>
        </tr>
    }
}

fn sum(name: String, amount: String, is_total: bool) -> impl IntoView {
    view! {
        <tr data-total=is_total.then_some("")>
            <th scope="row" colspan="3">{name}</th>
            <td data-number="">{amount}</td>
        </tr>
    }
}

fn tax(vat: Vat) -> impl IntoView {
    sum(
        format!("{} included", vat.title()),
        vat.amount.to_string(),
        false,
    )
}
