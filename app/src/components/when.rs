//! Moments as people read them. UTC, so that server and browser write the same.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SECONDS_A_DAY: i64 = 86_400;

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
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    let days = at_us.div_euclid(1_000_000).div_euclid(SECONDS_A_DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Counted from March, so that the leap day is a year's last.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let name = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month))
        .unwrap_or(&"");
    format!("{day} {name} {year}")
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
