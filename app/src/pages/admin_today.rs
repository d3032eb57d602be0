//! `/admin/today`: what is sold, as it happens, and what needs somebody.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;
use strum::VariantArray;
use types::arrival::workshop_offset_us;
use types::sales::{Bar, Figures, SalesPage, Span, change};
use types::staff::Right;
use types::{Currency, Money};

use crate::api::alerts::ALERTS;
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::bar_chart::ChartBar;
use crate::components::{AdminFrame, BarChart, when};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

/// The page's path.
pub const TODAY: &str = "/admin/today";

#[component]
pub fn AdminTodayPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

fn address(span: Span) -> String {
    if span == Span::default() {
        return TODAY.to_owned();
    }
    format!("{TODAY}?span={}", span.into_str())
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let asked: Option<String> = use_query_map().get_untracked().get("span");
    let span: Span = asked.and_then(|span| span.parse().ok()).unwrap_or_default();
    // What is newer than this is fetched again.
    let version = shop.levels().position();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move { shop.sales_page(&staff, span).await }
        },
    );
    let content = move || {
        Suspend::new(async move {
            match read.await {
                Ok(page) => view! { <Numbers page /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    let tabs = Span::VARIANTS.iter().map(move |&of| {
        view! {
            <li>
                <a href=address(of) aria-current=(of == span).then_some("page")>
                    {of.title()}
                </a>
            </li>
        }
    });
    view! {
        <AdminFrame title="Today" here=TODAY email follows=(LivePage::Sales, version)>
            <section class="watch today" aria-labelledby="today-title">
                <h1 id="today-title">"What is sold"</h1>
                <nav class="desk-tabs" aria-label="How far back">
                    <ul role="list">{tabs.collect_view()}</ul>
                </nav>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Numbers(page: SalesPage) -> impl IntoView {
    let local_us = page.now_us + workshop_offset_us(page.now_us);
    let as_of = format!(
        "As of {} in the workshop. Compared with {}.",
        when::minute(local_us),
        page.span.before()
    );
    view! {
        <p class="watch__count">{as_of}</p>
        <Keys page=page.clone() />
        <Charts page=page.clone() />
        <div class="today__lists">
            <Best page=page.clone() />
            <AtRisk page=page.clone() />
            <Waiting page=page.clone() />
        </div>
        <Table page />
    }
}

/// The numbers in large.
#[component]
fn Keys(page: SalesPage) -> impl IntoView {
    let SalesPage { total, before, .. } = page;
    let money = |minor| page.money(minor).to_string();
    let percent =
        |part: Option<i64>| part.map_or("\u{2013}".to_owned(), |part| format!("{part} %"));
    let average = |figures: &Figures| figures.average_minor();
    let keys = [
        (
            "sold",
            "Sold",
            money(total.sold_minor),
            change(total.sold_minor, before.sold_minor),
            String::new(),
        ),
        (
            "orders",
            "Paid orders",
            total.sold.to_string(),
            change(total.sold, before.sold),
            counted(total.pieces, "piece", "pieces"),
        ),
        (
            "average",
            "An order, on average",
            average(&total).map_or("\u{2013}".to_owned(), money),
            average(&total).and_then(|now| change(now, average(&before)?)),
            String::new(),
        ),
        (
            "conversion",
            "Of checkouts paid",
            percent(total.conversion()),
            None,
            format!(
                "{}, {} placed, {}",
                counted(total.checkouts, "checkout", "checkouts"),
                total.placed,
                counted(total.declined, "card declined", "cards declined"),
            ),
        ),
        (
            "collected",
            "Collected",
            money(total.collected_minor),
            None,
            format!("{} given back", money(total.refunded_minor)),
        ),
        (
            "cancelled",
            "Cancelled",
            money(total.cancelled_minor),
            None,
            counted(total.cancelled, "paid order", "paid orders"),
        ),
    ];
    let keys = keys.map(|(id, name, number, change, beside)| {
        view! {
            <div class="today__key" id=format!("key-{id}") data-row="">
                <dt>{name}</dt>
                <dd>
                    <span class="today__number">{number}</span>
                    <span class="watch__soft">
                        {change}
                        {beside}
                    </span>
                </dd>
            </div>
        }
    });
    view! { <dl class="today__keys">{keys.collect_view()}</dl> }
}

fn counted(count: i64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[component]
fn Charts(page: SalesPage) -> impl IntoView {
    let per = match page.span {
        Span::Hour => "minute",
        Span::Today => "hour",
        Span::Week | Span::Month => "day",
        Span::Year => "month",
    };
    let sold = page.bars.iter().map(|bar| {
        let minor = bar.figures.sold_minor;
        ChartBar {
            short: bar.short.clone(),
            told: format!("{}: {}", bar.long, page.money(minor)),
            value: minor,
        }
    });
    let orders = page.bars.iter().map(|bar| {
        let count = bar.figures.sold;
        ChartBar {
            short: bar.short.clone(),
            told: format!(
                "{}: {}",
                bar.long,
                counted(count, "paid order", "paid orders")
            ),
            value: count,
        }
    });
    let sold_label = format!(
        "Sold per {per}: {} in all. The table below has the numbers.",
        page.money(page.total.sold_minor)
    );
    let orders_label = format!(
        "Paid orders per {per}: {} in all. The table below has the numbers.",
        page.total.sold
    );
    let money_tick = match page.currency {
        Currency::Eur => |minor| short_money(minor, Currency::Eur),
        Currency::Gbp => |minor| short_money(minor, Currency::Gbp),
        Currency::Usd => |minor| short_money(minor, Currency::Usd),
    };
    view! {
        <div class="today__charts">
            <section aria-labelledby="chart-sold">
                <h2 id="chart-sold">{format!("Sold per {per}")}</h2>
                <BarChart label=sold_label bars=sold.collect() least=10_000 tick=money_tick />
            </section>
            <section aria-labelledby="chart-orders">
                <h2 id="chart-orders">{format!("Paid orders per {per}")}</h2>
                <BarChart label=orders_label bars=orders.collect() least=2 tick=|count| count.to_string() />
            </section>
        </div>
    }
}

#[component]
fn Table(page: SalesPage) -> impl IntoView {
    // The newest first: that is what one looks for. Of what is still to come there is nothing to tell.
    let bars = page.bars.iter().rev().filter(|bar| !bar.is_ahead);
    let rows = bars.map(|bar| row(&page, bar, false));
    let total = Bar {
        short: String::new(),
        long: "In all".to_owned(),
        is_ahead: false,
        figures: page.total,
    };
    view! {
        <h2>"The numbers"</h2>
        <div class="today__table" role="region" aria-label="The numbers" tabindex="0">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Checkouts"</th>
                        <th scope="col">"Placed"</th>
                        <th scope="col">"Declined"</th>
                        <th scope="col">"Paid"</th>
                        <th scope="col">"Pieces"</th>
                        <th scope="col">"Sold"</th>
                        <th scope="col">"Cancelled"</th>
                        <th scope="col">"Collected"</th>
                        <th scope="col">"Given back"</th>
                    </tr>
                </thead>
                <tbody>{row(&page, &total, true)} {rows.collect_view()}</tbody>
            </table>
        </div>
    }
}

fn row(page: &SalesPage, bar: &Bar, is_total: bool) -> impl IntoView + use<> {
    let Figures {
        checkouts,
        placed,
        declined,
        sold,
        pieces,
        sold_minor,
        cancelled_minor,
        collected_minor,
        refunded_minor,
        ..
    } = bar.figures;
    let money = |minor| page.money(minor).to_string();
    view! {
        <tr data-total=is_total.then_some("")>
            <th scope="row">{bar.long.clone()}</th>
            <td>{checkouts}</td>
            <td>{placed}</td>
            <td>{declined}</td>
            <td>{sold}</td>
            <td>{pieces}</td>
            <td>{money(sold_minor)}</td>
            <td>{money(cancelled_minor)}</td>
            <td>{money(collected_minor)}</td>
            <td>{money(refunded_minor)}</td>
        </tr>
    }
}

/// An amount for an axis: `€0`, `€500`, `€2.5k`, `€1.2M`.
fn short_money(minor: i64, currency: Currency) -> String {
    let whole = minor / 100;
    let symbol = currency.symbol();
    let shortened = |of: i64, unit: &str| {
        let tenths = whole / (of / 10);
        match tenths % 10 {
            0 => format!("{symbol}{}{unit}", tenths / 10),
            tenth => format!("{symbol}{}.{tenth}{unit}", tenths / 10),
        }
    };
    match whole {
        // The axis of nothing.
        0 if minor > 0 => Money::new(minor, currency).to_string(),
        ..1_000 => format!("{symbol}{whole}"),
        1_000..1_000_000 => shortened(1_000, "k"),
        _ => shortened(1_000_000, "M"),
    }
}

#[component]
fn Best(page: SalesPage) -> impl IntoView {
    let is_empty = page.best.is_empty();
    let rows = page.best.iter().map(|seller| {
        let sold = page.money(seller.sold_minor).to_string();
        view! {
            <li class="today__row" id=format!("best-{}", seller.sku) data-row="">
                <p>
                    <a href=format!("/admin/inventory/{}", seller.sku)>{seller.title.clone()}</a>
                    " "
                    <span class="watch__soft">{seller.variant.clone()}</span>
                </p>
                <p class="today__amount">
                    {sold} " "
                    <span class="watch__soft">{counted(seller.pieces, "piece", "pieces")}</span>
                </p>
            </li>
        }
    });
    view! {
        <section aria-labelledby="best-title">
            <h2 id="best-title">"What sold best"</h2>
            {is_empty.then(|| view! { <p class="watch__soft">"Nothing was sold yet."</p> })}
            <ol class="watch__list" role="list">{rows.collect_view()}</ol>
        </section>
    }
}

#[component]
fn AtRisk(page: SalesPage) -> impl IntoView {
    let count = page.at_risk_count;
    let rows = page.at_risk.into_iter().map(|row| {
        let available = row.level.available();
        let left = match available {
            ..=0 => "Sold out".to_owned(),
            some => format!("{some} left"),
        };
        let coming = (row.level.incoming > 0).then(|| format!("{} are coming", row.level.incoming));
        view! {
            <li class="today__row" id=format!("risk-{}", row.sku) data-row="">
                <p>
                    <a href=format!("/admin/restock?q={}", row.sku)>{row.title}</a>
                    " "
                    <span class="watch__soft">{row.variant}</span>
                </p>
                <p class="today__amount">{left} " " <span class="watch__soft">{coming}</span></p>
            </li>
        }
    });
    let more = (count > 0).then(|| {
        let words = match count {
            1 => "See it with its rule".to_owned(),
            count => format!("See all {count} with their rules"),
        };
        view! { <p><a href="/admin/restock?low=1">{words}</a></p> }
    });
    view! {
        <section aria-labelledby="risk-title">
            <h2 id="risk-title">"Stock at risk"</h2>
            {(count == 0)
                .then(|| view! { <p class="watch__soft">"Nothing has fallen to its threshold."</p> })}
            <ul class="watch__list" role="list">{rows.collect_view()}</ul>
            {more}
        </section>
    }
}

#[component]
fn Waiting(page: SalesPage) -> impl IntoView {
    let is_empty = page.waiting.is_empty();
    let rows = page.waiting.into_iter().map(|row| {
        let title = row.kind.title_of(row.severity);
        view! {
            <li class="today__row" id=format!("waits-{}", row.id) data-row="">
                <p>
                    <a href=format!("{ALERTS}#alert-{}", row.id)>{title} " " {row.name}</a>
                </p>
                <p class="watch__soft">{row.severity.into_str()}</p>
            </li>
        }
    });
    view! {
        <section aria-labelledby="waits-title">
            <h2 id="waits-title">"Alerts"</h2>
            {is_empty.then(|| view! { <p class="watch__soft">"Nothing waits for anybody."</p> })}
            <ul class="watch__list" role="list">{rows.collect_view()}</ul>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_short_amounts() {
        let told = |minor| short_money(minor, Currency::Eur);
        assert_eq!(told(0), "\u{20ac}0");
        assert_eq!(told(1), "\u{20ac}0.01");
        assert_eq!(told(50_000), "\u{20ac}500");
        assert_eq!(told(200_000), "\u{20ac}2k");
        assert_eq!(told(250_000), "\u{20ac}2.5k");
        assert_eq!(told(100_000_000), "\u{20ac}1M");
    }
}
