//! Why a request did not go out, or brought no answer, and how to mend it.

use std::time::Duration;

/// Why there is no answer. The texts may be shown to whoever wrote the request: of it they repeat method, host, port and header names at
/// most, never path, query, header values or body, and never an address that a name resolved to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the URL cannot be used: {0}")]
    NotAnAddress(&'static str),
    #[error("the method cannot be used: write one such as \"GET\" or \"POST\"; CONNECT and TRACE are not sent")]
    NotAMethod,
    #[error("the headers cannot be sent: {0}")]
    NotAHeader(String),
    #[error("{method} to {host} on port {port} is not permitted: add it to the hosts and methods that are granted (a host without a port means 443)")]
    NotAllowed { method: String, host: String, port: u16 },
    #[error("{0} may not be called without encryption: use https, or port 80 where \"{0}:80\" is granted")]
    Plain(String),
    #[error("{0} leads to an address that is not on the public internet: use a public host, or ask the operator to open this host and port")]
    Private(String),
    /// Nothing of the request was sent.
    #[error("{host} cannot be reached: {why}")]
    Unreachable { host: String, why: &'static str },
    /// The request may have arrived.
    #[error("{host} gave no complete answer: {why}")]
    Broken { host: String, why: &'static str },
    /// The request arrived.
    #[error("the answer is larger than {0} bytes: ask for less, a page at a time")]
    TooLarge(usize),
    /// The request may have arrived.
    #[error("there was no complete answer within {0:?}: ask for less, or try again later")]
    TimedOut(Duration),
}
