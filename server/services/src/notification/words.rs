//! Dates in words. A mail does not know its reader's clock, so the time zone stands beside a time.

use types::calendar::{Day, SECONDS_A_DAY};

/// `Sunday, 22 November 2026`
pub fn date(at_us: i64) -> String {
    let day = Day::of(at_us);
    let date = day.date();
    let weekday = match day.weekday_name() {
        "Mon" => "Monday",
        "Tue" => "Tuesday",
        "Wed" => "Wednesday",
        "Thu" => "Thursday",
        "Fri" => "Friday",
        "Sat" => "Saturday",
        _ => "Sunday",
    };
    format!(
        "{weekday}, {} {} {}",
        date.day,
        date.month_name(),
        date.year
    )
}

/// `14:05 UTC on Sunday, 22 November 2026`
pub fn moment(at_us: i64) -> String {
    let minute = at_us.div_euclid(60_000_000).rem_euclid(SECONDS_A_DAY / 60);
    format!(
        "{:02}:{:02} UTC on {}",
        minute / 60,
        minute % 60,
        date(at_us)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_out() {
        let at_us = 1_795_310_287 * 1_000_000;
        assert_eq!(date(at_us), "Sunday, 22 November 2026");
        assert_eq!(moment(at_us), "01:18 UTC on Sunday, 22 November 2026");
        assert_eq!(moment(-1), "23:59 UTC on Wednesday, 31 December 1969");
    }
}
