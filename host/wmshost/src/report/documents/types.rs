//! Type certificates in the outputs of `check` and `plan`.

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_flow::ColumnCertificate;
use wmshost_runtime::certificate::Certificate;

/// The type certificate of a stream.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TypesDocument {
    /// The stream's name.
    stream: String,
    /// The digest of names, types and options, as `runs show` has it for each run.
    hash: String,
    /// The policy for values that are refused: `reject` puts their rows into quarantine, `fail` fails the stream.
    bad_values: &'static str,
    /// The columns that are read, and those that transforms add.
    columns: Vec<ColumnDocument>,
}

/// A column of a certificate.
#[derive(Debug, Serialize, JsonSchema)]
struct ColumnDocument {
    /// Its name in the stream.
    column: String,
    /// Its type in the source; null if a transform adds it.
    source_type: Option<String>,
    /// The type of its values as they are read; null likewise.
    read_as: Option<String>,
    /// The type after the transforms; null if they leave it out.
    written_as: Option<String>,
    /// The type in the target; null likewise.
    target_type: Option<String>,
    /// True if every value arrives as it is.
    exact: bool,
    /// The values that do not, each entry beginning with `source:` or `target:` if that is where they are refused.
    refused: Vec<String>,
    /// The question that the source leaves open, with a proposal from a sample of its values.
    note: Option<String>,
}

impl From<&Certificate> for TypesDocument {
    fn from(certificate: &Certificate) -> Self {
        Self {
            stream: certificate.stream.clone(),
            hash: certificate.hash.clone(),
            bad_values: certificate.bad_values.name(),
            columns: certificate.columns.iter().map(Into::into).collect(),
        }
    }
}

impl From<&ColumnCertificate> for ColumnDocument {
    fn from(column: &ColumnCertificate) -> Self {
        let ColumnCertificate { column, source_type, read_as, written_as, target_type, refused, note } = column.clone();
        Self { column, source_type, read_as, written_as, target_type, exact: refused.is_empty(), refused, note }
    }
}
