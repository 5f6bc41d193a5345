//! Who signed a webhook: HMAC-SHA256 over the raw body, in `X-Hub-Signature-256`.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

const PREFIX: &str = "sha256=";

/// True when `header` is the signature of exactly these bytes under `secret`. Compares in constant time.
pub fn verify(secret: &[u8], raw_body: &[u8], header: &str) -> bool {
    let mut claimed = [0; 32];
    let well_formed = header.trim().strip_prefix(PREFIX).is_some_and(|digits| hex::decode_to_slice(digits, &mut claimed).is_ok());
    well_formed && bool::from(digest(secret, raw_body).ct_eq(&claimed))
}

/// The header that Meta would send with this body.
pub fn sign(secret: &[u8], raw_body: &[u8]) -> String {
    format!("{PREFIX}{}", hex::encode(digest(secret, raw_body)))
}

fn digest(secret: &[u8], raw_body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC takes a key of any length");
    mac.update(raw_body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = include_bytes!("../../../tests/fixtures/webhooks/pywa_message__text.json");

    #[test]
    fn the_published_vectors_verify() {
        // RFC 4231, cases 1, 2 and 6.
        let vectors: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ];
        for (key, text, hex) in vectors {
            assert!(verify(key, text, &format!("sha256={hex}")));
            assert!(verify(key, text, &format!("sha256={}", hex.to_uppercase())));
            assert_eq!(sign(key, text), format!("sha256={hex}"));
        }
    }

    #[test]
    fn a_body_with_any_byte_changed_is_refused() {
        let header = sign(b"secret", BODY);
        let mut body = BODY.to_vec();
        for index in 0..body.len() {
            body[index] ^= 1 << (index % 8);
            assert!(!verify(b"secret", &body, &header), "byte {index}");
            body[index] = BODY[index];
        }
        assert!(verify(b"secret", &body, &header));
        assert!(!verify(b"other", &body, &header));
    }

    #[test]
    fn a_header_that_is_no_signature_is_refused() {
        let good = sign(b"secret", BODY);
        for header in ["", "sha256=", "sha1=00", &good[7..], &good[..70], &format!("{good}00"), &good.replace("sha256", "SHA256"), "sha256=zz"] {
            assert!(!verify(b"secret", BODY, header), "{header}");
        }
    }
}
