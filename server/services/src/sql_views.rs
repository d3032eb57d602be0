//! What the inventory and the orders remember, as SQL views: for reports, and for whoever looks at the
//! database with a tool of their own. The shop itself reads the states.

use broker::Decider;
use db::{Db, Dialect};

use crate::inventory::{Inventory, RESERVATION};
use crate::orders::Orders;

/// Keeps two servers that start at once from creating them at once.
const LOCK: i64 = 8_240_118;

/// Creates the views `stock` and `order_progress`, in place of those that an earlier version made.
pub async fn create_sql_views(db: &Db) -> Result<(), db::Error> {
    let mut tx = db.begin().await?;
    tx.lock(LOCK).await?;
    for (name, select) in [
        ("order_progress", order_progress(db.dialect())),
        ("stock", stock(db.dialect())),
    ] {
        for sql in [
            format!("drop view if exists {name}"),
            format!("create view {name} as {select}"),
        ] {
            db::query(db::trusted_sql(sql)).execute(tx.conn()).await?;
        }
    }
    tx.commit().await
}

/// The states in use of a decider, as `s`.
fn states_of(decider: &str) -> String {
    format!(
        "from consumers c join decider_states s on s.decider = c.name \
         and s.generation = c.generation where c.name = '{decider}'"
    )
}

/// One row per SKU.
fn stock(dialect: Dialect) -> String {
    let number = |field| format!("cast({} as bigint)", dialect.json_text("s.state", &[field]));
    format!(
        "select s.key as sku, {} as on_hand, {} as allocated, coalesce({}, 0) as reserved {} \
         and s.key not like '{RESERVATION}%'",
        number("on_hand"),
        number("allocated"),
        number("reserved"),
        states_of(Inventory::NAME)
    )
}

/// One row per order.
fn order_progress(dialect: Dialect) -> String {
    let text = |path: &[&str]| dialect.json_text("s.state", path);
    let number = |path: &[&str]| format!("cast({} as bigint)", text(path));
    let (stage, payment) = (text(&["stage"]), text(&["payment", "status"]));
    format!(
        "select s.key as order_id, \
         case when {stage} = 'placed' then 'reserving' \
         when {stage} <> 'reserved' then {stage} \
         when {payment} = 'action_required' then 'action_required' \
         when {payment} in ('method_required', 'declined') then 'awaiting_payment' \
         else 'paying' end as status, \
         {} as attempts, {} as total_minor, {} as currency, {} as lines, \
         coalesce({}, '') as payment_token, {} as reserved_until_us {}",
        number(&["payment", "attempts"]),
        number(&["total", "minor"]),
        text(&["total", "currency"]),
        text(&["lines"]),
        text(&["payment_token"]),
        number(&["reserved_until_us"]),
        states_of(Orders::NAME)
    )
}
