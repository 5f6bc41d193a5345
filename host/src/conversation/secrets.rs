//! Secrets of a plugin: put into its requests on their way out, and taken out of the answers on their way in.

use data_encoding::BASE64;
use relevo_sandbox::{Fault, api::types::Failure};
use zeroize::Zeroizing;

use super::capabilities::{FlowHost, broken};
use crate::egress::{Request, Response};

const OPENS: &str = "{{secret:";
const CLOSES: &str = "}}";

/// What a plugin asked for and was granted, by name; none where nobody entered it. Shown to nobody, not even by `Debug`.
#[derive(Clone)]
pub struct Secrets(Vec<(String, Option<Zeroizing<String>>)>);

impl FlowHost {
    /// The plugin's secrets, read once a turn and only where it has any.
    pub(super) async fn secrets(&mut self) -> Result<Secrets, Fault> {
        if self.secrets.is_none() {
            let mut found = Vec::new();
            for name in self.manifest.secrets().filter(|name| self.grants.allows_secret(name)) {
                let mut read = self.cell.read().await.map_err(broken)?;
                let plain = read.plugins().secret(&self.cell, &self.manifest.id, name).await.map_err(broken)?;
                let plain = plain.map(|plain| Zeroizing::new(String::from_utf8_lossy(&plain).into_owned())).filter(|plain| !plain.is_empty());
                found.push((name.to_owned(), plain));
            }
            self.secrets = Some(Secrets(found));
        }
        Ok(self.secrets.clone().unwrap_or(Secrets(Vec::new())))
    }
}

impl Secrets {
    /// Puts secrets in the place of their names: in the query, in the headers' values and in the body.
    pub fn fill(&self, request: &mut Request) -> Result<(), Failure> {
        let (path, query) = request.url.split_once('?').map_or((request.url.as_str(), None), |(path, query)| (path, Some(query)));
        if path.contains(OPENS) {
            return Err(Failure::Invalid("a secret stands in the query of an address, in a header or in the body, not in its host or path".into()));
        }
        if let Some(query) = query.filter(|query| query.contains(OPENS)) {
            let query = self.filled(query, |plain| url::form_urlencoded::byte_serialize(plain.as_bytes()).collect())?;
            request.url = format!("{path}?{query}");
        }
        for (_, value) in request.headers.iter_mut().filter(|(_, value)| value.contains(OPENS)) {
            *value = self.filled(value, str::to_owned)?;
        }
        if let Some(text) = std::str::from_utf8(&request.body).ok().filter(|text| text.contains(OPENS)) {
            request.body = self.filled(text, str::to_owned)?.into_bytes();
        }
        Ok(())
    }

    /// Puts the names back in the place of the secrets, also where they were encoded in the usual ways.
    pub fn mask(&self, response: &mut Response) {
        for (spelling, mask) in self.spellings() {
            response.body = replaced(&response.body, &spelling, &mask);
            for (_, value) in &mut response.headers {
                *value = String::from_utf8_lossy(&replaced(value.as_bytes(), &spelling, &mask)).into_owned();
            }
        }
    }

    fn filled(&self, text: &str, encode: impl Fn(&str) -> String) -> Result<String, Failure> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPENS) {
            let Some((name, after)) = after.split_once(CLOSES) else { break };
            filled.push_str(before);
            filled.push_str(&encode(self.plain(name)?));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn plain(&self, name: &str) -> Result<&str, Failure> {
        match self.0.iter().find(|(own, _)| own == name) {
            Some((_, Some(plain))) => Ok(plain),
            Some((_, None)) => Err(Failure::Invalid(format!("the secret {name:?} was not entered yet"))),
            None => Err(Failure::Denied(format!("the secret {name:?} was not asked for, or not granted"))),
        }
    }

    /// How each secret may stand in an answer, the longest first: what is a part of another is masked after it.
    fn spellings(&self) -> Vec<(Zeroizing<Vec<u8>>, String)> {
        let mut all = Vec::new();
        for (name, plain) in self.0.iter().filter_map(|(name, plain)| Some((name, plain.as_ref()?))) {
            let mask = format!("{OPENS}{name}{CLOSES}");
            let quoted = serde_json::Value::String(plain.to_string()).to_string();
            let encoded: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
            for spelling in [plain.to_string(), quoted[1..quoted.len() - 1].to_owned(), encoded, BASE64.encode(plain.as_bytes())] {
                all.push((Zeroizing::new(spelling.into_bytes()), mask.clone()));
            }
        }
        all.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
        all
    }
}

fn replaced(bytes: &[u8], wanted: &[u8], by: &str) -> Vec<u8> {
    let Some(first) = wanted.first() else { return bytes.to_vec() };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == *first && bytes[at..].starts_with(wanted) {
            out.extend_from_slice(by.as_bytes());
            at += wanted.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn secrets() -> Secrets {
        let entered = |text: &str| Some(Zeroizing::new(text.to_owned()));
        Secrets(vec![("KEY".into(), entered("s3 cr\"et&")), ("SHORT".into(), entered("s3")), ("EMPTY".into(), None)])
    }

    fn request(url: &str, header: &str, body: &str) -> Request {
        Request {
            method: "POST".into(),
            url: url.into(),
            headers: vec![("authorization".into(), header.into())],
            body: body.as_bytes().to_vec(),
            timeout: Duration::from_secs(1),
            max_response: 1,
        }
    }

    #[test]
    fn a_secret_is_put_where_its_name_stands_and_encoded_in_a_query() {
        let mut asked = request("https://x.test/a?k={{secret:KEY}}&n=1", "Bearer {{secret:KEY}}", "{{secret:SHORT}}/{{secret:SHORT}} {{other}}");

        secrets().fill(&mut asked).unwrap();

        assert_eq!(asked.url, "https://x.test/a?k=s3+cr%22et%26&n=1");
        assert_eq!(asked.headers[0].1, "Bearer s3 cr\"et&");
        assert_eq!(asked.body, b"s3/s3 {{other}}");
    }

    #[test]
    fn what_was_not_granted_not_entered_or_stands_in_the_address_is_refused() {
        let fill = |url: &str, header: &str| secrets().fill(&mut request(url, header, ""));

        assert!(matches!(fill("https://x.test/", "{{secret:OTHER}}"), Err(Failure::Denied(_))));
        assert!(matches!(fill("https://x.test/", "{{secret:EMPTY}}"), Err(Failure::Invalid(_))));
        assert!(matches!(fill("https://{{secret:KEY}}.evil.test/", ""), Err(Failure::Invalid(_))));
        assert!(matches!(fill("https://x.test/{{secret:KEY}}", ""), Err(Failure::Invalid(_))));
        assert!(fill("https://x.test/", "{{secret:unfinished").is_ok());
    }

    #[test]
    fn an_answer_that_repeats_a_secret_in_any_spelling_has_its_name_in_its_place() {
        let echoed = "s3 cr\"et& | s3 cr\\\"et& | s3+cr%22et%26 | czMgY3IiZXQm | s3";
        let mut answer = Response { status: 200, headers: vec![("x-echo".into(), echoed.into())], body: echoed.into() };

        secrets().mask(&mut answer);

        let masked = "{{secret:KEY}} | {{secret:KEY}} | {{secret:KEY}} | {{secret:KEY}} | {{secret:SHORT}}";
        assert_eq!(String::from_utf8(answer.body).unwrap(), masked);
        assert_eq!(answer.headers[0].1, masked);
    }
}
