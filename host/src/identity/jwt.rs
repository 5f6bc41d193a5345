//! The API's short tokens: HS256 and nothing else, for our API and no other, for a quarter of an hour.
//!
//! Written by hand because all of it is fixed: the head is compared as text, so that a token cannot name an algorithm.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use relevo_model::*;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

const HEAD: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const AUDIENCE: &str = "relevo-api";
/// Seconds.
pub const LASTS: i64 = 15 * 60;

pub struct Signer(Zeroizing<Vec<u8>>);

/// What a token says. It stands on a session, and is worth nothing without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    aud: String,
    pub sub: UserId,
    pub sid: SessionId,
    /// Seconds since 1970, as the standard wants it.
    iat: i64,
    pub exp: i64,
}

impl Signer {
    pub fn new(key: &[u8]) -> Self {
        Self(Zeroizing::new(key.to_vec()))
    }

    pub fn sign(&self, user: UserId, session: SessionId, now: Time) -> String {
        let iat = now.0 / 1_000;
        let claims = Claims { aud: AUDIENCE.into(), sub: user, sid: session, iat, exp: iat + LASTS };
        let claims = serde_json::to_vec(&claims).expect("claims are plain");
        let signed = format!("{}.{}", BASE64URL_NOPAD.encode(HEAD.as_bytes()), BASE64URL_NOPAD.encode(&claims));
        let signature = BASE64URL_NOPAD.encode(&self.mac(&signed).finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    /// What a token of ours says, while it lasts.
    pub fn verify(&self, token: &str, now: Time) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        if head != BASE64URL_NOPAD.encode(HEAD.as_bytes()) {
            return None;
        }
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        self.mac(signed).verify_slice(&signature).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?).ok()?;
        let now = now.0 / 1_000;
        (claims.aud == AUDIENCE && claims.exp > now && claims.exp - now <= LASTS).then_some(claims)
    }

    fn mac(&self, signed: &str) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(signed.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Time = Time(1_767_268_800_000);
    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn ids() -> (UserId, SessionId) {
        let clock = Clock::standing(NOW, 0);
        (clock.id(), clock.id())
    }

    fn forge(key: &[u8], head: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", BASE64URL_NOPAD.encode(head.to_string().as_bytes()), BASE64URL_NOPAD.encode(claims.to_string().as_bytes()));
        let signature = BASE64URL_NOPAD.encode(&Signer::new(key).mac(&signed).finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    fn claims() -> Value {
        let (user, session) = ids();
        json!({ "aud": AUDIENCE, "sub": user, "sid": session, "iat": NOW.0 / 1_000, "exp": NOW.0 / 1_000 + LASTS })
    }

    #[test]
    fn a_token_is_good_for_a_quarter_of_an_hour() {
        let (user, session) = ids();
        let token = Signer::new(KEY).sign(user, session, NOW);

        let read = Signer::new(KEY).verify(&token, NOW).unwrap();
        assert_eq!((read.sub, read.sid), (user, session));
        assert!(Signer::new(KEY).verify(&token, Time(NOW.0 + LASTS * 1_000 - 1_000)).is_some());
        assert!(Signer::new(KEY).verify(&token, Time(NOW.0 + LASTS * 1_000)).is_none());
    }

    #[test]
    fn what_we_would_sign_ourselves_passes_and_nothing_near_it() {
        let head = json!({ "alg": "HS256", "typ": "JWT" });
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            claims
        };
        let signer = Signer::new(KEY);
        assert!(signer.verify(&forge(KEY, &head, &claims()), NOW).is_some());

        for (case, token) in [
            ("alg none, signed", forge(KEY, &json!({ "alg": "none", "typ": "JWT" }), &claims())),
            ("alg HS512", forge(KEY, &json!({ "alg": "HS512", "typ": "JWT" }), &claims())),
            ("alg RS256", forge(KEY, &json!({ "alg": "RS256", "typ": "JWT" }), &claims())),
            ("a key of its own in the head", forge(b"attacker", &json!({ "alg": "HS256", "typ": "JWT", "jwk": { "k": "YXR0YWNrZXI" } }), &claims())),
            ("signed with what everybody knows", forge(b"relevo-api", &head, &claims())),
            ("signed with nothing", forge(b"", &head, &claims())),
            ("for another audience", forge(KEY, &head, &with("aud", json!("other")))),
            ("for two audiences", forge(KEY, &head, &with("aud", json!([AUDIENCE, "other"])))),
            ("expired", forge(KEY, &head, &with("exp", json!(NOW.0 / 1_000)))),
            ("for ever", forge(KEY, &head, &with("exp", json!(NOW.0 / 1_000 + LASTS + 1)))),
            ("without an end", forge(KEY, &head, &with("exp", Value::Null))),
        ] {
            assert!(signer.verify(&token, NOW).is_none(), "{case}");
        }
    }

    #[test]
    fn a_token_is_whole_or_nothing() {
        let (user, session) = ids();
        let signer = Signer::new(KEY);
        let token = signer.sign(user, session, NOW);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let unsigned = format!("{}.{}.", BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#), signed.split_once('.').unwrap().1);

        for broken in [unsigned, format!("{signed}."), signed.to_owned(), format!("{signed}.{signature}="), String::new(), "..".into(), format!("{token}.x")] {
            assert!(signer.verify(&broken, NOW).is_none(), "{broken}");
        }
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(signer.verify(std::str::from_utf8(&bytes).unwrap(), NOW).is_none(), "byte {at}");
        }
    }
}
