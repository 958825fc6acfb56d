//! What a key is: what it may hold, what it is without being given, and how that is told.

use std::time::Duration;

use crate::duration::duration_text;
use crate::words::grouped;

/// What a key may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A name of the pipeline's own.
    Name,
    /// A name in a database.
    Identifier,
    /// A name of a table that is written.
    TargetTable,
    /// A table that is taken over, and whose it is.
    TakeOver,
    /// The digest of a file.
    Digest,
    /// A host, service or SID.
    Address,
    /// Any text.
    Text,
    /// A file.
    Path,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A whole number of something.
    Count { least: u64, most: u64, unit: &'static str },
    /// A span of time; the bounds are in seconds.
    Span { least: u64, most: u64 },
    /// True or false.
    Flag,
    /// Text that is never shown, and never stands in the file.
    Secret,
    /// A list of names of the pipeline's own.
    Names,
    /// A list of names in a database.
    Identifiers,
    /// A list of tables that are taken over.
    TakeOvers,
    /// A table of these keys.
    Table(&'static [Key]),
    /// A table of tables, each under a name of its own, of these keys.
    Named(&'static [Key]),
    /// A table per plugin, with the keys that the plugin declares.
    Settings,
    /// A table of values under names of one's own.
    Values,
}

/// The value of a key that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    None,
    Text(&'static str),
    /// A count, or a span in seconds.
    Number(u64),
    Flag(bool),
    Empty,
}

/// A key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) fallback: Fallback,
    /// Whether it must stand in the file itself, not in a variable or another file.
    pub(crate) literal: bool,
}

impl Key {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, fallback: Fallback::None, literal: false }
    }

    pub(crate) const fn or(mut self, fallback: Fallback) -> Self {
        self.fallback = fallback;
        self
    }

    pub(crate) const fn literal(mut self) -> Self {
        self.literal = true;
        self
    }

    pub(crate) const fn count(name: &'static str, least: u64, most: u64, unit: &'static str) -> Self {
        Self::new(name, Kind::Count { least, most, unit })
    }
}

impl Kind {
    /// What the key must hold, in words.
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Name | Self::Identifier | Self::TargetTable => "a name".to_owned(),
            Self::TakeOver => "`TABLE`, or `TABLE of PIPELINE`".to_owned(),
            Self::Digest => "`blake3:` and 64 hexadecimal digits".to_owned(),
            Self::TakeOvers => "a list of `TABLE` or `TABLE of PIPELINE`".to_owned(),
            Self::Address | Self::Text => "text".to_owned(),
            Self::Path => "the path of a file".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Count { .. } | Self::Span { .. } => self.range(),
            Self::Flag => "true or false".to_owned(),
            Self::Secret => "a reference: `{ env = \"…\" }` or `{ file = \"…\" }`".to_owned(),
            Self::Names | Self::Identifiers => "a list of names".to_owned(),
            Self::Table(_) | Self::Named(_) | Self::Settings | Self::Values => "a table".to_owned(),
        }
    }

    /// The values that a count or a span may have, with their unit.
    pub(crate) fn range(&self) -> String {
        match self {
            Self::Count { least, most, unit } => {
                format!("a whole number from {} to {} ({unit})", grouped(*least), grouped(*most))
            }
            Self::Span { least, most } => {
                let [least, most] = [least, most].map(|s| duration_text(Duration::from_secs(*s)));
                format!("a duration from {least} to {most}, such as \"90s\", \"15m\", \"2h\" or \"7d\"")
            }
            _ => String::new(),
        }
    }

    pub(crate) fn keys(&self) -> &'static [Key] {
        match self {
            Self::Table(keys) | Self::Named(keys) => keys,
            _ => &[],
        }
    }
}

impl Key {
    /// Whether the value may come from a variable or another file.
    pub(crate) fn takes_reference(&self) -> bool {
        let whole = matches!(
            self.kind,
            Kind::Table(_)
                | Kind::Named(_)
                | Kind::Settings
                | Kind::Values
                | Kind::Names
                | Kind::Identifiers
                | Kind::TakeOvers
        );
        !whole && !self.literal
    }

    pub(crate) fn fallback_text(&self) -> Option<String> {
        match (self.fallback, self.kind) {
            (Fallback::None, _) => None,
            (Fallback::Text(text), _) => Some(format!("{text:?}")),
            (Fallback::Number(seconds), Kind::Span { .. }) => {
                Some(format!("{:?}", duration_text(Duration::from_secs(seconds))))
            }
            (Fallback::Number(number), _) => Some(number.to_string()),
            (Fallback::Flag(flag), _) => Some(flag.to_string()),
            (Fallback::Empty, _) => Some("[]".to_owned()),
        }
    }
}
