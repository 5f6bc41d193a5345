//! A journal in less space: most of it is the same words in every turn, and what does not fit beside its row is written to pages of its own.

use std::borrow::Cow;

/// What stands before a journal that is packed; one that is not begins with a brace.
const PACKED: u8 = 1;
/// What every journal says; what is packed refers to it. Another text is another mark above.
const WORDS: &[u8] = include_bytes!("words.json");

pub fn pack(plain: &[u8]) -> Vec<u8> {
    let length = u32::try_from(plain.len()).expect("a journal is short").to_le_bytes();
    [&[PACKED], &length[..], &lz4_flex::block::compress_with_dict(plain, WORDS)].concat()
}

/// None for what was not packed here.
pub fn unpack(stored: &[u8]) -> Option<Cow<'_, [u8]>> {
    match stored.split_first()? {
        (&PACKED, rest) => {
            let (length, packed) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= super::LONGEST)?;
            lz4_flex::block::decompress_with_dict(packed, length, WORDS).ok().map(Cow::Owned)
        }
        _ => Some(Cow::Borrowed(stored)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_as_it_was() {
        for plain in [&b"{}"[..], WORDS, "¿Qué querés pedir? ".repeat(900).as_bytes()] {
            assert_eq!(&*unpack(&pack(plain)).unwrap(), plain);
        }
    }

    #[test]
    fn what_was_kept_before_anything_was_packed_is_read() {
        assert_eq!(&*unpack(b"{\"format\":2}").unwrap(), b"{\"format\":2}");
    }

    #[test]
    fn what_nobody_packed_is_nothing() {
        let mut packed = pack(WORDS);
        packed.truncate(packed.len() - 1);
        assert!(unpack(&packed).is_none());
        assert!(unpack(&[PACKED, 255, 255, 255, 255, 0]).is_none());
        assert!(unpack(&[PACKED]).is_none() && unpack(b"").is_none());
    }
}
