//! Comparisons of a guest's statement, by the meaning of values. SQLite compares `t > ?1` by how `t` is stored, and one
//! moment or decimal has many spellings; so the obvious statement would miss rows. Where a granted column of that kind
//! is compared or ordered by, both sides go through the function that `order` has for it: `t > ?1` becomes `("t" >=
//! wms_moment_least(?1) AND wms_moment("t") > wms_moment(?1))`, whose first half lets SQLite use an index. An
//! expression that already calls such a function, or names a collation, is left as it is.
//!
//! Columns are known by their names. A name that means such a column in one granted table and another kind in a second
//! one is refused where it is compared.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, InTarget, OrderByKind, Query, Select, SelectItem, SetExpr, Value as Literal,
    VisitMut as _, VisitorMut,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use wmshost_flow::{Bounds, TableDescription};
use wmshost_sql::Value;
use wmshost_sql::guard::{check_operators, on_deep_stack};

use super::read_connection::limits;
use crate::sqlite::guard::OWN_FUNCTIONS;

/// The deepest nesting of a statement that is rewritten.
const DEPTH: usize = 100;
/// The longest statement, which SQLite would refuse, too.
const MOST_BYTES: usize = limits::STATEMENT_BYTES as usize;

/// A column whose values are compared by a function.
#[derive(Debug, Clone, PartialEq)]
struct Special {
    /// The function for the column; `None`: it is compared as it is stored.
    column: Option<String>,
    /// The function for the other side of the comparison.
    other: String,
    bounds: Option<Bounds>,
}

/// Columns by their names in lower case; `None` where tables differ in what the name means.
type Columns = HashMap<String, Option<Special>>;

/// Returns the statement with such comparisons made by meaning; the error is the reason why that cannot be done.
pub(crate) fn by_meaning(
    statement: &str,
    parameters: &[Value],
    tables: &[Arc<TableDescription>],
) -> Result<String, String> {
    let columns = columns(tables);
    let lower = statement.to_ascii_lowercase();
    let Some(named) = columns.keys().find(|name| lower.contains(name.as_str())).cloned() else {
        return Ok(statement.to_owned());
    };
    if statement.len() > MOST_BYTES {
        return Err(format!("the statement has {} bytes, {MOST_BYTES} may be", statement.len()));
    }
    let tokens = Tokenizer::new(&SQLiteDialect {}, statement).tokenize().ok();
    if let Some(tokens) = &tokens {
        check_operators(tokens).map_err(|why| format!("the statement cannot be read: {why}"))?;
    }
    on_deep_stack(|| rewritten(statement, tokens, parameters, columns, &named))
}

fn rewritten(
    statement: &str,
    tokens: Option<Vec<Token>>,
    parameters: &[Value],
    columns: Columns,
    named: &str,
) -> Result<String, String> {
    let lower = statement.to_ascii_lowercase();
    let parsed = tokens.and_then(|tokens| {
        Parser::new(&SQLiteDialect {}).with_recursion_limit(DEPTH).with_tokens(tokens).parse_statements().ok()
    });
    let Some(mut parsed) = parsed else {
        // SQLite itself reports what is wrong, unless it accepts more than this parser.
        let compares = parameters.iter().any(|value| *value != Value::Null);
        return if compares && !lower.contains(OWN_FUNCTIONS) {
            Err(format!(
                "the statement cannot be parsed, so that its comparisons of {named} with parameters could miss rows; \
                 write it more plainly, or compare with the expressions that the table's description has for its columns"
            ))
        } else {
            Ok(statement.to_owned())
        };
    };
    let mut rewriter = Rewriter { columns, changed: false, conflict: None };
    for statement in &mut parsed {
        let _: ControlFlow<()> = statement.visit(&mut Aliases(&mut rewriter.columns));
        let _: ControlFlow<()> = statement.visit(&mut rewriter);
    }
    match rewriter.conflict {
        Some(name) => Err(format!(
            "the column {name} has another type in one granted table than in another, so that comparing it could miss rows; \
             compare with the expressions that the tables' descriptions have for it"
        )),
        None if rewriter.changed => Ok(parsed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        None => Ok(statement.to_owned()),
    }
}

fn columns(tables: &[Arc<TableDescription>]) -> Columns {
    let mut columns: HashMap<String, Vec<Option<Special>>> = HashMap::new();
    for table in tables {
        for (field, order) in table.columns.fields().iter().zip(&table.order) {
            let special = order.as_ref().ok().and_then(|order| {
                let column = order.expression.split_once('(').filter(|(name, _)| name.starts_with(OWN_FUNCTIONS));
                let column = column.map(|(name, _)| name.to_owned());
                Some(Special { column, other: order.function.clone()?, bounds: order.bounds.clone() })
            });
            columns.entry(field.name().to_ascii_lowercase()).or_default().push(special);
        }
    }
    let meaning = |(name, found): (String, Vec<Option<Special>>)| {
        let first = found.first().cloned().flatten();
        let same = found.iter().all(|other| *other == first);
        (!same || first.is_some()).then_some((name, first.filter(|_| same)))
    };
    columns.into_iter().filter_map(meaning).collect()
}

/// The column's name, if an expression is nothing but a column.
fn name_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Identifier(name) => Some(name.value.to_ascii_lowercase()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.to_ascii_lowercase()),
        Expr::Nested(inner) => name_of(inner),
        _ => None,
    }
}

/// Collects the names that parts of a statement define for such columns.
struct Aliases<'c>(&'c mut Columns);

impl VisitorMut for Aliases<'_> {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let SetExpr::Select(select) = query.body.as_ref() else { return ControlFlow::Continue(()) };
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item
                && let Some(meaning) = name_of(expr).and_then(|name| self.0.get(&name)).cloned()
            {
                self.0.entry(alias.value.to_ascii_lowercase()).or_insert(meaning);
            }
        }
        ControlFlow::Continue(())
    }
}

struct Rewriter {
    columns: Columns,
    changed: bool,
    /// A name that means different things.
    conflict: Option<String>,
}

impl Rewriter {
    fn special(&mut self, expression: &Expr) -> Option<Special> {
        let name = name_of(expression)?;
        let found = self.columns.get(&name)?.clone();
        if found.is_none() {
            self.conflict.get_or_insert(name);
        }
        found
    }

    /// Makes two sides compared by their meaning; returns the bounds that follow from the comparison.
    fn compare(&mut self, left: &mut Expr, right: &mut Expr, operator: &BinaryOperator) -> Vec<String> {
        if let (Expr::Tuple(left), Expr::Tuple(right)) = (&mut *left, &mut *right) {
            for (left, right) in left.iter_mut().zip(right) {
                self.compare(left, right, &BinaryOperator::NotEq);
            }
            return Vec::new();
        }
        if is_own(left) || is_own(right) {
            return Vec::new();
        }
        let (of_left, of_right) = (self.special(left), self.special(right));
        let bounds = match (&of_left, &of_right) {
            (Some(special), None) => special.bounds_of(left, right, operator),
            (None, Some(special)) => special.bounds_of(right, left, &mirrored(operator)),
            _ => Vec::new(),
        };
        for (side, own, other) in [(left, &of_left, &of_right), (right, &of_right, &of_left)] {
            match (own, other) {
                (Some(own), _) => self.wrap(side, own.column.as_deref()),
                (None, Some(other)) => self.wrap(side, Some(&other.other)),
                (None, None) => {}
            }
        }
        bounds
    }

    fn wrap(&mut self, expression: &mut Expr, function: Option<&str>) {
        let Some(function) = function else { return };
        self.changed = true;
        *expression = raw(format!("{function}({expression})"));
    }

    fn order(&mut self, query: &mut Query) {
        let SetExpr::Select(select) = query.body.as_ref() else { return };
        let Some(OrderByKind::Expressions(order)) = query.order_by.as_mut().map(|order| &mut order.kind) else {
            return;
        };
        for by in order {
            if !is_renamed(select, &by.expr, &self.columns)
                && let Some(special) = self.special(&by.expr)
            {
                self.wrap(&mut by.expr, special.column.as_deref());
            }
        }
    }
}

/// Returns whether the name means something else in the result.
fn is_renamed(select: &Select, by: &Expr, columns: &Columns) -> bool {
    let Some(name) = name_of(by) else { return false };
    select.projection.iter().any(|item| {
        matches!(item, SelectItem::ExprWithAlias { expr, alias } if alias.value.to_ascii_lowercase() == name
            && name_of(expr).is_none_or(|name| !columns.contains_key(&name)))
    })
}

impl Special {
    /// Conditions that hold wherever the comparison does, with which an index narrows it.
    fn bounds_of(&self, column: &Expr, other: &Expr, operator: &BinaryOperator) -> Vec<String> {
        let (Some(bounds), true) = (&self.bounds, is_parameter(other)) else { return Vec::new() };
        let least = || format!("{column} >= {}({other})", bounds.least);
        let most = || format!("{column} <= {}({other})", bounds.most);
        match operator {
            BinaryOperator::Gt | BinaryOperator::GtEq => vec![least()],
            BinaryOperator::Lt | BinaryOperator::LtEq => vec![most()],
            BinaryOperator::Eq => vec![least(), most()],
            _ => Vec::new(),
        }
    }
}

/// An expression that is written as it is.
fn raw(text: String) -> Expr {
    Expr::Identifier(Ident::new(text))
}

fn is_parameter(expression: &Expr) -> bool {
    matches!(expression, Expr::Value(value) if matches!(value.value, Literal::Placeholder(_)))
}

fn is_own(expression: &Expr) -> bool {
    matches!(expression, Expr::Function(function) if function.name.to_string().to_ascii_lowercase().starts_with(OWN_FUNCTIONS))
}

fn is_comparison(operator: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn mirrored(operator: &BinaryOperator) -> BinaryOperator {
    match operator {
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        other => other.clone(),
    }
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.order(query);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        let bounds = match expression {
            Expr::BinaryOp { left, op, right } if is_comparison(op) => self.compare(left, right, &op.clone()),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.compare(left, right, &BinaryOperator::NotEq)
            }
            Expr::Between { expr, low, high, negated } => {
                let column = expr.as_ref().clone();
                let [at_least, at_most] = match negated {
                    true => [BinaryOperator::NotEq, BinaryOperator::NotEq],
                    false => [BinaryOperator::GtEq, BinaryOperator::LtEq],
                };
                let mut bounds = self.compare(&mut column.clone(), low, &at_least);
                let mut by_high = column;
                bounds.extend(self.compare(&mut by_high, high, &at_most));
                **expr = by_high;
                bounds
            }
            Expr::In { expr, target: InTarget::List(list), .. } => {
                let column = expr.as_ref().clone();
                for item in list {
                    let mut compared = column.clone();
                    self.compare(&mut compared, item, &BinaryOperator::NotEq);
                    **expr = compared;
                }
                Vec::new()
            }
            _ => return ControlFlow::Continue(()),
        };
        if !bounds.is_empty() {
            *expression = raw(format!("({} AND {expression})", bounds.join(" AND ")));
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::{DataType, Field, Schema};
    use wmshost_flow::ColumnOrder;

    use super::*;

    fn table(name: &str, columns: &[(&str, Option<&str>)]) -> Arc<TableDescription> {
        let field = |(name, _): &(&str, Option<&str>)| Field::new(*name, DataType::Utf8, true);
        let order = |(name, function): &(&str, Option<&str>)| {
            Ok(match function {
                None => ColumnOrder::of(format!("\"{name}\"")),
                Some(function) => ColumnOrder {
                    expression: format!("{function}(\"{name}\")"),
                    function: Some((*function).to_owned()),
                    bounds: (*function == "wms_moment").then(|| Bounds { least: "lo".into(), most: "hi".into() }),
                },
            })
        };
        Arc::new(TableDescription {
            name: name.to_owned(),
            columns: Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>())),
            key: Vec::new(),
            order: columns.iter().map(order).collect(),
            sources: Vec::new(),
        })
    }

    fn rewritten(statement: &str) -> Result<String, String> {
        let tables = [
            table("stock", &[("id", None), ("t", Some("wms_moment")), ("q", Some("wms_decimal")), ("x", None)]),
            table("other", &[("id", None), ("x", Some("wms_moment"))]),
        ];
        by_meaning(statement, &[Value::Int64(1)], &tables)
    }

    #[test]
    fn comparisons_are_made_by_meaning() {
        for (condition, expected) in [
            ("t > ?1", "(t >= lo(?1) AND wms_moment(t) > wms_moment(?1))"),
            ("?1 > s.\"T\"", "(s.\"T\" <= hi(?1) AND wms_moment(?1) > wms_moment(s.\"T\"))"),
            ("t = ?1", "(t >= lo(?1) AND t <= hi(?1) AND wms_moment(t) = wms_moment(?1))"),
            ("t <> '2026-01-01'", "wms_moment(t) <> wms_moment('2026-01-01')"),
            ("q >= ?1", "wms_decimal(q) >= wms_decimal(?1)"),
            ("(t, id) > (?1, ?2)", "(wms_moment(t), id) > (wms_moment(?1), ?2)"),
            ("t IN (?1, ?2)", "wms_moment(t) IN (wms_moment(?1), wms_moment(?2))"),
            (
                "t BETWEEN ?1 AND ?2",
                "(t >= lo(?1) AND t <= hi(?2) AND wms_moment(t) BETWEEN wms_moment(?1) AND wms_moment(?2))",
            ),
            (
                "t > ?1 OR (t = ?1 AND id > ?2)",
                "(t >= lo(?1) AND wms_moment(t) > wms_moment(?1)) OR ((t >= lo(?1) AND t <= hi(?1) AND wms_moment(t) = \
                 wms_moment(?1)) AND id > ?2)",
            ),
        ] {
            let statement = |condition: &str| format!("SELECT id, t FROM stock AS s WHERE {condition}");
            assert_eq!(rewritten(&statement(condition)), Ok(statement(expected)), "{condition}");
        }
    }

    #[test]
    fn what_is_written_by_meaning_is_left_as_it_is() {
        for statement in [
            "SELECT  id FROM stock WHERE id > ?1",
            "SELECT id FROM stock WHERE wms_moment(\"t\")  > wms_moment(?1) AND t >= wms_moment_least(?1)",
            "SELECT t FROM stock ORDER BY t COLLATE BINARY DESC LIMIT 1",
            "SELECT lower(q) AS t FROM stock ORDER BY t",
            "SELECT t IS NULL FROM stock",
        ] {
            assert_eq!(rewritten(statement).as_deref(), Ok(statement));
        }
    }

    #[test]
    fn order_and_parts_with_names_of_their_own_are_understood() {
        for (statement, expected) in [
            ("SELECT id FROM stock ORDER BY t DESC, id", "SELECT id FROM stock ORDER BY wms_moment(t) DESC, id"),
            (
                "SELECT y FROM (SELECT t AS y FROM stock) AS p WHERE y <> ?1",
                "SELECT y FROM (SELECT t AS y FROM stock) AS p WHERE wms_moment(y) <> wms_moment(?1)",
            ),
        ] {
            assert_eq!(rewritten(statement).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_cannot_be_determined_is_refused() {
        assert!(rewritten("SELECT id FROM stock WHERE x > ?1").expect_err("two meanings").contains("column x"));
        assert!(
            rewritten("SELECT t FROM stock INDEXED BY a b c WHERE t > ?1")
                .expect_err("odd")
                .contains("cannot be parsed")
        );
    }

    #[test]
    fn a_long_statement_is_refused_before_it_is_parsed() {
        let tables = [table("t", &[("at", Some("wms_moment"))])];
        let of = |terms: usize| format!("SELECT at FROM t WHERE {} = ?1", vec!["n"; terms].join(" + "));
        for (terms, why) in [(60_000, "operators, 4000 may be"), (300_000, "bytes, 262144 may be")] {
            let refused = by_meaning(&of(terms), &[], &tables).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        assert!(by_meaning(&of(3_900), &[], &tables).is_ok());
    }
}
