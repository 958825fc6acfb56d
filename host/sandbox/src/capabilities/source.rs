//! Reading a granted database. The plugin names a label; the host has opened it already.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::{Array as _, ArrayRef};
use wasmtime::component::{HasData, Resource};
use wmshost_contract_rules::NAME_BYTES;
use wmshost_flow::{Batch, Bounds, ColumnOrder, Dialect, Failure, Limits, SourceSession, TableDescription, Value};

use super::{HostResult, LogMeter, check_label, into_guest};
use crate::bindings::source::{self as wit, Host, HostConnection, HostCursor};
use crate::bindings::types::{Column, Value as WitValue};
use crate::columns::PluginBatch;
use crate::convert::{columns_to_wit, value_from_wit};
use crate::handles::{Connection, Handles, OpenCursor};
use crate::limits::CallTimer;

/// The database that an extractor was granted.
pub struct GrantedSource {
    /// The label that it is granted under.
    pub label: String,
    /// All labels of the pipeline, to distinguish a denied one from an unknown one.
    pub known_labels: Vec<String>,
    /// A session in the run's snapshot.
    pub session: Box<dyn SourceSession>,
}

/// The capability `source`. It sees a [`SourceView`] and nothing else.
pub(crate) struct Source;

impl HasData for Source {
    type Data<'a> = SourceView<'a>;
}

/// The capability's context in an instance.
pub(crate) struct SourceCtx {
    /// The granted source; `None` in other worlds than the extractor's.
    pub(crate) granted: Option<GrantedSource>,
    /// The reason why reading rows broke off in the current call.
    pub(crate) failure: Option<Failure>,
    /// The most rows that a read may return at once.
    pub(crate) batch_rows: u32,
    /// The most bytes that a batch may take.
    most_bytes: usize,
    /// The most columns of a table.
    most_columns: usize,
    meter: Arc<LogMeter>,
}

impl SourceCtx {
    /// Without a source yet.
    pub(crate) fn new(limits: &Limits, meter: Arc<LogMeter>) -> Self {
        let Limits { batch_bytes: most_bytes, batch_columns: most_columns, .. } = *limits;
        Self { granted: None, failure: None, batch_rows: 1_000_000, most_bytes, most_columns, meter }
    }
}

/// The capability's context with the handles that it makes.
pub(crate) struct SourceView<'a> {
    pub(crate) ctx: &'a mut SourceCtx,
    pub(crate) handles: &'a mut Handles,
    pub(crate) timer: &'a mut CallTimer,
}

impl SourceView<'_> {
    fn session(&mut self) -> Result<&mut dyn SourceSession, Failure> {
        match &mut self.ctx.granted {
            Some(source) => Ok(source.session.as_mut()),
            None => Err(Failure::denied("no source is granted here")),
        }
    }

    fn check_label(&self, label: &str) -> Result<(), Failure> {
        match &self.ctx.granted {
            Some(source) => check_label(label, &source.label, &source.known_labels),
            None => Err(Failure::invalid_config(format!("{label:?} is no database that this stream may read"))
                .advise("let the stream's `source` be a database, or use an extractor for web services")),
        }
    }

    /// Works on the source, and counts the time as the database's.
    fn timed<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let from = Instant::now();
        let done = work(self);
        self.timer.host_worked(from);
        self.ctx.meter.audited(done)
    }

    fn read(&mut self, statement: &str, parameters: &[Value]) -> Result<Resource<OpenCursor>, Failure> {
        let cursor = self.session()?.query(statement, parameters)?;
        self.handles.push(OpenCursor(cursor))
    }

    /// Remembers that rows are lost to the plugin: it must not go on as if it had read them.
    fn note_failure(&mut self, failure: Failure) -> Failure {
        self.ctx.failure.get_or_insert_with(|| failure.clone());
        failure
    }

    fn next_batch(
        &mut self,
        cursor: &Resource<OpenCursor>,
        max_rows: u32,
    ) -> wasmtime::Result<Result<Option<Resource<PluginBatch>>, Failure>> {
        let rows = max_rows.clamp(1, self.ctx.batch_rows.max(1)) as usize;
        let batch = match self.handles.get_mut(cursor)?.0.next(rows) {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(Ok(None)),
            Err(failure) => return Ok(Err(self.note_failure(failure))),
        };
        if let Err(failure) = check_batch_bytes(&batch, self.ctx.most_bytes) {
            return Ok(Err(self.note_failure(failure)));
        }
        Ok(self.handles.push_batch(PluginBatch::new(batch)).map(Some))
    }
}

/// Fails if the columns of a batch take more bytes than a batch may.
pub(super) fn check_batch_bytes(batch: &Batch, most: usize) -> Result<(), Failure> {
    let bytes: usize = batch.rows.columns().iter().map(used_bytes).sum();
    if bytes > most {
        return Err(Failure::limit("batch_bytes", most, bytes).within("ask for fewer rows"));
    }
    Ok(())
}

/// Fails if a table has columns that no batch can have, and names all of them: the pipeline can leave them out or rename
/// them.
fn check_columns(table: &TableDescription, most: usize) -> Result<(), Failure> {
    let mut mistakes = Vec::new();
    let columns = table.columns.fields();
    if columns.len() > most {
        let skip = format!("\"skip\" at least {} of them", columns.len() - most);
        mistakes.push(format!("has {} columns, at most {most} are read: {skip}", columns.len()));
    }
    for (place, column) in (1..).zip(columns) {
        match column.name().len() {
            0 => mistakes.push(format!("has a column, number {place}, that has no name: `rename` or \"skip\" it")),
            long if long > NAME_BYTES => mistakes.push(format!(
                "has a column {:?}, whose name has {long} bytes, at most {NAME_BYTES} are allowed: `rename` or \"skip\" it",
                column.name()
            )),
            _ => {}
        }
    }
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid_config(format!("table {} {} in `columns`", table.name, mistakes.join("; it "))))
}

/// Bytes of a column's values; memory that was reserved for more does not count.
fn used_bytes(column: &ArrayRef) -> usize {
    column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
}

impl Host for SourceView<'_> {}

fn order_to_wit(order: ColumnOrder) -> wit::ColumnOrder {
    let bounds = order.bounds.map(|Bounds { least, most }| wit::ColumnBounds { least, most });
    wit::ColumnOrder { expression: order.expression, function: order.function, bounds }
}

impl HostConnection for SourceView<'_> {
    fn open(&mut self, label: String) -> HostResult<Resource<Connection>> {
        let opened = self.ctx.meter.audited(self.check_label(&label));
        into_guest(opened.and_then(|()| self.handles.push(Connection)))
    }

    fn dialect(&mut self, _: Resource<Connection>) -> wasmtime::Result<wit::Dialect> {
        Ok(match self.session().map(|session| session.dialect()) {
            Ok(Dialect::Oracle) => wit::Dialect::Oracle,
            _ => wit::Dialect::Sqlite,
        })
    }

    fn now(&mut self, _: Resource<Connection>) -> HostResult<i64> {
        into_guest(self.timed(|view| view.session()?.now()))
    }

    fn tables(&mut self, _: Resource<Connection>) -> HostResult<Vec<String>> {
        into_guest(self.timed(|view| view.session()?.tables()))
    }

    fn describe(&mut self, _: Resource<Connection>, table: String) -> HostResult<Option<wit::TableDescription>> {
        let found = self.timed(|view| view.session()?.describe(&table));
        let most_columns = self.ctx.most_columns;
        into_guest(found.and_then(|table| {
            let Some(table) = table else { return Ok(None) };
            check_columns(&table, most_columns)?;
            let columns = columns_to_wit(table.columns.fields())?;
            let order = table.order.into_iter().map(|order| order.map(order_to_wit)).collect();
            Ok(Some(wit::TableDescription { name: table.name, columns, key: table.key, order }))
        }))
    }

    fn query(
        &mut self,
        _: Resource<Connection>,
        statement: String,
        parameters: Vec<WitValue>,
    ) -> HostResult<Resource<OpenCursor>> {
        let parameters: Result<Vec<Value>, Failure> = parameters.into_iter().map(value_from_wit).collect();
        into_guest(parameters.and_then(|parameters| self.timed(|view| view.read(&statement, &parameters))))
    }

    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.handles.delete(connection)
    }
}

impl HostCursor for SourceView<'_> {
    fn schema(&mut self, cursor: Resource<OpenCursor>) -> wasmtime::Result<Vec<Column>> {
        let schema = self.handles.get(&cursor)?.0.schema();
        columns_to_wit(schema.fields()).map_err(|failure| wasmtime::format_err!("{failure}"))
    }

    fn next(&mut self, cursor: Resource<OpenCursor>, max_rows: u32) -> HostResult<Option<Resource<PluginBatch>>> {
        let from = Instant::now();
        let batch = self.next_batch(&cursor, max_rows);
        self.timer.host_worked(from);
        into_guest(batch?)
    }

    fn drop(&mut self, cursor: Resource<OpenCursor>) -> wasmtime::Result<()> {
        self.handles.delete(cursor)
    }
}
