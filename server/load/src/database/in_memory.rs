//! A shop's database in memory, for tests of what is asked of it: with the schema of now, or the one of
//! the first release.

use super::*;

const FIRST_RELEASE: [&str; 4] = [
    include_str!("../../../db/migrations/0001_log.sql"),
    include_str!("../../../db/migrations/0002_catalogue.sql"),
    include_str!("../../../db/migrations/0003_shop.sql"),
    include_str!("../../../db/migrations/0004_parked.sql"),
];
const SINCE: [&str; 4] = [
    include_str!("../../../db/migrations/0005_attributes.sql"),
    include_str!("../../../db/migrations/0006_replays.sql"),
    include_str!("../../../db/migrations/0010_decider_states.sql"),
    include_str!("../../../db/migrations/0011_states_of_old.sql"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    FirstRelease,
    Now,
}

/// A database with this schema, after these statements.
pub async fn database(schema: Schema, statements: &[&str]) -> AnyPool {
    let database = open("sqlite::memory:").await.expect("a database");
    let since = match schema {
        Schema::FirstRelease => &[][..],
        Schema::Now => &SINCE[..],
    };
    for sql in FIRST_RELEASE.iter().chain(since).chain(statements) {
        sqlx::raw_sql(AssertSqlSafe(*sql))
            .execute(&database)
            .await
            .expect("sound SQL");
    }
    let mut connection = database.acquire().await.expect("the connection");
    create_views(&mut connection, false).await.expect("views");
    drop(connection);
    database
}

/// A state as a decider of now keeps it.
pub fn state(decider: &str, key: &str, state: &str) -> String {
    format!(
        "insert into consumers (name, position) values ('{decider}', 0) on conflict do nothing; \
         insert into decider_states (decider, generation, key, state, deadline_us) \
         values ('{decider}', 0, '{key}', '{state}', 0);"
    )
}
