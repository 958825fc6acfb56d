//! Rows as JSON, under the quirks about how values are written.

use std::fmt::Write as _;

use crate::catalogue::{Entity, Kind};
use crate::query::Path;
use crate::quirks::Quirk;
use crate::store::Row;
use crate::tenant::{RELEASE_FIELD, Tenant};
use crate::text;
use crate::value::{Value, date, decimal_text, instant, offset};

/// A column that was asked for.
#[derive(Debug)]
pub(crate) struct Column {
    /// Its name in the answer.
    pub(crate) name: String,
    pub(crate) path: Path,
}

/// The columns of an answer.
#[derive(Debug)]
pub(crate) enum Columns {
    /// All fields.
    All,
    /// The named fields.
    Fields(Vec<Column>),
    /// Flat values over relations: relations are plain integers.
    Values(Vec<Column>),
}

/// Writes a row as a JSON object.
pub(crate) fn row(out: &mut String, tenant: &Tenant, entity: &Entity, row: &Row, columns: &Columns) {
    out.push('{');
    let mut is_first = true;
    let mut put = |out: &mut String, name: &str, salt: usize, kind: Kind, value: &Value, is_flat: bool| {
        let is_left_out =
            tenant.quirks.has(Quirk::UnknownFields) && value.is_null() && kind != Kind::Key && salt.is_multiple_of(2);
        if is_left_out {
            return;
        }
        if !std::mem::take(&mut is_first) {
            out.push_str(", ");
        }
        let _ = write!(out, "\"{name}\": ");
        cell(out, tenant, kind, value, salt, is_flat);
    };
    match columns {
        Columns::All => {
            let count = entity.fields.len();
            let turn = if tenant.quirks.has(Quirk::FieldOrder) { row.id.unsigned_abs() as usize } else { 0 };
            for at in 0..count {
                let place = (at + turn) % count;
                let field = &entity.fields[place];
                put(out, field.name, place + row.id as usize, field.kind, &row.at(entity, place), false);
            }
            if tenant.quirks.has(Quirk::UnknownFields) {
                put(out, "zz_unlisted", 1, Kind::Text(30), &Value::text("unlisted"), false);
            }
            if tenant.is_released() {
                let value = row.cell(count).cloned().unwrap_or_else(|| Value::text(""));
                put(out, RELEASE_FIELD, 1, Kind::Text(50), &value, false);
            }
        }
        Columns::Fields(named) | Columns::Values(named) => {
            let is_flat = matches!(columns, Columns::Values(_));
            for (at, column) in named.iter().enumerate() {
                let value = column.path.value(&tenant.tables, entity, row);
                put(out, &column.name, at + row.id as usize, column.path.kind(), &value, is_flat);
            }
        }
    }
    out.push('}');
}

fn cell(out: &mut String, tenant: &Tenant, kind: Kind, value: &Value, salt: usize, is_flat: bool) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Integer(id) if kind == Kind::Key && tenant.quirks.has(Quirk::TextIds) => {
            out.push_str(&format!("\"{id}\""))
        }
        Value::Integer(value) => out.push_str(&value.to_string()),
        Value::Boolean(value) => out.push_str(&value.to_string()),
        Value::Text(value) => text::json(out, value),
        Value::Decimal(digits, scale) => decimal(out, tenant, *digits, *scale, salt),
        Value::Instant(micros) => {
            let offset = offset(*micros, tenant.quirks.has(Quirk::SummerTime));
            out.push_str(&format!("\"{}\"", instant(*micros, offset)));
        }
        Value::Date(days) => out.push_str(&format!("\"{}\"", date(*days))),
        Value::Relation(id) if is_flat => out.push_str(&id.to_string()),
        Value::Relation(id) => relation(out, tenant, kind, *id, salt),
        Value::Set(count) => out.push_str(&format!(r#"{{"result_count": {count}, "url": "{}"}}"#, tenant.base)),
        Value::Raw(token) => out.push_str(token),
    }
}

fn decimal(out: &mut String, tenant: &Tenant, digits: i128, scale: u8, salt: usize) {
    let plain = decimal_text(digits, scale);
    let written = match (tenant.quirks.has(Quirk::NumericDecimals), salt % 4) {
        (false, _) => format!("\"{plain}\""),
        (true, 0) => plain,
        (true, 1) if scale > 0 => format!("{plain}000"),
        (true, 1) => format!("{plain}.000"),
        (true, 2) => format!("{digits}E-{scale}"),
        (true, _) => format!("{}e+0", decimal_text(digits, scale)),
    };
    out.push_str(&written);
}

fn relation(out: &mut String, tenant: &Tenant, kind: Kind, id: i64, salt: usize) {
    let target = match kind {
        Kind::Relation(Some(target)) => target,
        _ => "",
    };
    let key = tenant.tables.find(target).and_then(|table| table.get(id)).map_or("", |row| &row.key);
    let turn = if tenant.quirks.has(Quirk::BareRelations) { salt % 5 } else { 5 };
    let mut object = |id: &str, url: Option<&str>| {
        let _ = write!(out, r#"{{"id": {id}, "key": "#);
        text::json(out, key);
        match url {
            Some(url) => out.push_str(&format!(r#", "url": "{url}"}}"#)),
            None => out.push('}'),
        }
    };
    let id_text = id.to_string();
    match turn {
        0 => out.push_str(&id_text),
        1 => object(&id_text, None),
        2 => object(&id_text, Some("")),
        3 => object(&format!("\"{id}\""), Some("")),
        4 => out.push_str(&format!("\"{id}\"")),
        _ => object(&id_text, Some(&format!("{}/{target}/{id}", tenant.base))),
    }
}
