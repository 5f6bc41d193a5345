//! A Postgres URL, as far as a plain TCP connection needs it.

use anyhow::{Context, Result, bail};

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    host: String,
    port: u16,
    user: String,
    password: Option<String>,
    database: String,
    /// What follows the question mark, handed on unread.
    parameters: String,
}

impl Address {
    /// The usual place on this machine.
    pub(super) fn local(user: &str, password: Option<String>) -> Self {
        Self::new(5432, user, password)
    }

    /// On this machine at a port.
    pub(super) fn new(port: u16, user: &str, password: Option<String>) -> Self {
        let (host, database) = ("127.0.0.1".to_owned(), "postgres".to_owned());
        Self { host, port, user: user.to_owned(), password, database, parameters: String::new() }
    }

    /// `None` for a URL that asks for a Unix socket or for TLS.
    pub(super) fn parse(url: &str) -> Result<Option<Self>> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.context("a Postgres URL looks like postgres://user:password@127.0.0.1:5432/database")?;
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let demands_tls = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"].iter().any(|mode| parameters.contains(mode));
        let is_socket = place.is_empty() || place.starts_with('%') || parameters.split('&').any(|parameter| parameter.starts_with("host="));
        if demands_tls || is_socket {
            return Ok(None);
        }

        let (host, port) = split_port(place)?;
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (decode(user)?, Some(decode(password)?)),
            None => (decode(credentials)?, None),
        };
        if user.is_empty() {
            bail!("the Postgres URL names no user");
        }
        let database = if database.is_empty() { user.clone() } else { decode(database)? };
        Ok(Some(Self { host: host.to_owned(), port, user, password, database, parameters: parameters.to_owned() }))
    }

    /// The URL of a database there.
    pub(super) fn url(&self, database: &str) -> String {
        let password = self.password.as_ref().map(|password| format!(":{}", encode(password))).unwrap_or_default();
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let parameters = if self.parameters.is_empty() { String::new() } else { format!("?{}", self.parameters) };
        format!("postgres://{}{password}@{host}:{}/{}{parameters}", encode(&self.user), self.port, encode(database))
    }

    /// Where it is, without any secret.
    pub(super) fn place(&self) -> String {
        format!("{}:{} as {}", self.host, self.port, self.user)
    }

    pub(super) fn host(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    pub(super) fn database(&self) -> &str {
        &self.database
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn split_port(place: &str) -> Result<(&str, u16)> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(5432), |port| port.parse().with_context(|| format!("{port} is not a port")))?;
    Ok((host, port))
}

fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.context("the Postgres URL has a % that two hex digits do not follow")?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).context("the Postgres URL is not UTF-8")
}

fn encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse(url).unwrap().unwrap()
    }

    #[test]
    fn a_full_url_comes_apart_and_together_again() {
        let url = "postgres://ana:p%40ss%3A@[::1]:6000/shop?application_name=x";

        let address = parse(url);

        assert_eq!(address.host(), ("::1", 6000));
        assert_eq!((address.user(), address.password(), address.database()), ("ana", Some("p@ss:"), "shop"));
        assert_eq!(address.url("shop"), url);
    }

    #[test]
    fn what_is_left_out_has_its_usual_value() {
        let address = parse("postgresql://ana@localhost");

        assert_eq!(address.host(), ("localhost", 5432));
        assert_eq!((address.password(), address.database()), (None, "ana"));
    }

    #[test]
    fn sockets_and_tls_are_left_to_others() {
        for url in ["postgres:///shop?host=/run/postgresql", "postgres://ana@%2Frun%2Fpostgresql/shop", "postgres://ana@db/shop?sslmode=require"] {
            assert_eq!(Address::parse(url).unwrap(), None, "{url}");
        }
    }

    #[test]
    fn a_url_of_something_else_is_refused() {
        assert!(Address::parse("mysql://ana@db/shop").is_err());
        assert!(Address::parse("postgres://ana@db:port/shop").is_err());
        assert!(Address::parse("postgres://an%zz@db/shop").is_err());
    }
}
