//! The tables of what was measured.

use std::fmt::Write as _;

use super::handlers::ANSWER_TIME;
use super::latency::Latency;
use super::measured::{BATCHES, Measured, PARALLEL_KEYS};
use super::rates::Rates;
use crate::table::{self, Heading, write_headings};

pub fn text(headings: &[Heading], events: u64, measured: &[Measured]) -> String {
    let mut text = String::new();
    write_headings(&mut text, headings);
    for Measured { settings, .. } in measured {
        let _ = writeln!(text, "{:12} {settings}", "database");
    }
    let _ = writeln!(
        text,
        "{:12} {events} per rate, one writer, one consumer that writes a row for each",
        "events"
    );
    let _ = writeln!(text, "{}\n", batches(measured));
    let _ = writeln!(
        text,
        "a reactor that takes {} ms, events per second and speed-up over one key at a time",
        ANSWER_TIME.as_millis()
    );
    let _ = writeln!(text, "{}", keys(measured));
    text
}

fn batches(measured: &[Measured]) -> String {
    let columns: Vec<(String, &Rates, &Latency)> = measured
        .iter()
        .flat_map(|of_it| {
            let named = BATCHES.iter().zip(&of_it.batches);
            named.map(|(batch, (rates, latency))| {
                (format!("{}, batch {batch}", of_it.database), rates, latency)
            })
        })
        .collect();
    let row = |name: &str, cell: &dyn Fn(&Rates, &Latency) -> String| {
        let cells = columns
            .iter()
            .map(|(_, rates, latency)| cell(rates, latency));
        std::iter::once(name.to_owned())
            .chain(cells)
            .collect::<Vec<_>>()
    };
    let mut header = vec![String::new()];
    header.extend(columns.iter().map(|(name, ..)| name.clone()));
    let rows = vec![
        row("appended, events per second", &|rates, _| {
            format!("{:.0}", rates.appended)
        }),
        row("consumed, events per second", &|rates, _| {
            format!("{:.0}", rates.consumed)
        }),
        row(
            "events per second while latency is measured",
            &|_, latency| format!("{:.0}", latency.rate),
        ),
        row(
            "append acknowledged to effect committed, ms (p50 / p99)",
            &|_, latency| milliseconds(latency),
        ),
    ];
    table::table(header, rows).to_string()
}

fn milliseconds(latency: &Latency) -> String {
    [50.0, 99.0]
        .map(|percent| {
            let time = latency.times.percentile(percent).unwrap_or_default();
            format!("{:.1}", time.as_secs_f64() * 1e3)
        })
        .join(" / ")
}

fn keys(measured: &[Measured]) -> String {
    let mut header = vec!["keys at once".to_owned(), "events".to_owned()];
    for Measured { database, .. } in measured {
        header.push(database.clone());
        header.push("speed-up".to_owned());
    }
    let row = |i: usize, parallel: usize| {
        let events = measured.first().map_or(0, |of_it| of_it.keys[i].events);
        let mut row = vec![parallel.to_string(), events.to_string()];
        for Measured { keys, .. } in measured {
            row.push(format!("{:.0}", keys[i].rate));
            row.push(format!("{:.1}", keys[i].rate / keys[0].rate));
        }
        row
    };
    let rows = (0..)
        .zip(PARALLEL_KEYS)
        .map(|(i, parallel)| row(i, parallel));
    table::table(header, rows.collect()).to_string()
}
