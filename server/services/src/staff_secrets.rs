//! What the shop's secret makes for its staff: links of invitations, a box for the secrets of their apps, and hashes of
//! recovery codes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::Sha256;
use uuid::Uuid;

use crate::events::internal;
use crate::order_links::Tokens;

const INVITATIONS: &[u8] = b"vitrine staff invitation, version 1";
const BOX: &[u8] = b"vitrine staff second step, version 1";
const RECOVERY: &[u8] = b"vitrine staff recovery code, version 1";

/// Where invitations lead; the token follows.
pub const FOLDER: &str = "/admin/join/";

/// Bytes of a secret that an app makes codes of, as RFC 4226 recommends.
pub(crate) const SECRET: usize = 20;

pub struct StaffSecrets {
    invitations: Tokens,
    sealing: LessSafeKey,
    recovery: Vec<u8>,
}

impl std::fmt::Debug for StaffSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaffSecrets")
    }
}

impl StaffSecrets {
    /// Made with the shop's own secret.
    pub fn new(secret: &[u8]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &keyed(secret, &[BOX])).expect("32 bytes");
        Self {
            invitations: Tokens::new(secret, INVITATIONS),
            sealing: LessSafeKey::new(key),
            recovery: keyed(secret, &[RECOVERY]),
        }
    }

    /// The path that takes an invitation up.
    pub fn path(&self, invitation: Uuid) -> String {
        format!("{FOLDER}{}", self.invitations.of(invitation))
    }

    /// The invitation of a link; `None` for one that this shop did not make.
    pub(crate) fn invitation(&self, token: &str) -> Option<Uuid> {
        self.invitations.id(token)
    }

    /// A secret of `member`, as it may be stored: for nobody else, and unreadable without the shop's.
    pub(crate) fn seal(&self, member: &str, secret: [u8; SECRET]) -> crate::Result<String> {
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = secret.to_vec();
        self.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(member.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| internal("a secret cannot be sealed"))?;
        Ok(STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// `None` for what was sealed with another secret of the shop, or for somebody else.
    pub(crate) fn open(&self, member: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let opened = self.sealing.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(member.as_bytes()),
            &mut sealed,
        );
        opened.ok().map(|secret| secret.to_vec())
    }

    /// What is stored of a recovery code.
    pub(crate) fn recovery_hash(&self, member: &str, code: &str) -> String {
        let hash = keyed(&self.recovery, &[member.as_bytes(), b"\0", code.as_bytes()]);
        STANDARD_NO_PAD.encode(hash)
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> crate::Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| internal("the system has no random bytes"))?;
    Ok(bytes)
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        code.update(part);
    }
    code.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_for_its_member_and_its_shop_alone() {
        let shop = StaffSecrets::new(b"a secret of the shop");
        let secret = [7; SECRET];
        let sealed = shop.seal("staff-1", secret).expect("sealed");
        assert_ne!(sealed, shop.seal("staff-1", secret).expect("sealed"));
        assert_eq!(shop.open("staff-1", &sealed), Some(secret.to_vec()));
        assert_eq!(shop.open("staff-2", &sealed), None);
        let other = StaffSecrets::new(b"another secret");
        assert_eq!(other.open("staff-1", &sealed), None);
        for cut in 0..sealed.len() {
            assert_eq!(shop.open("staff-1", &sealed[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_link_is_of_its_shop() {
        let shop = StaffSecrets::new(b"a secret of the shop");
        let id = Uuid::from_u128(7);
        let path = shop.path(id);
        let token = path.strip_prefix(FOLDER).expect("a link");
        assert_eq!(shop.invitation(token), Some(id));
        assert_eq!(StaffSecrets::new(b"another").invitation(token), None);
    }

    #[test]
    fn a_recovery_code_is_hashed_for_its_member() {
        let shop = StaffSecrets::new(b"a secret of the shop");
        let one = shop.recovery_hash("staff-1", "abcde-fghjk");
        assert_ne!(one, shop.recovery_hash("staff-2", "abcde-fghjk"));
        assert_ne!(one, shop.recovery_hash("staff-1", "abcde-fghjl"));
    }
}
