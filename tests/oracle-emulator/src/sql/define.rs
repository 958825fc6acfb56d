//! CREATE, DROP, TRUNCATE, GRANT.

use super::expression::{Gathered, written};
use super::names;
use super::parts::{closing, listed, outside};
use super::statement::{Query, query};
use super::table::{Column, Item, item, spelled};
use super::words::Word;
use crate::engine::Refusal;

/// DDL: statements for PostgreSQL that succeed together or not at all.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    pub(crate) sql: Vec<String>,
    /// The relation whose columns get their types from a query.
    pub(crate) derived: Option<(String, Query)>,
    /// True if it belongs to the open transaction rather than ending it.
    pub(crate) within_transaction: bool,
    /// The temporary table of which sessions get their own copy.
    pub(crate) temporary: Option<Temporary>,
    /// The table that it drops, as PostgreSQL stores its name.
    pub(crate) drops: Option<String>,
}

/// A global temporary table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Temporary {
    /// The name of its schema as PostgreSQL stores it, if the statement names one.
    pub(crate) schema: Option<String>,
    /// Its name as PostgreSQL stores it.
    pub(crate) name: String,
    pub(crate) keeps_rows: bool,
}

impl Definition {
    pub(super) fn of(sql: impl Into<String>) -> Self {
        Self { sql: vec![sql.into()], ..Self::default() }
    }
}

/// True if these words begin with those keywords.
fn begins(words: &[Word], keywords: &str) -> bool {
    let mut count = 0;
    keywords.split(' ').enumerate().all(|(at, keyword)| {
        count += 1;
        words.get(at).is_some_and(|word| word.is(keyword))
    })
}

pub(super) fn read(words: &[Word]) -> Result<Definition, Refusal> {
    let after = |count: usize| &words[count..];
    if words.windows(2).any(|pair| pair[0].is("IF") && (pair[1].is("EXISTS") || pair[1].is("NOT"))) {
        // 23ai has it, and 19c would take IF for the name.
        return Err(Refusal::unsupported("IF EXISTS"));
    }
    if begins(words, "CREATE TABLE") {
        return table(after(2), Temper::Lasting);
    } else if begins(words, "CREATE GLOBAL TEMPORARY TABLE") {
        return table(after(4), Temper::Global);
    } else if begins(words, "CREATE PRIVATE TEMPORARY TABLE") {
        return table(after(4), Temper::Private);
    } else if begins(words, "CREATE UNIQUE INDEX") {
        return index(after(3), "UNIQUE ");
    } else if begins(words, "CREATE INDEX") {
        return index(after(2), "");
    } else if begins(words, "CREATE SEQUENCE") {
        return sequence(after(2));
    } else if begins(words, "CREATE SYNONYM") {
        return synonym(after(2));
    } else if begins(words, "CREATE OR REPLACE SYNONYM") {
        return synonym(after(4));
    } else if begins(words, "CREATE") && outside(words, "VIEW").is_some() {
        return view(words);
    } else if begins(words, "DROP TABLE") {
        let (path, taken) = path(after(2))?;
        let cascade = outside(words, "CASCADE").map_or("", |_| " CASCADE");
        let drops = words.get(1 + taken).and_then(Word::stored);
        let drop = format!("DROP TABLE {path}{cascade}");
        // A private temporary table belongs to its session, and dropping it does not end a transaction.
        if drops.as_ref().is_some_and(|name| name.starts_with(PRIVATE)) {
            return Ok(Definition { within_transaction: true, ..Definition::of(drop) });
        }
        return Ok(Definition { sql: beneath_views(&path, vec![drop]), drops, ..Definition::default() });
    } else if begins(words, "DROP SYNONYM") {
        return Ok(Definition::of(format!("DROP VIEW {}", path(after(2))?.0)));
    } else if begins(words, "DROP VIEW") {
        let (path, _) = path(after(2))?;
        return Ok(Definition {
            sql: beneath_views(&path, vec![format!("DROP VIEW {path}")]),
            ..Definition::default()
        });
    } else if begins(words, "DROP INDEX") || begins(words, "DROP SEQUENCE") {
        let (path, _) = path(after(2))?;
        return Ok(Definition::of(format!("DROP {} {path}", words[1].plain())));
    } else if begins(words, "TRUNCATE TABLE") {
        return Ok(Definition::of(format!("TRUNCATE TABLE {}", path(after(2))?.0)));
    } else if begins(words, "RENAME") {
        return rename(after(1));
    } else if begins(words, "COMMENT") {
        return Ok(Definition::of(written(words, &mut Gathered::default())?));
    } else if begins(words, "GRANT") || begins(words, "REVOKE") {
        return grant(words);
    } else if begins(words, "ANALYZE TABLE") {
        return Ok(Definition::of(format!("ANALYZE {}", path(after(2))?.0)));
    } else if begins(words, "PURGE") {
        return Ok(Definition::default());
    }
    let known = begins(words, "CREATE") || begins(words, "DROP");
    let told = words.iter().take(3).map(Word::plain).collect::<Vec<_>>().join(" ");
    if known { Err(Refusal::unsupported(told)) } else { Err(Refusal::new(900, "invalid SQL statement")) }
}

/// The prefix of the names of private temporary tables, as PostgreSQL stores them.
const PRIVATE: &str = "ora$ptt_";

/// Statements on a relation that views read: the views are detached before them and attached after them.
pub(super) fn beneath_views(path: &str, sql: Vec<String>) -> Vec<String> {
    let detach = format!("SELECT sys.detach_views({})", relation(path));
    [detach].into_iter().chain(sql).chain([ATTACH.to_owned()]).collect()
}

/// Creates the views again over the present relations.
const ATTACH: &str = "SELECT sys.attach_views()";

/// A name with or without its schema, and the number of its words.
pub(super) fn path(words: &[Word]) -> Result<(String, usize), Refusal> {
    let missing = || Refusal::new(903, "invalid table name");
    let first = words.first().and_then(Word::stored).ok_or_else(missing)?;
    if !words.get(1).is_some_and(|word| word.is(".")) {
        return Ok((spelled(&first), 1));
    }
    let second = words.get(2).and_then(Word::stored).ok_or_else(missing)?;
    Ok((format!("{} . {}", spelled(&first), spelled(&second)), 3))
}

/// The lifetime of a table.
#[derive(Clone, Copy, PartialEq)]
enum Temper {
    Lasting,
    Global,
    Private,
}

fn table(words: &[Word], temper: Temper) -> Result<Definition, Refusal> {
    let (path, taken) = path(words)?;
    let rest = &words[taken..];
    let (items, tail) = match rest.first() {
        Some(open) if open.is("(") => {
            let end = closing(rest, 0)?;
            (&rest[1..end], &rest[end + 1..])
        }
        _ => (&rest[..0], rest),
    };
    let has = |keyword: &str| outside(tail, keyword).is_some();
    let temp = if temper == Temper::Private { "TEMP " } else { "" };
    let on_commit = match temper {
        Temper::Private if has("PRESERVE") => " ON COMMIT PRESERVE ROWS",
        Temper::Private => " ON COMMIT DROP",
        _ => "",
    };
    let mut definition = match outside(tail, "AS") {
        Some(at) => {
            let query = query(&tail[at + 1..])?;
            let sql = format!("CREATE {temp}TABLE {path}{on_commit} AS {}", query.sql);
            Definition { sql: vec![sql], derived: Some((path.clone(), query)), ..Definition::default() }
        }
        None => made(&path, items, temp, on_commit)?,
    };
    definition.within_transaction = temper == Temper::Private;
    if temper == Temper::Global {
        let keeps_rows = has("PRESERVE");
        let name = words[taken - 1].stored().unwrap_or_default();
        definition.sql.push(trait_of(&path, "temporary", if keeps_rows { "'PRESERVE'" } else { "'DELETE'" }));
        let schema = if taken == 1 { None } else { words[0].stored() };
        definition.temporary = Some(Temporary { schema, name, keeps_rows });
    }
    if has("ROWDEPENDENCIES") {
        definition.sql.push(trait_of(&path, "rowdependencies", "true"));
    }
    Ok(definition)
}

fn trait_of(path: &str, name: &str, value: &str) -> String {
    let relation = relation(path);
    format!(
        "INSERT INTO sys.traits (rel, {name}) VALUES ({relation}, {value}) ON CONFLICT (rel) DO UPDATE SET {name} = {value}"
    )
}

fn made(path: &str, items: &[Word], temp: &str, on_commit: &str) -> Result<Definition, Refusal> {
    let (mut texts, mut columns) = (Vec::new(), Vec::new());
    for words in listed(items) {
        match item(words)? {
            Item::Column(column) => {
                texts.push(column.sql.clone());
                columns.push(column);
            }
            Item::Constraint(text) => texts.push(text),
        }
    }
    let mut sql = vec![format!("CREATE {temp}TABLE {path} ({}){on_commit}", texts.join(", "))];
    sql.extend(columns.iter().map(|column| declared(path, column)));
    sql.extend(temp.is_empty().then(|| ATTACH.to_owned()));
    Ok(Definition { sql, ..Definition::default() })
}

/// A path as PostgreSQL's number of the relation.
pub(super) fn relation(path: &str) -> String {
    format!("{}::regclass", names::literal(&path.replace(" . ", ".")))
}

/// Records the declared type of a column.
pub(super) fn declared(path: &str, column: &Column) -> String {
    declaration(path, &column.name, &column.kind.declared())
}

/// Records the declared type of a column.
pub(crate) fn declaration(path: &str, column: &str, kind: &str) -> String {
    format!(
        "INSERT INTO sys.declared SELECT attrelid, attnum, {} FROM pg_attribute WHERE attrelid = {} AND attname = {} \
         ON CONFLICT (rel, num) DO UPDATE SET type = excluded.type",
        names::literal(kind),
        relation(path),
        names::literal(column),
    )
}

fn index(words: &[Word], unique: &str) -> Result<Definition, Refusal> {
    let on = outside(words, "ON").ok_or_else(|| Refusal::new(969, "missing ON keyword"))?;
    let name = words[..on].last().map(Word::plain).unwrap_or_default();
    let (table, taken) = path(&words[on + 1..])?;
    let open = on + 1 + taken;
    let end = closing(words, open)?;
    let columns = written(&words[open + 1..end], &mut Gathered::default())?;
    Ok(Definition::of(format!("CREATE {unique}INDEX {name} ON {table} ({columns})")))
}

fn sequence(words: &[Word]) -> Result<Definition, Refusal> {
    let (path, taken) = path(words)?;
    let mut sql = format!("CREATE SEQUENCE {path}");
    for (keyword, word) in [("START WITH", "START"), ("INCREMENT BY", "INCREMENT")] {
        let at = outside(&words[taken..], word).map(|at| taken + at + 2);
        if let Some(Word::Number(number)) = at.and_then(|at| words.get(at)) {
            sql += &format!(" {keyword} {number}");
        }
    }
    Ok(Definition::of(sql))
}

/// A view is created again: PostgreSQL would not let its columns change.
fn view(words: &[Word]) -> Result<Definition, Refusal> {
    let at = outside(words, "VIEW").unwrap_or(0);
    let (path, taken) = path(&words[at + 1..])?;
    let rest = &words[at + 1 + taken..];
    let split = outside(rest, "AS").ok_or_else(|| Refusal::new(905, "missing keyword"))?;
    let columns = written(&rest[..split], &mut Gathered::default())?;
    let body = &rest[split + 1..];
    let read_only = body.len().checked_sub(3).filter(|at| begins(&body[*at..], "WITH READ ONLY"));
    let query = query(&body[..read_only.unwrap_or(body.len())])?;
    let mut sql = Vec::new();
    if outside(&words[..at], "REPLACE").is_some() {
        let known = format!("to_regclass({})", names::literal(&path.replace(" . ", ".")));
        sql.push(format!("SELECT sys.detach_views({known}) WHERE {known} IS NOT NULL"));
        sql.push(format!("DROP VIEW IF EXISTS {path}"));
    }
    sql.push(format!("CREATE VIEW {path} {columns} AS {}", query.sql));
    let text = body.iter().map(Word::read).collect::<Vec<_>>().join(" ");
    sql.push(format!("SELECT sys.note_view({}, {})", relation(&path), names::literal(&text)));
    sql.push(ATTACH.to_owned());
    Ok(Definition { sql, derived: Some((path, query)), ..Definition::default() })
}

/// A synonym is a view of all columns of its table, and is recorded as a synonym.
fn synonym(words: &[Word]) -> Result<Definition, Refusal> {
    let (path, taken) = path(words)?;
    if !words.get(taken).is_some_and(|word| word.is("FOR")) {
        return Err(Refusal::new(905, "missing keyword"));
    }
    let target = &words[taken + 1..];
    let mut body = vec![Word::Name("SELECT".to_owned()), Word::Sign("*"), Word::Name("FROM".to_owned())];
    body.extend(target.iter().cloned());
    let query = query(&body)?;
    let target = relation(&self::path(target)?.0);
    let sql = vec![
        format!("DROP VIEW IF EXISTS {path}"),
        format!("CREATE VIEW {path} AS {}", query.sql),
        format!("INSERT INTO sys.synonyms (rel, target) VALUES ({}, {target})", relation(&path)),
    ];
    Ok(Definition { sql, derived: Some((path, query)), ..Definition::default() })
}

fn rename(words: &[Word]) -> Result<Definition, Refusal> {
    match words {
        [from, to, name] if to.is("TO") => {
            let rename = format!("ALTER TABLE {} RENAME TO {}", from.plain(), name.plain());
            Ok(Definition { sql: beneath_views(&from.plain(), vec![rename]), ..Definition::default() })
        }
        _ => Err(Refusal::new(905, "missing keyword")),
    }
}

fn grant(words: &[Word]) -> Result<Definition, Refusal> {
    if outside(words, "ON").is_none() {
        return Err(Refusal::unsupported(
            "GRANT of system privileges; give them to the account when the emulator starts",
        ));
    }
    let read = |word: &Word| if word.is("READ") { Word::Name("SELECT".to_owned()) } else { word.clone() };
    let words: Vec<Word> = words.iter().map(read).collect();
    Ok(Definition::of(words.iter().map(Word::plain).collect::<Vec<_>>().join(" ")))
}
