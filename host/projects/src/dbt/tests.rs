//! Tests of models and sources: those that are known stay as they are, those of the project's own macros become SELECTs of
//! failing rows, and the others are refused by name.

use super::jinja::Jinja;
use super::macros::Macro;
use super::relations::placed;
use super::report::{ItemKind, ItemStatus, ReportItem};
use super::written::Written;
use crate::problem::ProblemSink;
use crate::sql_project::{read_tests, relation};
use crate::yaml::{Node, Value};

/// A test that stays as it is.
#[derive(Debug, Clone)]
pub(super) struct TakenTest {
    pub(super) name: String,
    /// The column; `None` for a test of the model.
    pub(super) column: Option<String>,
    pub(super) written: Written,
    /// The model or stream that it refers to.
    pub(super) to: Option<String>,
    pub(super) line: usize,
}

/// A SELECT of failing rows.
#[derive(Debug, Clone)]
pub(super) struct SqlTest {
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) file: String,
    pub(super) line: usize,
}

/// The parts that tests are read with.
pub(super) struct TestReader<'a> {
    pub(super) jinja: &'a Jinja,
    pub(super) macros: &'a [Macro],
    pub(super) items: &'a mut Vec<ReportItem>,
    pub(super) selects: &'a mut Vec<SqlTest>,
}

impl TestReader<'_> {
    /// The tests of a node and of its columns; `call` is the node as Jinja names it: `ref('orders')`.
    pub(super) fn of_node(&mut self, node: &Node, name: &str, call: &str, file: &str) -> Vec<TakenTest> {
        let mut taken = Vec::new();
        let columns = node.get("columns").and_then(Node::list).unwrap_or_default();
        let named = columns.iter().filter_map(|column| Some((column, Some(column.get("name")?.text()?))));
        for (node, column) in std::iter::once((node, None)).chain(named) {
            for list in ["data_tests", "tests"].iter().filter_map(|key| node.get(key)).filter_map(Node::list) {
                for test in list {
                    taken.extend(self.one(test, column, (name, call), file));
                }
            }
        }
        taken
    }

    fn one(&mut self, test: &Node, column: Option<&str>, (of, call): (&str, &str), file: &str) -> Option<TakenTest> {
        let full_name =
            test.text().or_else(|| test.map()?.first().map(|(name, _)| name.as_str())).unwrap_or("?").to_owned();
        let subject = column.map_or_else(|| of.to_owned(), |column| format!("{of}.{column}"));
        let mut refuse = |line: usize, reason: String| {
            self.items.push(ReportItem {
                kind: ItemKind::Test,
                name: format!("{full_name} of {subject}"),
                status: ItemStatus::Refused,
                file: file.to_owned(),
                line,
                reason,
            });
        };
        let test = match evaluated(test, self.jinja, file) {
            Ok(test) => test,
            Err((line, what)) => {
                refuse(line, what);
                return None;
            }
        };
        let short = full_name.rsplit('.').next().unwrap_or_default();
        if self.macros.iter().any(|own| own.is_test && own.name == short) {
            return self.own_macro(&test, short, column, (of, call), file);
        }
        let mut problems = Vec::new();
        let read = read_tests(std::slice::from_ref(&test), column, &mut ProblemSink { file, all: &mut problems });
        match read.first() {
            Some(read) if problems.is_empty() => {
                let to = match &read.assertion {
                    wmshost_flow::model::Assertion::Relationship { to, .. } => Some(to.clone()),
                    _ => None,
                };
                let column = column.map(str::to_owned);
                Some(TakenTest { name: read.name.clone(), column, written: Written::of(&test), to, line: test.line })
            }
            _ => {
                let what = problems.first().map(|problem| problem.what.clone()).unwrap_or_default();
                refuse(test.line, what.split("; there are").next().unwrap_or_default().to_owned());
                None
            }
        }
    }

    /// A test by a macro of the project, as a SELECT of failing rows.
    fn own_macro(
        &mut self,
        test: &Node,
        name: &str,
        column: Option<&str>,
        (of, call): (&str, &str),
        file: &str,
    ) -> Option<TakenTest> {
        const OPTIONS: [&str; 9] =
            ["name", "config", "severity", "where", "warn_if", "error_if", "tags", "limit", "description"];
        let outer = test.map().and_then(|entries| entries.first()).map(|(_, given)| given);
        let given = outer.map(|outer| outer.get("arguments").unwrap_or(outer));
        let mut arguments = vec![format!("model={call}")];
        arguments.extend(column.map(|column| format!("column_name={}", Written::Text(column.to_owned()))));
        for (key, value) in
            given.and_then(Node::map).unwrap_or_default().iter().filter(|(key, _)| !OPTIONS.contains(&key.as_str()))
        {
            let text = value.text().unwrap_or_default();
            let is_call = text.starts_with("ref(") || text.starts_with("source(");
            arguments.push(format!("{key}={}", if is_call { text.to_owned() } else { Written::of(value).to_string() }));
        }
        let has_options =
            outer.and_then(Node::map).unwrap_or_default().iter().any(|(key, _)| OPTIONS.contains(&key.as_str()));
        let template = format!("{{{{ test_{name}({}) }}}}", arguments.join(", "));
        let own = format!("{of}_{name}{}", column.map(|column| format!("_{column}")).unwrap_or_default());
        // It is the name of a file.
        let own: String = own.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
        let (status, reason) = match self.jinja.evaluate(file, &template, false) {
            Ok((sql, _)) => {
                self.selects.push(SqlTest {
                    name: own.clone(),
                    sql: placed(&sql),
                    file: file.to_owned(),
                    line: test.line,
                });
                match has_options {
                    false => return None,
                    true => (ItemStatus::ByHand, "its severity, condition and thresholds are not taken".to_owned()),
                }
            }
            Err(error) => (ItemStatus::Refused, format!("{}:{}: {}", error.file, error.line, error.what)),
        };
        let (kind, file) = (ItemKind::Test, file.to_owned());
        self.items.push(ReportItem { kind, name: own, status, file, line: test.line, reason });
        None
    }
}

/// A node with the Jinja in its texts evaluated; calls of `ref` and `source` are names afterwards.
fn evaluated(node: &Node, jinja: &Jinja, file: &str) -> Result<Node, (usize, String)> {
    let value = match &node.value {
        Value::Scalar(text, is_plain)
            if text.contains("{{") || text.starts_with("ref(") || text.starts_with("source(") =>
        {
            let template = if text.contains("{{") { text.clone() } else { format!("{{{{ {text} }}}}") };
            let (made, _) = jinja.evaluate(file, &template, false).map_err(|error| (node.line, error.what))?;
            match super::relations::name_in(&made) {
                Some(name) if !text.contains("{{") => Value::Scalar(format!("ref('{}')", relation(name)), false),
                _ => Value::Scalar(placed(&made), *is_plain),
            }
        }
        Value::Scalar(text, is_plain) => Value::Scalar(text.clone(), *is_plain),
        Value::List(nodes) => {
            Value::List(nodes.iter().map(|node| evaluated(node, jinja, file)).collect::<Result<_, _>>()?)
        }
        Value::Map(entries) => {
            let entry = |(key, node): &(String, Node)| Ok((key.clone(), evaluated(node, jinja, file)?));
            Value::Map(entries.iter().map(entry).collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { line: node.line, value })
}
