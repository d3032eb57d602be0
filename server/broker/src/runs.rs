//! Positions beyond the stored one that are dealt with: what is answered early need not wait for what
//! is answered late, and is not asked again after a crash. One short text per reactor.

use std::collections::BTreeSet;

/// Ranges of positions, both ends included, in order and apart from one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Runs(Vec<(u64, u64)>);

impl Runs {
    pub fn contains(&self, position: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= position);
        after
            .checked_sub(1)
            .is_some_and(|at| position <= self.0[at].1)
    }

    /// Adds positions, in order. Runs grow together where nothing between them is open, for what was
    /// read and is not open concerns nobody. Nothing is known of what comes after `read`: after a
    /// restart, runs are known before what lies between them is read. What is not after `stored` is
    /// left out.
    pub fn with(&self, done: &BTreeSet<u64>, open: &BTreeSet<u64>, read: u64, stored: u64) -> Self {
        let added = done.iter().map(|position| (*position, *position));
        let mut all: Vec<(u64, u64)> = self.0.iter().copied().chain(added).collect();
        all.sort_unstable();
        let mut runs: Vec<(u64, u64)> = Vec::with_capacity(all.len());
        for (first, last) in all.into_iter().filter(|(_, last)| *last > stored) {
            match runs.last_mut() {
                Some(before) if last <= before.1 => {}
                Some(before)
                    if before.1 + 1 >= first
                        || (first <= read + 1
                            && open.range(before.1 + 1..first).next().is_none()) =>
                {
                    before.1 = last;
                }
                _ => runs.push((first.max(stored + 1), last)),
            }
        }
        Self(runs)
    }

    /// As [`Runs::from_text`] reads it, relative to the stored position.
    pub fn to_text(&self, stored: u64) -> String {
        let mut at = stored;
        let run = |(first, last): &(u64, u64)| {
            let text = format!("{}+{}", first - at - 1, last - first + 1);
            at = *last;
            text
        };
        self.0.iter().map(run).collect::<Vec<_>>().join(",")
    }

    /// `None` when the text is not one of these.
    pub fn from_text(text: &str, stored: u64) -> Option<Self> {
        let mut at = stored;
        let mut runs = Vec::new();
        for run in text.split(',').filter(|run| !run.is_empty()) {
            let (skip, length) = run.split_once('+')?;
            let first = at.checked_add(skip.parse().ok()?)?.checked_add(1)?;
            at = first.checked_add(length.parse::<u64>().ok()?.checked_sub(1)?)?;
            runs.push((first, at));
        }
        Some(Self(runs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(positions: &[u64]) -> BTreeSet<u64> {
        positions.iter().copied().collect()
    }

    #[test]
    fn runs_grow_together_where_nothing_is_open_and_survive_as_text() {
        let runs = Runs::default().with(&set(&[5, 7, 9, 12]), &set(&[4, 8, 11, 13]), 13, 3);
        assert_eq!(runs, Runs(vec![(5, 7), (9, 9), (12, 12)]));
        assert!(runs.contains(6) && runs.contains(12));
        assert!(!runs.contains(4) && !runs.contains(8) && !runs.contains(13));
        let text = runs.to_text(3);
        assert_eq!(text, "1+3,1+1,2+1");
        assert_eq!(Runs::from_text(&text, 3), Some(runs.clone()));
        let later = runs.with(&set(&[4, 8]), &set(&[11, 13]), 13, 10);
        assert_eq!(later, Runs(vec![(12, 12)]));
        assert_eq!(later.to_text(10), "1+1");
    }

    #[test]
    fn what_was_not_read_again_yet_keeps_runs_apart() {
        let known = Runs::from_text("1+2,1+3", 3).expect("a text");
        assert_eq!(known, Runs(vec![(5, 6), (8, 10)]));
        let nothing_open = set(&[]);
        let read_to_4 = known.with(&set(&[4]), &nothing_open, 4, 3);
        assert_eq!(read_to_4, Runs(vec![(4, 6), (8, 10)]));
        let read_to_6 = known.with(&set(&[4]), &nothing_open, 6, 4);
        assert_eq!(read_to_6, Runs(vec![(5, 6), (8, 10)]));
        let read_to_7 = known.with(&set(&[4]), &nothing_open, 7, 4);
        assert_eq!(read_to_7, Runs(vec![(5, 10)]), "7 concerns nobody");
    }

    #[test]
    fn nothing_and_nonsense() {
        assert_eq!(Runs::default().to_text(9), "");
        assert_eq!(Runs::from_text("", 9), Some(Runs::default()));
        for text in ["x", "1+", "1+0", "1", "18446744073709551615+1"] {
            assert_eq!(Runs::from_text(text, 9), None, "{text}");
        }
    }
}
