//! The definition of a key: the values that it accepts, its default, and their descriptions for messages.

use std::time::Duration;

use crate::duration::duration_text;
use crate::syntax::grouped;

/// The type of a key's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyType {
    /// A name that the pipeline's author chooses.
    Name,
    /// A name in a database.
    Identifier,
    /// A name of a table or column that is read, in the source's own spelling.
    SourceName,
    /// The type of a column.
    ColumnType,
    /// A name of a table to write.
    TargetTable,
    /// A table to take over, and its owner.
    TakeOver,
    /// The digest of a file.
    Digest,
    /// A host, service or SID.
    Address,
    /// The address of a web service.
    WebAddress,
    /// A cron line.
    CronLine,
    /// The name of a time zone.
    TimeZone,
    /// A span of hours of the day.
    Hours,
    /// Any text.
    Text,
    /// The path of a file.
    Path,
    /// The path of a folder.
    Folder,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// The batches to record: a word, or a share of them.
    Record,
    /// A whole number with a unit.
    Count { least: u64, most: u64, unit: &'static str },
    /// A duration; the bounds are in seconds.
    Span { least: u64, most: u64 },
    /// True or false.
    Flag,
    /// Text that is never shown, and never written in the pipeline file.
    Secret,
    /// A list of names that the pipeline's author chooses.
    Names,
    /// A list of names of columns, in the source's own spelling.
    SourceNames,
    /// A list of texts, in their order.
    Texts,
    /// A list of tables to take over.
    TakeOvers,
    /// A list of public keys in the format of minisign.
    PublicKeys,
    /// A table of these keys.
    Table(&'static [Key]),
    /// A table of tables with these keys, each under a name that the author chooses.
    Named(&'static [Key]),
    /// A table per plugin, with the keys that the plugin declares.
    Settings,
    /// A table of columns, each with a type, the word `skip`, or a table of these keys.
    Columns(&'static [Key]),
    /// A table of the source's tables, each with these keys, under their names or patterns.
    Grants(&'static [Key]),
    /// A table of values under names that the author chooses.
    Values,
}

/// The value of a key that is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyDefault {
    None,
    Text(&'static str),
    /// A number, or a duration in seconds.
    Number(u64),
    Flag(bool),
    Empty,
}

/// The definition of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: KeyType,
    pub(crate) fallback: KeyDefault,
    /// True if the value must be in the file itself, not in a variable or another file.
    pub(crate) literal: bool,
}

impl Key {
    pub(crate) const fn new(name: &'static str, kind: KeyType) -> Self {
        Self { name, kind, fallback: KeyDefault::None, literal: false }
    }

    pub(crate) const fn or(mut self, fallback: KeyDefault) -> Self {
        self.fallback = fallback;
        self
    }

    /// The default of a number; 0 if the key has none.
    pub(crate) const fn default_number(&self) -> u64 {
        match self.fallback {
            KeyDefault::Number(number) => number,
            _ => 0,
        }
    }

    pub(crate) const fn literal(mut self) -> Self {
        self.literal = true;
        self
    }

    pub(crate) const fn count(name: &'static str, least: u64, most: u64, unit: &'static str) -> Self {
        Self::new(name, KeyType::Count { least, most, unit })
    }
}

impl KeyType {
    /// Describes the values that the key accepts.
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Name | Self::Identifier | Self::SourceName | Self::TargetTable => "a name".to_owned(),
            Self::ColumnType => "a type".to_owned(),
            Self::TakeOver => "`TABLE`, or `TABLE of PIPELINE`".to_owned(),
            Self::Digest => "`blake3:` and 64 hexadecimal digits".to_owned(),
            Self::PublicKeys => "a list of public keys of minisign".to_owned(),
            Self::TakeOvers => "a list of `TABLE` or `TABLE of PIPELINE`".to_owned(),
            Self::Address | Self::Text => "text".to_owned(),
            Self::WebAddress => "an address such as `https://host/path`".to_owned(),
            Self::CronLine => "a cron line such as \"0 */2 * * *\"".to_owned(),
            Self::TimeZone => "a time zone such as \"Europe/Berlin\"".to_owned(),
            Self::Hours => "hours such as \"22:00-06:00\"".to_owned(),
            Self::Path => "the path of a file".to_owned(),
            Self::Folder => "the path of a folder".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Record => "\"off\", \"failures\" or { sample = SHARE }, more than 0 and at most 1".to_owned(),
            Self::Count { .. } | Self::Span { .. } => self.range(),
            Self::Flag => "true or false".to_owned(),
            Self::Secret => "a reference: `{ env = \"…\" }` or `{ file = \"…\" }`".to_owned(),
            Self::Names | Self::SourceNames => "a list of names".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Table(_) | Self::Named(_) | Self::Columns(_) | Self::Grants(_) | Self::Settings | Self::Values => {
                "a table".to_owned()
            }
        }
    }

    /// Describes the range of a number or a duration, with its unit.
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
            Self::Table(keys) | Self::Named(keys) | Self::Columns(keys) | Self::Grants(keys) => keys,
            _ => &[],
        }
    }
}

impl Key {
    /// Returns whether the value may be a reference to a variable or another file.
    pub(crate) fn takes_reference(&self) -> bool {
        let whole = matches!(
            self.kind,
            KeyType::Table(_)
                | KeyType::Named(_)
                | KeyType::Columns(_)
                | KeyType::Grants(_)
                | KeyType::Settings
                | KeyType::Values
                | KeyType::Names
                | KeyType::SourceNames
                | KeyType::Texts
                | KeyType::TakeOvers
                | KeyType::PublicKeys
        );
        !whole && !self.literal
    }

    pub(crate) fn fallback_text(&self) -> Option<String> {
        match (self.fallback, self.kind) {
            (KeyDefault::None, _) => None,
            (KeyDefault::Text(text), _) => Some(format!("{text:?}")),
            (KeyDefault::Number(seconds), KeyType::Span { .. }) => {
                Some(format!("{:?}", duration_text(Duration::from_secs(seconds))))
            }
            (KeyDefault::Number(number), _) => Some(number.to_string()),
            (KeyDefault::Flag(flag), _) => Some(flag.to_string()),
            (KeyDefault::Empty, _) => Some("[]".to_owned()),
        }
    }
}
