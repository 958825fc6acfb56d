//! SQL with placeholders. It is parsed once, with the position of every mistake, and rendered as often as needed.

use std::ops::Range;

/// SQL with placeholders.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    piece: Piece,
    /// The build that has it; `None`: both builds.
    only: Option<Mode>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(Range<usize>),
    Brace(&'static str),
    Placeholder(Placeholder, usize),
}

/// The form of a model's SQL: full or incremental.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Full,
    Incremental,
}

/// A placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placeholder {
    Relation(String),
    This,
    Watermark,
    /// The watermark of one dependency.
    WatermarkOf(String),
    Changes,
    /// The rows of a dependency that were changed or deleted since, as they were.
    Before(String),
    Variable(String, Option<String>),
    Now,
    Today,
    /// The value of `{today}` at the last build.
    BuiltToday,
    RunId,
}

impl Placeholder {
    /// True if only an incremental build has it.
    pub(crate) fn is_incremental(&self) -> bool {
        matches!(
            self,
            Self::This | Self::Watermark | Self::WatermarkOf(_) | Self::Changes | Self::Before(_) | Self::BuiltToday
        )
    }

    /// True if it is inserted as a relation, not as a value.
    pub(crate) fn is_relation(&self) -> bool {
        matches!(self, Self::Relation(_) | Self::This | Self::Changes | Self::Before(_))
    }

    /// The stream or model that it names.
    pub(crate) fn node(&self) -> Option<&str> {
        match self {
            Self::Relation(name) | Self::WatermarkOf(name) | Self::Before(name) => Some(name),
            _ => None,
        }
    }
}

/// A placeholder, its position, and the builds that have it.
#[derive(Debug, Clone)]
pub(crate) struct Use<'t> {
    pub(crate) word: &'t Placeholder,
    pub(crate) at: usize,
    pub(crate) only: Option<Mode>,
}

/// A mistake in a template, and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateError {
    pub(crate) at: usize,
    pub(crate) what: String,
}

impl Template {
    /// Parses the text; all mistakes at once.
    pub(crate) fn parse(source: &str) -> Result<Self, Vec<TemplateError>> {
        let mut parser = Parser { source, at: 0, only: None, opened: 0, parts: Vec::new(), wrong: Vec::new() };
        parser.run();
        if parser.wrong.is_empty() {
            Ok(Self { source: source.to_owned(), parts: parser.parts })
        } else {
            Err(parser.wrong)
        }
    }

    /// Its placeholders, in order.
    pub(crate) fn uses(&self) -> impl Iterator<Item = Use<'_>> {
        self.parts.iter().filter_map(|part| match &part.piece {
            Piece::Placeholder(word, at) => Some(Use { word, at: *at, only: part.only }),
            _ => None,
        })
    }

    /// True if a placeholder is in it, in builds of this mode.
    pub(crate) fn has(&self, wanted: &Placeholder, mode: Mode) -> bool {
        self.uses().any(|used| used.word == wanted && used.only.is_none_or(|only| only == mode))
    }

    /// The SQL, with the text that `render_placeholder` returns for each placeholder.
    pub(crate) fn render(&self, mode: Mode, render_placeholder: impl FnMut(&Placeholder) -> String) -> String {
        self.render_with_positions(mode, render_placeholder).text
    }

    /// The same, with a map of positions back to the source.
    pub(crate) fn render_with_positions(
        &self,
        mode: Mode,
        mut render_placeholder: impl FnMut(&Placeholder) -> String,
    ) -> RenderedSql {
        let mut rendered = RenderedSql { text: String::with_capacity(self.source.len() + 64), pieces: Vec::new() };
        let mut brace_at = 0;
        for part in self.parts.iter().filter(|part| part.only.is_none_or(|only| only == mode)) {
            let from = rendered.text.len();
            match &part.piece {
                Piece::Text(range) => {
                    rendered.pieces.push((from, range.start, true));
                    rendered.text.push_str(&self.source[range.clone()]);
                    brace_at = range.end;
                }
                Piece::Brace(brace) => {
                    rendered.pieces.push((from, brace_at, false));
                    rendered.text.push_str(brace);
                }
                Piece::Placeholder(word, at) => {
                    rendered.pieces.push((from, *at, false));
                    rendered.text.push_str(&render_placeholder(word));
                }
            }
        }
        rendered
    }
}

/// Rendered SQL, with a map of positions back to its source.
#[derive(Debug, Clone)]
pub(crate) struct RenderedSql {
    pub(crate) text: String,
    /// The start of each piece in the text and in the source; true if it was copied unchanged.
    pieces: Vec<(usize, usize, bool)>,
}

impl RenderedSql {
    /// The position in the source for a position in the text.
    pub(crate) fn source_of(&self, at: usize) -> usize {
        match self.pieces.iter().rev().find(|(from, _, _)| *from <= at) {
            Some((from, source, true)) => source + (at - from),
            Some((_, source, false)) => *source,
            None => 0,
        }
    }
}

struct Parser<'s> {
    source: &'s str,
    at: usize,
    only: Option<Mode>,
    /// The position of the open `{when …}`.
    opened: usize,
    parts: Vec<Part>,
    wrong: Vec<TemplateError>,
}

impl Parser<'_> {
    fn run(&mut self) {
        while let Some(found) = self.source[self.at..].find(['{', '}']) {
            let brace = self.at + found;
            self.push(Piece::Text(self.at..brace));
            let rest = &self.source[brace..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                self.push(Piece::Brace(if rest.starts_with('{') { "{" } else { "}" }));
                self.at = brace + 2;
            } else if rest.starts_with('}') {
                self.wrong(brace, "a } without its {; write }} for a brace");
                self.at = brace + 1;
            } else if let Some(end) = rest.find('}') {
                let inside = rest[1..end].to_owned();
                self.at = brace + end + 1;
                self.placeholder(inside.trim(), brace);
            } else {
                self.wrong(brace, "a { without its }; write {{ for a brace");
                self.at = self.source.len();
            }
        }
        self.push(Piece::Text(self.at..self.source.len()));
        if self.only.is_some() {
            self.wrong(self.opened, "a {when …} without its {end}");
        }
    }

    fn push(&mut self, piece: Piece) {
        if !matches!(&piece, Piece::Text(range) if range.is_empty()) {
            self.parts.push(Part { piece, only: self.only });
        }
    }

    fn wrong(&mut self, at: usize, what: &str) {
        self.wrong.push(TemplateError { at, what: what.to_owned() });
    }

    fn placeholder(&mut self, inside: &str, at: usize) {
        let word = match inside {
            "this" => Placeholder::This,
            "watermark" => Placeholder::Watermark,
            "changes" => Placeholder::Changes,
            "now" => Placeholder::Now,
            "today" => Placeholder::Today,
            "built_today" => Placeholder::BuiltToday,
            "run_id" => Placeholder::RunId,
            "when incremental" => return self.open(Mode::Incremental, at),
            "when full" => return self.open(Mode::Full, at),
            "end" => return self.close(at),
            _ => match inside.split_once(':') {
                Some(("var", variable)) => {
                    let (name, fallback) = match variable.split_once('=') {
                        Some((name, fallback)) => (name, Some(fallback.trim().to_owned())),
                        None => (variable, None),
                    };
                    Placeholder::Variable(name.trim().to_owned(), fallback)
                }
                Some(("watermark", name)) if is_name(name) => Placeholder::WatermarkOf(name.to_owned()),
                Some(("before", name)) if is_name(name) => Placeholder::Before(name.to_owned()),
                None if is_name(inside) => Placeholder::Relation(inside.to_owned()),
                _ => return self.wrong(at, &format!("{{{inside}}} is not a placeholder")),
            },
        };
        self.push(Piece::Placeholder(word, at));
    }

    fn open(&mut self, mode: Mode, at: usize) {
        if self.only.is_some() {
            self.wrong(at, "a {when …} inside another one; close the outer one with {end} first");
        }
        (self.only, self.opened) = (Some(mode), at);
    }

    fn close(&mut self, at: usize) {
        if self.only.is_none() {
            self.wrong(at, "an {end} without its {when …}");
        }
        self.only = None;
    }
}

/// The streams and models that SQL with placeholders names, each once, in their order; none if it cannot be parsed.
pub fn relations(sql: &str) -> Vec<String> {
    let mut names = Vec::new();
    for used in Template::parse(sql).iter().flat_map(Template::uses) {
        if let Some(name) = used.word.node()
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// True if a text can be the name of a model or a stream.
pub(crate) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    first && rest && text.len() <= 63
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(word: &Placeholder) -> String {
        format!("<{word:?}>")
    }

    #[test]
    fn placeholders_are_rendered() {
        let template = Template::parse("SELECT '{{}}' FROM {a} WHERE x > {var:n = 3}").expect("parsed");
        let text = template.render(Mode::Full, shown);
        assert_eq!(text, "SELECT '{}' FROM <Relation(\"a\")> WHERE x > <Variable(\"n\", Some(\"3\"))>");
    }

    #[test]
    fn parts_are_in_their_build_only() {
        let template = Template::parse("a{when incremental} b {watermark}{end}{when full} c{end} d").expect("parsed");
        assert_eq!(template.render(Mode::Full, shown), "a c d");
        assert_eq!(template.render(Mode::Incremental, shown), "a b <Watermark> d");
        assert!(
            template.has(&Placeholder::Watermark, Mode::Incremental)
                && !template.has(&Placeholder::Watermark, Mode::Full)
        );
    }

    #[test]
    fn every_mistake_is_reported_with_its_place() {
        let wrong = Template::parse("{A} } {end} {when full} {when full} {x").expect_err("misspelt");
        let places: Vec<_> = wrong.iter().map(|wrong| wrong.at).collect();
        assert_eq!(places, [0, 4, 6, 24, 36, 24]);
    }
}
