//! Reads a table by its column `id`, and calls all that an extractor may call.

wit_bindgen::generate!({ path: "../../../../wit", world: "extractor" });

use std::cell::Cell;

use exports::wmshost::plugin::about::{Description, Guest as About, SettingDescription, SettingKind};
use exports::wmshost::plugin::extraction::{
    Chunk, Guest as Extraction, GuestReader, Method, Offer, Reader, Request, Step,
};
use wmshost::plugin::http::{self, Each, JsonColumn, MemberPath, Parameter, Place, Service};
use wmshost::plugin::source::{Connection, Cursor};
use wmshost::plugin::types::{Bookmark, Column, ColumnType, Dialect, Failure, Position, Value};
use wmshost::plugin::{building, log, settings, state};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        let setting = |name: &str, kind, fallback: &str, choices: &[&str]| SettingDescription {
            name: name.into(),
            kind,
            summary: "A setting of this kind.".into(),
            fallback: Some(fallback.into()),
            choices: choices.iter().map(|choice| (*choice).into()).collect(),
        };
        Description {
            name: "golden-extractor".into(),
            version: "0.1.0".into(),
            summary: "Reads a table by its column id.".into(),
            settings: vec![
                setting("text", SettingKind::Text, "one", &["one", "two"]),
                setting("integer", SettingKind::Integer, "7", &[]),
                setting("number", SettingKind::Number, "0.5", &[]),
                setting("flag", SettingKind::Flag, "true", &[]),
                setting("texts", SettingKind::Texts, "[]", &[]),
            ],
        }
    }
}

/// The settings as the host has them, all of them at once.
fn settings_seen() -> String {
    let seen = ["text", "integer", "number", "flag", "texts", "unknown"].map(|name| match settings::get(name) {
        Some(settings::Setting::Text(text)) => text,
        Some(settings::Setting::Integer(number)) => number.to_string(),
        Some(settings::Setting::Number(number)) => if number == 0.5 { "half" } else { "other" }.into(),
        Some(settings::Setting::Flag(flag)) => flag.to_string(),
        Some(settings::Setting::Texts(texts)) => texts.join("+"),
        None => "none".into(),
    });
    seen.join(" ")
}

/// Reads a page of a web service, of which there is none where a database is granted.
fn page(label: &str) -> Result<u32, Failure> {
    let request = http::Request {
        method: http::Method::Get,
        path: "items/".into(),
        parameters: vec![Parameter { name: "page".into(), value: "1".into() }],
    };
    let response = Service::open(label)?.send(&request)?;
    let columns = [
        JsonColumn { name: "name".into(), kind: ColumnType::Utf8, place: Place::MemberName },
        JsonColumn {
            name: "id".into(),
            kind: ColumnType::Int64,
            place: Place::Path(MemberPath { names: vec!["id".into()], or_bare: true }),
        },
    ];
    let made = response.rows("/items", Each::Member, &columns)?;
    let read = made.rows.row_count() + made.other_members.len() as u32 + made.absent_columns.len() as u32;
    Ok(read + made.count + u32::from(response.facts().status) + response.body(100)?.len() as u32)
}

/// A table being read.
struct Rows {
    cursor: Cursor,
    columns: Vec<Column>,
    expected: u64,
    batch_rows: u32,
    last: Cell<i64>,
}

impl GuestReader for Rows {
    fn schema(&self) -> Vec<Column> {
        self.columns.clone()
    }

    fn key(&self) -> Vec<String> {
        vec!["id".into()]
    }

    fn expected_rows(&self) -> Option<u64> {
        Some(self.expected)
    }

    fn next(&self) -> Result<Step, Failure> {
        let Some(rows) = self.cursor.next(self.batch_rows)? else { return Ok(Step::End(bookmark(self.last.get()))) };
        let ids = rows.read_int64s("id")?.values;
        if rows.row_count() as usize != ids.len() || rows.schema().len() != self.columns.len() {
            return Err(Failure::Permanent("a batch is not what its columns say".into()));
        }
        self.last.set(ids.last().copied().unwrap_or(self.last.get()));
        if let Some(sixth) = ids.iter().position(|id| *id == 6) {
            rows.reject(&[sixth as u32], "golden", "the extractor takes row 6 out")?;
        }
        state::set("rows", Some(self.last.get().to_string().as_bytes()))?;
        state::set("forgotten", None)?;
        Ok(Step::Chunk(Chunk { rows, bookmark: bookmark(self.last.get()) }))
    }
}

fn bookmark(id: i64) -> Bookmark {
    vec![Position { name: "id".into(), value: Value::Int64(id) }]
}

impl Extraction for Plugin {
    type Reader = Rows;

    fn discover(source: String) -> Result<Vec<Offer>, Failure> {
        let connection = Connection::open(&source)?;
        let mut offers = Vec::new();
        for table in connection.tables()? {
            let Some(found) = connection.describe(&table)? else { continue };
            offers.push(Offer { table: found.name, columns: found.columns, key: found.key, change_keys: Vec::new() });
        }
        Ok(offers)
    }

    fn open(request: Request) -> Result<Reader, Failure> {
        let connection = Connection::open(&request.source)?;
        let found = connection.describe(&request.table)?.ok_or(Failure::InvalidConfig("no such table".into()))?;
        if connection.dialect() != Dialect::Sqlite || connection.now()? <= 0 || found.order.iter().any(Result::is_err) {
            return Err(Failure::Permanent("the source is not what it was built for".into()));
        }
        let built = building::make(2)?.row_count();
        if built != 2 || !matches!(page(&request.source), Err(Failure::InvalidConfig(_))) {
            return Err(Failure::Permanent("a batch is not built, or a database is a web service".into()));
        }
        let from = match (request.method, request.bookmark.as_deref()) {
            (Method::Append, Some([Position { value: Value::Int64(id), .. }])) => *id,
            _ => 0,
        };
        let before = state::get("rows").map(|rows| String::from_utf8_lossy(&rows).into_owned());
        let words = format!("settings {}, before {}", settings_seen(), before.as_deref().unwrap_or("nothing"));
        log::write(log::Level::Info, &words);
        let names: Vec<String> = found.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let select = format!("SELECT {} FROM \"{}\" WHERE \"id\" > ?1 ORDER BY \"id\"", names.join(", "), found.name);
        let cursor = connection.query(&select, &[Value::Int64(from)])?;
        Ok(Reader::new(Rows {
            columns: cursor.schema(),
            cursor,
            expected: 7,
            batch_rows: request.batch_rows,
            last: Cell::new(from),
        }))
    }
}

export!(Plugin);
