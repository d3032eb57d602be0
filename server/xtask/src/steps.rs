//! How a step tells the reader what it does and how long it took.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

/// Runs a step that prints nothing itself: its name and its time share one line.
pub fn quiet<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    on_one_line(name, work, |_, took| took)
}

/// Runs a quiet step that may find most of its work done, and says how much was left to do.
pub fn counted<T>(name: &str, work: impl FnOnce() -> Result<(T, usize)>) -> Result<T> {
    let told = |(_, done): &(T, usize), took| match done {
        0 => "up to date".to_owned(),
        done => format!("{done} made, {took}"),
    };
    Ok(on_one_line(name, work, told)?.0)
}

fn on_one_line<T>(
    name: &str,
    work: impl FnOnce() -> Result<T>,
    told: impl FnOnce(&T, String) -> String,
) -> Result<T> {
    print!("▸ {name} … ");
    // A line without its end stays in the buffer, and the reader would wait before an empty screen.
    io::stdout().flush().context("write to the terminal")?;
    let started = Instant::now();
    let result = work();
    match &result {
        Ok(done) => println!("{}", told(done, seconds(started.elapsed()))),
        Err(_) => println!("failed"),
    }
    result.with_context(|| format!("failed at: {name}"))
}

/// Runs a step whose programs write to the terminal too: its time comes on a line of its own.
pub fn loud<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("▸ {name} …");
    let started = Instant::now();
    let result = work();
    if result.is_ok() {
        println!("▸ {name} … {}", seconds(started.elapsed()));
    }
    result.with_context(|| format!("failed at: {name}"))
}

/// Names a step that had nothing to do.
pub fn up_to_date(name: &str) {
    println!("▸ {name} … up to date");
}

pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_failing_step_is_named_in_the_error() {
        let error = quiet("knitting", || Err::<(), _>(anyhow!("no wool"))).expect_err("must fail");
        assert_eq!(format!("{error:#}"), "failed at: knitting: no wool");
    }
}
