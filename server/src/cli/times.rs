//! Moments of the log, as people name them.

use anyhow::Context;
use broker::Log;
use jiff::Timestamp;

/// A position, or a time such as 2026-11-22T10:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Position(u64),
    /// Unix microseconds.
    Time(i64),
}

/// For clap.
pub fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(position) = text.parse() {
        return Ok(Moment::Position(position));
    }
    let time: Timestamp = text.parse().map_err(|_| {
        "expected a position such as 4711, or a time such as 2026-11-22T10:00:00Z".to_owned()
    })?;
    Ok(Moment::Time(time.as_microsecond()))
}

impl Moment {
    /// The last position at this moment.
    pub async fn position(self, log: &Log) -> anyhow::Result<u64> {
        match self {
            Self::Position(position) => Ok(position),
            Self::Time(time_us) => (log.position_before(time_us).await).context("the log"),
        }
    }
}

/// `2026-11-22T10:00:00.123456Z`
pub fn utc(time_us: i64) -> String {
    Timestamp::from_microsecond(time_us).map_or_else(|_| time_us.to_string(), |t| format!("{t:.6}"))
}

/// `+3.2 ms`
pub fn took(took_us: i64) -> String {
    match took_us {
        ..1_000 => format!("+{took_us} µs"),
        1_000..1_000_000 => format!("+{:.1} ms", took_us as f64 / 1e3),
        1_000_000..60_000_000 => format!("+{:.1} s", took_us as f64 / 1e6),
        _ => format!("+{:.1} min", took_us as f64 / 6e7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        assert_eq!(moment("4711"), Ok(Moment::Position(4_711)));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(Moment::Time(1_000_000)));
        assert_eq!(
            moment("1970-01-01T01:00:01+01:00"),
            Ok(Moment::Time(1_000_000))
        );
        for bad in ["", "-1", "yesterday", "2026-11-22"] {
            assert!(
                moment(bad).is_err_and(|error| error.contains("expected")),
                "{bad}"
            );
        }
    }

    #[test]
    fn durations_are_told_in_the_unit_they_are_felt_in() {
        assert_eq!(took(870), "+870 µs");
        assert_eq!(took(3_240), "+3.2 ms");
        assert_eq!(took(1_500_000), "+1.5 s");
        assert_eq!(took(900_000_000), "+15.0 min");
    }
}
