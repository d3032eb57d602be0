//! Where consumers stand, in the database.

use db::{Columns, in_list};

use crate::{Begins, Error, Result};

/// Makes a consumer known that may never have been there before. Answers with its position.
pub(crate) async fn introduce(
    tx: &mut db::Tx,
    consumer: &str,
    begins: Begins,
    generation: i64,
) -> Result<u64> {
    let begins = match begins {
        Begins::AtStart => "0",
        Begins::AtHead => "position",
    };
    let insert = format!(
        "insert into consumers (name, position, generation) \
         select $1, {begins}, $2 from log_head where id = 1 on conflict do nothing"
    );
    db::query(db::trusted_sql(insert))
        .bind(consumer)
        .bind(generation)
        .execute(tx.conn())
        .await?;
    let row = db::query("select position from consumers where name = $1")
        .bind(consumer)
        .fetch_one(tx.conn())
        .await?;
    Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
}

/// Makes a consumer known that begins after `position`. Says whether it was not known before.
pub(crate) async fn introduce_at(tx: &mut db::Tx, consumer: &str, position: u64) -> Result<bool> {
    let inserted = db::query(
        "insert into consumers (name, position, generation) values ($1, $2, 0) \
         on conflict (name) do nothing",
    )
    .bind(consumer)
    .bind(i64::try_from(position).unwrap_or(i64::MAX))
    .execute(tx.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// How far a consumer has come; 0 for one that there is not.
pub(crate) async fn of(tx: &mut db::Tx, consumer: &str) -> Result<u64> {
    let row = db::query("select position from consumers where name = $1")
        .bind(consumer)
        .fetch_optional(tx.conn())
        .await?;
    let Some(row) = row else { return Ok(0) };
    Ok(row.try_get::<i64, _>(0)?.unsigned_abs())
}

/// Forgets a consumer that will not come again.
pub(crate) async fn forget(tx: &mut db::Tx, consumer: &str) -> Result<()> {
    db::query("delete from consumers where name = $1")
        .bind(consumer)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Moves the stored position of a consumer that stands at `from`. Says whether it did.
pub(crate) async fn move_one(tx: &mut db::Tx, consumer: &str, from: u64, to: u64) -> Result<bool> {
    let moved = db::query("update consumers set position = $1 where name = $2 and position = $3")
        .bind(i64::try_from(to).unwrap_or(i64::MAX))
        .bind(consumer)
        .bind(i64::try_from(from).unwrap_or(i64::MAX))
        .execute(tx.conn())
        .await?
        .rows_affected();
    Ok(moved == 1)
}

/// Moves the stored positions of consumers that stand at `from` to `to`, all at once.
///
/// # Errors
/// [`Error::Overtaken`] when one of them stands elsewhere.
pub(crate) async fn move_all(tx: &mut db::Tx, names: &[&str], from: u64, to: u64) -> Result<()> {
    let (list, listed) = in_list(names, 3);
    let sql =
        format!("update consumers set position = $1 where position = $2 and name in ({list})");
    let mut update = db::query(db::trusted_sql(sql))
        .bind(i64::try_from(to).unwrap_or(i64::MAX))
        .bind(i64::try_from(from).unwrap_or(i64::MAX));
    for name in listed {
        update = update.bind(*name);
    }
    let moved = update.execute(tx.conn()).await?.rows_affected();
    if moved == names.len() as u64 {
        Ok(())
    } else {
        Err(Error::Overtaken)
    }
}

/// Puts another generation of a decider's states in use.
pub(crate) async fn use_generation(tx: &mut db::Tx, decider: &str, generation: i64) -> Result<()> {
    db::query("update consumers set generation = $1 where name = $2")
        .bind(generation)
        .bind(decider)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps a consumer from committing until `tx` ends.
pub(crate) async fn hold(tx: &mut db::Tx, consumer: &str) -> Result<()> {
    // Nothing is changed, and the row is held; also that of a consumer which starts for the first time
    // just now, and would otherwise not be noticed.
    db::query(
        "insert into consumers (name, position, generation) values ($1, 0, 1) \
         on conflict (name) do update set position = consumers.position",
    )
    .bind(consumer)
    .execute(tx.conn())
    .await?;
    Ok(())
}
