//! How far those are who follow the log, as it is by the second.

use leptos::prelude::*;
use types::log::{Circuit, ConsumerRole, ConsumerRow};

use crate::live;

/// `head` is the position that the rows are of.
#[component]
pub fn ConsumerTable(rows: Vec<ConsumerRow>, head: u64) -> impl IntoView {
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let rows = live::consumers(rows, head);
    let newest = move || {
        rows.with(|rows| {
            let ends = rows.iter().map(|row| row.position + row.behind);
            ends.max().unwrap_or_default().max(head)
        })
    };
    let row = move |name: String| {
        let wanted = name.clone();
        let row = Memo::new(move |_| {
            rows.with(|rows| rows.iter().find(|row| row.name == wanted).cloned())
        });
        view! { <Row name row /> }
    };
    view! {
        <p class="consumers__head">"The log is at #" {newest}</p>
        <div class="events__scroll" role="region" aria-label="Lag table" tabindex="0">
            <table class="desk-table consumers__table">
                <caption class="visually-hidden">"How far each consumer is"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col" data-number="">"Position"</th>
                        <th scope="col">"Lag"</th>
                        <th scope="col" data-number="">"Rate"</th>
                        <th scope="col" data-number="">"Parked"</th>
                        <th scope="col" data-number="">"Dead"</th>
                        <th scope="col">"Errors"</th>
                        <th scope="col">"Circuit"</th>
                        <th scope="col">"Rebuild"</th>
                    </tr>
                </thead>
                <tbody>{names.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(name: String, row: Memo<Option<ConsumerRow>>) -> impl IntoView {
    let of = move |part: fn(&ConsumerRow) -> String| {
        move || row.with(|row| row.as_ref().map(part).unwrap_or_default())
    };
    let dead = Memo::new(move |_| row.with(|row| row.as_ref().map_or(0, |row| row.dead)));
    let is_open = move || {
        let circuit = row.with(|row| row.as_ref().and_then(|row| row.circuit));
        circuit.is_some_and(|circuit| circuit.is_open).then_some("")
    };
    let rebuilt = Memo::new(move |_| {
        row.with(|row| {
            let row = row.as_ref()?;
            Some((row.rebuilt_to?, row.position + row.behind))
        })
    });
    let role = row.with_untracked(|row| row.as_ref().map_or(ConsumerRole::Unknown, |row| row.role));
    view! {
        <tr>
            <th scope="row">{name}<span class="consumers__role">" " {role.words()}</span></th>
            <td data-number="" data-label="Position">{of(|row| format!("#{}", row.position))}</td>
            <td data-label="Lag">{of(lag)}</td>
            <td data-number="" data-label="Rate">{of(rate)}</td>
            <td data-number="" data-label="Parked">{of(|row| row.parked.to_string())}</td>
            <td data-number="" data-label="Dead" data-dead=move || (dead.get() > 0).then_some("")>
                {move || match dead.get() {
                    0 => "0".into_any(),
                    dead => view! { <a href="#dead-letters">{dead}</a> }.into_any(),
                }}
            </td>
            <td class="consumers__errors" data-label="Errors">{of(errors)}</td>
            <td data-label="Circuit" data-open=is_open>{of(circuit)}</td>
            <td data-label="Rebuild" class="consumers__rebuild">
                {move || {
                    rebuilt
                        .get()
                        .map(|(to, head)| {
                            view! {
                                <progress value=to.to_string() max=head.to_string()></progress>
                                <span>{format!("#{to} of #{head}")}</span>
                            }
                        })
                }}
            </td>
        </tr>
    }
}

fn lag(row: &ConsumerRow) -> String {
    match row.behind {
        0 => "up to date".to_owned(),
        behind => format!("{behind} behind"),
    }
}

/// `12.5/s`
fn rate(row: &ConsumerRow) -> String {
    match row.rate_milli {
        None => "\u{2013}".to_owned(),
        Some(milli) => format!("{}.{}/s", milli / 1_000, milli % 1_000 / 100),
    }
}

fn errors(row: &ConsumerRow) -> String {
    let failures = match row.failures {
        0 => None,
        1 => Some("1 failure".to_owned()),
        n => Some(format!("{n} failures")),
    };
    match (failures, &row.error) {
        (Some(failures), Some(error)) => format!("{failures}: {error}"),
        (Some(failures), None) => failures,
        (None, Some(error)) => error.clone(),
        (None, None) => "none".to_owned(),
    }
}

fn circuit(row: &ConsumerRow) -> String {
    match (row.circuit, row.role) {
        (Some(Circuit { is_open: true, .. }), _) => "open".to_owned(),
        (Some(Circuit { in_flight: 0, .. }), _) => "closed".to_owned(),
        (Some(Circuit { in_flight, .. }), _) => format!("closed, {in_flight} in flight"),
        (None, ConsumerRole::Reactor) => "asks elsewhere".to_owned(),
        (None, _) => "\u{2013}".to_owned(),
    }
}
