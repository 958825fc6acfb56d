//! Parts of tables on Oracle: columns and rows that are granted, masks, and what no statement gets out of the rest.

use std::collections::BTreeMap;

use arrow_schema::DataType;
use wmshost_flow::{
    ColumnReading, ColumnRule, ColumnRules, FailureKind, Mask, SourceGrant, SourceSession, TableGrant, row_as_json,
};
use wmshost_oracle_emulator::{Asked, Release};

use crate::server::{SHARED, as_json, grant, read, run, settings, source};
use crate::statements::{Names, Statements};

/// Fills a table of which columns, rows and values are withheld, and one that is not granted at all; `secret` is in all of
/// what no plugin may see.
fn fill(table: &str, secret: &str) {
    run(
        &settings(&SHARED, Release::R23),
        &[
            &format!(
                "CREATE TABLE {table} (ID NUMBER(5) PRIMARY KEY, NAME VARCHAR2(20), COST VARCHAR2(20), PHONE VARCHAR2(20), \
                 AMOUNT NUMBER(10,2), BORN DATE, SEEN TIMESTAMP(6), SITE VARCHAR2(20))"
            ),
            &format!("CREATE TABLE {table}_VAULT (ID NUMBER(5) PRIMARY KEY, COST VARCHAR2(20))"),
            &format!("INSERT INTO {table}_VAULT VALUES (1, '{secret}6')"),
            &format!(
                "INSERT INTO {table} VALUES (1, 'one', '{secret}1', '+49 30 1234', 12.5, DATE '1990-05-17', TIMESTAMP \
                 '2026-02-17 12:30:00', 'W1')"
            ),
            &format!("INSERT INTO {table} VALUES (2, 'two', '{secret}2', '55', -1, NULL, NULL, 'W1')"),
            &format!("INSERT INTO {table} VALUES (3, '{secret}3', '{secret}4', '{secret}', 7, NULL, NULL, 'W2')"),
        ],
    );
}

fn masked(mask: Mask) -> ColumnRule {
    ColumnRule::Read(ColumnReading { mask: Some(mask), ..ColumnReading::default() })
}

fn narrow(table: &str) -> SourceGrant {
    let part =
        TableGrant { except: vec!["co*".to_owned()], rows: Some("site = 'W1'".to_owned()), ..TableGrant::whole() };
    let rules = ColumnRules::from([
        ("phone".to_owned(), masked(Mask::LastFour)),
        ("amount".to_owned(), masked(Mask::Null)),
        ("site".to_owned(), masked(Mask::Null)),
        ("seen".to_owned(), masked(Mask::Month)),
        ("born".to_owned(), masked(Mask::Month)),
    ]);
    SourceGrant {
        narrowed: BTreeMap::from([(table.to_lowercase(), part)]),
        columns: BTreeMap::from([(table.to_lowercase(), rules)]),
        ..grant(&[table])
    }
}

fn session(table: &str, grant: &SourceGrant) -> Box<dyn SourceSession> {
    source(&settings(&SHARED, Release::R23)).expect(table).session(grant).expect("a session")
}

#[test]
fn columns_rows_and_values_are_withheld() {
    fill("PART_A", "hush");
    let mut reader = session("PART_A", &narrow("part_a"));
    let described = reader.describe("part_a").expect("granted").expect("there");
    let names: Vec<_> = described.columns.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["ID", "NAME", "PHONE", "AMOUNT", "BORN", "SEEN", "SITE"]);
    assert_eq!(described.columns.field(3).data_type(), &DataType::Decimal128(10, 2));
    assert!(described.order_of("phone").expect_err("no order").contains("it is masked"));
    let batch = read(reader.as_mut(), "SELECT * FROM part_a ORDER BY id", &[]);
    assert_eq!(
        as_json(&batch),
        [
            r#"{"ID":1,"NAME":"one","PHONE":"****1234","AMOUNT":null,"BORN":"1990-05-01 00:00:00.000000","SEEN":"2026-02-01 00:00:00.000000","SITE":null}"#,
            r#"{"ID":2,"NAME":"two","PHONE":"****","AMOUNT":null,"BORN":null,"SEEN":null,"SITE":null}"#,
        ]
    );
    for (condition, expected) in [("site = 'W1'", 0), ("site IS NULL", 2), ("phone LIKE '%30%'", 0), ("id = 3", 0)] {
        let found = read(reader.as_mut(), &format!("SELECT id FROM part_a WHERE {condition}"), &[]);
        assert_eq!(found.rows.num_rows(), expected, "{condition}");
    }
}

#[test]
fn what_is_not_granted_is_denied() {
    fill("PART_D", "hush");
    let mut reader = session("PART_D", &narrow("part_d"));
    for (statement, words) in [
        ("SELECT cost FROM part_d", "the column COST of the table PART_D is not granted"),
        ("SELECT o.cost FROM part_d o", "the column COST of the table PART_D is not granted"),
        ("SELECT id FROM part_d WHERE cost > 'h'", "the column COST"),
        ("SELECT nothing FROM part_d", "there is no column NOTHING"),
        ("SELECT id FROM part_d_vault", "PART_D_VAULT is not granted"),
        ("SELECT id FROM wms.part_d", "another schema"),
        ("SELECT id AS f FROM part_d ORDER BY (SELECT f FROM dual)", "a subquery in ORDER BY"),
    ] {
        let failure = reader.query(statement, &[]).err().unwrap_or_else(|| panic!("allowed: {statement}"));
        assert_eq!(failure.kind, FailureKind::Denied, "{statement}: {failure}");
        assert!(failure.to_string().contains(words), "{statement}: {failure}");
    }
    let mut hashed = narrow("part_d");
    hashed.columns.insert("part_d".to_owned(), [("name".to_owned(), masked(Mask::Hash))].into());
    let failure = session("PART_D", &hashed).describe("part_d").expect_err("a mistake").to_string();
    assert!(failure.contains("cannot be masked by \"hash\" on Oracle"), "{failure}");
    let mut two = narrow("part_d");
    two.narrowed.values_mut().for_each(|part| part.rows = Some("site = 'W1') OR (1 = 1".to_owned()));
    let failure = session("PART_D", &two).describe("part_d").expect_err("a mistake").to_string();
    assert!(failure.contains("more than one condition"), "{failure}");
}

#[test]
fn patterns_grant_the_tables_that_are_there() {
    fill("PATTERNED", "hush");
    let mut reader = session("PATTERNED", &grant(&["patterned*"]));
    assert_eq!(reader.tables().expect("names"), ["PATTERNED", "PATTERNED_VAULT"]);
    assert_eq!(read(reader.as_mut(), "SELECT cost FROM patterned_vault", &[]).rows.num_rows(), 1);
}

const NAMES: Names = Names {
    granted: &["TTT", "\"TTT\"", "ttt", "wms.TTT"],
    denied: &["TTT_VAULT", "all_users", "dual", "TTT@remote", "TABLE(f())"],
    open: &["id", "name", "phone", "amount", "site", "seen", "c0"],
    hidden: &["cost", "o.cost", "y.cost", "\"COST\"", "TTT.cost", "wms.TTT.cost", "n", "ROWNUM", "ORA_ROWSCN", "USER"],
    calls: &[
        "UPPER({})",
        "LENGTH({})",
        "MAX({})",
        "NVL({}, 'x')",
        "my_function({})",
        "TO_CHAR({})",
        "SYS_CONTEXT('USERENV', {})",
    ],
    is_sqlite: false,
};

/// The answer to a statement, or the reason why it is denied, does not depend on anything that is withheld.
#[test]
fn no_statement_of_the_grammar_depends_on_what_is_withheld() {
    let tables = ["CANARY_A", "CANARY_B"];
    for (table, secret) in tables.into_iter().zip(["hush", "zz9"]) {
        fill(table, secret);
    }
    let mut readers = tables.map(|table| session(table, &narrow(table)));
    let mut statements = Statements::new(&NAMES, 17);
    let (mut answered, mut denied) = (0, 0);
    for _ in 0..600 {
        let statement = statements.next();
        let mut at = 0;
        let [one, other] = readers.each_mut().map(|reader| {
            let own = statement.replace("TTT", tables[at]).replace("ttt", &tables[at].to_lowercase());
            let table = tables[at];
            at += 1;
            let answer = reader.query(&own, &[]).and_then(|mut cursor| {
                let batch = cursor.next(1_000)?;
                let rows = |batch: wmshost_flow::Batch| {
                    // The system change number of a table is its own.
                    let rows = (0..batch.rows.num_rows()).map(|row| row_as_json(&batch.rows, row));
                    rows.collect::<Vec<_>>().join("\n")
                };
                Ok(format!("rows {}", batch.map(rows).unwrap_or_default()))
            });
            answer
                .unwrap_or_else(|failure| {
                    denied += usize::from(failure.kind == FailureKind::Denied);
                    failure.to_string()
                })
                .replace(table, "TTT")
                .replace(&table.to_lowercase(), "ttt")
        });
        assert!(!one.contains("hush"), "{statement}: {one}");
        if !statement.contains("ROWSCN") {
            assert_eq!(one, other, "{statement}");
        }
        answered += usize::from(one.starts_with("rows"));
    }
    // What is withheld is in no statement that reached the server, not even in one without an answer.
    let sent = SHARED.asked().into_iter().filter_map(|asked| match asked {
        Asked::Rows(statement, _) => Some(statement.to_uppercase()),
        Asked::Piece(_) => None,
    });
    let sent: Vec<String> =
        sent.filter(|statement| statement.contains(tables[0]) && statement.starts_with("SELECT")).collect();
    assert!(sent.len() > 30, "{} statements reached the server", sent.len());
    for statement in &sent {
        for canary in ["COST", "CANARY_A_VAULT", "ALL_USERS", "SYS_CONTEXT", "MY_FUNCTION"] {
            assert!(!statement.contains(canary), "{statement}");
        }
    }
    assert!(answered > 30 && denied > 200, "{answered} of 600 statements were answered, {denied} of 1200 denied");
}
