//! Parts of tables: columns and rows that are granted, masks, and what no statement gets out of the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};
use wmshost_flow::{
    Batch, ColumnReading, ColumnRule, ColumnRules, FailureKind, Mask, MaskKey, SourceForm, SourceGrant, SourceSession,
    TableGrant, Value, row_as_json,
};

use crate::statements::{Names, Statements};
use crate::warehouse::{Warehouse, grant, read_all, refusal};

/// A table of which columns, rows and values are withheld, and one that is not granted at all; `secret` is in all of what
/// no plugin may see.
fn warehouse(secret: &str) -> Warehouse {
    Warehouse::new(&format!(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, cost TEXT, phone TEXT, email TEXT, born TEXT, seen TIMESTAMP, \
         site TEXT);
         CREATE INDEX by_cost ON orders (cost);
         INSERT INTO orders VALUES (1, 'one', '{secret}1', '+49 30 1234', 'a@x', '1990-05-17', '2026-02-17T12:30:00', 'W1'),
             (2, 'two', '{secret}2', '55', 'b@x', '1991-06-18', '2026-02-18 00:00:00', 'W1'),
             (3, 'three', '{secret}3', NULL, 'a@x', NULL, NULL, 'W1'),
             (4, '{secret}4', '{secret}5', '{secret}', '{secret}', '2000-01-01', NULL, 'W2');
         CREATE TABLE vault (id INTEGER PRIMARY KEY, cost TEXT);
         INSERT INTO vault VALUES (1, '{secret}6'), (7, '{secret}7');
         CREATE VIEW open_costs AS SELECT id, name FROM orders;"
    ))
}

fn masked(mask: Mask) -> ColumnRule {
    ColumnRule::Read(ColumnReading { mask: Some(mask), ..ColumnReading::default() })
}

fn narrow() -> SourceGrant {
    let part =
        TableGrant { except: vec!["co*".to_owned()], rows: Some("site = 'W1'".to_owned()), ..TableGrant::whole() };
    let born = ColumnReading { kind: Some(DataType::Date32), mask: Some(Mask::Month), ..ColumnReading::default() };
    let rules = ColumnRules::from([
        ("phone".to_owned(), masked(Mask::LastFour)),
        ("email".to_owned(), masked(Mask::Hash)),
        ("site".to_owned(), masked(Mask::Null)),
        ("seen".to_owned(), masked(Mask::Month)),
        ("born".to_owned(), ColumnRule::Read(born)),
    ]);
    SourceGrant {
        narrowed: BTreeMap::from([("Orders".to_owned(), part)]),
        columns: BTreeMap::from([("orders".to_owned(), rules)]),
        mask_key: Some(MaskKey::of("a secret")),
        ..grant(&["orders"])
    }
}

fn session(warehouse: &Warehouse, grant: &SourceGrant) -> Box<dyn SourceSession> {
    warehouse.source().session(grant).expect("a session")
}

fn add(warehouse: &Warehouse, statement: &str) {
    let connection = rusqlite::Connection::open(warehouse.source_path()).expect("the source");
    connection.execute_batch(statement).expect("added");
}

fn rows(batch: &Batch) -> Vec<String> {
    (0..batch.rows.num_rows()).map(|row| row_as_json(&batch.rows, row)).collect()
}

#[test]
fn columns_rows_and_values_are_withheld() {
    let warehouse = warehouse("hush");
    let mut reader = session(&warehouse, &narrow());
    let described = reader.describe("orders").expect("granted").expect("there");
    let names: Vec<_> = described.columns.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name", "phone", "email", "born", "seen", "site"]);
    assert_eq!(described.columns.field(5).data_type(), &DataType::Timestamp(TimeUnit::Microsecond, None));
    assert!(described.order_of("email").expect_err("no order").contains("it is masked by hash"));
    let batch = read_all(reader.as_mut(), "SELECT * FROM orders ORDER BY id", &[]);
    let hash = |text: &str| MaskKey::of("a secret").hash(text.as_bytes());
    let (a, b) = (hash("a@x"), hash("b@x"));
    assert_eq!(
        rows(&batch),
        [
            format!(
                r#"{{"id":1,"name":"one","phone":"****1234","email":"{a}","born":"1990-05-01","seen":"2026-02-01 00:00:00.000000","site":null}}"#
            ),
            format!(
                r#"{{"id":2,"name":"two","phone":"****","email":"{b}","born":"1991-06-01","seen":"2026-02-01 00:00:00.000000","site":null}}"#
            ),
            format!(r#"{{"id":3,"name":"three","phone":null,"email":"{a}","born":null,"seen":null,"site":null}}"#),
        ]
    );
    assert!(a != b && batch.rejected.is_empty());
    for (condition, expected) in
        [("site = 'W1'", 0), ("site IS NULL", 3), ("phone LIKE '%30%'", 0), ("email = 'a@x'", 0), ("id = 4", 0)]
    {
        let found = read_all(reader.as_mut(), &format!("SELECT id FROM orders WHERE {condition}"), &[]);
        assert_eq!(found.rows.num_rows(), expected, "{condition}");
    }
    assert_eq!(rows(&read_all(reader.as_mut(), "SELECT count(*) AS n FROM orders", &[])), [r#"{"n":3}"#]);
}

#[test]
fn what_is_not_granted_is_denied_and_what_is_not_there_is_unknown() {
    let warehouse = warehouse("hush");
    let mut reader = session(&warehouse, &narrow());
    for (statement, kind, words) in [
        ("SELECT cost FROM orders", FailureKind::Denied, "the column cost of the table orders is not granted"),
        ("SELECT o.COST FROM orders o", FailureKind::Denied, "the column cost of the table orders is not granted"),
        ("SELECT \"cost\" FROM orders", FailureKind::Denied, "the column cost of the table orders is not granted"),
        ("SELECT id FROM orders WHERE cost > 'h'", FailureKind::Denied, "the column cost"),
        ("SELECT id FROM main.orders", FailureKind::Denied, "granted in part"),
        ("SELECT count(*) FROM main.orders", FailureKind::Denied, "granted in part"),
        ("SELECT 1 FROM main.orders", FailureKind::Denied, "granted in part"),
        ("SELECT id FROM orders WHERE id IN main.orders", FailureKind::Denied, "granted in part"),
        (
            "WITH orders AS (SELECT cost FROM main.orders) SELECT cost FROM orders",
            FailureKind::Denied,
            "granted in part",
        ),
        ("SELECT * FROM vault", FailureKind::Denied, "the table vault is not granted"),
        ("SELECT * FROM open_costs", FailureKind::Denied, "granted in part; open_costs reads it"),
        ("SELECT name FROM temp.sqlite_schema", FailureKind::Denied, "sqlite_"),
        ("SELECT wms_mask_hash('a@x') AS h FROM orders", FailureKind::Denied, "wms_mask_hash"),
        (
            "WITH orders AS (SELECT wms_mask_hash('a@x') AS h) SELECT h FROM orders",
            FailureKind::Denied,
            "wms_mask_hash",
        ),
        ("SELECT randomblob(3) AS r FROM orders", FailureKind::Denied, "randomblob"),
        ("SELECT unknown FROM orders", FailureKind::Permanent, "no such column"),
        ("SELECT * FROM nowhere", FailureKind::Permanent, "no such table"),
    ] {
        let failure = refusal(reader.as_mut(), statement);
        assert_eq!(failure.kind, kind, "{statement}: {failure}");
        let text = failure.to_string();
        assert!(
            text.contains(words) && !text.contains("wmshost_scan") && !text.contains("hush"),
            "{statement}: {text}"
        );
    }
}

#[test]
fn an_error_shows_no_value_of_a_row_that_is_withheld() {
    let warehouse = warehouse("hush");
    add(&warehouse, "CREATE INDEX by_name ON orders (name)");
    let mut reader = session(&warehouse, &narrow());
    let probe = "SELECT id FROM orders WHERE name > '' \
                 AND abs(CASE WHEN name = 'hush4' THEN -9223372036854775807 - 1 ELSE 1 END) = 1";
    assert_eq!(read_all(reader.as_mut(), probe, &[]).rows.num_rows(), 3);
}

#[test]
fn a_view_that_is_granted_in_part_is_not_counted_as_a_whole() {
    let warehouse = warehouse("hush");
    add(&warehouse, "CREATE VIEW names AS SELECT DISTINCT name, site FROM orders");
    let part = TableGrant { rows: Some("site = 'W1'".to_owned()), ..TableGrant::whole() };
    let narrowed = BTreeMap::from([("names".to_owned(), part)]);
    let mut reader = session(&warehouse, &SourceGrant { narrowed, ..grant(&["names"]) });
    assert_eq!(rows(&read_all(reader.as_mut(), "SELECT count(*) AS n FROM names", &[])), [r#"{"n":3}"#]);
    for table in ["main.names", "\"main\".names", "[main] . [names]"] {
        let failure = refusal(reader.as_mut(), &format!("SELECT count(*) AS n FROM {table}"));
        assert_eq!(failure.kind, FailureKind::Denied, "{table}: {failure}");
    }
}

#[test]
fn a_grant_that_cannot_hold_is_refused() {
    let warehouse = warehouse("hush");
    let with = |rows: &str| {
        let mut grant = narrow();
        for part in grant.narrowed.values_mut() {
            part.rows = Some(rows.to_owned());
        }
        grant
    };
    let mut keyless = narrow();
    keyless.narrowed.values_mut().for_each(|part| part.except = vec!["id".to_owned()]);
    let mut wrong = narrow();
    wrong.columns.insert("orders".to_owned(), [("name".to_owned(), masked(Mask::Month))].into());
    for (grant, words) in [
        (with("site = 'W1') OR (1 = 1"), "more than one condition"),
        (with("id IN (SELECT id FROM vault)"), "a query in it"),
        (with("nowhere = 1"), "no such column: nowhere"),
        (keyless, "id is part of the primary key"),
        (wrong, "column name is utf8 and has no month"),
    ] {
        let mut reader = session(&warehouse, &grant);
        let failure = reader.describe("orders").expect_err(words).to_string();
        assert!(failure.contains(words), "{words}: {failure}");
        // A table that cannot be described as it is granted cannot be read either.
        let failure = refusal(reader.as_mut(), "SELECT id FROM orders");
        assert_eq!(failure.kind, FailureKind::Denied, "{words}: {failure}");
    }
}

#[test]
fn patterns_grant_the_tables_that_are_there() {
    let warehouse = warehouse("hush");
    let mut reader = session(&warehouse, &grant(&["o*"]));
    assert_eq!(reader.tables().expect("names"), ["orders", "open_costs"]);
    assert_eq!(refusal(reader.as_mut(), "SELECT * FROM vault").kind, FailureKind::Denied);
    assert_eq!(read_all(reader.as_mut(), "SELECT name FROM orders", &[]).rows.num_rows(), 4);
}

#[test]
fn a_connection_forgets_the_grants_of_an_earlier_session() {
    let warehouse = warehouse("hush");
    let source = warehouse.source();
    for _ in 0..3 {
        let mut reader = source.session(&narrow()).expect("a session");
        assert_eq!(read_all(reader.as_mut(), "SELECT id FROM orders", &[]).rows.num_rows(), 3);
        let mut other = source.session(&grant(&["orders"])).expect("a session");
        assert_eq!(read_all(other.as_mut(), "SELECT cost FROM orders", &[]).rows.num_rows(), 4);
    }
}

#[test]
fn a_keyset_read_of_a_part_uses_the_index() {
    let warehouse = warehouse("hush");
    let mut reader = session(&warehouse, &narrow());
    let statement = "SELECT id, name, email FROM orders WHERE id > ?1 ORDER BY id LIMIT 1";
    let batch = read_all(reader.as_mut(), statement, &[Value::Int64(1)]);
    assert_eq!(batch.rows.num_rows(), 1);
    let form = ColumnReading { form: Some(SourceForm::IsoUtc), mask: Some(Mask::Month), ..ColumnReading::default() };
    let rules = ColumnRules::from([("seen".to_owned(), ColumnRule::Read(form))]);
    let grant = SourceGrant { columns: [("orders".to_owned(), rules)].into(), ..grant(&["orders"]) };
    let mut reader = session(&warehouse, &grant);
    let batch = read_all(reader.as_mut(), "SELECT seen FROM orders WHERE id = 1", &[]);
    assert_eq!(rows(&batch), [r#"{"seen":"2026-02-01 00:00:00.000000Z"}"#]);
    assert_eq!(
        batch.rows.schema().field(0).data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
    );
}

const NAMES: Names = Names {
    granted: &["orders", "\"orders\"", "[orders]", "main.orders", "temp.orders", "ORDERS"],
    denied: &[
        "vault",
        "main.vault",
        "open_costs",
        "sqlite_schema",
        "temp.sqlite_schema",
        "pragma_table_info('orders')",
    ],
    open: &["id", "name", "phone", "email", "site", "born", "seen", "c0"],
    hidden: &["cost", "o.cost", "y.cost", "\"cost\"", "orders.cost", "main.orders.cost", "rowid", "oid", "n"],
    calls: &["upper({})", "length({})", "max({})", "wms_text({})", "wms_mask_hash({})", "json_array({})", "hex({})"],
    is_sqlite: true,
};

/// The answer to a statement, or the reason why it fails, does not depend on anything that is withheld: not one bit of it
/// gets out.
#[test]
fn no_statement_of_the_grammar_depends_on_what_is_withheld() {
    let warehouses = [warehouse("hush"), warehouse("zz9")];
    let mut readers = warehouses.each_ref().map(|warehouse| session(warehouse, &narrow()));
    let mut statements = Statements::new(&NAMES, 17);
    let (mut answered, mut denied) = (0, 0);
    for _ in 0..4_000 {
        let statement = statements.next();
        let [one, other] = readers.each_mut().map(|reader| match reader.query(&statement, &[]) {
            Ok(mut cursor) => match cursor.next(1_000) {
                Ok(batch) => {
                    batch.map_or_else(String::new, |batch| format!("{:?} {:?}", rows(&batch), batch.rejected.len()))
                }
                Err(failure) => failure.to_string(),
            },
            Err(failure) => {
                denied += usize::from(failure.kind == FailureKind::Denied);
                failure.to_string()
            }
        });
        assert_eq!(one, other, "{statement}");
        assert!(!one.contains("hush") && !one.contains("wmshost_scan"), "{statement}: {one}");
        answered += usize::from(one.starts_with('['));
    }
    assert!(answered > 300 && denied > 400, "{answered} of 4000 statements were answered, {denied} of 8000 denied");
}
