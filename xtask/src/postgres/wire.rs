//! As much of Postgres' protocol as one question needs, so that no client has to be installed or compiled.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::address::Address;
use super::scram::Scram;

const PROTOCOL: i32 = 3 << 16;
const PATIENCE: Duration = Duration::from_secs(10);

/// A message longer than this is not Postgres'.
const LONGEST: usize = 1 << 20;

pub(super) struct Client {
    stream: TcpStream,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refusal {
    Unreachable(io::Error),
    /// The server wants something that this small client does not know.
    Unsupported(String),
    Server(String),
}

struct Message {
    kind: u8,
    body: Vec<u8>,
}

impl Client {
    pub(super) fn connect(address: &Address) -> Result<Self, Refusal> {
        let mut client = Self { stream: open(address)? };
        let mut startup = PROTOCOL.to_be_bytes().to_vec();
        for text in ["user", address.user(), "database", address.database()] {
            startup.extend(text.as_bytes());
            startup.push(0);
        }
        startup.push(0);
        client.send(None, &startup)?;
        client.authenticate(address)?;
        client.until_ready()?;
        Ok(client)
    }

    /// Runs one statement and returns the first column of its last row.
    pub(super) fn value(&mut self, sql: &str) -> Result<Option<String>, Refusal> {
        self.send(Some(b'Q'), format!("{sql}\0").as_bytes())?;
        Ok(self.until_ready()?.as_deref().and_then(first_column))
    }

    fn authenticate(&mut self, address: &Address) -> Result<(), Refusal> {
        let password = || address.password().ok_or_else(|| Refusal::Server(format!("{} needs a password", address.user())));
        let mut scram = None;
        loop {
            let message = self.receive()?;
            if message.kind != b'R' {
                return Err(Refusal::Unsupported(format!("message {}", message.kind)));
            }
            let (code, rest) = message.body.split_first_chunk().ok_or_else(malformed)?;
            match i32::from_be_bytes(*code) {
                0 => return Ok(()),
                3 => self.send(Some(b'p'), format!("{}\0", password()?).as_bytes())?,
                10 if contains(rest, b"SCRAM-SHA-256\0") => {
                    let first = scram.insert(Scram::new(password()?)).first_message();
                    let mut body = b"SCRAM-SHA-256\0".to_vec();
                    body.extend((first.len() as i32).to_be_bytes());
                    body.extend(first.as_bytes());
                    self.send(Some(b'p'), &body)?;
                }
                11 => {
                    let challenge = String::from_utf8_lossy(rest);
                    let answer = scram.as_ref().and_then(|scram: &Scram| scram.final_message(&challenge));
                    self.send(Some(b'p'), answer.ok_or_else(malformed)?.as_bytes())?;
                }
                // The server's own proof: what we ask for is no secret, so it is left unread.
                12 => {}
                other => return Err(Refusal::Unsupported(format!("authentication method {other}"))),
            }
        }
    }

    /// Reads on until the server waits for us again; returns the last row.
    fn until_ready(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        let mut row = None;
        let mut failure = None;
        loop {
            match self.receive() {
                Ok(Message { kind: b'Z', .. }) => return failure.map_or(Ok(row), Err),
                Ok(Message { kind: b'D', body }) => row = Some(body),
                Ok(_) => {}
                // After a failed statement the server is ready again, after a failed start it hangs up.
                Err(refusal @ Refusal::Server(_)) => failure = Some(refusal),
                Err(refusal) => return Err(failure.unwrap_or(refusal)),
            }
        }
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), Refusal> {
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend((body.len() as i32 + 4).to_be_bytes());
        message.extend(body);
        self.stream.write_all(&message).map_err(Refusal::Unreachable)
    }

    fn receive(&mut self) -> Result<Message, Refusal> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head).map_err(Refusal::Unreachable)?;
        let [kind, length @ ..] = head;
        let length = (u32::from_be_bytes(length) as usize).checked_sub(4).filter(|length| *length <= LONGEST).ok_or_else(malformed)?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).map_err(Refusal::Unreachable)?;
        if kind == b'E' { Err(Refusal::Server(error_text(&body))) } else { Ok(Message { kind, body }) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => error.fmt(formatter),
            Self::Unsupported(what) => write!(formatter, "the server asks for {what}"),
            Self::Server(text) => formatter.write_str(text),
        }
    }
}

fn open(address: &Address) -> Result<TcpStream, Refusal> {
    let mut last = io::Error::other("the host has no address");
    for place in address.host().to_socket_addrs().map_err(Refusal::Unreachable)? {
        match TcpStream::connect_timeout(&place, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).map_err(Refusal::Unreachable)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(Refusal::Unreachable(last))
}

fn malformed() -> Refusal {
    Refusal::Unsupported("something that is not Postgres' protocol".to_owned())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Fields of one letter and a text each; `M` is the message.
fn error_text(body: &[u8]) -> String {
    let message = body.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(message.unwrap_or(b"an error without a message")).into_owned()
}

/// A row is a count, then each column's length and bytes; -1 is NULL.
fn first_column(row: &[u8]) -> Option<String> {
    let length = i32::from_be_bytes(row.get(2..6)?.try_into().ok()?);
    let column = row.get(6..6 + usize::try_from(length).ok()?)?;
    Some(String::from_utf8_lossy(column).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_of_a_row_is_read() {
        assert_eq!(first_column(&[0, 1, 0, 0, 0, 1, b't']), Some("t".to_owned()));
        assert_eq!(first_column(&[0, 1, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(first_column(&[0, 1, 0, 0, 0, 9, b't']), None);
    }

    #[test]
    fn an_error_says_what_the_server_said() {
        assert_eq!(error_text(b"SFATAL\0C28000\0Mno such role\0\0"), "no such role");
    }

    #[test]
    fn a_server_that_is_not_there_is_unreachable() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

        assert!(matches!(Client::connect(&Address::new(port, "ana", None)), Err(Refusal::Unreachable(_))));
    }
}
