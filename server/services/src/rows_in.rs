//! Rows of many keys in one question.

use broker::{Failure, Tx};
use db::in_list;

/// The rows that `question`, which ends with `… in`, has for any of these values. Each is asked for once.
pub(crate) async fn select_in(
    tx: &mut Tx,
    question: &str,
    values: impl Iterator<Item = &str>,
) -> Result<Vec<db::Row>, Failure> {
    let mut values: Vec<&str> = values.collect();
    values.sort_unstable();
    values.dedup();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let (list, listed) = in_list(&values, 1);
    let mut query = db::query(db::built(format!("{question} ({list})")));
    for value in listed {
        query = query.bind(*value);
    }
    Ok(query.fetch_all(tx.conn()).await?)
}
