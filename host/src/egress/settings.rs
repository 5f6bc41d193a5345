//! What the operator and tests may set.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    str::FromStr,
    sync::Arc,
};

use futures::future::BoxFuture;
use rustls::RootCertStore;
use tokio::sync::Semaphore;

use super::target::{self, Target};

/// Lookups at the same time. Each holds a thread for as long as a name server likes to keep it waiting.
const LOOKUPS: usize = 64;

/// Finds every address of a name. Called once a request; the port that comes back is ignored.
pub type Resolver = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// How requests go out; the default is right for production.
#[derive(Clone, Default)]
pub struct EgressSettings {
    /// Reached although not public, and without encryption: for tests, and for an operator who knows that every tenant can then reach it.
    pub allow_private: Vec<PrivateAddress>,
    /// Instead of the machine's own.
    pub resolver: Option<Resolver>,
    /// Whose certificates are trusted, instead of the machine's (`SSL_CERT_FILE` and `SSL_CERT_DIR` count there).
    pub roots: Option<RootCertStore>,
}

/// A host and port that the operator opens. An address is open under every name that resolves to it, a name wherever it resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivateAddress {
    Address(SocketAddr),
    /// Read one with [`str::parse`], which normalises it.
    Name(String, u16),
}

/// What an operator wrote is no host and port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host and port: write it as \"10.0.0.5:8080\", \"[fd00::5]:8080\" or \"n8n.internal:5678\"")]
pub struct NotPrivateAddress(String);

impl PrivateAddress {
    /// Whether the target is spelled as this one.
    pub(super) fn names(&self, target: &Target) -> bool {
        match self {
            Self::Address(address) => target.ip() == Some(address.ip()) && target.port() == address.port(),
            Self::Name(name, port) => target.ip().is_none() && target.host() == name && target.port() == *port,
        }
    }
}

impl From<SocketAddr> for PrivateAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Address(SocketAddr::new(address.ip(), address.port()))
    }
}

impl FromStr for PrivateAddress {
    type Err = NotPrivateAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotPrivateAddress(text.to_owned());
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        match url::Host::parse(host).map_err(|_| wrong())? {
            url::Host::Ipv4(ip) => Ok(Self::Address(SocketAddr::new(IpAddr::V4(ip), port))),
            url::Host::Ipv6(ip) => Ok(Self::Address(SocketAddr::new(IpAddr::V6(ip), port))),
            url::Host::Domain(name) => Ok(Self::Name(target::normal_name(&name).ok_or_else(wrong)?.to_owned(), port)),
        }
    }
}

impl fmt::Debug for EgressSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressSettings").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

/// The machine's own resolver, which also reads its hosts file.
pub(super) fn system_resolver() -> Resolver {
    let slots = Arc::new(Semaphore::new(LOOKUPS));
    Arc::new(move |host, port| {
        let slots = Arc::clone(&slots);
        Box::pin(async move {
            let slot = slots.acquire_owned().await.map_err(io::Error::other)?;
            // Not tokio's lookup_host: the slot must stay taken until the thread is free, also when the request is long over.
            tokio::task::spawn_blocking(move || {
                let _slot = slot;
                (host.as_str(), port).to_socket_addrs().map(Iterator::collect)
            })
            .await?
        })
    })
}

/// The machine's certificate authorities, or Mozilla's on one that has none (a bare container).
pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_opens_addresses_and_names() {
        for (text, expected) in [
            ("10.0.0.5:8080", PrivateAddress::Address("10.0.0.5:8080".parse().unwrap())),
            ("[fd00::5]:8080", PrivateAddress::Address("[fd00::5]:8080".parse().unwrap())),
            (" N8N.Internal.:5678 ", PrivateAddress::Name("n8n.internal".into(), 5678)),
            ("müller.example:443", PrivateAddress::Name("xn--mller-kva.example".into(), 443)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_an_operator_opens_needs_a_host_and_a_port() {
        for text in
            ["", "10.0.0.5", "n8n.internal", "n8n.internal:", "n8n.internal:0", ":80", "http://n8n.internal:80", "fd00::5:8080", "a..b:80", "*.internal:80"]
        {
            assert_eq!(text.parse::<PrivateAddress>(), Err(NotPrivateAddress(text.into())), "{text}");
        }
    }

    #[tokio::test]
    async fn the_machines_resolver_finds_this_machine() {
        let found = system_resolver()("localhost".into(), 7).await.unwrap();

        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn there_are_always_certificate_authorities() {
        assert!(!system_roots().is_empty());
    }
}
