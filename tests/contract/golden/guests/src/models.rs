//! Declares two models over the stream `merged`, with all that a declaration has.

wit_bindgen::generate!({ path: "../../../../wit", world: "models" });

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::modelling::{
    Allowed, Assertion, Bounds, Declaration, Exposure, Fixture, Freshness, Goal, Guest as Modelling, Layer,
    Materialization, Metric, Model, ModelColumn, Range, Reference, Rows, Severity, SourceTable, Storage, Test,
    Threshold, UnitTest,
};
use wmshost::plugin::types::{ColumnType, Dialect, Failure, Value};
use wmshost::plugin::{log, settings};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        Description {
            name: "golden-models".into(),
            version: "0.1.0".into(),
            summary: "Declares two models over a stream.".into(),
            settings: Vec::new(),
        }
    }
}

fn column(name: &str, kind: ColumnType) -> ModelColumn {
    ModelColumn { name: name.into(), kind, summary: "A column.".into() }
}

fn test(name: &str, assertion: Assertion) -> Test {
    Test {
        name: name.into(),
        assertion,
        severity: Severity::Error,
        only_where: None,
        warn_if: Threshold::Rows(0),
        error_if: Threshold::Percent(0.0),
        summary: "Holds of every row.".into(),
    }
}

fn model(name: &str, layer: Layer, materialization: Materialization, reads: &str, statement: &str) -> Model {
    Model {
        name: name.into(),
        layer,
        materialization,
        depends_on: vec![reads.into()],
        statement: statement.into(),
        columns: Vec::new(),
        tests: Vec::new(),
        unit_tests: Vec::new(),
        storage: Storage { indexes: Vec::new(), partition: None, statistics: false },
        freshness: None,
        summary: "A model.".into(),
        tags: vec!["golden".into()],
        owner: Some("nobody".into()),
    }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).into()).collect()
}

/// Numbers between these, and one that moves by no more than half.
fn between(least: f64, most: f64) -> Bounds {
    Bounds { least: Some(least), most: Some(most), most_fall: None, most_rise: None }
}

fn per_day() -> Model {
    let statement = "SELECT day, SUM(amount) AS amount, COUNT(*) AS parts FROM {stg_merged} GROUP BY day";
    let rows = |columns: &[&str], rows| Rows { columns: strings(columns), rows };
    let day = || Value::Text("2026-01-05".into());
    let given = rows(
        &["id", "day", "amount"],
        vec![
            vec![Value::Int64(1), day(), Value::Decimal("1.50".into())],
            vec![Value::Int64(2), day(), Value::Decimal("2.00".into())],
        ],
    );
    let expected = rows(&["day", "amount", "parts"], vec![vec![day(), Value::Decimal("3.50".into()), Value::Int64(2)]]);
    Model {
        columns: vec![
            column("day", ColumnType::Date),
            column("amount", ColumnType::Float64),
            column("parts", ColumnType::Int64),
        ],
        tests: vec![
            test("day_unique", Assertion::Unique(strings(&["day"]))),
            test(
                "parts_range",
                Assertion::Range(Range { column: "parts".into(), least: Some(Value::Int64(1)), most: None }),
            ),
            test("parts_positive", Assertion::Expression("parts > 0".into())),
            test("some_rows", Assertion::RowCount(between(1.0, 100.0))),
        ],
        unit_tests: vec![UnitTest {
            name: "a day is one row".into(),
            given: vec![Fixture { name: "stg_merged".into(), rows: given }],
            now: None,
            variables: Vec::new(),
            watermark: None,
            expected,
        }],
        ..model("per_day", Layer::Mart, Materialization::Table, "stg_merged", statement)
    }
}

impl Modelling for Plugin {
    fn declare(dialect: Dialect) -> Result<Declaration, Failure> {
        if dialect != Dialect::Sqlite || settings::get("unknown").is_some() {
            return Err(Failure::InvalidConfig("not what it was built for".into()));
        }
        log::write(log::Level::Info, "declares");
        let id = || column("id", ColumnType::Int64);
        let staging = Model {
            columns: vec![id(), column("day", ColumnType::Date), column("amount", ColumnType::Float64)],
            tests: vec![
                test("id_not_null", Assertion::NotNull(strings(&["id"]))),
                test(
                    "id_known",
                    Assertion::Relationship(Reference {
                        column: "id".into(),
                        to: "merged".into(),
                        to_column: "id".into(),
                    }),
                ),
            ],
            ..model(
                "stg_merged",
                Layer::Staging,
                Materialization::View,
                "merged",
                "SELECT id, day, amount FROM {merged}",
            )
        };
        let values = vec![Value::Text("small".into()), Value::Text("big".into())];
        Ok(Declaration {
            models: vec![staging, per_day()],
            sources: vec![SourceTable {
                name: "merged".into(),
                summary: "What was loaded.".into(),
                columns: vec![id(), column("size", ColumnType::Utf8)],
                tests: vec![test("size_known", Assertion::AcceptedValues(Allowed { column: "size".into(), values }))],
                freshness: Some(Freshness { warn_after: Some(1 << 30), error_after: None, by: None }),
                tags: Vec::new(),
                owner: None,
            }],
            metrics: vec![Metric {
                name: "parts".into(),
                summary: "How many parts a day has.".into(),
                model: "per_day".into(),
                day: "day".into(),
                column: "parts".into(),
                unit: "parts".into(),
                goal: Some(Goal::AtLeast(1.0)),
            }],
            exposures: vec![Exposure {
                name: "nobody_s_report".into(),
                summary: "A report.".into(),
                depends_on: strings(&["per_day"]),
                owner: None,
                url: None,
            }],
        })
    }
}

export!(Plugin);
