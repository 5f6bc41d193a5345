//! Files that customers sent: where they are, and fetching them.

use std::time::Duration;

use reqwest::{Method, Url, header::AUTHORIZATION};
use sha2::{Digest, Sha256};

use super::{super::wire::Object, Fault, Graph, answer, bearer, reason};

/// A whole file may take longer than an answer.
const FILE: Duration = Duration::from_secs(120);
/// Where Meta keeps files.
const HOSTS: [&str; 2] = ["graph.facebook.com", "lookaside.fbsbx.com"];
const DOMAINS: [&str; 3] = [".fbcdn.net", ".fbsbx.com", ".whatsapp.net"];

/// Where a file is, for some minutes, and what it must turn out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaCard {
    pub url: String,
    pub mime: String,
    pub sha256: Option<String>,
    pub size: Option<u64>,
}

impl Graph {
    /// Asks where a file is.
    pub async fn media(&self, id: &str, token: &str) -> Result<MediaCard, Fault> {
        let path = self.path(&[id]).map_err(Fault::Refused)?;
        let answer: Box<serde_json::value::RawValue> = self.ask(Method::GET, &path, token, Vec::new()).await?;
        let card = Object::read(&answer).ok_or(Fault::Unreadable("it is no object"))?;
        let own = |name| card.text(name).map(std::borrow::Cow::into_owned);
        let url = own("url").ok_or(Fault::Unreadable("it has no address"))?;
        Ok(MediaCard { url, mime: own("mime_type").unwrap_or_default(), sha256: own("sha256"), size: card.number("file_size") })
    }

    /// Fetches a file of `cap` bytes at most, and only from Meta or from where this API is; checks its size and hash.
    pub async fn download(&self, card: &MediaCard, token: &str, cap: u64) -> Result<Vec<u8>, Fault> {
        let url = Url::parse(&card.url).ok().filter(|url| self.trusts(url)).ok_or(Fault::ForeignHost)?;
        let request = self.http.get(url).header(AUTHORIZATION, bearer(token).map_err(Fault::Token)?).timeout(FILE);
        let mut response = request.send().await.map_err(|error| Fault::Unreachable(reason(error)))?;
        if let Some(fault) = answer::fault(response.status().as_u16(), b"") {
            return Err(fault);
        }
        if card.size.or(response.content_length()).is_some_and(|size| size > cap) {
            return Err(Fault::TooLarge(cap));
        }
        let (mut file, mut hash) = (Vec::new(), Sha256::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| Fault::Unreachable(reason(error)))? {
            if (file.len() + chunk.len()) as u64 > cap {
                return Err(Fault::TooLarge(cap));
            }
            hash.update(&chunk);
            file.extend_from_slice(&chunk);
        }
        let same_size = card.size.is_none_or(|size| size == file.len() as u64);
        let same_hash = card.sha256.as_deref().is_none_or(|expected| is_hash(expected, &hash.finalize()));
        if same_size && same_hash { Ok(file) } else { Err(Fault::OtherFile) }
    }

    fn trusts(&self, url: &Url) -> bool {
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let home = Url::parse(&self.base).is_ok_and(|base| base.origin().is_tuple() && base.origin() == url.origin());
        let host = url.host_str().unwrap_or_default();
        let of_meta = HOSTS.contains(&host) || DOMAINS.iter().any(|domain| host.ends_with(domain));
        home || (url.scheme() == "https" && url.port().is_none() && of_meta)
    }
}

/// Meta writes hashes in hex here and in base64 in webhooks.
fn is_hash(written: &str, digest: &[u8]) -> bool {
    written.eq_ignore_ascii_case(&hex::encode(digest)) || written == base64(digest)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_known_in_hex_and_in_base64() {
        let digest = Sha256::digest(b"hello");

        assert!(is_hash("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", &digest));
        assert!(is_hash("2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824", &digest));
        assert!(is_hash("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", &digest));
        for other in ["", "LPJNul", "2cf24dba"] {
            assert!(!is_hash(other, &digest));
        }
        assert_eq!([&b""[..], b"f", b"fo", b"foo", b"foob"].map(base64), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[test]
    fn files_are_fetched_from_meta_and_from_home_only() {
        super::super::tests::install_provider();
        let graph = Graph::new("http://127.0.0.1:9001/").unwrap();
        for good in ["https://lookaside.fbsbx.com/whatsapp?mid=1", "https://scontent-gru1-1.xx.fbcdn.net/a", "http://127.0.0.1:9001/file"] {
            assert!(graph.trusts(&Url::parse(good).unwrap()), "{good}");
        }
        for bad in [
            "http://lookaside.fbsbx.com/a",
            "https://lookaside.fbsbx.com:8443/a",
            "https://lookaside.fbsbx.com.evil.org/a",
            "https://evilfbcdn.net/a",
            "https://u@lookaside.fbsbx.com/a",
            "http://127.0.0.1:9002/file",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
        ] {
            assert!(!graph.trusts(&Url::parse(bad).unwrap()), "{bad}");
        }
    }
}
