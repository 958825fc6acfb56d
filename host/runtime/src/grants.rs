//! The grants of the plugins of a pipeline, in sentences and as data: all that each of them may read, write and ask for. They
//! follow from the pipeline file alone; nothing is connected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wmshost_flow::{ColumnRule, STAGED_SUFFIX, TableGrant, grant_of, is_pattern};
use wmshost_pipeline::{Checked, ConfiguredPlugin, Connection, Stream, StreamPlan};

/// The grants of a plugin in a stream, or of one of models.
#[derive(Debug, Clone)]
pub struct PluginGrants {
    /// The stream; `None` for a plugin of models.
    pub stream: Option<String>,
    /// Its stage: `extract`, `transform`, `load` or `models`.
    pub stage: &'static str,
    /// Its name in the pipeline.
    pub plugin: String,
    /// The digest of its component.
    pub digest: String,
    /// All that it may do beyond its own computing.
    pub grants: Grants,
    /// The same in sentences.
    pub sentences: Vec<String>,
}

/// Grants as data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// The tables that may be read.
    pub reads: Vec<GrantedTable>,
    /// The tables that may be written.
    pub writes: Vec<WrittenTable>,
    /// The connection of the web service that may be asked.
    pub service: Option<String>,
    /// The connection in which the host builds tables and views of its SELECTs.
    pub models: Option<String>,
}

/// A table that a plugin may write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenTable {
    /// The label of the connection.
    pub connection: String,
    /// The table.
    pub table: String,
}

/// A table, or the tables of a pattern, that a plugin may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantedTable {
    /// The label of the connection.
    pub connection: String,
    /// The table, or the pattern.
    pub table: String,
    /// The columns that may be read, by names or patterns.
    pub columns: Vec<String>,
    /// Those of them that never reach the plugin.
    pub except: Vec<String>,
    /// The condition of the rows that may be read.
    pub rows: Option<String>,
    /// The masks of columns.
    pub masks: BTreeMap<String, String>,
}

/// Returns the grants of all plugins of a pipeline.
pub fn grants(pipeline: &Checked) -> Vec<PluginGrants> {
    let streams = pipeline.streams.iter().flat_map(|stream| of_stream(pipeline, stream));
    let models = pipeline.models.iter().flat_map(|models| {
        models.plugins.iter().map(|plugin| PluginGrants {
            sentences: vec![
                format!(
                    "{} may declare SELECTs, of which the host builds tables and views in {}; they read tables that streams of \
                     this pipeline write, and one another, by placeholders only",
                    plugin.plugin, models.target
                ),
                nothing_else("its own code may read and write no database"),
            ],
            grants: Grants { models: Some(models.target.clone()), ..Grants::default() },
            ..PluginGrants::none(None, "models", plugin)
        })
    });
    streams.chain(models).collect()
}

impl Grants {
    /// Returns each grant in words that go on from "may".
    pub(crate) fn in_words(&self) -> Vec<String> {
        let reads = self.reads.iter().map(GrantedTable::in_words);
        let writes = self.writes.iter().map(|written| format!("write {} of {}", written.table, written.connection));
        let service = self.service.iter().map(|service| format!("send requests to {service}"));
        let models = self.models.iter().map(|target| format!("have tables and views built in {target}"));
        reads.chain(writes).chain(service).chain(models).collect()
    }
}

impl GrantedTable {
    /// Returns the grant in words that go on from "may".
    fn in_words(&self) -> String {
        let Self { connection, table, columns, except, rows, masks } = self;
        let columns = match columns.as_slice() {
            [all] if all == "*" => "all columns".to_owned(),
            some => format!("the columns {}", some.join(", ")),
        };
        let tables = if is_pattern(table) { format!("every table {table}") } else { table.clone() };
        let mut text = format!("read {columns} of {tables} of {connection}");
        if !except.is_empty() {
            text += &format!(", never {}", except.join(", "));
        }
        if let Some(rows) = rows {
            text += &format!(", only rows where {rows}");
        }
        for (column, mask) in masks {
            text += &format!("; {column} is masked by {mask}");
        }
        text
    }
}

impl PluginGrants {
    fn none(stream: Option<&StreamPlan>, stage: &'static str, plugin: &ConfiguredPlugin) -> Self {
        Self {
            stream: stream.map(|plan| plan.name.clone()),
            stage,
            plugin: plugin.plugin.clone(),
            digest: plugin.digest.clone(),
            grants: Grants::default(),
            sentences: Vec::new(),
        }
    }
}

fn nothing_else(first: &str) -> String {
    format!("{first}; no network, no file, no process, no clock, no randomness, no secret")
}

fn of_stream(pipeline: &Checked, stream: &Stream) -> Vec<PluginGrants> {
    let plan = &stream.plan;
    let transforms = stream.transforms.iter().map(|plugin| PluginGrants {
        sentences: vec![
            format!("{} may see and change the rows of the stream, as the extractor gets them", plugin.plugin),
            nothing_else("it may read and write no database"),
        ],
        ..PluginGrants::none(Some(plan), "transform", plugin)
    });
    let staged = format!("{}{STAGED_SUFFIX}", plan.target_table);
    let written = |table: &String| WrittenTable { connection: plan.target.clone(), table: table.clone() };
    let loader = PluginGrants {
        grants: Grants { writes: vec![written(&plan.target_table), written(&staged)], ..Grants::default() },
        sentences: vec![
            format!(
                "{} may define, add to and merge into {} of {}, and its staging table {staged}, within transactions of the \
                 host and by the stream's method and key",
                stream.loader.plugin, plan.target_table, plan.target
            ),
            nothing_else("it may read no table"),
        ],
        ..PluginGrants::none(Some(plan), "load", &stream.loader)
    };
    [extractor(pipeline, stream)].into_iter().chain(transforms).chain([loader]).collect()
}

fn extractor(pipeline: &Checked, stream: &Stream) -> PluginGrants {
    let (plan, plugin) = (&stream.plan, &stream.extractor);
    let none = PluginGrants::none(Some(plan), "extract", plugin);
    if matches!(pipeline.connections.get(&plan.source), Some(Connection::Http(_))) {
        let asks = format!(
            "{} may send GET and HEAD requests below the address of {}, which it does not know",
            plugin.plugin, plan.source
        );
        let sentences = vec![asks, nothing_else("it may read and write no database")];
        let grants = Grants { service: Some(plan.source.clone()), ..Grants::default() };
        return PluginGrants { grants, sentences, ..none };
    }
    let mut tables: Vec<&String> = Vec::new();
    for table in plan.readable() {
        if !tables.iter().any(|known| known.eq_ignore_ascii_case(table)) {
            tables.push(table);
        }
    }
    let reads: Vec<GrantedTable> = tables.into_iter().map(|table| granted(plan, table)).collect();
    let mut sentences: Vec<String> =
        reads.iter().map(|table| format!("{} may {}", plugin.plugin, table.in_words())).collect();
    sentences.push(nothing_else("it may write nothing"));
    PluginGrants { grants: Grants { reads, ..Grants::default() }, sentences, ..none }
}

fn granted(plan: &StreamPlan, table: &str) -> GrantedTable {
    let TableGrant { columns, mut except, rows } =
        grant_of(&plan.grants, table).cloned().unwrap_or_else(TableGrant::whole);
    let mut masks = BTreeMap::new();
    if table.eq_ignore_ascii_case(&plan.table) {
        except.extend(plan.columns.iter().filter(|(_, rule)| **rule == ColumnRule::Skip).map(|(name, _)| name.clone()));
        masks.extend(
            plan.columns.iter().filter_map(|(name, rule)| Some((name.clone(), rule.mask()?.name().to_owned()))),
        );
    }
    GrantedTable { connection: plan.source.clone(), table: table.to_owned(), columns, except, rows, masks }
}
