//! Lists: pages by key, with a cursor that means nothing to others.

use std::str::FromStr;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};

use crate::http::problem::{Kind, Problem};

const USUAL: usize = 50;
const MOST: usize = 100;

/// Which page of a list is asked for. A handler asks the store for `rows()` rows after `after()`, and hands them to `page`.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// So many at most.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[param(min_length = 1, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// The address without the cursor.
    #[param(ignore)]
    address: String,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// To be sent as `cursor` for the next page; null on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    next: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(parts.uri.path(), parts.uri.query().unwrap_or_default())
    }
}

impl Paging {
    fn of(path: &str, query: &str) -> Result<Self, Problem> {
        let (mut limit, mut cursor, mut rest) = (None, None, form_urlencoded::Serializer::new(String::new()));
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => match value.parse() {
                    Ok(number @ 1..=MOST) if limit.is_none() => limit = Some(number),
                    _ => return Err(Problem::new(Kind::BadQuery).detail(format!("limit must be one number from 1 to {MOST}"))),
                },
                "cursor" if cursor.is_some() => return Err(Kind::BadCursor.into()),
                "cursor" => cursor = Some(decode(&value).ok_or(Kind::BadCursor)?),
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        if let Some(limit) = limit {
            rest.append_pair("limit", &limit.to_string());
        }
        Ok(Self { limit, cursor, address: format!("{path}?{}", rest.finish()) })
    }

    /// As many rows as are to be read: one more than the page shows, to see whether there are more.
    pub fn rows(&self) -> usize {
        self.limit.unwrap_or(USUAL) + 1
    }

    /// The same, as stores count.
    pub fn rows_i64(&self) -> i64 {
        i64::try_from(self.rows()).unwrap_or(i64::MAX)
    }

    /// The key of the last row of the page before; none for the first page.
    pub fn after<K: FromStr>(&self) -> Result<Option<K>, Problem> {
        self.cursor.as_deref().map(|cursor| cursor.parse().map_err(|_| Kind::BadCursor.into())).transpose()
    }

    /// The page that these rows make, each shown as `show` says; `key` is what the next page begins after.
    pub fn page<R, T, K: ToString>(&self, mut rows: Vec<R>, key: impl Fn(&R) -> K, show: impl FnMut(R) -> T) -> Page<T> {
        let more = rows.len() >= self.rows();
        rows.truncate(self.rows() - 1);
        let next_cursor = rows.last().filter(|_| more).map(|row| BASE64URL_NOPAD.encode(key(row).to_string().as_bytes()));
        let next = next_cursor.as_ref().map(|cursor| {
            let sign = if self.address.ends_with('?') { "" } else { "&" };
            format!("{}{sign}cursor={cursor}", self.address)
        });
        Page { data: rows.into_iter().map(show).collect(), next_cursor, next }
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let link = self.next.as_ref().and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok());
        let mut response = Json(self).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

/// What a cursor stands for. Control characters are in none of ours, and Postgres refuses some of them.
fn decode(cursor: &str) -> Option<String> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn paging(query: &str) -> Paging {
        Paging::of("/api/people", query).unwrap()
    }

    #[test]
    fn each_page_leads_to_the_next_and_the_last_to_none() {
        let first = paging("business_id=7&limit=2&q=a%20b").page(vec![1, 2, 3], |row| *row, |row| row * 10);
        assert_eq!((&*first.data, first.next_cursor.as_deref()), (&[10, 20][..], Some("Mg")));
        assert_eq!(first.next.as_deref(), Some("/api/people?business_id=7&q=a+b&limit=2&cursor=Mg"));

        let second = paging("business_id=7&q=a+b&limit=2&cursor=Mg");
        assert_eq!(second.after::<i64>().unwrap(), Some(2));
        let second = second.page(vec![3], |row| *row, |row| row * 10);
        assert_eq!((&*second.data, second.next_cursor, second.next), (&[30][..], None, None));
    }

    #[test]
    fn a_page_that_is_full_and_the_last_leads_nowhere() {
        let page = paging("limit=2").page(vec![1, 2], |row| *row, |row| row);
        assert_eq!((page.data, page.next_cursor), (vec![1, 2], None));
        assert_eq!(paging("").rows(), 51);
    }

    #[test]
    fn the_header_names_the_next_page() {
        let response = paging("").page((0..51).collect(), |row: &i64| *row, |row| row).into_response();
        assert_eq!(response.headers()[header::LINK], "</api/people?cursor=NDk>; rel=\"next\"");
    }

    #[test]
    fn what_is_no_cursor_and_no_limit_of_ours_is_refused() {
        for query in ["limit=0", "limit=101", "limit=x", "limit=", "limit=-1", "limit=1&limit=2", "cursor=%20", "cursor=", "cursor=A", "cursor=AA", "cursor=_w"]
        {
            assert_eq!(Paging::of("/", query).unwrap_err().status, StatusCode::BAD_REQUEST, "{query}");
        }
        let other = paging(&format!("cursor={}", BASE64URL_NOPAD.encode(b"someone@acme.com")));
        assert!(other.after::<i64>().unwrap_err().kind.ends_with("bad-cursor"));
    }
}
