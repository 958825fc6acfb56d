//! The settings of a model: its materialization, keys and storage, in dbt's words.

use wmshost_flow::model::{Increment, Layer, Materialization, OnChange, Snapshot, Storage, Strategy};

use crate::problem::ProblemSink;
use crate::yaml::Node;

/// The settings that are known.
const KNOWN: [&str; 19] = [
    "materialized",
    "unique_key",
    "incremental_strategy",
    "on_schema_change",
    "lookback",
    "tags",
    "layer",
    "owner",
    "enabled",
    "indexes",
    "statistics",
    "strategy",
    "check_cols",
    "updated_at",
    "hard_deletes",
    "meta",
    "docs",
    "column_types",
    "group",
];

/// The settings of a model.
#[derive(Debug, Default)]
pub(super) struct Settings<'n> {
    nodes: Vec<&'n Node>,
}

impl<'n> Settings<'n> {
    /// The settings of a model's node: below `config`, or beside it.
    pub(super) fn of(node: Option<&'n Node>, sink: &mut ProblemSink<'_>) -> Self {
        let config = node.and_then(|node| node.get("config"));
        for (key, node) in config.and_then(Node::map).unwrap_or_default() {
            if !KNOWN.contains(&key.as_str()) {
                sink.add(node.line, format!("there is no setting {key}; there are {}", KNOWN.join(", ")));
            }
        }
        Self { nodes: config.into_iter().chain(node).collect() }
    }

    fn get(&self, key: &str) -> Option<&'n Node> {
        self.nodes.iter().find_map(|node| node.get(key))
    }

    pub(super) fn text(&self, key: &str) -> Option<&'n str> {
        self.get(key).and_then(Node::text)
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.get(key).and_then(Node::texts).unwrap_or_default()
    }

    /// False for a model that is switched off.
    pub(super) fn is_enabled(&self) -> bool {
        self.get("enabled").and_then(Node::flag).unwrap_or(true)
    }

    /// The layer that is given, or that the name shows.
    pub(super) fn layer(&self, name: &str, sink: &mut ProblemSink<'_>) -> Layer {
        match self.get("layer") {
            Some(node) => match node.text() {
                Some("staging") => Layer::Staging,
                Some("intermediate") => Layer::Intermediate,
                Some("mart") => Layer::Mart,
                _ => {
                    sink.add(node.line, "a layer is staging, intermediate or mart");
                    Layer::Mart
                }
            },
            None if name.starts_with("stg_") => Layer::Staging,
            None if name.starts_with("int_") => Layer::Intermediate,
            None => Layer::Mart,
        }
    }

    pub(super) fn storage(&self, sink: &mut ProblemSink<'_>) -> Storage {
        let columns = |node: &Node| node.get("columns").unwrap_or(node).texts();
        let indexes = self.get("indexes").map(|node| {
            let lists = node.list().unwrap_or_default().iter().map(columns).collect::<Option<Vec<_>>>();
            lists.unwrap_or_else(|| {
                sink.add(node.line, "`indexes` is a list of lists of columns");
                Vec::new()
            })
        });
        let statistics = self.get("statistics").and_then(Node::flag).unwrap_or(false);
        Storage { indexes: indexes.unwrap_or_default(), partition: None, statistics }
    }

    /// The materialization; `changes` is the text of the model's file of changes, `statement` its SQL.
    pub(super) fn materialization(
        &self,
        changes: Option<&str>,
        statement: &str,
        sink: &mut ProblemSink<'_>,
    ) -> Materialization {
        let line = self.nodes.first().map_or(0, |node| node.line);
        match self.text("materialized").unwrap_or("view") {
            "view" => Materialization::View,
            "table" => Materialization::Table,
            "ephemeral" => Materialization::Ephemeral,
            "incremental" => Materialization::Incremental(self.increment(changes, statement, sink)),
            "snapshot" => Materialization::Snapshot(self.snapshot(line, sink)),
            other => {
                let kinds = "view, table, incremental, snapshot and ephemeral";
                let line = self.get("materialized").map_or(line, |node| node.line);
                sink.add(line, format!("a model cannot be materialized as {other}; there are {kinds}"));
                Materialization::View
            }
        }
    }

    fn increment(&self, changes: Option<&str>, statement: &str, sink: &mut ProblemSink<'_>) -> Increment {
        let key = self.texts("unique_key");
        let line = self.get("incremental_strategy").map_or(0, |node| node.line);
        let default = if key.is_empty() { "append" } else { "merge" };
        let given = self.text("incremental_strategy").unwrap_or(default);
        let strategy = match given {
            "append" => Strategy::Append,
            "merge" | "delete+insert" | "replace" if key.is_empty() => {
                sink.add(line, format!("{given} needs a `unique_key`"));
                Strategy::Append
            }
            "merge" => Strategy::Merge(key),
            "delete+insert" | "replace" => Strategy::Replace(key),
            other => {
                sink.add(line, format!("there is no strategy {other}; there are merge, delete+insert and append"));
                Strategy::Append
            }
        };
        // What is replaced is what the statement returns, unless the project says otherwise.
        let changes = match (&strategy, changes) {
            (Strategy::Replace(key), None) => {
                Some(format!("SELECT {} FROM ({statement}\n) wms_incoming", key.join(", ")))
            }
            (_, changes) => changes.map(str::to_owned),
        };
        let on_change = match self.get("on_schema_change").map(|node| (node.line, node.text().unwrap_or_default())) {
            None | Some((_, "rebuild" | "sync_all_columns")) => OnChange::Rebuild,
            Some((_, "append_new_columns")) => OnChange::AddColumns,
            Some((_, "fail")) => OnChange::Fail,
            Some((line, other)) => {
                let words = "rebuild, append_new_columns and fail";
                sink.add(line, format!("there is no reaction {other} to changed columns; there are {words}"));
                OnChange::Rebuild
            }
        };
        let lookback = self.get("lookback").map_or(0, |node| {
            node.text().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
                sink.add(node.line, "`lookback` is a number of seconds");
                0
            })
        });
        Increment { strategy, changes, lookback, on_change }
    }

    fn snapshot(&self, line: usize, sink: &mut ProblemSink<'_>) -> Snapshot {
        let key = self.texts("unique_key");
        if key.is_empty() {
            sink.add(line, "a snapshot needs a `unique_key`");
        }
        let check_columns = match self.texts("check_cols") {
            all if all.as_slice() == ["all"] => Vec::new(),
            columns => columns,
        };
        let updated_at = self.text("updated_at").map(str::to_owned);
        let invalidate_deleted = self.text("hard_deletes") == Some("invalidate");
        Snapshot { key, check_columns, updated_at, invalidate_deleted }
    }
}
