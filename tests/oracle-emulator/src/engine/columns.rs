//! The columns of a result in Oracle's types: as they were declared, if they come from a table.

use super::link::{Field, Link};
use super::refusal::Refusal;
use crate::sql::names;
use crate::values::kind::Kind;

/// A column of a result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// Its name as Oracle spells it.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    /// Its type in PostgreSQL.
    pub(crate) engine_kind: u32,
}

/// The columns of a statement.
pub(crate) fn describe(link: &mut Link, sql: &str, kinds: &[u32]) -> Result<Vec<Column>, Refusal> {
    let (_, fields) = link.describe(sql, kinds)?;
    of_fields(link, &fields)
}

fn of_fields(link: &mut Link, fields: &[Field]) -> Result<Vec<Column>, Refusal> {
    let declared = declared(link, fields)?;
    let mut columns = Vec::with_capacity(fields.len());
    for field in fields {
        let known = declared.iter().find(|known| known.table == field.table && known.number == field.number);
        let kind = match known.and_then(|known| known.kind.as_deref()) {
            Some(kind) => Kind::kept(kind)?,
            None if field.kind >= FIRST_OF_USERS && is_local(link, field.kind)? => Kind::TimestampLtz(6),
            None => Kind::of(field),
        };
        columns.push(Column {
            name: names::shown(&field.name),
            kind,
            nullable: known.is_none_or(|known| !known.required),
            engine_kind: field.kind,
        });
    }
    Ok(columns)
}

/// Types above this number are not PostgreSQL's own.
const FIRST_OF_USERS: u32 = 16_384;

/// True if a type is that of expressions that are cast to TIMESTAMP WITH LOCAL TIME ZONE.
fn is_local(link: &mut Link, kind: u32) -> Result<bool, Refusal> {
    Ok(!link.rows(&format!("SELECT FROM pg_type WHERE oid = {kind} AND typname = 'ltz'"))?.is_empty())
}

struct Declared {
    table: u32,
    number: i16,
    kind: Option<String>,
    required: bool,
}

fn declared(link: &mut Link, fields: &[Field]) -> Result<Vec<Declared>, Refusal> {
    let places = fields.iter().filter(|field| field.table != 0 && field.number > 0);
    let places: Vec<String> = places.map(|field| format!("({}::oid,{}::int2)", field.table, field.number)).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT a.attrelid, a.attnum, d.type, a.attnotnull FROM pg_attribute a \
         LEFT JOIN sys.declared d ON d.rel = a.attrelid AND d.num = a.attnum WHERE (a.attrelid, a.attnum) IN ({})",
        places.join(",")
    );
    let mut declared = Vec::new();
    for row in link.rows(&sql)? {
        let [Some(table), Some(number), kind, Some(required)] = row.as_slice() else { continue };
        let (Ok(table), Ok(number)) = (table.parse(), number.parse()) else { continue };
        declared.push(Declared { table, number, kind: kind.clone(), required: required == "t" });
    }
    Ok(declared)
}
