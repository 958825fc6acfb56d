//! Batches of items: `id`, `name` and `changed`, and `twice`, which the scripted transform adds.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// Returns the ids in a batch; none if it has no such column.
pub(crate) fn ids(rows: &RecordBatch) -> Vec<i64> {
    rows.column_by_name("id").map(|ids| ids.as_primitive::<Int64Type>().values().to_vec()).unwrap_or_default()
}

/// Returns the columns of items, with `twice` or without.
pub(crate) fn item_columns(with_twice: bool) -> SchemaRef {
    let mut fields = vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("changed", DataType::Int64, false),
    ];
    if with_twice {
        fields.push(Field::new("twice", DataType::Int64, false));
    }
    Arc::new(Schema::new(fields))
}

/// Returns items with these ids, as the source has them.
pub(crate) fn items(ids: &[i64]) -> RecordBatch {
    let names = ids.iter().map(|id| Some(format!("n{id}"))).collect::<StringArray>();
    let changed = ids.iter().map(|id| id * 100).collect::<Vec<_>>();
    let arrays: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(ids.to_vec())), Arc::new(names), Arc::new(Int64Array::from(changed))];
    RecordBatch::try_new(item_columns(false), arrays).expect("a batch")
}
