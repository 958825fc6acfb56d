//! Builds the models in order over the tables of a database: views as views, all others as tables, incremental ones by
//! their changes. The contract, `wit/models.wit`, defines the placeholders.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use wmshost_models_wms_marts::WmsMarts;
use wmshost_plugin::contract::modelling::{Declaration, Materialization, Model, ModelColumn, Strategy};
use wmshost_plugin::contract::types::{ColumnType, Value};
use wmshost_plugin::{Models, Setting, Settings, Sql};

use crate::cell::{Cell, Row};
use crate::moment::{date_text, moment_text};

/// The plugin's declaration.
pub(crate) fn declared(settings: &[(&str, Setting)], sql: Sql) -> Declaration {
    let settings = Settings::given(&WmsMarts::describe(), settings);
    WmsMarts::declare(&settings, sql).expect("a declaration").into()
}

/// The settings of a warehouse in Oracle WMS Cloud.
pub(crate) fn cloud_settings() -> Vec<(&'static str, Setting)> {
    let texts = |texts: &[&str]| Setting::Texts(texts.iter().map(|text| (*text).to_owned()).collect());
    let words = ["priority:9=URGENT", "order_type:Rush=EXPRESS"];
    let offsets = ["-02:00", "2026-02-22 02:00:00 -03:00"];
    vec![
        ("source", Setting::Text("cloud".to_owned())),
        ("words", texts(&words)),
        ("utc_offsets", texts(&offsets)),
        ("soft_deletes", texts(&["allocation", "order_dtl", "item"])),
    ]
}

/// The time of a build, and the inputs it sees as new.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// Now, in microseconds.
    pub(crate) now: i64,
    /// An incremental build sees rows loaded after this as new.
    pub(crate) watermark: Option<i64>,
}

/// The tables that placeholders name.
pub(crate) type Relations = HashMap<String, String>;

/// The names of the streams' tables.
pub(crate) fn streams() -> Relations {
    let tables = ["allocation", "order_hdr", "order_dtl", "item_master", "location", "receipt"];
    let entities = ["item", "inventory", "allocation_status", "order_status", "order_type", "location_type", "uom"];
    let streams = tables.into_iter().chain(entities);
    streams.map(|stream| (stream.to_owned(), format!("WMS_{}", stream.to_uppercase()))).collect()
}

/// Builds all models.
pub(crate) fn build_all(database: &Connection, declaration: &Declaration, moment: &Moment) {
    let mut relations = streams();
    for model in &declaration.models {
        build(database, model, &mut relations, moment);
    }
}

/// Builds one model, and enters it into the relations.
pub(crate) fn build(database: &Connection, model: &Model, relations: &mut Relations, moment: &Moment) {
    let table = model.name.to_uppercase();
    for name in &model.depends_on {
        assert!(relations.contains_key(name), "{} reads {name}, which is not there before it", model.name);
    }
    relations.insert("this".to_owned(), table.clone());
    let statement = |incremental| render(&model.statement, relations, moment, incremental);
    match &model.materialization {
        Materialization::Ephemeral => {
            let inlined = format!("({})", statement(false));
            relations.insert(model.name.clone(), inlined);
            return;
        }
        Materialization::View => {
            let view = format!("DROP VIEW IF EXISTS {table}; CREATE VIEW {table} AS {}", statement(false));
            execute(database, &view);
        }
        Materialization::Incremental(increment) if moment.watermark.is_some() => {
            let Strategy::Replace(windows) = &increment.strategy else { panic!("windows are replaced here") };
            let changes = render(increment.changes.as_deref().expect("changes"), relations, moment, true);
            execute(database, &format!("DROP TABLE IF EXISTS temp.changes; CREATE TEMP TABLE changes AS {changes}"));
            let rows = format!("CREATE TEMP TABLE fresh AS {}", statement(true));
            execute(database, &format!("DROP TABLE IF EXISTS temp.fresh; {rows}"));
            let windows = windows.join(", ");
            let replaced = format!("FROM {table} WHERE ({windows}) IN (SELECT {windows} FROM temp.changes)");
            let former = format!("INSERT INTO WAS_{table} SELECT *, '{}' {replaced}", moment_text(moment.now));
            execute(database, &format!("{former}; DELETE {replaced}"));
            insert(database, model, &table, "temp.fresh", moment.now);
        }
        Materialization::Table | Materialization::Incremental(_) => {
            let columns: Vec<_> = model.columns.iter().map(declared_column).collect();
            execute(
                database,
                &format!(
                    "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({}, wms_run_id TEXT, wms_loaded_at TIMESTAMP(6));
                     DROP TABLE IF EXISTS WAS_{table}; CREATE TABLE WAS_{table} AS SELECT *, '' AS wms_replaced_at FROM {table}",
                    columns.join(", ")
                ),
            );
            insert(database, model, &table, &format!("({})", statement(false)), moment.now);
            for (at, columns) in model.storage.indexes.iter().enumerate() {
                execute(database, &format!("CREATE INDEX {table}_{at} ON {table} ({})", columns.join(", ")));
            }
        }
        Materialization::Snapshot(_) => panic!("no model is a snapshot"),
    }
    relations.insert(model.name.clone(), table);
}

fn insert(database: &Connection, model: &Model, table: &str, rows: &str, now: i64) {
    let names: Vec<_> = model.columns.iter().map(|column| column.name.as_str()).collect();
    let names = names.join(", ");
    let now = moment_text(now);
    execute(
        database,
        &format!("INSERT INTO {table} ({names}, wms_run_id, wms_loaded_at) SELECT {names}, 'run', '{now}' FROM {rows}"),
    );
}

fn declared_column(column: &ModelColumn) -> String {
    let kind = match column.kind {
        ColumnType::Boolean => "BOOLEAN".to_owned(),
        ColumnType::Int64 => "INTEGER".to_owned(),
        ColumnType::Float64 => "DOUBLE".to_owned(),
        ColumnType::Decimal(kind) => format!("DECIMAL({},{})", kind.precision, kind.scale),
        ColumnType::Date => "DATE_ONLY".to_owned(),
        ColumnType::Timestamp(_) => "TIMESTAMP(6)".to_owned(),
        ColumnType::Utf8 => "TEXT".to_owned(),
        ColumnType::Binary => panic!("no model has binary columns"),
    };
    format!("{} {kind}", column.name)
}

/// Runs statements.
pub(crate) fn execute(database: &Connection, sql: &str) {
    database.execute_batch(sql).unwrap_or_else(|error| panic!("{error} in\n{sql}"));
}

/// The rows of a SELECT.
pub(crate) fn select(database: &Connection, sql: &str) -> Vec<Row> {
    let mut statement = database.prepare(sql).unwrap_or_else(|error| panic!("{error} in\n{sql}"));
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Row> {
        let cell = |(at, name): (usize, &String)| Ok((name.clone(), Cell::from(row.get::<_, Stored>(at)?)));
        names.iter().enumerate().map(cell).collect()
    };
    let rows = statement.query_map([], row).expect("rows").collect::<Result<_, _>>();
    rows.unwrap_or_else(|error| panic!("{error} in\n{sql}"))
}

/// The rows of a model, in the columns that it declares.
pub(crate) fn rows_of(database: &Connection, model: &Model) -> Vec<Row> {
    let names: Vec<_> = model.columns.iter().map(|column| column.name.as_str()).collect();
    select(database, &format!("SELECT {} FROM {}", names.join(", "), model.name.to_uppercase()))
}

/// A statement with its placeholders replaced.
pub(crate) fn render(sql: &str, relations: &Relations, moment: &Moment, incremental: bool) -> String {
    let mut rendered = String::new();
    let mut rest = sql;
    while let Some((before, behind)) = rest.split_once('{') {
        rendered.push_str(before);
        let (name, behind) = behind.split_once('}').expect("a placeholder ends");
        rest = behind;
        match name {
            "when incremental" | "when full" => {
                let (inner, behind) = behind.split_once("{end}").expect("a section ends");
                rest = behind;
                if incremental == (name == "when incremental") {
                    rendered.push_str(&render(inner, relations, moment, incremental));
                }
            }
            "now" => rendered.push_str(&format!("'{}'", moment_text(moment.now))),
            "today" => rendered.push_str(&format!("'{}'", date_text(moment.now.div_euclid(crate::moment::DAY)))),
            "changes" => rendered.push_str("temp.changes"),
            "built_today" => {
                rendered.push_str(&format!("'{}'", date_text(seen(moment).div_euclid(crate::moment::DAY))))
            }
            name => match name.split_once(':') {
                Some(("watermark", _)) => rendered.push_str(&format!("'{}'", moment_text(seen(moment)))),
                Some(("before", name)) => rendered.push_str(&former(relation(name, relations), moment)),
                _ => rendered.push_str(relation(name, relations)),
            },
        }
    }
    rendered + rest
}

fn relation<'r>(name: &str, relations: &'r Relations) -> &'r str {
    relations.get(name).unwrap_or_else(|| panic!("{name} has no table"))
}

/// The time up to which the last build saw its inputs.
fn seen(moment: &Moment) -> i64 {
    moment.watermark.expect("only incremental builds look back")
}

/// The before images of a table: rows that the last build saw and that no longer exist.
fn former(table: &str, moment: &Moment) -> String {
    let seen = moment_text(seen(moment));
    format!("(SELECT * FROM WAS_{table} WHERE wms_replaced_at > '{seen}' AND wms_loaded_at <= '{seen}')")
}

/// A value of the contract as SQLite stores it.
pub(crate) fn stored(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Boolean(value) => Stored::Integer(i64::from(*value)),
        Value::Int64(value) => Stored::Integer(*value),
        Value::Float64(value) => Stored::Real(*value),
        Value::Decimal(text) => Stored::Real(text.parse().expect("a number")),
        Value::Text(text) => Stored::Text(text.clone()),
        Value::Binary(bytes) => Stored::Blob(bytes.clone()),
        Value::Date(days) => Stored::Text(date_text(i64::from(*days))),
        Value::Timestamp(micros) => Stored::Text(moment_text(*micros)),
    }
}
