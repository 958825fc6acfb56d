//! What a plugin's SQL may be: one SELECT that names tables only by its placeholders and calls functions that only
//! compute. Looked at before anything runs, as the text that would run; whatever the rules do not name is refused.
//! A regular expression is not a guard: the text is taken apart by a parser of the database's dialect, and a
//! placeholder must be a word by itself there, so that no quote, comment or neighbour can give it another meaning.
//!
//! | room | what it is for |
//! |---|---|
//! | `tokens` | which signs may stand in the text, and that placeholders stand by themselves |
//! | `walk` | what a parsed SELECT names and calls |
//! | `names` | which names can be seen at a place |
//!
//! What it cannot know: in Oracle a function of the schema can be called like a column, without parentheses.

mod names;
mod tokens;
mod walk;

use sqlparser::ast::{Expr, Query, Visit};
use sqlparser::dialect::{Dialect as SqlDialect, OracleDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};
use wmshost_flow::Dialect;
use wmshost_flow::model::Assertion;

use crate::check::{At, Findings};
use crate::mistake::offset_at;
use crate::project::{Node, Project};
use crate::template::{Mode, Template, Word, Written};
use tokens::Marks;
use walk::Walk;

/// How deep SQL may nest.
const DEPTH: usize = 100;

/// Why SQL is refused, and where in the text that would run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Objection {
    at: usize,
    what: String,
}

/// What the text has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One SELECT.
    Select,
    /// An expression, as conditions and measures of tests are.
    Expression,
}

/// Looks at all SQL of all plugins.
pub(crate) fn look(project: &Project, findings: &mut Findings) {
    let guard = Guard { project };
    for node in &project.nodes {
        let place = format!("{}, SQL", node.place());
        let at = At { plugin: &node.plugin, place: &place };
        if let Some(model) = node.model() {
            guard.template(&model.statement, Mode::Full, Shape::Select, at, findings);
            if model.increment().is_some() {
                guard.template(&model.statement, Mode::Incremental, Shape::Select, at, findings);
            }
            if let Some(changes) = &model.changes {
                let place = format!("{}, changes", node.place());
                guard.template(changes, Mode::Incremental, Shape::Select, At { place: &place, ..at }, findings);
            }
        }
        guard.tests(node, findings);
    }
}

struct Guard<'p> {
    project: &'p Project,
}

impl Guard<'_> {
    fn tests(&self, node: &Node, findings: &mut Findings) {
        for parsed in &node.tests {
            let place = format!("{}, test {}", node.place(), parsed.test.name);
            let at = At { plugin: &node.plugin, place: &place };
            let shape = match parsed.test.assertion {
                Assertion::Custom(_) => Shape::Select,
                _ => Shape::Expression,
            };
            if let Some(sql) = &parsed.sql {
                self.template(sql, Mode::Full, shape, at, findings);
            }
            if let Some(condition) = &parsed.only_where {
                self.template(condition, Mode::Full, Shape::Expression, at, findings);
            }
        }
    }

    /// Looks at one text; what is wrong in both builds of a model is told once.
    fn template(&self, template: &Template, mode: Mode, shape: Shape, at: At<'_>, findings: &mut Findings) {
        if let Err((written, objection)) = self.judged(template, mode, shape) {
            let offset = written.source_of(objection.at);
            let told = findings.all.len();
            findings.in_sql(at, &template.source, offset, objection.what);
            if findings.all[..told].contains(&findings.all[told]) {
                findings.all.pop();
            }
        }
    }

    fn judged(&self, template: &Template, mode: Mode, shape: Shape) -> Result<(), (Written, Objection)> {
        let marks = Marks::of(template, self.project);
        // Once with a mark for every placeholder, then with the values as they will stand there.
        let marked = template.written(mode, marks.all());
        self.tokens(&marked.text, &marks).map_err(|objection| (marked, objection))?;
        let written = template.written(mode, |word| match word {
            Word::Relation(_) | Word::This | Word::Changes | Word::Former(_) => marks.of_word(word),
            value => self.project.speaker().spell(value, 0),
        });
        let parsed =
            self.tokens(&written.text, &marks).and_then(|tokens| self.parsed(tokens, &written.text, &marks, shape));
        parsed.map_err(|objection| (written, objection))
    }

    fn tokens(&self, text: &str, marks: &Marks) -> Result<Vec<TokenWithSpan>, Objection> {
        tokens::taken_apart(self.dialect(), text, marks)
    }

    fn dialect(&self) -> &'static dyn SqlDialect {
        match self.project.dialect {
            Dialect::Sqlite => &SQLiteDialect {},
            Dialect::Oracle => &OracleDialect {},
        }
    }

    fn parsed(&self, tokens: Vec<TokenWithSpan>, text: &str, marks: &Marks, shape: Shape) -> Result<(), Objection> {
        let unreadable = |error: &ParserError| unreadable(error, text);
        if shape == Shape::Select {
            tokens::begins_as_select(&tokens, text)?;
        }
        let mut parser = Parser::new(self.dialect()).with_recursion_limit(DEPTH).with_tokens_with_locations(tokens);
        let mut walk = Walk::new(self.project, marks, text);
        match shape {
            Shape::Select => {
                let query: Box<Query> = parser.parse_query().map_err(|error| unreadable(&error))?;
                ends(&parser, text, "a second statement")?;
                walk.look(query.as_ref())
            }
            Shape::Expression => {
                let expression: Expr = parser.parse_expr().map_err(|error| unreadable(&error))?;
                ends(&parser, text, "more than one expression")?;
                walk.look(&expression)
            }
        }
    }
}

impl Walk<'_> {
    fn look(&mut self, parsed: &impl Visit) -> Result<(), Objection> {
        match parsed.visit(self) {
            std::ops::ControlFlow::Continue(()) => Ok(()),
            std::ops::ControlFlow::Break(objection) => Err(objection),
        }
    }
}

fn ends(parser: &Parser<'_>, text: &str, what: &str) -> Result<(), Objection> {
    let next = parser.peek_token();
    match next.token {
        Token::EOF => Ok(()),
        token => Err(Objection {
            at: offset_at(text, next.span.start.line, next.span.start.column),
            what: format!("here begins {what}, with {token}"),
        }),
    }
}

/// What the parser says, with the place that it names.
fn unreadable(error: &ParserError, text: &str) -> Objection {
    let (message, place) = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            message.split_once(" at Line: ").map_or((message.as_str(), None), |(message, place)| (message, Some(place)))
        }
        ParserError::RecursionLimitExceeded => ("it nests too deep", None),
    };
    let place = place.and_then(|place| {
        let (line, column) = place.split_once(", Column: ")?;
        Some(offset_at(text, line.parse().ok()?, column.trim().parse().ok()?))
    });
    Objection { at: place.unwrap_or(0), what: format!("it cannot be read as SQL: {message}") }
}

#[cfg(test)]
mod tests;
