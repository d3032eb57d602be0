//! What was deleted or overwritten is to be nowhere in the database's files any more.
//!
//! SQLite zeroes what is deleted (`secure_delete`), but what was deleted stands in the write-ahead log until that
//! is folded back and cut, and pages that were split may keep a copy of a row that has moved to another one. So
//! the log is cut, the file is searched, and written anew if something is found, which is rare. Of a server the
//! files are its own: `vacuum` lets it use the room again, whose bytes stay until it does.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memchr::memmem::Finder;

use crate::dialect::Forget;
use crate::{Db, Error, Result, SqlError, trusted_sql, wal};

/// How long readers are waited for that keep the log from being cut.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Bytes of the file that are searched at once.
const CHUNK: usize = 1 << 20;

impl Db {
    /// Sees to it that what was deleted from `tables` is in no file of the database any more. `gone` are texts of
    /// it that no row has by now, each of some letters: they are looked for, in any case of ASCII letters.
    ///
    /// # Errors
    /// The database's, or its disk's; [`Error::Setting`] when readers have kept it from being done for minutes.
    pub async fn forget(&self, tables: &[&str], gone: &[String]) -> Result<()> {
        match self.dialect.forget() {
            Forget::Files { cut, rewrite } => self.forget_in_files(cut, rewrite, gone).await,
            Forget::Tables { unhurried, vacuum } => {
                let mut connection = self.writers.connector().connect().await?;
                for sql in [
                    unhurried.to_owned(),
                    format!("{vacuum} {}", tables.join(", ")),
                ] {
                    sqlx::raw_sql(trusted_sql(sql))
                        .execute(&mut connection)
                        .await?;
                }
                sqlx::Connection::close(connection).await?;
                Ok(())
            }
        }
    }

    async fn forget_in_files(
        &self,
        cut: &'static str,
        rewrite: &'static str,
        gone: &[String],
    ) -> Result<()> {
        self.cut_log(cut).await?;
        let Some(path) = self.file.path() else {
            return Ok(());
        };
        if !find(path, gone).await? {
            return Ok(());
        }
        tracing::info!("pages keep copies of what was erased: the database is written anew");
        let mut writer = self.writers.take().await?;
        let rewritten = sqlx::raw_sql(rewrite).execute(&mut writer.connection).await;
        drop(writer);
        rewritten?;
        // What has the same words by now is somebody else's.
        self.cut_log(cut).await
    }

    /// Folds all of the write-ahead log back and cuts its file to nothing.
    async fn cut_log(&self, cut: &'static str) -> Result<()> {
        let since = Instant::now();
        loop {
            // Nobody of this process writes meanwhile.
            let mut writer = self.writers.take().await?;
            let folded = wal::checkpoint(&mut writer.connection, cut).await;
            drop(writer);
            match folded {
                Ok(folded) if !folded.was_kept => return Ok(()),
                Err(error) if !crate::error::is_locked(&error) => return Err(error.into()),
                _ if since.elapsed() > PATIENCE => {
                    let told = "somebody has read the database for minutes: the write-ahead log \
                                still has what was erased";
                    return Err(Error::Setting(told.to_owned()));
                }
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }
}

async fn find(path: &Path, gone: &[String]) -> Result<bool> {
    let (path, gone) = (PathBuf::from(path), gone.to_vec());
    let found = tokio::task::spawn_blocking(move || contains(File::open(path)?, &gone)).await;
    let found = found.unwrap_or_else(|error| Err(io::Error::other(error)));
    Ok(found.map_err(SqlError::Io)?)
}

/// Whether one of these texts stands in what is read, in any case of ASCII letters.
fn contains(mut read: impl Read, texts: &[String]) -> io::Result<bool> {
    let texts: Vec<String> = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
    let finders: Vec<Finder<'_>> = (texts.iter().filter(|text| !text.is_empty()))
        .map(|text| Finder::new(text.as_bytes()))
        .collect();
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    let mut buffer = Vec::with_capacity(CHUNK + longest);
    loop {
        let kept = buffer.len();
        let got = read.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
        if got == 0 {
            return Ok(false);
        }
        buffer[kept..].make_ascii_lowercase();
        if finders.iter().any(|finder| finder.find(&buffer).is_some()) {
            return Ok(true);
        }
        // What begins at the end of this chunk goes on in the next one.
        buffer.drain(..buffer.len().saturating_sub(longest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_any_case_and_across_two_chunks() {
        let texts = ["ada@example.com".to_owned()];
        for at in [0, 1, CHUNK - 15, CHUNK - 7, CHUNK - 1, CHUNK, 2 * CHUNK - 3] {
            let mut file = vec![b'x'; 2 * CHUNK + 100];
            assert!(!contains(&*file, &texts).expect("read"));
            file[at..at + 15].copy_from_slice(b"Ada@Example.COM");
            assert!(contains(&*file, &texts).expect("read"), "at {at}");
        }
        assert!(!contains(&b"anything"[..], &[]).expect("read"));
    }
}
