//! Access that is not granted is impossible.

use std::time::Duration;

use wmshost_databases::sqlite;
use wmshost_flow::{FailureKind, StatementLimit};

use crate::warehouse::{Warehouse, read_all, refusal};

const SCHEMA: &str = "
    CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT);
    CREATE TABLE secret (id INTEGER PRIMARY KEY, s TEXT);
    CREATE VIEW open_view AS SELECT a.id, secret.s FROM a JOIN secret USING (id);
    CREATE VIEW outer_view AS SELECT * FROM open_view;
    CREATE VIEW hidden_view AS SELECT * FROM secret;
    CREATE VIEW number_view AS SELECT id FROM secret;
    INSERT INTO a VALUES (1, 'x'), (2, 'y');
    INSERT INTO secret VALUES (1, 'hush');";

#[test]
fn what_is_no_select_of_granted_tables_is_denied() {
    let warehouse = Warehouse::new(SCHEMA);
    let mut reader = warehouse.reader(&["A", "open_view", "number_view"]);
    for (statement, words) in [
        ("INSERT INTO a VALUES (3, 'z')", "not INSERT"),
        ("UPDATE a SET v = 'z'", "not UPDATE"),
        ("DELETE FROM a", "not DELETE"),
        ("CREATE TABLE b (id)", "not "),
        ("CREATE TEMP TABLE b (id)", "not "),
        ("CREATE VIRTUAL TABLE b USING fts5(x)", "not "),
        ("DROP TABLE a", "not "),
        ("ALTER TABLE a ADD COLUMN b", "not "),
        ("ATTACH 'other.db' AS other", "not ATTACH"),
        ("DETACH main", "not DETACH"),
        ("PRAGMA query_only = OFF", "PRAGMA query_only"),
        ("PRAGMA table_info(a)", "PRAGMA"),
        ("VACUUM", ""),
        ("BEGIN", "a transaction"),
        ("COMMIT", "a transaction"),
        ("ROLLBACK", "a transaction"),
        ("SAVEPOINT s", "a transaction"),
        ("ANALYZE", ""),
        ("REINDEX", ""),
        ("EXPLAIN SELECT * FROM a", "only SELECT"),
        ("EXPLAIN QUERY PLAN SELECT * FROM a", "only SELECT"),
        ("WITH x AS (SELECT 1) INSERT INTO a SELECT 1, 2 FROM x", "not INSERT"),
        ("SELECT * FROM secret", "secret"),
        ("SELECT count(*) FROM secret", "secret"),
        ("SELECT 1 FROM secret", "secret"),
        ("SELECT rowid FROM [secret]", "secret"),
        ("SELECT count(*) FROM 'SECRET'", "SECRET is not granted"),
        ("SELECT count(*) FROM/**/main.\"secret\"", "secret"),
        ("SELECT count(*) FROM number_view, secret", "secret"),
        ("SELECT id FROM number_view WHERE EXISTS (SELECT 1 FROM hidden_view)", "secret"),
        ("WITH x AS (SELECT id FROM secret) SELECT count(*) FROM x", "secret"),
        ("SELECT count(*) FROM outer_view", "is not granted"),
        ("SELECT 1 FROM a, secret", "secret"),
        ("SELECT a.v FROM a WHERE id IN (SELECT id FROM secret)", "secret"),
        ("SELECT (SELECT s FROM secret) AS s FROM a", "secret"),
        ("SELECT a.v FROM a WHERE EXISTS (SELECT 1 FROM secret)", "secret"),
        ("SELECT v FROM a UNION SELECT s FROM secret", "secret"),
        ("SELECT v FROM a ORDER BY (SELECT s FROM secret)", "secret"),
        ("WITH a AS (SELECT s AS v FROM secret) SELECT v FROM a", "secret"),
        ("WITH open_view AS (SELECT s FROM secret) SELECT s FROM open_view", "secret"),
        ("WITH open_view AS (SELECT s FROM secret) SELECT count(*) FROM open_view", "secret"),
        ("WITH x AS (SELECT s FROM secret) SELECT count(*) FROM x", "secret"),
        ("SELECT * FROM (SELECT * FROM (SELECT s FROM secret))", "secret"),
        ("SELECT * FROM hidden_view", "secret is not granted; hidden_view reads it"),
        ("SELECT count(*) FROM hidden_view", "secret is not granted"),
        ("SELECT * FROM outer_view", "is not granted"),
        ("SELECT * FROM sqlite_schema", "sqlite_"),
        ("SELECT sql FROM sqlite_master", "sqlite_master"),
        ("SELECT * FROM temp.sqlite_schema", "sqlite_"),
        ("SELECT * FROM pragma_table_info('secret')", "pragma_table_info"),
        ("SELECT count(*) FROM pragma_database_list", "pragma_database_list"),
        ("SELECT * FROM dbstat", "dbstat"),
        ("SELECT * FROM json_each('[1]')", "json_each"),
        ("SELECT load_extension('x')", "load_extension"),
        ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer"),
        ("SELECT v FROM a; SELECT s FROM secret", "one statement"),
        ("SELECT v FROM a; DROP TABLE a", "one statement"),
        ("SELECT v FROM a; nonsense", "one statement"),
    ] {
        let failure = refusal(reader.as_mut(), statement);
        assert_eq!(failure.kind, FailureKind::Denied, "{statement}: {failure}");
        assert!(failure.to_string().contains(words), "{statement}: {failure}");
        assert!(!failure.to_string().contains("hush"), "{statement}: {failure}");
    }
}

#[test]
fn what_only_reads_granted_tables_is_allowed() {
    let warehouse = Warehouse::new(SCHEMA);
    let mut reader = warehouse.reader(&["A", "open_view", "number_view"]);
    for (statement, rows) in [
        ("SELECT * FROM a", 2),
        ("SELECT * FROM A;", 2),
        ("SELECT v FROM a -- the end", 2),
        ("SELECT v FROM a; /* nothing */ ; -- more", 2),
        ("SELECT rowid FROM main.a", 2),
        ("SELECT count(*) AS n FROM a", 1),
        ("SELECT x.v FROM a AS x JOIN a AS y USING (id) WHERE y.v > 'x'", 1),
        ("WITH x AS (SELECT id, v FROM a) SELECT count(id) AS n FROM x", 1),
        ("SELECT v, row_number() OVER (ORDER BY id DESC) AS n FROM a", 2),
        ("SELECT upper(v) AS u, coalesce(v, '') AS w, json_extract('[1]', '$[0]') AS j FROM a", 2),
        ("SELECT v FROM a WHERE v LIKE 'x%' OR id IN (SELECT max(id) FROM a)", 2),
        ("SELECT s FROM open_view", 1),
        ("SELECT count(s) AS n FROM open_view", 1),
        ("SELECT count(*) AS n FROM open_view", 1),
        ("SELECT id FROM number_view ORDER BY id", 1),
        ("SELECT a.v FROM a JOIN number_view USING (id)", 1),
        ("VALUES (1), (2)", 2),
        ("SELECT 1 AS one", 1),
    ] {
        assert_eq!(read_all(reader.as_mut(), statement, &[]).rows.num_rows(), rows, "{statement}");
    }
}

#[test]
fn mistakes_are_distinguished_from_denials() {
    let warehouse = Warehouse::new(SCHEMA);
    let mut reader = warehouse.reader(&["a"]);
    for (statement, kind) in [
        ("SELECT * FROM nothing", FailureKind::Permanent),
        ("SELECT nothing FROM a", FailureKind::Permanent),
        ("SELEC 1", FailureKind::Permanent),
        ("", FailureKind::Permanent),
        ("-- nothing", FailureKind::Permanent),
    ] {
        let failure = refusal(reader.as_mut(), statement);
        assert_eq!(failure.kind, kind, "{statement}: {failure}");
        assert!(failure.to_string().starts_with("source wms"), "{failure}");
    }
    let long = format!("SELECT v FROM a WHERE v = '{}'", "x".repeat(300 << 10));
    assert_eq!(refusal(reader.as_mut(), &long).kind, FailureKind::Limit);
}

#[test]
fn a_lane_forgets_what_was_granted_before() {
    let warehouse = Warehouse::new(SCHEMA);
    let source = crate::warehouse::Warehouse::source(&warehouse);
    for (granted, other) in [("a", "secret"), ("secret", "a"), ("hidden_view", "secret"), ("a", "secret")] {
        let mut reader = source.session(&crate::warehouse::grant(&[granted])).expect("a session");
        read_all(reader.as_mut(), &format!("SELECT * FROM {granted}"), &[]);
        let failure = refusal(reader.as_mut(), &format!("SELECT * FROM {other}"));
        assert_eq!(failure.kind, FailureKind::Denied);
    }
}

#[test]
fn a_guests_statement_ends_after_its_time() {
    let warehouse = Warehouse::new("CREATE TABLE a (n INTEGER);");
    let limit = StatementLimit { time: Duration::from_millis(200), ..StatementLimit::default() };
    let source = sqlite::open_source_of(&warehouse.source_path(), 1, "wms", 1 << 20, &limit).expect("a source");
    let mut reader = source.session(&crate::warehouse::grant(&["a"])).expect("a session");
    let endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT SUM(n) AS n FROM r";
    let Err(failure) = reader.query(endless, &[]).and_then(|mut cursor| cursor.next(1)) else { panic!("no end") };
    assert_eq!(failure.kind, FailureKind::Limit);
    assert!(failure.to_string().contains("source wms: limit statement_timeout"), "{failure}");
}
