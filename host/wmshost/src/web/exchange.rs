//! A request and its reply.

use std::collections::BTreeMap;

use serde::Serialize;

/// A request.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// The text after `?`.
    pub(super) query: String,
    pub(super) host: String,
    /// The token of its `Authorization: Bearer` header.
    pub(super) token: Option<String>,
    /// Its cookies, as they were sent.
    pub(super) cookies: String,
    /// The site of the page that sent it, as a browser names it: `scheme://host:port`.
    pub(super) origin: Option<String>,
    /// The relation of that page to this server, as a browser names it, such as `same-origin`.
    pub(super) fetch_site: Option<String>,
    pub(super) body: Vec<u8>,
}

/// A reply.
pub(super) enum Reply {
    /// A whole body of this type.
    Body(u16, &'static str, Vec<u8>),
    /// A page in HTML.
    Page(u16, String),
    /// Leads a browser on to a path of this server, with a cookie to keep.
    Lead(String, Option<String>),
    /// Events, until the reader goes.
    Feed,
}

/// A request that is refused: the status, and the reason.
pub(super) struct Refusal(pub(super) u16, pub(super) String);

/// The body of a refusal.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct RefusalDocument {
    /// The reason, and what to do.
    error: String,
}

impl Reply {
    /// A document as JSON.
    pub(super) fn json(status: u16, document: &impl Serialize) -> Self {
        let body = serde_json::to_vec(document).unwrap_or_default();
        Self::Body(status, "application/json", body)
    }

    /// A refused request.
    pub(super) fn refusal(Refusal(status, error): Refusal) -> Self {
        Self::json(status, &RefusalDocument { error })
    }
}

/// A request of a route, with the names in its path.
pub(super) struct Call<'a> {
    names: Vec<&'a str>,
    parameters: BTreeMap<&'static str, String>,
}

impl<'a> Call<'a> {
    /// A call of a route that takes these parameters, as they are in a query or a form. Unknown ones are refused: a misspelled
    /// `stream` would otherwise be ignored, and the whole pipeline would run.
    pub(super) fn new(
        text: &str,
        names: Vec<&'a str>,
        taken: &'static [(&'static str, &'static str)],
    ) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal(400, why);
        let mut parameters = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let text =
                |part| decoded(part).ok_or_else(|| bad(format!("`{pair}` is not text with escapes such as `%3A`")));
            let (key, value) = (text(key)?, text(value)?);
            let Some((name, _)) = taken.iter().find(|(name, _)| *name == key) else {
                let known: Vec<String> = taken.iter().map(|(name, _)| format!("`{name}`")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(bad(format!("there is no parameter `{key}` here; this path takes {known}")));
            };
            if parameters.insert(*name, value).is_some() {
                return Err(bad(format!("the parameter `{name}` is there twice")));
            }
        }
        Ok(Self { names, parameters })
    }

    /// The first name in the path.
    pub(super) fn name(&self) -> &str {
        self.names.first().copied().unwrap_or_default()
    }

    /// The second name in the path.
    pub(super) fn second_name(&self) -> &str {
        self.names.get(1).copied().unwrap_or_default()
    }

    /// A parameter after `?`, without escapes.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// The text that is written with escapes (`%3A`, and `+` for a space); `None` if it is none.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.replace('+', " ").into_bytes();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(part.get(2..)?.replace('+', " ").bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_what_they_mean_and_halves_of_them_are_refused() {
        assert_eq!(decoded("tag%3aa+b%25%C3%BC").as_deref(), Some("tag:a b%ü"));
        for bad in ["%", "%4", "a%zz", "%+1", "%ff", "%ü"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn parameters_that_a_path_does_not_take_are_refused() {
        let parameter = |query: &str| {
            let call = Call::new(query, Vec::new(), &[("stream", "")]).map_err(|Refusal(status, _)| status)?;
            Ok::<_, u16>(call.parameter("stream").map(str::to_owned))
        };
        assert_eq!(parameter(""), Ok(None));
        assert_eq!(parameter("stream=tag%3Ax"), Ok(Some("tag:x".to_owned())));
        for bad in ["streams=x", "stream=x&pipeline=y", "stream=a&stream=b", "stream=%", "x"] {
            assert_eq!(parameter(bad), Err(400), "{bad}");
        }
    }
}
