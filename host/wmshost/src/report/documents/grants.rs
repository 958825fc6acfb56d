//! The output of `plugin grants`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use wmshost_runtime::grants::{GrantedTable, PluginGrants, WrittenTable};

/// The grants of a plugin in a stream, or of one of models.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PluginGrantsDocument {
    /// The stream; null for a plugin of models.
    stream: Option<String>,
    /// Its stage: `extract`, `transform`, `load` or `models`.
    stage: &'static str,
    /// Its name in the pipeline.
    plugin: String,
    /// The digest of its component.
    digest: String,
    /// The tables that it may read.
    reads: Vec<GrantedTableDocument>,
    /// The tables that it may write.
    writes: Vec<WrittenTableDocument>,
    /// The label of the web service that it may ask; null if none.
    service: Option<String>,
    /// All of this in sentences.
    sentences: Vec<String>,
}

/// A table, or the tables of a pattern, that a plugin may read.
#[derive(Debug, Serialize, JsonSchema)]
struct GrantedTableDocument {
    /// The label of the connection.
    connection: String,
    /// The table, or the pattern.
    table: String,
    /// The columns that may be read, by names or patterns.
    columns: Vec<String>,
    /// Those of them that never reach the plugin.
    except: Vec<String>,
    /// The condition of the rows that may be read; null for all rows.
    rows: Option<String>,
    /// The masks, by column.
    masks: BTreeMap<String, String>,
}

/// A table that a plugin may write.
#[derive(Debug, Serialize, JsonSchema)]
struct WrittenTableDocument {
    /// The label of the connection.
    connection: String,
    /// The table.
    table: String,
}

impl From<&PluginGrants> for PluginGrantsDocument {
    fn from(grants: &PluginGrants) -> Self {
        let written = |WrittenTable { connection, table }: &WrittenTable| WrittenTableDocument {
            connection: connection.clone(),
            table: table.clone(),
        };
        let granted = &grants.grants;
        Self {
            stream: grants.stream.clone(),
            stage: grants.stage,
            plugin: grants.plugin.clone(),
            digest: grants.digest.clone(),
            reads: granted.reads.iter().map(Into::into).collect(),
            writes: granted.writes.iter().map(written).collect(),
            service: granted.service.clone(),
            sentences: grants.sentences.clone(),
        }
    }
}

impl From<&GrantedTable> for GrantedTableDocument {
    fn from(granted: &GrantedTable) -> Self {
        let GrantedTable { connection, table, columns, except, rows, masks } = granted.clone();
        Self { connection, table, columns, except, rows, masks }
    }
}
