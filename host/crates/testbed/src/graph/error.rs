//! Errors in the form in which the Graph API answers them.

use serde_json::{Value, json};

/// A refusal: its HTTP status and what stands in its body.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphError {
    pub http: u16,
    pub code: u32,
    pub subcode: Option<u32>,
    pub kind: &'static str,
    pub title: String,
    pub details: Option<String>,
}

impl GraphError {
    pub fn new(http: u16, code: u32, title: &str) -> Self {
        Self { http, code, subcode: None, kind: "OAuthException", title: title.to_owned(), details: None }
    }

    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    pub fn with_http(mut self, http: u16) -> Self {
        self.http = http;
        self
    }

    /// 130429: the number sends too fast.
    pub fn rate_limited() -> Self {
        Self::new(429, 130429, "Rate limit hit")
            .with_details("Message failed to send because there were too many messages sent from this phone number in a short period of time")
    }

    /// 131056: too many messages to this one customer.
    pub fn pair_rate_limited() -> Self {
        Self::new(400, 131056, "(Business Account, Consumer Account) pair rate limit hit").with_details(
            "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time",
        )
    }

    /// 131048: too many messages were blocked or flagged.
    pub fn spam_limited() -> Self {
        Self::new(400, 131048, "Spam rate limit hit")
            .with_details("Message failed to send because there are restrictions on how many messages can be sent from this phone number")
    }

    /// 131047: more than 24 hours since the customer wrote.
    pub fn window_closed() -> Self {
        Self::new(400, 131047, "Re-engagement message")
            .with_details("Message failed to send because more than 24 hours have passed since the customer last replied to this number")
    }

    /// 131026: the customer cannot be reached.
    pub fn undeliverable() -> Self {
        Self::new(400, 131026, "Message undeliverable").with_details("Message undeliverable")
    }

    /// 190: the token is unknown or has expired.
    pub fn token_expired() -> Self {
        Self::new(401, 190, "Error validating access token: Session has expired")
    }

    /// 500 with code 1.
    pub fn unknown() -> Self {
        Self::new(500, 1, "An unknown error has occurred.")
    }

    /// 503 with code 2.
    pub fn unavailable() -> Self {
        Self::new(503, 2, "Service temporarily unavailable")
    }

    /// The usual error of a code; an unknown code answers 400.
    pub fn of_code(code: u32) -> Self {
        match code {
            1 => Self::unknown(),
            2 => Self::unavailable(),
            190 => Self::token_expired(),
            130429 => Self::rate_limited(),
            131026 => Self::undeliverable(),
            131047 => Self::window_closed(),
            131048 => Self::spam_limited(),
            131056 => Self::pair_rate_limited(),
            _ => Self::new(400, code, "Something went wrong"),
        }
    }

    pub(super) fn parameter(details: impl Into<String>) -> Self {
        let details = details.into();
        Self::new(400, 100, &details).with_details(details)
    }

    pub(super) fn value(details: impl Into<String>) -> Self {
        Self::new(400, 131009, "Parameter value is not valid").with_details(details)
    }

    pub(super) fn missing(details: impl Into<String>) -> Self {
        Self::new(400, 131008, "Required parameter is missing").with_details(details)
    }

    pub(super) fn no_object(id: &str) -> Self {
        Self {
            subcode: Some(33),
            kind: "GraphMethodException",
            ..Self::new(
                400,
                100,
                &format!(
                    "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation"
                ),
            )
        }
    }

    pub(super) fn no_path() -> Self {
        Self::new(404, 2500, "Unknown path components")
    }

    /// The body of the answer.
    pub fn body(&self, trace: &str) -> Value {
        let message = match self.code {
            1 | 2 | 190 | 2500 => self.title.clone(),
            code => format!("(#{code}) {}", self.title),
        };
        let mut error = json!({
            "message": message, "type": self.kind, "code": self.code, "fbtrace_id": trace,
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some(details) = &self.details {
            error["error_data"] = json!({ "messaging_product": "whatsapp", "details": details });
        }
        json!({ "error": error })
    }

    /// The form in which a status of `failed` carries it.
    pub fn in_status(&self) -> Value {
        json!({
            "code": self.code, "title": self.title, "message": self.title,
            "error_data": { "details": self.details.as_deref().unwrap_or(&self.title) },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}
