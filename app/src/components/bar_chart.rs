//! A bar chart as an SVG of the server's: it is there without script, prints, and takes its colours and its size
//! from the page. What it shows is also in a table, so it is one picture to who does not see it.

use leptos::prelude::*;

/// Labels below the bars, at most.
const LABELS: usize = 6;
/// Of a bar's place, hundredths that stay free.
const GAP: f64 = 18.0;

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartBar {
    /// Below it.
    pub short: String,
    /// What one sees who rests on it.
    pub told: String,
    pub value: i64,
}

/// `label` says what all of it shows; `tick` writes a number of the axis, which ends at `least` or above.
#[component]
pub fn BarChart(
    label: String,
    bars: Vec<ChartBar>,
    least: i64,
    tick: fn(i64) -> String,
) -> impl IntoView {
    let highest = bars.iter().map(|bar| bar.value).max().unwrap_or(0);
    let top = top_of(highest.max(least));
    let width = bars.len() * 100;
    let every = bars.len().div_ceil(LABELS).max(1);
    // The newest has its label, whatever the number of bars.
    let offset = bars.len().saturating_sub(1) % every;
    let labels: Vec<_> = bars
        .iter()
        .enumerate()
        .map(|(at, bar)| {
            let is_told = at % every == offset;
            let words = is_told.then(|| bar.short.clone());
            view! { <span>{words.map(|words| view! { <span>{words}</span> })}</span> }
        })
        .collect();
    let rects: Vec<_> = bars
        .into_iter()
        .enumerate()
        .map(|(at, bar)| {
            let height = part_of(bar.value, top);
            #[expect(clippy::cast_precision_loss, reason = "some dozens")]
            let x = at as f64 * 100.0 + GAP / 2.0;
            view! {
                <rect
                    x=x.to_string()
                    y=(1_000 - height).to_string()
                    width=(100.0 - GAP).to_string()
                    height=height.to_string()
                >
                    <title>{bar.told}</title>
                </rect>
            }
        })
        .collect();
    view! {
        <figure class="chart" role="img" aria-label=label>
            <div class="chart__axis" aria-hidden="true">
                <span>{tick(top)}</span>
                <span>{tick(top / 2)}</span>
                <span>{tick(0)}</span>
            </div>
            <svg
                class="chart__bars"
                viewBox=format!("0 0 {width} 1000")
                preserveAspectRatio="none"
                aria-hidden="true"
            >
                {rects}
            </svg>
            <div class="chart__labels" aria-hidden="true">
                {labels}
            </div>
        </figure>
    }
}

/// The end of the axis: the next number above that halves well.
fn top_of(highest: i64) -> i64 {
    let mut step = 1_i64;
    loop {
        for times in [2, 4, 6, 10] {
            let Some(top) = step.checked_mul(times) else {
                return i64::MAX;
            };
            if top >= highest {
                return top;
            }
        }
        let Some(next) = step.checked_mul(10) else {
            return i64::MAX;
        };
        step = next;
    }
}

/// Thousandths of the chart's height; something that is there is seen.
fn part_of(value: i64, top: i64) -> i64 {
    if value <= 0 {
        return 0;
    }
    let part = i128::from(value) * 1_000 / i128::from(top.max(1));
    i64::try_from(part).unwrap_or(1_000).clamp(6, 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_above_the_highest_bar_at_a_number_that_halves() {
        for (highest, top) in [
            (0, 2),
            (2, 2),
            (3, 4),
            (5, 6),
            (7, 10),
            (11, 20),
            (249_000, 400_000),
            (600_001, 1_000_000),
        ] {
            assert_eq!(top_of(highest), top, "{highest}");
        }
        assert_eq!(top_of(i64::MAX), i64::MAX);
    }

    #[test]
    fn a_bar_is_as_high_as_its_part_and_never_invisible() {
        assert_eq!(part_of(0, 10), 0);
        assert_eq!(part_of(5, 10), 500);
        assert_eq!(part_of(10, 10), 1_000);
        assert_eq!(part_of(1, 1_000_000), 6);
        assert_eq!(part_of(i64::MAX, i64::MAX), 1_000);
    }
}
