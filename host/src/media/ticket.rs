//! What an address of ours is good for: one file, one way, a size and a time, held together by an HMAC.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use relevo_model::Time;
use sha2::Sha256;

/// Which way a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Get,
    Put,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub what: What,
    pub key: String,
    /// Bytes that may be put at most.
    pub most: u64,
    pub expires_at: Time,
}

impl Ticket {
    /// As a part of an address.
    pub fn seal(&self, key: &[u8; 32]) -> String {
        let what = if self.what == What::Get { "get" } else { "put" };
        let says = format!("{what} {} {} {}", self.most, self.expires_at.0, self.key);
        format!("{}.{}", BASE64URL_NOPAD.encode(says.as_bytes()), BASE64URL_NOPAD.encode(&mac(key, says.as_bytes()).finalize().into_bytes()))
    }

    /// None where we did not seal it.
    pub fn open(token: &str, key: &[u8; 32]) -> Option<Self> {
        let (says, signature) = token.split_once('.')?;
        let (says, signature) = (BASE64URL_NOPAD.decode(says.as_bytes()).ok()?, BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?);
        mac(key, &says).verify_slice(&signature).ok()?;
        let says = String::from_utf8(says).ok()?;
        let mut parts = says.splitn(4, ' ');
        let what = match parts.next()? {
            "get" => What::Get,
            "put" => What::Put,
            _ => return None,
        };
        let (most, expires_at) = (parts.next()?.parse().ok()?, Time(parts.next()?.parse().ok()?));
        Some(Self { what, most, expires_at, key: parts.next()?.to_owned() })
    }
}

fn mac(key: &[u8; 32], says: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("a key of any length will do");
    mac.update(says);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn ticket() -> Ticket {
        Ticket { what: What::Put, key: "t/incoming/a b".into(), most: 10, expires_at: Time(1_000) }
    }

    #[test]
    fn a_ticket_opens_as_it_was_sealed() {
        assert_eq!(Ticket::open(&ticket().seal(&KEY), &KEY), Some(ticket()));
    }

    #[test]
    fn a_ticket_of_which_a_letter_was_changed_is_none() {
        let sealed = ticket().seal(&KEY);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(Ticket::open(std::str::from_utf8(&changed).unwrap(), &KEY), None, "{at}");
        }
        assert_eq!(Ticket::open(&sealed, &[8; 32]), None);
        for none in ["", ".", "x", &sealed[..sealed.len() - 1], &format!("{sealed}A")] {
            assert_eq!(Ticket::open(none, &KEY), None, "{none}");
        }
    }
}
