//! The outside as a script tells it: no socket is ever opened.

use std::collections::BTreeMap;

use relevo_sandbox::{
    Grants,
    api::{
        http::{Request, Response},
        types::Failure,
    },
};

use super::script::{Outage, Script, Scripted};

/// What answers calls, and the calls that nothing answered.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    answers: Vec<(Scripted, bool)>,
    secrets: BTreeMap<String, String>,
    /// Calls that the script has no answer for, as they would have been made.
    pub unscripted: Vec<String>,
}

impl Outside {
    pub fn new(script: &Script) -> Self {
        Self { answers: script.http.iter().map(|answer| (answer.clone(), false)).collect(), secrets: script.secrets.clone(), unscripted: Vec::new() }
    }

    /// What is scripted for this call; one that is not is noted, and not reachable.
    pub fn send(&mut self, request: Request, grants: &Grants) -> Result<Response, Failure> {
        let call = self.with_secrets(request, grants)?;
        let url = url::Url::parse(&call.url).map_err(|error| Failure::Invalid(format!("{:?} is no address: {error}", call.url)))?;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
        if !grants.allows_http(&call.method, host, port) {
            return Err(Failure::Denied(format!("the manifest does not ask for {} to {host}:{port}", call.method)));
        }
        let fitting: Vec<usize> = (0..self.answers.len()).filter(|at| fits(&self.answers[*at].0, &call)).collect();
        let Some(at) = fitting.iter().copied().find(|at| !self.answers[*at].1).or(fitting.last().copied()) else {
            self.unscripted.push(shown(&call));
            return Err(Failure::Unavailable(None));
        };
        let (answer, taken) = &mut self.answers[at];
        *taken = true;
        match answer.fails {
            Some(Outage::TimedOut) => Err(Failure::TimedOut),
            Some(Outage::Unavailable) => Err(Failure::Unavailable(None)),
            None => Ok(Response {
                status: answer.status,
                headers: answer.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
                body: answer.body.clone().into_bytes(),
            }),
        }
    }

    /// With the script's values in the place of `{{secret:NAME}}`, where the host puts in the real ones.
    fn with_secrets(&self, mut request: Request, grants: &Grants) -> Result<Request, Failure> {
        request.url = self.filled(&request.url, grants)?;
        for (_, value) in &mut request.headers {
            *value = self.filled(value, grants)?;
        }
        if let Some(text) = request.body.as_deref().and_then(|body| std::str::from_utf8(body).ok()) {
            request.body = Some(self.filled(text, grants)?.into_bytes());
        }
        Ok(request)
    }

    fn filled(&self, text: &str, grants: &Grants) -> Result<String, Failure> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{{secret:") {
            let Some((name, behind)) = after.split_once("}}") else { break };
            if !grants.allows_secret(name) {
                return Err(Failure::Denied(format!("the manifest does not ask for the secret {name:?}")));
            }
            let value = self.secrets.get(name).ok_or_else(|| Failure::Denied(format!("there is no secret {name:?}: give it a value under [secrets]")))?;
            filled.push_str(before);
            filled.push_str(value);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

fn fits(answer: &Scripted, call: &Request) -> bool {
    let header = |name: &str| call.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let body = String::from_utf8_lossy(call.body.as_deref().unwrap_or_default());
    answer.method.eq_ignore_ascii_case(&call.method)
        && like(&answer.url, &call.url)
        && answer.sent.iter().all(|(name, value)| header(name).is_some_and(|sent| like(value, sent)))
        && answer.body_contains.as_ref().is_none_or(|part| body.contains(part.as_str()))
}

/// Whether a text is as this pattern says, in which `*` stands for anything.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

fn shown(call: &Request) -> String {
    let mut text = format!("{} {}", call.method, call.url);
    for (name, value) in &call.headers {
        text.push_str(&format!("\n{name}: {value}"));
    }
    if let Some(body) = call.body.as_deref().filter(|body| !body.is_empty()) {
        text.push_str(&format!("\n\n{}", String::from_utf8_lossy(body)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(like("https://a/*", "https://a/1?x") && like("*", "") && like("https://a/*/state", "https://a/12/state") && like("a", "a"));
        assert!(!like("https://a/*/state", "https://a/12") && !like("a", "ab") && !like("ab*b", "ab"));
    }
}
