//! The path and the query of a request. A plugin supplies both; neither can lead out of the base address.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use wmshost_flow::Failure;

/// The most parameters, and the longest path and query, in bytes.
const MOST_PARAMETERS: usize = 64;
const PATH_BYTES: usize = 512;
const QUERY_BYTES: usize = 16 << 10;
/// The longest value of a parameter in the log, in bytes.
const SHOWN_BYTES: usize = 100;
/// The characters of a name or a value that are not encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Parts of names of parameters whose values are not logged.
const SECRET_NAMES: [&str; 6] = ["pass", "secret", "token", "key", "auth", "credential"];

/// The path and the query of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Both, as they are sent.
    pub(crate) sent: String,
    /// Both, as they are logged: without values of parameters that may be secret.
    pub(crate) shown: String,
}

impl Target {
    /// Checks a path and encodes a query.
    pub(crate) fn new(path: &str, parameters: &[(String, String)]) -> Result<Self, Failure> {
        check_path(path)?;
        if parameters.len() > MOST_PARAMETERS {
            return Err(Failure::limit("parameters of a request", MOST_PARAMETERS, parameters.len()));
        }
        let (mut sent, mut shown) = (path.to_owned(), path.to_owned());
        for (at, (name, value)) in parameters.iter().enumerate() {
            let mark = if at == 0 { '?' } else { '&' };
            let [encoded_name, encoded] = [name, value].map(|text| encoded(text));
            let lower = name.to_lowercase();
            let is_secret = SECRET_NAMES.iter().any(|part| lower.contains(part));
            let visible = match encoded.get(..SHOWN_BYTES) {
                _ if is_secret => "…".to_owned(),
                Some(begin) => format!("{begin}…"),
                None => encoded.clone(),
            };
            sent.push_str(&format!("{mark}{encoded_name}={encoded}"));
            shown.push_str(&format!("{mark}{encoded_name}={visible}"));
        }
        let query = sent.len() - path.len();
        if query > QUERY_BYTES {
            return Err(Failure::limit("bytes of a query", QUERY_BYTES, query));
        }
        Ok(Self { sent, shown })
    }
}

/// A text as it is in a query or a form.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn check_path(path: &str) -> Result<(), Failure> {
    if path.len() > PATH_BYTES {
        return Err(Failure::limit("bytes of a path", PATH_BYTES, path.len()));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_segment =
        |segment: &str| !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(is_plain);
    let segments = path.strip_suffix('/').unwrap_or(path);
    if segments.split('/').all(is_segment) {
        return Ok(());
    }
    Err(Failure::denied(format!(
        "the path {path:?} may lead out of the service's address: a path has segments of letters, digits, `.`, `_`, `-` \
         and `~`, none of them `.` or `..`, with one `/` in between"
    )))
}

#[cfg(test)]
mod tests {
    use wmshost_flow::FailureKind;

    use super::*;

    #[test]
    fn a_path_cannot_lead_elsewhere() {
        for path in [
            "",
            "/",
            "/entity",
            "//evil.example/",
            "http://evil.example/",
            "https:evil",
            "entity//item",
            "..",
            "entity/../..",
            "./entity",
            "entity/.",
            "%2e%2e/x",
            "entity/%2fx",
            "entity%5c..",
            "entity\\..",
            "entity?x=1",
            "entity#x",
            "entity;x",
            "@evil.example",
            "entity/\r\nHost: evil",
            "entity/ item",
            "entity/é",
            "entity/\u{2024}\u{2024}/x",
            "\u{ff0f}\u{ff0f}evil",
        ] {
            let failure = Target::new(path, &[]).expect_err(path);
            assert_eq!(failure.kind, FailureKind::Denied, "{path}");
        }
        assert_eq!(Target::new("entity/item/", &[]).expect("a path").sent, "entity/item/");
        assert!(Target::new(&"a".repeat(600), &[]).is_err());
    }

    #[test]
    fn a_value_cannot_become_another_parameter() {
        let parameter = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let target = Target::new("a", &[parameter("t__gte", "2026-01-31T00:00:00+01:00&b=c#d"), parameter("é", "x y")]);
        assert_eq!(
            target.expect("a target").sent,
            "a?t__gte=2026-01-31T00%3A00%3A00%2B01%3A00%26b%3Dc%23d&%C3%A9=x%20y"
        );
        let many = vec![parameter("a", "b"); 65];
        assert!(Target::new("a", &many).is_err());
    }

    #[test]
    fn secrets_and_long_values_are_not_logged_whole() {
        let parameters = [("Access_Token".to_owned(), "hidden".to_owned()), ("id__in".to_owned(), "1,".repeat(200))];
        let target = Target::new("a", &parameters).expect("a target");
        assert!(!target.shown.contains("hidden") && target.sent.contains("hidden"), "{}", target.shown);
        assert!(target.shown.len() < 200, "{}", target.shown);
    }
}
