//! Every type of the contract passes unchanged through models of every kind, on both databases.

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};
use wmshost_flow::model::{Materialization, Model, ModelColumn, Snapshot, Strategy};
use wmshost_flow::{Dialect, Value};
use wmshost_models::{Project, Setup};
use wmshost_sql::ColumnPurpose;

use crate::oracle;
use crate::warehouse::{HOUR, Warehouse, incremental, model, names, reported, setup};

/// Each type with values as literals of SQLite and of Oracle: the ends of its range, and NULL.
fn types(dialect: Dialect) -> Vec<(DataType, Vec<String>)> {
    let micros = TimeUnit::Microsecond;
    let moment = |text: &str| match dialect {
        Dialect::Sqlite => format!("'{text}'"),
        Dialect::Oracle => format!("TIMESTAMP '{text}'"),
    };
    let zoned = |text: &str| match dialect {
        Dialect::Sqlite => format!("'{text}Z'"),
        Dialect::Oracle => format!("TIMESTAMP '{text} +00:00'"),
    };
    let bytes = |hex: &str| match dialect {
        Dialect::Sqlite => format!("x'{hex}'"),
        Dialect::Oracle => format!("HEXTORAW('{hex}')"),
    };
    let date = |text: &str| match dialect {
        Dialect::Sqlite => format!("'{text}'"),
        Dialect::Oracle => format!("TIMESTAMP '{text} 00:00:00'"),
    };
    let plain = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let mut types = vec![
        (DataType::Boolean, plain(&["0", "1"])),
        (DataType::Int64, plain(&["9223372036854775807", "-9223372036854775808", "0"])),
        (DataType::Float64, plain(&["0.1", "-1.5e100", "0"])),
        (DataType::Utf8, plain(&["'a'", "' 0.10'", "'9007199254740993'"])),
        (DataType::Binary, vec![bytes("00ff"), bytes("3132")]),
        (DataType::Date32, vec![date("2026-02-28"), date("1970-01-01")]),
        (DataType::Timestamp(micros, None), vec![moment("2026-02-28 23:59:59.999999")]),
        (DataType::Timestamp(micros, Some(Arc::from("UTC"))), vec![zoned("2026-02-28 23:59:59.000001")]),
    ];
    for precision in [1_u8, 2, 14, 15, 16, 18, 19, 20, 37, 38] {
        for scale in [0_i8, 1, 2, 10, precision as i8].into_iter().filter(|scale| *scale <= precision as i8) {
            types.push((DataType::Decimal128(precision, scale), decimals(dialect, precision, scale)));
        }
    }
    types
}

/// The greatest value, the least, one with all digits and zero, as they are stored.
fn decimals(dialect: Dialect, precision: u8, scale: i8) -> Vec<String> {
    let scale = usize::from(scale.unsigned_abs());
    let digits = |digit: &dyn Fn(usize) -> usize| {
        let all: String = (0..usize::from(precision)).map(|at| digit(at).to_string()).collect();
        let (whole, behind) = all.split_at(all.len() - scale);
        let whole = if whole.is_empty() { "0" } else { whole };
        if scale == 0 { whole.to_owned() } else { format!("{whole}.{behind}") }
    };
    let nines = digits(&|_| 9);
    let counted = digits(&|at| (at + 1) % 9 + 1);
    let zero = if scale == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(scale)) };
    let is_text = dialect == Dialect::Sqlite && precision > 15;
    let stored = |value: String| if is_text { format!("'{value}'") } else { value };
    [nines.clone(), format!("-{nines}"), counted, zero].map(stored).into()
}

fn copies(columns: Vec<ModelColumn>) -> Vec<Model> {
    let list = columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT {list} FROM {{stock}}");
    let changed = format!("{sql} {{when incremental}} WHERE wms_loaded_at > {{watermark}} {{end}}");
    let copy = |name: &str, sql: &str| Model { columns: columns.clone(), ..model(name, &["stock"], &[], sql) };
    let snapshot =
        Snapshot { key: names(&["id"]), check_columns: Vec::new(), updated_at: None, invalidate_deleted: true };
    vec![
        copy("whole", &sql),
        Model { materialization: Materialization::View, ..copy("seen", &sql) },
        incremental(Strategy::Merge(names(&["id"])), None, copy("merged", &changed)),
        incremental(Strategy::Append, None, copy("appended", &changed)),
        Model { materialization: Materialization::Snapshot(snapshot), ..copy("versions", &sql) },
    ]
}

/// The rows of a table, and on SQLite how each cell is stored.
fn rows(warehouse: &Warehouse, dialect: Dialect, columns: &[ModelColumn], table: &str) -> Vec<Vec<Value>> {
    let name = |column: &ModelColumn| match dialect {
        Dialect::Sqlite => format!("{0}, typeof({0})", column.name),
        Dialect::Oracle => column.name.clone(),
    };
    let list = columns.iter().map(name).collect::<Vec<_>>().join(", ");
    let mut sql = warehouse.target.sql().expect("a session");
    let rows = sql.query(&format!("SELECT {list} FROM {table} ORDER BY id"), &[]);
    let mut rows = rows.unwrap_or_else(|failure| panic!("{table}: {failure}"));
    for cell in rows.iter_mut().flatten() {
        // A loaded date is a timestamp at midnight in Oracle, and one of a model a DATE.
        if let Value::Date(day) = cell {
            *cell = Value::Timestamp(i64::from(*day) * 86_400_000_000);
        }
    }
    rows
}

#[test]
fn every_type_goes_through_every_kind_of_model_unchanged() {
    for dialect in [Dialect::Sqlite, Dialect::Oracle] {
        let warehouse = match dialect {
            Dialect::Sqlite => Warehouse::new(),
            Dialect::Oracle => oracle::warehouse().0,
        };
        let types = types(dialect);
        let column = |name: String, kind: &DataType| ModelColumn { name, kind: kind.clone(), summary: String::new() };
        let mut columns = vec![column("id".to_owned(), &DataType::Int64)];
        columns.extend(types.iter().enumerate().map(|(at, (kind, _))| column(format!("c{at}"), kind)));
        let declared = columns.iter().map(|column| {
            let kind = dialect.declared_type(&column.kind, ColumnPurpose::Loaded).expect("a type");
            format!("{} {kind}", column.name)
        });
        let declared = declared.collect::<Vec<_>>().join(", ");
        let text = if dialect == Dialect::Sqlite { "TEXT" } else { "VARCHAR2(128)" };
        warehouse.run_sql("DROP TABLE WMS_STOCK");
        warehouse
            .run_sql(&format!("CREATE TABLE WMS_STOCK ({declared}, wms_run_id {text}, wms_loaded_at TIMESTAMP(6))"));
        let insert = |id: usize, hour: usize| {
            let value =
                |values: &Vec<String>| values.get(id % (values.len() + 1)).cloned().unwrap_or("NULL".to_owned());
            let values = types.iter().map(|(_, values)| value(values)).collect::<Vec<_>>().join(", ");
            let at = format!("2026-01-01 {hour:02}:00:00");
            let at = if dialect == Dialect::Sqlite { format!("'{at}.000000'") } else { format!("TIMESTAMP '{at}'") };
            warehouse.run_sql(&format!("INSERT INTO WMS_STOCK VALUES ({id}, {values}, 'load', {at})"));
        };
        (0..4).for_each(|id| insert(id, 1));
        let models = copies(columns.clone());
        let setup = Setup { dialect, ..setup(models.clone()) };
        let project = Project::new(setup).unwrap_or_else(|wrong| panic!("{}", reported(&wrong)));
        let same = |step: &str| {
            let expected = rows(&warehouse, dialect, &columns, "WMS_STOCK");
            for model in &models {
                let found = rows(&warehouse, dialect, &columns, &model.name.to_uppercase());
                for (expected, found) in expected.iter().zip(&found) {
                    let width = expected.len() / columns.len();
                    for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
                        let kind = &columns[at / width].kind;
                        assert_eq!(found, expected, "{dialect:?}, {step}, {}: {kind}", model.name);
                    }
                }
                assert_eq!(found.len(), expected.len(), "{dialect:?}, {step}, {}", model.name);
            }
        };
        assert!(!warehouse.build(&project).has_failed());
        same("built");
        warehouse.later(HOUR);
        (4..6).for_each(|id| insert(id, 2));
        let report = warehouse.build(&project);
        assert!(!report.has_failed(), "{report:#?}");
        same("built again");
    }
}

/// A value that SQLite computes is a number; stored as a long decimal it gets the text that an equal one has.
#[test]
fn a_long_decimal_that_was_computed_is_stored_as_one_that_was_loaded() {
    let warehouse = Warehouse::new();
    let kind = DataType::Decimal128(20, 2);
    let sums = "SELECT item, SUM(amount) AS amount FROM {stock} GROUP BY item";
    let halves = "SELECT item, SUM(amount) / 2.0 AS amount FROM {stock} GROUP BY item";
    for (name, sql, expected) in [("sums", sums, ["1 30.00", "2 5.00"]), ("halves", halves, ["1 15.00", "2 2.50"])] {
        let mut model = model(name, &["stock"], &["item", "amount"], sql);
        model.columns[1].kind = kind.clone();
        for models in [
            vec![model.clone()],
            vec![incremental(Strategy::Merge(names(&["item"])), None, Model { name: format!("{name}_m"), ..model })],
        ] {
            let table = models[0].name.to_uppercase();
            assert!(!warehouse.build(&crate::warehouse::project(models)).has_failed());
            let found = warehouse.rows(&format!("SELECT item, amount FROM {table} ORDER BY item"));
            assert_eq!(found, expected, "{table}");
        }
    }
}
