//! Many rows in one statement. Statements are prepared once per text, so the texts are few: more than a
//! handful of rows are placed in chunks of powers of two, and lists are padded to them.

use std::fmt::Write;

use crate::Dialect;

/// Up to so many rows go into one statement whatever their number.
const MAX_EXACT: usize = 12;
/// More rows than this in one statement gain nothing and meet the engines' limits on parameters.
const MAX_CHUNK: usize = 256;

/// SQL that is no literal. Its caller vouches that it is made of literals, of what
/// [`Tx::place_rows`](crate::Tx::place_rows) and [`in_list`] answer, and of names of this program's own
/// tables, never of input.
pub fn trusted_sql(sql: String) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(sql)
}

/// `($1,$2),($3,$4)`, or `(?,?),(?,?)`, for `rows` rows of `columns` columns.
fn tuples(dialect: Dialect, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            text.push_str(if column == 0 { "" } else { "," });
            let _ = dialect.write_placeholder(&mut text, row * columns + column + 1);
        }
        text.push(')');
    }
    text
}

/// Splits `rows` into chunks of few different lengths and hands each, with the `values` list to put
/// into its statement, to the caller.
pub(crate) fn place_rows<T>(
    dialect: Dialect,
    rows: &[T],
    columns: usize,
) -> impl Iterator<Item = (String, &[T])> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length = match rest.len() {
            exact @ ..=MAX_EXACT => exact,
            many => (1 << many.ilog2()).min(MAX_CHUNK),
        };
        let (chunk, after) = rest.split_at(length);
        rest = after;
        Some((tuples(dialect, length, columns), chunk))
    })
}

/// What stands behind `in` for these values, `$from,$from+1,…`, and the values to bind there, in order. Both
/// are padded to a power of two with the last value, so that few statements differ. Nothing is in the list
/// of no values.
pub fn in_list<T>(values: &[T], from: usize) -> (String, Vec<&T>) {
    let Some(last) = values.last() else {
        return ("null".to_owned(), Vec::new());
    };
    let padded = values.len().next_power_of_two();
    let mut text = String::with_capacity(padded * 5);
    for i in 0..padded {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(text, "{comma}${}", from + i);
    }
    let values = values.iter().chain(std::iter::repeat(last)).take(padded);
    (text, values.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_few_chunks_and_none_is_lost() {
        let rows: Vec<u32> = (0..711).collect();
        let chunks: Vec<usize> = place_rows(Dialect::Postgres, &rows, 2)
            .map(|(_, chunk)| chunk.len())
            .collect();
        assert_eq!(chunks, [256, 256, 128, 64, 7]);
        for (dialect, list) in [
            (Dialect::Postgres, "($1,$2,$3),($4,$5,$6)"),
            (Dialect::Sqlite, "(?,?,?),(?,?,?)"),
        ] {
            let mut placed = place_rows(dialect, &rows[..2], 3);
            assert_eq!(placed.next().map(|(list, _)| list).as_deref(), Some(list));
        }
        assert_eq!(place_rows(Dialect::Sqlite, &rows[..0], 1).count(), 0);
    }

    #[test]
    fn lists_are_padded() {
        let list = in_list(&["a", "b", "c"], 2);
        assert_eq!(
            list,
            ("$2,$3,$4,$5".to_owned(), vec![&"a", &"b", &"c", &"c"])
        );
        assert_eq!(in_list::<&str>(&[], 1), ("null".to_owned(), Vec::new()));
    }
}
