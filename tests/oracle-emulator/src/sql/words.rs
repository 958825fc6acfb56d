//! Oracle's SQL as words.

use super::names;
use crate::engine::Refusal;

/// A word of a statement. White space, comments and hints are left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    /// A keyword or a name without quotes, in upper case.
    Name(String),
    /// A name in quotes, without the quotes.
    Quoted(String),
    /// A text, without its quotes.
    Text(String),
    /// A number.
    Number(String),
    /// A bind variable's name.
    Bind(String),
    /// Anything else.
    Sign(&'static str),
}

const SIGNS: [&str; 27] = [
    "(+)", ":=", "=>", "||", "<=", ">=", "<>", "!=", "^=", "**", "..", "(", ")", ",", ".", ";", "=", "<", ">", "+",
    "-", "*", "/", "%", "@", "[", "]",
];

impl Word {
    /// True if it is this keyword or sign.
    pub(crate) fn is(&self, what: &str) -> bool {
        match self {
            Word::Name(name) => name == what,
            Word::Sign(sign) => *sign == what,
            _ => false,
        }
    }

    /// The name as PostgreSQL stores it; `None` if the word is not a name.
    pub(crate) fn stored(&self) -> Option<String> {
        match self {
            Word::Name(name) | Word::Quoted(name) => Some(names::shown(name)),
            _ => None,
        }
    }

    /// The word in PostgreSQL's SQL, where it is not special.
    pub(crate) fn plain(&self) -> String {
        match self {
            // '$' is valid in both, '#' only in Oracle.
            Word::Name(name) if name.contains('#') => names::quoted(&names::shown(name)),
            Word::Name(name) => name.to_lowercase(),
            Word::Quoted(name) => names::quoted(&names::shown(name)),
            // To Oracle the empty text is NULL.
            Word::Text(text) if text.is_empty() => "NULL".to_owned(),
            Word::Text(text) => names::literal(text),
            Word::Number(number) => number.clone(),
            Word::Bind(name) => format!(":{name}"),
            Word::Sign("!=" | "^=") => "<>".to_owned(),
            Word::Sign(sign) => (*sign).to_owned(),
        }
    }
}

impl Word {
    /// The word in Oracle's SQL, as it was read.
    pub(super) fn read(&self) -> String {
        match self {
            Word::Name(name) | Word::Number(name) => name.clone(),
            Word::Quoted(name) => format!("\"{name}\""),
            Word::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Word::Bind(name) => format!(":{name}"),
            Word::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// The words of a statement.
pub(crate) fn words(sql: &str) -> Result<Vec<Word>, Refusal> {
    let mut rest = sql.trim_end_matches('\0');
    let mut words = Vec::new();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            c if c.is_whitespace() => rest.trim_start(),
            '-' if rest.starts_with("--") => rest.split_once('\n').map_or("", |(_, rest)| rest),
            '/' if rest.starts_with("/*") => rest.split_once("*/").map_or("", |(_, rest)| rest),
            _ => {
                let (word, rest) = word(rest)?;
                check_length(&word)?;
                words.push(word);
                rest
            }
        };
    }
    if words.last().is_some_and(|word| word.is(";")) && !words.iter().any(|word| word.is("BEGIN")) {
        words.pop();
    }
    Ok(words)
}

fn word(rest: &str) -> Result<(Word, &str), Refusal> {
    let mut chars = rest.chars();
    let (first, second) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
    match (first, second) {
        ('\'', _) => text(rest),
        ('n' | 'N', '\'') => text(&rest[1..]),
        ('q' | 'Q', '\'') => other_quotes(&rest[2..]),
        ('"', _) => {
            let (name, rest) =
                until_quote(&rest[1..], '"').ok_or_else(|| Refusal::new(1740, "missing double quote in identifier"))?;
            Ok((Word::Quoted(name), rest))
        }
        (':', next) if next.is_alphanumeric() || next == '_' || next == '"' => {
            let (name, rest) = split(&rest[1..], |c| is_name(c) || c == '"');
            Ok((Word::Bind(name.trim_matches('"').to_uppercase()), rest))
        }
        (c, next) if c.is_ascii_digit() || (c == '.' && next.is_ascii_digit()) => Ok(number(rest)),
        (c, _) if c.is_alphabetic() => {
            let (name, rest) = split(rest, is_name);
            Ok((Word::Name(name.to_uppercase()), rest))
        }
        (c, _) => {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| Refusal::new(911, format!("{c}: invalid character")))?;
            Ok((Word::Sign(sign), &rest[sign.len()..]))
        }
    }
}

/// The greatest number of bytes of a name in Oracle and in PostgreSQL, which would truncate it.
const LONGEST_NAME: usize = 128;
const LONGEST_NAME_HERE: usize = 63;

fn check_length(word: &Word) -> Result<(), Refusal> {
    match word {
        Word::Name(name) | Word::Quoted(name) if name.len() > LONGEST_NAME => {
            Err(Refusal::new(972, "identifier is too long"))
        }
        Word::Name(name) | Word::Quoted(name) if name.len() > LONGEST_NAME_HERE => {
            Err(Refusal::unsupported("names of more than 63 bytes"))
        }
        _ => Ok(()),
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn text(rest: &str) -> Result<(Word, &str), Refusal> {
    let (text, rest) = until_quote(&rest[1..], '\'').ok_or_else(unfinished)?;
    Ok((Word::Text(text), rest))
}

fn unfinished() -> Refusal {
    Refusal::new(1756, "quoted string not properly terminated")
}

/// The text up to a quote; a doubled quote belongs to it.
fn until_quote(text: &str, quote: char) -> Option<(String, &str)> {
    let mut taken = String::new();
    let mut rest = text;
    loop {
        let end = rest.find(quote)?;
        taken.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(quote) {
            Some(after) => {
                taken.push(quote);
                rest = after;
            }
            None => return Some((taken, rest)),
        }
    }
}

/// `q'[…]'`.
fn other_quotes(rest: &str) -> Result<(Word, &str), Refusal> {
    let open = rest.chars().next().ok_or_else(unfinished)?;
    let close = match open {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        '<' => '>',
        other => other,
    };
    let (text, rest) = rest[open.len_utf8()..].split_once(&format!("{close}'")).ok_or_else(unfinished)?;
    Ok((Word::Text(text.to_owned()), rest))
}

fn number(rest: &str) -> (Word, &str) {
    let bytes = rest.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1 + sign);
        }
    }
    let number = Word::Number(rest[..end].to_owned());
    // The suffixes of BINARY_DOUBLE and BINARY_FLOAT literals.
    let after = &rest[end..];
    let marked = after.starts_with(['d', 'D', 'f', 'F']) && !after[1..].starts_with(is_name);
    (number, if marked { &after[1..] } else { after })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(sql: &str) -> String {
        let words = words(sql).expect("words");
        words.iter().map(Word::plain).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_change_their_case_and_texts_do_not() {
        assert_eq!(
            plain(r#"Select "ITEM", "Mixed", 'It''s' From WMS.t"#),
            r#"select "item" , "Mixed" , 'It''s' from wms . t"#
        );
    }

    #[test]
    fn comments_and_hints_are_left_out() {
        assert_eq!(plain("select /*+ APPEND */ 1 -- one\n from dual"), "select 1 from dual");
    }

    #[test]
    fn what_only_oracle_knows_is_understood() {
        assert_eq!(
            plain("q'[it's]' n'x' '' a != b ^= c 1.5d 1e-3 1..2"),
            "'it''s' 'x' NULL a <> b <> c 1.5 1e-3 1 .. 2"
        );
        assert_eq!(plain("a#b v$session"), r#""a#b" v$session"#);
        assert_eq!(words(":Id").expect("words"), [Word::Bind("ID".to_owned())]);
    }

    #[test]
    fn what_is_no_sql_is_refused() {
        assert_eq!(words("select 'x").expect_err("unfinished").code, 1756);
        assert_eq!(words("select ! from").expect_err("no character").code, 911);
        assert_eq!(words(&"x".repeat(129)).expect_err("too long").code, 972);
        assert_eq!(words(&"x".repeat(64)).expect_err("too long here").code, 3001);
    }
}
