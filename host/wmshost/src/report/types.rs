//! The report of type certificates, for `wmshost check --certificate` and `wmshost plan`.

use wmshost_flow::ColumnCertificate;
use wmshost_pipeline::OnBadValue;
use wmshost_runtime::certificate::Certificate;

use super::{note, print, table};

/// Prints a certificate as a table of columns.
pub(crate) fn certificate(certificate: &Certificate) {
    let Certificate { stream, hash, bad_values, columns } = certificate;
    let where_to = match bad_values {
        OnBadValue::Reject => "go to quarantine",
        OnBadValue::Fail => "fail the stream",
    };
    let exact = columns.iter().filter(|column| column.refused.is_empty()).count();
    print(&format!(
        "{stream}: types {hash}, {exact} of {} columns exact; rows with other values {where_to}",
        columns.len()
    ));
    table(
        &["  column", "source", "read as", "target", "exact, or what is refused"],
        &[],
        columns.iter().map(row).collect(),
    );
    for column in columns {
        if let Some(open) = &column.note {
            note(&format!("{stream}, column {}: {open}", column.column));
        }
    }
}

fn row(column: &ColumnCertificate) -> Vec<String> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let refused = if column.refused.is_empty() { "exact".to_owned() } else { column.refused.join("; ") };
    vec![
        format!("  {}", column.column),
        or_none(&column.source_type),
        or_none(&column.read_as),
        or_none(&column.target_type),
        refused,
    ]
}
