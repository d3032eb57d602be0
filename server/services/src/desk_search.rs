//! Finds orders by what people know of them: the number, the email, a word of the name, a SKU.

use std::collections::HashSet;

use db::Columns;
use types::OrderId;
use types::desk::Place;
use types::order::{OrderStatus, id_endings};

use crate::events::{Refused, internal};
use crate::search_keys::{beginning_with, search_key};
use crate::shop::Shop;

/// Orders that are looked at for each thing that a search can mean. Who finds more has typed too little.
const MOST: usize = 1_000;
/// SKUs that a beginning of one can mean.
const MOST_SKUS: usize = 32;
/// Characters that an email or a name is searched by, at least.
const SHORTEST: usize = 2;
/// Columns that hold a name from one of its words on, and the email.
const TEXTS: [&str; 5] = [
    "email_key",
    "name_key",
    "name_key_2",
    "name_key_3",
    "name_key_4",
];

/// An order that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub place: Place,
    pub status: OrderStatus,
}

/// What is asked of the database: one question for each meaning, each with a limit of its own.
#[derive(Default)]
pub(crate) struct Questions {
    asked: Vec<String>,
    values: Vec<String>,
}

impl Questions {
    /// `condition` has a `?` for each value.
    fn ask(&mut self, from: &str, condition: &str, last_first: &str, values: &[String]) {
        let mut placed = String::new();
        let mut next = self.values.len();
        for part in condition.split_inclusive('?') {
            match part.strip_suffix('?') {
                Some(part) => {
                    next += 1;
                    placed.push_str(&format!("{part}${next}"));
                }
                None => placed.push_str(part),
            }
        }
        self.values.extend_from_slice(values);
        let arm = self.asked.len();
        let limit = MOST + 1;
        self.asked.push(format!(
            "select * from (select cast({arm} as bigint) as arm, {from} where {placed} \
             order by {last_first} limit {limit}) a{arm}"
        ));
    }

    /// What a text can mean. All of it is asked for in one go.
    pub fn ask_for(&mut self, text: &str, skus: &[String]) {
        if let Some((from, to)) = id_endings(text) {
            let columns = "order_id as id from order_desk";
            let condition = "number_bits >= ? and number_bits <= ?";
            self.ask(columns, condition, "number_bits", &[from, to]);
        }
        for sku in skus {
            let columns = "order_id as id from order_desk_skus";
            let newest = "placed_at_us desc, order_id desc";
            self.ask(columns, "sku = ?", newest, std::slice::from_ref(sku));
        }
        let key = search_key(text);
        if key.chars().count() < SHORTEST {
            return;
        }
        let (from, to) = beginning_with(&key);
        for column in TEXTS {
            let condition = format!("{column} >= ? and {column} < ?");
            let newest = format!("{column} desc, placed_at_us desc, id desc");
            let values = [from.clone(), to.clone()];
            self.ask("id from orders", &condition, &newest, &values);
        }
    }

    pub fn sql(&self) -> String {
        format!(
            "select m.arm, d.order_id, d.placed_at_us, d.status from ({}) m \
             join order_desk d on d.order_id = m.id",
            self.asked.join(" union all ")
        )
    }
}

impl Shop {
    /// The orders that a search can mean, the newest first. Also whether there are more than are looked
    /// at.
    pub(crate) async fn search_orders(&self, text: &str) -> Result<(Vec<Found>, bool), Refused> {
        // Nobody is called so, and PostgreSQL takes no text with the first of them.
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let mut questions = Questions::default();
        let skus = self.skus_beginning_with(&text);
        questions.ask_for(&text, &skus);
        if questions.asked.is_empty() {
            return Ok((Vec::new(), false));
        }
        let mut query = db::query(db::trusted_sql(questions.sql()));
        for value in &questions.values {
            query = query.bind(value);
        }
        let rows = query.fetch_all(self.log().db().reader()).await?;
        let bad = |error: &dyn std::fmt::Display| Refused(internal(format!("order_desk: {error}")));
        let mut of_arms = vec![0; questions.asked.len()];
        let mut known: HashSet<OrderId> = HashSet::new();
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let arm = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
            if let Some(of_arm) = of_arms.get_mut(arm) {
                *of_arm += 1;
                if *of_arm > MOST {
                    continue;
                }
            }
            let id: OrderId = row.try_get::<&str, _>(1)?.parse().map_err(|e| bad(&e))?;
            if known.insert(id) {
                let at_us = row.try_get(2)?;
                found.push(Found {
                    place: Place { at_us, id },
                    status: row.try_get::<&str, _>(3)?.parse().map_err(|e| bad(&e))?,
                });
            }
        }
        found.sort_unstable_by_key(|found| std::cmp::Reverse((found.place.at_us, found.place.id)));
        Ok((found, of_arms.into_iter().any(|found| found > MOST)))
    }

    /// SKUs that were ever sold and begin so; none for a text that too many begin with.
    fn skus_beginning_with(&self, text: &str) -> Vec<String> {
        let text = text.trim().to_ascii_uppercase();
        if text.chars().count() <= SHORTEST {
            return Vec::new();
        }
        let catalogue = self.catalogue();
        let all = catalogue
            .variants()
            .map(|(_, variant)| variant.sku.as_str());
        let begin = all.filter(|sku| sku.starts_with(&text));
        let begin: Vec<String> = begin.map(str::to_owned).take(MOST_SKUS + 1).collect();
        match begin.len() <= MOST_SKUS {
            true => begin,
            false => Vec::new(),
        }
    }
}
