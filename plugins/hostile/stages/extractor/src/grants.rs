//! Behaviours that read without a grant.

use crate::wmshost::plugin::source::Connection;
use crate::wmshost::plugin::types::{Failure, Value};
use crate::{Done, Reader, got_out};

/// The call must be refused; the host's refusal is returned.
fn refused<T>(what: &str, found: Result<T, Failure>) -> Option<Done> {
    Some(found.and_then(|_| Err(got_out(what))))
}

fn tables(reader: &Reader) -> Done {
    let tables = reader.connection.tables()?;
    if tables == [reader.request.table.clone()] { Ok(()) } else { Err(got_out(tables)) }
}

/// The statement of a behaviour, which must be refused.
fn statement(behaviour: &str) -> Option<&'static str> {
    Some(match behaviour {
        "other-table" => "SELECT * FROM secret",
        "other-table-hidden" => "SELECT id FROM orders WHERE id IN (SELECT id FROM secret)",
        "other-table-union" => "SELECT name FROM orders UNION SELECT word FROM secret",
        "schema-table" => "SELECT * FROM sqlite_master",
        "two-statements" => "SELECT * FROM orders; SELECT * FROM secret",
        "insert" => "INSERT INTO orders VALUES (99, 'x', 1)",
        "insert-returning" => "INSERT INTO orders VALUES (99, 'x', 1) RETURNING id",
        "delete" => "DELETE FROM orders",
        "create" => "CREATE TABLE mine (id)",
        "create-temp" => "CREATE TEMP TABLE mine (id)",
        "pragma" => "PRAGMA query_only = OFF",
        "pragma-table" => "SELECT * FROM pragma_table_info('secret')",
        "attach" => "ATTACH 'mine.db' AS mine",
        "begin" => "BEGIN",
        "load-extension" => "SELECT load_extension('mine.so')",
        "write-a-file" => "SELECT writefile('mine', 'x')",
        "read-a-file" => "SELECT readfile('/etc/passwd')",
        "statement-empty" => "",
        "statement-endless" => {
            "WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT SUM(v) AS v FROM n"
        }
        "statement-fills-disk" => {
            "WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 100000), \
             r(v, t) AS (SELECT v, hex(zeroblob(50000)) || v FROM n) SELECT v, t FROM r ORDER BY t DESC"
        }
        "no-statement" => "my name is nobody",
        _ => return None,
    })
}

fn parameters(behaviour: &str) -> Option<(String, Vec<Value>)> {
    let many: Vec<String> = (1..=5_000).map(|n| format!("?{n}")).collect();
    Some(match behaviour {
        "statement-long" => (format!("SELECT '{}' AS x", "x".repeat(300 << 10)), vec![]),
        "statement-deep" => (format!("SELECT {}1{} AS x", "abs(".repeat(1_000), ")".repeat(1_000)), vec![]),
        "statement-chain" => (format!("SELECT {} AS x FROM orders", vec!["amount"; 30_000].join("+")), vec![]),
        "parameters-many" => (format!("SELECT {} AS x", many.join("+")), vec![Value::Int64(1); 5_000]),
        "parameters-missing" => ("SELECT ?1 AS x, ?2 AS y".into(), vec![Value::Int64(1)]),
        "parameter-huge" => ("SELECT length(?1) AS x".into(), vec![Value::Text("x".repeat(17 << 20))]),
        "parameter-decimal" => ("SELECT ?1 AS x".into(), vec![Value::Decimal("12.x".into())]),
        "value-huge" => ("SELECT zeroblob(1000000000) AS x".into(), vec![]),
        _ => return None,
    })
}

pub(crate) fn misbehave(behaviour: &str, reader: &Reader) -> Option<Done> {
    let connection = &reader.connection;
    match behaviour {
        "label-denied" => return refused("analytics", Connection::open("analytics")),
        "label-unknown" => return refused("nowhere", Connection::open("nowhere")),
        "label-empty" => return refused("nothing", Connection::open("")),
        "label-path" => return refused("a path", Connection::open("/etc/passwd")),
        "label-other-case" => return refused("WMS", Connection::open("WMS")),
        "describe-other" => return refused("secret", connection.describe("secret")),
        "describe-schema" => return refused("sqlite_master", connection.describe("sqlite_master")),
        "tables" => return Some(tables(reader)),
        _ => {}
    }
    if let Some(statement) = statement(behaviour) {
        return refused(statement, connection.query(statement, &[]));
    }
    let (statement, parameters) = parameters(behaviour)?;
    refused(behaviour, connection.query(&statement, &parameters))
}
