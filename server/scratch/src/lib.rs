//! Databases for tests: made for one purpose and gone afterwards. An SQLite file each by default; when
//! `VITRINE_TEST_POSTGRES` names a server (`postgres://USER@HOST:PORT/DATABASE`), a schema of that
//! server each. What fails here fails the test: everything panics with what went wrong.

use std::env;
use std::path::{Path, PathBuf};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// Names the PostgreSQL server. It is meant to be thrown away: schemas are left in it.
const SERVER: &str = "VITRINE_TEST_POSTGRES";

/// An empty database, and a folder for what else a test writes.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    /// The server's URL and the name of the schema.
    Schema(String, String),
}

impl Scratch {
    /// A new one.
    ///
    /// # Panics
    /// When the folder cannot be made, or the server does not answer.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = match env::var(SERVER) {
            Err(env::VarError::NotPresent) => Place::File(folder.path().join("scratch.db")),
            Err(error) => panic!("{SERVER}: {error}"),
            Ok(server) => {
                // A schema costs a hundredth of what a database does, and hides the others as well.
                let schema = format!("scratch_{}", Uuid::now_v7().simple());
                let mut connection = connect(&server).await;
                sqlx::raw_sql(AssertSqlSafe(format!("create schema {schema}")))
                    .execute(&mut connection)
                    .await
                    .expect("a schema");
                connection.close().await.expect("closed");
                Place::Schema(server, schema)
            }
        };
        Self { folder, place }
    }

    /// The database's URL.
    pub fn url(&self) -> String {
        match &self.place {
            Place::File(path) => format!("sqlite:{}", path.display()),
            Place::Schema(server, schema) => {
                let separator = if server.contains('?') { '&' } else { '?' };
                format!("{server}{separator}options[search_path]={schema}")
            }
        }
    }

    /// Runs statements before anybody has opened the database: it becomes one of an earlier release.
    ///
    /// # Panics
    /// When one of them fails.
    pub async fn execute(&self, statements: &str) {
        sqlx::any::install_default_drivers();
        let url = match &self.place {
            Place::File(_) => format!("{}?mode=rwc", self.url()),
            Place::Schema(..) => self.url(),
        };
        let connection = AnyConnection::connect(&url).await;
        let mut connection = connection.expect("a database");
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut connection)
            .await
            .expect("executed");
        connection.close().await.expect("closed");
    }

    /// A folder that ends with the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// All that is stored, by name: the bytes of every file of the database (the write-ahead log is
    /// one), or the rows of every table as text.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn contents(&self) -> Vec<(String, Vec<u8>)> {
        match &self.place {
            Place::File(path) => files_beside(path),
            Place::Schema(server, schema) => tables_of(server, schema).await,
        }
    }
}

/// The files whose names begin with that of the database.
fn files_beside(path: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = path.parent().expect("a folder");
    let entries = folder.read_dir().expect("readable");
    let files = entries.map(|entry| entry.expect("readable").path());
    files
        .map(|file| (file.display().to_string(), file))
        .filter(|(name, _)| name.starts_with(&path.display().to_string()))
        .map(|(name, file)| (name, std::fs::read(file).expect("readable")))
        .collect()
}

async fn tables_of(server: &str, schema: &str) -> Vec<(String, Vec<u8>)> {
    let mut connection = connect(server).await;
    let names: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = $1",
    )
    .bind(schema)
    .fetch_all(&mut connection)
    .await
    .expect("the tables");
    let mut tables = Vec::new();
    for name in names {
        let rows: String = sqlx::query_scalar(AssertSqlSafe(format!(
            "select coalesce(string_agg(row::text, ' '), '') from {schema}.{name} as row"
        )))
        .fetch_one(&mut connection)
        .await
        .expect("its rows");
        tables.push((name, rows.into_bytes()));
    }
    connection.close().await.expect("closed");
    tables
}

async fn connect(server: &str) -> PgConnection {
    let connection = PgConnection::connect(server).await;
    connection.expect("the server that VITRINE_TEST_POSTGRES names")
}
