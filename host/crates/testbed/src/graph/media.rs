//! Files that the provider keeps.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::error::GraphError;

/// A stored file; a test may change it so that what is announced is not what comes.
#[derive(Debug, Clone)]
pub struct Media {
    pub mime_type: String,
    pub bytes: Bytes,
    /// In hex, as the info announces it.
    pub sha256: String,
    /// As the info announces it.
    pub file_size: u64,
    /// Announced in place of the fake's own address.
    pub url: Option<String>,
}

#[derive(Default)]
pub(super) struct Shelf {
    files: Mutex<HashMap<String, Media>>,
}

impl Shelf {
    pub(super) fn add(&self, mime_type: &str, bytes: Bytes) -> String {
        let mut files = self.lock();
        let id = format!("9{:015}", files.len() + 1);
        let media = Media { mime_type: mime_type.to_owned(), sha256: hex::encode(Sha256::digest(&bytes)), file_size: bytes.len() as u64, bytes, url: None };
        files.insert(id.clone(), media);
        id
    }

    pub(super) fn find(&self, id: &str) -> Option<Media> {
        self.lock().get(id).cloned()
    }

    pub(super) fn edit(&self, id: &str, change: impl FnOnce(&mut Media)) {
        if let Some(media) = self.lock().get_mut(id) {
            change(media);
        }
    }

    /// Empties the file but keeps its place, so that ids are never given twice.
    pub(super) fn remove(&self, id: &str) -> bool {
        let mut files = self.lock();
        let Some(media) = files.remove(id) else { return false };
        files.insert(format!("removed-{id}"), Media { bytes: Bytes::new(), ..media });
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Media>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `GET /{media_id}` answers.
pub(super) fn info(id: &str, media: &Media, base: &str) -> Value {
    let own = || format!("{base}/_media/{id}");
    json!({
        "messaging_product": "whatsapp", "id": id,
        "url": media.url.clone().unwrap_or_else(own),
        "mime_type": media.mime_type, "sha256": media.sha256, "file_size": media.file_size,
    })
}

/// Reads an upload's form: type and content of its file.
pub(super) async fn read_upload(content_type: &str, body: Bytes) -> Result<(String, Bytes), GraphError> {
    let malformed = |_| GraphError::parameter("The body is not multipart/form-data");
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let mut form = multer::Multipart::new(stream::iter([Ok::<_, std::io::Error>(body)]), boundary);
    let (mut product, mut kind, mut file) = (None, None, None);
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        match field.name() {
            Some("messaging_product") => product = Some(field.text().await.map_err(malformed)?),
            Some("type") => kind = Some(field.text().await.map_err(malformed)?),
            Some("file") => {
                let own = field.content_type().map(|mime| mime.to_string());
                file = Some((own, field.bytes().await.map_err(malformed)?));
            }
            _ => {}
        }
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let (own, bytes) = file.ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    let kind = own.or(kind).ok_or_else(|| GraphError::parameter("The parameter type is required."))?;
    check_size(&kind, bytes.len())?;
    Ok((kind, bytes))
}

fn check_size(mime_type: &str, size: usize) -> Result<(), GraphError> {
    const MIB: usize = 1024 * 1024;
    let limit = match mime_type {
        "image/webp" => MIB / 2,
        kind if kind.starts_with("image/") => 5 * MIB,
        kind if kind.starts_with("audio/") || kind.starts_with("video/") => 16 * MIB,
        _ => 100 * MIB,
    };
    match size {
        0 => Err(GraphError::parameter("The file is empty")),
        size if size > limit => Err(GraphError::parameter(format!("File size exceeds {limit} bytes for {mime_type}"))),
        _ => Ok(()),
    }
}
