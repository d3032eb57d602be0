//! Passwords of the staff: what one has to be like, and hashes of them. Hashing is slow on purpose, so that it is done
//! on threads of its own, and only so often at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use types::Problem;

use crate::events::internal;

/// Shortest password that is taken, in characters.
const MIN_PASSWORD: usize = 12;
/// The longest: nobody types more, and each byte is hashed.
const MAX_PASSWORD: usize = 1_000;

/// Hashes computed at once: each takes 19 MiB and one core for tens of milliseconds.
static HASHERS: Semaphore = Semaphore::const_new(2);
/// Hashes that are computed or waited for, at most.
const MAX_HASHES: usize = 32;
static HASHES: AtomicUsize = AtomicUsize::new(0);

/// What is to be stored of a new password.
///
/// # Errors
/// 422 about `password` for one that is too short or too long, 503 when too many are looked at.
pub(crate) async fn hashed(password: String) -> crate::Result<String> {
    let length = password.chars().count();
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&length) {
        let message = format!(
            "A password has at least {MIN_PASSWORD} characters, and at most {MAX_PASSWORD}."
        );
        return Err(Problem::invalid_field("password", message));
    }
    hashing(move || {
        let hash = Argon2::default()
            .hash_password(password.as_bytes())
            .map_err(internal)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether a password is the one of this hash. It takes as long where there is none, so that nobody learns which
/// names there are.
///
/// # Errors
/// 503 when too many are looked at.
pub(crate) async fn is_right(password: String, hash: Option<String>) -> crate::Result<bool> {
    hashing(move || {
        let right = matches(&password, hash.as_deref().unwrap_or(DECOY));
        Ok(right && hash.is_some())
    })
    .await
}

/// A hash of nobody's password, with the default parameters.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
     c2FsdHNhbHRzYWx0c2FsdA$q0CRJFgOcGp9kHTyLOnlEOfZcqDuQIbZ0sTQ5mbTvXY";

fn matches(password: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Hashing takes tens of milliseconds of one core: not on the threads that answer requests, and only
/// two at once.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> crate::Result<T> + Send + 'static,
) -> crate::Result<T> {
    let waiting = Waiting::begin().ok_or_else(|| {
        Problem::unavailable("Too many people are signing in. Try again in a moment.")
    })?;
    let hasher = HASHERS.acquire().await.map_err(internal)?;
    let done = tokio::task::spawn_blocking(move || {
        // Held until the hash is done, also when nobody waits for it any more.
        let _held = (waiting, hasher);
        work()
    });
    done.await.map_err(internal)?
}

/// One of the hashes that are computed or waited for.
struct Waiting;

impl Waiting {
    fn begin() -> Option<Self> {
        let before = HASHES.fetch_add(1, Ordering::Relaxed);
        let waiting = Self;
        (before < MAX_HASHES).then_some(waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        HASHES.fetch_sub(1, Ordering::Relaxed);
    }
}
