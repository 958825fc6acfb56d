//! The type certificate of a stream: the type of each column in the source, on the way and in the target, whether every
//! value arrives as it is, and the values that do not.

use arrow_schema::{DataType, SchemaRef};
use wmshost_sql::{ColumnPurpose, Dialect};

use super::moved::MovedColumns;
use super::sample::proposal;
use super::target_refusal::target_refusal;
use crate::failure::Failure;
use crate::ports::source::{SourceColumn, SourceSession, TableDescription};
use crate::stages::transform::type_name;

/// The number of rows that are looked at for a column whose source does not say what it holds.
const SAMPLE_ROWS: usize = 1_000;
/// The largest number of such columns that are looked at.
const SAMPLE_COLUMNS: usize = 100;

/// The certificate of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnCertificate {
    /// Its name in the stream.
    pub column: String,
    /// Its type in the source; `None` if a transform adds it.
    pub source_type: Option<String>,
    /// The type of its values as they are read; `None` likewise.
    pub read_as: Option<String>,
    /// The type after the transforms; `None` if they leave it out.
    pub written_as: Option<String>,
    /// The type in the target; `None` likewise.
    pub target_type: Option<String>,
    /// The values that do not arrive as they are, in words; empty if every value does.
    pub refused: Vec<String>,
    /// The question that the source leaves open, with a proposal from a sample of its values.
    pub note: Option<String>,
}

/// Returns the certificates of a stream's columns: those that are read, and those that transforms add. `target` is the
/// kind of the target's database.
pub fn certify(
    session: &mut dyn SourceSession,
    table: &str,
    moved: &MovedColumns,
    target: Dialect,
) -> Result<Vec<ColumnCertificate>, Failure> {
    let described = session.describe(table)?;
    let notes = described.as_ref().map(|table| sampled(session, table)).transpose()?.unwrap_or_default();
    let added = moved.written.fields().iter().filter(|field| type_of(&moved.read, field.name()).is_none());
    let fields = moved.read.fields().iter().chain(added);
    let certificate = |field: &arrow_schema::FieldRef| {
        let name = field.name();
        let source = described.as_ref().and_then(|table| source_of(table, name));
        let note = notes.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)).map(|(_, note)| note.clone());
        column(name, moved, source, (target, note))
    };
    Ok(fields.map(certificate).collect())
}

fn source_of<'t>(table: &'t TableDescription, name: &str) -> Option<&'t SourceColumn> {
    let place = table.columns.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))?;
    table.sources.get(place)
}

fn type_of(schema: &SchemaRef, name: &str) -> Option<DataType> {
    let mut fields = schema.fields().iter();
    fields.find(|field| field.name().eq_ignore_ascii_case(name)).map(|field| field.data_type().clone())
}

fn column(
    name: &str,
    moved: &MovedColumns,
    source: Option<&SourceColumn>,
    (target, note): (Dialect, Option<String>),
) -> ColumnCertificate {
    let is_key = moved.key.iter().any(|key| key.eq_ignore_ascii_case(name));
    let purpose = if is_key { ColumnPurpose::LoadedKey } else { ColumnPurpose::Loaded };
    let (read, written) = (type_of(&moved.read, name), type_of(&moved.written, name));
    let there = moved.target.as_ref().and_then(|target| type_of(target, name)).filter(|_| written.is_some());
    let by_source = source.and_then(|source| source.refused.as_ref()).map(|values| format!("source: {values}"));
    let by_transform = (read.is_some() && read != written).then(|| match &written {
        Some(_) => "a transform changes its type".to_owned(),
        None => "a transform leaves it out".to_owned(),
    });
    let by_target = written.as_ref().and_then(|kind| target_refusal(target, kind, purpose));
    let by_target = by_target.map(|values| format!("target: {values}"));
    ColumnCertificate {
        column: name.to_owned(),
        source_type: source.map(|source| source.declared.clone()),
        read_as: read.as_ref().map(type_name),
        written_as: written.as_ref().map(type_name),
        target_type: there.or(written).and_then(|kind| target.declared_type(&kind, purpose)),
        refused: [by_source, by_transform, by_target].into_iter().flatten().collect(),
        note,
    }
}

/// Returns the columns whose source leaves open what they hold, each with a note about a sample of its values.
fn sampled(session: &mut dyn SourceSession, table: &TableDescription) -> Result<Vec<(String, String)>, Failure> {
    let fields = table.columns.fields().iter().zip(&table.sources);
    let open: Vec<_> = fields.filter_map(|(field, source)| Some((field.name(), source.open.as_ref()?))).collect();
    let Some(columns) = open.chunks(SAMPLE_COLUMNS).next() else { return Ok(Vec::new()) };
    let quoted = |name: &str| Dialect::Sqlite.quoted(name);
    let list = columns.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ");
    let most = session.dialect().first_rows(SAMPLE_ROWS);
    let sql = format!("SELECT {list} FROM {} {most}", quoted(&table.name));
    let sample = session.query(&sql, &[])?.next(SAMPLE_ROWS)?;
    let note = |(name, open): &(&String, &String)| {
        let proposed = sample.as_ref().and_then(|sample| proposal(sample, name));
        let proposed = proposed.map(|(values, rule)| {
            let rows = sample.as_ref().map_or(0, |sample| sample.rows.num_rows() + sample.rejected.len());
            format!("; in a sample of {rows} rows they are {values}: declare `{} = {rule}` in `columns`", quoted(name))
        });
        ((*name).clone(), format!("{open}{}", proposed.unwrap_or_default()))
    };
    Ok(columns.iter().map(note).collect())
}
