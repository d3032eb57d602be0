//! Days of the Gregorian calendar, counted from 1970-01-01. Pure: time is always a parameter.

/// Seconds of a day without leap seconds, as unix time has it.
pub const SECONDS_A_DAY: i64 = 86_400;

/// A day by its number since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

/// Year, month 1 to 12, day of the month 1 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub year: i64,
    pub month: u8,
    pub day: u8,
}

/// As `Mon` to `Sun`.
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
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

impl Day {
    /// The day of a moment in unix microseconds, at UTC.
    pub const fn of(at_us: i64) -> Self {
        Self(at_us.div_euclid(1_000_000).div_euclid(SECONDS_A_DAY))
    }

    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    pub const fn from_date(year: i64, month: u8, day: u8) -> Self {
        let month = month as i64;
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year - era * 400;
        // Counted from March, so that the leap day is a year's last.
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Source: the same, civil_from_days.
    pub fn date(self) -> Date {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        Date {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day).unwrap_or(1),
        }
    }

    /// 0 for Monday to 6 for Sunday. 1970-01-01 was a Thursday.
    pub const fn weekday(self) -> usize {
        (self.0 + 3).rem_euclid(7) as usize
    }

    /// Whether parcels travel: no weekend, and none of the holidays that are the same all over Europe.
    pub fn is_working_day(self) -> bool {
        let date = self.date();
        let is_holiday = matches!((date.month, date.day), (1, 1) | (12, 25 | 26));
        self.weekday() < 5 && !is_holiday
    }

    /// The working day that is `count` working days later; with 0 this one, or the next that works.
    pub fn plus_working_days(self, count: u32) -> Self {
        let mut day = self;
        while !day.is_working_day() {
            day = Self(day.0 + 1);
        }
        let mut left = count;
        while left > 0 {
            day = Self(day.0 + 1);
            if day.is_working_day() {
                left -= 1;
            }
        }
        day
    }

    /// `Fri`
    pub fn weekday_name(self) -> &'static str {
        WEEKDAYS.get(self.weekday()).unwrap_or(&"")
    }
}

impl Date {
    /// `November`
    pub fn month_name(self) -> &'static str {
        let index = usize::from(self.month).wrapping_sub(1);
        MONTHS.get(index).unwrap_or(&"")
    }

    /// `Nov`
    pub fn month_short(self) -> &'static str {
        self.month_name().get(..3).unwrap_or_default()
    }
}

/// A minute as forms write it, `2026-12-01T08:00` at UTC, in unix microseconds; `None` for what is none.
pub fn minute_us(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let mut parts = date.splitn(3, '-');
    let mut next = |digits: usize| {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<i64>().ok()).flatten()
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    let (hour, minute) = time.split_once(':')?;
    let number = |part: &str, below: i64| {
        let is_number = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let number = is_number.then(|| part.parse::<i64>().ok()).flatten()?;
        (number < below).then_some(number)
    };
    // A browser may say the seconds of a full minute.
    let minute = minute.strip_suffix(":00").unwrap_or(minute);
    let (hour, minute) = (number(hour, 24)?, number(minute, 60)?);
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let number = Day::from_date(year, month, day);
    // A day that there is not would be another one.
    let is_a_day = number.date() == Date { year, month, day };
    let seconds = number.0 * SECONDS_A_DAY + (hour * 60 + minute) * 60;
    is_a_day.then_some(seconds * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_lead_to_each_other() {
        for day in (-800_000..800_000).step_by(37) {
            let date = Day(day).date();
            assert_eq!(Day::from_date(date.year, date.month, date.day), Day(day));
        }
        let leap = Day::from_date(2000, 2, 29);
        assert_eq!(leap, Day(11_016));
        assert_eq!(Day(leap.0 + 1).date().month_name(), "March");
    }

    #[test]
    fn weekdays_go_on_over_the_epoch() {
        assert_eq!(Day(0).weekday_name(), "Thu");
        assert_eq!(Day(-1).weekday_name(), "Wed");
        assert_eq!(Day::from_date(2026, 11, 29).weekday_name(), "Sun");
    }

    #[test]
    fn working_days_leave_weekends_out() {
        let friday = Day::from_date(2026, 11, 27);
        let monday = Day(friday.0 + 3);
        assert_eq!(friday.plus_working_days(0), friday);
        assert_eq!(friday.plus_working_days(1), monday);
        assert_eq!(Day(friday.0 + 1).plus_working_days(0), monday);
        assert_eq!(friday.plus_working_days(6).weekday_name(), "Mon");
    }

    #[test]
    fn a_minute_is_read_as_forms_write_it() {
        let noon = 1_000_000 * (Day::from_date(2026, 12, 1).0 * SECONDS_A_DAY + 12 * 3_600);
        assert_eq!(minute_us("2026-12-01T12:00"), Some(noon));
        assert_eq!(minute_us("2026-12-01T12:01:00"), Some(noon + 60_000_000));
        for text in [
            "",
            "2026-12-01",
            "2026-13-01T12:00",
            "2026-02-30T12:00",
            "2026-12-01T24:00",
            "2026-12-01T12:60",
            "26-12-01T12:00",
            "2026-12-01T12:00:30",
            "+026-12-01T12:00",
        ] {
            assert_eq!(minute_us(text), None, "{text}");
        }
    }
}
