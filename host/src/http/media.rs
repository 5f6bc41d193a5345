//! Files at signed addresses of ours: the address is the permission.

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    problem::{Kind as Problems, Problem},
    routes::{Access, Routes},
};
use crate::{
    app::App,
    console::photos,
    media::{Kind, What},
};

pub fn routes() -> Routes {
    let largest = usize::try_from(photos::LARGEST).unwrap_or(usize::MAX);
    Routes::new().get("/media/{token}", Access::Public, open).put("/media/{token}", Access::Public, take).layer(DefaultBodyLimit::max(largest))
}

/// Shows a picture, and gives anything else as a file to keep.
async fn open(State(app): State<App>, Path(token): Path<String>) -> Response {
    let Some(ticket) = app.media.ticket(&token, What::Get, app.clock.now()) else { return Problem::from(Problems::NotFound).into_response() };
    let file = match app.media.get(&ticket.key, photos::LARGEST).await {
        Ok(Some(file)) => file,
        Ok(None) => return Problem::from(Problems::NotFound).into_response(),
        Err(error) => return Problem::broken(&error).into_response(),
    };
    let (mime, shown) = Kind::of(&file).map_or(("application/octet-stream", "attachment"), |kind| (kind.mime(), "inline"));
    let headers = [
        (header::CONTENT_TYPE, mime),
        (header::CONTENT_DISPOSITION, shown),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, max-age=3600, immutable"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, file).into_response()
}

/// Takes a picture that its address has room for.
async fn take(State(app): State<App>, Path(token): Path<String>, request: Request) -> Response {
    // Before anything is read: nobody else's bytes take room here.
    let Some(ticket) = app.media.ticket(&token, What::Put, app.clock.now()) else { return Problem::from(Problems::NotFound).into_response() };
    let file = match Bytes::from_request(request, &()).await {
        Ok(file) if u64::try_from(file.len()).is_ok_and(|size| size <= ticket.most) => file,
        Ok(_) => return Problem::from(Problems::TooLarge).into_response(),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => return Problem::from(Problems::TooLarge).into_response(),
        Err(_) => return Problem::from(Problems::BadBody).into_response(),
    };
    let Some(kind) = Kind::of(&file) else { return Problem::from(Problems::NotJson).into_response() };
    match app.media.put(&ticket.key, file, kind).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => Problem::broken(&error).into_response(),
    }
}
