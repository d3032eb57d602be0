//! The orders of everybody as staff list them: under tabs, page by page, or as a search finds them.

use std::collections::{BTreeMap, HashMap};

use broker::Consumer;
use db::{Columns, in_list};
use types::desk::{Counts, DeskList, DeskNews, DeskQuery, DeskRow, PAGE, Page, Place, Tab};
use types::order::{OrderStatus, order_number};
use types::staff::Right;
use types::{Money, OrderId};

use crate::desk_search::Found;
use crate::events::{Refused, internal};
use crate::order_desk::OrderDesk;
use crate::shop::Shop;
use crate::visitor::Staff;

/// Orders that the socket tells of in one message.
pub const MAX_NEWS: usize = 100;

/// Places of the list, and whether there are more behind the last.
struct Cut {
    places: Vec<Place>,
    has_more: bool,
}

impl Cut {
    /// Out of places one more than which were asked for if there are any.
    fn of(mut places: Vec<Place>) -> Self {
        let has_more = places.len() > PAGE;
        places.truncate(PAGE);
        Self { places, has_more }
    }
}

/// What a page shows, and what lies around it.
#[derive(Default)]
struct Shown {
    places: Vec<Place>,
    has_newer: bool,
    has_older: bool,
}

impl Shop {
    /// A page of the list.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn desk_list(&self, staff: &Staff, query: DeskQuery) -> crate::Result<DeskList> {
        staff.may(Right::See)?;
        Ok(self.list(query).await?)
    }

    async fn list(&self, query: DeskQuery) -> Result<DeskList, Refused> {
        // First: what the rows say is as new or newer.
        let position = self.desk_position().await?;
        let search = query.search.trim();
        let (shown, counts, is_cut) = if search.is_empty() {
            (self.listed(&query).await?, self.counts().await?, false)
        } else {
            let (found, is_cut) = self.search_orders(search).await?;
            (among(&found, &query), counts_of(&found), is_cut)
        };
        let ids: Vec<OrderId> = shown.places.iter().map(|place| place.id).collect();
        Ok(DeskList {
            rows: self.rows(&ids).await?,
            counts,
            has_newer: shown.has_newer,
            has_older: shown.has_older,
            is_cut,
            position,
            query,
        })
    }

    /// A page of all orders under a tab.
    async fn listed(&self, query: &DeskQuery) -> Result<Shown, Refused> {
        let shown = match query.page {
            Page::First => None,
            Page::Older(place) => {
                let cut = self.places(query.tab, Some(place), false).await?;
                Some(Shown {
                    has_newer: true,
                    has_older: cut.has_more,
                    places: cut.places,
                })
            }
            Page::Newer(place) => {
                let mut cut = self.places(query.tab, Some(place), true).await?;
                cut.places.reverse();
                // Fewer than a page: they are the first, and some of the older fit, too.
                (cut.places.len() == PAGE).then_some(Shown {
                    has_newer: cut.has_more,
                    has_older: true,
                    places: cut.places,
                })
            }
        };
        if let Some(shown) = shown {
            return Ok(shown);
        }
        let cut = self.places(query.tab, None, false).await?;
        Ok(Shown {
            has_newer: false,
            has_older: cut.has_more,
            places: cut.places,
        })
    }

    /// The places next to one, or at the top. Each status is walked along its own index.
    async fn places(&self, tab: Tab, from: Option<Place>, up: bool) -> Result<Cut, Refused> {
        let statuses: Vec<OrderStatus> = match tab {
            Tab::All => Vec::new(),
            tab => tab.statuses().collect(),
        };
        let (at_us, id) = match from {
            Some(place) => (place.at_us, place.id.to_string()),
            // Behind every id, which is made of hexadecimal digits.
            None => (i64::MAX, "g".to_owned()),
        };
        let sql = places_sql(statuses.len(), up);
        let mut query = db::query(db::trusted_sql(sql)).bind(at_us).bind(id);
        for status in statuses {
            query = query.bind(status.into_str());
        }
        let rows = query.fetch_all(self.log().db().reader()).await?;
        let place = |row: &db::Row| {
            let id = row.try_get::<&str, _>(1)?.parse().map_err(internal)?;
            let at_us = row.try_get(0)?;
            Ok::<_, Refused>(Place { at_us, id })
        };
        Ok(Cut::of(rows.iter().map(place).collect::<Result<_, _>>()?))
    }

    /// All orders, by status.
    async fn counts(&self) -> Result<Counts, Refused> {
        let rows = db::query("select status, orders from order_desk_counts where orders > 0")
            .fetch_all(self.log().db().reader())
            .await?;
        let mut counts = Counts::new();
        for row in &rows {
            let status = row.try_get::<&str, _>(0)?.parse().map_err(internal)?;
            counts.push((status, row.try_get::<i64, _>(1)?.unsigned_abs()));
        }
        Ok(counts)
    }

    /// These orders as the list shows them, in this order. What is not there is left out.
    async fn rows(&self, ids: &[OrderId]) -> Result<Vec<DeskRow>, Refused> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (list, listed) = in_list(ids, 1);
        let mut query = db::query(db::trusted_sql(format!(
            "select o.id, o.name, o.email, o.total_minor, o.currency, d.placed_at_us, d.status, \
             d.pieces, d.position, \
             cast(case when d.state like '%\"review\":{{\"held\":%' then 1 else 0 end as bigint) \
             from orders o join order_desk d on d.order_id = o.id \
             where o.id in ({list})"
        )));
        for id in listed {
            query = query.bind(id.to_string());
        }
        let found = query.fetch_all(self.log().db().reader()).await?;
        let mut rows = HashMap::with_capacity(found.len());
        for row in &found {
            let row = read(row)?;
            rows.insert(row.id, row);
        }
        Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
    }

    /// Up to where in the log the list knows.
    pub async fn desk_position(&self) -> crate::Result<u64> {
        let read = self.log().position_of(OrderDesk::NAME).await;
        read.map_err(internal)
    }

    /// The news of the list for the live socket: of these orders, as far as there is room.
    pub async fn desk_news(&self, changed: &[OrderId]) -> crate::Result<DeskNews> {
        let told = &changed[..changed.len().min(MAX_NEWS)];
        Ok(DeskNews {
            rows: self.rows(told).await?,
            counts: self.counts().await?,
            is_cut: told.len() < changed.len(),
        })
    }

    /// The news since a position, for a socket that comes back; and the position at which that is true.
    pub async fn desk_news_after(&self, position: u64) -> crate::Result<(DeskNews, u64)> {
        let now = self.desk_position().await?;
        let changed = async {
            let rows = db::query(
                "select order_id from order_desk where position > $1 \
                 order by position desc limit $2",
            )
            .bind(position.cast_signed())
            .bind(MAX_NEWS as i64 + 1)
            .fetch_all(self.log().db().reader())
            .await?;
            let id = |row: &db::Row| Ok(row.try_get::<&str, _>(0)?.parse().map_err(internal)?);
            rows.iter()
                .map(id)
                .collect::<Result<Vec<OrderId>, Refused>>()
        };
        Ok((self.desk_news(&changed.await?).await?, now))
    }
}

/// Asks for the places next to the one that the first two parameters are, of orders with any of so many
/// statuses, which are the other parameters; of all orders where there is none.
pub(crate) fn places_sql(statuses: usize, up: bool) -> String {
    let (than, way) = if up { (">", "asc") } else { ("<", "desc") };
    let order = format!(
        "order by placed_at_us {way}, order_id {way} limit {}",
        PAGE + 1
    );
    let arm = |status: &str| {
        format!(
            "select placed_at_us, order_id from order_desk \
             where {status}(placed_at_us, order_id) {than} ($1, $2) {order}"
        )
    };
    let of = |at: usize| arm(&format!("status = ${} and ", at + 3));
    match statuses {
        0 => arm(""),
        1 => of(0),
        many => {
            let arms = (0..many).map(|at| format!("select * from ({}) s{at}", of(at)));
            let arms: Vec<String> = arms.collect();
            format!("select * from ({}) s {order}", arms.join(" union all "))
        }
    }
}

fn read(row: &db::Row) -> Result<DeskRow, Refused> {
    let bad = |error: &dyn std::fmt::Display| Refused(internal(format!("order_desk: {error}")));
    let id: OrderId = row.try_get::<&str, _>(0)?.parse().map_err(|e| bad(&e))?;
    let currency = row.try_get::<&str, _>(4)?.parse().map_err(|e| bad(&e))?;
    Ok(DeskRow {
        id,
        number: order_number(id),
        placed_at_us: row.try_get(5)?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        status: row.try_get::<&str, _>(6)?.parse().map_err(|e| bad(&e))?,
        pieces: u32::try_from(row.try_get::<i64, _>(7)?).map_err(|e| bad(&e))?,
        total: Money::new(row.try_get(3)?, currency),
        position: row.try_get::<i64, _>(8)?.unsigned_abs(),
        is_held: row.try_get::<i64, _>(9)? == 1,
    })
}

/// A page of what a search has found, the newest first.
fn among(found: &[Found], query: &DeskQuery) -> Shown {
    let under = found.iter().filter(|found| query.tab.holds(found.status));
    let places: Vec<Place> = under.map(|found| found.place).collect();
    let key = |place: Place| (place.at_us, place.id);
    let first = match query.page {
        Page::First => 0,
        Page::Older(than) => places.partition_point(|place| key(*place) >= key(than)),
        Page::Newer(than) => {
            let newer = places.partition_point(|place| key(*place) > key(than));
            newer.saturating_sub(PAGE)
        }
    };
    let last = places.len().min(first + PAGE);
    Shown {
        has_newer: first > 0,
        has_older: last < places.len(),
        places: places[first..last].to_vec(),
    }
}

fn counts_of(found: &[Found]) -> Counts {
    let mut counts: BTreeMap<&str, (OrderStatus, u64)> = BTreeMap::new();
    for found in found {
        let count = counts.entry(found.status.into_str());
        count.or_insert((found.status, 0)).1 += 1;
    }
    counts.into_values().collect()
}
