//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the client's side: how Postgres asks for a password.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use sha2::{Digest, Sha256};

const BLOCK: usize = 64;

pub(super) struct Scram {
    password: String,
    user: &'static str,
    nonce: String,
}

impl Scram {
    pub(super) fn new(password: &str) -> Self {
        let random = || RandomState::new().build_hasher().finish();
        // Postgres takes the user's name from the start of the connection.
        Self { password: password.to_owned(), user: "", nonce: format!("{:016x}{:016x}", random(), random()) }
    }

    pub(super) fn first_message(&self) -> String {
        format!("n,,{}", self.first_bare())
    }

    /// The answer to the server's challenge; `None` when that is not one of ours.
    pub(super) fn final_message(&self, challenge: &str) -> Option<String> {
        let field = |name: &str| challenge.split(',').find_map(|field| field.strip_prefix(name));
        let nonce = field("r=").filter(|nonce| nonce.starts_with(&self.nonce))?;
        let salt = from_base64(field("s=")?)?;
        let rounds: u32 = field("i=")?.parse().ok()?;

        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{challenge},{without_proof}", self.first_bare());
        let client_key = hmac(&salted(self.password.as_bytes(), &salt, rounds), b"Client Key");
        let signature = hmac(&Sha256::digest(client_key), signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, bit)| key ^ bit).collect();
        Some(format!("{without_proof},p={}", to_base64(&proof)))
    }

    fn first_bare(&self) -> String {
        format!("n={},r={}", self.user, self.nonce)
    }
}

/// PBKDF2 with HMAC-SHA-256, one block.
fn salted(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut block = hmac(password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut result = block;
    for _ in 1..rounds {
        block = hmac(password, &block);
        result.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    result
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut padded = [0; BLOCK];
    if key.len() > BLOCK {
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(padded.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * position) & 0x3f) as usize];
            text.push(if position <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for character in text.trim_end_matches('=').bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == character)?;
        bits = bits << 6 | u32::try_from(digit).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_of_rfc_7677_comes_out() {
        let scram = Scram { password: "pencil".to_owned(), user: "user", nonce: "rOprNGfwEbeRWgbNEkqO".to_owned() };
        let challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

        assert_eq!(scram.first_message(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        assert_eq!(
            scram.final_message(challenge).unwrap(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
    }

    #[test]
    fn a_challenge_for_somebody_else_has_no_answer() {
        assert_eq!(Scram::new("pencil").final_message("r=another,s=W22ZaJ0S,i=4096"), None);
    }

    #[test]
    fn base64_goes_both_ways() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).unwrap(), bytes.as_bytes());
        }
    }
}
