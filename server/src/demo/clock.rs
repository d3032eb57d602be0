//! The demo's clock, faster than real time, and the rate of visitors at each hour.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
/// Time of day at which the demo starts.
const MORNING: f64 = 7.5 * HOUR;
/// Visitors of a day.
const VISITORS: f64 = 700.0;
/// How they spread over the hours of a day: few at night, most in the evening.
const HOURS: [u32; 24] = [
    8, 4, 2, 1, 1, 2, 6, 14, 22, 28, 32, 36, 42, 38, 32, 30, 32, 36, 42, 52, 58, 54, 38, 18,
];

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    begun: Instant,
    speed: f64,
}

impl Clock {
    pub fn start(speed: u32) -> Self {
        Self {
            begun: Instant::now(),
            speed: f64::from(speed),
        }
    }

    /// Seconds since the midnight before the first morning.
    fn now(&self) -> f64 {
        MORNING + self.begun.elapsed().as_secs_f64() * self.speed
    }

    /// Waits for seconds of the demo.
    pub async fn pass(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds / self.speed)).await;
    }

    /// `14:05`
    pub fn time(&self) -> String {
        written(self.now())
    }

    pub fn length_of_a_day(&self) -> String {
        let seconds = DAY / self.speed;
        match seconds {
            ..120.0 => format!("{seconds:.0} seconds"),
            ..7200.0 => format!("{:.0} minutes", seconds / 60.0),
            _ => format!("{:.0} hours", seconds / HOUR),
        }
    }

    /// Seconds of the demo until the next visitor comes.
    pub fn next_visitor(&self, rng: &mut impl Rng) -> f64 {
        gap(self.now(), rng)
    }
}

fn written(at: f64) -> String {
    let minutes = (at.rem_euclid(DAY) / 60.0) as u32;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Visitors do not know of one another: the time between two is exponentially distributed.
fn gap(at: f64, rng: &mut impl Rng) -> f64 {
    let hour = (at.rem_euclid(DAY) / HOUR) as usize;
    let share = f64::from(HOURS[hour.min(23)]) / f64::from(HOURS.iter().sum::<u32>());
    let mean = HOUR / (VISITORS * share);
    let chance: f64 = rng.random_range(f64::EPSILON..1.0);
    // At most until the next hour, whose rate may be higher.
    (-mean * chance.ln()).min(HOUR)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_day_has_about_as_many_visitors_as_planned_and_most_come_in_the_evening() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut at = MORNING;
        let (mut all, mut evening) = (0, 0);
        while at < MORNING + DAY {
            at += gap(at, &mut rng);
            all += 1;
            if (19.0 * HOUR..22.0 * HOUR).contains(&at.rem_euclid(DAY)) {
                evening += 1;
            }
        }
        assert!((550..850).contains(&all), "{all}");
        assert!(evening * 5 > all, "{evening} of {all}");
    }

    #[test]
    fn the_time_of_day_is_written_over_midnight() {
        assert_eq!(written(MORNING), "07:30");
        assert_eq!(written(DAY + 61.0), "00:01");
        assert_eq!(Clock::start(24).length_of_a_day(), "60 minutes");
        assert_eq!(Clock::start(1).length_of_a_day(), "24 hours");
        assert_eq!(Clock::start(1440).length_of_a_day(), "60 seconds");
    }
}
