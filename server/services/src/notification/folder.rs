//! Mails as files: a folder for every day and hour in it, a file for every mail, which mail programs
//! open. The way out as long as no mail server is named.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use types::MailId;
use types::calendar::Day;

use super::message::Outgoing;
use super::transport::{Attempt, Outcome, Transport};

/// Mails at once: several hundred a second. In a rush the rest waits in the log, so that writing mails
/// does not take the machine from those who order.
const IN_FLIGHT: usize = 8;

#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Removes what was sent before the day of this moment, unix microseconds. Blocks.
    pub(super) fn forget_before(&self, at_us: i64) -> io::Result<u64> {
        let last = day_name(at_us);
        let days = match fs::read_dir(&self.root) {
            Ok(days) => days,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut forgotten = 0;
        for day in days {
            let day = day?;
            let name = day.file_name();
            let name = name.to_str().unwrap_or_default();
            // Names are as long as each other, so they are in the order of the days.
            if is_day_name(name) && name < last.as_str() {
                fs::remove_dir_all(day.path())?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// Removes the files of these mails, each with when it was queued. Blocks.
    pub(super) fn erase(&self, mails: &[(MailId, i64)]) -> io::Result<()> {
        for (id, queued_at_us) in mails {
            match fs::remove_file(path(&self.root, *id, *queued_at_us)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Transport for Folder {
    fn send<'a>(&'a self, mail: &'a Outgoing) -> Attempt<'a> {
        Box::pin(async move {
            let path = path(&self.root, mail.id, mail.queued_at_us);
            let bytes: Arc<[u8]> = mail.bytes.as_slice().into();
            let written = tokio::task::spawn_blocking(move || write(&path, &bytes)).await;
            match written {
                Ok(Ok(())) => Outcome::Sent,
                Ok(Err(error)) => Outcome::Away(format!("the folder of mails: {error}")),
                Err(error) => Outcome::Away(error.to_string()),
            }
        })
    }

    /// Short, as the same mail is the same file: done twice is done once.
    fn longest(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn in_flight(&self) -> usize {
        IN_FLIGHT
    }
}

/// `2026-11-22`
fn day_name(at_us: i64) -> String {
    let date = Day::of(at_us).date();
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// Only what was made here is ever removed.
fn is_day_name(name: &str) -> bool {
    name.len() == 10
        && name.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        })
}

fn path(root: &Path, id: MailId, queued_at_us: i64) -> PathBuf {
    let hour = queued_at_us.div_euclid(3_600_000_000).rem_euclid(24);
    root.join(day_name(queued_at_us))
        .join(format!("{hour:02}"))
        .join(format!("{id}.eml"))
}

/// Whole or not at all, and for nobody else on the machine. It is not waited for until the disk has it:
/// what a power cut takes is made again of order and event when somebody looks.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let open = || {
        OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&part)
    };
    let mut file = match open() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
            open()?
        }
        opened => opened?,
    };
    file.write_all(bytes)?;
    drop(file);
    fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use lettre::address::Envelope;

    use super::*;

    const DAY_US: i64 = 86_400_000_000;

    fn mail(queued_at_us: i64) -> Outgoing {
        let address = |text: &str| text.parse().expect("an address");
        Outgoing {
            id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
            queued_at_us,
            envelope: Envelope::new(Some(address("a@b.example")), vec![address("c@d.example")])
                .expect("an envelope"),
            bytes: b"Subject: hello\r\n\r\nhello\r\n".to_vec(),
        }
    }

    fn files(root: &Path) -> Vec<PathBuf> {
        let mut folders = vec![root.to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(path),
                }
            }
        }
        files
    }

    #[tokio::test]
    async fn a_mail_is_one_private_file_however_often_it_is_sent() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path().join("mails");
        let folder = Folder::new(root.clone());
        let mail = mail(1_795_310_287_000_000);
        for _ in 0..2 {
            assert_eq!(folder.send(&mail).await, Outcome::Sent);
        }
        let expected = root.join("2026-11-22/01/0199c0a0-1111-7aaa-8bbb-123456789abc.eml");
        assert_eq!(files(&root), std::slice::from_ref(&expected));
        assert_eq!(fs::read(&expected).expect("a file"), mail.bytes);
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&expected), 0o600);
        assert_eq!(mode(expected.parent().expect("a folder")), 0o700);
        assert_eq!(mode(&root), 0o700);
    }

    #[tokio::test]
    async fn a_mail_of_somebody_who_is_erased_is_gone_and_no_other() {
        let scratch = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(scratch.path().to_owned());
        let (kept, erased) = (mail(0), mail(DAY_US));
        for mail in [&kept, &erased] {
            folder.send(mail).await;
        }
        for _ in 0..2 {
            folder.erase(&[(erased.id, DAY_US)]).expect("erased");
        }
        assert_eq!(files(scratch.path()), [path(scratch.path(), kept.id, 0)]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_says_so_and_is_tried_again() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path().join("mails");
        fs::write(&root, "in the way").expect("a file");
        let outcome = Folder::new(root).send(&mail(0)).await;
        assert!(matches!(outcome, Outcome::Away(why) if why.contains("folder of mails")));
    }

    #[tokio::test]
    async fn old_days_are_forgotten_and_nothing_else() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path().to_owned();
        let folder = Folder::new(root.clone());
        assert_eq!(
            Folder::new(root.join("none"))
                .forget_before(DAY_US)
                .expect("nothing"),
            0
        );
        for day in 0..4 {
            folder.send(&mail(day * DAY_US)).await;
        }
        fs::create_dir(root.join("1969-notes")).expect("a folder");
        fs::write(root.join("1969-01-01.txt"), "mine").expect("a file");
        assert_eq!(folder.forget_before(2 * DAY_US + 5).expect("forgotten"), 2);
        let mut left: Vec<String> = fs::read_dir(&root)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().display().to_string())
            .collect();
        left.sort();
        assert_eq!(
            left,
            ["1969-01-01.txt", "1969-notes", "1970-01-03", "1970-01-04"]
        );
    }
}
