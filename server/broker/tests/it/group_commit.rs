use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker::{Environment, Error, GroupCommit, Log, Probe, Step};
use futures::future::join_all;

use crate::{DEADLINE, Fixture, event};

const WRITERS: usize = 16;
const JOBS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn positions_are_gapless_and_in_commit_order_under_parallel_writers() {
    let fixture = Fixture::new().await;
    let writer = GroupCommit::start(&fixture.log, "writer");
    // Each job appends one to three events; each third fails after it appended.
    let size = |job: usize| job % 3 + 1;
    let fails = |job: usize| job.is_multiple_of(3);
    let expected: usize = (0..JOBS).filter(|job| !fails(*job)).map(size).sum();
    let expected = expected * WRITERS;

    let mut tail = fixture.log.tail(0);
    let reader = tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.len() < expected {
            seen.extend(tail.next(7).await.expect("readable"));
        }
        seen
    });
    let writers = (0..WRITERS).map(|who| {
        let writer = writer.clone();
        tokio::spawn(async move {
            for job in 0..JOBS {
                let key = format!("{who}-{job}");
                let done: Result<(), Error> = writer
                    .run(move |tx| {
                        Box::pin(async move {
                            for _ in 0..size(job) {
                                tx.append(event("written", &key), None);
                            }
                            if fails(job) {
                                Err(Error::Stopped)
                            } else {
                                Ok(())
                            }
                        })
                    })
                    .await;
                assert_eq!(done.is_err(), fails(job));
            }
        })
    });
    for joined in join_all(writers).await {
        joined.expect("a writer");
    }
    let seen = tokio::time::timeout(DEADLINE, reader).await;
    let seen = seen.expect("in time").expect("a reader");

    let positions: Vec<u64> = seen.iter().map(|event| event.position).collect();
    let gapless: Vec<u64> = (1..=expected as u64).collect();
    assert_eq!(positions, gapless, "what a reader saw while others wrote");
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.all().await, seen, "and what the database holds");
    // A writer's jobs were durable one after the other: their events stand in that order, and those
    // of one job together.
    for who in 0..WRITERS {
        let prefix = format!("{who}-");
        let jobs: Vec<usize> = (seen.iter())
            .filter_map(|event| event.key.strip_prefix(&prefix)?.parse().ok())
            .collect();
        assert!(jobs.is_sorted(), "writer {who}: {jobs:?}");
    }
    let mut runs: Vec<&str> = seen.iter().map(|event| event.key.as_str()).collect();
    runs.dedup();
    let count = runs.len();
    runs.sort_unstable();
    runs.dedup();
    assert_eq!(runs.len(), count, "no job's events are torn apart");
}

#[tokio::test]
async fn a_failing_job_rolls_back_alone_with_its_events() {
    let fixture = Fixture::new().await;
    let writer = GroupCommit::start(&fixture.log, "writer");
    // While this transaction holds the only write lock, the jobs gather and share the next one.
    let holder = fixture.log.begin("holder").await.expect("a transaction");
    let job = |n: i64, fails: bool| {
        let writer = writer.clone();
        async move {
            writer
                .run(move |tx| {
                    Box::pin(async move {
                        db::query("insert into handled (position, times) values ($1, 1)")
                            .bind(n)
                            .execute(tx.conn())
                            .await?;
                        tx.append(event("written", &n.to_string()), None);
                        if fails {
                            // An error of the database inside of it, at that.
                            db::query("insert into handled (position, times) values ($1, 1)")
                                .bind(n)
                                .execute(tx.conn())
                                .await?;
                        }
                        Ok::<_, Error>(n)
                    })
                })
                .await
        }
    };
    let mut jobs = pin!(join_all([job(1, false), job(2, true), job(3, false)]));
    assert!(futures::poll!(jobs.as_mut()).is_pending(), "all are queued");
    holder.commit().await.expect("committed");
    let done = tokio::time::timeout(DEADLINE, jobs).await.expect("in time");

    assert_eq!(done[0].as_ref().ok(), Some(&1));
    assert!(
        matches!(&done[1], Err(Error::Database(error)) if error.is_unique_violation()),
        "it tells its own reason: {:?}",
        done[1]
    );
    assert_eq!(done[2].as_ref().ok(), Some(&3));
    let rows = fixture.numbers("select position from handled order by 1");
    assert_eq!(rows.await, [1, 3]);
    // Where several write at once, whoever commits first comes first.
    let mut keys: Vec<_> = fixture.all().await.iter().map(|e| e.key.clone()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["1", "3"]);
}

#[tokio::test]
async fn jobs_that_gathered_share_one_transaction() {
    let fixture = Fixture::new().await;
    // One writer, of however many.
    let writer = GroupCommit::start(&fixture.log, "writer").of_owner(7);
    let holder = fixture.log.begin("holder").await.expect("a transaction");
    let mut head = fixture.log.watch_head();
    let jobs = (0..50).map(|n: i32| {
        writer.run(move |tx| {
            Box::pin(async move {
                tx.append(event("written", &n.to_string()), None);
                Ok::<_, Error>(())
            })
        })
    });
    let mut jobs = pin!(join_all(jobs));
    assert!(futures::poll!(jobs.as_mut()).is_pending());
    holder.commit().await.expect("committed");
    head.changed().await.expect("the log is open");
    assert_eq!(*head.borrow(), 50, "all of them in the first commit");
    for done in jobs.await {
        done.expect("written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_panics_fails_that_batch_and_goes_on_with_the_next() {
    let fixture = Fixture::new().await;
    // A defect of the broker's own, outside of any job.
    let panics = Arc::new(AtomicBool::new(true));
    let left = panics.clone();
    let probe: Probe = Arc::new(move |step, _: &str| {
        let left = left.clone();
        Box::pin(async move {
            let defect = step == Step::JobDone && left.swap(false, Ordering::SeqCst);
            assert!(!defect, "a defect");
        })
    });
    let db = fixture.log.db().clone();
    let log = Log::open(db, Environment::system().with_probe(probe)).await;
    let log = log.expect("a log");
    let writer = GroupCommit::start(&log, "writer").of_owner(7);
    let append = async |key: &'static str| -> Result<(), Error> {
        let job = writer.run(move |tx| {
            Box::pin(async move {
                tx.append(event("written", key), None);
                Ok(())
            })
        });
        let done = tokio::time::timeout(DEADLINE, job).await;
        done.expect("an answer in time")
    };
    append("one").await.expect_err("its writer panicked");
    assert!(!panics.load(Ordering::SeqCst));
    append("two").await.expect("the writer goes on");
    let keys = fixture.log.read_after(0, 10).await.expect("events");
    let keys: Vec<&str> = keys.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys, ["two"], "nothing of the batch that failed is left");
}

#[tokio::test]
async fn a_job_that_the_database_refuses_fails_alone() {
    let fixture = Fixture::new().await;
    let writer = GroupCommit::start(&fixture.log, "writer");
    // In the same transaction, whichever comes first: each inserts the same row, and appends.
    let jobs = (0..64).map(|job: usize| {
        let writer = writer.clone();
        async move {
            let insert = move |tx: &mut broker::Tx| {
                tx.append(event("written", &job.to_string()), None);
                format!("insert into handled values ({}, 1)", job / 2)
            };
            let done: Result<(), Error> = writer
                .run_unmarked(move |tx| {
                    Box::pin(async move {
                        let sql = insert(tx);
                        db::query(db::trusted_sql(sql)).execute(tx.conn()).await?;
                        Ok(())
                    })
                })
                .await;
            done.is_ok()
        }
    });
    let done = join_all(jobs).await;
    assert_eq!(done.iter().filter(|is_done| **is_done).count(), 32);
    assert_eq!(fixture.of_kind("written").await.len(), 32);
    assert_eq!(fixture.numbers("select count(*) from handled").await, [32]);
}

#[tokio::test]
async fn of_an_unmarked_job_that_panics_nothing_is_kept() {
    let fixture = Fixture::new().await;
    let writer = GroupCommit::start(&fixture.log, "writer");
    let write = async |key: &'static str, panics: bool| {
        let written: Result<(), Error> = writer
            .run_unmarked(move |tx| {
                Box::pin(async move {
                    tx.append(event("written", key), None);
                    let insert = db::query("insert into handled values ($1, 1)");
                    insert.bind(i64::from(panics)).execute(tx.conn()).await?;
                    assert!(!panics, "this panic is part of the test");
                    Ok(())
                })
            })
            .await;
        written
    };
    let panicked = write("torn", true).await.expect_err("it panicked");
    assert!(matches!(panicked, Error::Panicked), "{panicked}");
    write("whole", false).await.expect("the writer goes on");
    let keys: Vec<_> = fixture.all().await.iter().map(|e| e.key.clone()).collect();
    assert_eq!(keys, ["whole"]);
    assert_eq!(fixture.numbers("select position from handled").await, [0]);
}
