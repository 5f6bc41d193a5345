//! Static files: embedded, named by their content, kept for ever by whoever fetched them under that name.

use std::borrow::Cow;

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/static"]
#[exclude = "*.md"]
struct Files;

/// All style sheets in one, in the order of their folders.
const STYLES: &str = "app.css";
const STYLE_FOLDERS: [&str; 3] = ["css/base/", "css/parts/", "css/pages/"];

/// The address of a file, changing with its content; none where there is no such file.
pub fn address(path: &str) -> Option<String> {
    Some(format!("/static/{path}?v={}", version(&content(path)?)))
}

pub async fn serve(Path(path): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(content) = content(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let version = version(&content);
    let tag = format!("\"{version}\"");
    let kept = if uri.query() == Some(&format!("v={version}")) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let cached = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mime = mime_guess::from_path(&path).first_or_octet_stream();
    let mime = if mime.type_() == "text" { format!("{mime}; charset=utf-8") } else { mime.to_string() };
    let answer = [(header::CONTENT_TYPE, plain(&mime)), (header::ETAG, plain(&tag)), (header::CACHE_CONTROL, HeaderValue::from_static(kept))];
    if cached { (StatusCode::NOT_MODIFIED, answer).into_response() } else { (answer, content.into_owned()).into_response() }
}

fn content(path: &str) -> Option<Cow<'static, [u8]>> {
    if path == STYLES {
        return Some(styles().into());
    }
    Files::get(path).map(|file| file.data)
}

fn styles() -> Vec<u8> {
    let mut names: Vec<Cow<'static, str>> = Files::iter().collect();
    names.sort();
    let in_order = STYLE_FOLDERS.iter().flat_map(|folder| names.iter().filter(move |name| name.starts_with(folder)));
    in_order.filter_map(|name| Files::get(name)).flat_map(|file| [file.data.as_ref(), b"\n"].concat()).collect()
}

fn version(content: &[u8]) -> String {
    hex::encode(&Sha256::digest(content)[..6])
}

fn plain(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("types and versions are plain text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_begins_with_the_order_of_its_layers() {
        let styles = String::from_utf8(styles()).unwrap();
        assert!(styles.trim_start().starts_with("@layer reset, base, parts, pages;"), "{}", &styles[..80]);
    }

    #[tokio::test]
    async fn a_file_under_its_own_version_is_kept_for_ever_and_otherwise_asked_for_again() {
        let uri: Uri = address(STYLES).unwrap().parse().unwrap();

        let named = serve(Path(STYLES.into()), uri, HeaderMap::new()).await;
        let unnamed = serve(Path(STYLES.into()), Uri::from_static("/static/app.css"), HeaderMap::new()).await;
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, named.headers()[header::ETAG].clone())]);
        let again = serve(Path(STYLES.into()), Uri::from_static("/static/app.css"), known).await;

        assert!(named.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert_eq!(unnamed.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(serve(Path("../Cargo.toml".into()), Uri::from_static("/"), HeaderMap::new()).await.status(), StatusCode::NOT_FOUND);
    }

    /// No address of ours is inline, as the content security policy wants it.
    #[test]
    fn no_style_sheet_takes_anything_from_elsewhere() {
        let styles = String::from_utf8(styles()).unwrap();
        assert!(!styles.contains("http:") && !styles.contains("https:"));
    }
}
