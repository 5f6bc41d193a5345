//! Makes values of settings' texts. Addresses and secrets are never repeated in what it says.

use std::{net::SocketAddr, num::NonZeroU32};

use relevo_store::keys::Key;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{LogForm, Problem, SignatureMode, sources::Found};

pub(super) type Checked<T> = Result<T, Problem>;

pub(super) fn listen(found: Found) -> Checked<SocketAddr> {
    found.value.parse().map_err(|_| {
        let says = format!("is {:?}, which is not an IP address with a port", found.value);
        Problem::new(found.name, says, "Set it to such as 127.0.0.1:8080, or 0.0.0.0:8080 to be reached from other machines")
    })
}

pub(super) fn boolean(found: Found) -> Checked<bool> {
    match found.value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(Problem::new(found.name, format!("is {:?}, which is neither true nor false", found.value), "Set it to true or false")),
    }
}

/// None for no limit.
pub(super) fn rate(found: Found) -> Checked<Option<NonZeroU32>> {
    match found.value.parse() {
        Ok(rate) => Ok(NonZeroU32::new(rate)),
        Err(_) => Err(Problem::new(found.name, format!("is {:?}, which is no number of requests", found.value), "Set it to such as 600, or to 0 for no limit")),
    }
}

pub(super) fn signature_mode(found: Found) -> Checked<SignatureMode> {
    match found.value.to_ascii_lowercase().as_str() {
        "required" => Ok(SignatureMode::Required),
        "optional" => Ok(SignatureMode::Optional),
        _ => Err(Problem::new(found.name, format!("is {:?}, which is no mode", found.value), "Set it to required, or to optional while you test")),
    }
}

pub(super) fn log_form(found: Found) -> Checked<LogForm> {
    match found.value.to_ascii_lowercase().as_str() {
        "auto" => Ok(LogForm::Auto),
        "human" => Ok(LogForm::Human),
        "json" => Ok(LogForm::Json),
        _ => Err(Problem::new(found.name, format!("is {:?}, which is no form of log", found.value), "Set it to auto, human or json")),
    }
}

pub(super) fn master_key(found: Found) -> Checked<SecretString> {
    let right = found.value.len() == 64 && Key::from_hex(&found.value).is_ok();
    if !right {
        let says = format!("is not a key: it has {} characters instead of 64 hexadecimal digits", found.value.chars().count());
        return Err(Problem::new(found.name, says, "Make one with `openssl rand -hex 32`, and keep a copy: without it nothing sealed can be read"));
    }
    Ok(found.value.into())
}

/// A Postgres address, or none for SQLite, perhaps with a warning.
pub(super) fn database(found: Found) -> Checked<(Option<SecretString>, Option<Problem>)> {
    const FORM: &str = "postgres://user:password@host:5432/database";
    let (scheme, rest) = found.value.split_once(':').unwrap_or(("", ""));
    match scheme {
        "postgres" | "postgresql" => match Url::parse(&found.value) {
            Ok(_) => Ok((Some(found.value.into()), None)),
            Err(error) => Err(Problem::new(
                found.name,
                format!("is not an address of Postgres ({error})"),
                format!("Set it to {FORM}, with signs such as / # @ of the password percent-encoded (%2F %23 %40)"),
            )),
        },
        "sqlite" => {
            let ignored = !rest.trim_start_matches('/').is_empty();
            let warning = ignored.then(|| {
                Problem::new(
                    found.name,
                    "names a file, which is not used: each business has a file of its own in the data folder",
                    "Leave it unset, and choose the folder with RELEVO_DATA",
                )
            });
            Ok((None, warning))
        }
        other => {
            let is_word = !other.is_empty() && other.len() <= 20 && other.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '+');
            let says = if is_word { format!("begins with {other}:, a database that relevo does not know") } else { "is not the address of a database".into() };
            Err(Problem::new(found.name, says, format!("Set it to {FORM}, or remove it to use SQLite in the data folder")))
        }
    }
}

/// An address whose path is kept; a slash at its end is dropped.
pub(super) fn address(found: Found) -> Checked<String> {
    let url = web_address(&found, "https://api.example.com")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Problem::new(found.name, "has a ? or # part, which cannot be there", "Remove everything from the ? or # on"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// An address without path, as browsers name the origin of a page: no slash at its end.
pub(super) fn origin(found: Found) -> Checked<String> {
    if found.value == "*" {
        return Err(Problem::new(
            found.name,
            "is *, which would let every page on the net call the API",
            "Name the origins, such as https://panel.example.com",
        ));
    }
    let url = web_address(&found, "https://panel.example.com")?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(Problem::new(found.name, "has a path, but must end after host and port", format!("Set it to {}", url.origin().ascii_serialization())));
    }
    Ok(url.origin().ascii_serialization())
}

fn web_address(found: &Found, example: &str) -> Checked<Url> {
    let wrong = |says: String, mend: String| Err(Problem::new(&*found.name, says, mend));
    match Url::parse(&found.value) {
        Err(error) => wrong(format!("is not a web address ({error})"), format!("Set it to such as {example}")),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => wrong("does not begin with https:// or http://".into(), format!("Set it to such as {example}")),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            wrong("holds a user name or password, which may show up in logs".into(), "Remove what stands before the @, and the @".into())
        }
        Ok(url) => Ok(url),
    }
}

/// True when only this machine reaches the host of a web address.
pub(super) fn is_loopback(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.ends_with(".localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// True when a secret is long enough not to be guessed.
pub(super) fn is_long(secret: &SecretString) -> bool {
    secret.expose_secret().len() >= 32
}
