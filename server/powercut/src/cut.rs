//! What a disk holds after the power failed.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

use crate::record::{FileId, Kind, Operation, Record, What};

/// What becomes of that which no sync covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    /// None of it is there.
    Lost,
    /// All of it is there: the process was killed, and the machine ran on.
    Kept,
    /// A part of it is there; the number decides which.
    Partly(u64),
}

/// Bytes that a disk writes or does not write.
const SECTOR: usize = 512;

/// The files by name.
pub(crate) fn files_after(
    record: &Record,
    moment: usize,
    unsynced: Unsynced,
) -> BTreeMap<&str, Vec<u8>> {
    let done = &record.operations[..moment.min(record.operations.len())];
    let mut random = StdRng::seed_from_u64(match unsynced {
        Unsynced::Lost | Unsynced::Kept => 0,
        Unsynced::Partly(seed) => seed,
    });
    let mut files = BTreeMap::new();
    for (name, file) in folder_after(record, done, unsynced, &mut random) {
        files.insert(name, bytes_after(done, file, unsynced, &mut random));
    }
    files
}

/// Which names stand for which files.
fn folder_after<'a>(
    record: &'a Record,
    done: &[Operation],
    unsynced: Unsynced,
    random: &mut StdRng,
) -> BTreeMap<&'a str, FileId> {
    let mut is_synced = vec![false; record.files.len()];
    // All that came and went before this is durable.
    let mut durable = 0;
    for (at, operation) in done.iter().enumerate() {
        match operation.what {
            What::Create | What::Write { .. } | What::Truncate(_) => {}
            What::Sync { covers } => {
                let first = !std::mem::replace(&mut is_synced[operation.file], true);
                if first && record.files[operation.file].kind == Kind::Journal {
                    durable = durable.max(covers);
                }
            }
            What::Delete { synced: true } => durable = at + 1,
            What::Delete { synced: false } => {}
        }
    }
    let end = match unsynced {
        Unsynced::Lost => durable,
        Unsynced::Kept => done.len(),
        Unsynced::Partly(_) => random.random_range(durable..=done.len()),
    };
    let mut folder = BTreeMap::new();
    for operation in &done[..end] {
        let name = record.files[operation.file].name.as_str();
        match operation.what {
            What::Create => {
                folder.insert(name, operation.file);
            }
            What::Delete { .. } => {
                folder.remove(name);
            }
            What::Write { .. } | What::Truncate(_) | What::Sync { .. } => {}
        }
    }
    folder
}

/// What becomes of that which no sync of a file covers.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Lost,
    /// In order up to this operation, the last of them torn.
    Until(usize),
    /// Each sector for itself, with this probability.
    Scattered(f64),
    Kept,
}

impl Fate {
    /// For the operations of one file from `durable` to `moment`.
    fn of(unsynced: Unsynced, durable: usize, moment: usize, random: &mut StdRng) -> Self {
        match unsynced {
            Unsynced::Lost => Self::Lost,
            Unsynced::Kept => Self::Kept,
            Unsynced::Partly(_) => match random.random_range(0..4) {
                0 => Self::Lost,
                1 => Self::Until(random.random_range(durable..=moment)),
                2 => Self::Scattered(random.random()),
                _ => Self::Kept,
            },
        }
    }
}

/// What one file holds.
fn bytes_after(
    done: &[Operation],
    file: FileId,
    unsynced: Unsynced,
    random: &mut StdRng,
) -> Vec<u8> {
    let mine = || {
        let numbered = done.iter().enumerate();
        numbered.filter(move |(_, operation)| operation.file == file)
    };
    let durable = mine()
        .filter_map(|(_, operation)| match operation.what {
            What::Sync { covers } => Some(covers),
            _ => None,
        })
        .max()
        .unwrap_or(0);
    let fate = Fate::of(unsynced, durable, done.len(), random);
    let mut image = Vec::new();
    for (at, operation) in mine() {
        let fate = if at < durable { Fate::Kept } else { fate };
        match &operation.what {
            What::Write { offset, bytes } => write(&mut image, *offset, bytes, at, fate, random),
            What::Truncate(length) => {
                let kept = match fate {
                    Fate::Lost => false,
                    Fate::Until(last) => at <= last,
                    Fate::Scattered(share) => random.random_bool(share),
                    Fate::Kept => true,
                };
                if kept {
                    image.resize(*length, 0);
                }
            }
            What::Create | What::Sync { .. } | What::Delete { .. } => {}
        }
    }
    image
}

fn write(
    image: &mut Vec<u8>,
    offset: usize,
    bytes: &[u8],
    at: usize,
    fate: Fate,
    random: &mut StdRng,
) {
    match fate {
        Fate::Kept => put(image, offset, bytes),
        Fate::Until(last) if at < last => put(image, offset, bytes),
        Fate::Until(last) if at == last => {
            let torn = random.random_range(0..=bytes.len());
            put(image, offset, &bytes[..torn]);
            if random.random() {
                grow_to(image, offset + bytes.len(), random);
            }
        }
        Fate::Lost | Fate::Until(_) => {}
        Fate::Scattered(share) => {
            let mut from = 0;
            while from < bytes.len() {
                let to_boundary = SECTOR - (offset + from) % SECTOR;
                let to = (from + to_boundary).min(bytes.len());
                if random.random_bool(share) {
                    put(image, offset + from, &bytes[from..to]);
                } else if random.random() {
                    grow_to(image, offset + to, random);
                }
                from = to;
            }
        }
    }
}

fn put(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(bytes);
}

/// The file is longer, but nothing was written there.
fn grow_to(image: &mut Vec<u8>, length: usize, random: &mut StdRng) {
    let before = image.len();
    if before < length {
        image.resize(length, 0);
        random.fill_bytes(&mut image[before..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: u64 = 300;

    /// What may be left of `name` at `moment`; `None` is no file.
    fn possible(record: &Record, moment: usize, name: &str) -> Vec<Option<Vec<u8>>> {
        let random = (0..SEEDS).map(Unsynced::Partly);
        let mut found: Vec<_> = [Unsynced::Lost, Unsynced::Kept]
            .into_iter()
            .chain(random)
            .map(|unsynced| files_after(record, moment, unsynced).remove(name))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn what_a_sync_covers_is_there_and_what_came_during_it_may_not_be() {
        let mut record = Record::default();
        let log = record.open("log", Kind::Journal);
        record.write(log, 0, b"one");
        let began = record.operations.len();
        record.write(log, 3, b"two");
        record.sync(log, began);
        let left = possible(&record, record.operations.len(), "log");
        assert!(left.iter().all(|file| {
            let file = file.as_ref().expect("its folder is synced, too");
            file.starts_with(b"one")
        }));
        for expected in [&b"one"[..], b"onet", b"onetwo"] {
            assert!(left.contains(&Some(expected.to_vec())), "{left:?}");
        }
        // Before the sync had returned nothing was promised.
        let before = possible(&record, record.operations.len() - 1, "log");
        assert!(before.contains(&None) && before.contains(&Some(Vec::new())));
    }

    #[test]
    fn a_later_write_may_be_there_without_an_earlier_one_and_in_part() {
        let mut record = Record::default();
        let log = record.open("log", Kind::Journal);
        record.write(log, 0, &[0; 2 * SECTOR]);
        record.sync(log, record.operations.len());
        record.write(log, 0, &[1; 2 * SECTOR]);
        record.write(log, SECTOR, &[2; SECTOR]);
        let sectors = |file: &Option<Vec<u8>>| {
            let file = file.as_ref().expect("a file");
            (file[0], file[SECTOR])
        };
        let left = possible(&record, record.operations.len(), "log");
        let left: Vec<_> = left.iter().map(sectors).collect();
        for expected in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
            assert!(left.contains(&expected), "{expected:?} of {left:?}");
        }
    }

    #[test]
    fn a_file_that_grew_may_hold_garbage() {
        let mut record = Record::default();
        let log = record.open("log", Kind::Journal);
        record.sync(log, record.operations.len());
        record.write(log, 0, &[7; SECTOR]);
        let left = possible(&record, record.operations.len(), "log");
        let is_longer_than_written = |file: &Option<Vec<u8>>| {
            let file = file.as_ref().expect("a file");
            file.len() == SECTOR && *file != [7; SECTOR]
        };
        assert!(left.iter().any(is_longer_than_written));
    }

    #[test]
    fn a_deleted_file_may_be_back_until_the_folder_is_synced() {
        let mut record = Record::default();
        let old = record.open("log", Kind::Journal);
        record.write(old, 0, b"old");
        record.sync(old, record.operations.len());
        record.delete("log", false);
        let deleted = record.operations.len();
        let left = possible(&record, deleted, "log");
        assert_eq!(left, [None, Some(b"old".to_vec())]);

        let new = record.open("log", Kind::Journal);
        record.write(new, 0, b"new");
        let left = possible(&record, record.operations.len(), "log");
        assert!(left.contains(&None) && left.contains(&Some(b"old".to_vec())));
        record.sync(new, record.operations.len());
        let left = possible(&record, record.operations.len(), "log");
        assert_eq!(left, [Some(b"new".to_vec())]);

        record.delete("log", true);
        assert_eq!(possible(&record, record.operations.len(), "log"), [None]);
    }

    #[test]
    fn a_seed_decides() {
        let mut record = Record::default();
        let log = record.open("log", Kind::Journal);
        record.sync(log, record.operations.len());
        for page in 0..8 {
            record.write(log, page * 4096, &[9; 4096]);
        }
        let moment = record.operations.len();
        for seed in 0..SEEDS {
            let once = files_after(&record, moment, Unsynced::Partly(seed));
            assert_eq!(once, files_after(&record, moment, Unsynced::Partly(seed)));
        }
    }
}
