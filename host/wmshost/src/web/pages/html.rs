//! HTML that is made of elements, so that no text can become markup: `element` and `text` are the only ways to make it, and both
//! escape. The documentation of models is drawn in the same manner (`el` in `host/runtime/src/models/site/site.js`).

use crate::report::plain;

/// A part of a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Html(String);

/// The elements that have no end.
const VOID: [&str; 3] = ["input", "link", "meta"];

/// A text.
pub(super) fn text(text: impl AsRef<str>) -> Html {
    Html(escaped(text.as_ref()))
}

/// An element with attributes and parts. Their names are literals of this program.
pub(super) fn element(
    name: &'static str,
    attributes: &[(&'static str, &str)],
    parts: impl IntoIterator<Item = Html>,
) -> Html {
    let attributes: String = attributes.iter().map(|(key, value)| format!(" {key}=\"{}\"", escaped(value))).collect();
    let inner = joined(parts).0;
    let end = if VOID.contains(&name) { String::new() } else { format!("</{name}>") };
    Html(format!("<{name}{attributes}>{inner}{end}"))
}

/// An element with a text.
pub(super) fn words(name: &'static str, class: &str, content: impl AsRef<str>) -> Html {
    let class = Some(("class", class)).filter(|_| !class.is_empty());
    element(name, class.as_slice(), [text(content)])
}

/// A link.
pub(super) fn link(to: &str, content: impl AsRef<str>) -> Html {
    element("a", &[("href", to)], [text(content)])
}

/// The parts, one after the other.
pub(super) fn joined(parts: impl IntoIterator<Item = Html>) -> Html {
    Html(parts.into_iter().map(|part| part.0).collect())
}

impl Html {
    /// The whole page.
    pub(super) fn document(self) -> String {
        format!("<!doctype html>\n{}\n", self.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A text as HTML shows it, within an element or an attribute. Characters that steer a reader are replaced, ends of lines stay.
fn escaped(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(plain).collect();
    let mut escaped = String::with_capacity(text.len());
    for c in lines.join("\n").chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup_and_no_attribute_ends_early() {
        let hostile = "</td><script>alert('1')</script>\" onload=\"x&amp;\u{202e}\n";
        let made = element("td", &[("title", hostile)], [text(hostile)]).0;
        let shown =
            "&lt;/td&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x&amp;amp;\u{fffd}\n";
        assert_eq!(made, format!("<td title=\"{shown}\">{shown}</td>"));
        assert_eq!(element("input", &[("name", "a")], []).0, "<input name=\"a\">");
    }
}
