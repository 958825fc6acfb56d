//! Accepted and refused SQL, in both dialects.

use std::collections::BTreeMap;

use arrow_schema::DataType;
use wmshost_flow::model::{
    Assertion, Declaration, Layer, Materialization, Model, ModelColumn, Severity, Storage, Test, Threshold,
};
use wmshost_sql::Dialect;

use super::looks_around;
use crate::project::{Project, Setup};

fn model(name: &str, statement: &str) -> Model {
    Model {
        name: name.to_owned(),
        layer: Layer::Mart,
        materialization: Materialization::Table,
        depends_on: vec!["stock".to_owned()],
        statement: statement.to_owned(),
        columns: vec![ModelColumn { name: "id".to_owned(), kind: DataType::Int64, summary: String::new() }],
        tests: Vec::new(),
        unit_tests: Vec::new(),
        storage: Storage::default(),
        freshness: None,
        summary: String::new(),
        tags: Vec::new(),
        owner: None,
    }
}

fn reported(dialect: Dialect, model: Model) -> String {
    reported_of_all(dialect, vec![model])
}

fn reported_of_all(dialect: Dialect, models: Vec<Model>) -> String {
    let setup = Setup {
        dialect,
        streams: [("stock", "WMS_STOCK"), ("item", "WMS_ITEM")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        variables: BTreeMap::from([("kinds".to_owned(), "('a', 'b')".to_owned())]),
        plugins: vec![("p".to_owned(), Declaration { models, ..Declaration::default() })],
        digests: BTreeMap::new(),
        described: Default::default(),
    };
    let wrong = Project::new(setup).err().unwrap_or_default();
    wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn refused(dialect: Dialect, cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (statement, words) in cases {
        let reported = reported(dialect, model("m", statement));
        if !reported.contains(words) {
            wrong.push(format!("{statement}\n  should report {words:?}, and reports {reported:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Refused in both dialects.
const ALWAYS: &[(&str, &str)] = &[
    ("SELECT id FROM {stock}, secret", "SQL 1:25: it names the table secret; tables are named by placeholders only"),
    ("SELECT id FROM {stock} JOIN\n  \"secret\" ON 1 = 1", "SQL 2:3: it names the table \"secret\""),
    (
        "SELECT id FROM {stock}, WMS_ITEM",
        "it names the table WMS_ITEM; tables are named by placeholders only; write {item} for it",
    ),
    (
        "SELECT id FROM main.{stock}",
        "SQL 1:16: it names the table main.{…}; tables are named by placeholders only; a placeholder is written alone",
    ),
    ("SELECT id FROM {stock}.x", "a placeholder is written alone"),
    ("SELECT id FROM {stock}, other.secret", "it names the table other.secret"),
    ("SELECT id FROM {stock} WHERE id IN (SELECT id FROM secret)", "1:52: it names the table secret"),
    ("SELECT id FROM {stock} WHERE EXISTS (SELECT 1 FROM (SELECT * FROM secret) s)", "it names the table secret"),
    ("SELECT (SELECT MAX(id) FROM secret) AS id FROM {stock}", "it names the table secret"),
    ("SELECT id FROM {stock} ORDER BY (SELECT 1 FROM secret)", "it names the table secret"),
    ("SELECT id FROM {stock} UNION SELECT id FROM secret", "it names the table secret"),
    ("SELECT SUM(id) OVER (ORDER BY (SELECT 1 FROM secret)) AS id FROM {stock}", "it names the table secret"),
    ("WITH secret AS (SELECT id FROM secret) SELECT id FROM secret, {stock}", "1:32: it names the table secret"),
    ("WITH a AS (SELECT id FROM b), b AS (SELECT id FROM {stock}) SELECT id FROM a", "1:27: it names the table b"),
    (
        "SELECT id FROM (WITH secret AS (SELECT id FROM {stock}) SELECT id FROM secret) x, secret",
        "1:83: it names the table secret",
    ),
    (
        "WITH wms_stock AS (SELECT 1 AS id) SELECT id FROM {stock}",
        "1:6: a part named wms_stock would hide the table of stock",
    ),
    ("WITH \"WMSHOST_CHANGES\" AS (SELECT 1 AS id) SELECT id FROM {stock}", "are reserved"),
    ("SELECT id FROM {stock} /* ; */ ; DROP TABLE x", "1:32: it is one SELECT, without `;`"),
    ("DELETE FROM {stock}", "1:1: it is one SELECT; this begins with DELETE"),
    ("INSERT INTO x SELECT id FROM {stock}", "this begins with INSERT"),
    ("WITH a AS (SELECT id FROM {stock}) DELETE FROM x", "it writes"),
    ("UPDATE x SET id = (SELECT 1 FROM {stock})", "this begins with UPDATE"),
    ("PRAGMA table_info(x) -- {stock}\n", "a placeholder is a name or a value by itself"),
    ("SELECT id FROM {stock} FOR UPDATE", "locks rows"),
    ("SELECT id INTO x FROM {stock}", "INTO writes"),
    ("SELECT id FROM \"{stock}\"", "1:17: a placeholder is a name or a value by itself"),
    ("SELECT '{stock}' AS id FROM {stock}", "1:9: a placeholder is a name or a value by itself"),
    ("SELECT id FROM x{stock}", "a placeholder is a name or a value by itself"),
    ("SELECT id FROM {stock}y", "a placeholder is a name or a value by itself"),
    ("SELECT id FROM {stock} -- the end", "1:34: it ends in a comment"),
    ("SELECT id FROM {stock} /* a /* b */ , secret */", "a comment in a comment"),
    ("SELECT id FROM {stock} WHERE 1 = {var:x=1 OR 1 IN (SELECT id FROM secret)}", "it names the table secret"),
    (
        "SELECT id FROM {stock} WHERE 'a' = {var:x='} OR 1 = 1 OR 'b' = {var:y='}",
        "1:59: here begins a second statement, with b",
    ),
    (
        "SELECT nobody_knows(id) AS id FROM {stock}",
        "1:8: the function nobody_knows is not among those that only compute",
    ),
    ("SELECT pack.age(id) AS id FROM {stock}", "the function pack.age is not among"),
    ("SELECT sequence.NEXTVAL AS id FROM {stock}", "1:8: sequence.NEXTVAL is not a column of a relation in FROM"),
    ("SELECT dbms_utility.get_time AS id FROM {stock} s", "dbms_utility.get_time is not a column"),
    ("SELECT other.pack.age AS id FROM {stock} s", "1:8: other.pack.age is not a column of a relation in FROM"),
    ("SELECT s.pack.age AS id FROM {stock} s", "s.pack.age is not a column"),
    ("SELECT id FROM {stock} s ORDER BY pack.age", "1:35: pack.age is not a column"),
    ("SELECT MAX(pack.age) OVER (PARTITION BY pack.kind) AS id FROM {stock} s", "pack.age is not a column"),
    // There is a relation of that name, but it is not visible where it is named.
    ("SELECT x.id FROM {stock} pack, (SELECT pack.age AS id FROM {stock} t) x", "1:40: pack.age is not a column"),
    (
        "SELECT x.id FROM {stock} pack JOIN (SELECT pack.age AS id FROM {stock} t) x ON 1 = 1",
        "pack.age is not a column",
    ),
    (
        "WITH x AS (SELECT pack.age AS id FROM {stock} t) SELECT x.id FROM x, {stock} pack",
        "1:19: pack.age is not a column",
    ),
    ("SELECT id FROM {stock} s WHERE id IN (SELECT t.id FROM {stock} t) AND t.id = 1", "t.id is not a column"),
    ("SELECT id FROM {stock} WHERE id = :1", "1:35: : has no meaning"),
    ("SELECT id FROM {stock}, LATERAL f(id)", "FROM may have placeholders, subqueries and joins, not LATERAL f(id)"),
    ("", "there is no SELECT"),
    ("SELECT id FRM {stock}", "SQL 1:15: "),
];

#[test]
fn what_names_tables_or_writes_is_refused_in_both_dialects() {
    refused(Dialect::Sqlite, ALWAYS);
    refused(Dialect::Oracle, ALWAYS);
}

#[test]
fn sqlites_own_doors_are_shut() {
    refused(
        Dialect::Sqlite,
        &[
            ("SELECT id FROM {stock}, sqlite_master", "it names the table sqlite_master"),
            ("SELECT id FROM {stock}, temp.sqlite_schema", "it names the table temp.sqlite_schema"),
            ("SELECT id FROM {stock} WHERE id IN secret", "it names the table secret"),
            ("SELECT id FROM {stock} WHERE id IN pragma_database_list", "it names the table pragma_database_list"),
            ("SELECT id FROM {stock}, pragma_table_info('x')", "it names the table pragma_table_info"),
            ("SELECT id FROM {stock}, json_each('[1]')", "it names the table json_each"),
            ("PRAGMA query_only = 1", "this begins with PRAGMA"),
            ("ATTACH 'x.db' AS x", "this begins with ATTACH"),
            ("SELECT load_extension('x') AS id FROM {stock}", "the function load_extension is not among"),
            ("SELECT readfile('/etc/passwd') AS id FROM {stock}", "the function readfile is not among"),
            ("SELECT id FROM {stock}, [secret]", "[secret]: a name is quoted with \""),
            ("SELECT id FROM {stock}, `secret`", "a name is quoted with \""),
            ("SELECT id FROM {stock} WHERE id = ?1", "has no meaning"),
            ("VALUES (1), (2) UNION SELECT id FROM secret", "it names the table secret"),
            ("EXPLAIN SELECT id FROM {stock}", "this begins with EXPLAIN"),
        ],
    );
}

#[test]
fn oracles_own_doors_are_shut() {
    refused(
        Dialect::Oracle,
        &[
            ("SELECT id FROM {stock}, all_users", "it names the table all_users"),
            ("SELECT id FROM {stock}, sys.user$", "it names the table sys.user$"),
            ("SELECT id FROM {stock}, secret@far", "it names the table secret@far"),
            ("SELECT id FROM {stock} AS OF SCN 1", "it"),
            ("SELECT UTL_HTTP.REQUEST('http://x') AS id FROM {stock}", "the function UTL_HTTP.REQUEST is not among"),
            ("SELECT BFILENAME('D', 'f') AS id FROM {stock}", "the function BFILENAME is not among"),
            ("SELECT id FROM {stock}, TABLE(f())", "not TABLE(f())"),
            ("SELECT id FROM {stock}, XMLTABLE('x' PASSING y COLUMNS z NUMBER PATH 'z')", "not XMLTABLE"),
            ("BEGIN f() END", "this begins with BEGIN"),
            (
                "SELECT age AS id FROM dual",
                "1:8: age is not a column of a relation in FROM; a function could be called in the same way",
            ),
            ("SELECT \"AGE\" AS id FROM dual d", "\"AGE\" is not a column"),
            ("SELECT age AS id", "age is not a column"),
            ("SELECT 1 AS id FROM dual ORDER BY age", "1:35: age is not a column"),
            ("SELECT age AS age FROM dual ORDER BY age", "1:8: age is not a column"),
            ("SELECT 1 AS id FROM dual WHERE age = 1", "age is not a column"),
            ("SELECT 1 AS id FROM dual UNION SELECT age FROM dual", "age is not a column"),
            ("SELECT 1 AS id FROM dual WHERE EXISTS (SELECT age FROM dual)", "age is not a column"),
            ("SELECT x.id FROM (SELECT age AS id FROM dual) x, {stock}", "1:26: age is not a column"),
            ("WITH x AS (SELECT age AS id FROM dual) SELECT x.id FROM x, {stock}", "1:19: age is not a column"),
            ("SELECT USER AS id FROM {stock}", "1:8: USER names the connected user; it is not a column"),
            ("SELECT s.id FROM {stock} s WHERE uid > 1", "uid names the connected user"),
            ("WITH a AS (SELECT id FROM a) SELECT id FROM a, {stock}", "1:27: it names the table a"),
        ],
    );
    let recursive =
        "WITH a (n) AS (SELECT 1 FROM dual UNION ALL SELECT n + 1 FROM a WHERE n < 3) SELECT a.n AS id FROM a, {stock}";
    assert_eq!(reported(Dialect::Oracle, model("m", recursive)), "");
    for statement in [
        "SELECT LEVEL AS id FROM dual CONNECT BY LEVEL <= 9 ORDER BY id",
        "SELECT (SELECT MAX(x.n) FROM (SELECT s.a AS n FROM dual UNION ALL SELECT b FROM dual) x) AS id FROM {stock} s",
        "SELECT x.id FROM {stock} s CROSS APPLY (SELECT s.id AS id FROM dual) x",
        "SELECT x.id FROM {stock} s CROSS JOIN LATERAL (SELECT s.id + amount AS id FROM dual) x",
        "SELECT TRUNC(SYSDATE) - DATE '2026-01-01' AS id FROM dual",
        "SELECT (WITH x AS (SELECT s.id FROM dual) SELECT x.id FROM x) AS id FROM {stock} s",
    ] {
        let mut alone = model("m", statement);
        alone.depends_on.retain(|_| statement.contains("{stock}"));
        assert_eq!(reported(Dialect::Oracle, alone), "", "{statement}");
    }
}

#[test]
fn what_only_selects_is_allowed() {
    for statement in [
        "SELECT s.id FROM {stock} s WHERE s.id > {var:least=3} AND 'x' IN {var:kinds}",
        "SELECT s.id /* why; not */ FROM {stock} s -- as it is\nWHERE s.id > 1",
        "WITH a AS (SELECT id FROM {stock}), b AS (SELECT a.id FROM a) SELECT b.id FROM b JOIN a ON a.id = b.id ORDER BY b.id",
        "SELECT x.id FROM (WITH a AS (SELECT id FROM {stock}) SELECT id FROM a UNION ALL SELECT id FROM a) x",
        "SELECT s.id FROM {stock} s WHERE EXISTS (SELECT 1 FROM {stock} t WHERE t.id = s.id)",
        "SELECT CAST(COALESCE(MAX(s.id), 0) AS INTEGER) AS id FROM {stock} s GROUP BY s.id HAVING COUNT(*) > 1",
        "SELECT ROW_NUMBER() OVER (PARTITION BY s.a ORDER BY s.b DESC NULLS LAST) AS id FROM {stock} s",
        "SELECT CASE WHEN s.id BETWEEN 1 AND 2 THEN 'a;b' ELSE '--' END AS id FROM {stock} s",
        "SELECT id FROM {stock} wms_item WHERE wms_item.id = 1",
    ] {
        for dialect in [Dialect::Sqlite, Dialect::Oracle] {
            assert_eq!(reported(dialect, model("m", statement)), "", "{statement}");
        }
    }
    let spine =
        "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 9) SELECT n.id FROM n, {stock}";
    assert_eq!(reported(Dialect::Sqlite, model("m", spine)), "");
}

#[test]
fn tests_are_looked_at_too() {
    let test = |name: &str, assertion, only_where: Option<&str>| Test {
        name: name.to_owned(),
        assertion,
        severity: Severity::Error,
        only_where: only_where.map(str::to_owned),
        warn_if: Threshold::Rows(0),
        error_if: Threshold::Rows(0),
        summary: String::new(),
    };
    let mut tested = model("m", "SELECT id FROM {stock}");
    let expression = |sql: &str| Assertion::Expression(sql.to_owned());
    tested.tests = vec![
        test("fine", expression("id > 0 AND id IN (SELECT id FROM {this})"), Some("id IS NOT NULL")),
        test("out", expression("1 = 1 THEN 0 END FROM secret --\n"), None),
        test("two", expression("id > 0, 1"), None),
        test("inner", expression("id IN (SELECT id FROM secret)"), None),
        test("where", expression("id > 0"), Some("id IN secret")),
        test("custom", Assertion::Custom("SELECT id FROM {this}; DROP TABLE x".to_owned()), None),
    ];
    let reported = reported(Dialect::Sqlite, tested);
    for part in [
        "test out 1:7: here begins more than one expression, with THEN",
        "test two 1:7: here begins more than one expression, with ,",
        "test inner 1:23: it names the table secret",
        "test where 1:7: it names the table secret",
        "test custom 1:22: it is one SELECT, without `;`",
    ] {
        assert!(reported.contains(part), "{part:?} is not in\n{reported}");
    }
    assert!(!reported.contains("test fine"), "{reported}");
}

#[test]
fn what_is_wrong_in_both_builds_is_reported_once() {
    use wmshost_flow::model::{Increment, OnChange, Strategy};
    let mut kept = model("m", "SELECT id FROM {stock}, secret {when incremental} WHERE id > 0 {end}");
    let increment = Increment {
        strategy: Strategy::Merge(vec!["id".to_owned()]),
        changes: None,
        lookback: 0,
        on_change: OnChange::Rebuild,
    };
    kept.materialization = Materialization::Incremental(increment);
    assert_eq!(reported(Dialect::Sqlite, kept.clone()).matches("secret;").count(), 1);
    kept.statement = "SELECT id FROM {stock} {when incremental}, secret {end}".to_owned();
    assert!(reported(Dialect::Sqlite, kept).contains("SQL 1:44: it names the table secret"));
}

/// The greatest accepted depth can be walked on the stack of any thread.
#[test]
fn depth_is_limited() {
    let walk = || {
        let chain = |terms: usize| format!("SELECT {} AS id FROM {{stock}}", vec!["1"; terms].join(" + "));
        assert_eq!(reported(Dialect::Sqlite, model("m", &chain(3_900))), "");
        assert!(reported(Dialect::Sqlite, model("m", &chain(50_000))).contains("operators, 4000 may be"));
        let nested = format!("SELECT {}1{} AS id FROM {{stock}}", "(".repeat(1_000), ")".repeat(1_000));
        assert!(reported(Dialect::Sqlite, model("m", &nested)).contains("nests too deep"));
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(walk).expect("a thread").join().expect("it is walked");
}

#[test]
fn an_expression_looks_around_by_a_subquery_or_the_named_column_and_by_no_word_in_a_text() {
    for dialect in [Dialect::Sqlite, Dialect::Oracle] {
        for text in [
            "quantity <= (SELECT MAX(quantity) FROM {stock})",
            "id IN (select id FROM {stock})",
            "wms_deleted_at IS NULL",
            "\"WMS_DELETED_AT\" IS NULL",
            "it is 'cut",
        ] {
            assert!(looks_around(dialect, text, "wms_deleted_at"), "{dialect:?}: {text}");
        }
        for text in ["status <> 'select'", "selected = 1", "quantity > 0 -- select nothing\n", "\"select\" = 1"] {
            assert!(!looks_around(dialect, text, "wms_deleted_at"), "{dialect:?}: {text}");
        }
    }
    // A text of Oracle's own quotes, with a subquery after it.
    assert!(looks_around(Dialect::Oracle, "a = q'[']' || (SELECT 1 FROM dual) || q'[']'", "x"));
}

#[test]
fn a_table_that_is_named_like_the_stand_in_of_another_text_is_refused() {
    let models = vec![model("m", "SELECT id FROM {stock}"), model("n", "SELECT id FROM wmsmark0xtz")];
    let reported = reported_of_all(Dialect::Sqlite, models);
    assert!(reported.contains("model n, SQL 1:16: it names the table wmsmark0xtz"), "{reported}");
}
