//! What was done just before, said once on the next page: in a cookie that only we can write.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use relevo_model::Time;
use relevo_store::Store;
use sha2::Sha256;

/// Long enough for the redirect, too short to be found again.
const LASTS: Duration = Duration::from_secs(60);
const NAME: &str = "flash";
/// Bytes of a text that are carried.
const LONGEST: usize = 1_000;
const MAC: usize = 32;

/// Signs what one page says to the next.
#[derive(Clone)]
pub struct Flash {
    mac: Hmac<Sha256>,
    secure: bool,
}

impl Flash {
    pub fn new(store: &Store, secure: bool) -> Self {
        Self { mac: Hmac::new_from_slice(&*store.derive("flash")).expect("HMAC takes a key of any length"), secure }
    }

    /// The header that carries a text to the next page.
    pub fn carry(&self, text: &str, now: Time) -> (HeaderName, HeaderValue) {
        let mut cut = text.len().min(LONGEST);
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        let mut signed = now.after(LASTS).0.to_be_bytes().to_vec();
        signed.extend_from_slice(&text.as_bytes()[..cut]);
        let mac = self.mac.clone().chain_update(&signed).finalize().into_bytes();
        let value = BASE64URL_NOPAD.encode(&[&mac[..], &signed].concat());
        self.cookie(&value, LASTS)
    }

    /// The header that takes it away again.
    pub fn drop_it(&self) -> (HeaderName, HeaderValue) {
        self.cookie("", Duration::ZERO)
    }

    /// What the page before said; nothing that was not signed here, or too long ago.
    pub fn read(&self, headers: &HeaderMap, now: Time) -> Option<String> {
        let bytes = BASE64URL_NOPAD.decode(presented(headers)?.as_bytes()).ok()?;
        let (mac, signed) = bytes.split_at_checked(MAC)?;
        self.mac.clone().chain_update(signed).verify_slice(mac).ok()?;
        let (until, text) = signed.split_first_chunk::<8>()?;
        let alive = i64::from_be_bytes(*until) > now.0;
        String::from_utf8(text.to_vec()).ok().filter(|_| alive)
    }

    fn cookie(&self, value: &str, lasts: Duration) -> (HeaderName, HeaderValue) {
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{NAME}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", lasts.as_secs());
        (header::SET_COOKIE, HeaderValue::from_str(&cookie).expect("letters and digits are plain"))
    }
}

/// Whether the request brought one, sound or not.
pub fn presented(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('=')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time(1_767_268_800_000);

    fn flash(key: &[u8]) -> Flash {
        Flash { mac: Hmac::new_from_slice(key).unwrap(), secure: true }
    }

    /// As a browser sends back what it was given.
    fn sent_back(cookie: &HeaderValue) -> HeaderMap {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&format!("lang=es; {pair}")).unwrap())])
    }

    #[test]
    fn a_text_arrives_at_the_next_page_and_not_later() {
        let cookie = flash(b"a").carry("Guardada: «Café» ☕", NOON).1;

        let headers = sent_back(&cookie);

        assert_eq!(flash(b"a").read(&headers, NOON).as_deref(), Some("Guardada: «Café» ☕"));
        assert_eq!(flash(b"a").read(&headers, NOON.after(LASTS)), None);
        assert!(cookie.to_str().unwrap().ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"));
        assert!(flash(b"a").drop_it().1.to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn nobody_else_writes_one() {
        let cookie = flash(b"a").carry("Guardada", NOON).1;
        let mine = cookie.to_str().unwrap().split([';', '=']).nth(1).unwrap().to_owned();
        let (head, tail) = mine.split_at(mine.len() - 6);
        let other: String = tail.chars().rev().collect();
        let unsigned = BASE64URL_NOPAD.encode(b"Llam\xe1 al 0800");

        assert_eq!(flash(b"b").read(&sent_back(&cookie), NOON), None);
        for forged in [format!("{head}{other}"), unsigned, BASE64URL_NOPAD.encode(&[0; 64]), "x".into(), "%00".into()] {
            let headers = sent_back(&HeaderValue::from_str(&format!("flash={forged}; Path=/")).unwrap());
            assert_eq!(flash(b"a").read(&headers, NOON), None, "{forged}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_letters() {
        let cookie = flash(b"a").carry(&"ñ".repeat(LONGEST), NOON).1;
        assert_eq!(flash(b"a").read(&sent_back(&cookie), NOON).unwrap(), "ñ".repeat(LONGEST / 2));
    }
}
