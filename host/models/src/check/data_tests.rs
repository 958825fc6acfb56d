//! Tests of models and streams.

use std::collections::BTreeSet;

use wmshost_flow::model::{Assertion, Test, Threshold};

use super::model::is_plain;
use super::names::{check_column, hint};
use super::{At, DiagnosticSink};
use crate::project::{Node, ParsedTest, Project};
use crate::template::{Placeholder, Template};

/// Parses the tests of a node; a test that cannot be parsed is reported and left out.
pub(super) fn parse(tests: &[Test], at: At<'_>, sink: &mut DiagnosticSink) -> Vec<ParsedTest> {
    let mut names = BTreeSet::new();
    let mut parsed = Vec::new();
    for test in tests {
        let place = format!("{}, test {}", at.place, test.name);
        let at = At { place: &place, ..at };
        if test.name.is_empty() {
            sink.add(at, "a test has no name");
        }
        if !names.insert(&test.name) {
            sink.add(at, "another test has that name; give one of them a name with `named`");
        }
        for threshold in [test.warn_if, test.error_if] {
            if let Threshold::Percent(percent) = threshold
                && !(0.0..=100.0).contains(&percent)
            {
                sink.add(at, format!("a threshold of {percent} percent is out of range: 0 to 100"));
            }
        }
        if !values_are_plain(&test.assertion) {
            sink.add(at, "one of its values is not a valid decimal");
        }
        let sql = match &test.assertion {
            Assertion::Expression(sql) | Assertion::Custom(sql) | Assertion::Distribution { aggregate: sql, .. } => {
                Some(sql)
            }
            _ => None,
        };
        let sql = sql.map(|sql| sink.parse(at, sql));
        let only_where = test.only_where.as_ref().map(|condition| sink.parse(at, condition));
        if let (Some(sql), Some(only_where)) = (flat(sql), flat(only_where)) {
            for template in sql.iter().chain(&only_where) {
                words(template, at, sink);
            }
            parsed.push(ParsedTest { test: test.clone(), sql, only_where });
        }
    }
    parsed
}

/// Turns "nothing was declared" (`None`) into success without a template; a declared text that could not be parsed is a
/// failure (`None`).
fn flat(parsed: Option<Option<Template>>) -> Option<Option<Template>> {
    parsed.map_or(Some(None), |parsed| parsed.map(Some))
}

fn values_are_plain(assertion: &Assertion) -> bool {
    match assertion {
        Assertion::AcceptedValues { values, .. } => values.iter().all(is_plain),
        Assertion::Range { least, most, .. } => least.iter().chain(most).all(is_plain),
        _ => true,
    }
}

fn words(template: &Template, at: At<'_>, sink: &mut DiagnosticSink) {
    for used in template.uses() {
        if used.word.is_incremental() && *used.word != Placeholder::This || used.only.is_some() {
            sink.in_sql(at, &template.source, used.at, "a test is not a build: this placeholder has no meaning here");
        }
    }
}

/// Checks the columns and relations that tests name.
pub(super) fn references(project: &Project, node: &Node, sink: &mut DiagnosticSink) {
    for parsed in &node.tests {
        let place = format!("{}, test {}", node.place(), parsed.test.name);
        let at = At { plugin: &node.plugin, place: &place };
        for column in columns(&parsed.test.assertion) {
            check_column(node, column, at, sink);
        }
        if let Assertion::Relationship { to, to_column, .. } = &parsed.test.assertion {
            match project.by_name.get(to) {
                Some(&to) => check_column(&project.nodes[to], to_column, at, sink),
                None => sink.add(at, missing(project, to)),
            }
        }
        for template in parsed.sql.iter().chain(&parsed.only_where) {
            for used in template.uses() {
                if let Placeholder::Relation(name) = used.word
                    && !project.by_name.contains_key(name)
                {
                    sink.in_sql(at, &template.source, used.at, missing(project, name));
                }
                if let Placeholder::Variable(name, None) = used.word
                    && !project.variables.contains_key(name)
                {
                    let what = format!("the variable {name} is not given; give it under [models.vars]");
                    sink.in_sql(at, &template.source, used.at, what);
                }
            }
        }
    }
}

fn missing(project: &Project, name: &str) -> String {
    format!("{name} is neither a stream nor a model{}", hint(name, project.by_name.keys().map(String::as_str)))
}

/// The columns of the tested node that an assertion names.
pub(crate) fn columns(assertion: &Assertion) -> Vec<&str> {
    match assertion {
        Assertion::NotNull(columns) | Assertion::Unique(columns) => columns.iter().map(String::as_str).collect(),
        Assertion::AcceptedValues { column, .. }
        | Assertion::Relationship { column, .. }
        | Assertion::Range { column, .. }
        | Assertion::Recency { column, .. } => vec![column],
        _ => Vec::new(),
    }
}
