//! INSERT, UPDATE, DELETE, MERGE.

use super::expression::{Gathered, written};
use super::parts::{closing, listed, outside};
use super::statement::{Query, Returning};
use super::words::Word;
use crate::engine::Refusal;

/// A change, and the values that it returns into bind variables.
pub(super) fn read(words: &[Word]) -> Result<(Query, Option<Returning>), Refusal> {
    let mut gathered = Gathered::default();
    if words.first().is_some_and(|word| word.is("MERGE")) {
        return Ok((Query::new(merge(words, &mut gathered)?, gathered), None));
    }
    if outside(words, "LOG").is_some_and(|at| words.get(at + 1).is_some_and(|word| word.is("ERRORS"))) {
        return Err(Refusal::unsupported("LOG ERRORS; the emulator has batch errors"));
    }
    let returning = outside(words, "RETURNING").or_else(|| outside(words, "RETURN"));
    let (change, returning) = words.split_at(returning.unwrap_or(words.len()));
    let mut sql = match change.first() {
        Some(Word::Name(name)) if name == "UPDATE" => update(change, &mut gathered)?,
        Some(Word::Name(name)) if name == "DELETE" => delete(change, &mut gathered)?,
        _ if change.get(1).is_some_and(|word| word.is("ALL") || word.is("FIRST")) => {
            insert_all(&change[2..], &mut gathered)?
        }
        _ => insert(change, &mut gathered)?,
    };
    let returning = match returning {
        [] => None,
        [_, rest @ ..] => {
            let into = outside(rest, "INTO").ok_or_else(|| Refusal::new(925, "missing INTO keyword"))?;
            sql += &format!(" RETURNING {}", written(&rest[..into], &mut gathered)?);
            Some(Returning { columns: listed(&rest[into + 1..]).len() })
        }
    };
    Ok((Query::new(sql, gathered), returning))
}

/// `LOCK TABLE t IN EXCLUSIVE MODE NOWAIT`.
pub(super) fn lock(words: &[Word]) -> Result<Query, Refusal> {
    let mut gathered = Gathered { locks: true, ..Gathered::default() };
    let end = outside(words, "WAIT").unwrap_or(words.len());
    let sql = written(&words[..end], &mut gathered)?;
    Ok(Query::new(sql, gathered))
}

fn insert(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    written(words, gathered)
}

/// `INSERT ALL INTO t (a) VALUES (1) INTO t (a) VALUES (2) SELECT * FROM dual`: rows for one table.
fn insert_all(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let other = || Refusal::unsupported("INSERT ALL but for rows of values into one table");
    let select = outside(words, "SELECT").ok_or_else(other)?;
    let (rows, query) = words.split_at(select);
    let is_one_row = matches!(query, [_, star, from, dual] if star.is("*") && from.is("FROM") && dual.is("DUAL"));
    // A sequence has one number for all rows of the statement.
    if !is_one_row || rows.iter().any(|word| word.is("NEXTVAL")) {
        return Err(other());
    }
    let mut table = None;
    let mut values = Vec::new();
    for row in rows.split(|word| word.is("INTO")).filter(|row| !row.is_empty()) {
        let at = outside(row, "VALUES").ok_or_else(other)?;
        if **table.get_or_insert(&row[..at]) != row[..at] {
            return Err(other());
        }
        values.push(written(&row[at + 1..], gathered)?);
    }
    let table = written(table.ok_or_else(other)?, gathered)?;
    Ok(format!("INSERT INTO {table} VALUES {}", values.join(", ")))
}

fn delete(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let from = usize::from(words.get(1).is_some_and(|word| word.is("FROM")));
    let condition = outside(words, "WHERE");
    if let Some(limited) = limited(words, 1 + from, condition, gathered)? {
        return Ok(format!("DELETE FROM {limited}"));
    }
    Ok(format!("DELETE FROM {}", written(&words[1 + from..], gathered)?))
}

/// `DELETE … WHERE … ROWNUM <= n`: the rows are found first.
fn limited(
    words: &[Word],
    table: usize,
    condition: Option<usize>,
    gathered: &mut Gathered,
) -> Result<Option<String>, Refusal> {
    let Some(at) = condition.filter(|at| outside(&words[*at..], "ROWNUM").is_some()) else { return Ok(None) };
    let named = written(&words[table..at], gathered)?;
    let mut select =
        vec![Word::Name("SELECT".to_owned()), Word::Name("CTID".to_owned()), Word::Name("FROM".to_owned())];
    select.extend_from_slice(&words[table..]);
    Ok(Some(format!("{named} WHERE ctid IN ({})", written(&select, gathered)?)))
}

fn update(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let set = outside(words, "SET").ok_or_else(|| Refusal::new(971, "missing SET keyword"))?;
    let condition = outside(words, "WHERE").unwrap_or(words.len());
    let table = written(&words[1..set], gathered)?;
    let set = assignments(&words[set + 1..condition], gathered)?;
    let condition = written(&words[condition..], gathered)?;
    Ok(format!("UPDATE {table} SET {set} {condition}"))
}

/// `t.a = 1, b = 2`: PostgreSQL refuses a table before the column.
fn assignments(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let mut texts = Vec::new();
    for part in listed(words) {
        let part = if part.get(1).is_some_and(|word| word.is(".")) { &part[2..] } else { part };
        texts.push(written(part, gathered)?);
    }
    Ok(texts.join(", "))
}

fn columns(words: &[Word]) -> String {
    let names = listed(words).into_iter().filter_map(<[Word]>::last);
    names.map(Word::plain).collect::<Vec<_>>().join(" , ")
}

fn merge(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let on = outside(words, "ON").ok_or_else(|| Refusal::new(969, "missing ON keyword"))?;
    let mut sql = format!("MERGE {}", merge_head(&words[1..on], gathered)?);
    let mut rest = &words[on..];
    let when = outside(rest, "WHEN").ok_or_else(|| Refusal::new(905, "missing keyword"))?;
    sql += &format!(" ON {}", written(&rest[1..when], gathered)?);
    rest = &rest[when..];
    while !rest.is_empty() {
        let end = outside(&rest[1..], "WHEN").map_or(rest.len(), |at| at + 1);
        sql += &format!(" {}", branch(&rest[..end], gathered)?);
        rest = &rest[end..];
    }
    Ok(sql)
}

fn merge_head(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let head = written(words, gathered)?;
    Ok(head.replacen("into", "INTO", 1))
}

/// One WHEN of a MERGE: its condition goes before its action.
fn branch(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let then = outside(words, "THEN").ok_or_else(|| Refusal::new(905, "missing keyword"))?;
    let condition = outside(words, "WHERE");
    let end = condition.unwrap_or(words.len());
    let action = &words[then + 1..end];
    let insert = action.first().is_some_and(|word| word.is("INSERT"));
    if outside(words, "DELETE").is_some() {
        return Err(Refusal::unsupported("DELETE WHERE in a MERGE"));
    }
    let action = if insert {
        let values = outside(action, "VALUES").ok_or_else(|| Refusal::new(926, "missing VALUES keyword"))?;
        let named = match action.get(1) {
            Some(open) if open.is("(") => format!(" ({})", columns(&action[2..closing(action, 1)?])),
            _ => String::new(),
        };
        let close = closing(action, values + 1)?;
        let list = written(&action[values + 2..close], gathered)?;
        format!("INSERT{named} VALUES ({list})")
    } else {
        let set = outside(action, "SET").ok_or_else(|| Refusal::new(971, "missing SET keyword"))?;
        format!("UPDATE SET {}", assignments(&action[set + 1..], gathered)?)
    };
    let condition = match condition {
        Some(at) => format!(" AND ({})", written(&words[at + 1..], gathered)?),
        None => String::new(),
    };
    let matched = if insert { "NOT MATCHED" } else { "MATCHED" };
    Ok(format!("WHEN {matched}{condition} THEN {action}"))
}
