//! The syntax of names, tables, addresses and paths. An error has the problem and the advice.

use crate::web_address::WebAddress;

/// The problem with a word, and the advice.
pub(crate) type SyntaxError = (String, Option<String>);

const MOST_NAME_LETTERS: usize = 63;
/// Oracle's limit; SQLite has none.
const MOST_IDENTIFIER_BYTES: usize = 128;
/// The longest name of a table or column that is read; Oracle's are shorter.
const MOST_SOURCE_NAME_BYTES: usize = 1_000;
/// The prefix of the host's own tables in the target.
const RESERVED: &str = "wmshost_";
/// The suffixes of the staging tables for a table's rows.
const STAGING: [&str; 2] = ["__NEXT", "__MERGE"];

/// Checks a name of a pipeline, plugin, connection or stream.
pub(crate) fn name(word: &str) -> Result<(), SyntaxError> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let good = word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(inner);
    if good && word.len() <= MOST_NAME_LETTERS {
        return Ok(());
    }
    let rule = format!("write lower-case letters, digits, `-` and `_`, a letter first, at most {MOST_NAME_LETTERS}");
    Err(("is not a valid name".to_owned(), Some(rule)))
}

/// Checks a name of a table, column or schema in a database.
pub(crate) fn identifier(word: &str) -> Result<(), SyntaxError> {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '#');
    let first = |c: char| c.is_alphabetic() || c == '_';
    if word.starts_with(first) && word.chars().all(inner) && word.len() <= MOST_IDENTIFIER_BYTES {
        return Ok(());
    }
    let rule = format!(
        "write letters, digits, `_`, `$` and `#`, a letter or `_` first, at most {MOST_IDENTIFIER_BYTES} bytes"
    );
    Err(("is not a valid identifier".to_owned(), Some(rule)))
}

/// Checks a name of a table or column that is read: whatever its database allows, but for control characters.
pub(crate) fn source_name(word: &str) -> Result<(), SyntaxError> {
    if word.is_empty() || word.chars().any(char::is_control) {
        let rule = "write the name as the source spells it, without quotation marks of its own";
        return Err(("is not a name".to_owned(), Some(rule.to_owned())));
    }
    stored_name(word)
}

/// Checks the name of a column that the pipeline has a rule for: whatever its database allows, because the rule may be to
/// leave it out or to rename it.
pub(crate) fn stored_name(word: &str) -> Result<(), SyntaxError> {
    if word.len() > MOST_SOURCE_NAME_BYTES {
        let why = format!("has {} bytes; a name has at most {MOST_SOURCE_NAME_BYTES}", word.len());
        return Err((why, Some("have a view give it a shorter name".to_owned())));
    }
    Ok(())
}

/// Checks a table to write: an identifier that is not reserved for the host's own tables.
pub(crate) fn target_table(word: &str) -> Result<(), SyntaxError> {
    identifier(word)?;
    let head = word.get(..RESERVED.len()).unwrap_or_default();
    if head.eq_ignore_ascii_case(RESERVED) {
        let why = format!("begins with `{RESERVED}`, which the host keeps for its own tables");
        return Err((why, Some("choose another name".to_owned())));
    }
    let upper = word.to_uppercase();
    if let Some(ending) = STAGING.into_iter().find(|ending| upper.ends_with(ending)) {
        let why = format!("ends with `{ending}`, which the host keeps for the tables that rows are staged in");
        return Err((why, Some("choose another name".to_owned())));
    }
    Ok(())
}

/// Returns whether a pipeline file can name a table or column to read with this name.
pub fn is_source_name(word: &str) -> bool {
    source_name(word).is_ok()
}

/// Returns whether a pipeline file can name a table to write with this name.
pub fn is_target_table(word: &str) -> bool {
    target_table(word).is_ok()
}

/// Checks a table to take over, and the pipeline that owns it.
pub(crate) fn take_over(word: &str) -> Result<(), SyntaxError> {
    let (table, pipeline) = match word.split_once(" of ") {
        Some((table, pipeline)) => (table, Some(pipeline)),
        None => (word, None),
    };
    if identifier(table).is_ok() && pipeline.is_none_or(|pipeline| name(pipeline).is_ok()) {
        return Ok(());
    }
    let rule = "write the table's name, and after it ` of ` and the name of the pipeline that owns it, if one does";
    Err(("does not name a table".to_owned(), Some(rule.to_owned())))
}

/// Checks the digest of a file: `blake3:` and its 64 hexadecimal digits.
pub(crate) fn digest(word: &str) -> Result<(), SyntaxError> {
    let digits = word.strip_prefix("blake3:").unwrap_or_default();
    if digits.len() == 64 && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        return Ok(());
    }
    let rule = "write `blake3:` and 64 hexadecimal digits in lower case, as `wmshost plugin inspect` prints them";
    Err(("is not a valid digest".to_owned(), Some(rule.to_owned())))
}

/// Checks a public key in the format of minisign: 42 bytes in base64, which begin with `Ed`.
pub(crate) fn public_key(word: &str) -> Result<(), SyntaxError> {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    if word.len() == 56 && word.starts_with("RW") && word.chars().all(is_base64) {
        return Ok(());
    }
    let rule =
        "write the 56 characters that `wmshost plugin key` prints, or the second line of a `.pub` file of minisign";
    Err(("is not a public key".to_owned(), Some(rule.to_owned())))
}

/// Checks a host name, service name or SID: one word, so that it cannot inject anything into a connect descriptor.
pub(crate) fn address(word: &str) -> Result<(), SyntaxError> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '$' | '#' | '[' | ']');
    if !word.is_empty() && word.chars().all(good) {
        return Ok(());
    }
    let rule = "write one word of letters, digits, `.`, `-` and `_`; port and user have keys of their own";
    Err(("is not a valid address".to_owned(), Some(rule.to_owned())))
}

/// Checks the address of a web service.
pub(crate) fn web_address(word: &str) -> Result<(), SyntaxError> {
    let rule = "write `https://`, the host, and a path of plain segments where there is one: `https://wms.example/env`";
    WebAddress::parse(word).map(drop).map_err(|why| (why, Some(rule.to_owned())))
}

/// Returns an address as it may be shown: without a user and a password before the host.
pub(crate) fn without_user(word: &str) -> String {
    match (word.find("://"), word.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}…{}", &word[..scheme + 3], &word[at..]),
        _ => word.to_owned(),
    }
}

/// Checks any text: it is not empty and has no control characters.
pub(crate) fn text(word: &str) -> Result<(), SyntaxError> {
    if word.trim().is_empty() {
        return Err(("is empty".to_owned(), Some("give it a value, or leave the key out".to_owned())));
    }
    if word.chars().any(char::is_control) {
        return Err(("contains control characters".to_owned(), Some("remove them".to_owned())));
    }
    Ok(())
}

/// Checks the path of a file.
pub(crate) fn path(word: &str) -> Result<(), SyntaxError> {
    text(word)?;
    if word == "~" || word.starts_with("~/") {
        let advice = "write the whole path: only a shell expands `~`";
        return Err(("begins with `~`".to_owned(), Some(advice.to_owned())));
    }
    if word == ":memory:" {
        let advice = "name a file: a database in memory is lost with its connection";
        return Err(("is not a file".to_owned(), Some(advice.to_owned())));
    }
    Ok(())
}

/// Returns a number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
