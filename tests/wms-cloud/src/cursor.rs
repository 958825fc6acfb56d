//! The cursor of sequenced pages: base64 of a query string, with a position and an offset among equal values.

use crate::text::{base64, from_base64, pairs, percent};

/// The cap of the offset under Q12.
const MOST_OFFSET: usize = 1_000;

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The value of the first ordering field; `None` is null.
    pub(crate) position: Option<String>,
    /// The number of rows before the place that have this value.
    pub(crate) offset: usize,
}

impl Cursor {
    /// Writes it.
    pub(crate) fn encode(&self) -> String {
        let offset = if self.offset > 0 { format!("o={}", self.offset) } else { String::new() };
        let position = self.position.as_ref().map(|position| format!("p={}", percent(position)));
        let parts: Vec<String> =
            [position.unwrap_or_default(), offset].into_iter().filter(|part| !part.is_empty()).collect();
        base64(parts.join("&").as_bytes())
    }

    /// Reads it; `None` if the text is none.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let pairs = pairs(&from_base64(text)?)?;
        let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let offset = value("o").map_or(Some(0), |offset| offset.parse().ok())?;
        Some(Self { position: value("p"), offset })
    }

    /// The offset that the server uses.
    pub(crate) fn offset(&self, is_capped: bool) -> usize {
        if is_capped { self.offset.min(MOST_OFFSET) } else { self.offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_that_of_the_guide() {
        let cursor = Cursor { position: Some("1400".into()), offset: 0 };
        assert_eq!(cursor.encode(), "cD0xNDAw");
        assert_eq!(Cursor::decode("cD0xNDAw"), Some(cursor));
        let among = Cursor { position: None, offset: 1_250 };
        assert_eq!(Cursor::decode(&among.encode()), Some(among.clone()));
        assert_eq!((among.offset(true), among.offset(false)), (1_000, 1_250));
    }
}
