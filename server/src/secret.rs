//! The key that signs cookies: from the environment, or generated once into the data folder. And
//! passwords that nobody has to think of.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use axum_extra::extract::cookie::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const MIN_LENGTH: usize = 32;

pub fn key(given: Option<&str>, data_dir: &Path) -> anyhow::Result<Key> {
    if let Some(secret) = given {
        if secret.len() < MIN_LENGTH {
            bail!(
                "VITRINE_SECRET has {} characters, expected at least {MIN_LENGTH}",
                secret.len()
            );
        }
        return Ok(Key::derive_from(secret.as_bytes()));
    }
    let path = data_dir.join("secret.key");
    if !path.exists() {
        // Written aside and moved: a start that is killed leaves no half a key.
        let part = path.with_extension("part");
        let mut file = fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&part)
            .with_context(|| format!("cannot write {}", part.display()))?;
        file.write_all(Key::generate().master())?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
    }
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Key::try_from(bytes.as_slice())
        .with_context(|| format!("{} is not a key of 64 bytes; remove it", path.display()))
}

/// The same for whoever works beside the shop: none is made, as it would be another one.
pub fn known_key(given: Option<&str>, data_dir: &Path) -> anyhow::Result<Key> {
    let path = data_dir.join("secret.key");
    if given.is_none() && !path.exists() {
        bail!(
            "the shop's secret is not in {}: name its folder with --data-dir, or give VITRINE_SECRET",
            path.display()
        );
    }
    key(given, data_dir)
}

/// 32 bytes that only who has the key can make, for one purpose.
pub fn derived(key: &[u8], purpose: &str) -> Vec<u8> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    code.update(purpose.as_bytes());
    code.finalize().into_bytes().to_vec()
}

/// 100 random bits, in groups that can be read aloud.
pub fn password() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let mut bits: u128 = rand::random();
    let mut password = String::new();
    for i in 0..20 {
        if i > 0 && i % 5 == 0 {
            password.push('-');
        }
        password.push(ALPHABET[(bits & 31) as usize].into());
        bits >>= 5;
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_kept_and_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = key(None, folder.path()).expect("a key");
        let again = key(None, folder.path()).expect("the same key");
        assert_eq!(first.master(), again.master());
        let mode = {
            use std::os::unix::fs::PermissionsExt;
            fs::metadata(folder.path().join("secret.key"))
                .expect("a file")
                .permissions()
                .mode()
        };
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_short_secret_is_refused() {
        let error = key(Some("short"), Path::new("unused"))
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains("5 characters, expected at least 32"),
            "{error}"
        );
    }
}
