//! What SQLite and PostgreSQL do differently. The only file that knows which one it is.

use std::fmt::{self, Write as _};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// When SQLite waits for the disk. See <https://www.sqlite.org/pragma.html#pragma_synchronous>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: what was acknowledged survives a power cut.
    Full,
    /// At checkpoints only: the last commits may be lost.
    Normal,
}

/// Statements that answer with whether they were kept from it and with the log's pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FoldWal {
    /// As far as it goes without keeping anybody from their work.
    pub passive: &'static str,
    /// All of it, so that the next writer begins the log anew; waits for writers and readers.
    pub restart: &'static str,
    /// For how long it waits.
    pub patience: &'static str,
}

/// How what was deleted leaves the disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Forget {
    /// The files are ours. The first folds the write-ahead log back and cuts it, the second writes all anew.
    Files {
        cut: &'static str,
        rewrite: &'static str,
    },
    /// The server's own: what tables had may be used again. The first lets that take its time.
    Tables {
        unhurried: &'static str,
        vacuum: &'static str,
    },
}

impl Dialect {
    /// The one that a URL names, or what was expected.
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            // The URL may hold a password: only its scheme is repeated.
            other => Err(format!(
                "expected a database URL that starts with sqlite: or postgres:, got one that starts \
                 with {:?}",
                other.map_or("", |(scheme, _)| scheme)
            )),
        }
    }

    /// The address of a connection. It makes no file: one that has gone would be replaced by an empty
    /// one.
    pub(crate) fn connection_url(self, url: &str) -> String {
        match self {
            Self::Sqlite => url.replace("mode=rwc", "mode=rw"),
            Self::Postgres => url.to_owned(),
        }
    }

    /// Whether what goes to the database passes through a network and is encrypted only if the server
    /// happens to offer it.
    pub(crate) fn is_exposed(self, url: &str) -> bool {
        if self == Self::Sqlite {
            return false;
        }
        // What stands between the last `@` of the authority, or its beginning, and its end.
        let (_, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let is_here = ["localhost", "127.", "[::1]", "%2f", "%2F", ":"];
        let is_here = host.is_empty() || is_here.iter().any(|here| host.starts_with(here));
        let is_sure = [
            "sslmode=require",
            "sslmode=verify",
            "ssl-mode=require",
            "ssl-mode=verify",
        ];
        !is_here && !is_sure.iter().any(|sure| url.contains(sure))
    }

    /// What a new connection is told before it is used. `limit` ends a statement; none does when
    /// there is none.
    pub(crate) fn session_settings(
        self,
        synchronous: Synchronous,
        limit: Option<Duration>,
    ) -> String {
        match self {
            Self::Sqlite => {
                let synchronous = match synchronous {
                    Synchronous::Full => "full",
                    Synchronous::Normal => "normal",
                };
                [
                    "pragma journal_mode = wal",
                    &format!("pragma synchronous = {synchronous}"),
                    "pragma foreign_keys = on",
                    // Another process (the command line, a backup) may hold the lock for a moment.
                    "pragma busy_timeout = 1800",
                    // 32 MiB of page cache.
                    "pragma cache_size = -32768",
                    // The background folds the write-ahead log back, and no writer waits for it.
                    "pragma wal_autocheckpoint = 0",
                    // What is deleted is gone, and not only free to be written over.
                    "pragma secure_delete = on",
                    // After a peak the file of the log shrinks to 32 MiB.
                    "pragma journal_size_limit = 33554432",
                ]
                .join("; ")
            }
            Self::Postgres => {
                let limit = limit.map_or(0, |limit| limit.as_millis());
                [
                    "set client_min_messages = warning",
                    &format!("set statement_timeout = {limit}"),
                    &format!("set lock_timeout = {limit}"),
                    // A client that went silent in the middle holds its locks no longer.
                    "set idle_in_transaction_session_timeout = '10s'",
                    // Of a connection through the network that nobody uses.
                    "set tcp_keepalives_idle = '10s'",
                    "set tcp_keepalives_interval = '5s'",
                    "set tcp_keepalives_count = 3",
                    "set tcp_user_timeout = '15s'",
                ]
                .join("; ")
            }
        }
    }

    /// Lets the statements of this transaction take as long as they need.
    pub(crate) const fn unhurried(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(
                "set local statement_timeout = 0; set local lock_timeout = 0; \
                 set local idle_in_transaction_session_timeout = 0",
            ),
        }
    }

    /// Whether an answer may never come, because it comes through a network. A file always answers,
    /// though a slow disk may take its time.
    pub(crate) const fn can_go_silent(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// How the write-ahead log is folded back into the main file, where that is our business.
    pub(crate) const fn fold_wal(self) -> Option<FoldWal> {
        match self {
            Self::Sqlite => Some(FoldWal {
                passive: "pragma wal_checkpoint(passive)",
                restart: "pragma wal_checkpoint(restart)",
                patience: "pragma busy_timeout = 50",
            }),
            Self::Postgres => None,
        }
    }

    /// How what was deleted leaves the disk.
    pub(crate) const fn forget(self) -> Forget {
        match self {
            Self::Sqlite => Forget::Files {
                cut: "pragma wal_checkpoint(truncate)",
                rewrite: "vacuum",
            },
            Self::Postgres => Forget::Tables {
                unhurried: "set statement_timeout = 0",
                vacuum: "vacuum",
            },
        }
    }

    /// Asks for the name of the channel on which the database tells whoever listens that the log's head
    /// has moved, where it can. Each log of a database has its own.
    pub(crate) const fn tells(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("select concat('log_head_', cast('log_head' as regclass)::oid)"),
        }
    }

    /// Ends a transaction that has moved the log's head to `head`, if it has, and tells of it. In one
    /// trip; the server tells when the transaction is durable, and only then.
    pub(crate) fn commit(self, head: Option<u64>) -> String {
        match (self, head) {
            (Self::Postgres, Some(head)) => format!(
                "select pg_notify(concat('log_head_', cast('log_head' as regclass)::oid), '{head}'); \
                 commit"
            ),
            _ => "commit".to_owned(),
        }
    }

    /// Asks where the database stands, in words that change when it is restored there: its own number
    /// and its table's are given out anew by a restored dump, the timeline by a restored folder or a
    /// standby that took over. A file says nothing of the kind.
    pub(crate) const fn place(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(
                "select concat_ws(' ', \
                 (select oid from pg_database where datname = current_database()), \
                 cast('log_head' as regclass)::oid, \
                 substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))",
            ),
        }
    }

    /// Writes the placeholder of the parameter with this number, where all of a statement are in order.
    /// SQLite looks a numbered one up in a list of all, each time a value is bound: of a statement with
    /// thousands that takes longer than running it.
    pub(crate) fn write_placeholder(self, text: &mut String, number: usize) -> fmt::Result {
        match self {
            Self::Sqlite => text.write_char('?'),
            Self::Postgres => write!(text, "${number}"),
        }
    }

    /// The collation that compares texts byte by byte, whatever the language of the database.
    pub(crate) const fn exact_collation(self) -> &'static str {
        match self {
            Self::Sqlite => "binary",
            Self::Postgres => "\"C\"",
        }
    }

    pub(crate) const fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "begin immediate",
            Self::Postgres => "begin",
        }
    }

    /// Begins a transaction that sees one moment of the database and takes as long as it needs.
    pub(crate) const fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "begin",
            Self::Postgres => {
                "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; \
                 begin isolation level repeatable read, read only"
            }
        }
    }

    /// The names of all tables, the oldest first.
    pub(crate) const fn table_names(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select name from sqlite_master where type = 'table' \
                 and name not like 'sqlite~_%' escape '~' order by rowid"
            }
            Self::Postgres => {
                "select cast(relname as text) from pg_class \
                 where relnamespace = cast(current_schema() as regnamespace) and relkind = 'r' \
                 order by oid"
            }
        }
    }

    /// Names and types of the columns of a table ($1), in order.
    pub(crate) const fn table_columns(self) -> &'static str {
        match self {
            Self::Sqlite => "select name, lower(type) from pragma_table_info($1) order by cid",
            Self::Postgres => {
                "select cast(column_name as text), cast(data_type as text) \
                 from information_schema.columns \
                 where table_schema = current_schema() and table_name = $1 \
                 order by ordinal_position"
            }
        }
    }

    /// The tables to which rows of a table ($1) refer.
    pub(crate) const fn table_references(self) -> &'static str {
        match self {
            Self::Sqlite => "select \"table\" from pragma_foreign_key_list($1)",
            Self::Postgres => {
                "select cast(r.relname as text) from pg_constraint k \
                 join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid \
                 where k.contype = 'f' and c.relname = $1 \
                 and c.relnamespace = cast(current_schema() as regnamespace)"
            }
        }
    }

    pub(crate) const fn writers(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 12,
        }
    }

    /// How many group-commit writers are worth having: SQLite has one write lock.
    pub const fn parallel_commits(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 4,
        }
    }

    /// Whether a transaction goes on as if nothing had been asked after a statement that failed.
    /// PostgreSQL ends it unless there is a savepoint.
    pub const fn survives_a_failed_statement(self) -> bool {
        matches!(self, Self::Sqlite)
    }

    /// Creates `copy` like `table`, where one statement does it.
    pub(crate) fn create_like(self, table: &str, copy: &str) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(format!("create table {copy} (like {table} including all)")),
        }
    }

    /// Name and statement of a table ($1) and of its indexes, the table first, where
    /// [`Dialect::create_like`] has none.
    pub(crate) const fn definitions(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select name, sql from sqlite_master where tbl_name = $1 and sql is not null \
                 order by type desc, name"
            }
            Self::Postgres => "",
        }
    }

    /// The expression that reads the value at `path` out of a column with JSON, as text.
    pub fn json_text(self, column: &str, path: &[&str]) -> String {
        match self {
            Self::Sqlite => format!("json_extract({column}, '$.{}')", path.join(".")),
            Self::Postgres => format!("({column}::json #>> '{{{}}}')", path.join(",")),
        }
    }

    /// Waits until no other transaction has locked the number `$1`, and locks it until the end.
    pub(crate) const fn lock(self) -> Option<&'static str> {
        match self {
            // `begin immediate` already excludes everyone else.
            Self::Sqlite => None,
            Self::Postgres => Some("select 1 from (select pg_advisory_xact_lock($1)) as locked"),
        }
    }
}

/// An error code of either engine. SQLite: <https://www.sqlite.org/rescode.html>; PostgreSQL:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
enum Code<'a> {
    /// Extended codes carry the primary one in their low byte.
    Sqlite(u32),
    /// Always five letters and digits, which may look like a number; SQLite's never have five.
    Postgres(&'a str),
}

impl<'a> Code<'a> {
    fn of(code: &'a str) -> Self {
        match code.parse::<u32>() {
            Ok(number) if code.len() < 5 => Self::Sqlite(number & 0xff),
            _ => Self::Postgres(code),
        }
    }
}

/// Of PostgreSQL: it only serves readers, which a standby does until it takes over.
const READ_ONLY: &str = "25006";

/// Whether what the database refused may succeed later.
pub(crate) fn is_unavailable(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    match Code::of(&code) {
        // Busy, locked, out of memory, read-only, an error of the disk, a full disk, not to be opened.
        Code::Sqlite(code) => matches!(code, 5 | 6 | 7 | 8 | 10 | 13 | 14),
        // Connection, rollback, resources, lock not available, operator, system.
        Code::Postgres(code) => {
            let classes = ["08", "40", "53", "55P03", "57", "58", READ_ONLY];
            classes.iter().any(|class| code.starts_with(class))
        }
    }
}

/// Whether another process holds what was asked for: it is a matter of waiting.
pub(crate) fn is_locked(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    match Code::of(&code) {
        Code::Sqlite(code) => code == 5,
        Code::Postgres(code) => code == "55P03",
    }
}

/// Whether the connection is to be closed. SQLite may have rolled back by itself, or may hold broken
/// pages; PostgreSQL says goodbye, has no room, or cannot write here.
pub(crate) fn breaks_connection(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return true;
    };
    match Code::of(&code) {
        // Of the statement: logic, busy, locked, schema, too big, constraint, mismatch, misuse of an
        // index. All that is left concerns the disk, memory or the file.
        Code::Sqlite(code) => !matches!(code, 1 | 5 | 6 | 17 | 18 | 19 | 20 | 25),
        Code::Postgres(code) => {
            let classes = ["08", "53", "57P", "58", "XX", READ_ONLY];
            // Of an idle transaction: the server has closed the connection.
            code == "25P03" || classes.iter().any(|class| code.starts_with(class))
        }
    }
}

/// Whether the error says the same of the other connections.
pub(crate) fn condemns_others(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    match Code::of(&code) {
        Code::Sqlite(_) => false,
        Code::Postgres(code) => {
            let classes = ["08", "57P", READ_ONLY];
            classes.iter().any(|class| code.starts_with(class))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_in_the_clear_is_exposed() {
        let is_exposed = |url| Dialect::Postgres.is_exposed(url);
        assert!(is_exposed("postgres://shop:pa@ss@db.example:5432/shop"));
        assert!(is_exposed("postgres://10.0.0.7/shop?sslmode=prefer"));
        assert!(!is_exposed(
            "postgres://shop@db.example/shop?sslmode=verify-full"
        ));
        assert!(!is_exposed("postgres://shop@127.0.0.1:5432/shop"));
        assert!(!is_exposed("postgres://localhost/shop"));
        assert!(!is_exposed("postgres:///shop?host=/run/postgresql"));
        assert!(!is_exposed("postgres://%2Frun%2Fpostgresql/shop"));
    }

    #[test]
    fn a_code_that_looks_like_a_number_is_still_postgresqls() {
        assert!(matches!(Code::of("25006"), Code::Postgres("25006")));
        assert!(matches!(Code::of("08006"), Code::Postgres("08006")));
        for disk in ["10", "778", "8714"] {
            assert!(matches!(Code::of(disk), Code::Sqlite(10)), "{disk}");
        }
    }
}
