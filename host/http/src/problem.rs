//! A service's words about a problem, for a message: without markup, control characters and secrets, and cut.

/// The most bytes of a body that are looked at, and the most that are kept.
const READ_BYTES: usize = 16 << 10;
const KEPT_BYTES: usize = 1 << 10;
/// Shorter secrets are not looked for: they would be found everywhere.
const SECRET_BYTES: usize = 4;

/// Cleans and cuts a body. The secrets are replaced wherever the service repeats them.
pub(crate) fn words(body: &[u8], secrets: &[String]) -> String {
    let mut text = String::from_utf8_lossy(&body[..body.len().min(READ_BYTES)]).into_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= SECRET_BYTES) {
        text = text.replace(secret.as_str(), "…");
    }
    let text = if text.trim_start().starts_with('<') { without_markup(&text) } else { text };
    let mut cleaned = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        cleaned.push_str(word);
    }
    if cleaned.len() > KEPT_BYTES {
        cleaned.truncate(cleaned.floor_char_boundary(KEPT_BYTES));
        cleaned.push('…');
    }
    cleaned
}

/// The text of a page between its tags, without styles and scripts.
fn without_markup(page: &str) -> String {
    let (mut text, mut rest) = (String::new(), page);
    while let Some(begin) = rest.find('<') {
        text.push_str(&rest[..begin]);
        text.push(' ');
        rest = &rest[begin..];
        let lower = rest.get(..7).unwrap_or(rest).to_ascii_lowercase();
        let end = match ["<style", "<script"].iter().find(|tag| lower.starts_with(*tag)) {
            Some(tag) => rest.find(&format!("</{}", &tag[1..])),
            None => None,
        };
        rest = &rest[end.unwrap_or(0)..];
        rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
    }
    text.push_str(rest);
    text
}

/// True if a body is a page instead of data.
pub(crate) fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_its_text() {
        let page = b"<!DOCTYPE html><html><head><style>p { color: red }</style><title>Sign in</title></head>\n\
                     <body onload='x()'><p>Maintenance\x1b[31m until 7</p></body>";
        assert_eq!(words(page, &[]), "Sign in Maintenance [31m until 7");
        assert!(is_page(b" \n<html>") && !is_page(b"{\"a\": \"<b>\"}"));
        assert_eq!(words(b"<script>never ends", &[]), "never ends");
    }

    #[test]
    fn secrets_that_a_service_repeats_are_not_kept() {
        let body = br#"{"message": "the password hunter22 is wrong", "details": ["hunter22"]}"#;
        let said = words(body, &["hunter22".to_owned(), "a".to_owned()]);
        assert_eq!(said, r#"{"message": "the password … is wrong", "details": ["…"]}"#);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let said = words("é".repeat(2_000).as_bytes(), &[]);
        assert!(said.len() <= KEPT_BYTES + 3 && said.ends_with("é…"), "{}", said.len());
    }
}
