//! Who looks at a page: the language and the theme that they want.

use std::{convert::Infallible, sync::LazyLock};

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};

/// The languages that pages speak; the first is spoken to whoever asks for none of them.
pub const LANGUAGES: [&str; 3] = ["es", "en", "pt"];
/// The themes that can be chosen; the first is the device's.
pub const THEMES: [&str; 3] = ["auto", "light", "dark"];
/// Seconds that a choice is remembered: a year.
const REMEMBERED: u32 = 31_536_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub lang: &'static str,
    /// Empty follows the device.
    pub theme: &'static str,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query().unwrap_or_default(), &parts.headers))
    }
}

impl Visitor {
    /// The address decides, then what was chosen before, then what the browser asks for.
    pub fn of(query: &str, headers: &HeaderMap) -> Self {
        let lang = wanted(query, "lang", &LANGUAGES).or_else(|| cookie(headers, "lang", &LANGUAGES)).or_else(|| accepted(headers)).unwrap_or(LANGUAGES[0]);
        let theme = wanted(query, "theme", &THEMES).or_else(|| cookie(headers, "theme", &THEMES)).unwrap_or_default();
        Self { lang, theme: if theme == THEMES[0] { "" } else { theme } }
    }
}

/// The header by which a browser remembers the language of whoever logged in.
pub fn remembered_language(locale: &str) -> Option<(header::HeaderName, HeaderValue)> {
    LANGUAGES.contains(&locale).then(|| (header::SET_COOKIE, remembered("lang", locale)))
}

fn remembered(name: &str, value: &str) -> HeaderValue {
    let cookie = format!("{name}={value}; Path=/; Max-Age={REMEMBERED}; SameSite=Lax; HttpOnly");
    HeaderValue::from_str(&cookie).expect("names and values of ours are plain")
}

/// Remembers a language or a theme that the address asked for.
pub async fn remember(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let mut response = next.run(request).await;
    for (name, known) in [("lang", &LANGUAGES[..]), ("theme", &THEMES[..])] {
        if let Some(value) = wanted(&query, name, known) {
            response.headers_mut().append(header::SET_COOKIE, remembered(name, value));
        }
    }
    static VARY: LazyLock<HeaderValue> = LazyLock::new(|| HeaderValue::from_static("accept-language, cookie"));
    response.headers_mut().append(header::VARY, VARY.clone());
    response
}

fn wanted(query: &str, name: &str, known: &[&'static str]) -> Option<&'static str> {
    pick(query.split('&'), name, known)
}

fn cookie(headers: &HeaderMap, name: &str, known: &[&'static str]) -> Option<&'static str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|line| pick(line.split(';'), name, known))
}

fn pick<'a>(mut pairs: impl Iterator<Item = &'a str>, name: &str, known: &[&'static str]) -> Option<&'static str> {
    pairs.find_map(|pair| {
        let value = pair.trim().strip_prefix(name)?.strip_prefix('=')?;
        known.iter().find(|known| **known == value).copied()
    })
}

/// The first of our languages in the order in which the browser names them.
fn accepted(headers: &HeaderMap) -> Option<&'static str> {
    let line = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    line.split(',').find_map(|part| {
        let primary = part.trim().split([';', '-']).next()?;
        LANGUAGES.into_iter().find(|lang| lang.eq_ignore_ascii_case(primary))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_address_goes_before_the_cookie_and_the_cookie_before_the_browser() {
        let both = headers(&[(header::COOKIE, "a=1; lang=pt; theme=dark"), (header::ACCEPT_LANGUAGE, "en-GB,en;q=0.8")]);

        assert_eq!(Visitor::of("x=1&lang=en", &both), Visitor { lang: "en", theme: "dark" });
        assert_eq!(Visitor::of("", &both).lang, "pt");
        assert_eq!(Visitor::of("theme=auto", &both).theme, "", "the device's theme goes before the cookie too");
        assert_eq!(Visitor::of("", &headers(&[(header::ACCEPT_LANGUAGE, "fr, en;q=0.8")])).lang, "en");
    }

    #[test]
    fn whoever_asks_for_what_we_do_not_speak_reads_spanish() {
        assert_eq!(Visitor::of("lang=xx&theme=pink", &headers(&[(header::ACCEPT_LANGUAGE, "fr")])), Visitor { lang: "es", theme: "" });
    }
}
