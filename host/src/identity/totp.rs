//! Codes that change every half minute (RFC 6238, with SHA-1 and six digits, which is what every app knows).

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac};
use relevo_model::Time;
use sha1::Sha1;
use subtle::ConstantTimeEq;
use url::form_urlencoded::byte_serialize;

/// Milliseconds that a code is for.
const STEP: i64 = 30_000;
/// Steps that a phone's clock may be early or late.
const DRIFT: i64 = 1;
pub const SECRET: usize = 20;

/// The code of a time step.
pub fn code(secret: &[u8], step: i64) -> String {
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0xf);
    let number = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

pub const fn step_of(time: Time) -> i64 {
    time.0 / STEP
}

/// The time step, near to now, that this is the code of.
pub fn matches(secret: &[u8], entered: &str, now: Time) -> Option<i64> {
    let here = step_of(now);
    let mut found = None;
    for step in here - DRIFT..=here + DRIFT {
        if bool::from(code(secret, step).as_bytes().ct_eq(entered.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The secret as people type it.
pub fn typed(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// What a QR code tells an app.
pub fn uri(account: &str, secret: &[u8]) -> String {
    let account: String = byte_serialize(account.as_bytes()).collect();
    format!("otpauth://totp/Relevo:{account}?secret={}&issuer=Relevo&algorithm=SHA1&digits=6&period=30", typed(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037"), (20_000_000_000, "353130")]
        {
            assert_eq!(code(secret, step_of(Time(seconds * 1_000))), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_around_its_own() {
        let secret = b"12345678901234567890";
        let now = Time(1_111_111_109_000);
        let here = code(secret, step_of(now));

        for (away, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            assert_eq!(matches(secret, &here, Time(now.0 + away * STEP)).is_some(), good, "{away}");
        }
        for wrong in ["", "08180", "0818040", "081805", "٠٨١٨٠٤"] {
            assert_eq!(matches(secret, wrong, now), None);
        }
    }

    #[test]
    fn an_app_reads_whose_code_it_is() {
        assert_eq!(
            uri("ana+1@acme.com", b"12345678901234567890"),
            "otpauth://totp/Relevo:ana%2B1%40acme.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Relevo&algorithm=SHA1&digits=6&period=30"
        );
    }
}
