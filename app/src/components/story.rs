//! What led somewhere: events as a tree of causes. Each leads to how things stood after it.

use leptos::prelude::*;
use types::log::StoryEvent;

use super::when;

/// Deeper effects are not indented further.
const DEEPEST: usize = 8;

/// The tree of what caused what: effects stand indented under their cause.
///
/// `of` is what the story is about, as it stands in an address. `position` is how far the log is looked at:
/// what comes later is told as such.
#[component]
pub fn Story(
    story: Vec<StoryEvent>,
    #[prop(into)] position: Signal<u64>,
    of: String,
) -> impl IntoView {
    let at = |position: u64| format!("/admin/events?of={of}&at={position}");
    let days = story.iter().map(|event| when::date(event.at_us));
    let one_day = days.clone().all(|day| days.clone().next() == Some(day));
    let day = match story.first() {
        Some(first) if one_day => format!(", {}", when::date(first.at_us)),
        _ => String::new(),
    };
    // The events above the one at hand, outermost first: the last of them is its cause.
    let mut above: Vec<u64> = Vec::new();
    let rows = story.into_iter().map(|event| {
        above.truncate(event.depth);
        let cause = above.last().map(|cause| format!("caused by #{cause}"));
        above.push(event.position);
        let time = when::clock(event.at_us);
        let time = match one_day {
            true => time,
            false => format!("{}, {time}", when::date(event.at_us)),
        };
        let own = event.position;
        let current = move || (own == position.get()).then_some("true");
        let later = move || (own > position.get()).then_some("");
        view! {
            <tr data-depth=event.depth.min(DEEPEST).to_string() data-later=later>
                <td class="story__position">
                    <a href=at(own) aria-current=current data-step=own.to_string()>
                        {format!("#{own}")}
                    </a>
                </td>
                <td class="story__time">{time}</td>
                <th class="story__kind" scope="row">
                    <span>{event.kind}</span>
                    {cause
                        .map(|cause| {
                            view! { <span class="visually-hidden">{format!(" ({cause})")}</span> }
                        })}
                </th>
                <td class="story__what">{event.summary}</td>
                <td class="story__by">{event.source}</td>
                <td class="story__took" data-number="">
                    {event.took_us.map(when::lapse)}
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div class="events__scroll" role="region" aria-label="What led there" tabindex="0">
            <table class="desk-table story">
                <caption>{format!("What led there. Times are UTC{day}.")}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Position"</th>
                        <th scope="col">"Time"</th>
                        <th scope="col">"Event"</th>
                        <th scope="col">"What"</th>
                        <th scope="col">"By"</th>
                        <th scope="col" data-number="">"After its cause"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
