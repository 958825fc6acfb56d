//! Tests by name, as dbt, dbt_utils and dbt_expectations name them.

use wmshost_flow::model::{Assertion, Bounds, Severity, Test, Threshold};

use super::scalars::{braces_doubled, relation, value};
use crate::problem::ProblemSink;
use crate::yaml::Node;

/// The names that are known, for messages.
const KNOWN: &str = "not_null, unique, accepted_values, relationships; of dbt_utils: unique_combination_of_columns, \
    expression_is_true, accepted_range, not_empty_string, at_least_one, recency; of dbt_expectations: \
    expect_column_values_to_be_between, expect_column_values_to_be_in_set, expect_column_values_to_be_unique, \
    expect_column_values_to_not_be_null, expect_compound_columns_to_be_unique, expect_table_row_count_to_be_between, \
    expect_row_values_to_have_recent_data";

/// The keys of a test that are no arguments of its assertion.
const OPTIONS: [&str; 12] = [
    "name",
    "config",
    "severity",
    "where",
    "warn_if",
    "error_if",
    "tags",
    "limit",
    "store_failures",
    "description",
    "meta",
    "arguments",
];

/// The tests in a list of YAML, for a column or for the model as a whole; reports those that are not known.
pub(crate) fn read(nodes: &[Node], column: Option<&str>, sink: &mut ProblemSink<'_>) -> Vec<Test> {
    nodes.iter().filter_map(|node| one(node, column, sink)).collect()
}

fn one(node: &Node, column: Option<&str>, sink: &mut ProblemSink<'_>) -> Option<Test> {
    let nothing = Node { line: node.line, value: crate::yaml::Value::Map(Vec::new()) };
    let (full_name, arguments) = match (node.text(), node.map()) {
        (Some(name), _) => (name, &nothing),
        (None, Some([(name, arguments)])) => (name.as_str(), if arguments.is_null() { &nothing } else { arguments }),
        // `- name: own_name` with `test_name: unique` beside it.
        (None, Some(_)) if node.get("test_name").is_some() => (node.get("test_name")?.text()?, node),
        _ => {
            sink.add(node.line, "a test is a name, or a name with its arguments below it");
            return None;
        }
    };
    // Newer projects have the arguments below a key of their own.
    let given = arguments.get("arguments").unwrap_or(arguments);
    let name = full_name.rsplit('.').next().unwrap_or(full_name);
    let assertion = match assertion(name, given, column) {
        Ok(Some(assertion)) => assertion,
        Ok(None) => {
            sink.add(node.line, format!("the test {full_name} is not known; there are {KNOWN}"));
            return None;
        }
        Err(missing) => {
            sink.add(node.line, format!("the test {full_name} needs {missing}"));
            return None;
        }
    };
    let option = |key: &str| arguments.get(key).or_else(|| arguments.get("config")?.get(key));
    for (key, found) in arguments.map().unwrap_or_default().iter().filter(|(key, _)| known_nowhere(key)) {
        sink.add(found.line, format!("the test {full_name} does not know the key {key}"));
    }
    let severity = match option("severity").and_then(Node::text).map(str::to_ascii_lowercase).as_deref() {
        None | Some("error") => Severity::Error,
        Some("warn") => Severity::Warn,
        Some(other) => {
            sink.add(node.line, format!("the severity {other} is neither error nor warn"));
            return None;
        }
    };
    let mut threshold = |key: &str| match option(key) {
        None => Threshold::Rows(0),
        Some(node) => node.text().and_then(tolerated).map_or_else(
            || {
                sink.add(node.line, format!("`{key}` is not of the form \">10\" or \"!=0\""));
                Threshold::Rows(0)
            },
            Threshold::Rows,
        ),
    };
    let (warn_if, error_if) = (threshold("warn_if"), threshold("error_if"));
    let own_name = arguments.get("name").and_then(Node::text).map(str::to_owned);
    let subject = column.map(|column| format!("_{column}")).unwrap_or_default();
    Some(Test {
        name: own_name.unwrap_or_else(|| format!("{name}{subject}")),
        assertion,
        severity,
        only_where: option("where").and_then(Node::text).map(escaped),
        warn_if,
        error_if,
        summary: option("description").and_then(Node::text).unwrap_or_default().to_owned(),
    })
}

/// True for a key that no test has.
fn known_nowhere(key: &str) -> bool {
    const ARGUMENTS: [&str; 24] = [
        "values",
        "to",
        "field",
        "quote",
        "combination_of_columns",
        "expression",
        "min_value",
        "max_value",
        "inclusive",
        "datepart",
        "interval",
        "column_name",
        "test_name",
        "value_set",
        "column_list",
        "strictly",
        "trim_whitespace",
        "quote_values",
        "row_condition",
        "group_by_columns",
        "ignore_row_if",
        "condition",
        "min_count",
        "quote_columns",
    ];
    !OPTIONS.contains(&key) && !ARGUMENTS.contains(&key)
}

/// SQL of YAML: braces in it are no placeholders.
fn escaped(sql: &str) -> String {
    if wmshost_models::relations(sql).is_empty() && !sql.contains("{this}") && !sql.contains("{var:") {
        braces_doubled(sql)
    } else {
        sql.to_owned()
    }
}

/// The number of failing rows that a condition such as `>10`, `>= 10` or `!=0` tolerates.
fn tolerated(condition: &str) -> Option<u64> {
    let condition = condition.trim();
    let number = |rest: &str| rest.trim().parse::<u64>().ok();
    match condition.strip_prefix(">=") {
        Some(rest) => number(rest)?.checked_sub(1),
        None => match condition.strip_prefix('>') {
            Some(rest) => number(rest),
            None => condition.strip_prefix("!=").and_then(number).filter(|&number| number == 0),
        },
    }
}

/// The assertion of a test; `None` for a name that is not known, an error that names what is missing.
fn assertion(name: &str, given: &Node, column: Option<&str>) -> Result<Option<Assertion>, String> {
    let named = given.get("column_name").and_then(Node::text).map(str::to_owned);
    let own = || column.map(str::to_owned).or_else(|| named.clone()).ok_or_else(|| "a column".to_owned());
    let texts = |key: &str| given.get(key).and_then(Node::texts).ok_or_else(|| format!("`{key}`, a list"));
    let text = |key: &str| given.get(key).and_then(Node::text).map(str::to_owned).ok_or_else(|| format!("`{key}`"));
    let values = |key: &str| {
        let nodes = given.get(key).and_then(Node::list).ok_or_else(|| format!("`{key}`, a list"))?;
        nodes.iter().map(value).collect::<Option<Vec<_>>>().ok_or_else(|| format!("plain values in `{key}`"))
    };
    Ok(Some(match name {
        "not_null" | "expect_column_values_to_not_be_null" => Assertion::NotNull(vec![own()?]),
        "unique" | "expect_column_values_to_be_unique" => Assertion::Unique(vec![own()?]),
        "accepted_values" => Assertion::AcceptedValues { column: own()?, values: values("values")? },
        "expect_column_values_to_be_in_set" => {
            Assertion::AcceptedValues { column: own()?, values: values("value_set")? }
        }
        "relationships" => {
            Assertion::Relationship { column: own()?, to: relation(&text("to")?), to_column: text("field")? }
        }
        "unique_combination_of_columns" => Assertion::Unique(texts("combination_of_columns")?),
        "expect_compound_columns_to_be_unique" => Assertion::Unique(texts("column_list")?),
        "expression_is_true" => {
            let expression = escaped(&text("expression")?);
            // A test with NULL in it passes in dbt, which looks for rows where the expression is false.
            let subject = column.map(|column| format!("{column} ")).unwrap_or_default();
            Assertion::Expression(format!("({subject}{expression}) OR ({subject}{expression}) IS NULL"))
        }
        "accepted_range" | "expect_column_values_to_be_between" => range(given, &own()?)?,
        "not_empty_string" => Assertion::Expression(format!("{0} IS NULL OR LENGTH(TRIM({0})) > 0", own()?)),
        "at_least_one" => {
            let aggregate = format!("COUNT({})", own()?);
            Assertion::Distribution { aggregate, bounds: Bounds { least: Some(1.0), ..Bounds::default() } }
        }
        "expect_table_row_count_to_be_between" => Assertion::RowCount(Bounds {
            least: number(given, "min_value")?,
            most: number(given, "max_value")?,
            ..Bounds::default()
        }),
        "recency" => Assertion::Recency { column: text("field")?, seconds: seconds(given)? },
        "expect_row_values_to_have_recent_data" => Assertion::Recency { column: own()?, seconds: seconds(given)? },
        _ => return Ok(None),
    }))
}

fn number(given: &Node, key: &str) -> Result<Option<f64>, String> {
    match given.get(key) {
        None => Ok(None),
        Some(node) => {
            node.text().and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| format!("a number as `{key}`"))
        }
    }
}

/// A range: plain bounds as they are, others as expressions.
fn range(given: &Node, column: &str) -> Result<Assertion, String> {
    let flag = |key: &str| given.get(key).and_then(Node::flag);
    let is_inclusive = flag("inclusive").unwrap_or_else(|| !flag("strictly").unwrap_or(false));
    let bounds = ["min_value", "max_value"].map(|key| given.get(key));
    if bounds.iter().all(Option::is_none) {
        return Err("`min_value` or `max_value`".to_owned());
    }
    let plain = |node: &Node| value(node).filter(|value| !matches!(value, wmshost_sql::Value::Text(_)));
    if is_inclusive && bounds.iter().flatten().all(|node| plain(node).is_some()) {
        let [least, most] = bounds.map(|bound| bound.and_then(plain));
        return Ok(Assertion::Range { column: column.to_owned(), least, most });
    }
    let signs = if is_inclusive { [">=", "<="] } else { [">", "<"] };
    let sides = bounds
        .iter()
        .zip(signs)
        .filter_map(|(bound, sign)| Some(format!("{column} {sign} {}", escaped(bound.as_ref()?.text()?))));
    let sides = sides.collect::<Vec<_>>().join(" AND ");
    Ok(Assertion::Expression(format!("{column} IS NULL OR ({sides})")))
}

fn seconds(given: &Node) -> Result<u64, String> {
    let count = given.get("interval").and_then(Node::text).and_then(|text| text.parse::<u64>().ok());
    let part = given.get("datepart").and_then(Node::text).and_then(period);
    count
        .zip(part)
        .and_then(|(count, part)| count.checked_mul(part))
        .ok_or_else(|| "`datepart` and `interval`".to_owned())
}

/// The seconds of a unit of time.
pub(super) fn period(word: &str) -> Option<u64> {
    Some(match word.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        "week" => 604_800,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wmshost_sql::Value;

    fn tests(yaml: &str, column: Option<&str>) -> (Vec<Test>, String) {
        let mut all = Vec::new();
        let node = crate::yaml::parse(yaml).expect("YAML").expect("a list");
        let read = read(node.list().expect("a list"), column, &mut ProblemSink { file: "a.yml", all: &mut all });
        (read, crate::problems_text(&all))
    }

    #[test]
    fn dbts_names_are_assertions() {
        let (read, wrong) = tests(
            "- unique\n- not_null: {severity: warn, where: \"id > 3\"}\n- accepted_values: {values: ['1', 2, 1.5]}\n\
             - relationships: {to: \"ref('item')\", field: id, config: {error_if: '>10'}}\n\
             - dbt_utils.accepted_range: {min_value: 0, inclusive: false}\n",
            Some("id"),
        );
        assert_eq!(wrong, "");
        assert_eq!(read[0].assertion, Assertion::Unique(vec!["id".to_owned()]));
        assert_eq!((read[1].severity, read[1].only_where.as_deref()), (Severity::Warn, Some("id > 3")));
        let values = vec![Value::Text("1".to_owned()), Value::Int64(2), Value::Decimal("1.5".to_owned())];
        assert_eq!(read[2].assertion, Assertion::AcceptedValues { column: "id".to_owned(), values });
        assert_eq!(read[3].error_if, Threshold::Rows(10));
        assert_eq!(read[4].assertion, Assertion::Expression("id IS NULL OR (id > 0)".to_owned()));
    }

    #[test]
    fn what_is_not_known_is_named_with_its_line() {
        let (_, wrong) = tests(
            "- uniqe\n- relationships: {to: x}\n- unique: {serverity: warn}\n- unique: {error_if: few}\n",
            Some("id"),
        );
        let wrong: Vec<&str> = wrong.lines().collect();
        assert!(wrong[0].starts_with("a.yml:1: the test uniqe is not known; there are not_null"), "{wrong:?}");
        assert_eq!(wrong[1], "a.yml:2: the test relationships needs `field`");
        assert_eq!(wrong[2], "a.yml:3: the test unique does not know the key serverity");
        assert_eq!(wrong[3], "a.yml:4: `error_if` is not of the form \">10\" or \"!=0\"");
    }
}
