//! The clauses of loaders. Each is examined by the host's own main job into a database of its own.

use arrow_array::RecordBatch;
use wmshost_flow::{Failure, FailureKind, Method, StreamSummary};
use wmshost_sandbox::World;

use super::clause::{Clause, Common};
use super::subject::Subject;
use super::values::{Values, rows};
use super::verdict::{Verdict, attempt, given};
use crate::cases::database::Database;
use crate::cases::loader::Run;
use crate::rows::{to_csv, with_columns};

const OF: Common = Common { world: Some(World::Loader), needs: &["describes-itself", "loads"] };

pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        needs: &["describes-itself"],
        ..OF.clause(
            "loads",
            "The rows of the case are loaded into a new table.",
            "Through the host's own main job.",
            |subject| {
                let input = given!(subject.input());
                let database = attempt!(Database::new());
                Verdict::of(load(subject, &database, &input, 0).err())
            },
        )
    },
    OF.clause(
        "rows-as-given",
        "The table has each row, with its values.",
        "Numbers, texts in any script, NULL as opposed to empty.",
        |subject| {
            let input = given!(subject.input());
            let unicode = attempt!(rows(&input.schema(), &subject.key(), Values::Unicode));
            let database = attempt!(Database::new());
            attempt!(load(subject, &database, &unicode, 0));
            same(&unicode, &attempt!(table(subject, &database)))
        },
    ),
    OF.clause(
        "second-load-changes-nothing",
        "Rows that are loaded again are not written again.",
        "Rows within the lookback are read in every run.",
        |subject| {
            let input = given!(subject.input());
            let database = attempt!(Database::new());
            attempt!(load(subject, &database, &input, 0));
            let again = attempt!(load(subject, &database, &input, 0));
            let written = again.stats.written;
            Verdict::of((written > 0).then(|| format!("{written} rows are written again")))
        },
    ),
    OF.clause(
        "batch-sizes-alike",
        "Batches of 1 and 2 rows make the same table as all rows at once.",
        "The size of batches is the pipeline's.",
        |subject| {
            let input = given!(subject.input());
            let table = |batch: usize| -> Result<RecordBatch, String> {
                let database = Database::new().map_err(|error| error.to_string())?;
                load(subject, &database, &input, batch)?;
                self::table(subject, &database)
            };
            let whole = attempt!(table(0));
            for batch in [1, 2] {
                if attempt!(table(batch)) != whole {
                    return Verdict::fail(format_args!("batches of {batch} rows make another table"));
                }
            }
            Verdict::Pass
        },
    ),
    OF.clause(
        "rows-merged",
        "A second load with other values for the same keys replaces the values and adds no row.",
        "By the key of the case; the rows are loaded without a version.",
        |subject| {
            let input = given!(subject.input());
            let changed = attempt!(rows(&input.schema(), &subject.key(), Values::Null));
            let first = attempt!(rows(&input.schema(), &subject.key(), Values::Unicode));
            let database = attempt!(Database::new());
            attempt!(load_plain(subject, &database, &first));
            attempt!(load_plain(subject, &database, &changed));
            same(&changed, &attempt!(table(subject, &database)))
        },
    ),
    OF.clause(
        "empty-load",
        "A load without rows makes the table.",
        "The first run of a new warehouse meets it.",
        |subject| {
            let input = given!(subject.input()).slice(0, 0);
            let database = attempt!(Database::new());
            attempt!(load(subject, &database, &input, 0));
            let table = attempt!(table(subject, &database));
            Verdict::of((table.num_columns() == 0).then(|| "there is no table".to_owned()))
        },
    ),
    OF.clause(
        "column-added",
        "A column that the table lacks is added, where the policy is to evolve.",
        "Sources get new columns.",
        |subject| {
            let input = given!(subject.input());
            let keep: Vec<usize> = (0..input.num_columns())
                .filter(|at| {
                    let name = input.schema().field(*at).name().clone();
                    *at + 1 < input.num_columns()
                        || subject.key().contains(&name)
                        || subject.version().as_ref() == Some(&name)
                })
                .collect();
            if keep.len() == input.num_columns() {
                return Verdict::Skip("the last column of the case is one of the key".to_owned());
            }
            let fewer = attempt!(input.project(&keep));
            let database = attempt!(Database::new());
            attempt!(load(subject, &database, &fewer, 0));
            attempt!(load(subject, &database, &input, 0));
            let table = attempt!(table(subject, &database));
            let lost = table.num_columns() < input.num_columns();
            Verdict::of(lost.then(|| "the new column is not in the table".to_owned()))
        },
    ),
    OF.clause(
        "replace-or-refuse",
        "A load that replaces the table does so, or is refused with a failure.",
        "`method = \"full\"` asks for it.",
        |subject| {
            let input = given!(subject.input());
            let database = attempt!(Database::new());
            let full = Run { method: Method::Full, ..attempt!(run(subject, &database)) };
            let some = input.slice(0, input.num_rows().min(1));
            for rows in [&input, &some] {
                match ended(full.load(rows, 0)) {
                    Ok(_) => {}
                    Err(failure) if failure.kind == FailureKind::InvalidConfig => return Verdict::Pass,
                    Err(failure) => return Verdict::fail(failure),
                }
            }
            let left = attempt!(full.table()).num_rows();
            Verdict::of((left != some.num_rows()).then(|| format!("{left} rows are left of an earlier load")))
        },
    ),
];

fn run<'a>(subject: &'a Subject<'_>, database: &'a Database) -> Result<Run<'a>, String> {
    Ok(Run {
        plugin: subject.plugin,
        identity: subject.identity().map_err(|failure| failure.to_string())?,
        limits: subject.limits.clone(),
        database,
        method: Method::Incremental,
        key: subject.key(),
        change_key: subject.version(),
    })
}

/// The table that the loads so far have made.
fn table(subject: &Subject<'_>, database: &Database) -> Result<RecordBatch, String> {
    run(subject, database)?.table().map_err(|error| error.to_string())
}

/// The end of a load, or its failure.
fn ended(summary: Result<StreamSummary, Failure>) -> Result<StreamSummary, Failure> {
    let summary = summary?;
    match summary.failure {
        Some(at) => Err(at.failure),
        None => Ok(summary),
    }
}

fn load(subject: &Subject<'_>, database: &Database, rows: &RecordBatch, batch: usize) -> Result<StreamSummary, String> {
    ended(run(subject, database)?.load(rows, batch)).map_err(|failure| failure.to_string())
}

fn load_plain(subject: &Subject<'_>, database: &Database, rows: &RecordBatch) -> Result<StreamSummary, String> {
    ended(Run { change_key: None, ..run(subject, database)? }.load(rows, 0)).map_err(|failure| failure.to_string())
}

/// Compares a table with the rows that it must have, whatever their order.
fn same(expected: &RecordBatch, table: &RecordBatch) -> Verdict {
    let lines = |rows: &RecordBatch| -> Result<Vec<String>, String> {
        let names: Vec<usize> =
            expected.schema().fields().iter().filter_map(|field| rows.schema().index_of(field.name()).ok()).collect();
        let rows = rows.project(&names).map_err(|error| error.to_string())?;
        let rows = with_columns(&rows.schema(), &[rows])?;
        let mut lines: Vec<String> = to_csv(&rows).lines().skip(1).map(str::to_owned).collect();
        lines.sort_unstable();
        Ok(lines)
    };
    let (expected, found) = (attempt!(lines(expected)), attempt!(lines(table)));
    let other = expected.iter().zip(&found).find(|(one, other)| one != other);
    match other {
        None if expected.len() == found.len() => Verdict::Pass,
        None => Verdict::fail(format_args!("{} rows are in the table, {} were given", found.len(), expected.len())),
        Some((one, other)) => Verdict::fail(format_args!("`{one}` was given, and `{other}` is in the table")),
    }
}
