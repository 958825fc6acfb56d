//! The rules for a guest's statement: one SELECT over granted tables and their columns, with functions that compute and
//! do nothing else. The statement is parsed; whatever the rules here do not name is denied, so that a new kind of
//! clause is denied too. Because Oracle calls a function that is named like a column, every name is looked up among the
//! columns that are visible at its place.
//!
//! Not allowed, though harmless in themselves: comments, because they carry hints; WITH, because it defines names that
//! hide tables; CONNECT BY, because it may compute without end.

pub(crate) mod rules;
mod scope;

use std::collections::BTreeSet;

use rules::{Columns, Violation};
use scope::{MetTable, StatementGuard};
use sqlparser::ast::Statement;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};
use wmshost_sql::Dialect;
use wmshost_sql::guard::{check_operators, offset_of, on_deep_stack};

/// The deepest nesting of a statement.
const DEPTH: usize = 40;
/// The longest statement.
const MOST_BYTES: usize = 256 << 10;

/// Returns the SELECT that takes the place of a table, by its name as Oracle has it, its name as it is written, and the
/// moment that it is read as of; `None` if the table itself will do.
pub(crate) type SelectFor<'a> = dyn Fn(&str, &str, &str) -> Option<String> + 'a;

/// Checks a statement against the names of the granted tables, and returns it with its tables read as of a system
/// change number, if there is one, and with SELECTs in the place of tables that are not read as they are.
pub(crate) fn check(
    statement: &str,
    parameters: usize,
    granted: &BTreeSet<String>,
    (scn, select): (Option<u64>, &SelectFor<'_>),
    columns: &mut Columns<'_>,
) -> Result<String, Violation> {
    if statement.len() > MOST_BYTES {
        return Err(Violation::Unreadable(format!("the statement is longer than {MOST_BYTES} bytes")));
    }
    let tokens = Tokenizer::new(Dialect::Oracle.parser_dialect(), statement)
        .tokenize_with_location()
        .map_err(|error| Violation::Unreadable(format!("the statement cannot be read: {}", error.message)))?;
    check_tokens(&tokens, parameters)?;
    let operators = check_operators(tokens.iter().map(|token| &token.token));
    operators.map_err(|why| Violation::Unreadable(format!("the statement cannot be read: {why}")))?;
    on_deep_stack(|| check_parsed(statement, tokens, granted, (scn, select), columns))
}

fn check_parsed(
    statement: &str,
    tokens: Vec<TokenWithSpan>,
    granted: &BTreeSet<String>,
    (scn, select): (Option<u64>, &SelectFor<'_>),
    columns: &mut Columns<'_>,
) -> Result<String, Violation> {
    let parsed =
        Parser::new(Dialect::Oracle.parser_dialect()).with_recursion_limit(DEPTH).with_tokens_with_locations(tokens);
    let statements = { parsed }
        .parse_statements()
        .map_err(|_| Violation::Unreadable("the statement cannot be read as a SELECT of Oracle's SQL".to_owned()))?;
    let query = match statements.as_slice() {
        [Statement::Query(query)] => query,
        [] => return Err(Violation::Unreadable("the statement is empty".to_owned())),
        [_] => return Err(Violation::Denied("only SELECT is allowed".to_owned())),
        _ => return Err(Violation::Denied("one statement at a time is allowed".to_owned())),
    };
    let mut checker = StatementGuard::new(granted, columns);
    checker.query(query)?;
    Ok(with_tables(statement, &checker.into_tables(), scn, select))
}

/// Returns the text that is sent to the server for a statement over a table ORDERS with the columns ID, NAME and SITE;
/// `None` if it is refused. For tests that try any text.
pub fn admitted(statement: &str) -> Option<String> {
    let granted = BTreeSet::from(["ORDERS".to_owned()]);
    let mut columns = |_: &str| Ok(Some(["ID", "NAME", "SITE"].map(str::to_owned).to_vec()));
    check(statement, 0, &granted, (Some(7), &|_, _, _| None), &mut columns).ok()
}

/// Refuses comments, which carry hints, and parameters that are not numbered in the order of the text, in which they
/// are bound.
fn check_tokens(tokens: &[TokenWithSpan], parameters: usize) -> Result<(), Violation> {
    let mut count = 0;
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => {
                return Err(Violation::Denied("comments and hints are not allowed".to_owned()));
            }
            Token::SemiColon => {
                return Err(Violation::Denied("one statement at a time is allowed, without `;`".to_owned()));
            }
            Token::Colon | Token::Placeholder(_) => {
                count += 1;
                let next = tokens.get(at + 1).map(|next| next.token.to_string()).unwrap_or_default();
                if next != count.to_string() || token.token != Token::Colon {
                    return Err(Violation::Unreadable(format!(
                        "the parameters must be :1, :2 … in the order of the text, each of them once; number {count} is not"
                    )));
                }
            }
            _ => {}
        }
    }
    if count == parameters {
        return Ok(());
    }
    Err(Violation::Unreadable(format!("the statement has {count} parameters, {parameters} values were given")))
}

/// Puts `AS OF SCN` after the name of every table, and SELECTs in the place of those that have a list of columns.
fn with_tables(statement: &str, tables: &[MetTable], scn: Option<u64>, select: &SelectFor<'_>) -> String {
    let mut met: Vec<(usize, usize, &MetTable)> = tables
        .iter()
        .filter_map(|table| {
            let span = table.name.0.last()?.as_ident()?.span;
            Some((offset_of(statement, span.start)?, offset_of(statement, span.end)?, table))
        })
        .collect();
    met.sort_unstable_by_key(|(start, ..)| *start);
    let mut text = statement.to_owned();
    for (start, end, table) in met.into_iter().rev() {
        let name = statement[start..end].to_owned();
        let as_of = scn.map(|scn| format!(" AS OF SCN {scn}")).unwrap_or_default();
        let read = match select(&rules::full_name(&table.name), &name, &as_of) {
            Some(select) => {
                let alias = if table.has_alias { String::new() } else { format!(" {name}") };
                format!("({select}){alias}")
            }
            None => name + &as_of,
        };
        text.replace_range(start..end, &read);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_check(statement: &str, parameters: usize) -> Result<String, Violation> {
        let granted = BTreeSet::from(["ORDERS".to_owned(), "ORDER_LINES".to_owned()]);
        let mut columns = |table: &str| {
            let names: &[&str] = match table {
                "ORDERS" => &["ID", "CUSTOMER", "AMOUNT", "LAST_UPDATED", "Mixed"],
                "ORDER_LINES" => &["ID", "ORDER_ID", "QUANTITY"],
                _ => panic!("the guard asked for {table}"),
            };
            Ok(Some(names.iter().map(|name| (*name).to_owned()).collect()))
        };
        check(statement, parameters, &granted, (Some(42), &|_, _, _| None), &mut columns)
    }

    #[test]
    fn what_an_extractor_asks_is_allowed_and_read_as_of_the_moment() {
        for (statement, parameters, expected) in [
            (
                r#"SELECT "ID" AS "id", "LAST_UPDATED" AS "last_updated" FROM "ORDERS" ORDER BY "ID""#,
                0,
                r#"SELECT "ID" AS "id", "LAST_UPDATED" AS "last_updated" FROM "ORDERS" AS OF SCN 42 ORDER BY "ID""#,
            ),
            (
                r#"SELECT "ID" FROM "ORDERS" WHERE "LAST_UPDATED" >= :1 AND ("LAST_UPDATED" > :2 OR ("LAST_UPDATED" = :3 AND "ID" > :4)) ORDER BY "LAST_UPDATED" NULLS FIRST, "ID" FETCH FIRST 100 ROWS ONLY"#,
                4,
                r#"SELECT "ID" FROM "ORDERS" AS OF SCN 42 WHERE "LAST_UPDATED" >= :1 AND ("LAST_UPDATED" > :2 OR ("LAST_UPDATED" = :3 AND "ID" > :4)) ORDER BY "LAST_UPDATED" NULLS FIRST, "ID" FETCH FIRST 100 ROWS ONLY"#,
            ),
            (
                r#"SELECT COUNT(*) AS "row_count" FROM "ORDERS""#,
                0,
                r#"SELECT COUNT(*) AS "row_count" FROM "ORDERS" AS OF SCN 42"#,
            ),
            (
                "SELECT o.id, SUM(l.quantity) total\nFROM orders o\n JOIN order_lines l ON l.order_id = o.id\nGROUP BY o.id ORDER BY total",
                0,
                "SELECT o.id, SUM(l.quantity) total\nFROM orders AS OF SCN 42 o\n JOIN order_lines AS OF SCN 42 l ON l.order_id = o.id\nGROUP BY o.id ORDER BY total",
            ),
            (
                "SELECT 'é', id FROM orders x, (SELECT order_id AS oid FROM order_lines) y WHERE y.oid = x.id",
                0,
                "SELECT 'é', id FROM orders AS OF SCN 42 x, (SELECT order_id AS oid FROM order_lines AS OF SCN 42) y WHERE y.oid = x.id",
            ),
            (
                "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id)",
                0,
                "SELECT id FROM orders AS OF SCN 42 o WHERE EXISTS (SELECT 1 FROM order_lines AS OF SCN 42 l WHERE l.order_id = o.id)",
            ),
            (
                "SELECT NVL(customer, 'x'), TO_CHAR(last_updated, 'YYYY'), CASE WHEN amount > 1 THEN 1 ELSE 0 END, ROWNUM FROM orders",
                0,
                "SELECT NVL(customer, 'x'), TO_CHAR(last_updated, 'YYYY'), CASE WHEN amount > 1 THEN 1 ELSE 0 END, ROWNUM FROM orders AS OF SCN 42",
            ),
            (
                "SELECT last_updated, TO_CHAR(last_updated, 'TZH:TZM') AS last_updated_offset FROM orders",
                0,
                "SELECT last_updated, TO_CHAR(last_updated, 'TZH:TZM') AS last_updated_offset FROM orders AS OF SCN 42",
            ),
            (
                "SELECT id, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY amount DESC) AS rn FROM orders UNION ALL SELECT id, 1 FROM order_lines",
                0,
                "SELECT id, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY amount DESC) AS rn FROM orders AS OF SCN 42 UNION ALL SELECT id, 1 FROM order_lines AS OF SCN 42",
            ),
        ] {
            assert_eq!(try_check(statement, parameters).as_deref(), Ok(expected), "{statement}");
        }
    }

    #[test]
    fn whatever_does_more_is_denied() {
        for (statement, why) in [
            ("DELETE FROM orders", "only SELECT"),
            ("UPDATE orders SET id = 1", "only SELECT"),
            ("INSERT INTO orders (id) VALUES (1)", "only SELECT"),
            ("DROP TABLE orders", "only SELECT"),
            ("SELECT id FROM orders; DELETE FROM orders", "one statement"),
            ("SELECT id FROM secrets", "SECRETS is not granted"),
            ("SELECT id FROM sys.orders", "another schema"),
            ("SELECT id FROM orders@remote", "not granted"),
            ("SELECT id FROM orders, secrets", "SECRETS is not granted"),
            ("SELECT id FROM orders WHERE id IN (SELECT id FROM secrets)", "SECRETS is not granted"),
            ("SELECT (SELECT MAX(id) FROM secrets) FROM orders", "SECRETS is not granted"),
            ("SELECT id FROM orders ORDER BY (SELECT MAX(id) FROM secrets)", "ORDER BY"),
            ("SELECT id AS f FROM orders ORDER BY (SELECT f FROM dual)", "ORDER BY"),
            ("SELECT id AS f FROM orders ORDER BY CASE WHEN EXISTS (SELECT f FROM dual) THEN 1 END", "ORDER BY"),
            ("SELECT id AS f FROM orders ORDER BY NVL(id, (SELECT f FROM dual))", "ORDER BY"),
            ("SELECT id FROM \"orders\"", "orders is not granted"),
            ("WITH o AS (SELECT id FROM orders) SELECT id FROM o", "WITH is not allowed"),
            ("SELECT id FROM orders FOR UPDATE", "only a plain SELECT"),
            ("SELECT id FROM orders CONNECT BY PRIOR id = amount", "only a plain SELECT"),
            ("SELECT /*+ PARALLEL(16) */ id FROM orders", "comments and hints"),
            ("SELECT id FROM orders -- x", "comments and hints"),
            ("SELECT utl_http.request('http://x') FROM orders", "function UTL_HTTP.REQUEST"),
            ("SELECT dbms_lock.sleep(10) FROM orders", "function DBMS_LOCK.SLEEP"),
            ("SELECT my_function(id) FROM orders", "function MY_FUNCTION"),
            ("SELECT my_function FROM orders", "no column MY_FUNCTION"),
            ("SELECT my_function AS my_function FROM orders", "no column MY_FUNCTION"),
            ("SELECT x.f FROM (SELECT my_function AS f FROM orders) x", "no column MY_FUNCTION"),
            ("SELECT my_package.my_function FROM orders", "MY_PACKAGE"),
            ("SELECT my_sequence.NEXTVAL FROM orders", "MY_SEQUENCE"),
            ("SELECT a.b.c FROM orders a", "A.B.C"),
            ("SELECT o.secret FROM orders o", "no column O.SECRET"),
            ("SELECT USER FROM orders", "USER"),
            ("SELECT SYS_CONTEXT('USERENV','IP_ADDRESS') FROM orders", "function SYS_CONTEXT"),
            ("SELECT id FROM TABLE(my_pipe())", "only tables"),
            ("SELECT id FROM orders WHERE id > my_function(1)", "function MY_FUNCTION"),
            ("SELECT id FROM orders GROUP BY my_function", "no column MY_FUNCTION"),
            ("SELECT CAST(id AS my_type) FROM orders", "type my_type"),
        ] {
            match try_check(statement, 0) {
                Err(Violation::UnknownColumn(name)) => {
                    assert!(why.contains(&name) || format!("no column {name}").contains(why), "{statement}: {name}")
                }
                Err(Violation::Denied(reason)) => assert!(reason.contains(why), "{statement}: {reason}"),
                Err(Violation::Unreadable(reason)) if why == "only tables" => drop(reason),
                other => panic!("{statement}: {other:?}"),
            }
        }
    }

    #[test]
    fn parameters_stand_in_order() {
        for (statement, parameters) in [
            ("SELECT id FROM orders WHERE id = :1", 0),
            ("SELECT id FROM orders WHERE id = :2", 1),
            ("SELECT id FROM orders WHERE id = :1 OR amount = :1", 1),
            ("SELECT id FROM orders WHERE id = :name", 1),
        ] {
            assert!(matches!(try_check(statement, parameters), Err(Violation::Unreadable(_))), "{statement}");
        }
        assert!(try_check("SELECT id FROM orders WHERE customer = ':1'", 0).is_ok());
    }

    #[test]
    fn no_statement_harms_the_guard() {
        let deep = format!("SELECT {}1{} FROM orders", "(".repeat(10_000), ")".repeat(10_000));
        let long = format!("SELECT {} AS id FROM orders", vec!["id"; 60_000].join("+"));
        for statement in ["", " ", "SELECT", "SELECT FROM", "')", "\"", &deep, &long] {
            assert!(try_check(statement, 0).is_err(), "{statement:.40}");
        }
    }
}
