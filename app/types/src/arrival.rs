//! When a parcel arrives: from the moment an order is paid, how it travels and where to. Weekends,
//! Christmas and New Year are left out; other public holidays are not known and may add a day each.

use std::fmt;

use crate::calendar::{Day, SECONDS_A_DAY};
use crate::checkout::DeliveryMethod;

/// What is paid before this hour of a working day leaves the workshop the same day.
pub const CUT_OFF_HOUR: i64 = 12;

/// Countries to which parcels travel a day longer.
const FAR: [&str; 6] = ["ES", "FI", "IE", "IT", "PT", "SE"];

/// The first and the last day on which the parcel is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub first: Day,
    pub last: Day,
}

/// Working days on the road, the fewest and the most.
pub fn days_on_the_road(method: DeliveryMethod, country: &str) -> (u32, u32) {
    let far = FAR.contains(&country);
    match method {
        DeliveryMethod::Standard if far => (3, 4),
        DeliveryMethod::Standard => (2, 3),
        DeliveryMethod::Express if far => (2, 2),
        DeliveryMethod::Express => (1, 1),
    }
}

/// When an order that was paid at `paid_at_us` (unix microseconds) arrives in `country`.
pub fn arrival(method: DeliveryMethod, country: &str, paid_at_us: i64) -> Arrival {
    let leaves = leaves_on(paid_at_us);
    let (fewest, most) = days_on_the_road(method, country);
    Arrival {
        first: leaves.plus_working_days(fewest),
        last: leaves.plus_working_days(most),
    }
}

/// The same where no country was chosen yet: what holds for all of them.
pub fn arrival_in(method: DeliveryMethod, country: &str, paid_at_us: i64) -> Arrival {
    if !country.is_empty() {
        return arrival(method, country, paid_at_us);
    }
    let near = arrival(method, "", paid_at_us);
    let far = arrival(method, FAR[0], paid_at_us);
    Arrival {
        first: near.first,
        last: far.last,
    }
}

/// The working day on which the parcel leaves the workshop.
fn leaves_on(paid_at_us: i64) -> Day {
    let local_us = paid_at_us.saturating_add(workshop_offset_us(paid_at_us));
    let today = Day::of(local_us);
    let hour = local_us.div_euclid(1_000_000).rem_euclid(SECONDS_A_DAY) / 3_600;
    if today.is_working_day() && hour >= CUT_OFF_HOUR {
        today.plus_working_days(1)
    } else {
        today.plus_working_days(0)
    }
}

/// The workshop's clock against UTC in microseconds: Central European Time, an hour more in summer. Summer lasts from
/// the last Sunday of March to that of October, at 01:00 UTC (Directive 2000/84/EC).
pub fn workshop_offset_us(at_us: i64) -> i64 {
    const HOUR_US: i64 = 3_600 * 1_000_000;
    let year = Day::of(at_us).date().year;
    let change = |month| {
        let last = Day::from_date(year, month, 31);
        let sunday = last.0 - (last.weekday() as i64 + 1) % 7;
        sunday * SECONDS_A_DAY * 1_000_000 + HOUR_US
    };
    let is_summer = (change(3)..change(10)).contains(&at_us);
    if is_summer { 2 * HOUR_US } else { HOUR_US }
}

impl fmt::Display for Arrival {
    /// `Fri 27 Nov – Tue 1 Dec`; the month once where it is one, `Fri 27 Nov` where it is one day.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first.date(), self.last.date());
        let (weekday, day) = (self.first.weekday_name(), first.day);
        if self.first != self.last {
            write!(f, "{weekday} {day}")?;
            if first.month != last.month {
                write!(f, " {}", first.month_short())?;
            }
            f.write_str(" \u{2013} ")?;
        }
        let weekday = self.last.weekday_name();
        write!(f, "{weekday} {} {}", last.day, last.month_short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment by its UTC date and time.
    fn at(year: i64, month: u8, day: u8, hour: i64, minute: i64) -> i64 {
        let seconds = Day::from_date(year, month, day).0 * SECONDS_A_DAY;
        (seconds + hour * 3_600 + minute * 60) * 1_000_000
    }

    fn told(method: DeliveryMethod, country: &str, paid_at_us: i64) -> String {
        arrival(method, country, paid_at_us).to_string()
    }

    use DeliveryMethod::{Express, Standard};

    #[test]
    fn before_the_cut_off_a_parcel_leaves_the_same_day() {
        // 11:59 and 12:00 at the workshop in winter.
        let wednesday = at(2026, 11, 25, 10, 59);
        assert_eq!(
            told(Standard, "DE", wednesday),
            "Fri 27 \u{2013} Mon 30 Nov"
        );
        let later = at(2026, 11, 25, 11, 0);
        assert_eq!(told(Standard, "DE", later), "Mon 30 Nov \u{2013} Tue 1 Dec");
    }

    #[test]
    fn in_summer_the_cut_off_is_an_hour_earlier_at_utc() {
        let before = at(2026, 7, 1, 9, 59);
        assert_eq!(told(Express, "DE", before), "Thu 2 Jul");
        let after = at(2026, 7, 1, 10, 0);
        assert_eq!(told(Express, "DE", after), "Fri 3 Jul");
        // Summer began at 01:00 UTC on Sunday 29 March 2026.
        assert_eq!(
            workshop_offset_us(at(2026, 3, 29, 0, 59)),
            3_600 * 1_000_000
        );
        assert_eq!(workshop_offset_us(at(2026, 3, 29, 1, 0)), 7_200 * 1_000_000);
        assert_eq!(
            workshop_offset_us(at(2026, 10, 25, 1, 0)),
            3_600 * 1_000_000
        );
    }

    #[test]
    fn what_is_paid_on_a_weekend_leaves_on_monday() {
        let saturday = at(2026, 11, 28, 8, 0);
        let sunday = at(2026, 11, 29, 20, 0);
        assert_eq!(told(Express, "AT", saturday), "Tue 1 Dec");
        assert_eq!(told(Express, "AT", saturday), told(Express, "AT", sunday));
        let friday_afternoon = at(2026, 11, 27, 15, 0);
        assert_eq!(told(Express, "AT", friday_afternoon), "Tue 1 Dec");
    }

    #[test]
    fn further_away_takes_a_day_more_and_nothing_arrives_on_a_weekend() {
        let paid = at(2026, 11, 23, 8, 0);
        assert_eq!(told(Standard, "DE", paid), "Wed 25 \u{2013} Thu 26 Nov");
        assert_eq!(told(Standard, "PT", paid), "Thu 26 \u{2013} Fri 27 Nov");
        for day in 0..30 {
            for country in ["DE", "FI"] {
                let paid = at(2026, 12, 1, 7, 0) + day * SECONDS_A_DAY * 1_000_000;
                let arrival = arrival(Standard, country, paid);
                assert!(arrival.first.is_working_day() && arrival.last.is_working_day());
                assert!(arrival.first <= arrival.last);
            }
        }
    }

    #[test]
    fn before_a_country_is_chosen_the_arrival_holds_for_all() {
        let paid = at(2026, 11, 23, 8, 0);
        for method in [Standard, Express] {
            let told = arrival_in(method, "", paid);
            for (country, _) in crate::checkout::COUNTRIES {
                let there = arrival_in(method, country, paid);
                assert!(
                    told.first <= there.first && there.last <= told.last,
                    "{country}"
                );
            }
        }
    }

    #[test]
    fn nothing_travels_over_christmas_and_on_new_years_day() {
        for (paid, arrives) in [
            (at(2026, 12, 24, 9, 0), "Mon 28 Dec"),
            (at(2026, 12, 30, 12, 0), "Mon 4 Jan"),
        ] {
            assert_eq!(told(Express, "DE", paid), arrives);
        }
    }

    #[test]
    fn the_days_told_are_the_days_the_methods_promise() {
        for method in [Standard, Express] {
            let days =
                crate::checkout::COUNTRIES.map(|(country, _)| days_on_the_road(method, country));
            let fewest = days.iter().map(|days| days.0).min().unwrap_or_default();
            let most = days.iter().map(|days| days.1).max().unwrap_or_default();
            let promised = format!("{fewest} to {most} working days");
            assert!(method.promise().contains(&promised), "{promised}");
        }
    }
}
