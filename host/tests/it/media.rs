//! Media in a bucket: a small S3 keeps what it is sent and looks at who signed it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use relevo::{
    media::{Kind, Media},
    settings::S3,
};
use relevo_model::{TenantId, Time};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

const NOON: Time = Time(1_767_268_800_000);
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const ACCESS: &str = "relevo-access";
const SECRET: &str = "relevo-secret-canary";

/// Files by their path, with what they are said to be.
type Files = Arc<Mutex<HashMap<String, (Bytes, Option<String>)>>>;

async fn start() -> (Media, Files) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let files = Files::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let service = axum::Router::new().fallback(answer).with_state(Arc::clone(&files));
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    let s3 = S3 {
        endpoint: Some(endpoint),
        region: "us-east-1".into(),
        bucket: "media".into(),
        access_key: ACCESS.to_owned().into(),
        secret_key: SECRET.to_owned().into(),
    };
    (Media::in_bucket(&s3, Zeroizing::new([7; 32])).unwrap(), files)
}

async fn answer(State(files): State<Files>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let signed = parts.headers.get(header::AUTHORIZATION).is_some_and(|by| by.to_str().unwrap().starts_with(&format!("AWS4-HMAC-SHA256 Credential={ACCESS}/")));
    let presigned = query.contains(&format!("X-Amz-Credential={ACCESS}%2F")) && query.contains("X-Amz-Signature=");
    if !signed && !presigned {
        return StatusCode::FORBIDDEN.into_response();
    }
    let path = parts.uri.path().to_owned();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    match parts.method {
        Method::PUT => {
            let kind = parts.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
            files.lock().unwrap().insert(path, (body, kind));
            [(header::ETAG, "\"1\"")].into_response()
        }
        Method::GET => match files.lock().unwrap().get(&path) {
            Some((file, kind)) => {
                let kind = kind.clone().unwrap_or_else(|| "application/octet-stream".into());
                let known = [(header::ETAG, "\"1\"".to_owned()), (header::LAST_MODIFIED, "Thu, 01 Jan 2026 12:00:00 GMT".into()), (header::CONTENT_TYPE, kind)];
                (known, Body::from(file.clone())).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            files.lock().unwrap().remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        // Several at once, by their keys in XML.
        Method::POST if query.starts_with("delete") => {
            let asked = String::from_utf8(body.to_vec()).unwrap();
            let keys: Vec<String> = asked.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())).collect();
            let mut files = files.lock().unwrap();
            files.retain(|path, _| !keys.iter().any(|key| path.ends_with(&format!("/{key}"))));
            let gone: String = keys.iter().map(|key| format!("<Deleted><Key>{key}</Key></Deleted>")).collect();
            format!("<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{gone}</DeleteResult>").into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

#[tokio::test]
async fn a_photo_goes_into_a_bucket_and_comes_out_by_addresses_that_it_signed() {
    let (media, files) = start().await;
    let tenant: TenantId = "0198c0de-0000-7000-8000-000000000001".parse().unwrap();
    let (incoming, kept) = (Media::new_key(&tenant, "incoming", ""), Media::new_key(&tenant, "products", ".png"));
    let http = reqwest::Client::new();

    let upload = media.upload(&incoming, 100, NOON).await.unwrap();
    assert_eq!(http.put(&upload.url).body(PNG).send().await.unwrap().status(), 200);
    let file = media.get(&incoming, 100).await.unwrap().unwrap();
    assert!(media.get(&incoming, 5).await.unwrap().is_none(), "larger than whoever asks takes");
    media.put(&kept, file, Kind::Png).await.unwrap();
    media.remove(&incoming).await.unwrap();

    let seen = http.get(media.address(&kept, NOON).await.unwrap()).send().await.unwrap();
    assert_eq!((seen.status().as_u16(), seen.headers()["content-type"].to_str().unwrap()), (200, "image/png"));
    assert_eq!(seen.bytes().await.unwrap(), PNG);
    let left: Vec<String> = files.lock().unwrap().keys().cloned().collect();
    assert_eq!(left, [format!("/media/{kept}")]);
    assert!(media.get(&incoming, 100).await.unwrap().is_none());
    let unsigned = upload.url.split('?').next().unwrap().to_owned();
    assert_eq!(http.get(unsigned).send().await.unwrap().status(), 403);
}
