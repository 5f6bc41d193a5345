//! `Idempotency-Key`: a request that is sent twice is done once, and answered twice alike.
//!
//! `Routes::create` puts this around a handler, which knows nothing of it. The key is noted, committed, before the handler is asked, and its
//! answer after: a process that dies between the handler's commit and the note of its answer leaves a request that is done again when it is
//! sent again after a minute. Everything short of that is done once.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use data_encoding::BASE64;
use relevo_model::*;
use relevo_store::{Asked, Before, Cell, Write, keys};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::body;
use crate::{
    http::problem::{Kind, Problem},
    identity::{Door, Whose},
};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const LONGEST_KEY: usize = 255;
/// More than any answer to something that was made.
const LONGEST_ANSWER: usize = 1 << 20;
/// What an answer is given again with; a cookie never is.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// Where the keys of whoever asks are kept.
enum Place {
    Cell(Cell),
    /// Of who acts in no business.
    Platform(Door),
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Does a request once, if it has a key. Whoever sends it is known already.
pub async fn once<F>(door: Door, request: Request, run: impl FnOnce(Request) -> F + Send + 'static) -> Response
where
    F: Future<Output = Response> + Send + 'static,
{
    match prepare(&door, request).await {
        Ok(Prepared::Without(request)) => run(request).await,
        Ok(Prepared::With(asked, place, request)) => {
            // To its end, even when whoever asked goes away meanwhile: else the key would be in flight with nobody at work.
            let done = tokio::spawn(async move { place.once(&door.clock, asked, request, run).await });
            done.await.unwrap_or_else(|error| Problem::broken(&error.into()).into_response())
        }
        Err(problem) => problem.into_response(),
    }
}

enum Prepared {
    Without(Request),
    With(Asked, Place, Request),
}

async fn prepare(door: &Door, request: Request) -> Result<Prepared, Problem> {
    let Some(key) = key(request.headers())? else { return Ok(Prepared::Without(request)) };
    let (mut parts, body) = request.into_parts();
    let Some(Whose { caller, tenant }) = door.whose(&mut parts).await? else {
        return Ok(Prepared::Without(Request::from_parts(parts, body)));
    };
    let place = match tenant {
        Some(tenant) => Place::Cell(door.store.cell(&tenant).await?),
        None => Place::Platform(door.clone()),
    };
    let bytes = body::bytes(Request::from_parts(parts.clone(), body), &()).await?;
    let attempt: EventId = door.clock.id();
    let asked = Asked { caller, key, request: hash(&parts, &bytes), attempt: attempt.to_string() };
    Ok(Prepared::With(asked, place, Request::from_parts(parts, Body::from(bytes))))
}

impl Place {
    async fn once<F: Future<Output = Response>>(&self, clock: &Clock, asked: Asked, request: Request, run: impl FnOnce(Request) -> F) -> Response {
        let before = match self.begin(&asked, clock.now()).await {
            Ok(before) => before,
            Err(error) => return Problem::from(error).into_response(),
        };
        match before {
            Before::Nothing => {}
            Before::Answered(sealed) => return self.again(&asked, &sealed).unwrap_or_else(|error| Problem::broken(&error).into_response()),
            Before::InFlight => return Problem::new(Kind::KeyInFlight).retry_after(1).into_response(),
            Before::Other => return Problem::new(Kind::KeyMismatch).into_response(),
        }
        let (parts, body) = run(request).await.into_parts();
        let bytes = match to_bytes(body, LONGEST_ANSWER).await {
            Ok(bytes) => bytes,
            Err(error) => return Problem::broken(&error.into()).into_response(),
        };
        let kept = is_final(parts.status).then(|| Kept::of(parts.status, &parts.headers, &bytes));
        // What was done is done: when its answer cannot be kept, whoever asked gets it all the same.
        if let Err(error) = self.end(&asked, kept.as_ref()).await {
            tracing::error!(%error, "the answer to a request with an Idempotency-Key could not be kept");
        }
        Response::from_parts(parts, Body::from(bytes))
    }

    async fn write(&self) -> relevo_store::Result<Write> {
        match self {
            Self::Cell(cell) => cell.write().await,
            Self::Platform(door) => door.store.platform().write().await,
        }
    }

    async fn begin(&self, asked: &Asked, now: Time) -> relevo_store::Result<Before> {
        let mut write = self.write().await?;
        let before = write.begin_once(asked, now).await?;
        write.commit().await?;
        Ok(before)
    }

    async fn end(&self, asked: &Asked, kept: Option<&Kept>) -> anyhow::Result<()> {
        let mut write = self.write().await?;
        match kept {
            Some(kept) => write.end_once(asked, &self.seal(asked, &serde_json::to_vec(kept)?)).await?,
            None => write.free_once(asked).await?,
        }
        Ok(write.commit().await?)
    }

    fn again(&self, asked: &Asked, sealed: &[u8]) -> anyhow::Result<Response> {
        let row = row(asked);
        let plain = match self {
            Self::Cell(cell) => cell.unseal(place(&row), sealed)?,
            Self::Platform(door) => door.store.open_sealed(place(&row), sealed)?,
        };
        serde_json::from_slice::<Kept>(&plain)?.replayed()
    }

    fn seal(&self, asked: &Asked, plain: &[u8]) -> Vec<u8> {
        let row = row(asked);
        match self {
            Self::Cell(cell) => cell.seal(place(&row), plain),
            Self::Platform(door) => door.store.seal(place(&row), plain),
        }
    }
}

impl Kept {
    fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()));
        Self { status: status.as_u16(), headers: HEADERS.iter().filter_map(text).collect(), body: BASE64.encode(body) }
    }

    fn replayed(self) -> anyhow::Result<Response> {
        let mut response = (StatusCode::from_u16(self.status)?, BASE64.decode(self.body.as_bytes())?).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        for (name, value) in self.headers {
            headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }
}

/// Whether an answer would be the same tomorrow. What failed here, what somebody else or a moment can mend, is asked anew.
fn is_final(status: StatusCode) -> bool {
    const PASSING: [StatusCode; 5] =
        [StatusCode::UNAUTHORIZED, StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    status.is_success() || status.is_client_error() && !PASSING.contains(&status)
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all(KEY).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let key = first.to_str().ok().filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY && key.chars().all(|letter| matches!(letter, ' '..='~')));
    match (key, all.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(Kind::BadKey.into()),
    }
}

/// What is asked: the same only if the method, the address and every byte of the body are.
fn hash(parts: &Parts, body: &[u8]) -> String {
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    let hash = Sha256::new().chain_update(parts.method.as_str()).chain_update(b"\n").chain_update(address).chain_update(b"\n").chain_update(body);
    hex::encode(hash.finalize())
}

fn row(asked: &Asked) -> String {
    format!("{}\n{}", asked.caller, asked.key)
}

fn place(row: &str) -> keys::Place<'_> {
    keys::Place { table: "idempotency_keys", column: "answer", row }
}
