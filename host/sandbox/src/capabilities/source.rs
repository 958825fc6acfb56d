//! Reading a granted database. The plugin names a label; the host has opened it already.

use std::time::Instant;

use arrow_array::{Array as _, ArrayRef};
use wasmtime::component::Resource;
use wmshost_flow::{Bounds, ColumnOrder, Cursor, Dialect, Failure, SourceSession, Value};

use super::{HostResult, into_guest};
use crate::bindings::source::{self as wit, Host, HostConnection, HostCursor};
use crate::bindings::types::{Column, Value as WitValue};
use crate::columns::PluginBatch;
use crate::convert::{columns_to_wit, value_from_wit};
use crate::instance_state::InstanceState;

/// A plugin's handle to the granted database.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection;

/// A query whose rows are being read.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenCursor(Box<dyn Cursor>);

impl InstanceState {
    fn session(&mut self) -> Result<&mut dyn SourceSession, Failure> {
        match &mut self.source {
            Some(source) => Ok(source.session.as_mut()),
            None => Err(Failure::denied("no source is granted here")),
        }
    }

    fn check_label(&self, label: &str) -> Result<(), Failure> {
        let Some(source) = &self.source else {
            return Err(Failure::denied("no source is granted here"));
        };
        if source.label == label {
            return Ok(());
        }
        if source.known_labels.iter().any(|known| known == label) {
            return Err(Failure::denied(format!(
                "the source {label:?} is not granted to this stream; {:?} is",
                source.label
            )));
        }
        Err(Failure::invalid_config(format!("the pipeline has no connection {label:?}")))
    }

    /// Works on the source, and counts the time as the database's.
    fn timed<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let from = Instant::now();
        let done = work(self);
        self.timer.host_worked(from);
        done
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Resource<OpenCursor>, Failure> {
        let cursor = self.session()?.query(statement, parameters)?;
        self.push(OpenCursor(cursor))
    }

    /// Remembers that rows are lost to the plugin: it must not go on as if it had read them.
    fn note_failure(&mut self, failure: Failure) -> Failure {
        self.source_failure.get_or_insert_with(|| failure.clone());
        failure
    }

    fn next_batch(
        &mut self,
        cursor: &Resource<OpenCursor>,
        max_rows: u32,
    ) -> wasmtime::Result<Result<Option<Resource<PluginBatch>>, Failure>> {
        let rows = max_rows.clamp(1, self.batch_rows.max(1)) as usize;
        let batch = match self.table.get_mut(cursor)?.0.next(rows) {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(Ok(None)),
            Err(failure) => return Ok(Err(self.note_failure(failure))),
        };
        let bytes: usize = batch.rows.columns().iter().map(used_bytes).sum();
        if bytes > self.limits.batch_bytes {
            let most = self.limits.batch_bytes;
            let failure = Failure::limit("batch_bytes", most, bytes).within("ask for fewer rows");
            return Ok(Err(self.note_failure(failure)));
        }
        Ok(self.push_batch(PluginBatch::new(batch)).map(Some))
    }
}

/// Bytes of a column's values; memory that was reserved for more does not count.
fn used_bytes(column: &ArrayRef) -> usize {
    column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
}

impl Host for InstanceState {}

fn order_to_wit(order: ColumnOrder) -> wit::ColumnOrder {
    let bounds = order.bounds.map(|Bounds { least, most }| wit::ColumnBounds { least, most });
    wit::ColumnOrder { expression: order.expression, function: order.function, bounds }
}

impl HostConnection for InstanceState {
    fn open(&mut self, label: String) -> HostResult<Resource<Connection>> {
        let opened = self.check_label(&label);
        into_guest(opened.and_then(|()| self.push(Connection)))
    }

    fn dialect(&mut self, _: Resource<Connection>) -> wasmtime::Result<wit::Dialect> {
        Ok(match self.session().map(|session| session.dialect()) {
            Ok(Dialect::Oracle) => wit::Dialect::Oracle,
            _ => wit::Dialect::Sqlite,
        })
    }

    fn now(&mut self, _: Resource<Connection>) -> HostResult<i64> {
        into_guest(self.timed(|state| state.session()?.now()))
    }

    fn tables(&mut self, _: Resource<Connection>) -> HostResult<Vec<String>> {
        into_guest(self.timed(|state| state.session()?.tables()))
    }

    fn describe(&mut self, _: Resource<Connection>, table: String) -> HostResult<Option<wit::TableDescription>> {
        let found = self.timed(|state| state.session()?.describe(&table));
        into_guest(found.and_then(|table| {
            let Some(table) = table else { return Ok(None) };
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
        into_guest(
            parameters.and_then(|parameters| self.timed(|state| InstanceState::query(state, &statement, &parameters))),
        )
    }

    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl HostCursor for InstanceState {
    fn schema(&mut self, cursor: Resource<OpenCursor>) -> wasmtime::Result<Vec<Column>> {
        let schema = self.table.get(&cursor)?.0.schema();
        columns_to_wit(schema.fields()).map_err(|failure| wasmtime::format_err!("{failure}"))
    }

    fn next(&mut self, cursor: Resource<OpenCursor>, max_rows: u32) -> HostResult<Option<Resource<PluginBatch>>> {
        let from = Instant::now();
        let batch = self.next_batch(&cursor, max_rows);
        self.timer.host_worked(from);
        into_guest(batch?)
    }

    fn drop(&mut self, cursor: Resource<OpenCursor>) -> wasmtime::Result<()> {
        self.table.delete(cursor)?;
        Ok(())
    }
}
