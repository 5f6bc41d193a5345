//! The provider as the generator needs it: it accepts every send and looks at no more than it must.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::tally::{Reply, Tally};
use crate::webhook::display_number;

pub(super) async fn serve(listener: TcpListener, tally: Arc<Tally>) {
    let next = Arc::new(AtomicU64::new(1));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (tally, next) = (Arc::clone(&tally), Arc::clone(&next));
        tokio::spawn(async move {
            let _ = connection(stream, &tally, &next).await;
        });
    }
}

async fn connection(mut stream: TcpStream, tally: &Tally, next: &AtomicU64) -> io::Result<()> {
    let end_of_head = memmem::Finder::new(b"\r\n\r\n");
    let mut buffer = BytesMut::with_capacity(8192);
    let mut answer = Vec::with_capacity(512);
    loop {
        let head = loop {
            if let Some(end) = end_of_head.find(&buffer) {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let size = head + content_length(&buffer[..head]);
        while buffer.len() < size {
            buffer.reserve(size - buffer.len());
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        answer.clear();
        match read_reply(&buffer[head..size]) {
            Some((reply, to)) => {
                tally.reply(&reply);
                write_accepted(&mut answer, to, next.fetch_add(1, Ordering::Relaxed));
            }
            None if buffer.starts_with(b"GET ") => write_number(&mut answer, &buffer[..head]),
            None => write_answer(&mut answer, br#"{"success":true}"#),
        }
        stream.write_all(&answer).await?;
        buffer.advance(size);
        buffer.reserve(4096);
    }
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            return digits(line[NAME.len()..].trim_ascii_start()).unwrap_or(0) as usize;
        }
    }
    0
}

/// What a send says; `None` for a mark as read and whatever else comes. The keys cannot stand inside a string, where
/// their quotes would be escaped.
fn read_reply(body: &[u8]) -> Option<(Reply, &[u8])> {
    let to = string_after(body, br#""to":""#)?;
    let number = digits(to.strip_prefix(b"+").unwrap_or(to)).unwrap_or(0);
    let data = string_after(body, br#""biz_opaque_callback_data":""#).map_or(0, hash);
    let ordinal = string_after(body, br#""body":""#).and_then(last_number);
    Some((Reply { number, data, ordinal }, to))
}

fn string_after<'a>(body: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let rest = &body[memmem::find(body, key)? + key.len()..];
    Some(&rest[..memchr::memchr(b'"', rest)?])
}

fn digits(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

fn last_number(text: &[u8]) -> Option<u64> {
    let end = text.iter().rposition(u8::is_ascii_digit)? + 1;
    let start = text[..end].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    digits(&text[start..end])
}

/// FNV-1a; never 0.
fn hash(data: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    data.iter().fold(0xcbf2_9ce4_8422_2325, step) | 1
}

fn write_accepted(answer: &mut Vec<u8>, to: &[u8], ordinal: u64) {
    const START: &[u8] = br#"{"messaging_product":"whatsapp","contacts":[{"input":""#;
    const MIDDLE: &[u8] = br#"","wa_id":""#;
    const ID: &[u8] = br#""}],"messages":[{"id":"wamid.LOAD"#;
    const END: &[u8] = br#""}]}"#;
    let wamid = format!("{ordinal:016X}");
    let length = START.len() + 2 * to.len() + MIDDLE.len() + ID.len() + wamid.len() + END.len();
    write_head(answer, length);
    for part in [START, to, MIDDLE, to, ID, wamid.as_bytes(), END] {
        answer.extend_from_slice(part);
    }
}

/// Every number that is asked for exists.
fn write_number(answer: &mut Vec<u8>, head: &[u8]) {
    let path = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
    let id = String::from_utf8_lossy(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default());
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let display = display_number(&id);
    let body = format!(r#"{{"id":"{id}","display_phone_number":"+{display}","verified_name":"Load {id}"}}"#);
    write_answer(answer, body.as_bytes());
}

fn write_answer(answer: &mut Vec<u8>, body: &[u8]) {
    write_head(answer, body.len());
    answer.extend_from_slice(body);
}

fn write_head(answer: &mut Vec<u8>, length: usize) {
    answer.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ");
    answer.extend_from_slice(length.to_string().as_bytes());
    answer.extend_from_slice(b"\r\n\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_is_read_without_being_parsed() {
        let body = br#"{"type":"text","text":{"body":"eco \"to\":\"9 12"},"biz_opaque_callback_data":"o-1","to":"5491100000007"}"#;

        let (reply, to) = read_reply(body).unwrap();

        assert_eq!(to, b"5491100000007");
        assert_eq!(reply.number, 5_491_100_000_007);
        assert_ne!(reply.data, 0);
    }

    #[test]
    fn the_last_number_of_a_text_is_its_ordinal() {
        assert_eq!(last_number(b"mensaje 3 de 17."), Some(17));
        assert_eq!(last_number(b"42"), Some(42));
        assert_eq!(last_number(b"hola"), None);
    }

    #[test]
    fn a_mark_as_read_is_no_reply() {
        assert!(read_reply(br#"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1"}"#).is_none());
    }

    #[test]
    fn the_length_is_found_in_any_case() {
        assert_eq!(content_length(b"POST / HTTP/1.1\r\nContent-Length: 17\r\n\r\n"), 17);
        assert_eq!(content_length(b"GET / HTTP/1.1\r\n\r\n"), 0);
    }
}
