//! What staff write down about an order. Who and when is in the log, too; the text is not.

use db::Columns;
use domain::event::OrderNoted;
use types::desk::{MAX_NOTE, OrderNote};
use types::staff::Right;
use types::{OrderId, Problem};

use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::visitor::Staff;

/// Notes about one order, at most.
const MOST: i64 = 200;

/// Deletes what was written about the orders of this email, `$1` as a search key.
pub(crate) const ERASE: &str = "delete from order_notes where order_id in \
     (select id from orders where email_key = $1)";

impl Shop {
    /// Writes a note down.
    ///
    /// # Errors
    /// 404 for an order that there is not, 422 for a text that is empty, too long or cannot be printed,
    /// 409 `too-many-notes`.
    pub async fn note(&self, staff: &Staff, order_id: OrderId, text: &str) -> crate::Result<()> {
        let by = staff.may(Right::Orders)?;
        let text = checked(text)?;
        let id = self.log().environment().new_id().to_string();
        let (now_us, by, who) = (self.now_us(), staff.email.clone(), by.to_owned());
        let noted: Result<(), Refused> = self
            .writer()
            .run(move |tx| {
                Box::pin(async move {
                    let order = order_id.to_string();
                    let row = db::query(
                        "select (select count(*) from order_notes where order_id = $1) \
                         from orders where id = $2",
                    )
                    .bind(&order)
                    .bind(&order)
                    .fetch_optional(tx.conn())
                    .await?;
                    let Some(row) = row else {
                        return Err(Problem::not_found("There is no such order.").into());
                    };
                    if row.try_get::<i64, _>(0)? >= MOST {
                        return Err(too_many().into());
                    }
                    db::query(
                        "insert into order_notes (id, order_id, at_us, by_whom, note) \
                         values ($1, $2, $3, $4, $5)",
                    )
                    .bind(&id)
                    .bind(&order)
                    .bind(now_us)
                    .bind(&by)
                    .bind(&text)
                    .execute(tx.conn())
                    .await?;
                    let noted = OrderNoted {
                        order_id,
                        note_id: id,
                        by: who,
                    };
                    tx.append(encode(noted.into())?, None);
                    Ok(())
                })
            })
            .await;
        Ok(noted?)
    }

    /// The notes about an order, the oldest first.
    pub(crate) async fn notes(&self, order_id: OrderId) -> Result<Vec<OrderNote>, Refused> {
        let rows = db::query(
            "select id, at_us, by_whom, note from order_notes where order_id = $1 \
             order by at_us, id limit $2",
        )
        .bind(order_id.to_string())
        .bind(MOST)
        .fetch_all(self.log().db().reader())
        .await?;
        let note = |row: &db::Row| {
            Ok(OrderNote {
                id: row.try_get(0)?,
                at_us: row.try_get(1)?,
                by: row.try_get(2)?,
                text: row.try_get(3)?,
            })
        };
        let notes: Result<_, db::SqlError> = rows.iter().map(note).collect();
        notes.map_err(|error| Refused(internal(error)))
    }
}

/// The text as it is kept. Lines are ended as everywhere; nothing in it hides or turns the rest.
fn checked(text: &str) -> Result<String, Problem> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() {
        return Err(Problem::invalid_field(
            "note",
            "Write something down first.",
        ));
    }
    if text.chars().count() > MAX_NOTE {
        let message = format!("A note may have at most {MAX_NOTE} characters.");
        return Err(Problem::invalid_field("note", message));
    }
    let lines = text.split('\n').filter(|line| !line.trim().is_empty());
    if !lines.into_iter().all(types::is_printable) {
        let message = "The note has a character we cannot print.";
        return Err(Problem::invalid_field("note", message));
    }
    Ok(text)
}

fn too_many() -> Problem {
    let detail = format!("This order has {MOST} notes already.");
    Problem::conflict("too-many-notes", "No more notes", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_text_of_some_lines_that_everybody_can_see() {
        let kept = checked("  Rang her.\r\n\r\nSend on Friday. \n").expect("kept");
        assert_eq!(kept, "Rang her.\n\nSend on Friday.");
        for bad in ["", " \n ", "a\u{202e}b", "\u{200b}", "bell\u{7}"] {
            assert!(checked(bad).is_err(), "{bad:?}");
        }
        assert!(checked(&"é".repeat(MAX_NOTE)).is_ok());
        assert!(checked(&"é".repeat(MAX_NOTE + 1)).is_err());
    }
}
