//! ALTER TABLE.

use super::define::{Definition, beneath_views, declaration, declared, path, relation};
use super::names;
use super::parts::{closing, listed, outside};
use super::table::{Item, bytes_check, constraint, item, options, spelled};
use super::words::Word;
use crate::engine::{BYTES_CHECK, Refusal};
use crate::values::kind::Kind;

/// Clauses without an effect in the emulator.
const IGNORED: [&str; 13] = [
    "ENABLE",
    "DISABLE",
    "NOLOGGING",
    "LOGGING",
    "PARALLEL",
    "NOPARALLEL",
    "MOVE",
    "SHRINK",
    "COMPRESS",
    "NOCOMPRESS",
    "CACHE",
    "NOCACHE",
    "INMEMORY",
];

pub(super) fn read(words: &[Word]) -> Result<Definition, Refusal> {
    if !words.get(1).is_some_and(|word| word.is("TABLE")) {
        let told = words.iter().take(2).map(Word::plain).collect::<Vec<_>>().join(" ");
        return Err(Refusal::unsupported(told));
    }
    let (path, taken) = path(&words[2..])?;
    let action = &words[2 + taken..];
    let Some(Word::Name(verb)) = action.first() else { return Err(Refusal::new(1735, "invalid ALTER TABLE option")) };
    match verb.as_str() {
        "ADD" => add(&path, &action[1..]),
        "MODIFY" => modify(&path, &action[1..]).map(|definition| beneath(&path, definition)),
        "DROP" => drop(&path, &action[1..]).map(|definition| beneath(&path, definition)),
        "RENAME" => rename(&path, &action[1..]).map(|definition| beneath(&path, definition)),
        verb if IGNORED.contains(&verb) => Ok(Definition::default()),
        verb => Err(Refusal::unsupported(format!("ALTER TABLE {verb}"))),
    }
}

/// DDL on a table that views read: the views are detached before it and attached after it.
fn beneath(path: &str, definition: Definition) -> Definition {
    Definition { sql: beneath_views(path, definition.sql), ..definition }
}

/// The words inside the parentheses, or all words where there are none.
fn inner(words: &[Word]) -> Result<&[Word], Refusal> {
    match words.first() {
        Some(open) if open.is("(") => Ok(&words[1..closing(words, 0)?]),
        _ => Ok(words),
    }
}

fn add(path: &str, words: &[Word]) -> Result<Definition, Refusal> {
    let words = if words.first().is_some_and(|word| word.is("COLUMN")) { &words[1..] } else { words };
    let mut sql = Vec::new();
    for words in listed(inner(words)?) {
        match item(words)? {
            Item::Column(column) => {
                sql.push(format!("ALTER TABLE {path} ADD COLUMN {}", column.sql));
                sql.push(declared(path, &column));
            }
            Item::Constraint(_) => sql.push(format!("ALTER TABLE {path} ADD {}", constraint(words)?)),
        }
    }
    Ok(Definition { sql, ..Definition::default() })
}

fn modify(path: &str, words: &[Word]) -> Result<Definition, Refusal> {
    let mut sql = Vec::new();
    for words in listed(inner(words)?) {
        let name = words.first().and_then(Word::stored).ok_or_else(|| Refusal::new(904, "invalid identifier"))?;
        let column = spelled(&name);
        let mut rest = &words[1..];
        if let Ok((kind, taken)) = Kind::read(rest) {
            let engine = kind.in_engine();
            sql.push(format!("ALTER TABLE {path} ALTER COLUMN {column} TYPE {engine} USING {column}::{engine}"));
            let check = names::quoted(&format!("{BYTES_CHECK}{name}"));
            sql.push(format!("ALTER TABLE {path} DROP CONSTRAINT IF EXISTS {check}"));
            sql.extend(bytes_check(&name, &kind).map(|check| format!("ALTER TABLE {path} ADD {check}")));
            sql.push(declaration(path, &name, &kind.declared()));
            rest = &rest[taken..];
        }
        sql.extend(modified_options(path, &column, rest)?);
    }
    Ok(Definition { sql, ..Definition::default() })
}

fn modified_options(path: &str, column: &str, words: &[Word]) -> Result<Vec<String>, Refusal> {
    let mut sql = Vec::new();
    if outside(words, "DEFAULT").is_some() {
        let (text, _) = options(words)?;
        let text = text.unwrap_or_default();
        let value = text.trim_end_matches(" NOT NULL").trim_end_matches(" NULL");
        sql.push(format!("ALTER TABLE {path} ALTER COLUMN {column} SET {value}"));
    }
    if outside(words, "NOT").is_some() {
        sql.push(format!("ALTER TABLE {path} ALTER COLUMN {column} SET NOT NULL"));
    } else if words.last().is_some_and(|word| word.is("NULL")) {
        sql.push(format!("ALTER TABLE {path} ALTER COLUMN {column} DROP NOT NULL"));
    }
    Ok(sql)
}

fn drop(path: &str, words: &[Word]) -> Result<Definition, Refusal> {
    let dropped = |column: &Word| format!("ALTER TABLE {path} DROP COLUMN {}", column.plain());
    let sql = match words {
        [column, name, ..] if column.is("COLUMN") => vec![dropped(name)],
        [constraint, name, ..] if constraint.is("CONSTRAINT") => {
            vec![format!("ALTER TABLE {path} DROP CONSTRAINT {}", name.plain())]
        }
        [primary, ..] if primary.is("PRIMARY") => vec![format!("SELECT sys.drop_primary_key({})", relation(path))],
        [open, ..] if open.is("(") => inner(words)?.iter().filter(|word| !word.is(",")).map(dropped).collect(),
        _ => return Err(Refusal::new(1735, "invalid ALTER TABLE option")),
    };
    Ok(Definition { sql, ..Definition::default() })
}

fn rename(path: &str, words: &[Word]) -> Result<Definition, Refusal> {
    match words {
        [to, name] if to.is("TO") => Ok(Definition::of(format!("ALTER TABLE {path} RENAME TO {}", name.plain()))),
        [column, from, to, name] if column.is("COLUMN") && to.is("TO") => {
            let (Some(old), Some(new)) = (from.stored(), name.stored()) else {
                return Err(Refusal::new(904, "invalid identifier"));
            };
            let sql = vec![
                format!("ALTER TABLE {path} RENAME COLUMN {} TO {}", from.plain(), name.plain()),
                format!(
                    "SELECT sys.rename_check({}, {}, {})",
                    relation(path),
                    names::literal(&old),
                    names::literal(&new)
                ),
            ];
            Ok(Definition { sql, ..Definition::default() })
        }
        [constraint, from, to, name] if constraint.is("CONSTRAINT") && to.is("TO") => {
            Ok(Definition::of(format!("ALTER TABLE {path} RENAME CONSTRAINT {} TO {}", from.plain(), name.plain())))
        }
        _ => Err(Refusal::new(1735, "invalid ALTER TABLE option")),
    }
}
