//! The pipeline with every value filled in: `extends` merged, defaults filled in, references looked up. The module
//! `cross_check` checks that the parts are consistent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use wmshost_flow::{
    ColumnRules, Deletes, Limits, Method, NewColumns, NewTypes, NullKeys, OnBadValue, OnChange, OnTrap, TableGrants,
    TargetTriggers,
};

use crate::alerts::{self, AlertsPlan};
use crate::authored::{Node, Section};
use crate::columns;
use crate::connection::{self, Connection};
use crate::diagnostics::{DiagnosticSink, Locations, join};
use crate::extends;
use crate::grants;
use crate::key_type::Key;
use crate::keys::{file, plugin, stream};
use crate::limits_reader;
use crate::models::{self, ModelsPlan};
use crate::plugins::{Demands, PluginFile};
use crate::policies::{LateRows, Record};
use crate::reference::Environment;
use crate::run_options::{self, RunOptions};
use crate::schedule::{CronLine, ScheduleOptions};
use crate::schedule_reader;
use crate::secret::Secret;
use crate::section_reader::SectionReader;
use crate::settings::{GivenSetting, given};

/// The number of rejected rows up to which the default percentage is not checked.
const REJECTED_FLOOR: u64 = 10;

/// A stream as the file describes it.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// Its name.
    pub name: String,
    /// True if it is part of a run.
    pub enabled: bool,
    /// True if no stream of a run moves a row where this one cannot be opened.
    pub required: bool,
    /// The longest time after which a run must have left the target up to date; `None` for any.
    pub max_age: Option<Duration>,
    /// The person or team that alerts about it name; `None` for that of all alerts.
    pub owner: Option<String>,
    /// When it is due by itself; `None` if it runs with the pipeline.
    pub schedule: Option<CronLine>,
    /// Words by which commands select it.
    pub tags: Vec<String>,
    /// The label of the connection it reads.
    pub source: String,
    /// The label of the connection it writes.
    pub target: String,
    /// The table it reads.
    pub table: String,
    /// Further tables of the source that the extractor may read, for joins.
    pub reads: Vec<String>,
    /// The parts of tables that it may read, by names or patterns; tables that are named here may be read, too.
    pub grants: TableGrants,
    /// The table it writes.
    pub target_table: String,
    /// The table that it takes over from another owner: `TABLE`, or `TABLE of PIPELINE`.
    pub take_over: Option<String>,
    /// The label of the extractor.
    pub extractor: String,
    /// The labels of the transforms, in the order in which they are applied.
    pub transforms: Vec<String>,
    /// The label of the loader.
    pub loader: String,
    /// True if each statement reads what is committed when it starts, instead of the snapshot of the run.
    pub reads_by_statement: bool,
    /// The replication method.
    pub method: Method,
    /// The columns that identify a row; empty for the table's primary key.
    pub key: Vec<String>,
    /// The column with the time or version of a row's last change.
    pub change_key: Option<String>,
    /// The time before the bookmark at which an incremental read starts.
    pub lookback: Duration,
    /// The number of versions before the bookmark at which it starts, if the change key is a whole number.
    pub lookback_versions: Option<u64>,
    /// The rules for the columns, by their names in the source.
    pub columns: ColumnRules,
    /// The policy for rows without a change key.
    pub null_keys: NullKeys,
    /// The way in which rows are found that commit later than the lookback.
    pub late_rows: LateRows,
    /// The policy for rows that the source no longer has.
    pub deletes: Deletes,
    /// The time until the next comparison of all keys is due; with zero, every run compares them.
    pub reconcile_every: Duration,
    /// The policy for columns that the target does not have.
    pub new_columns: NewColumns,
    /// The policy for columns whose values do not fit the target's type.
    pub new_types: NewTypes,
    /// The reaction of a run to a changed definition of the stream.
    pub on_change: OnChange,
    /// The policy for a row with an unusable value.
    pub on_bad_value: OnBadValue,
    /// The reaction when a transform traps or exceeds a limit.
    pub on_trap: OnTrap,
    /// The batches of its transforms that a run keeps.
    pub record: Record,
    /// The policy for triggers of others on the table that it writes.
    pub target_triggers: TargetTriggers,
    /// The largest number of rows that may go to quarantine in one run; `None` for any number.
    pub max_rejected: Option<u64>,
    /// The largest percentage of rows that may go to quarantine in one run.
    pub max_rejected_percent: u64,
    /// The number of rejected rows up to which that percentage is not checked.
    pub rejected_floor: u64,
    /// The largest number of rows that one run may delete from the target, or mark as deleted; `None` for any number.
    pub max_deleted: Option<u64>,
    /// The largest percentage of the target's rows that one run may delete or mark; 100 for any.
    pub max_deleted_percent: u64,
    /// Settings by plugin label and key, as written.
    pub(crate) settings: BTreeMap<String, BTreeMap<String, GivenSetting>>,
}

impl StreamPlan {
    /// The tables that the stream may read, or patterns of them: its own, further ones, and those that grants name.
    pub fn readable(&self) -> impl Iterator<Item = &String> {
        [&self.table].into_iter().chain(&self.reads).chain(self.grants.keys())
    }
}

/// A pipeline with every value filled in.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The file's path as the user wrote it.
    pub file: PathBuf,
    /// The pipeline's name, under which its state is stored.
    pub name: String,
    /// The secret of masks that hash.
    pub mask_key: Option<Secret>,
    /// The public keys, by one of which each component must be signed; empty if none has to be.
    pub signers: Vec<String>,
    /// The options of its runs.
    pub run: RunOptions,
    /// The times at which it is due.
    pub schedule: ScheduleOptions,
    /// The alerts; `None` if the file has none.
    pub alerts: Option<AlertsPlan>,
    /// The limits of one plugin instance.
    pub limits: Limits,
    /// Those of the plugins that have limits of their own, by label.
    pub(crate) limits_of_plugins: BTreeMap<String, Limits>,
    /// The component files of the plugins that the file declares, by label; see [`Self::plugin_files`].
    pub(crate) plugins: BTreeMap<String, PluginFile>,
    /// The digests that the component files must have, by plugin label.
    pub(crate) digests: BTreeMap<String, String>,
    /// The databases by label.
    pub connections: BTreeMap<String, Connection>,
    /// The streams in the order of the file.
    pub streams: Vec<StreamPlan>,
    /// The models built from the tables that the streams write.
    pub models: ModelsPlan,
    /// The labels that the file declares, even if their tables have mistakes.
    pub(crate) declared_plugins: BTreeSet<String>,
    pub(crate) declared_connections: BTreeSet<String>,
    pub(crate) places: Locations,
}

/// Returns the pipeline, with a placeholder for each reported mistake; `None` if a file could not be read.
/// `text` is the file's text, if it is not written yet.
pub(crate) fn resolve(
    (path, text): (&Path, Option<&str>),
    environment: &dyn Environment,
    sink: &mut DiagnosticSink,
) -> Option<Resolved> {
    let root = extends::read(path, text, sink)?;
    let mut reader = Resolver { root: &root, environment, sink };
    let mut scope = reader.scope(&root, String::new());
    let signers = scope.list(&file::REQUIRE_SIGNED).unwrap_or_default();
    let (mask_key, name) = (scope.secret(&file::MASK_KEY), scope.required_text(&file::NAME));
    let alerts = alerts::read(&mut scope);
    let (declared_plugins, plugins) = reader.each(&file::PLUGINS, |label, scope| {
        let digest = scope.text(&plugin::DIGEST);
        PluginFile::read(label, scope).map(|file| (file, digest))
    });
    let digests = plugins.iter().filter_map(|(label, (_, digest))| Some((label.clone(), digest.clone()?))).collect();
    let (declared_connections, connections) = reader.each(&file::CONNECTIONS, |_, scope| connection::read(scope));
    let (run, schedule) = (reader.run(), reader.schedule());
    let limits = reader.limits();
    let limits_of_plugins = reader.limits_of_plugins(&limits);
    let streams = reader.streams();
    let models = reader.models();
    Some(Resolved {
        file: path.to_owned(),
        name,
        mask_key,
        signers,
        run,
        schedule,
        alerts,
        limits,
        limits_of_plugins,
        plugins: plugins.into_iter().map(|(label, (file, _))| (label, file)).collect(),
        digests,
        connections: connections.into_iter().collect(),
        streams: streams.into_iter().map(|(_, stream)| stream).collect(),
        models,
        declared_plugins,
        declared_connections,
        places: sink.places().clone(),
    })
}

impl Resolved {
    /// Returns the component files by plugin label: of all plugins that the file declares, and of the standard plugins
    /// that its streams and models name without a declaration.
    pub fn plugin_files(&self) -> BTreeMap<String, PluginFile> {
        let undeclared = self.used_plugins().filter(|label| !self.declared_plugins.contains(label));
        let standard = undeclared.map(|label| (label.clone(), PluginFile::Standard(label)));
        self.plugins.clone().into_iter().chain(standard).collect()
    }

    /// Returns the labels of the plugins that its streams and models name, each as often as it is named.
    pub fn used_plugins(&self) -> impl Iterator<Item = String> {
        let of_stream = |plan: &StreamPlan| {
            let mut labels = plan.transforms.clone();
            labels.extend([plan.extractor.clone(), plan.loader.clone()]);
            labels
        };
        self.streams.iter().flat_map(of_stream).chain(self.models.plugins.iter().cloned())
    }

    /// Returns the demands on the component of a plugin.
    pub fn demands(&self, label: &str) -> Demands<'_> {
        let digest = self.digests.get(label).map(String::as_str);
        Demands { digest, signers: &self.signers, compile: self.limits_of(label).compile }
    }

    /// Returns the limits of a plugin.
    pub(crate) fn limits_of(&self, label: &str) -> &Limits {
        self.limits_of_plugins.get(label).unwrap_or(&self.limits)
    }

    /// Returns the connection in which models are built: the one that is named, or the one that all streams write.
    pub(crate) fn models_target(&self) -> Result<String, String> {
        if let Some(target) = &self.models.target {
            return Ok(target.clone());
        }
        let mut targets: Vec<&String> = self.streams.iter().map(|plan| &plan.target).collect();
        targets.sort();
        targets.dedup();
        match targets.as_slice() {
            [target] => Ok((*target).clone()),
            _ => Err(format!("the streams write {} connections; name the one to build models in", targets.len())),
        }
    }
}

struct Resolver<'a> {
    root: &'a Section,
    environment: &'a dyn Environment,
    sink: &'a mut DiagnosticSink,
}

impl<'a> Resolver<'a> {
    fn scope<'s>(&'s mut self, section: &'s Section, path: String) -> SectionReader<'s> {
        SectionReader { section, path, environment: self.environment, sink: self.sink }
    }

    /// Returns the section of a key, or an empty one if it is not set.
    fn section(&self, key: &Key) -> Section {
        match self.root.entries.get(key.name) {
            Some(Node::Section(section)) => section.clone(),
            _ => Section::new(self.root.place.clone(), BTreeMap::new()),
        }
    }

    /// Reads the named tables of a section: returns all their names, and the values of those without a mistake.
    fn each<T>(
        &mut self,
        key: &Key,
        read: impl Fn(&str, &mut SectionReader<'_>) -> Option<T>,
    ) -> (BTreeSet<String>, Vec<(String, T)>) {
        let section = self.section(key);
        let declared = section.entries.keys().cloned().collect();
        let mut read_ones = Vec::new();
        for (name, table) in section.tables() {
            let mut scope = self.scope(table, join(key.name, name));
            if let Some(value) = read(name, &mut scope) {
                read_ones.push((name.to_owned(), value));
            }
        }
        (declared, read_ones)
    }

    fn run(&mut self) -> RunOptions {
        let section = self.section(&file::RUN);
        run_options::read(&mut self.scope(&section, file::RUN.name.to_owned()))
    }

    fn schedule(&mut self) -> ScheduleOptions {
        let section = self.section(&file::RUN);
        schedule_reader::read(&mut self.scope(&section, file::RUN.name.to_owned()))
    }

    fn limits(&mut self) -> Limits {
        let section = self.section(&file::LIMITS);
        limits_reader::read(&mut self.scope(&section, file::LIMITS.name.to_owned()), &Limits::default())
    }

    /// Returns the limits of the plugins that have limits of their own, by label.
    fn limits_of_plugins(&mut self, base: &Limits) -> BTreeMap<String, Limits> {
        let own = self.each(&file::PLUGINS, |_, scope| {
            let Some(Node::Section(section)) = scope.section.entries.get(plugin::LIMITS.name) else { return None };
            let (path, environment) = (join(&scope.path, plugin::LIMITS.name), scope.environment);
            Some(limits_reader::read(&mut SectionReader { section, path, environment, sink: scope.sink }, base))
        });
        own.1.into_iter().collect()
    }

    fn models(&mut self) -> ModelsPlan {
        let section = self.section(&file::MODELS);
        models::read(&mut self.scope(&section, file::MODELS.name.to_owned()))
    }

    fn streams(&mut self) -> Vec<(String, StreamPlan)> {
        self.each(&file::STREAMS, |name, scope| Some(stream_plan(name, scope))).1
    }
}

fn stream_plan(name: &str, scope: &mut SectionReader<'_>) -> StreamPlan {
    let table = |prefix: &str, case: fn(&str) -> String| case(&format!("{prefix}{}", name.replace('-', "_")));
    StreamPlan {
        name: name.to_owned(),
        enabled: scope.flag(&stream::ENABLED).unwrap_or(true),
        required: scope.flag(&stream::REQUIRED).unwrap_or(true),
        max_age: scope.span(&stream::MAX_AGE),
        owner: scope.text(&stream::OWNER),
        schedule: schedule_reader::line(scope, &stream::SCHEDULE),
        tags: scope.list(&stream::TAGS).unwrap_or_default(),
        source: scope.required_text(&stream::SOURCE),
        target: scope.required_text(&stream::TARGET),
        table: scope.text(&stream::TABLE).unwrap_or_else(|| table("", str::to_lowercase)),
        reads: scope.list(&stream::READS).unwrap_or_default(),
        grants: grants::read(scope),
        target_table: scope.text(&stream::TARGET_TABLE).unwrap_or_else(|| table("wms_", str::to_uppercase)),
        take_over: scope.text(&stream::TAKE_OVER),
        reads_by_statement: scope.choice(&stream::SNAPSHOT, &[("run", false), ("statement", true)]).unwrap_or_default(),
        extractor: scope.required_text(&stream::EXTRACTOR),
        transforms: scope.list(&stream::TRANSFORMS).unwrap_or_default(),
        loader: scope.required_text(&stream::LOADER),
        method: scope.choice(&stream::METHOD, Method::VALUES).unwrap_or(Method::Full),
        key: scope.list(&stream::KEY).unwrap_or_default(),
        change_key: scope.text(&stream::CHANGE_KEY),
        lookback: scope.span(&stream::LOOKBACK).unwrap_or_default(),
        lookback_versions: scope.count(&stream::LOOKBACK_VERSIONS),
        columns: columns::read(scope),
        null_keys: scope.choice(&stream::NULL_KEYS, NullKeys::VALUES).unwrap_or(NullKeys::Include),
        late_rows: scope.choice(&stream::LATE_ROWS, LateRows::VALUES).unwrap_or(LateRows::Lookback),
        deletes: scope.choice(&stream::DELETES, Deletes::VALUES).unwrap_or(Deletes::Ignore),
        reconcile_every: scope.span(&stream::RECONCILE_EVERY).unwrap_or_default(),
        new_columns: scope.choice(&stream::NEW_COLUMNS, NewColumns::VALUES).unwrap_or(NewColumns::Evolve),
        new_types: scope.choice(&stream::NEW_TYPES, NewTypes::VALUES).unwrap_or(NewTypes::Evolve),
        on_change: scope.choice(&stream::ON_CHANGE, OnChange::VALUES).unwrap_or(OnChange::Tell),
        on_bad_value: scope.choice(&stream::ON_BAD_VALUE, OnBadValue::VALUES).unwrap_or(OnBadValue::Reject),
        on_trap: scope.choice(&stream::ON_TRAP, OnTrap::VALUES).unwrap_or(OnTrap::Fail),
        record: scope.record(&stream::RECORD),
        target_triggers: scope
            .choice(&stream::TARGET_TRIGGERS, TargetTriggers::VALUES)
            .unwrap_or(TargetTriggers::Refuse),
        max_rejected: scope.count(&stream::MAX_REJECTED),
        max_rejected_percent: scope.count(&stream::MAX_REJECTED_PERCENT).unwrap_or_default(),
        rejected_floor: if scope.has(&stream::MAX_REJECTED_PERCENT) { 0 } else { REJECTED_FLOOR },
        max_deleted: scope.count(&stream::MAX_DELETED),
        max_deleted_percent: scope.count(&stream::MAX_DELETED_PERCENT).unwrap_or(20),
        settings: given(scope),
    }
}
