//! The clauses of transforms about their results: the same rows, whatever the batches, the instance and the values.

use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use wmshost_flow::FailureKind;
use wmshost_sandbox::World;

use super::clause::{Clause, Common};
use super::subject::{Subject, process};
use super::values::{SECRET, Values, rows};
use super::verdict::{Verdict, attempt, given};
use crate::cases::log;
use crate::cases::random::{objection, rows_of};
use crate::cases::trial::disagreement;
use crate::rows::with_columns;

/// The rows of a large batch, and the longest time that a transform may take for it.
const MANY_ROWS: usize = 5_000;
const MANY_ROWS_TIME: Duration = Duration::from_secs(1);
/// The batches after which the memory of an instance must not have grown beyond its limit.
const STEADY_BATCHES: usize = 160;
/// The most messages for one batch of a case.
const MESSAGES: usize = 10;

pub(super) const OF: Common = Common { world: Some(World::Transform), needs: &["describes-itself", "schema-made"] };

pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        needs: &["describes-itself"],
        ..OF.clause(
            "schema-made",
            "`output_schema` returns columns for those of the case.",
            "It is the first call of every run.",
            |subject| {
                let input = given!(subject.input());
                Verdict::of(subject.transform(&input).err().map(|failure| failure.to_string()))
            },
        )
    },
    OF.clause(
        "foreign-columns-refused",
        "Columns that the transform does not know are refused with a failure, not with a trap.",
        "`wmshost check` shows the failure to the pipeline's author.",
        foreign_columns,
    ),
    OF.clause(
        "empty-batch",
        "A batch without rows stays one.",
        "The host tries every transform on such a batch first.",
        |subject| {
            let input = given!(subject.input()).slice(0, 0);
            let made = attempt!(subject.process(&input));
            let rows = made.rows.num_rows() + made.rejected.len();
            Verdict::of((rows > 0).then(|| format!("{rows} rows were made of none")))
        },
    ),
    OF.clause(
        "split-invariant",
        "Batches of 1, 2 and 7 rows have the same result as all rows at once.",
        "The size of batches is the pipeline's, and the host halves them to find a row that fails.",
        |subject| {
            let run = attempt!(subject.run());
            let input = given!(subject.input());
            let whole = run.run(&input, 0);
            let parts = [1, 2, 7].map(|size| (size, run.run(&input, size)));
            let other = parts.iter().find(|(_, parts)| *parts != whole);
            Verdict::of(other.map(|(size, parts)| disagreement(*size, &whole, parts)))
        },
    ),
    OF.clause(
        "instances-alike",
        "A batch after another has the same result as in a fresh instance, unless the transform declares state.",
        "`keeps_state` is a promise: the host puts a fresh instance in the place of one that failed.",
        instances_alike,
    ),
    OF.clause(
        "null-values",
        "NULL is not a trap.",
        "Every column may have NULL unless it is declared otherwise.",
        |subject| values(subject, Values::Null),
    ),
    OF.clause(
        "extreme-values",
        "The least and the greatest values of each type are not a trap.",
        "They occur, and overflow ends a call.",
        |subject| values(subject, Values::Extreme),
    ),
    OF.clause(
        "unicode-values",
        "Texts in any script are not a trap.",
        "A byte position within a character ends a call.",
        |subject| values(subject, Values::Unicode),
    ),
    OF.clause(
        "long-values",
        "Texts of 100,000 characters are not a trap.",
        "Large objects are read as text.",
        |subject| values(subject, Values::Long),
    ),
    OF.clause(
        "random-rows",
        "Random rows are not a trap, and have the same result in batches of one.",
        "Three seeds; the rows that are wrong are reduced to as few as possible.",
        |subject| {
            let run = attempt!(subject.run());
            let input = given!(subject.input());
            Verdict::of((1..=3).find_map(|seed| objection(&run, &input, seed)))
        },
    ),
    OF.clause(
        "many-rows",
        "5,000 rows take less than 1 s.",
        "A batch has 1,000 rows by default; a call has 30 s.",
        |subject| {
            let run = attempt!(subject.run());
            let rows = given!(many(subject));
            let start = Instant::now();
            attempt!(run.run(&rows, 0));
            let took = start.elapsed();
            Verdict::of((took > MANY_ROWS_TIME).then(|| format!("they took {took:.1?}")))
        },
    ),
    OF.clause(
        "memory-steady",
        "160 batches fit into the memory of one instance.",
        "An instance serves a whole stream, with 64 MiB.",
        |subject| {
            let input = given!(subject.input());
            let mut transform = attempt!(subject.transform(&input));
            for batch in 1..=STEADY_BATCHES {
                attempt!(process(transform.as_mut(), &input).map_err(|failure| format!("batch {batch}: {failure}")));
            }
            Verdict::Pass
        },
    ),
    OF.clause(
        "messages-few",
        "A batch of the case makes at most 10 messages.",
        "A stream keeps 10,000 messages; a message per row hides the others.",
        |subject| {
            let input = given!(subject.input());
            let (made, messages) = log::collected(|| subject.process(&input).map(drop));
            attempt!(made);
            let count = messages.len();
            Verdict::of((count > MESSAGES).then(|| format!("{count} messages for {} rows", input.num_rows())))
        },
    ),
    OF.clause(
        "messages-without-values",
        "No message has a value of a row.",
        "Logs are read by people who may not see the rows.",
        |subject| {
            let secret = given!(secret(subject));
            let (made, messages) = log::collected(|| subject.process(&secret).map(drop));
            let failure = made.err().map(|failure| failure.to_string());
            let said = messages.into_iter().chain(failure).find(|said| said.contains(SECRET));
            Verdict::of(said.map(|_| "a text of a row is in a message".to_owned()))
        },
    ),
    OF.clause(
        "reasons-without-values",
        "No reason of a rejected row has a value of it.",
        "Quarantine keeps the row itself; its reasons are shown in lists.",
        |subject| {
            let secret = given!(secret(subject));
            let made = attempt!(subject.process(&secret));
            let said = made.rejected.iter().find(|row| row.reason.contains(SECRET) || row.rule.contains(SECRET));
            Verdict::of(
                said.map(|row| {
                    format!("the reason of the rule {} has a text of the row", row.rule.replace(SECRET, "…"))
                }),
            )
        },
    ),
];

fn foreign_columns(subject: &Subject<'_>) -> Verdict {
    let field = arrow_schema::Field::new("certified_and_unknown", arrow_schema::DataType::Binary, true);
    let columns = std::sync::Arc::new(arrow_schema::Schema::new(vec![field]));
    let refused = subject.transform(&RecordBatch::new_empty(columns)).err();
    let traps = [FailureKind::Trap, FailureKind::Limit, FailureKind::Timeout];
    let trapped = refused.filter(|failure| traps.contains(&failure.kind));
    Verdict::of(trapped.map(|failure| failure.to_string()))
}

fn instances_alike(subject: &Subject<'_>) -> Verdict {
    let input = given!(subject.input());
    let mut transform = attempt!(subject.transform(&input));
    if transform.keeps_state() {
        return Verdict::Skip("it declares that it keeps state".to_owned());
    }
    let [first, second] = [process(transform.as_mut(), &input), process(transform.as_mut(), &input)];
    let (first, second) = (attempt!(first), attempt!(second));
    let is_same = first.rows == second.rows && first.rejected == second.rejected;
    Verdict::of(
        (!is_same).then(|| "the same batch has another result the second time, and `keeps_state` is false".to_owned()),
    )
}

fn values(subject: &Subject<'_>, values: Values) -> Verdict {
    let input = given!(subject.input());
    let rows = attempt!(rows(&input.schema(), &subject.key(), values));
    Verdict::of(subject.process(&rows).err().map(|failure| failure.to_string()))
}

fn secret(subject: &Subject<'_>) -> Result<RecordBatch, Verdict> {
    rows(&subject.input()?.schema(), &subject.key(), Values::Secret).map_err(Verdict::fail)
}

/// Many rows: random ones, again and again.
fn many(subject: &Subject<'_>) -> Result<RecordBatch, Verdict> {
    let input = subject.input()?;
    let some = rows_of(&input.schema(), &[], 1, 100).map_err(Verdict::fail)?;
    with_columns(&input.schema(), &vec![some; MANY_ROWS / 100]).map_err(Verdict::fail)
}
