//! The bytes of an answer.

/// An answer that is being written.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
}

/// Longer values are sent in pieces.
const LONGEST_SHORT: usize = 252;
const PIECE: usize = 32_767;

impl Answer {
    pub(crate) fn byte(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    pub(crate) fn zeros(&mut self, count: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len() + count, 0);
        self
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(crate) fn big_endian_u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// An integer with its length before it.
    pub(crate) fn integer(&mut self, value: u64) -> &mut Self {
        let bytes = value.to_be_bytes();
        let zeros = (value.leading_zeros() / 8) as usize;
        self.byte((bytes.len() - zeros) as u8).raw(&bytes[zeros..])
    }

    /// An integer, or zero for none.
    pub(crate) fn count(&mut self, value: usize) -> &mut Self {
        self.integer(value as u64)
    }

    /// Bytes with their length before them.
    pub(crate) fn value(&mut self, bytes: &[u8]) -> &mut Self {
        if bytes.len() <= LONGEST_SHORT {
            return self.byte(bytes.len() as u8).raw(bytes);
        }
        self.byte(254);
        for piece in bytes.chunks(PIECE) {
            self.count(piece.len()).raw(piece);
        }
        self.integer(0)
    }

    /// A length, and bytes if it is not zero.
    pub(crate) fn announced(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len());
        if bytes.is_empty() { self } else { self.value(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_tell_their_length() {
        for (value, bytes) in
            [(0, &[0][..]), (1, &[1, 1]), (255, &[1, 255]), (256, &[2, 1, 0]), (70_000, &[3, 1, 17, 112])]
        {
            assert_eq!(Answer::default().integer(value).bytes, bytes, "{value}");
        }
        assert_eq!(Answer::default().integer(u64::MAX).bytes, [8, 255, 255, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn a_long_value_goes_in_pieces() {
        let long = vec![7; PIECE + 1];
        let bytes = Answer::default().value(&long).bytes.clone();
        assert_eq!(bytes[..4], [254, 2, 127, 255]);
        assert_eq!(bytes[bytes.len() - 4..], [1, 1, 7, 0]);
    }
}
