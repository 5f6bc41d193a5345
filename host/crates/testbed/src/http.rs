//! HTTP/1.1 by hand over TCP: small enough to cut a connection at any byte, cheap enough for a load generator.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};

const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 128 * 1024 * 1024;

/// One side of a connection with what was read ahead.
pub struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
}

/// The head of a request.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: String,
    pub bearer: Option<String>,
    pub content_type: Option<String>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub keep_alive: bool,
    length: Length,
    expects_continue: bool,
}

/// An answer as its client sees it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
    /// Whether the connection takes another request.
    pub keep_alive: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Length {
    #[default]
    None,
    Fixed(usize),
    Chunked,
}

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, buffer: BytesMut::with_capacity(4096) }
    }

    /// Reads the next request's head; `None` when the peer closed between requests.
    pub async fn read_head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some((head, size)) = parse_head(&self.buffer)? {
                self.buffer.advance(size);
                return Ok(Some(head));
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(invalid("the head is too large"));
            }
            if !self.fill().await? {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Reads about half of a body of known length without taking it: what a peer sees of a request half written.
    pub async fn peek_half_body(&mut self, head: &Head) -> io::Result<&[u8]> {
        self.permit_body(head).await?;
        let half = match head.length {
            Length::Fixed(length) => length / 2,
            _ => 0,
        };
        while self.buffer.len() < half {
            self.must_fill().await?;
        }
        Ok(&self.buffer[..half])
    }

    /// Reads the body that the head announced.
    pub async fn read_body(&mut self, head: &Head) -> io::Result<Bytes> {
        self.permit_body(head).await?;
        self.take_body(head.length).await
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Closes with a reset, as a peer that died would.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    /// Waits until the peer closes.
    pub async fn until_closed(&mut self) {
        while matches!(self.fill().await, Ok(true)) {
            self.buffer.clear();
        }
    }

    async fn permit_body(&mut self, head: &Head) -> io::Result<()> {
        if head.expects_continue && self.buffer.is_empty() && head.length != Length::None {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        Ok(())
    }

    async fn take_body(&mut self, length: Length) -> io::Result<Bytes> {
        match length {
            Length::None => Ok(Bytes::new()),
            Length::Fixed(length) => self.take(length).await,
            Length::Chunked => self.take_chunks().await,
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<Bytes> {
        if length > BODY_LIMIT {
            return Err(invalid("the body is too large"));
        }
        while self.buffer.len() < length {
            self.must_fill().await?;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn take_chunks(&mut self) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        loop {
            let size = match httparse::parse_chunk_size(&self.buffer) {
                Ok(httparse::Status::Complete((used, size))) => {
                    self.buffer.advance(used);
                    size as usize
                }
                Ok(httparse::Status::Partial) => {
                    self.must_fill().await?;
                    continue;
                }
                Err(_) => return Err(invalid("a chunk has no size")),
            };
            if size.saturating_add(body.len()) > BODY_LIMIT {
                return Err(invalid("the body is too large"));
            }
            let chunk = self.take(size + 2).await?;
            if size == 0 {
                return Ok(body.freeze());
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    /// Reads the answer to a request that was written.
    pub async fn read_answer(&mut self) -> io::Result<Answer> {
        loop {
            let Some((status, length, keep_alive, size)) = parse_answer_head(&self.buffer)? else {
                self.must_fill().await?;
                continue;
            };
            self.buffer.advance(size);
            if status == 100 {
                continue;
            }
            let body = match length {
                None if keep_alive => Bytes::new(),
                None => {
                    while self.fill().await? {}
                    self.buffer.split().freeze()
                }
                Some(length) => self.take_body(length).await?,
            };
            return Ok(Answer { status, body, keep_alive });
        }
    }

    /// Whether the peer has closed, or spoken out of turn, while nothing was under way.
    fn is_stale(&self) -> bool {
        let mut byte = [0; 1];
        !self.buffer.is_empty() || !matches!(self.stream.try_read(&mut byte), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(2048);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    async fn must_fill(&mut self) -> io::Result<()> {
        match self.fill().await? {
            true => Ok(()),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Head {
    /// The value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }
}

/// An `http://` address of which only host, port and path count.
#[derive(Debug, Clone)]
pub struct Target {
    /// As it belongs into the `Host` header.
    pub host: String,
    pub path: String,
}

impl Target {
    /// Reads an address; only `http` is spoken here.
    pub fn parse(url: &str) -> io::Result<Self> {
        let rest = url.strip_prefix("http://").ok_or_else(|| invalid("the address must begin with http://"))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() {
            return Err(invalid("the address names no host"));
        }
        Ok(Self { host: host.to_owned(), path: format!("/{path}") })
    }

    pub async fn connect(&self) -> io::Result<Wire> {
        Ok(Wire::new(TcpStream::connect(self.address().await?).await?))
    }

    async fn address(&self) -> io::Result<SocketAddr> {
        let found = match self.host.contains(':') {
            true => lookup_host(&self.host).await?.next(),
            false => lookup_host((self.host.as_str(), 80)).await?.next(),
        };
        found.ok_or_else(|| invalid("the host has no address"))
    }
}

/// A client that keeps its idle connections. It never sends a request twice by itself.
#[derive(Debug)]
pub struct Client {
    target: Target,
    idle: std::sync::Mutex<Vec<Wire>>,
}

impl Client {
    pub fn new(target: Target) -> Self {
        Self { target, idle: Default::default() }
    }

    /// Sends one request and reads its answer.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.target.host);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);

        let mut wire = self.wire().await?;
        wire.write(&bytes).await?;
        let answer = wire.read_answer().await?;
        if answer.keep_alive {
            self.lock().push(wire);
        }
        Ok(answer)
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    async fn wire(&self) -> io::Result<Wire> {
        let fresh = std::iter::from_fn(|| self.lock().pop()).find(|wire| !wire.is_stale());
        match fresh {
            Some(wire) => Ok(wire),
            None => self.target.connect().await,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Wire>> {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

/// The bytes of a whole answer.
pub fn answer(status: u16, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n", reason(status), body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Other",
    }
}

fn parse_head(buffer: &[u8]) -> io::Result<Option<(Head, usize)>> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut slots);
    let size = match request.parse(buffer) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(invalid("not an HTTP request")),
    };
    let target = request.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        keep_alive: request.version == Some(1),
        ..Head::default()
    };
    for header in request.headers.iter() {
        let name = header.name.to_ascii_lowercase();
        let value = String::from_utf8_lossy(header.value).trim().to_owned();
        match name.as_str() {
            "authorization" => head.bearer = value.strip_prefix("Bearer ").map(str::to_owned),
            "content-type" => head.content_type = Some(value.clone()),
            "content-length" => head.length = fixed(&value)?,
            "transfer-encoding" => head.length = Length::Chunked,
            "expect" => head.expects_continue = value.eq_ignore_ascii_case("100-continue"),
            "connection" => head.keep_alive = !value.eq_ignore_ascii_case("close"),
            _ => {}
        }
        head.headers.push((name, value));
    }
    Ok(Some((head, size)))
}

type AnswerHead = (u16, Option<Length>, bool, usize);

fn parse_answer_head(buffer: &[u8]) -> io::Result<Option<AnswerHead>> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut slots);
    let size = match response.parse(buffer) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(invalid("not an HTTP answer")),
    };
    let status = response.code.unwrap_or_default();
    let mut length = None;
    let mut keep_alive = response.version == Some(1);
    for header in response.headers.iter() {
        let value = String::from_utf8_lossy(header.value);
        if header.name.eq_ignore_ascii_case("content-length") {
            length = Some(fixed(value.trim())?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            length = Some(Length::Chunked);
        } else if header.name.eq_ignore_ascii_case("connection") {
            keep_alive = !value.eq_ignore_ascii_case("close");
        }
    }
    if length.is_none() && status != 204 && status != 304 && status >= 200 {
        keep_alive = false;
    }
    Ok(Some((status, length, keep_alive, size)))
}

fn fixed(value: &str) -> io::Result<Length> {
    value.parse().map(Length::Fixed).map_err(|_| invalid("content-length is not a number"))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
