//! The one way out for every request that a tenant can influence: a plugin's http, media that is fetched, webhooks out, test buttons.
//!
//! [`Egress::send`] keeps these rules, in this order, and nothing goes out until all of them hold:
//!
//! 1. The URL is parsed once. What is checked, resolved, connected to and written in `Host` comes from that one parse: host
//!    names in lower case and punycode without the final dot, numeric spellings (`127.1`, `0x7f000001`, `①②⑦.0.0.1`) as the address that
//!    they are. Names and passwords in the URL, control characters, spaces and backslashes are refused.
//! 2. The caller's list says yes to method, host and port; the port is the effective one (443 for `https` without one).
//! 3. `https`, unless port 80 was asked for and granted (an entry without a port means 443, so only `host:80` grants it) or the
//!    operator opened that very `host:port`. A list that says yes to everything therefore says yes to plain http on port 80.
//! 4. We resolve, once, and every address must be on the public internet (see `address.rs`); one bad address refuses them all. Only
//!    what the operator names in [`EgressSettings::allow_private`] is exempt.
//! 5. The connection goes to one of exactly these addresses. No redirects (the answer is handed back as it is), no proxy (not from
//!    the environment either), no cookies, no decompression, no connection that is used again: one request, HTTP/1.1, then closed.
//! 6. Time, the answer's bytes and the size and number of headers are capped while they arrive; dropping the future ends everything.
//!
//! `Host`, `Content-Length`, `Expect` and the hop-by-hop headers are the host's: a request that brings one is refused and told which.
//!
//! What this cannot know: public addresses that only this machine's network routes inwards. Close those in the firewall.

mod address;
mod refusal;
mod settings;
mod target;
mod wire;

#[cfg(test)]
mod tests;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use rustls::ClientConfig;

pub use self::{
    refusal::Refusal,
    settings::{EgressSettings, NotPrivateAddress, PrivateAddress, Resolver},
};
use self::{
    settings::{system_resolver, system_roots},
    target::{Scheme, Target},
};

/// What goes out. Its `Debug` shows no address, header or body: they may hold secrets.
#[derive(Clone)]
pub struct Request {
    /// Letters only, any case; `CONNECT` and `TRACE` are refused.
    pub method: String,
    pub url: String,
    /// 64 and 16 KiB at most.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// For everything together, from resolving to the answer's last byte.
    pub timeout: Duration,
    /// Bytes of the answer's body, as they are sent (nothing is decompressed).
    pub max_response: usize,
}

/// What came back, whatever its status; a redirect is an answer like others. Its `Debug` shows no content.
#[derive(Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, without hop-by-hop headers; 100 and 64 KiB at most. What is not UTF-8 is replaced.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The way out. Cheap to clone; make one and share it.
#[derive(Clone)]
pub struct Egress {
    allow_private: Arc<[PrivateAddress]>,
    resolver: Resolver,
    tls: Arc<ClientConfig>,
}

impl Egress {
    /// Reads the certificates that this machine trusts, which takes some milliseconds; no rustls provider need be installed.
    pub fn new(settings: EgressSettings) -> Self {
        let EgressSettings { allow_private, resolver, roots } = settings;
        Self {
            allow_private: allow_private.into(),
            resolver: resolver.unwrap_or_else(system_resolver),
            tls: Arc::new(wire::tls(roots.unwrap_or_else(system_roots))),
        }
    }

    /// Sends it if `allowed` says yes to its method (in capitals), host (normalised, an IPv6 address in brackets) and port, and the rules of this module hold.
    pub async fn send(&self, request: Request, allowed: impl Fn(&str, &str, u16) -> bool) -> Result<Response, Refusal> {
        let target = Target::parse(&request.url)?;
        let method = wire::method(&request.method)?;
        let headers = wire::headers(&request.headers)?;
        if !allowed(method.as_str(), target.host(), target.port()) {
            return Err(Refusal::NotAllowed { method: method.to_string(), host: target.host().into(), port: target.port() });
        }
        let opened = self.allow_private.iter().any(|private| private.names(&target));
        if target.scheme() == Scheme::Http && target.port() != 80 && !opened {
            return Err(Refusal::Plain(target.host().into()));
        }
        let outgoing = wire::request(&target, method, headers, request.body)?;
        let exchange = async {
            let addresses = self.resolve(&target).await?;
            if !opened && !addresses.iter().all(|address| self.may_reach(*address)) {
                return Err(Refusal::Private(target.host().into()));
            }
            let stream = wire::connect(&target, &addresses).await?;
            match target.scheme() {
                Scheme::Http => wire::exchange(&target, outgoing, request.max_response, stream).await,
                Scheme::Https => {
                    let stream = wire::encrypt(&target, stream, Arc::clone(&self.tls)).await?;
                    wire::exchange(&target, outgoing, request.max_response, stream).await
                }
            }
        };
        tokio::time::timeout(request.timeout, exchange).await.unwrap_or(Err(Refusal::TimedOut(request.timeout)))
    }

    /// Every address of the target, never none, each with the target's own port and no scope.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, Refusal> {
        if let Some(ip) = target.ip() {
            return Ok(vec![SocketAddr::new(ip, target.port())]);
        }
        let found = (self.resolver)(target.host().to_owned(), target.port()).await.unwrap_or_else(|error| {
            tracing::debug!(host = target.host(), %error, "a host that a tenant asked for does not resolve");
            Vec::new()
        });
        if found.is_empty() {
            return Err(Refusal::Unreachable { host: target.host().into(), why: "the name has no address: check its spelling" });
        }
        Ok(found.into_iter().map(|address| SocketAddr::new(address.ip(), target.port())).collect())
    }

    fn may_reach(&self, address: SocketAddr) -> bool {
        address::is_public(address.ip()) || self.allow_private.contains(&PrivateAddress::Address(address))
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, headers, body, timeout, max_response, .. } = self;
        f.debug_struct("Request")
            .field("method", method)
            .field("headers", &headers.len())
            .field("body", &body.len())
            .field("timeout", timeout)
            .field("max_response", max_response)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("headers", &self.headers.len()).field("body", &self.body.len()).finish()
    }
}
