//! The rules, against listeners on this machine. What must not be reached is a [`Trap`].

mod limits;
mod ways_in;

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::{RootCertStore, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::*;

/// Long enough for whatever answers, and the end of a test that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// A listener that nobody accepts on: whoever knocked stands in its queue.
struct Trap(std::net::TcpListener);

impl Trap {
    fn new() -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Takes one out of the queue.
    fn was_knocked_on(&self) -> bool {
        match self.0.accept() {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("the trap broke: {error}"),
        }
    }
}

/// Talks once to whoever connects first.
async fn serve<F: Future<Output = ()> + Send>(talk: impl FnOnce(TcpStream) -> F + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { talk(listener.accept().await.unwrap().0).await });
    address
}

/// Gives this answer to the first request, and that request to the test.
async fn answer(answer: impl Into<Vec<u8>>) -> (SocketAddr, oneshot::Receiver<String>) {
    let (seen, request) = oneshot::channel();
    let answer = answer.into();
    let address = serve(async move |mut stream| {
        let _nobody_looks = seen.send(read_request(&mut stream).await);
        let _refused = stream.write_all(&answer).await;
    })
    .await;
    (address, request)
}

/// The head, and as much body as it says.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        assert_ne!(read, 0, "the request ended early: {text:?}");
        text.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
}

fn get(url: impl Into<String>) -> Request {
    Request { method: "GET".into(), url: url.into(), headers: vec![], body: vec![], timeout: PATIENCE, max_response: 1024 * 1024 }
}

fn anything(_: &str, _: &str, _: u16) -> bool {
    true
}

fn closed() -> Egress {
    Egress::new(EgressSettings::default())
}

fn open(address: SocketAddr) -> Egress {
    Egress::new(EgressSettings { allow_private: vec![address.into()], ..EgressSettings::default() })
}

/// Every name is at these addresses; counts how often that was asked.
fn at(addresses: Vec<IpAddr>) -> (Resolver, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let resolver: Resolver = Arc::new(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        let found = addresses.iter().map(|ip| SocketAddr::new(*ip, 9)).collect();
        Box::pin(async move { Ok(found) })
    });
    (resolver, asked)
}

#[tokio::test]
async fn a_permitted_request_arrives_and_its_answer_comes_back() {
    let (address, seen) = answer("HTTP/1.1 201 Created\r\nX-Order: 7\r\nx-order: 8\r\nKeep-Alive: 5\r\nContent-Length: 4\r\n\r\nhola").await;
    let request = Request {
        method: "post".into(),
        headers: vec![("X-Api-Key".into(), "k".into()), ("accept-encoding".into(), "gzip".into())],
        body: b"{}".to_vec(),
        ..get(format!("http://{address}/orders?a=b%20c#top"))
    };

    let response = open(address).send(request, |method, host, port| (method, host, port) == ("POST", "127.0.0.1", address.port())).await.unwrap();

    assert_eq!((response.status, response.body), (201, b"hola".to_vec()));
    assert_eq!(response.headers, [("x-order", "7"), ("x-order", "8"), ("content-length", "4")].map(|(name, value)| (name.into(), value.into())));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        seen.await.unwrap(),
        format!(
            "POST /orders?a=b%20c HTTP/1.1\r\nx-api-key: k\r\naccept-encoding: gzip\r\nhost: {address}\r\nconnection: close\r\nuser-agent: relevo/{version}\r\ncontent-length: 2\r\n\r\n{{}}"
        )
    );
}

#[tokio::test]
async fn what_the_list_does_not_permit_is_not_even_resolved() {
    let (resolver, asked) = at(vec![Ipv4Addr::new(8, 8, 8, 8).into()]);
    let egress = Egress::new(EgressSettings { resolver: Some(resolver), ..EgressSettings::default() });

    let refusal = egress.send(get("https://API.Müller.example./"), |_, host, _| host != "api.xn--mller-kva.example").await.unwrap_err();

    assert_eq!(refusal, Refusal::NotAllowed { method: "GET".into(), host: "api.xn--mller-kva.example".into(), port: 443 });
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let (address, _) = answer("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (resolver, _) = at(vec![Ipv4Addr::new(127, 0, 0, 2).into(), address.ip()]);
    let allow_private = vec![format!("shop.example:{}", address.port()).parse().unwrap()];
    let egress = Egress::new(EgressSettings { allow_private, resolver: Some(resolver), ..EgressSettings::default() });

    let response = egress.send(get(format!("http://shop.example:{}", address.port())), anything).await.unwrap();

    assert_eq!((response.status, response.body.len()), (204, 0));
}

#[tokio::test]
async fn nobody_listening_and_no_such_name_are_unreachable() {
    let nobody = Trap::new().address();
    let (nowhere, _) = at(vec![]);
    let unknown = Egress::new(EgressSettings { resolver: Some(nowhere), ..EgressSettings::default() });

    let deaf = open(nobody).send(get(format!("http://{nobody}")), anything).await.unwrap_err();
    let unnamed = unknown.send(get("https://nowhere.example"), anything).await.unwrap_err();

    assert!(matches!(&deaf, Refusal::Unreachable { host, .. } if host == "127.0.0.1"), "{deaf}");
    assert!(matches!(&unnamed, Refusal::Unreachable { host, .. } if host == "nowhere.example"), "{unnamed}");
}

#[tokio::test]
async fn encrypted_requests_reach_only_who_can_prove_the_name() {
    let authority = CertifiedIssuer::self_signed(authority_params(), KeyPair::generate().unwrap()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();

    let right = fetch_over_tls(&authority, "shop.example", Some(roots.clone())).await;
    let other_name = fetch_over_tls(&authority, "evil.example", Some(roots)).await;
    let unknown_authority = fetch_over_tls(&authority, "shop.example", None).await;

    assert_eq!(right.unwrap().body, b"hola");
    for refusal in [other_name.unwrap_err(), unknown_authority.unwrap_err()] {
        assert!(matches!(refusal, Refusal::Unreachable { why, .. } if why.contains("certificate")), "{refusal}");
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
}

/// Asks `shop.example` at a server whose certificate is for `name`.
async fn fetch_over_tls(authority: &CertifiedIssuer<'static, KeyPair>, name: &str, roots: Option<RootCertStore>) -> Result<Response, Refusal> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let address = serve(async move |stream| {
        if let Ok(mut stream) = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            let request = read_request(&mut stream).await;
            assert!(request.contains(&format!("host: shop.example:{}\r\n", stream.get_ref().0.local_addr().unwrap().port())), "{request}");
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhola").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await;
    let (resolver, _) = at(vec![address.ip()]);
    let egress = Egress::new(EgressSettings { allow_private: vec![address.into()], resolver: Some(resolver), roots });
    egress.send(get(format!("https://shop.example:{}", address.port())), anything).await
}

#[tokio::test]
async fn nothing_secret_is_repeated() {
    let (address, _) = answer("HTTP/1.1 200 OK\r\nx: s3cret\r\ncontent-length: 6\r\n\r\ns3cret").await;
    let request = Request {
        headers: vec![("authorization".into(), "s3cret".into())],
        body: b"s3cret".to_vec(),
        max_response: 6,
        ..get(format!("http://{address}/s3cret?s3cret#s3cret"))
    };
    let shorter = Request { max_response: 5, ..request.clone() };
    let said = format!("{request:?}");

    let response = open(address).send(request, anything).await.unwrap();
    let (address, _) = answer("HTTP/1.1 200 OK\r\nx: s3cret\r\ncontent-length: 6\r\n\r\ns3cret").await;
    let mut refusals = vec![
        closed().send(shorter.clone(), anything).await.unwrap_err(),
        closed().send(shorter.clone(), |_, _, _| false).await.unwrap_err(),
        open(address).send(Request { url: format!("http://{address}/s3cret?s3cret"), ..shorter.clone() }, anything).await.unwrap_err(),
        open(address).send(Request { url: format!("http://{address}/s3cret?s3cret"), ..shorter.clone() }, anything).await.unwrap_err(),
    ];
    for answer_text in ["s3cret\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ns3c"] {
        let (address, _) = answer(answer_text).await;
        refusals.push(open(address).send(Request { url: format!("http://{address}/s3cret"), ..shorter.clone() }, anything).await.unwrap_err());
    }

    for text in refusals.iter().flat_map(|refusal| [refusal.to_string(), format!("{refusal:?}")]).chain([said, format!("{response:?}")]) {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_request_may_be_sent_from_any_task() {
    fn can_move(_: impl Send) {}
    can_move(closed().send(get("https://example.com"), anything));
}
