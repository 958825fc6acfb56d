//! Finding the parts of a statement: in parentheses, between commas, after a keyword.

use super::words::Word;
use crate::engine::Refusal;

/// The place of the parenthesis that closes the one at `open`.
pub(crate) fn closing(words: &[Word], open: usize) -> Result<usize, Refusal> {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate().skip(open) {
        if word.is("(") {
            depth += 1;
        } else if word.is(")") {
            depth -= 1;
            if depth == 0 {
                return Ok(at);
            }
        }
    }
    Err(Refusal::new(907, "missing right parenthesis"))
}

/// The words between commas outside of parentheses.
pub(crate) fn listed(words: &[Word]) -> Vec<&[Word]> {
    let mut parts = Vec::new();
    let (mut begin, mut depth) = (0, 0_usize);
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Sign("(") => depth += 1,
            Word::Sign(")") => depth = depth.saturating_sub(1),
            Word::Sign(",") if depth == 0 => {
                parts.push(&words[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    if begin < words.len() {
        parts.push(&words[begin..]);
    }
    parts
}

/// The first place of a keyword outside of parentheses.
pub(crate) fn outside(words: &[Word], keyword: &str) -> Option<usize> {
    let mut depth = 0_usize;
    words.iter().position(|word| {
        match word {
            Word::Sign("(") => depth += 1,
            Word::Sign(")") => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && word.is(keyword)
    })
}
