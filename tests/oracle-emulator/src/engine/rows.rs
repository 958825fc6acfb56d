//! The rows of a query, read to their end and kept in the form that the protocol sends.

use super::columns::{Column, describe};
use super::link::{Link, Parameter, Watch};
use super::refusal::Refusal;
use crate::sql::Query;
use crate::values::cell;
use crate::values::kind::Kind;

/// The rows of a query, in the form that the protocol sends.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    /// The session's offset from UTC, in seconds east.
    zone: i64,
    bytes: Vec<u8>,
    /// The start and length of each cell; NULL has the length `NULL`.
    cells: Vec<(usize, u32)>,
}

const NULL: u32 = u32::MAX;

impl Rows {
    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// One cell.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<&[u8]> {
        let (begin, length) = self.cells[row * self.columns.len() + column];
        (length != NULL).then(|| &self.bytes[begin..begin + length as usize])
    }

    fn push(&mut self, cells: &[Option<&[u8]>]) -> Result<(), Refusal> {
        for (cell, column) in cells.iter().zip(&self.columns) {
            let begin = self.bytes.len();
            match cell {
                // To Oracle the empty text is NULL; an empty LOB is not.
                Some([]) if !column.kind.is_lob() => self.cells.push((begin, NULL)),
                Some(bytes) => {
                    self.bytes.extend(cell::encode(bytes, column.engine_kind, &column.kind, self.zone)?);
                    self.cells.push((begin, (self.bytes.len() - begin) as u32));
                }
                None => self.cells.push((begin, NULL)),
            }
        }
        Ok(())
    }
}

/// Runs a query on a connection.
pub(super) fn read(
    link: &mut Link,
    query: &Query,
    kinds: &[u32],
    parameters: &[Parameter],
    watch: Watch<'_>,
) -> Result<Rows, Refusal> {
    let columns = describe(link, &query.sql, kinds)?;
    let is_local = columns.iter().any(|column| matches!(column.kind, Kind::TimestampLtz(_)));
    let zone = if is_local { zone(link)? } else { 0 };
    let mut rows = Rows { columns, zone, ..Rows::default() };
    link.query((&query.sql, kinds), parameters, watch, |_, cells| rows.push(cells))?;
    Ok(rows)
}

/// The session's offset from UTC, in seconds east.
fn zone(link: &mut Link) -> Result<i64, Refusal> {
    let rows = link.rows("SELECT extract(timezone FROM now())::bigint")?;
    let zone = rows.into_iter().flatten().flatten().next();
    zone.and_then(|zone| zone.parse().ok()).ok_or_else(|| Refusal::internal("PostgreSQL told no time zone"))
}
