//! Forms with a file: sent as `multipart/form-data`, their fields like those of any other form.

use axum::{
    extract::{FromRequest, Multipart, Request, multipart::Field},
    http::StatusCode,
    response::IntoResponse,
};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{Error, forms};

/// Bytes of all the fields that are not the file.
const FIELDS: usize = 256 << 10;

/// A form that a page of ours sent, and the file that came with it, of `LARGEST` bytes at most.
#[derive(Debug)]
pub struct Upload<T, const LARGEST: usize> {
    pub form: T,
    pub file: File,
    /// A file was chosen, and there is nothing in it.
    pub empty: bool,
}

/// What came in the field for a file.
#[derive(Debug, PartialEq, Eq)]
pub enum File {
    /// Nothing was chosen.
    None,
    Sent(Bytes),
    TooLarge,
}

impl<S: Send + Sync, T: DeserializeOwned, const LARGEST: usize> FromRequest<S> for Upload<T, LARGEST> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let mut parts = Multipart::from_request(request, state).await.map_err(|_| Error::Said(StatusCode::UNSUPPORTED_MEDIA_TYPE, "problem-form".into()))?;
        let (mut fields, mut room, mut file, mut empty) = (Vec::new(), FIELDS, File::None, false);
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            if part.file_name().is_some() || part.content_type().is_some() {
                // A field where nothing was chosen is sent too, without a name.
                let chosen = part.file_name().is_some_and(|name| !name.is_empty());
                file = match collected(part, LARGEST).await? {
                    Some(bytes) if bytes.is_empty() => File::None,
                    Some(bytes) => File::Sent(bytes.into()),
                    None => File::TooLarge,
                };
                empty = chosen && file == File::None;
                continue;
            }
            let name = part.name().unwrap_or_default().to_owned();
            let value = collected(part, room).await?.ok_or_else(|| Error::Said(StatusCode::PAYLOAD_TOO_LARGE, "problem-too-large".into()))?;
            room -= value.len();
            let value = String::from_utf8(value).map_err(|_| Error::Said(StatusCode::UNPROCESSABLE_ENTITY, "problem-form".into()))?;
            fields.push((name, value));
        }
        Ok(Self { form: forms::typed(fields)?, file, empty })
    }
}

/// All of a part; none of one that is larger. It is read to its end all the same: a browser that is cut off shows no answer.
async fn collected(mut part: Field<'_>, most: usize) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Some(Vec::new());
    while let Some(chunk) = part.chunk().await.map_err(broken)? {
        match &mut bytes {
            Some(kept) if kept.len() + chunk.len() <= most => kept.extend_from_slice(&chunk),
            _ => bytes = None,
        }
    }
    Ok(bytes)
}

fn broken(error: axum::extract::multipart::MultipartError) -> Error {
    let status = error.into_response().status();
    Error::Said(status, if status == StatusCode::PAYLOAD_TOO_LARGE { "problem-too-large" } else { "problem-form" }.into())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Plan {
        title: String,
    }

    async fn sent(title: &str, file: Option<&str>) -> Result<Upload<Plan, 10>, StatusCode> {
        let name = file.filter(|file| !file.is_empty()).map_or("", |_| "a");
        let mut body = format!("--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n{title}\r\n");
        if let Some(file) = file {
            body += &format!("--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n{file}\r\n");
        }
        let request = Request::post("/").header("content-type", "multipart/form-data; boundary=x").body(Body::from(body + "--x--\r\n")).unwrap();
        Upload::from_request(request, &()).await.map_err(|error| error.into_response().status())
    }

    #[tokio::test]
    async fn a_file_comes_beside_the_fields_and_never_larger_than_it_may_be() {
        let with = sent("Ñandú", Some("0123456789")).await.unwrap();
        assert_eq!((&*with.form.title, with.file), ("Ñandú", File::Sent("0123456789".into())));

        assert_eq!(sent("a", None).await.unwrap().file, File::None);
        let nothing = sent("a", Some("")).await.unwrap();
        assert_eq!((nothing.file, nothing.empty), (File::None, false), "a field where nothing was chosen is sent empty");
        let larger = sent("a", Some("01234567890")).await.unwrap();
        assert_eq!((larger.file, &*larger.form.title), (File::TooLarge, "a"), "what was entered beside it is kept");
    }

    #[tokio::test]
    async fn a_file_with_nothing_in_it_was_chosen_all_the_same() {
        let part = "Content-Disposition: form-data; name=\"photo\"; filename=\"photo.png\"\r\nContent-Type: image/png\r\n\r\n\r\n";
        let body = format!("--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na\r\n--x\r\n{part}--x--\r\n");
        let request = Request::post("/").header("content-type", "multipart/form-data; boundary=x").body(Body::from(body)).unwrap();

        let upload = Upload::<Plan, 10>::from_request(request, &()).await.unwrap_or_else(|_| panic!("it is a form of ours"));

        assert_eq!((upload.file, upload.empty), (File::None, true));
    }

    #[tokio::test]
    async fn what_is_no_form_of_ours_is_refused() {
        assert_eq!(sent(&"a".repeat(FIELDS + 1), None).await.unwrap_err(), StatusCode::PAYLOAD_TOO_LARGE);
        let plain = Request::post("/").header("content-type", "application/x-www-form-urlencoded").body(Body::from("title=a")).unwrap();
        let refused = Upload::<Plan, 10>::from_request(plain, &()).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.into_response().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let cut = Request::post("/").header("content-type", "multipart/form-data; boundary=x").body(Body::from("--x\r\nContent-Disp")).unwrap();
        let refused = Upload::<Plan, 10>::from_request(cut, &()).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.into_response().status(), StatusCode::BAD_REQUEST);
    }
}
