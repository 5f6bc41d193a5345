//! Sealing: a key per tenant under one master key; what is sealed is bound to its tenant, table and column.

use std::{fmt, fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::RngCore;
use relevo_model::TenantId;
use zeroize::Zeroizing;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("RELEVO_MASTER_KEY is not a key: expected 64 hexadecimal digits (make one with `openssl rand -hex 32`)")]
    NotAKey,
    #[error("RELEVO_MASTER_KEY is required on Postgres: several nodes must share one key (make one with `openssl rand -hex 32`)")]
    Required,
    #[error("the master key is not the one that this data was sealed with: set RELEVO_MASTER_KEY to the earlier key, or restore master.key in the data folder")]
    Mismatch,
    #[error("something sealed cannot be opened: it was changed, or belongs to another place")]
    Unreadable,
    #[error("cannot read or write the master key file {0}: {1}")]
    File(String, std::io::Error),
}

/// A key that seals. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Where a sealed value lives; it opens nowhere else.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
}

impl Key {
    pub fn random() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *key);
        Self(key)
    }

    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *key).map_err(|_| KeyError::NotAKey)?;
        Ok(Self(key))
    }

    /// The key in this file; made there, readable by its owner alone, when there is none.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let failed = |error| KeyError::File(path.display().to_string(), error);
        match fs::read_to_string(path) {
            Ok(text) => Self::from_hex(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = Self::random();
                let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
                file.write_all(Zeroizing::new(hex::encode(*key.0)).as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                Ok(key)
            }
            Err(error) => Err(failed(error)),
        }
    }

    pub fn seal(&self, tenant: &TenantId, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 24];
        rand::rng().fill_bytes(&mut nonce);
        let cipher = XChaCha20Poly1305::new((&*self.0).into());
        let bound = bound_to(tenant, place);
        let sealed =
            cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &bound }).expect("a message in memory is far below the cipher's limit");
        [&nonce[..], &sealed].concat()
    }

    pub fn open(&self, tenant: &TenantId, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (nonce, sealed) = sealed.split_at_checked(24).ok_or(KeyError::Unreadable)?;
        let cipher = XChaCha20Poly1305::new((&*self.0).into());
        let bound = bound_to(tenant, place);
        cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &bound }).map(Zeroizing::new).map_err(|_| KeyError::Unreadable)
    }

    /// A key of its own for each purpose: HMAC-SHA256 under this one.
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        use hmac::Mac;
        let mut mac = <hmac::Hmac<sha2::Sha256> as Mac>::new_from_slice(&*self.0).expect("HMAC takes a key of any length");
        mac.update(b"relevo derived key\x1f");
        mac.update(purpose.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Unreadable)?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

fn bound_to(tenant: &TenantId, place: Place<'_>) -> Vec<u8> {
    [tenant.as_str(), place.table, place.column, place.row].join("\u{1f}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0198c0de-0000-7000-8000-000000000001";
    const OTHER: &str = "0198c0de-0000-7000-8000-000000000002";

    #[test]
    fn what_is_sealed_opens_at_its_own_place_only() {
        let (key, tenant) = (Key::random(), TENANT.parse().unwrap());
        let place = Place { table: "channels", column: "access_token", row: "1" };
        let sealed = key.seal(&tenant, place, b"EAAG");

        assert_eq!(&**key.open(&tenant, place, &sealed).unwrap(), b"EAAG");
        assert!(key.open(&OTHER.parse().unwrap(), place, &sealed).is_err());
        assert!(key.open(&tenant, Place { table: "plugin_secrets", ..place }, &sealed).is_err());
        assert!(key.open(&tenant, Place { column: "app_secret", ..place }, &sealed).is_err());
        assert!(key.open(&tenant, Place { row: "2", ..place }, &sealed).is_err());
        assert!(Key::random().open(&tenant, place, &sealed).is_err());
        assert!(key.open(&tenant, place, &sealed[..20]).is_err());
    }

    #[test]
    fn a_key_never_shows_itself() {
        let key = Key::from_hex(&"ab".repeat(32)).unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
