//! The type certificates of streams: each opened stream with the types of its columns in the source, on the way and in the
//! target. Nothing is written.

use wmshost_flow::{ColumnCertificate, Dialect, OnBadValue, StreamSummary, certify};
use wmshost_pipeline::{Connection, Stream};

use crate::assembly::StreamFactory;
use crate::error::Result;

/// The certificate of a stream.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The stream's name.
    pub stream: String,
    /// The digest of names, types and options, which the history of runs records.
    pub hash: String,
    /// The policy for bad values.
    pub bad_values: OnBadValue,
    /// The columns.
    pub columns: Vec<ColumnCertificate>,
}

/// The certificate of a stream; `None` if it could not be opened.
pub(crate) fn certificate(
    factory: &StreamFactory<'_>,
    stream: &Stream,
    opened: &StreamSummary,
) -> Result<Option<Certificate>> {
    let Some(moved) = &opened.columns else { return Ok(None) };
    let plan = &stream.plan;
    if matches!(factory.pipeline.connections[&plan.source], Connection::Http(_)) {
        // A web service declares no types to certify.
        return Ok(None);
    }
    let target = match factory.pipeline.connections[&plan.target] {
        Connection::Sqlite(_) => Dialect::Sqlite,
        Connection::Oracle(_) => Dialect::Oracle,
        Connection::Http(_) => return Ok(None),
    };
    let mut session = factory.source_session(stream)?;
    let columns = certify(session.as_mut(), &plan.table, moved, target)?;
    Ok(Some(Certificate { stream: plan.name.clone(), hash: moved.hash(), bad_values: plan.on_bad_value, columns }))
}
