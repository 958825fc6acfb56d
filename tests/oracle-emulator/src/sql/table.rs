//! The columns and constraints of a table.

use super::expression::{Gathered, written};
use super::names;
use super::parts::{closing, outside};
use super::words::Word;
use crate::engine::{BYTES_CHECK, Refusal};
use crate::values::kind::Kind;

/// A column as it is declared.
#[derive(Debug)]
pub(super) struct Column {
    /// Its name as PostgreSQL stores it.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// PostgreSQL's declaration.
    pub(super) sql: String,
}

/// A column or a constraint.
#[derive(Debug)]
pub(super) enum Item {
    Column(Column),
    Constraint(String),
}

pub(super) fn item(words: &[Word]) -> Result<Item, Refusal> {
    match words.first() {
        Some(Word::Name(name))
            if matches!(name.as_str(), "CONSTRAINT" | "PRIMARY" | "UNIQUE" | "CHECK" | "FOREIGN") =>
        {
            Ok(Item::Constraint(constraint(words)?))
        }
        _ => column(words).map(Item::Column),
    }
}

/// The check that counts a column's bytes.
pub(super) fn bytes_check(name: &str, kind: &Kind) -> Option<String> {
    let most = kind.bytes_checked()?;
    let constraint = names::quoted(&format!("{BYTES_CHECK}{name}"));
    // A CHAR without its padding, which PostgreSQL counts in characters.
    let name = spelled(name);
    let counted = if matches!(kind, Kind::Char(..)) { format!("pg_catalog.rtrim({name}::text)") } else { name };
    Some(format!("CONSTRAINT {constraint} CHECK (octet_length({counted}) <= {most})"))
}

/// A stored name, in quotes where it needs them.
pub(super) fn spelled(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain && !RESERVED.contains(&name) { name.to_owned() } else { names::quoted(name) }
}

/// Words that PostgreSQL reserves. A name in Oracle can be any of them: where it reserves them too, in quotes.
const RESERVED: [&str; 66] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "initially",
    "intersect",
    "into",
    "lateral",
    "leading",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "select",
    "some",
    "symmetric",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "when",
    "where",
    "window",
    "with",
];

fn column(words: &[Word]) -> Result<Column, Refusal> {
    let name = words.first().and_then(Word::stored).ok_or_else(|| Refusal::new(904, "invalid identifier"))?;
    let (kind, taken) = Kind::read(&words[1..])?;
    let (sql, identity) = options(&words[1 + taken..])?;
    let engine = if identity { "bigint".to_owned() } else { kind.in_engine() };
    let parts = [Some(spelled(&name)), Some(engine), sql, bytes_check(&name, &kind)];
    let sql = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(Column { name, kind, sql })
}

/// Words that end the expression of a DEFAULT.
const AFTER_DEFAULT: [&str; 10] =
    ["NOT", "NULL", "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "ENABLE", "DISABLE", "INVISIBLE"];

/// The clauses after a column's type, and whether it is an identity.
pub(super) fn options(words: &[Word]) -> Result<(Option<String>, bool), Refusal> {
    let mut texts: Vec<String> = Vec::new();
    let (mut at, mut identity) = (0, false);
    let is = |at: usize, what: &str| words.get(at).is_some_and(|word| word.is(what));
    while let Some(word) = words.get(at) {
        match word {
            Word::Name(name) if name == "DEFAULT" => {
                at += if is(at + 1, "ON") && is(at + 2, "NULL") { 3 } else { 1 };
                let rest = &words[at..];
                // The first word belongs to the expression, whatever it is.
                let ends = AFTER_DEFAULT.iter().filter_map(|word| outside(&rest[1..], word)).min();
                let end = ends.map_or(rest.len(), |end| end + 1);
                texts.push(format!("DEFAULT {}", written(&rest[..end], &mut Gathered::default())?));
                at += end;
            }
            Word::Name(name) if name == "GENERATED" => {
                if is(at + 1, "ALWAYS") && is(at + 2, "AS") && is(at + 3, "(") {
                    // Oracle computes it when it is read, PostgreSQL when the row is written.
                    let end = closing(words, at + 3)?;
                    let computed = written(&words[at + 3..=end], &mut Gathered::default())?;
                    texts.push(format!("GENERATED ALWAYS AS {computed} STORED"));
                    at = end + 1;
                    continue;
                }
                let end =
                    outside(&words[at..], "IDENTITY").ok_or_else(|| Refusal::new(2000, "missing ALWAYS keyword"))?;
                let kind = if is(at + 1, "BY") { "BY DEFAULT" } else { "ALWAYS" };
                texts.push(format!("GENERATED {kind} AS IDENTITY"));
                identity = true;
                at += end + 1;
                if is(at, "(") {
                    at = closing(words, at)? + 1;
                }
            }
            Word::Name(name) if name == "USING" => break,
            Word::Name(name) if IGNORED.contains(&name.as_str()) => at += 1,
            Word::Sign("(") => {
                let end = closing(words, at)?;
                texts.push(written(&words[at..=end], &mut Gathered::default())?);
                at = end + 1;
            }
            Word::Name(name) if matches!(name.as_str(), "NOT" | "NULL" | "CHECK" | "PRIMARY" | "KEY" | "UNIQUE") => {
                texts.push(name.clone());
                at += 1;
            }
            word => {
                texts.push(word.plain());
                at += 1;
            }
        }
    }
    let text = texts.join(" ");
    Ok((Some(text).filter(|text| !text.is_empty()), identity))
}

/// Clauses without a meaning for PostgreSQL.
const IGNORED: [&str; 10] =
    ["VIRTUAL", "ENABLE", "DISABLE", "VALIDATE", "NOVALIDATE", "RELY", "NORELY", "INVISIBLE", "VISIBLE", "SORT"];

/// A constraint of the table.
pub(super) fn constraint(words: &[Word]) -> Result<String, Refusal> {
    let (named, rest) = match words {
        [first, name, rest @ ..] if first.is("CONSTRAINT") => (format!("CONSTRAINT {} ", name.plain()), rest),
        _ => (String::new(), words),
    };
    let end = outside(rest, "USING").unwrap_or(rest.len());
    let (options, _) = options(&rest[..end])?;
    Ok(named + &options.unwrap_or_default())
}
