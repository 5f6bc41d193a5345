//! Secrets that we hand out: 256 random bits each, kept by their hash only. A hash without salt is enough: nobody guesses 256 bits.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use rand::RngCore;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A token for a cookie or a link.
pub fn token() -> SecretString {
    BASE64URL_NOPAD.encode(&*random::<32>()).into()
}

/// The same in letters and digits alone, so that a double click selects all of it.
pub fn letters<const N: usize>() -> Zeroizing<String> {
    Zeroizing::new(BASE32_NOPAD.encode(&*random::<N>()).to_ascii_lowercase())
}

pub fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    rand::rng().fill_bytes(&mut *bytes);
    bytes
}

/// What is kept of a token.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}
