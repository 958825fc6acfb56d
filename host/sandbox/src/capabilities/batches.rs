//! Batches: reading and writing columns, and taking rows out. Each read and each write is one copy.

use std::sync::Arc;

use arrow_array::types::{ByteArrayType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, GenericByteArray};
use arrow_schema::DataType;
use wasmtime::component::{HasData, Resource};
use wmshost_flow::{Failure, Limits, Stage};

use super::{HostResult, into_guest};
use crate::bindings::batches::{
    Booleans, Categories, Dates, Decimals, Float64s, Host, HostBatch, Int64s, Texts, Timestamps,
};
use crate::bindings::types::{Column, DecimalType, Zone};
use crate::columns::{self, PluginBatch, Rejection};
use crate::convert::{columns_to_wit, timestamp_type};
use crate::handles::Handles;
use crate::identity::Identity;
use crate::text::sanitize;

// Decimals cross as the machine has them in memory; the contract says little-endian.
#[cfg(target_endian = "big")]
compile_error!("the host runs on little-endian machines only");

/// The longest name of a rule and the longest reason of a rejection, in bytes.
const RULE_BYTES: usize = 128;
const REASON_BYTES: usize = 1 << 10;

type Handle = Resource<PluginBatch>;

fn texts<T: ByteArrayType<Offset = i32>>(array: &GenericByteArray<T>) -> Texts {
    let offsets = array.value_offsets();
    let (first, last) = (offsets[0], offsets[array.len()]);
    let values = array.value_data()[first as usize..last as usize].to_vec();
    let offsets = match first {
        0 => offsets.to_vec(),
        _ => offsets.iter().map(|offset| offset - first).collect(),
    };
    Texts { offsets, values, validity: columns::validity_bytes(array) }
}

/// The words `batches`. They see a [`BatchesView`] and nothing else.
pub(crate) struct Batches;

impl HasData for Batches {
    type Data<'a> = BatchesView<'a>;
}

/// The context of batches in an instance.
pub(crate) struct BatchesCtx {
    /// The name of the plugin that takes rows out, as quarantine shows it.
    signature: String,
    /// The digest of the plugin's bytes.
    digest: Option<String>,
    /// The stage that takes rows out.
    pub(crate) stage: Stage,
    /// The limits of columns and batches.
    limits: Arc<Limits>,
}

impl BatchesCtx {
    /// The context of an instance that transforms.
    pub(crate) fn new(identity: &Identity, limits: &Arc<Limits>) -> Self {
        let (signature, digest) = (identity.signature(), identity.digest.clone());
        Self { signature, digest, stage: Stage::Transform, limits: Arc::clone(limits) }
    }
}

/// The context with the batches themselves.
pub(crate) struct BatchesView<'a> {
    pub(crate) ctx: &'a BatchesCtx,
    pub(crate) handles: &'a mut Handles,
}

impl BatchesView<'_> {
    fn read<T>(&mut self, batch: &Handle, read: impl FnOnce(&PluginBatch) -> Result<T, Failure>) -> HostResult<T> {
        into_guest(read(self.handles.get(batch)?))
    }

    fn write(
        &mut self,
        batch: &Handle,
        column: &str,
        make: impl FnOnce(usize) -> Result<ArrayRef, Failure>,
    ) -> HostResult<()> {
        let batch = self.handles.get_mut(batch)?;
        let limits = &self.ctx.limits;
        into_guest(make(batch.rows()).and_then(|array| batch.put(column, array, limits)))
    }
}

impl Host for BatchesView<'_> {}

impl HostBatch for BatchesView<'_> {
    fn row_count(&mut self, batch: Handle) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.handles.get(&batch)?.rows())?)
    }

    fn schema(&mut self, batch: Handle) -> wasmtime::Result<Vec<Column>> {
        let fields = self.handles.get(&batch)?.fields();
        columns_to_wit(fields).map_err(|failure| wasmtime::format_err!("{failure}"))
    }

    fn read_booleans(&mut self, batch: Handle, column: String) -> HostResult<Booleans> {
        self.read(&batch, |batch| {
            let array = batch.boolean(&column)?;
            let values = array.values().sliced().to_vec();
            Ok(Booleans { values, validity: columns::validity_bytes(array) })
        })
    }

    fn read_int64s(&mut self, batch: Handle, column: String) -> HostResult<Int64s> {
        self.read(&batch, |batch| {
            let (_, array) = batch.primitive::<Int64Type>(&column, "int64")?;
            Ok(Int64s { values: array.values().to_vec(), validity: columns::validity_bytes(array) })
        })
    }

    fn read_float64s(&mut self, batch: Handle, column: String) -> HostResult<Float64s> {
        self.read(&batch, |batch| {
            let (_, array) = batch.primitive::<Float64Type>(&column, "float64")?;
            Ok(Float64s { values: array.values().to_vec(), validity: columns::validity_bytes(array) })
        })
    }

    fn read_decimals(&mut self, batch: Handle, column: String) -> HostResult<Decimals> {
        self.read(&batch, |batch| {
            let (kind, array) = batch.primitive::<Decimal128Type>(&column, "decimal")?;
            let DataType::Decimal128(precision, scale) = *kind else {
                return Err(Failure::permanent(format!("column {column} is not decimal")));
            };
            let scale =
                u8::try_from(scale).map_err(|_| Failure::permanent(format!("column {column} has a negative scale")))?;
            let values = array.values().inner().as_slice().to_vec();
            let validity = columns::validity_bytes(array);
            Ok(Decimals { kind: DecimalType { precision, scale }, values, validity })
        })
    }

    fn read_texts(&mut self, batch: Handle, column: String) -> HostResult<Texts> {
        self.read(&batch, |batch| batch.text(&column).map(texts))
    }

    fn read_binaries(&mut self, batch: Handle, column: String) -> HostResult<Texts> {
        self.read(&batch, |batch| batch.binary(&column).map(texts))
    }

    fn read_dates(&mut self, batch: Handle, column: String) -> HostResult<Dates> {
        self.read(&batch, |batch| {
            let (_, array) = batch.primitive::<Date32Type>(&column, "date")?;
            Ok(Dates { values: array.values().to_vec(), validity: columns::validity_bytes(array) })
        })
    }

    fn read_timestamps(&mut self, batch: Handle, column: String) -> HostResult<Timestamps> {
        self.read(&batch, |batch| {
            let (kind, array) = batch.primitive::<TimestampMicrosecondType>(&column, "timestamp")?;
            let zoned = matches!(kind, DataType::Timestamp(_, Some(_)));
            let zone = if zoned { Zone::Utc } else { Zone::None };
            let validity = columns::validity_bytes(array);
            Ok(Timestamps { zone, values: array.values().to_vec(), validity })
        })
    }

    fn write_booleans(&mut self, batch: Handle, column: String, data: Booleans) -> HostResult<()> {
        self.write(&batch, &column, |rows| columns::boolean_array(&column, data.values, data.validity, rows))
    }

    fn write_int64s(&mut self, batch: Handle, column: String, data: Int64s) -> HostResult<()> {
        self.write(&batch, &column, |_| {
            let array = columns::primitive_array::<Int64Type>(&column, data.values, data.validity)?;
            Ok(Arc::new(array))
        })
    }

    fn write_float64s(&mut self, batch: Handle, column: String, data: Float64s) -> HostResult<()> {
        self.write(&batch, &column, |_| {
            let array = columns::primitive_array::<Float64Type>(&column, data.values, data.validity)?;
            Ok(Arc::new(array))
        })
    }

    fn write_decimals(&mut self, batch: Handle, column: String, data: Decimals) -> HostResult<()> {
        self.write(&batch, &column, |_| {
            let kind = (data.kind.precision, data.kind.scale);
            columns::decimal_array(&column, &data.values, data.validity, kind)
        })
    }

    fn write_texts(&mut self, batch: Handle, column: String, data: Texts) -> HostResult<()> {
        self.write(&batch, &column, |rows| columns::text_array(&column, data.offsets, data.values, data.validity, rows))
    }

    fn write_binaries(&mut self, batch: Handle, column: String, data: Texts) -> HostResult<()> {
        self.write(&batch, &column, |rows| {
            columns::binary_array(&column, data.offsets, data.values, data.validity, rows)
        })
    }

    fn write_dates(&mut self, batch: Handle, column: String, data: Dates) -> HostResult<()> {
        self.write(&batch, &column, |_| {
            let array = columns::primitive_array::<Date32Type>(&column, data.values, data.validity)?;
            Ok(Arc::new(array))
        })
    }

    fn write_timestamps(&mut self, batch: Handle, column: String, data: Timestamps) -> HostResult<()> {
        self.write(&batch, &column, |_| {
            let array = columns::primitive_array::<TimestampMicrosecondType>(&column, data.values, data.validity)?;
            Ok(Arc::new(array.with_data_type(timestamp_type(data.zone))))
        })
    }

    fn write_categories(&mut self, batch: Handle, column: String, data: Categories) -> HostResult<()> {
        let most = self.ctx.limits.batch_bytes;
        self.write(&batch, &column, |rows| {
            columns::category_array(&column, &data.labels, &data.codes, data.validity, rows, most)
        })
    }

    fn rename(&mut self, batch: Handle, column: String, to: String) -> HostResult<()> {
        into_guest(self.handles.get_mut(&batch)?.rename(&column, &to))
    }

    fn drop_columns(&mut self, batch: Handle, columns: Vec<String>) -> HostResult<()> {
        into_guest(self.handles.get_mut(&batch)?.drop_columns(&columns))
    }

    fn filter(&mut self, batch: Handle, keep: Vec<u8>) -> HostResult<()> {
        into_guest(self.handles.get_mut(&batch)?.keep(keep))
    }

    fn reject(&mut self, batch: Handle, rows: Vec<u32>, rule: String, reason: String) -> HostResult<()> {
        let (by, digest, stage) = (self.ctx.signature.clone(), self.ctx.digest.clone(), self.ctx.stage);
        let (rule, reason) = (sanitize(rule, RULE_BYTES), sanitize(reason, REASON_BYTES));
        let rejection = Rejection { stage, rule, reason, by, digest };
        let most = self.ctx.limits.batch_bytes;
        into_guest(self.handles.get_mut(&batch)?.reject(&rows, &rejection, most))
    }

    fn drop(&mut self, batch: Handle) -> wasmtime::Result<()> {
        self.handles.take_batch(batch).map_err(|failure| wasmtime::format_err!("{failure}"))?;
        Ok(())
    }
}
