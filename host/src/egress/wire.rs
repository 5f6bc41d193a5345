//! One HTTP/1.1 exchange over a connection to an address that was checked.

use std::{error::Error, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method,
    body::{Body, Incoming},
    client::conn::http1,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Refusal, Response, target::Target};

const MAX_REQUEST_HEADERS: usize = 64;
const MAX_REQUEST_HEADER_BYTES: usize = 16 * 1024;
const MAX_RESPONSE_HEADERS: usize = 100;
const MAX_RESPONSE_HEADER_BYTES: usize = 64 * 1024;

/// A name may have many addresses; beyond these it counts as down.
const TRIED_ADDRESSES: usize = 4;

/// For one address, so that a dead one leaves time for the next.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const NOT_A_HEAD: &str = "its header is not HTTP/1.1, or longer than 64 KiB or 100 lines";

/// TLS 1.2 and 1.3 with these authorities and nothing else.
pub(super) fn tls(roots: RootCertStore) -> ClientConfig {
    let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the ciphers of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    tls
}

/// The method in capitals.
pub(super) fn method(text: &str) -> Result<Method, Refusal> {
    if !(1..=16).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err(Refusal::NotAMethod);
    }
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes()).map_err(|_| Refusal::NotAMethod)?;
    if method == Method::CONNECT || method == Method::TRACE { Err(Refusal::NotAMethod) } else { Ok(method) }
}

/// The guest's headers, none of them the host's own.
pub(super) fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, Refusal> {
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    if pairs.len() > MAX_REQUEST_HEADERS || bytes > MAX_REQUEST_HEADER_BYTES {
        return Err(Refusal::NotAHeader(format!("{MAX_REQUEST_HEADERS} headers and {MAX_REQUEST_HEADER_BYTES} bytes at most")));
    }
    let mut headers = HeaderMap::with_capacity(pairs.len() + 3);
    for (nth, (name, value)) in (1..).zip(pairs) {
        // A wrong name is not repeated: it may be a whole line, with the secret in it.
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| Refusal::NotAHeader(format!("the name of header {nth} is none such as \"x-api-key\"")))?;
        if name == HOST || name == CONTENT_LENGTH || name == EXPECT || is_hop_by_hop(&name) {
            return Err(Refusal::NotAHeader(format!("leave {name:?} out, the host writes it")));
        }
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| Refusal::NotAHeader(format!("the value of {name:?} holds a line break or another control character")))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    let listed = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name);
    listed || name.as_str().starts_with("proxy-") || name == "keep-alive" || name == "http2-settings"
}

/// What goes over the wire: these and our own headers.
pub(super) fn request(target: &Target, method: Method, headers: HeaderMap, body: Vec<u8>) -> Result<hyper::Request<Full<Bytes>>, Refusal> {
    let unusable = |_| Refusal::NotAnAddress("its path or query holds a character that must be percent-encoded");
    let host = HeaderValue::try_from(target.authority()).map_err(|_| Refusal::NotAnAddress("its host is no host name"))?;
    let mut request = hyper::Request::new(Full::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = target.path_and_query().parse().map_err(unusable)?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    request.headers_mut().entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!("relevo/", env!("CARGO_PKG_VERSION"))));
    Ok(request)
}

/// Connects to the first of these addresses that answers, and to nothing else.
pub(super) async fn connect(target: &Target, addresses: &[SocketAddr]) -> Result<TcpStream, Refusal> {
    for address in addresses.iter().take(TRIED_ADDRESSES) {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => tracing::debug!(host = target.host(), %address, %error, "a host that a tenant asked for refuses the connection"),
            Err(_) => tracing::debug!(host = target.host(), %address, "a host that a tenant asked for does not take the connection in time"),
        }
    }
    Err(Refusal::Unreachable { host: target.host().into(), why: "it does not take the connection: check host and port, or try again later" })
}

/// Encrypts the connection, with whoever proves to be the target.
pub(super) async fn encrypt(target: &Target, stream: TcpStream, tls: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, Refusal> {
    let unreachable = |why| Refusal::Unreachable { host: target.host().into(), why };
    let name = match target.ip() {
        Some(ip) => ServerName::from(ip),
        None => ServerName::try_from(target.host().to_owned()).map_err(|_| unreachable("no certificate can be issued for such a name"))?,
    };
    TlsConnector::from(tls).connect(name, stream).await.map_err(|error| {
        tracing::debug!(host = target.host(), %error, "no TLS with a host that a tenant asked for");
        unreachable(tls_fault(&error))
    })
}

fn tls_fault(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => "its certificate is expired, for another name or by an authority that this server does not trust",
        _ => "it does not speak TLS 1.2 or 1.3 on this port",
    }
}

/// Sends the request and reads its answer, up to `max_response` bytes of body.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    target: &Target,
    request: hyper::Request<Full<Bytes>>,
    max_response: usize,
    stream: S,
) -> Result<Response, Refusal> {
    let broken = |error: hyper::Error| {
        tracing::debug!(host = target.host(), error = &error as &dyn Error, "an exchange with a host that a tenant asked for broke");
        Refusal::Broken { host: target.host().into(), why: http_fault(&error) }
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MAX_RESPONSE_HEADERS)
        .max_buf_size(MAX_RESPONSE_HEADER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut answer = pin!(async {
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        // hyper's own limit is not sharp: what fits into what it happened to read passes.
        if head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > MAX_RESPONSE_HEADER_BYTES {
            return Err(Refusal::Broken { host: target.host().into(), why: NOT_A_HEAD });
        }
        let body = read(body, max_response, broken).await?;
        Ok(Response { status: head.status.as_u16(), headers: readable(&head.headers), body })
    });
    // The connection only moves while it is polled. It may end before all that it read was taken.
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        _ = connection => {}
    }
    answer.await
}

async fn read(mut body: Incoming, limit: usize, broken: impl Fn(hyper::Error) -> Refusal) -> Result<Vec<u8>, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLarge(limit));
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(&broken)?.into_data() else { continue };
        if data.len() > limit - bytes.len() {
            return Err(Refusal::TooLarge(limit));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let ends_here = headers.iter().filter(|(name, _)| !is_hop_by_hop(name));
    ends_here.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

fn http_fault(error: &hyper::Error) -> &'static str {
    if error.is_parse() { NOT_A_HEAD } else { "it ended the connection early" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.into(), value.into())]
    }

    #[test]
    fn methods_are_letters_and_open_no_tunnel() {
        assert_eq!(method("post"), Ok(Method::POST));
        assert_eq!(method("REPORT").map(|method| method.to_string()), Ok("REPORT".into()));
        for text in ["", "CONNECT", "connect", "Trace", "GET /", "GET\r\n", "M-SEARCH", "GÉT", "AVERYLONGMETHODNAME"] {
            assert_eq!(method(text), Err(Refusal::NotAMethod), "{text:?}");
        }
    }

    #[test]
    fn headers_of_the_connection_are_the_hosts() {
        for name in [
            "Host",
            "host",
            "Content-Length",
            "Connection",
            "Keep-Alive",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "Expect",
            "HTTP2-Settings",
        ] {
            let refusal = headers(&pairs(name, "s3cret")).unwrap_err().to_string();

            assert!(refusal.contains(&name.to_lowercase()) && !refusal.contains("s3cret"), "{refusal}");
        }
    }

    #[test]
    fn headers_smuggle_nothing() {
        for (name, value) in [
            ("x", "s3cret\r\nhost: evil"),
            ("x", "s3cret\n"),
            ("x", "s3cret\0"),
            ("x: s3cret", "y"),
            ("authorization: Bearer s3cret", ""),
            ("", "s3cret"),
            (":authority", "s3cret"),
            ("x\r\nhost", "s3cret"),
            ("host ", "s3cret"),
            ("hóst", "s3cret"),
        ] {
            let refusal = headers(&pairs(name, value)).unwrap_err();

            assert!(matches!(refusal, Refusal::NotAHeader(_)) && !refusal.to_string().contains("s3cret"), "{refusal}");
        }
    }

    #[test]
    fn headers_are_few_and_small_and_may_repeat() {
        assert_eq!(headers(&vec![("x".into(), "é".into()); 64]).unwrap().get_all("x").iter().count(), 64);
        assert!(headers(&vec![("x".into(), "y".into()); 65]).is_err());
        assert!(headers(&pairs("x", &"y".repeat(MAX_REQUEST_HEADER_BYTES - 1))).is_ok());
        assert!(headers(&pairs("x", &"y".repeat(MAX_REQUEST_HEADER_BYTES))).is_err());
    }
}
