//! The power fails while events are appended and consumed. What was acknowledged is there afterwards
//! with `synchronous = full`; with `normal` some of it is not, which shows that the test can fail.
//!
//! Each recording is cut hundreds of times, each time at another moment and with other remains of what
//! was on its way to the disk.

mod orders;
mod remains;
mod story;
mod trouble;

use db::Synchronous;
use powercut::Unsynced;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::remains::Remains;
use crate::story::Story;

/// Power cuts of one recording.
const CUTS: u64 = 200;
/// Of so many cuts, one is followed by a new start of the consumer.
const RESTARTS: u64 = 10;

/// What the visits of a recording's cuts came to.
#[derive(Debug, Default)]
struct Tally {
    cuts: usize,
    restarts: usize,
    /// Acknowledged events that were looked for, summed over all cuts, and those not found.
    looked_for: usize,
    lost: usize,
    /// Cuts after which something was not found.
    with_losses: usize,
}

/// Cuts the power again and again. Whatever is left must be sound; what is missing is counted.
async fn cut_often(story: &Story) -> Tally {
    let end = story.disk.moment();
    let changes = story.disk.folder_changes();
    let mut tally = Tally::default();
    for seed in 0..CUTS {
        let mut random = StdRng::seed_from_u64(seed);
        let moment = match random.random_range(0..5) {
            // Just after something was acknowledged, when there is most to lose.
            0 | 1 => story.acknowledged[random.random_range(0..story.acknowledged.len())].moment,
            // While the database is made, closed or opened again.
            2 => changes[random.random_range(0..changes.len())] + random.random_range(0..12),
            _ => random.random_range(0..=end),
        };
        let unsynced = match seed % 4 {
            0 => Unsynced::Lost,
            _ => Unsynced::Partly(seed),
        };
        let what = format!("seed {seed}, moment {moment} of {end}");

        let folder = tempfile::tempdir().expect("a folder");
        story
            .disk
            .cut(moment, unsynced, folder.path())
            .expect("written");
        let remains = Remains::open(folder.path(), &what).await;
        let before = story.acknowledged.iter().filter(|a| a.moment <= moment);
        let ids: Vec<_> = before.flat_map(|a| &a.ids).collect();
        let lost = ids.iter().filter(|id| !remains.has(id)).count();
        tally.cuts += 1;
        tally.looked_for += ids.len();
        tally.lost += lost;
        tally.with_losses += usize::from(lost > 0);
        if seed % RESTARTS == 0 {
            remains.finish_the_work().await;
            tally.restarts += 1;
        }
        remains.close().await;
    }
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_a_power_cut() {
    let story = Story::record(Synchronous::Full).await;
    let tally = cut_often(&story).await;
    eprintln!("full: {story}; {tally:?}");
    assert_eq!(tally.lost, 0, "{tally:?}");
    // It was not an easy one.
    assert!(tally.looked_for > 10_000, "{tally:?}");
    assert!(story.disk.main_file_syncs() > 5, "{story}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_sync_at_each_commit_some_of_it_is_lost_and_the_rest_is_sound() {
    let story = Story::record(Synchronous::Normal).await;
    let tally = cut_often(&story).await;
    eprintln!("normal: {story}; {tally:?}");
    assert!(tally.with_losses > 0, "{tally:?}");
    assert!(story.disk.main_file_syncs() > 5, "{story}");
}

/// The record is whole: played back, it is the files themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_kept_everything_holds_what_sqlite_wrote() {
    let story = Story::record(Synchronous::Full).await;
    let folder = tempfile::tempdir().expect("a folder");
    let end = story.disk.moment();
    story
        .disk
        .cut(end, Unsynced::Kept, folder.path())
        .expect("written");
    let files = |folder: &std::path::Path| {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        // Beside what SQLite wrote stands the mark that there is a database.
        let mut files: Vec<_> = paths
            .filter(|path| !path.to_string_lossy().ends_with("-exists"))
            .map(|path| {
                let bytes = std::fs::read(&path).expect("a file");
                (path.file_name().expect("a name").to_owned(), bytes)
            })
            .collect();
        files.sort();
        files
    };
    // Compared as truth: nobody wants to read the bytes.
    assert!(files(folder.path()) == files(story.folder.path()));
}
