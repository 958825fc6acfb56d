//! The columns that the host adds to those of a model.

use arrow_schema::{DataType, TimeUnit};
use wmshost_flow::{AUDIT_COLUMNS, SYSTEM_COLUMNS};
use wmshost_sql::Dialect;

/// The time when a row was replaced or deleted, in its before image.
pub(crate) const REPLACED_AT: &str = "wms_replaced_at";
/// The columns that a snapshot has after those of the model.
pub(crate) const VERSION: [&str; 3] = ["wms_valid_from", "wms_valid_to", "wms_is_current"];

/// True for the name of a column that the host adds to tables: the audit columns and the mark of deleted rows.
pub(crate) fn is_host_column(name: &str) -> bool {
    SYSTEM_COLUMNS.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// The types of the audit columns.
pub(crate) fn audit_types() -> [DataType; 2] {
    [DataType::Utf8, DataType::Timestamp(TimeUnit::Microsecond, None)]
}

/// The types of the columns that a snapshot has after those of the model.
pub(crate) fn version_types() -> [DataType; 3] {
    let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
    [moment.clone(), moment, DataType::Boolean]
}

/// The audit columns with their types, as columns of a table.
pub(crate) fn declared_audit_columns(dialect: Dialect) -> [String; 2] {
    let [run_id, loaded_at] = dialect.declared_audit_types();
    [(AUDIT_COLUMNS[0], run_id), (AUDIT_COLUMNS[1], loaded_at)]
        .map(|(column, kind)| format!("{} {kind}", dialect.quoted(column)))
}
