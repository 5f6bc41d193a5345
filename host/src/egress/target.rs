//! A URL, parsed once into what is checked and what is connected to.

use std::net::IpAddr;

use url::{Host, Position, Url};

use super::Refusal;

/// Characters of a URL; longer ones are no use to anybody's server.
const MAX_URL: usize = 8 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// Where a request goes.
pub(super) struct Target {
    scheme: Scheme,
    host: String,
    ip: Option<IpAddr>,
    port: u16,
    path_and_query: String,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_URL {
            return Err(Refusal::NotAnAddress("it is longer than 8 KiB"));
        }
        // The parser drops or mends these as browsers do; in a program's request they are a mistake or a trick.
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(Refusal::NotAnAddress("it holds a space, a control character or a backslash: percent-encode them"));
        }
        let url = Url::parse(text).map_err(|_| Refusal::NotAnAddress("write it whole, such as \"https://api.example.com/path\""))?;
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(Refusal::NotAnAddress("only https:// is possible (and http:// where it is granted)")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::NotAnAddress("it holds a user name or password: send them in the Authorization header"));
        }
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(Refusal::NotAnAddress("port 0 does not exist"))?;
        let (host, ip) = match url.host() {
            Some(Host::Ipv4(ip)) => (ip.to_string(), Some(IpAddr::V4(ip))),
            Some(Host::Ipv6(ip)) => (format!("[{ip}]"), Some(IpAddr::V6(ip))),
            Some(Host::Domain(name)) => (normal_name(name).ok_or(Refusal::NotAnAddress("its host is no host name"))?.to_owned(), None),
            None => return Err(Refusal::NotAnAddress("it has no host")),
        };
        Ok(Self { scheme, host, ip, port, path_and_query: url[Position::BeforePath..Position::AfterQuery].to_owned() })
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// In lower case and punycode without a final dot, or an address, an IPv6 one in brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The address, if the host is one.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The request line's part; never empty, without the fragment.
    pub(super) fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// The `Host` header: the port only where it is not the scheme's own.
    pub(super) fn authority(&self) -> String {
        match (self.scheme, self.port) {
            (Scheme::Http, 80) | (Scheme::Https, 443) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}

/// A parsed name without its final dot, if it is one that DNS can hold.
pub(super) fn normal_name(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label =
        |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (Scheme, String, u16, String) {
        let target = Target::parse(url).unwrap_or_else(|refusal| panic!("{url}: {refusal}"));
        (target.scheme(), target.host().into(), target.port(), target.path_and_query().into())
    }

    #[test]
    fn a_url_is_taken_apart_in_its_normal_form() {
        for (url, host, port, path) in [
            ("https://api.example.com", "api.example.com", 443, "/"),
            ("HTTPS://API.Example.COM.:443/a/../b?c=d#e", "api.example.com", 443, "/b?c=d"),
            ("https://api.example.com:8443?q", "api.example.com", 8443, "/?q"),
            ("https://müller.example/straße", "xn--mller-kva.example", 443, "/stra%C3%9Fe"),
            ("https://ＡＰＩ。example.com/", "api.example.com", 443, "/"),
            ("https://ex%61mple.com/", "example.com", 443, "/"),
            ("https://[2606:4700::1]:8443/", "[2606:4700::1]", 8443, "/"),
        ] {
            assert_eq!(parts(url), (Scheme::Https, host.into(), port, path.into()), "{url}");
        }
        assert_eq!(parts("http://api.example.com"), (Scheme::Http, "api.example.com".into(), 80, "/".into()));
    }

    #[test]
    fn other_urls_are_refused_without_being_repeated() {
        let long = format!("https://example.com/{}", "s3cret".repeat(MAX_URL));
        for url in [
            "",
            "s3cret",
            "/s3cret",
            "//s3cret.example",
            "ftp://s3cret.example",
            "file:///s3cret",
            "unix:/s3cret",
            "data:,s3cret",
            "javascript:s3cret",
            "https://",
            "https:///",
            "https://user:s3cret@example.com",
            "https://s3cret@example.com",
            "https://:s3cret@example.com",
            "https://example.com\\@s3cret",
            "https://exam ple.com/s3cret",
            "https://example.com/\r\nHost: s3cret",
            "https://example.com/\ts3cret",
            " https://example.com/s3cret",
            "https://example.com:0/s3cret",
            "https://example.com:65536/s3cret",
            "https://a..s3cret",
            "https://.s3cret",
            "https://127.0.0.1../s3cret",
            "https://[fe80::1%25eth0]/s3cret",
            "https://[::s3cret]/",
            "https://1.2.3.4.5/s3cret",
            "https://256.0.0.1/s3cret",
            "https://s3cret%00.example/",
            "https://s3cret!.example/",
            &long,
        ] {
            let Err(refusal) = Target::parse(url) else { panic!("{url}") };

            assert!(matches!(refusal, Refusal::NotAnAddress(_)) && !refusal.to_string().contains("s3cret"), "{url}: {refusal}");
        }
    }

    #[test]
    fn the_host_header_names_a_port_that_is_not_the_schemes_own() {
        for (url, authority) in [
            ("https://example.com:443", "example.com"),
            ("http://example.com:80", "example.com"),
            ("https://example.com:80", "example.com:80"),
            ("http://example.com:443", "example.com:443"),
            ("https://[::1]:8443", "[::1]:8443"),
        ] {
            assert_eq!(Target::parse(url).unwrap().authority(), authority);
        }
    }
}
