//! The answers of a source to an extractor in a run, as they are kept beside the case of a recording: what was asked for, what
//! the tables looked like, and the rows of each statement. With them an extractor is run again without its database.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use wmshost_flow::{
    Bookmark, Bounds, Cause, ColumnOrder, ExtractRequest, Failure, FailureKind, Method, Micros, NullKeys, Position,
    Rejected, SourceColumn, Stage, TableDescription, Value, Window, bookmark_from_json, bookmark_to_json,
};

use crate::error::{Error, Result};
use crate::rows;

/// The file of the answers in the folder of a case.
pub(crate) const ANSWERS: &str = "answers.json";

/// A reading of a stream, with the answers of its source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answers {
    pub(super) request: Request,
    /// The batches that the extractor was asked for.
    pub(super) batches: u64,
    pub(super) source: SourceAnswers,
}

/// The answers of a source to the calls of an extractor, each list in the order of the calls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceAnswers {
    /// The kind of database.
    pub(super) dialect: String,
    pub(super) clock: Vec<Answer<Micros>>,
    pub(super) tables: Vec<Answer<Vec<String>>>,
    pub(super) described: Vec<Described>,
    pub(super) queries: Vec<Query>,
}

/// An answer, or the failure of the call.
pub(super) type Answer<T> = std::result::Result<T, Refusal>;

/// A failure of the source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    kind: String,
    words: String,
}

/// The request to read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    stream: String,
    pub(super) source: String,
    table: String,
    method: String,
    key: Vec<String>,
    change_key: Option<String>,
    lookback_micros: u64,
    lookback_versions: Option<u64>,
    null_keys: String,
    window: Option<Json>,
    columns: Vec<String>,
    bookmark: Option<Json>,
    state: BTreeMap<String, Vec<u8>>,
    batch_rows: usize,
}

/// The description of a table; `None` if there is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    pub(super) table: String,
    pub(super) found: Answer<Option<Table>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    name: String,
    /// The columns, as the head of a file names them.
    columns: String,
    key: Vec<String>,
    order: Vec<std::result::Result<Order, String>>,
    sources: Vec<Declared>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    expression: String,
    function: Option<String>,
    bounds: Option<[String; 2]>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    declared: String,
    refused: Option<String>,
    open: Option<String>,
}

/// A statement with its rows, which are in a file of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    pub(super) statement: String,
    /// The parameters, as a bookmark without names.
    pub(super) parameters: Json,
    /// The columns, as the head of a file names them.
    pub(super) columns: Answer<String>,
    pub(super) rejected: Vec<Unreadable>,
    /// The end of the rows; `None` if more may have followed.
    pub(super) end: Option<Answer<()>>,
    #[serde(skip)]
    pub(super) rows: Vec<RecordBatch>,
}

/// A row with a value that does not fit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unreadable {
    /// The number of rows that were read when it came.
    pub(super) after: usize,
    rule: String,
    reason: String,
    value: Option<String>,
    by: String,
    row: String,
    place: Option<usize>,
}

impl Answers {
    /// Reads the answers in the folder of a case; `None` if there are none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(ANSWERS);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))?;
        let mut answers: Self =
            serde_json::from_str(&text).map_err(|error| Error::mistakes(&path, vec![error.to_string()]))?;
        for (number, query) in (1..).zip(&mut answers.source.queries) {
            let file = folder.join(rows_file(number));
            if query.columns.is_ok() && file.exists() {
                query.rows.push(rows::read(&file)?);
            }
        }
        Ok(Some(answers))
    }

    /// The request as the flow has it; fails if a word in it is none of its kind.
    pub(super) fn request(&self, folder: &Path) -> Result<ExtractRequest> {
        let what = || vec!["the request is not valid: a word in it is none of its kind".to_owned()];
        self.request.request().ok_or_else(|| Error::mistakes(&folder.join(ANSWERS), what()))
    }

    /// Fails if an answer could not be given again.
    pub(super) fn check(&self, folder: &Path) -> Result<()> {
        self.request(folder)?;
        let tables = self.source.described.iter().filter_map(|described| described.found.as_ref().ok()?.as_ref());
        tables.map(Table::description).try_for_each(|described| described.map(drop))?;
        let columns = self.source.queries.iter().filter_map(|query| query.columns.as_ref().ok());
        Ok(columns.map(|head| columns_of(head)).try_for_each(|columns| columns.map(drop))?)
    }

    /// The files that keep the answers: name and text.
    pub(super) fn files(&self) -> Result<Vec<(String, String)>> {
        let text = serde_json::to_string_pretty(self).map_err(Error::new)?;
        let mut files = vec![(ANSWERS.to_owned(), text + "\n")];
        for (number, query) in (1..).zip(&self.source.queries) {
            if let Some(first) = query.rows.first() {
                files.push((rows_file(number), rows::to_csv(&rows::with_columns(&first.schema(), &query.rows)?)));
            }
        }
        Ok(files)
    }
}

/// The file with the rows of a statement.
fn rows_file(number: usize) -> String {
    format!("rows-{number:03}.csv")
}

impl Refusal {
    pub(super) fn of(failure: &Failure) -> Self {
        Self { kind: failure.kind.name().to_owned(), words: failure.to_string() }
    }

    pub(super) fn failure(&self) -> Failure {
        Failure::new(FailureKind::named(&self.kind).unwrap_or(FailureKind::Permanent), self.words.clone())
    }
}

impl Request {
    pub(super) fn of(request: &ExtractRequest) -> Self {
        let position = |name: &str, value: &Value| Position { name: name.to_owned(), value: value.clone() };
        let window = |window: &Window| {
            bookmark_to_json(&Bookmark(vec![position("start", &window.start), position("end", &window.end)]))
        };
        Self {
            stream: request.stream.clone(),
            source: request.source.clone(),
            table: request.table.clone(),
            method: request.method.name().to_owned(),
            key: request.key.clone(),
            change_key: request.change_key.clone(),
            lookback_micros: request.lookback_micros,
            lookback_versions: request.lookback_versions,
            null_keys: request.null_keys.name().to_owned(),
            window: request.window.as_ref().map(window),
            columns: request.columns.clone(),
            bookmark: request.bookmark.as_ref().map(bookmark_to_json),
            state: request.state.clone(),
            batch_rows: request.batch_rows,
        }
    }

    fn request(&self) -> Option<ExtractRequest> {
        let bookmark = |json: &Option<Json>| match json {
            Some(json) => bookmark_from_json(json).map(Some),
            None => Some(None),
        };
        let window = match bookmark(&self.window)?.map(|Bookmark(positions)| positions) {
            Some(positions) => {
                let [start, end] = <[Position; 2]>::try_from(positions).ok()?;
                Some(Window { start: start.value, end: end.value })
            }
            None => None,
        };
        let method = Method::named(&self.method)?;
        Some(ExtractRequest {
            key: self.key.clone(),
            change_key: self.change_key.clone(),
            lookback_micros: self.lookback_micros,
            lookback_versions: self.lookback_versions,
            null_keys: NullKeys::named(&self.null_keys)?,
            window,
            columns: self.columns.clone(),
            bookmark: bookmark(&self.bookmark)?,
            state: self.state.clone(),
            ..ExtractRequest::of_table(&self.stream, (&self.source, &self.table), method, self.batch_rows)
        })
    }
}

/// Columns, as the head of a file names them.
pub(super) fn head(columns: &SchemaRef) -> String {
    rows::to_csv(&RecordBatch::new_empty(SchemaRef::clone(columns)))
}

/// The columns of a head.
pub(super) fn columns_of(head: &str) -> std::result::Result<SchemaRef, Failure> {
    let invalid = |why: String| Failure::permanent(format!("the recording names columns that are none: {why}"));
    rows::parse_head(head).map_err(invalid)
}

impl Table {
    pub(super) fn of(described: &TableDescription) -> Self {
        let order = |order: &ColumnOrder| Order {
            expression: order.expression.clone(),
            function: order.function.clone(),
            bounds: order.bounds.as_ref().map(|bounds| [bounds.least.clone(), bounds.most.clone()]),
        };
        let declared = |source: &SourceColumn| Declared {
            declared: source.declared.clone(),
            refused: source.refused.clone(),
            open: source.open.clone(),
        };
        Self {
            name: described.name.clone(),
            columns: head(&described.columns),
            key: described.key.clone(),
            order: described.order.iter().map(|found| found.as_ref().map(order).map_err(Clone::clone)).collect(),
            sources: described.sources.iter().map(declared).collect(),
        }
    }

    pub(super) fn description(&self) -> std::result::Result<TableDescription, Failure> {
        let order = |order: &Order| ColumnOrder {
            expression: order.expression.clone(),
            function: order.function.clone(),
            bounds: order.bounds.clone().map(|[least, most]| Bounds { least, most }),
        };
        let source = |column: &Declared| SourceColumn {
            declared: column.declared.clone(),
            refused: column.refused.clone(),
            open: column.open.clone(),
        };
        Ok(TableDescription {
            name: self.name.clone(),
            columns: columns_of(&self.columns)?,
            key: self.key.clone(),
            order: self.order.iter().map(|found| found.as_ref().map(order).map_err(Clone::clone)).collect(),
            sources: self.sources.iter().map(source).collect(),
        })
    }
}

impl Query {
    /// A statement with its parameters, and what came of it.
    pub(super) fn of(statement: &str, parameters: &[Value], columns: Answer<String>) -> Self {
        let (rejected, rows) = (Vec::new(), Vec::new());
        Self {
            statement: statement.to_owned(),
            parameters: parameters_as_json(parameters),
            columns,
            rejected,
            end: None,
            rows,
        }
    }

    /// The number of rows that were read so far.
    pub(super) fn count(&self) -> usize {
        self.rows.iter().map(RecordBatch::num_rows).sum()
    }
}

/// Parameters, as a bookmark without names.
pub(super) fn parameters_as_json(parameters: &[Value]) -> Json {
    let position = |value: &Value| Position { name: String::new(), value: value.clone() };
    bookmark_to_json(&Bookmark(parameters.iter().map(position).collect()))
}

impl Unreadable {
    pub(super) fn of(rejected: &Rejected, after: usize) -> Self {
        let Rejected { rule, reason, value, by, row, place, .. } = rejected.clone();
        Self { after, rule, reason, value, by, row, place }
    }

    pub(super) fn rejected(&self) -> Rejected {
        let Self { rule, reason, value, by, row, place, .. } = self.clone();
        Rejected { cause: Cause::BadValue, rule, reason, value, stage: Stage::Extract, by, digest: None, row, place }
    }
}
