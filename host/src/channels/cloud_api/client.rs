//! The Graph API: sends, and says of each attempt what may be done next.

mod answer;
mod media;

use std::time::Duration;

use relevo_model::Problem;
use reqwest::{
    Client, Method, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    redirect,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::outbound;

pub use media::MediaCard;

/// The version of the Graph API that the requests are written for.
pub const VERSION: &str = "v23.0";
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);
/// No answer of use is larger.
const ANSWER: usize = 64 * 1024;

/// What became of a message. Only `Accepted` and `Uncertain` may have reached the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    Accepted {
        provider_id: String,
    },
    /// Never send it again.
    Refused(Problem),
    /// Not taken; send it again after this time at the earliest.
    Later {
        after: Duration,
        reach: Reach,
        problem: Problem,
    },
    /// WhatsApp took too much of this for spam: the whole channel rests.
    Pause {
        after: Duration,
        problem: Problem,
    },
    /// More than 24 hours since the customer wrote: only a template goes through.
    WindowClosed(Problem),
    /// Nothing goes through this channel until somebody renews its token.
    TokenExpired(Problem),
    /// It may have been sent: no answer, or none that can be read.
    Uncertain(String),
}

/// Whom a delay concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This conversation; others go on.
    Customer,
    /// All that the number sends.
    Number,
}

/// Why something other than a message failed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the Graph API refused: {} ({})", .0.title, .0.code)]
    Refused(Problem),
    #[error("the token is not valid: {} ({})", .0.title, .0.code)]
    Token(Problem),
    /// Worth another try.
    #[error("the Graph API did not answer: {0}")]
    Unreachable(String),
    #[error("the Graph API's answer makes no sense: {0}")]
    Unreadable(&'static str),
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the file's address is not one of Meta's")]
    ForeignHost,
    #[error("the file is not the one that was announced")]
    OtherFile,
}

/// What the Graph API tells about a number whose token may read it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NumberCard {
    pub id: String,
    #[serde(default)]
    pub display_phone_number: String,
    #[serde(default)]
    pub verified_name: String,
}

/// The Graph API at one address. A clone shares its connections.
#[derive(Clone, Debug)]
pub struct Graph {
    http: Client,
    base: String,
    version: &'static str,
}

impl Graph {
    /// At `base` (`META_GRAPH_URL`, no version), with connections of its own: make one and share it. A rustls provider must be installed.
    pub fn new(base: &str) -> Result<Self, reqwest::Error> {
        // A redirect is never followed: the token is for this host. An idle connection is dropped before the other side drops it.
        let http =
            Client::builder().connect_timeout(CONNECT).timeout(WHOLE).redirect(redirect::Policy::none()).pool_idle_timeout(Duration::from_secs(20)).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), version: VERSION })
    }

    /// Sends a body made by `outbound::body`, once.
    pub async fn send(&self, phone_number_id: &str, token: &str, body: Vec<u8>) -> Sent {
        let path = match self.path(&[phone_number_id, "messages"]) {
            Ok(path) => path,
            Err(problem) => return Sent::Refused(problem),
        };
        let token = match bearer(token) {
            Ok(token) => token,
            Err(problem) => return Sent::TokenExpired(problem),
        };
        let request = self.http.post(path).header(AUTHORIZATION, token).header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        match request.send().await {
            Ok(response) => {
                let (status, after) = (response.status().as_u16(), retry_after(&response));
                match read(response, ANSWER).await {
                    Ok(answer) => answer::of_send(status, after, &answer),
                    // The status alone says that it was not taken; a success without its id says nothing.
                    Err(_) if (400..500).contains(&status) => answer::of_send(status, after, b""),
                    Err(reason) => Sent::Uncertain(format!("the answer (HTTP {status}) was cut off: {reason}")),
                }
            }
            Err(error) if error.is_connect() => {
                Sent::Later { after: Duration::from_secs(1), reach: Reach::Number, problem: answer::ours("no connection to the Graph API", reason(error)) }
            }
            Err(error) if error.is_builder() => Sent::Refused(answer::ours("the request could not be made", reason(error))),
            Err(error) => Sent::Uncertain(reason(error)),
        }
    }

    /// Shows a customer's message as read and, if wanted, that an answer is being written.
    pub async fn mark_read(&self, phone_number_id: &str, token: &str, provider_message_id: &str, typing: bool) -> Result<(), Fault> {
        let body = outbound::mark_read(provider_message_id, typing);
        let path = self.path(&[phone_number_id, "messages"]).map_err(Fault::Refused)?;
        self.ask::<serde::de::IgnoredAny>(Method::POST, &path, token, body).await.map(|_| ())
    }

    /// Reads the number with the token: only then may it become a tenant's route.
    pub async fn confirm_number(&self, phone_number_id: &str, token: &str) -> Result<NumberCard, Fault> {
        let path = self.path(&[phone_number_id]).map_err(Fault::Refused)? + "?fields=id,display_phone_number,verified_name";
        let card: NumberCard = self.ask(Method::GET, &path, token, Vec::new()).await?;
        if card.id == phone_number_id { Ok(card) } else { Err(Fault::Unreadable("it is about another number")) }
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, token: &str, body: Vec<u8>) -> Result<T, Fault> {
        let mut request = self.http.request(method, path).header(AUTHORIZATION, bearer(token).map_err(Fault::Token)?);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        }
        let response = request.send().await.map_err(|error| Fault::Unreachable(reason(error)))?;
        let status = response.status().as_u16();
        let answer = read(response, ANSWER).await.map_err(Fault::Unreachable)?;
        if let Some(fault) = answer::fault(status, &answer) {
            return Err(fault);
        }
        serde_json::from_slice(&answer).map_err(|_| Fault::Unreadable("it is not the JSON that was asked for"))
    }

    /// An address under the base. Its segments come from outside and must not lead elsewhere.
    fn path(&self, segments: &[&str]) -> Result<String, Problem> {
        let mut path = format!("{}/{}", self.base, self.version);
        for segment in segments {
            if segment.is_empty() || !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
                return Err(answer::ours("this is no id of the Graph API's", String::new()));
            }
            path.push('/');
            path.push_str(segment);
        }
        Ok(path)
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| answer::ours("the token has characters that no token has", String::new()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The body, or why it is not all there.
async fn read(mut response: Response, cap: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reason)? {
        if body.len() + chunk.len() > cap {
            return Err("it is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_secs(3600)))
}

/// The error and its causes, without the address, which holds ids.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
