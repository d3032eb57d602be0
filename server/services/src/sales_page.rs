//! What staff see of a stretch of time: what was sold, beside the stretch before, and what needs them now.

use broker::Consumer as _;
use db::Columns;
use domain::sales::{DAY_US, HOUR_US, MINUTE_US, Step, workshop_day};
use types::Sku;
use types::alert::AlertTab;
use types::arrival::workshop_offset_us;
use types::calendar::Day;
use types::sales::{AtRisk, Bar, BestSeller, Figures, SalesPage, Span};
use types::staff::Right;

use crate::events::{Refused, internal};
use crate::sales::Sales;
use crate::shop::Shop;
use crate::visitor::Staff;

/// Rows of each list.
const LISTED: usize = 6;

/// Which stretches a page shows, by their beginnings, and those before.
struct Range {
    step: Step,
    /// Begin of each bar, and the end of the last.
    edges: Vec<i64>,
    /// Begin and end of what the page is compared with.
    before: (i64, i64),
}

impl Range {
    fn of(span: Span, now_us: i64) -> Self {
        let today = workshop_day(now_us);
        let days = |count: i64| {
            let first = today.0 - count + 1;
            let edges = (first..=today.0 + 1).map(|day| day * DAY_US).collect();
            let before = ((first - count) * DAY_US, first * DAY_US);
            Self {
                step: Step::Day,
                edges,
                before,
            }
        };
        match span {
            Span::Hour => {
                let end = Step::Minute.of(now_us) + MINUTE_US;
                let first = end - HOUR_US;
                Self {
                    step: Step::Minute,
                    edges: (0..=60).map(|minute| first + minute * MINUTE_US).collect(),
                    before: (first - HOUR_US, first),
                }
            }
            Span::Today => {
                let (first, end) = (midnight_us(today), midnight_us(Day(today.0 + 1)));
                // A day of a changing clock has an hour more or less.
                let hours = (end - first) / HOUR_US;
                let yesterday = midnight_us(Day(today.0 - 1));
                let until = yesterday + (Step::Hour.of(now_us) + HOUR_US - first);
                Self {
                    step: Step::Hour,
                    edges: (0..=hours).map(|hour| first + hour * HOUR_US).collect(),
                    before: (yesterday, until.min(first)),
                }
            }
            Span::Week => days(7),
            Span::Month => days(30),
            Span::Year => {
                let month = |back: i64| {
                    let date = today.date();
                    let months = date.year * 12 + i64::from(date.month) - 1 - back;
                    let of_year = u8::try_from(months.rem_euclid(12)).unwrap_or(0) + 1;
                    Day::from_date(months.div_euclid(12), of_year, 1).0 * DAY_US
                };
                Self {
                    step: Step::Day,
                    edges: (-1..12).rev().map(month).collect(),
                    before: (month(23), month(11)),
                }
            }
        }
    }

    fn begin(&self) -> i64 {
        self.edges.first().copied().unwrap_or(0)
    }

    fn end(&self) -> i64 {
        self.edges.last().copied().unwrap_or(0)
    }

    /// The bars with nothing in them yet.
    fn bars(&self, span: Span, now_us: i64) -> Vec<Bar> {
        let now = self.step.of(now_us);
        let beginnings = self.edges.iter().take(self.edges.len().saturating_sub(1));
        let bar = |&begin: &i64| {
            let (short, long) = labels(span, begin);
            Bar {
                short,
                long,
                is_ahead: begin > now,
                figures: Figures::default(),
            }
        };
        beginnings.map(bar).collect()
    }

    /// Which bar a stretch belongs to.
    fn bar_of(&self, stretch: i64) -> Option<usize> {
        let after = self.edges.partition_point(|edge| *edge <= stretch);
        let bar = after.checked_sub(1)?;
        (bar + 1 < self.edges.len()).then_some(bar)
    }
}

/// When a day of the workshop begins, unix microseconds.
fn midnight_us(day: Day) -> i64 {
    let at_utc = day.0 * DAY_US;
    // Clocks change at 01:00 UTC, after both midnights.
    at_utc - workshop_offset_us(at_utc - workshop_offset_us(at_utc))
}

/// What stands below a bar, and where one asks.
fn labels(span: Span, begin: i64) -> (String, String) {
    let local_us = match span {
        Span::Hour | Span::Today => begin + workshop_offset_us(begin),
        Span::Week | Span::Month | Span::Year => begin,
    };
    let day = Day::of(local_us);
    let date = day.date();
    let minutes = local_us.rem_euclid(DAY_US) / MINUTE_US;
    let time = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    match span {
        Span::Hour => (time.clone(), time),
        Span::Today => {
            let hour = minutes / 60;
            (
                format!("{hour}"),
                format!("{hour:02}:00\u{2013}{hour:02}:59"),
            )
        }
        Span::Week => (
            format!("{} {}", day.weekday_name(), date.day),
            format!("{} {} {}", day.weekday_name(), date.day, date.month_short()),
        ),
        Span::Month => (
            format!("{}", date.day),
            format!("{} {} {}", day.weekday_name(), date.day, date.month_short()),
        ),
        Span::Year => (
            date.month_short().to_owned(),
            format!("{} {}", date.month_name(), date.year),
        ),
    }
}

impl Shop {
    /// What was sold within a span until now, and what needs somebody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sales_page(&self, staff: &Staff, span: Span) -> crate::Result<SalesPage> {
        staff.may(Right::See)?;
        let now_us = self.now_us();
        let mut page = self.counted_sales(span, now_us).await?;
        let alerts = self.alert_page(staff, AlertTab::default(), 0).await?;
        page.waiting = alerts.rows.into_iter().take(LISTED).collect();
        Ok(page)
    }

    async fn counted_sales(&self, span: Span, now_us: i64) -> Result<SalesPage, Refused> {
        self.caught_up(Sales::NAME, self.sales_position()).await;
        let range = Range::of(span, now_us);
        let mut bars = range.bars(span, now_us);
        let mut before = Figures::default();
        let rows = db::query(
            "select at_us, checkouts, placed, declined, sold, pieces, sold_minor, cancelled, \
             cancelled_minor, collected_minor, refunded_minor from sales_figures \
             where step = $1 and at_us >= $2 and at_us < $3",
        )
        .bind(range.step.into_str())
        .bind(range.before.0)
        .bind(range.end())
        .fetch_all(self.log().db().reader())
        .await?;
        for row in &rows {
            let at_us: i64 = row.try_get(0)?;
            let mut numbers = [0; types::sales::FIGURES];
            for (column, number) in (1..).zip(&mut numbers) {
                *number = row.try_get(column)?;
            }
            let figures = Figures::of(numbers);
            let bar = range.bar_of(at_us).and_then(|bar| bars.get_mut(bar));
            match bar {
                Some(bar) => bar.figures = bar.figures.plus(&figures),
                None if at_us < range.before.1 => before = before.plus(&figures),
                None => {}
            }
        }
        let total = bars
            .iter()
            .fold(Figures::default(), |sum, bar| sum.plus(&bar.figures));
        let best = self.best_sellers(&range).await?;
        let (at_risk, at_risk_count) = self.at_risk();
        Ok(SalesPage {
            span,
            currency: self.currency(),
            bars,
            total,
            before,
            best,
            at_risk,
            at_risk_count,
            waiting: Vec::new(),
            now_us,
        })
    }

    async fn best_sellers(&self, range: &Range) -> Result<Vec<BestSeller>, Refused> {
        let rows = db::query(
            "select sku, cast(sum(pieces) as bigint), cast(sum(sold_minor) as bigint) \
             from sales_of_skus where step = $1 and at_us >= $2 and at_us < $3 \
             group by sku order by 3 desc, sku limit $4",
        )
        .bind(range.step.into_str())
        .bind(range.begin())
        .bind(range.end())
        .bind(i64::try_from(LISTED).unwrap_or(i64::MAX))
        .fetch_all(self.log().db().reader())
        .await?;
        let catalogue = self.catalogue();
        let mut best = Vec::with_capacity(rows.len());
        for row in &rows {
            let sku: Sku = row.try_get::<&str, _>(0)?.parse().map_err(internal)?;
            // What is not in the catalogue any more has its number alone.
            let Some((product, variant)) = catalogue.variant(&sku) else {
                continue;
            };
            best.push(BestSeller {
                product: product.slug.clone(),
                title: product.title.clone(),
                variant: variant.title(),
                pieces: row.try_get(1)?,
                sold_minor: row.try_get(2)?,
                sku,
            });
        }
        Ok(best)
    }

    /// What is sold out or has fallen to its threshold, the scarcest first; and how many there are.
    fn at_risk(&self) -> (Vec<AtRisk>, usize) {
        let catalogue = self.catalogue();
        let all = catalogue.variants().filter_map(|(product, variant)| {
            let level = self.levels().level(&variant.sku)?;
            (level.is_low()).then_some((product, variant, level))
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by(|(_, a, of_a), (_, b, of_b)| {
            let left = of_a.available().cmp(&of_b.available());
            left.then_with(|| a.sku.cmp(&b.sku))
        });
        let count = all.len();
        let first = all.into_iter().take(LISTED);
        let first = first.map(|(product, variant, level)| AtRisk {
            sku: variant.sku.clone(),
            title: product.title.clone(),
            variant: variant.title(),
            level,
        });
        (first.collect(), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment by its UTC date and time.
    fn at(year: i64, month: u8, day: u8, hour: i64, minute: i64) -> i64 {
        Day::from_date(year, month, day).0 * DAY_US + hour * HOUR_US + minute * MINUTE_US
    }

    fn shorts(span: Span, now_us: i64) -> Vec<String> {
        let bars = Range::of(span, now_us).bars(span, now_us).into_iter();
        bars.map(|bar| bar.short).collect()
    }

    #[test]
    fn the_last_hour_ends_with_this_minute() {
        let range = Range::of(Span::Hour, at(2026, 12, 1, 9, 30));
        assert_eq!(range.edges.len(), 61);
        assert_eq!(range.end(), at(2026, 12, 1, 9, 31));
        assert_eq!(range.before, (at(2026, 12, 1, 7, 31), range.begin()));
        assert_eq!(range.bar_of(at(2026, 12, 1, 9, 30)), Some(59));
        assert_eq!(range.bar_of(at(2026, 12, 1, 9, 31)), None);
    }

    #[test]
    fn today_is_the_workshop_s_and_beside_it_stands_as_much_of_yesterday() {
        let range = Range::of(Span::Today, at(2026, 12, 1, 9, 30));
        assert_eq!(
            range.begin(),
            at(2026, 11, 30, 23, 0),
            "an hour before UTC's"
        );
        assert_eq!(range.edges.len(), 25);
        let before = (at(2026, 11, 29, 23, 0), at(2026, 11, 30, 10, 0));
        assert_eq!(range.before, before);
        // A quarter past midnight, that is all of yesterday's first hour.
        let night = Range::of(Span::Today, at(2026, 11, 30, 23, 15));
        let before = (at(2026, 11, 29, 23, 0), at(2026, 11, 30, 0, 0));
        assert_eq!(night.before, before);
    }

    #[test]
    fn a_day_on_which_the_clock_changes_has_an_hour_more_or_less() {
        let spring = Range::of(Span::Today, at(2026, 3, 29, 12, 0));
        assert_eq!(spring.edges.len(), 24);
        let autumn = Range::of(Span::Today, at(2026, 10, 25, 12, 0));
        assert_eq!(autumn.edges.len(), 26);
        assert_eq!(autumn.begin(), at(2026, 10, 24, 22, 0));
        assert_eq!(autumn.end(), at(2026, 10, 25, 23, 0));
    }

    #[test]
    fn days_and_months_are_whole_and_without_a_gap() {
        let now = at(2026, 12, 1, 9, 30);
        assert_eq!(
            shorts(Span::Week, now),
            [
                "Wed 25", "Thu 26", "Fri 27", "Sat 28", "Sun 29", "Mon 30", "Tue 1"
            ]
        );
        assert_eq!(shorts(Span::Month, now).len(), 30);
        let months = shorts(Span::Year, now);
        assert_eq!(
            months,
            [
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
            ]
        );
        let year = Range::of(Span::Year, now);
        assert_eq!(year.begin(), Day::from_date(2026, 1, 1).0 * DAY_US);
        assert_eq!(year.end(), Day::from_date(2027, 1, 1).0 * DAY_US);
        assert_eq!(year.before.0, Day::from_date(2025, 1, 1).0 * DAY_US);
        assert_eq!(year.before.1, year.begin());
    }
}
