//! Staff of the demo: correct the stock of a SKU now and then, after counts and deliveries.

use anyhow::Context;
use form_urlencoded::Serializer;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use shopper::http::Credentials;

use super::visitor::is_conflict;
use super::world::World;

/// Seconds between two counts.
const BETWEEN: std::ops::Range<f64> = 1_200.0..4_800.0;
const INVENTORY: &str = "/admin/inventory";

/// A row of the inventory's page.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    sku: String,
    on_hand: i64,
    available: i64,
}

/// Answers with the cookie of a session.
pub async fn sign_in(world: &World, credentials: &Credentials) -> anyhow::Result<String> {
    let mut connection = world.pool.take(&world.target).await?;
    let session = connection.sign_in(&world.target, credentials).await;
    world.pool.give_back(connection);
    session.context("the admin's email or password is not right")
}

pub async fn work(world: World, session: String, mut rng: StdRng) -> anyhow::Result<()> {
    loop {
        world.pass(rng.random_range(BETWEEN)).await?;
        // An error ends this correction only.
        if let Err(error) = count_one(&world, &session, &mut rng).await {
            world.say(format!("Staff could not count: {error:#}"));
        }
    }
}

async fn count_one(world: &World, session: &str, rng: &mut StdRng) -> anyhow::Result<()> {
    let mut connection = world.pool.take(&world.target).await?;
    let page = connection
        .read(&world.target, INVENTORY, Some(session))
        .await?;
    let rows = rows(&page);
    let gone: Vec<&Row> = rows.iter().filter(|row| row.available <= 0).collect();
    let (row, counted, reason) = match gone.choose(rng) {
        Some(row) if rng.random_ratio(2, 3) => (
            *row,
            row.on_hand + rng.random_range(2..7),
            "delivery from the workshop",
        ),
        _ => {
            let row = rows.choose(rng).context("the inventory has no rows")?;
            // Most counts find what was expected.
            let found = *[0, 0, 0, 1, -1].choose(rng).unwrap_or(&0);
            let counted = if row.available + found < 0 {
                row.on_hand
            } else {
                row.on_hand + found
            };
            (row, counted, "count of the day")
        }
    };
    let form = Serializer::new(String::new())
        .append_pair("sku", &row.sku)
        .append_pair("on_hand", &counted.to_string())
        .append_pair("seen", &row.on_hand.to_string())
        .append_pair("reason", reason)
        .finish();
    let counting = connection
        .ask(&world.target, "/api/correct_stock", session, form)
        .await;
    world.pool.give_back(connection);
    let sku = &row.sku;
    match counting {
        Ok(_) => world.say(format!(
            "Staff count {sku}: {counted} on hand instead of {} ({reason})",
            row.on_hand
        )),
        // The stock has changed since the page was read.
        Err(error) if is_conflict(&error) => {
            world.say(format!(
                "Staff leave {sku} for later: it moved while they counted"
            ));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The rows of the inventory's page, as they can be read there.
fn rows(page: &str) -> Vec<Row> {
    let rows = page.split("<tr id=\"sku-").skip(1);
    let read = |row: &str| {
        let number = |label: &str| {
            let (_, cell) = row.split_once(&format!("data-label=\"{label}\""))?;
            let (_, text) = cell.split_once("<span")?;
            let (_, text) = text.split_once('>')?;
            let digits = text.split('<').next()?;
            digits.trim().parse::<i64>().ok()
        };
        Some(Row {
            sku: row.split('"').next()?.to_owned(),
            on_hand: number("On hand")?,
            available: number("Available")?,
        })
    };
    rows.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_stands_on_the_page() {
        let page = "<tr id=\"sku-AS-1\"><th>Ring</th><td data-label=\"On hand\" data-number=\"\">\
                    <span class=\"figure\">4<!></span></td><td data-label=\"Available\">\
                    <span class=\"figure\">0</span><span>out</span></td></tr>\
                    <tr id=\"other\"></tr>";
        let expected = Row {
            sku: "AS-1".to_owned(),
            on_hand: 4,
            available: 0,
        };
        assert_eq!(rows(page), [expected]);
    }
}
