//! What a request shows of the device that it came from.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, Uri, header, request::Parts},
};

use super::{Door, sessions};

/// Longer names of browsers are cut.
const USER_AGENT: usize = 250;

/// A browser or a program, as far as it shows itself.
#[derive(Clone, Debug, Default)]
pub struct Device {
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// Its cookies are for https alone.
    pub secure: bool,
    /// The hash of the session token that it brought, valid or not.
    pub(super) presented: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Device
where
    Door: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &Door::from_ref(state)))
    }
}

impl Device {
    pub(crate) fn of(parts: &Parts, door: &Door) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let secure = door.always_secure || !is_loopback_name(host(&parts.uri, &parts.headers).unwrap_or_default());
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok()).map(|name| name.chars().take(USER_AGENT).collect());
        let presented = sessions::presented(&parts.headers, secure).map(super::tokens::hash);
        Self { address: peer.map(|peer| forwarded(peer, &parts.headers)), user_agent, secure, presented }
    }
}

/// The host that was asked for, with its port.
pub(super) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// A proxy on this machine or on the network beside us says for whom it asks; nobody else is believed.
/// What is nearest to us was written by that proxy, all before it by whoever wanted.
fn forwarded(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let near = match peer {
        IpAddr::V4(four) => four.is_loopback() || four.is_private(),
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local(),
    };
    let said = || headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse::<IpAddr>().ok();
    if near { said().map_or(peer, |said| said.to_canonical()) } else { peer }
}

/// Whether this names the machine itself, where browsers talk plain http.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for here in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "127.9.9.9"] {
            assert!(is_loopback_name(here), "{here}");
        }
        for other in ["", "relevo.example", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]:80"] {
            assert!(!is_loopback_name(other), "{other}");
        }
    }

    #[test]
    fn only_a_proxy_beside_us_says_for_whom_it_asks() {
        let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), HeaderValue::from_static("203.0.113.9, 198.51.100.7"))]);
        let of = |peer: &str| forwarded(peer.parse().unwrap(), &headers).to_string();

        assert_eq!(of("10.0.0.2"), "198.51.100.7");
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
        assert_eq!(forwarded("10.0.0.2".parse().unwrap(), &HeaderMap::new()).to_string(), "10.0.0.2");
    }
}
