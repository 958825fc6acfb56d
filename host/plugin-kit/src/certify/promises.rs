//! The promises of transforms about columns, keys and rows. The host enforces them in every run; here each has a name.

use arrow_array::{Array as _, UInt32Array};
use arrow_select::take::take;
use wmshost_flow::type_name;

use super::clause::Clause;
use super::subject::Subject;
use super::transform::OF;
use super::verdict::{Verdict, attempt, given};

/// The longest name of a rule.
const RULE_BYTES: usize = 64;

pub(super) const CLAUSES: &[Clause] = &[
    OF.clause(
        "columns-as-promised",
        "The columns of a batch are those of `output_schema`: names, types and order.",
        "The target's table is made of them before a row is read.",
        columns_as_promised,
    ),
    OF.clause(
        "nulls-as-promised",
        "A column that is promised without NULL has none.",
        "The target's column may be declared NOT NULL.",
        nulls_as_promised,
    ),
    OF.clause(
        "key-unchanged",
        "The columns of the key stay as they are.",
        "Rows of the target are found by them: a changed key overwrites another row.",
        key_unchanged,
    ),
    OF.clause(
        "rows-not-dropped",
        "Rows leave a batch only into quarantine.",
        "A row that is filtered out is in no list. Where that is the transform's purpose, accept the skip.",
        |subject| {
            let input = given!(subject.input());
            let made = attempt!(subject.process(&input));
            let dropped = input.num_rows() - made.rows.num_rows() - made.rejected.len();
            if dropped == 0 {
                Verdict::Pass
            } else {
                Verdict::Skip(format!("it filters {dropped} of {} rows", input.num_rows()))
            }
        },
    ),
    OF.clause(
        "rejects-explained",
        "Each rejected row has a rule of lower-case words with dashes, and a reason.",
        "Quarantine is counted and replayed by rule.",
        |subject| {
            let input = given!(subject.input());
            let made = attempt!(subject.process(&input));
            let is_rule = |rule: &str| {
                !rule.is_empty()
                    && rule.len() <= RULE_BYTES
                    && rule.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            };
            let wrong = made.rejected.iter().find(|row| !is_rule(&row.rule) || row.reason.trim().is_empty());
            Verdict::of(wrong.map(|row| format!("the rule `{}` with the reason `{}`", row.rule, row.reason)))
        },
    ),
];

fn columns_as_promised(subject: &Subject<'_>) -> Verdict {
    let input = given!(subject.input());
    let promised = attempt!(subject.transform(&input)).promised();
    let made = attempt!(subject.process(&input)).rows.schema();
    let list = |columns: &arrow_schema::Schema| {
        let columns = columns.fields().iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type())));
        columns.collect::<Vec<_>>().join(", ")
    };
    let (promised, made) = (promised.map(|columns| list(&columns)).unwrap_or_default(), list(&made));
    Verdict::of((promised != made).then(|| format!("({promised}) was promised, and it makes ({made})")))
}

fn nulls_as_promised(subject: &Subject<'_>) -> Verdict {
    let input = given!(subject.input());
    let promised = attempt!(subject.transform(&input)).promised();
    let made = attempt!(subject.process(&input)).rows;
    let promised = promised.unwrap_or_else(|| made.schema());
    let required = promised.fields().iter().filter(|field| !field.is_nullable());
    let has_null = |name: &str| made.column_by_name(name).is_some_and(|column| column.null_count() > 0);
    let broken = required.map(|field| field.name()).find(|name| has_null(name));
    Verdict::of(broken.map(|name| format!("column {name} has NULL, and was promised without")))
}

fn key_unchanged(subject: &Subject<'_>) -> Verdict {
    let key = subject.key();
    if key.is_empty() {
        return Verdict::Skip("the case has no `key`".to_owned());
    }
    let input = given!(subject.input());
    let made = attempt!(subject.process(&input));
    for name in key {
        let (Some(before), Some(after)) = (input.column_by_name(&name), made.rows.column_by_name(&name)) else {
            return Verdict::fail(format_args!("column {name} is gone"));
        };
        let positions =
            made.positions.clone().unwrap_or_else(|| (0..u32::try_from(input.num_rows()).unwrap_or(0)).collect());
        let before = attempt!(take(before, &UInt32Array::from(positions), None));
        if before.as_ref() != after.as_ref() {
            return Verdict::fail(format_args!("column {name} has other values than before"));
        }
    }
    Verdict::Pass
}
