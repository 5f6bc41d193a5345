//! A packed plugin under another name: another file with another digest and the same code, for those who need many.

use std::io::{self, ErrorKind};
use std::ops::Range;

use serde_json::Value;

const MANIFEST: &[u8] = b"relevo:manifest";
/// Magic and version of a component.
const HEADER: usize = 8;
const CUSTOM: u8 = 0;

/// The same plugin with this id and this version in its manifest. Fails when it is not packed.
pub fn renamed(wasm: &[u8], id: &str, version: &str) -> io::Result<Vec<u8>> {
    let (section, mut manifest) = find(wasm)?;
    let fields = manifest.as_object_mut().ok_or_else(|| invalid("its manifest is no object"))?;
    fields.insert("id".to_owned(), id.into());
    fields.insert("version".to_owned(), version.into());
    let mut packed = wasm[..section.start].to_vec();
    packed.extend_from_slice(&wasm[section.end..]);

    let mut content = leb128(MANIFEST.len());
    content.extend_from_slice(MANIFEST);
    content.extend_from_slice(manifest.to_string().as_bytes());
    packed.push(CUSTOM);
    packed.extend(leb128(content.len()));
    packed.extend(content);
    Ok(packed)
}

/// Where its section is, with its head, and what it says.
fn find(wasm: &[u8]) -> io::Result<(Range<usize>, Value)> {
    let mut at = HEADER;
    while let Some(kind) = wasm.get(at) {
        let damaged = || invalid("a section ends beyond the file");
        let (size, start) = read_leb128(wasm, at + 1).ok_or_else(damaged)?;
        let end = start.checked_add(size).filter(|end| *end <= wasm.len()).ok_or_else(damaged)?;
        if *kind == CUSTOM
            && let Some(json) = of_manifest(&wasm[start..end])
        {
            return Ok((at..end, serde_json::from_slice(json)?));
        }
        at = end;
    }
    Err(invalid("the file has no manifest: pack it first"))
}

fn of_manifest(content: &[u8]) -> Option<&[u8]> {
    let (length, start) = read_leb128(content, 0)?;
    content.get(start..)?.split_at_checked(length).filter(|(name, _)| *name == MANIFEST).map(|(_, json)| json)
}

/// An unsigned number of seven bits a byte, the lowest first, and where it ends.
fn read_leb128(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut number = 0_usize;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((number, at));
        }
    }
    None
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component of one other section with this manifest before it.
    fn packed(manifest: &str) -> Vec<u8> {
        let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
        wasm.push(CUSTOM);
        wasm.extend(leb128(1 + MANIFEST.len() + manifest.len()));
        wasm.push(MANIFEST.len() as u8);
        wasm.extend(MANIFEST);
        wasm.extend(manifest.as_bytes());
        wasm.extend([CUSTOM, 3, 1, b'x', 7]);
        wasm
    }

    #[test]
    fn another_name_takes_the_place_of_the_first_and_the_rest_stays() {
        let long = "ñ".repeat(100);
        let wasm = packed(&format!(r#"{{"id":"echo","title":"{long}","version":"0.1.0"}}"#));

        let other = renamed(&wasm, "bench-7", "2.0.0").unwrap();
        let (_, manifest) = find(&other).unwrap();

        assert_eq!(manifest, serde_json::json!({ "id": "bench-7", "title": long, "version": "2.0.0" }));
        assert_eq!(other[..HEADER + 5], [&wasm[..HEADER], &[CUSTOM, 3, 1, b'x', 7][..]].concat());
        assert_eq!(other.windows(MANIFEST.len()).filter(|window| *window == MANIFEST).count(), 1);
    }

    #[test]
    fn what_is_not_packed_or_cut_is_refused() {
        let wasm = packed("{}");

        assert!(renamed(&wasm[..HEADER], "a", "1.0.0").unwrap_err().to_string().contains("pack it first"));
        assert!(renamed(&wasm[..wasm.len() - 1], "a", "1.0.0").is_ok(), "the manifest comes first");
        assert!(renamed(&wasm[..HEADER + 9], "a", "1.0.0").is_err());
    }
}
