//! What an answer of the Graph API means for what was asked.

use std::time::Duration;

use relevo_model::Problem;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::{inbound, wire::Object},
    Fault, Reach, Sent,
};

/// What became of a message, by Meta's error code first, by the HTTP status only where there is none.
pub fn of_send(status: u16, after: Option<Duration>, answer: &[u8]) -> Sent {
    let later = |seconds, reach, problem| Sent::Later { after: after.unwrap_or(Duration::from_secs(seconds)), reach, problem };
    let Some(error) = Error::read(answer) else {
        return match status {
            200..300 => accepted(answer)
                .map_or_else(|| Sent::Uncertain(format!("accepted (HTTP {status}) without a message id")), |provider_id| Sent::Accepted { provider_id }),
            401 => Sent::TokenExpired(bare(status)),
            429 => later(5, Reach::Number, bare(status)),
            // A server or proxy that fell over, or that gave up waiting, may have passed it on first.
            408 | 500.. => Sent::Uncertain(format!("HTTP {status} without an explanation")),
            _ => Sent::Refused(bare(status)),
        };
    };
    let Error { problem, transient } = error;
    match problem.code {
        190 => Sent::TokenExpired(problem),
        131_047 => Sent::WindowClosed(problem),
        // Spam limit; blocked for a while for breaking a policy.
        131_048 => Sent::Pause { after: after.unwrap_or(Duration::from_secs(15 * 60)), problem },
        368 => Sent::Pause { after: after.unwrap_or(Duration::from_secs(60 * 60)), problem },
        // Too many to this customer: Meta allows one in six seconds on the average.
        131_056 => later(6, Reach::Customer, problem),
        // The number's, the app's and the account's rates.
        130_429 => later(2, Reach::Number, problem),
        4 | 80_007 => later(10, Reach::Number, problem),
        // Meta's own trouble, told with an error: not taken.
        131_000 => later(2, Reach::Customer, problem),
        1 | 2 | 131_016 | 131_057 | 133_004 => later(2, Reach::Number, problem),
        _ if status == 401 => Sent::TokenExpired(problem),
        _ if status == 429 => later(5, Reach::Number, problem),
        _ if transient || status >= 500 => later(2, Reach::Customer, problem),
        _ => Sent::Refused(problem),
    }
}

/// Why a request that sends nothing failed; none when it did not.
pub fn fault(status: u16, answer: &[u8]) -> Option<Fault> {
    let error = Error::read(answer);
    let problem = match error {
        None if (200..300).contains(&status) => return None,
        None => bare(status),
        Some(Error { problem, transient: false }) => problem,
        Some(Error { problem, transient: true }) => return Some(Fault::Unreachable(format!("{} ({})", problem.title, problem.code))),
    };
    Some(match (status, problem.code) {
        (401, _) | (_, 190) => Fault::Token(problem),
        (429 | 500.., _) | (_, 4 | 80_007 | 130_429 | 131_016) => Fault::Unreachable(format!("{} ({})", problem.title, problem.code)),
        _ => Fault::Refused(problem),
    })
}

/// A problem in our own words.
pub fn ours(title: &str, details: String) -> Problem {
    Problem { code: 0, title: title.to_owned(), details: Some(details).filter(|text| !text.is_empty()) }
}

fn bare(status: u16) -> Problem {
    Problem { code: i64::from(status), title: format!("HTTP {status}"), details: None }
}

fn accepted(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        messages: Vec<Message>,
    }
    #[derive(Deserialize)]
    struct Message {
        id: String,
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    answer.messages.into_iter().next().map(|message| message.id).filter(|id| !id.is_empty())
}

struct Error {
    problem: Problem,
    transient: bool,
}

impl Error {
    fn read(answer: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow)]
            error: &'a RawValue,
        }
        let answer: Answer<'_> = serde_json::from_slice(answer).ok()?;
        let transient = Object::read(answer.error)?.is_true("is_transient");
        Some(Self { problem: inbound::problem(answer.error)?, transient })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, code: i64) -> Sent {
        let answer = format!(r#"{{"error":{{"message":"(#{code}) no","code":{code},"error_data":{{"details":"why"}}}}}}"#);
        of_send(status, None, answer.as_bytes())
    }

    #[test]
    fn an_accepted_message_has_an_id() {
        let answer = br#"{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"wamid.1","message_status":"accepted"}]}"#;
        assert_eq!(of_send(200, None, answer), Sent::Accepted { provider_id: "wamid.1".into() });
        for unreadable in [&b""[..], b"{", b"<html>", b"{}", br#"{"messages":[]}"#, br#"{"messages":[{"id":""}]}"#] {
            assert!(matches!(of_send(200, None, unreadable), Sent::Uncertain(_)));
        }
    }

    #[test]
    fn each_code_is_acted_on_as_meta_means_it() {
        let problem = |code| Problem { code, title: format!("(#{code}) no"), details: Some("why".into()) };
        assert_eq!(error(400, 131_026), Sent::Refused(problem(131_026)));
        assert_eq!(error(400, 131_047), Sent::WindowClosed(problem(131_047)));
        assert_eq!(error(401, 190), Sent::TokenExpired(problem(190)));
        assert_eq!(error(401, 0), Sent::TokenExpired(problem(0)));
        assert!(matches!(error(400, 131_048), Sent::Pause { .. }));
        assert!(matches!(error(400, 131_056), Sent::Later { reach: Reach::Customer, .. }));
        for (status, code) in [(400, 130_429), (400, 80_007), (429, 7), (503, 131_016), (500, 2)] {
            assert!(matches!(error(status, code), Sent::Later { reach: Reach::Number, .. }), "{code}");
        }
        assert!(matches!(error(500, 131_000), Sent::Later { .. }));
        assert!(matches!(error(500, 99), Sent::Later { .. }));
        assert!(matches!(of_send(400, None, br#"{"error":{"code":99,"is_transient":true}}"#), Sent::Later { .. }));
        let told = of_send(429, Some(Duration::from_secs(30)), b"");
        assert!(matches!(told, Sent::Later { after, .. } if after == Duration::from_secs(30)));
    }

    #[test]
    fn without_an_explanation_a_server_that_failed_may_have_sent_it() {
        for status in [408, 500, 502, 503, 504] {
            assert!(matches!(of_send(status, None, b"<html>"), Sent::Uncertain(_)), "{status}");
        }
        assert!(matches!(of_send(404, None, b""), Sent::Refused(_)));
        assert!(matches!(of_send(302, None, b""), Sent::Refused(_)));
        assert!(matches!(of_send(401, None, b""), Sent::TokenExpired(_)));
    }
}
