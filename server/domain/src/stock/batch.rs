//! Counts of many SKUs as one decision: all of them, or none.

use types::admin::MAX_ON_HAND;
use types::stock_batch::{BatchConflict, BatchLine, BatchRefusal, NewCount};

use crate::event::{
    CountOrigin, Event, NewThreshold, StockBatchAccepted, StockBatchRejected, StockBatchRequested,
    StockCorrected,
};
use crate::stock::{Shelf, Stock};

/// What a line makes of the stock of its SKU.
fn counted(line: &BatchLine, before: Stock) -> Result<Option<i64>, BatchConflict> {
    let (wanted, is_as_seen) = match line.count {
        None => return Ok(None),
        Some(NewCount::To { on_hand, seen }) => {
            let is_as_seen = seen.is_none_or(|seen| seen == before.on_hand);
            // Who finds the same says the same.
            (on_hand, is_as_seen || on_hand == before.on_hand)
        }
        Some(NewCount::By { change }) => (before.on_hand.saturating_add(change), true),
    };
    let refusal = if !is_as_seen {
        BatchRefusal::ChangedMeanwhile
    } else if wanted < before.allocated + before.reserved {
        BatchRefusal::Promised
    } else if wanted > MAX_ON_HAND && wanted > before.on_hand {
        BatchRefusal::TooMany
    } else {
        return Ok(Some(wanted));
    };
    Err(BatchConflict {
        sku: line.sku.clone(),
        wanted,
        on_hand: before.on_hand,
        allocated: before.allocated,
        reserved: before.reserved,
        refusal,
    })
}

/// Follows all lines, or none and says which of them stand against it. A count that finds what there is moves
/// nothing and is told by no event of its own.
pub fn set_many(shelf: &mut Shelf, asked: &StockBatchRequested) -> Vec<Event> {
    let (batch_id, source) = (asked.batch_id, asked.source);
    let by = asked.by.clone();
    let mut conflicts = Vec::new();
    let mut counts = Vec::with_capacity(asked.lines.len());
    for line in &asked.lines {
        let before = shelf.get(&line.sku).copied();
        match counted(line, before.unwrap_or_default()) {
            Ok(Some(on_hand)) => counts.push((&line.sku, before, on_hand)),
            Ok(None) => {}
            Err(conflict) => conflicts.push(conflict),
        }
    }
    if !conflicts.is_empty() {
        return vec![
            StockBatchRejected {
                batch_id,
                source,
                conflicts,
                by,
            }
            .into(),
        ];
    }
    let given = counts.len();
    // The first count of a SKU puts it on the shelf, also when there is none of it.
    counts.retain(|(_, before, on_hand)| before.is_none_or(|before| before.on_hand != *on_hand));
    let corrected = counts.iter().map(|(sku, before, on_hand)| {
        let before = before.unwrap_or_default();
        let after = Stock {
            on_hand: *on_hand,
            ..before
        };
        shelf.insert((*sku).clone(), after);
        Event::from(StockCorrected {
            sku: (*sku).clone(),
            on_hand: after.on_hand,
            allocated: after.allocated,
            reserved: after.reserved,
            change: after.on_hand - before.on_hand,
            reason: asked.reason.clone(),
            by: by.clone(),
            origin: Some(CountOrigin::Batch { batch_id, source }),
        })
    });
    let corrected: Vec<Event> = corrected.collect();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let thresholds = asked.lines.iter().filter_map(|line| {
        Some(NewThreshold {
            sku: line.sku.clone(),
            threshold: line.threshold?,
        })
    });
    let accepted = StockBatchAccepted {
        batch_id,
        source,
        counted: number(given),
        changed: number(corrected.len()),
        thresholds: thresholds.collect(),
        currency: asked.currency,
        by,
    };
    // First, since whoever asked waits for it.
    [accepted.into()].into_iter().chain(corrected).collect()
}

#[cfg(test)]
mod tests {
    use types::stock_batch::BatchSource;
    use types::{Currency, Sku};

    use super::*;

    fn sku(name: &str) -> Sku {
        name.parse().expect("a SKU")
    }

    fn shelf() -> Shelf {
        let level = |on_hand, allocated| Stock {
            on_hand,
            allocated,
            reserved: 1,
        };
        [(sku("A"), level(10, 2)), (sku("B"), level(4, 3))].into()
    }

    fn line(name: &str, count: Option<NewCount>, threshold: Option<i64>) -> BatchLine {
        BatchLine {
            sku: sku(name),
            count,
            threshold,
        }
    }

    fn asked(lines: Vec<BatchLine>) -> StockBatchRequested {
        StockBatchRequested {
            batch_id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
            source: BatchSource::Import,
            lines,
            currency: Currency::Eur,
            reason: "year's end".into(),
            by: "ada".into(),
        }
    }

    fn to(on_hand: i64, seen: Option<i64>) -> Option<NewCount> {
        Some(NewCount::To { on_hand, seen })
    }

    #[test]
    fn given_lines_that_all_can_be_done_then_all_are_and_only_what_differs_moves() {
        let mut given = shelf();
        let by = Some(NewCount::By { change: -1 });
        let then = set_many(
            &mut given,
            &asked(vec![
                line("A", by, Some(3)),
                line("B", to(4, Some(9)), None),
                line("NEW", to(0, None), None),
            ]),
        );
        let [Event::StockBatchAccepted(accepted), rest @ ..] = &then[..] else {
            panic!("{then:?}");
        };
        assert_eq!((accepted.counted, accepted.changed), (3, 2));
        assert_eq!(accepted.thresholds.len(), 1);
        let changes = rest.iter().map(|event| match event {
            Event::StockCorrected(it) => (it.sku.as_str(), it.on_hand, it.change),
            other => panic!("{other:?}"),
        });
        let changes: Vec<_> = changes.collect();
        assert_eq!(changes, [("A", 9, -1), ("NEW", 0, 0)]);
        assert_eq!(given[&sku("A")].on_hand, 9);
        assert!(given.contains_key(&sku("NEW")));
    }

    #[test]
    fn given_one_line_that_cannot_be_done_then_none_is_and_every_such_line_is_told() {
        let before = shelf();
        let mut given = before.clone();
        let then = set_many(
            &mut given,
            &asked(vec![
                line("A", to(50, None), Some(1)),
                line("A", to(7, Some(11)), None),
                line("B", to(3, None), None),
                line("B", Some(NewCount::By { change: i64::MAX }), None),
            ]),
        );
        let [Event::StockBatchRejected(told)] = &then[..] else {
            panic!("{then:?}");
        };
        let refusals: Vec<_> = told.conflicts.iter().map(|it| it.refusal).collect();
        let expected = [
            BatchRefusal::ChangedMeanwhile,
            BatchRefusal::Promised,
            BatchRefusal::TooMany,
        ];
        assert_eq!(refusals, expected);
        assert_eq!(given, before);
    }
}
