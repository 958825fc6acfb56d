//! The guard over a plugin's SQL: it must be one SELECT that names tables only by its placeholders and calls functions
//! that only compute. It is checked before anything runs, as the text that would run; whatever the rules do not name is
//! refused. A regular expression is not a guard: a parser of the database's dialect reads the text, and a placeholder
//! must be a token of its own, so that no quote, comment or neighbour can change its meaning.
//!
//! | module | purpose |
//! |---|---|
//! | `tokens` | the tokens that may be in the text; placeholders as tokens of their own |
//! | `violation` | the reason why SQL is refused |
//! | `walk` | the tables and functions that a parsed SELECT names |
//! | `names` | the names that are visible at a place |
//!
//! In Oracle a function of a schema can be called like a column, without parentheses. The name before a point must
//! therefore be a relation that is visible there, and where no relation but `dual` is visible, a bare word cannot be a
//! column. The text does not show whether a bare word, or a word after the name of a relation, is one of the columns of
//! a table or of a subquery. So `SELECT f FROM {stock}` passes where the account has a function `f` of its own, or a
//! synonym for one: the account that builds models should have neither.

mod names;
mod tokens;
mod violation;
mod walk;

use std::cell::RefCell;
use std::collections::HashSet;

use sqlparser::ast::{Expr, Query, Visit};
use sqlparser::dialect::Dialect as ParserDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use wmshost_flow::model::Assertion;
use wmshost_sql::Dialect;
use wmshost_sql::guard::{offset_at, on_deep_stack};

use crate::diagnostic::{At, DiagnosticSink};
use crate::project::{Node, Project};
use crate::template::{Mode, RenderedSql, Template};
use tokens::StandIns;
use violation::Violation;
use walk::Walk;

/// The greatest depth to which SQL may nest.
const DEPTH: usize = 100;

/// The required shape of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    /// One SELECT.
    Select,
    /// An expression, as conditions and measures of tests are.
    Expression,
}

/// Returns whether an expression may read more than its own row: by a subquery, or by the named column. True for one that
/// cannot be split into tokens.
pub(crate) fn looks_around(dialect: Dialect, text: &str, column: &str) -> bool {
    let tokens = Tokenizer::new(dialect.parser_dialect(), text).tokenize();
    tokens.map_or(true, |tokens| {
        tokens.iter().any(|token| match token {
            Token::Word(word) => {
                word.quote_style.is_none() && word.value.eq_ignore_ascii_case("SELECT")
                    || word.value.eq_ignore_ascii_case(column)
            }
            _ => false,
        })
    })
}

/// Checks all SQL of all plugins.
pub(crate) fn check(project: &Project, sink: &mut DiagnosticSink) {
    let guard = Guard { project, passed: RefCell::default() };
    // On one stack, because memory that is touched for the first time costs as much as a short text.
    on_deep_stack(|| project.nodes.iter().for_each(|node| guard.node(node, sink)));
}

struct Guard<'p> {
    project: &'p Project,
    /// The texts that passed, with the stand-ins in them: plugins repeat conditions, and both builds of a model may be the
    /// same.
    passed: RefCell<HashSet<(Shape, StandIns, String)>>,
}

impl Guard<'_> {
    fn node(&self, node: &Node, sink: &mut DiagnosticSink) {
        let place = format!("{}, SQL", node.place());
        let at = At { plugin: &node.plugin, place: &place };
        if let Some(model) = node.model() {
            self.template(&model.statement, Mode::Full, Shape::Select, at, sink);
            if model.increment().is_some() {
                self.template(&model.statement, Mode::Incremental, Shape::Select, at, sink);
            }
            if let Some(changes) = &model.changes {
                let place = format!("{}, changes", node.place());
                self.template(changes, Mode::Incremental, Shape::Select, At { place: &place, ..at }, sink);
            }
        }
        self.tests(node, sink);
    }

    fn tests(&self, node: &Node, sink: &mut DiagnosticSink) {
        for parsed in &node.tests {
            let place = format!("{}, test {}", node.place(), parsed.test.name);
            let at = At { plugin: &node.plugin, place: &place };
            let shape = match parsed.test.assertion {
                Assertion::Custom(_) => Shape::Select,
                _ => Shape::Expression,
            };
            if let Some(sql) = &parsed.sql {
                self.template(sql, Mode::Full, shape, at, sink);
            }
            if let Some(condition) = &parsed.only_where {
                self.template(condition, Mode::Full, Shape::Expression, at, sink);
            }
        }
    }

    /// Checks one text; a mistake in both builds of a model is reported once.
    fn template(&self, template: &Template, mode: Mode, shape: Shape, at: At<'_>, sink: &mut DiagnosticSink) {
        if let Err((rendered, violation)) = self.check_build(template, mode, shape) {
            let offset = rendered.source_of(violation.at);
            let known = sink.all.len();
            sink.in_sql(at, &template.source, offset, violation.what);
            if sink.all[..known].contains(&sink.all[known]) {
                sink.all.pop();
            }
        }
    }

    /// Checks the text of one build; fails with the first violation in it.
    fn check_build(&self, template: &Template, mode: Mode, shape: Shape) -> Result<(), (RenderedSql, Violation)> {
        let stand_ins = StandIns::of(template, self.project);
        // Values are looked at as stand-ins first, and then as they will be inserted; relations are stand-ins anyway.
        if template.uses().any(|used| !used.word.is_relation()) {
            let replaced = template.render_with_positions(mode, stand_ins.all());
            self.tokens(&replaced.text, &stand_ins).map_err(|violation| (replaced, violation))?;
        }
        let rendered = template.render_with_positions(mode, |word| match word {
            relation if relation.is_relation() => stand_ins.of_word(relation),
            value => self.project.renderer().render_placeholder(value, 0),
        });
        let passing = (shape, stand_ins, rendered.text.clone());
        if self.passed.borrow().contains(&passing) {
            return Ok(());
        }
        let checked = self
            .tokens(&rendered.text, &passing.1)
            .and_then(|tokens| self.check_tokens(tokens, &rendered.text, &passing.1, shape));
        checked.map_err(|violation| (rendered, violation))?;
        self.passed.borrow_mut().insert(passing);
        Ok(())
    }

    fn tokens(&self, text: &str, stand_ins: &StandIns) -> Result<Vec<TokenWithSpan>, Violation> {
        tokens::tokenize(self.dialect(), text, stand_ins)
    }

    fn dialect(&self) -> &'static dyn ParserDialect {
        self.project.dialect.parser_dialect()
    }

    fn check_tokens(
        &self,
        tokens: Vec<TokenWithSpan>,
        text: &str,
        stand_ins: &StandIns,
        shape: Shape,
    ) -> Result<(), Violation> {
        let unreadable = |error: &ParserError| unreadable(error, text);
        if shape == Shape::Select {
            tokens::begins_as_select(&tokens, text)?;
        }
        let mut parser = Parser::new(self.dialect()).with_recursion_limit(DEPTH).with_tokens_with_locations(tokens);
        let mut walk = Walk::new(self.project, stand_ins, text, shape == Shape::Expression);
        match shape {
            Shape::Select => {
                let query: Box<Query> = parser.parse_query().map_err(|error| unreadable(&error))?;
                ends(&parser, text, "a second statement")?;
                walk.check(query.as_ref())
            }
            Shape::Expression => {
                let expression: Expr = parser.parse_expr().map_err(|error| unreadable(&error))?;
                ends(&parser, text, "more than one expression")?;
                walk.check(&expression)
            }
        }
    }
}

impl Walk<'_> {
    fn check(&mut self, parsed: &impl Visit) -> Result<(), Violation> {
        match parsed.visit(self) {
            std::ops::ControlFlow::Continue(()) => Ok(()),
            std::ops::ControlFlow::Break(violation) => Err(violation),
        }
    }
}

fn ends(parser: &Parser<'_>, text: &str, what: &str) -> Result<(), Violation> {
    let next = parser.peek_token();
    match next.token {
        Token::EOF => Ok(()),
        token => {
            Err(Violation { at: offset_at(text, next.span.start), what: format!("here begins {what}, with {token}") })
        }
    }
}

/// The parser's error, with the place that it names. Its errors have the place only in their text.
fn unreadable(error: &ParserError, text: &str) -> Violation {
    let (message, place) = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            message.split_once(" at Line: ").map_or((message.as_str(), None), |(message, place)| (message, Some(place)))
        }
        ParserError::RecursionLimitExceeded => ("it nests too deep", None),
    };
    let place = place.and_then(|place| {
        let (line, column) = place.split_once(", Column: ")?;
        Some(offset_at(text, Location { line: line.parse().ok()?, column: column.trim().parse().ok()? }))
    });
    Violation { at: place.unwrap_or(0), what: format!("it cannot be read as SQL: {message}") }
}

#[cfg(test)]
mod tests;
