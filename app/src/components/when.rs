//! Moments as people read them, at UTC. Who wants another clock adds its offset first.

use types::calendar::{Day, SECONDS_A_DAY};

/// `14:05:07`
pub fn clock(at_us: i64) -> String {
    let second = at_us.div_euclid(1_000_000).rem_euclid(SECONDS_A_DAY);
    format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// `14:05`
pub fn minute(at_us: i64) -> String {
    clock(at_us).chars().take(5).collect()
}

/// `22 November 2026`
pub fn date(at_us: i64) -> String {
    let date = Day::of(at_us).date();
    format!("{} {} {}", date.day, date.month_name(), date.year)
}

/// `22 Nov 2026`
pub fn short_date(at_us: i64) -> String {
    let date = Day::of(at_us).date();
    let month = date.month_name();
    format!(
        "{} {} {}",
        date.day,
        month.get(..3).unwrap_or(month),
        date.year
    )
}

/// `22 Nov 2026, 14:05`
pub fn moment(at_us: i64) -> String {
    format!("{}, {}", short_date(at_us), minute(at_us))
}

/// `2026-11-22T01:18:07Z`, as machines read it.
pub fn machine(at_us: i64) -> String {
    let date = Day::of(at_us).date();
    let (year, month, day) = (date.year, date.month, date.day);
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock(at_us))
}

/// How long something took: `40 ms`, `1.4 s`, `3 min`, `2 h`.
pub fn span(us: i64) -> String {
    let tenths = us.max(0) / 100_000;
    match tenths {
        ..10 => format!("{} ms", us.max(0) / 1_000),
        10..600 => format!("{}.{} s", tenths / 10, tenths % 10),
        600..36_000 => format!("{} min", tenths / 600),
        _ => format!("{} h", tenths / 36_000),
    }
}

/// How long after its cause something happened: `+3.2 ms`, from 100 ms on as [`span`] has it.
pub fn lapse(us: i64) -> String {
    match us.max(0) {
        us @ ..100_000 => format!("+{}.{} ms", us / 1_000, us / 100 % 10),
        us => format!("+{}", span(us)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_date_and_time() {
        let moment = |second: i64| (date(second * 1_000_000), clock(second * 1_000_000));
        let expected = |date: &str, clock: &str| (date.to_owned(), clock.to_owned());
        assert_eq!(moment(0), expected("1 January 1970", "00:00:00"));
        assert_eq!(
            moment(951_782_400),
            expected("29 February 2000", "00:00:00")
        );
        assert_eq!(
            moment(1_795_310_287),
            expected("22 November 2026", "01:18:07")
        );
        assert_eq!(moment(-1), expected("31 December 1969", "23:59:59"));
    }

    #[test]
    fn a_short_date_has_three_letters_of_its_month() {
        assert_eq!(short_date(1_795_310_287_000_000), "22 Nov 2026");
        assert_eq!(short_date(0), "1 Jan 1970");
    }

    #[test]
    fn a_moment_in_a_table_has_neither_seconds_nor_a_long_month() {
        assert_eq!(moment(1_795_310_287_000_000), "22 Nov 2026, 01:18");
    }

    #[test]
    fn a_span_is_written_in_its_largest_unit() {
        let seconds = |s: i64| span(s * 1_000_000);
        assert_eq!(span(420_000), "420 ms");
        assert_eq!(
            (seconds(59), seconds(60), seconds(7_300)),
            ("59.0 s".into(), "1 min".into(), "2 h".into())
        );
        assert_eq!(span(-1), "0 ms");
    }

    #[test]
    fn a_lapse_tells_fractions_while_they_matter() {
        let lapses = [3_249, 99_999, 100_000, 2_400_000, -5].map(lapse);
        assert_eq!(
            lapses,
            ["+3.2 ms", "+99.9 ms", "+100 ms", "+2.4 s", "+0.0 ms"]
        );
    }
}
