//! The models of a pipeline: the plugins that declare them, the connection they are built in, and the options of a
//! build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wmshost_flow::{Setting, TargetTriggers};
use wmshost_sql::text_literal;

use crate::authored::Node;
use crate::configured_plugin::ConfiguredPlugin;
use crate::keys::models as keys;
use crate::secret::Secret;
use crate::section_reader::SectionReader;
use crate::settings::{GivenSetting, given};

/// The label of the folder of SQL files among the declaring plugins, in messages and reports.
pub const SQL_PROJECT: &str = "sql-project";

/// A server that accepts OpenLineage events.
#[derive(Debug, Clone)]
pub struct Lineage {
    /// Its address: `http://` or `https://`.
    pub url: String,
    /// The bearer token that is sent to it.
    pub key: Option<Secret>,
}

/// The models of a pipeline as the file describes them.
#[derive(Debug, Clone, Default)]
pub struct ModelsPlan {
    /// The labels of the plugins that declare them.
    pub plugins: Vec<String>,
    /// The folder of SQL files that declares more of them.
    pub project: Option<PathBuf>,
    /// The label of the connection they are built in; `None` for the one that the streams write.
    pub target: Option<String>,
    /// The tables that models take over from another owner, each `TABLE` or `TABLE of PIPELINE`.
    pub take_over: Vec<String>,
    /// The policy for triggers of others on the models' tables; `None` for the default.
    pub target_triggers: Option<TargetTriggers>,
    /// The number of models that are built at once.
    pub threads: usize,
    /// True if a run ends by building the models whose inputs have changed.
    pub after_load: bool,
    /// The server to which a run's lineage events are posted.
    pub lineage: Option<Lineage>,
    /// The variables for their SQL, as SQL literals.
    pub variables: BTreeMap<String, String>,
    /// Settings by plugin label and key, as written.
    pub(crate) settings: BTreeMap<String, BTreeMap<String, GivenSetting>>,
}

/// The models of a pipeline, ready to be loaded from their plugins.
#[derive(Debug, Clone)]
pub struct Models {
    /// The plugins that declare them.
    pub plugins: Vec<ConfiguredPlugin>,
    /// The folder of SQL files that declares more of them.
    pub project: Option<PathBuf>,
    /// The label of the connection they are built in.
    pub target: String,
    /// The tables that models take over from another owner, each `TABLE` or `TABLE of PIPELINE`.
    pub take_over: Vec<String>,
    /// The policy for triggers of others on the models' tables.
    pub target_triggers: TargetTriggers,
    /// The number of models that are built at once.
    pub threads: usize,
    /// True if a run ends by building the models whose inputs have changed.
    pub after_load: bool,
    /// The server to which a run's lineage events are posted.
    pub lineage: Option<Lineage>,
    /// The variables for their SQL, as SQL literals.
    pub variables: BTreeMap<String, String>,
}

/// Reads the section.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> ModelsPlan {
    ModelsPlan {
        plugins: scope.list(&keys::PLUGINS).unwrap_or_default(),
        project: scope.path(&keys::PROJECT),
        target: scope.text(&keys::TARGET),
        take_over: scope.list(&keys::TAKE_OVER).unwrap_or_default(),
        target_triggers: scope.choice(&keys::TARGET_TRIGGERS, TargetTriggers::VALUES),
        threads: scope.count(&keys::THREADS).and_then(|count| usize::try_from(count).ok()).unwrap_or_default(),
        after_load: scope.flag(&keys::AFTER_LOAD).unwrap_or(true),
        lineage: lineage(scope),
        variables: variables(scope),
        settings: given(scope),
    }
}

fn lineage(scope: &mut SectionReader<'_>) -> Option<Lineage> {
    let key = scope.secret(&keys::LINEAGE_KEY);
    scope.text(&keys::LINEAGE).map(|url| Lineage { url, key })
}

fn variables(scope: &mut SectionReader<'_>) -> BTreeMap<String, String> {
    let Some(Node::Section(section)) = scope.section.entries.get(keys::VARS.name) else {
        return BTreeMap::new();
    };
    let mut variables = BTreeMap::new();
    for (name, node) in &section.entries {
        if let Node::Leaf(leaf) = node
            && let Some(found) = scope.look_up(leaf)
        {
            variables.insert(name.clone(), variable_literal(&Setting::from(found.value)));
        }
    }
    variables
}

/// Returns a value as an SQL literal: a text in quotes, a list of texts separated by commas, as in `IN`.
pub fn variable_literal(value: &Setting) -> String {
    match value {
        Setting::Text(value) => text_literal(value),
        Setting::Integer(value) => value.to_string(),
        Setting::Number(value) => format!("{value:?}"),
        Setting::Flag(value) => u8::from(*value).to_string(),
        Setting::Texts(values) => values.iter().map(|value| text_literal(value)).collect::<Vec<_>>().join(", "),
    }
}
