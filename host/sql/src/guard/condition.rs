//! A condition that the author of a pipeline writes for the rows that a plugin may read. It becomes part of a statement of
//! the driver, so that it has to be one expression and nothing after it.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, Query, Value, Visit as _, Visitor};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::{check_operators, full_name, on_deep_stack};
use crate::Dialect;

/// The reason against a text that the parser refuses.
const UNREADABLE: &str = "it cannot be read as a condition";
/// The deepest nesting of a condition.
const DEPTH: usize = 40;

/// Checks a condition over the columns of one table; the error is the reason why it is none.
pub fn check_condition(dialect: Dialect, condition: &str) -> Result<(), String> {
    let tokens = Tokenizer::new(dialect.parser_dialect(), condition).tokenize();
    let tokens = tokens.map_err(|_| UNREADABLE.to_owned())?;
    check_operators(&tokens)?;
    on_deep_stack(|| check_tokens(dialect, condition, tokens))
}

fn check_tokens(dialect: Dialect, condition: &str, tokens: Vec<Token>) -> Result<(), String> {
    let mut parser = Parser::new(dialect.parser_dialect()).with_recursion_limit(DEPTH).with_tokens(tokens);
    let expression = parser.parse_expr().map_err(|_| UNREADABLE.to_owned())?;
    if condition.contains("--") || condition.contains("/*") || parser.peek_token().token != Token::EOF {
        return Err("it is more than one condition; comments are not allowed either".to_owned());
    }
    match expression.visit(&mut PlainOnly(dialect)) {
        ControlFlow::Break(why) => Err(why),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Refuses subqueries, parameters, and functions that do more than compute.
struct PlainOnly(Dialect);

impl Visitor for PlainOnly {
    type Break = String;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<String> {
        ControlFlow::Break("it has a query in it; a view can choose rows by other tables".to_owned())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<String> {
        match expression {
            Expr::Function(Function { name, .. }) if !self.0.only_computes(&full_name(self.0, name)) => {
                ControlFlow::Break(format!("the function {name} is not among those that only compute"))
            }
            Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
                ControlFlow::Break("it has a parameter, which has no value".to_owned())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_one_expression_over_one_table() {
        for dialect in [Dialect::Sqlite, Dialect::Oracle] {
            for good in ["warehouse = 'W1'", "a > 1 AND (b IS NULL OR UPPER(c) LIKE 'x%')", "a IN (1, 2)"] {
                assert_eq!(check_condition(dialect, good), Ok(()), "{good}");
            }
            for bad in [
                "",
                "a = 1) OR (1 = 1",
                "a = 1; DELETE FROM t",
                "1 = 1 --",
                "a /* x */ = 1",
                "a IN (SELECT id FROM other)",
                "EXISTS (SELECT 1 FROM other)",
                "load_extension('x')",
                "a = ?1",
                "a = 1 UNION SELECT 1",
            ] {
                assert!(check_condition(dialect, bad).is_err(), "{bad}");
            }
        }
    }
}
