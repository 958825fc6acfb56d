//! Checks that the parts of a pipeline are consistent: labels, plugins, settings, tables. Reports all inconsistencies.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wmshost_flow::{ColumnRule, Mask, Method, TargetTriggers};

use crate::checked::{Checked, Stream};
use crate::configured_plugin::ConfiguredPlugin;
use crate::connection::Connection;
use crate::diagnostics::{DiagnosticSink, join};
use crate::grants;
use crate::keys::{file, models as model_keys, stream as keys};
use crate::models::{Models, SQL_PROJECT};
use crate::plugin_lookup::PluginLookup;
use crate::plugins::{PluginCatalog, PluginMetadata, World};
use crate::resolved::{Resolved, StreamPlan};
use crate::settings::{self, GivenSetting};
use crate::suggest;
use crate::syntax::SyntaxError;

/// Reports all inconsistencies. Returns `None` only after a report.
pub(crate) fn check(pipeline: &Resolved, plugins: &dyn PluginCatalog, sink: &mut DiagnosticSink) -> Option<Checked> {
    let mut checker = Checker { pipeline, plugins: PluginLookup::new(pipeline, plugins), sink };
    checker.some_stream();
    for plan in &pipeline.streams {
        checker.labels(plan);
        checker.direction(plan);
        checker.take_over(plan);
        checker.snapshot(plan);
        checker.grants(plan);
    }
    let enabled = || pipeline.streams.iter().filter(|plan| plan.enabled);
    let streams: Vec<_> = enabled().map(|plan| checker.stream(plan)).collect();
    checker.tables();
    let models = checker.models();
    let disabled = pipeline.streams.iter().filter(|plan| !plan.enabled);
    Some(Checked {
        file: pipeline.file.clone(),
        name: pipeline.name.clone(),
        mask_key: pipeline.mask_key.clone(),
        signers: pipeline.signers.clone(),
        run: pipeline.run.clone(),
        limits: pipeline.limits.clone(),
        connections: pipeline.connections.clone(),
        streams: streams.into_iter().collect::<Option<_>>()?,
        models: models?,
        disabled: disabled.cloned().collect(),
    })
}

struct Checker<'a> {
    pipeline: &'a Resolved,
    plugins: PluginLookup<'a>,
    sink: &'a mut DiagnosticSink,
}

/// Returns the path of a key of a stream.
fn key_of(plan: &StreamPlan, name: &str) -> String {
    join(&join(file::STREAMS.name, &plan.name), name)
}

impl Checker<'_> {
    fn some_stream(&mut self) {
        let streams = &self.pipeline.streams;
        let unread = streams.is_empty() && self.sink.is_reported(file::STREAMS.name);
        if unread || streams.iter().any(|plan| plan.enabled) {
            return;
        }
        let (message, advice) = if streams.is_empty() {
            ("the pipeline has no stream", "add a table `[streams.name]`")
        } else {
            ("every stream is disabled", "remove `enabled = false` from those that should run")
        };
        self.sink.of(file::STREAMS.name, message, Some(advice.to_owned()));
    }

    /// Checks that the labels of a stream are declared.
    fn labels(&mut self, plan: &StreamPlan) {
        let one = std::slice::from_ref::<String>;
        let uses = [
            (&keys::SOURCE, one(&plan.source), &file::CONNECTIONS),
            (&keys::TARGET, one(&plan.target), &file::CONNECTIONS),
            (&keys::EXTRACTOR, one(&plan.extractor), &file::PLUGINS),
            (&keys::TRANSFORMS, plan.transforms.as_slice(), &file::PLUGINS),
            (&keys::LOADER, one(&plan.loader), &file::PLUGINS),
        ];
        for (key, labels, table) in uses {
            let path = key_of(plan, key.name);
            if self.sink.is_reported(&path) || self.sink.lost(table.name) {
                continue;
            }
            let is_plugin = table.name == file::PLUGINS.name;
            for label in labels {
                let objection = if is_plugin { self.plugins.objection(label) } else { self.unknown_connection(label) };
                if let Some((message, advice)) = objection {
                    self.sink.of(&path, message, advice);
                }
            }
        }
    }

    /// Returns the objection to the label of a connection that is not declared; `None` for any other.
    fn unknown_connection(&self, label: &str) -> Option<SyntaxError> {
        let declared = &self.pipeline.declared_connections;
        if declared.contains(label) {
            return None;
        }
        let advice = suggest::advice(label, declared.iter().map(String::as_str))
            .unwrap_or_else(|| format!("add a table `[connections.{label}]`"));
        Some((format!("there is no connection `{label}`"), Some(advice)))
    }

    /// Checks that a stream writes a database: web services can only be read.
    fn direction(&mut self, plan: &StreamPlan) {
        if matches!(self.pipeline.connections.get(&plan.target), Some(Connection::Http(_))) {
            let message = format!("`{}` is a web service, which can only be read", plan.target);
            self.sink.of(&key_of(plan, keys::TARGET.name), message, Some("name a database".to_owned()));
        }
        let is_declared = !plan.columns.is_empty();
        if is_declared && matches!(self.pipeline.connections.get(&plan.source), Some(Connection::Http(_))) {
            let message = "columns of a web service cannot be declared: its extractor decides about them";
            let advice = "remove the table; the settings of the extractor choose fields and digits".to_owned();
            self.sink.of(&key_of(plan, keys::COLUMNS.name), message, Some(advice));
        }
    }

    /// Returns a stream with its plugins; `None` only after a report.
    fn stream(&mut self, plan: &StreamPlan) -> Option<Stream> {
        let change_key = key_of(plan, keys::CHANGE_KEY.name);
        if plan.method == Method::Incremental
            && plan.change_key.is_none()
            && !self.sink.is_reported(&change_key)
            && !self.sink.is_reported(&key_of(plan, keys::METHOD.name))
        {
            let advice = "add `change_key = …`, the column with the time of a row's last change, or use \
                          `method = \"full\"`";
            self.sink.of(&change_key, "is missing; `incremental` needs it", Some(advice.to_owned()));
        }
        let extractor = self.stage(plan, &plan.extractor, keys::EXTRACTOR.name, World::Extractor);
        let transforms: Vec<_> = plan
            .transforms
            .iter()
            .map(|label| self.stage(plan, label, keys::TRANSFORMS.name, World::Transform))
            .collect();
        let loader = self.stage(plan, &plan.loader, keys::LOADER.name, World::Loader);
        self.unused_settings(plan);
        Some(Stream {
            plan: plan.clone(),
            extractor: extractor?,
            transforms: transforms.into_iter().collect::<Option<_>>()?,
            loader: loader?,
        })
    }

    fn stage(&mut self, plan: &StreamPlan, label: &str, key: &str, world: World) -> Option<ConfiguredPlugin> {
        let (path, metadata) = self.plugins.get(label, self.sink)?;
        if metadata.world != world {
            let place = match metadata.world {
                World::Extractor => "name it as `extractor`",
                World::Transform => "name it among the `transforms`",
                World::Loader => "name it as `loader`",
                World::Models => "name it among the `plugins` of `[models]`",
            };
            let message = format!("the plugin `{label}` is {}, not {world}", metadata.world);
            self.sink.of(&key_of(plan, key), message, Some(place.to_owned()));
            return None;
        }
        self.settled(label, (path, metadata), &plan.settings, &key_of(plan, keys::SETTINGS.name))
    }

    /// Returns a plugin with its settings, which are written under this key.
    fn settled(
        &mut self,
        label: &str,
        (path, metadata): (PathBuf, PluginMetadata),
        settings: &BTreeMap<String, BTreeMap<String, GivenSetting>>,
        key: &str,
    ) -> Option<ConfiguredPlugin> {
        let none = BTreeMap::new();
        let given = settings.get(label).unwrap_or(&none);
        let settings = settings::check(&metadata.settings, given, &join(key, label), self.sink);
        Some(ConfiguredPlugin {
            plugin: label.to_owned(),
            path,
            name: metadata.name,
            version: metadata.version,
            digest: metadata.digest,
            limits: self.pipeline.limits_of(label).clone(),
            settings,
        })
    }

    /// Returns the plugins that declare models; `None` only after a report.
    fn models(&mut self) -> Option<Option<Models>> {
        let plan = &self.pipeline.models;
        let key = |name: &str| join(file::MODELS.name, name);
        for label in plan.settings.keys().filter(|label| !plan.plugins.contains(label)) {
            let known = plan.plugins.iter().map(String::as_str);
            let message = format!("the plugin `{label}` is not among the models' plugins");
            self.sink.of(&join(&key(model_keys::SETTINGS.name), label), message, suggest::advice(label, known));
        }
        if plan.plugins.is_empty() && plan.project.is_none() {
            return Some(None);
        }
        if plan.project.is_some() && plan.plugins.iter().any(|label| label == SQL_PROJECT) {
            let message = format!("the label `{SQL_PROJECT}` is that of the folder under `project`");
            self.sink.of(&key(model_keys::PLUGINS.name), message, Some("give the plugin another label".to_owned()));
        }
        let target = match self.pipeline.models_target() {
            Ok(target) => Some(target),
            Err(message) => {
                self.sink.of(&key(model_keys::TARGET.name), message, None);
                None
            }
        };
        if let (Some(_), Some(target)) = (&plan.target, &target)
            && let Some((message, advice)) = self.unknown_connection(target)
        {
            self.sink.of(&key(model_keys::TARGET.name), message, advice);
        }
        if let Some(lineage) = &plan.lineage
            && !["http://", "https://"]
                .iter()
                .any(|begin| lineage.url.strip_prefix(begin).is_some_and(|rest| !rest.is_empty()))
        {
            let message = "it is not an address that begins with http:// or https://".to_owned();
            self.sink.of(&key(model_keys::LINEAGE.name), message, None);
        }
        if let Some(target) = &target
            && matches!(self.pipeline.connections.get(target), Some(Connection::Http(_)))
        {
            let message = format!("`{target}` is a web service, which can only be read");
            self.sink.of(&key(model_keys::TARGET.name), message, Some("name a database".to_owned()));
        }
        let plugins: Vec<Option<ConfiguredPlugin>> =
            plan.plugins.iter().map(|label| self.model_plugin(label)).collect();
        Some(Some(Models {
            plugins: plugins.into_iter().collect::<Option<_>>()?,
            project: plan.project.clone(),
            target: target?,
            take_over: plan.take_over.clone(),
            target_triggers: plan.target_triggers.unwrap_or(TargetTriggers::Refuse),
            threads: plan.threads,
            after_load: plan.after_load,
            lineage: plan.lineage.clone(),
            variables: plan.variables.clone(),
        }))
    }

    fn model_plugin(&mut self, label: &str) -> Option<ConfiguredPlugin> {
        let key = join(file::MODELS.name, model_keys::PLUGINS.name);
        if let Some((message, advice)) = self.plugins.objection(label) {
            self.sink.of(&key, message, advice);
            return None;
        }
        let (path, metadata) = self.plugins.get(label, self.sink)?;
        if metadata.world != World::Models {
            let advice = Some("name it as a stage of a stream".to_owned());
            self.sink.of(&key, format!("the plugin `{label}` is {}, not {}", metadata.world, World::Models), advice);
            return None;
        }
        let settings = join(file::MODELS.name, model_keys::SETTINGS.name);
        self.settled(label, (path, metadata), &self.pipeline.models.settings, &settings)
    }

    /// Reports settings for plugins that the stream does not use.
    fn unused_settings(&mut self, plan: &StreamPlan) {
        let stages = [keys::EXTRACTOR, keys::TRANSFORMS, keys::LOADER];
        if stages.iter().any(|stage| self.sink.is_reported(&key_of(plan, stage.name))) {
            return;
        }
        let used = || {
            let ends = [plan.extractor.as_str(), plan.loader.as_str()];
            let all = ends.into_iter().chain(plan.transforms.iter().map(String::as_str));
            all.filter(|label| !label.is_empty())
        };
        for label in plan.settings.keys().filter(|label| !used().any(|used| used == *label)) {
            let key = join(&key_of(plan, keys::SETTINGS.name), label);
            let message = format!("no stage of this stream uses the plugin `{label}`");
            self.sink.of(&key, message, suggest::advice(label, used()));
        }
    }

    /// Reports a stream whose statements cannot be read each by itself: only Oracle can do so.
    fn snapshot(&mut self, plan: &StreamPlan) {
        if plan.reads_by_statement && matches!(self.pipeline.connections.get(&plan.source), Some(Connection::Sqlite(_)))
        {
            let message =
                "\"statement\" is for sources of the driver \"oracle\"; SQLite reads all of a run in one snapshot";
            let advice = "remove the key".to_owned();
            self.sink.of(&key_of(plan, keys::SNAPSHOT.name), message, Some(advice));
        }
    }

    /// Reports keys that are not granted, grants that nothing holds to, and masks without their key.
    fn grants(&mut self, plan: &StreamPlan) {
        let key = key_of(plan, keys::GRANTS.name);
        let in_source = |name: &'_ String| {
            let is_renamed = |(column, rule): &(&String, &ColumnRule)| {
                rule.stream_name(column).is_some_and(|known| known.eq_ignore_ascii_case(name))
            };
            plan.columns.iter().find(is_renamed).map_or_else(|| name.clone(), |(column, _)| column.clone())
        };
        let names: Vec<String> = plan.key.iter().chain(&plan.change_key).map(in_source).collect();
        let is_computed = |name: &&str| plan.columns.get(*name).is_some_and(ColumnRule::is_computed);
        let names = names.iter().map(String::as_str).filter(|name| !is_computed(name));
        for name in grants::ungranted(&plan.grants, &plan.table, names) {
            let message = format!("does not grant the column {name} of {}, which is a key of the stream", plan.table);
            self.sink.of(&key, message, Some("grant it: the stream reads rows by it".to_owned()));
        }
        let is_service = matches!(self.pipeline.connections.get(&plan.source), Some(Connection::Http(_)));
        if is_service && !plan.grants.is_empty() {
            let message = "tables of a web service cannot be granted: its extractor asks for entities by their paths";
            self.sink.of(&key, message, Some("remove the table".to_owned()));
        }
        let hashed = plan.columns.iter().find(|(_, rule)| rule.mask() == Some(Mask::Hash));
        if let (Some((column, _)), None) = (hashed, &self.pipeline.mask_key)
            && !self.sink.is_reported(file::MASK_KEY.name)
        {
            let path = join(&key_of(plan, keys::COLUMNS.name), column);
            let advice = format!("add `{} = {{ env = \"…\" }}` at the head of the file", file::MASK_KEY.name);
            self.sink.of(&path, "is masked by \"hash\", which needs a key", Some(advice));
        }
    }

    /// Reports a stream that is to take over another table than the one that it writes.
    fn take_over(&mut self, plan: &StreamPlan) {
        let Some(entry) = &plan.take_over else { return };
        let table = entry.split(" of ").next().unwrap_or_default();
        if !table.eq_ignore_ascii_case(&plan.target_table) {
            let message = format!("it names `{table}`, and the stream writes `{}`", plan.target_table);
            let advice = "name the table that the stream writes, or remove the key: nothing is taken over by it";
            self.sink.of(&key_of(plan, keys::TAKE_OVER.name), message, Some(advice.to_owned()));
        }
    }

    /// Reports streams that write the same table, or the database that they read where that cannot work.
    fn tables(&mut self) {
        let mut writers: BTreeMap<(String, String), &str> = BTreeMap::new();
        for plan in self.pipeline.streams.iter().filter(|plan| plan.enabled) {
            let key = key_of(plan, keys::TARGET_TABLE.name);
            let source = self.database(&plan.source, &key_of(plan, keys::SOURCE.name));
            let target = self.database(&plan.target, &key_of(plan, keys::TARGET.name));
            let (Some(source), Some(target)) = (source, target) else {
                continue;
            };
            if self.sink.is_reported(&key) {
                continue;
            }
            let table = plan.target_table.to_lowercase();
            let reads = plan.readable().find(|read| read.to_lowercase() == table);
            if source == target && matches!(self.pipeline.connections.get(&plan.source), Some(Connection::Sqlite(_))) {
                // The snapshot of the source would keep the target's writers out.
                let message = "source and target are one file";
                let advice = "give the target a file of its own, under another `path` of its connection";
                self.sink.of(&key_of(plan, keys::TARGET.name), message, Some(advice.to_owned()));
            } else if let (true, Some(read)) = (source == target, reads) {
                let message = format!("the stream would write `{read}`, the table it reads");
                self.sink.of(&key, message, Some("name another `target_table`".to_owned()));
            }
            if let Some(other) = writers.get(&(target.clone(), table.clone())) {
                let message = format!("`{}` is written by the stream `{other}` already", plan.target_table);
                self.sink.of(&key, message, Some("name another `target_table`".to_owned()));
            } else {
                writers.insert((target, table), &plan.name);
            }
        }
    }

    /// Returns the identity of the database with this label; if its table has a mistake, the label itself. `None` for
    /// an unknown label.
    fn database(&self, label: &str, key: &str) -> Option<String> {
        if self.sink.is_reported(key) {
            return None;
        }
        let known = self.pipeline.connections.get(label).map(Connection::database);
        known.or_else(|| self.pipeline.declared_connections.contains(label).then(|| format!("label {label}")))
    }
}
