//! The models of a pipeline, declared by their plugins, checked as a whole, with the database they are built in.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use wmshost_databases::sqlite;
use wmshost_flow::model::Declaration;
use wmshost_flow::{Dialect, Failure, FailureKind, Micros, SqlSession, TakeOver, Target};
use wmshost_models::{
    Diagnostic, Manifest, NodeKind, PreviousRun, Project, RunResults, Scratch, Selected, Setup, StreamOrigin,
};
use wmshost_pipeline::{Checked, Lineage, Setting, StreamPlan, variable_literal};
use wmshost_sandbox::Identity;

use super::args::SelectArgs;
use super::artifacts::Artifacts;
use crate::commands::App;
use crate::connect;
use crate::plugin_registry::PluginRegistry;
use crate::stream_factory::{identity, limits};

/// All mistakes in the declarations of plugins.
#[derive(Debug)]
pub(crate) struct Diagnostics(Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{diagnostic}")?;
        }
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} mistake{plural} in the models; nothing was built", self.0.len())
    }
}

impl std::error::Error for Diagnostics {}

/// The declarations of a pipeline's plugins for a dialect, checked as a whole, without a database.
pub(super) fn declared(
    pipeline: &Checked,
    models: &wmshost_pipeline::Models,
    registry: &PluginRegistry,
    dialect: Dialect,
    variables: BTreeMap<String, String>,
) -> anyhow::Result<Project> {
    let one = |stage: &wmshost_pipeline::Stage| -> Result<(String, Declaration), Failure> {
        let plugin = registry.plugin(&stage.plugin, &stage.path)?;
        let identity: Identity = identity(stage, "");
        // Nothing was built yet, whatever keeps a plugin from declaring its models.
        let declared = plugin.models(identity, limits(&pipeline.limits), dialect);
        let declared = declared.map_err(|failure| match failure.kind {
            FailureKind::Cancelled => failure,
            _ => Failure::invalid_config(format!("plugin {}, declare: {failure}", stage.plugin)),
        })?;
        Ok((stage.plugin.clone(), declared))
    };
    let plugins = models.plugins.iter().map(one).collect::<Result<_, _>>()?;
    let streams = plans(pipeline)
        .filter(|plan| plan.target == models.target)
        .map(|plan| (plan.name.clone(), plan.target_table.clone()))
        .collect();
    let digests = models.plugins.iter().map(|stage| (stage.plugin.clone(), stage.digest.clone())).collect();
    let project = Project::new(Setup { dialect, streams, variables, plugins, digests }).map_err(Diagnostics)?;
    let take_over = take_over_requests(models);
    if let Some(unknown) = project.unknown_tables(&take_over).first() {
        return Err(Failure::invalid_config(format!(
            "{}: models.take_over: no model has the table {unknown}; remove it from the list",
            pipeline.file.display()
        ))
        .into());
    }
    Ok(project)
}

/// The tables that models take over from other owners.
fn take_over_requests(models: &wmshost_pipeline::Models) -> Vec<TakeOver> {
    models.take_over.iter().map(|wish| TakeOver::parse(wish)).collect()
}

/// All streams, also those that do not run: their tables may exist.
fn plans(pipeline: &Checked) -> impl Iterator<Item = &StreamPlan> {
    pipeline.streams.iter().map(|stream| &stream.plan).chain(&pipeline.disabled)
}

/// Databases in memory, for unit tests.
pub(super) struct InMemoryDatabases;

impl Scratch for InMemoryDatabases {
    fn session(&self) -> Result<Box<dyn SqlSession>, Failure> {
        sqlite::open_scratch()
    }
}

/// The models of a pipeline and the database they are built in.
pub(super) struct ModelsProject {
    pub(super) name: String,
    pub(super) project: Project,
    /// The same models in SQLite's SQL, if the target uses another dialect.
    unit_test_project: Option<Project>,
    pub(super) target: Arc<dyn Target>,
    pub(super) threads: usize,
    /// Tables that models may take over from other owners.
    pub(super) take_over: Vec<TakeOver>,
    pub(super) artifacts: Artifacts,
    /// The receiver of lineage events.
    pub(super) lineage: Option<Lineage>,
    /// The origin of each stream's rows: source, table and plugins.
    origins: BTreeMap<String, StreamOrigin>,
    /// The streams that do not run, each with the reason.
    pub(super) disabled: BTreeMap<String, String>,
}

impl ModelsProject {
    /// Opens the models of a pipeline file.
    pub(super) fn open(app: &App, file: &Path, vars: &[String]) -> anyhow::Result<Self> {
        let registry = app.registry()?;
        let pipeline = app.pipeline(file, &registry)?;
        match Self::of(app, &pipeline, &registry, vars)? {
            Some(models_project) => Ok(models_project),
            None => bail!(Failure::invalid_config(format!(
                "{}: no plugin declares models; name one under `plugins` of [models]",
                file.display()
            ))),
        }
    }

    /// The models of a checked pipeline; `None` if it has none.
    pub(super) fn of(
        app: &App,
        pipeline: &Checked,
        registry: &PluginRegistry,
        vars: &[String],
    ) -> anyhow::Result<Option<Self>> {
        Self::made(app, pipeline, registry, vars, None)
    }

    /// The same for models that were declared already, with the variables of the file.
    pub(super) fn of_declared(
        app: &App,
        pipeline: &Checked,
        registry: &PluginRegistry,
        declared: Project,
    ) -> anyhow::Result<Option<Self>> {
        Self::made(app, pipeline, registry, &[], Some(declared))
    }

    fn made(
        app: &App,
        pipeline: &Checked,
        registry: &PluginRegistry,
        vars: &[String],
        known: Option<Project>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(models) = &pipeline.models else { return Ok(None) };
        let connection = &pipeline.connections[&models.target];
        // One for each thread, and one each for changes of tables, the tests at the end and the lease.
        let target = connect::target(&models.target, connection, models.threads + 3, Arc::clone(&app.clock))?;
        let dialect = target.sql()?.dialect();
        let mut variables = models.variables.clone();
        for given in vars {
            let (name, value) = given.split_once('=').with_context(|| format!("--vars {given}: write KEY=VALUE"))?;
            variables.insert(name.trim().to_owned(), typed_literal(value.trim()));
        }
        let project = |dialect| declared(pipeline, models, registry, dialect, variables.clone());
        Ok(Some(Self {
            name: pipeline.name.clone(),
            project: known.map_or_else(|| project(dialect), Ok)?,
            unit_test_project: if dialect == Dialect::Sqlite { None } else { Some(project(Dialect::Sqlite)?) },
            target,
            threads: models.threads,
            take_over: take_over_requests(models),
            artifacts: app.data_dir.models(&pipeline.name),
            lineage: models.lineage.clone(),
            origins: plans(pipeline).map(origin).collect(),
            disabled: pipeline.disabled.iter().map(|plan| (plan.name.clone(), "is disabled".to_owned())).collect(),
        }))
    }

    /// The models in the dialect of the unit tests.
    pub(super) fn unit_test_project(&self) -> &Project {
        self.unit_test_project.as_ref().unwrap_or(&self.project)
    }

    /// Has the database examine all SQL. Returns the streams that were never loaded.
    pub(super) fn examine(&self) -> anyhow::Result<Vec<String>> {
        let mut sql = self.target.sql()?;
        Ok(self.project.examine(sql.as_mut())?.map_err(Diagnostics)?)
    }

    /// All declarations, with the origins of the streams.
    pub(super) fn manifest(&self, now: Micros) -> Manifest {
        let mut manifest = self.project.manifest(&self.name, now);
        for node in manifest.nodes.iter_mut().filter(|node| node.kind == NodeKind::Stream) {
            node.origin = self.origins.get(&node.name).cloned();
        }
        manifest
    }

    /// The selected models and streams.
    pub(super) fn select(&self, args: &SelectArgs) -> anyhow::Result<Selected> {
        let previous = self.previous()?;
        self.project
            .select(&args.select, &args.exclude, &previous)
            .map_err(|wrong| Failure::invalid_config(format!("selection: {}", wrong.join("; "))).into())
    }

    /// The previous run, to which `state:` and `result:` refer.
    pub(super) fn previous(&self) -> anyhow::Result<PreviousRun> {
        let mut sql = self.target.sql()?;
        let built = self.project.built(&self.name, sql.as_mut())?;
        let fingerprints = built.into_iter().map(|(name, built)| (name, built.fingerprint)).collect();
        let results = self.artifacts.results().as_ref().map(RunResults::outcomes).unwrap_or_default();
        Ok(PreviousRun { fingerprints, results })
    }
}

fn origin(plan: &StreamPlan) -> (String, StreamOrigin) {
    let transforms = plan.transforms.iter();
    let plugins = [&plan.extractor].into_iter().chain(transforms).chain([&plan.loader]).cloned().collect();
    (plan.name.clone(), StreamOrigin { source: plan.source.clone(), table: plan.table.clone(), plugins })
}

/// A typed value as a SQL literal.
fn typed_literal(value: &str) -> String {
    let setting = if let Ok(number) = value.parse() {
        Setting::Integer(number)
    } else if let Ok(number) = value.parse::<f64>()
        && number.is_finite()
    {
        Setting::Number(number)
    } else if let Ok(flag) = value.parse() {
        Setting::Flag(flag)
    } else {
        Setting::Text(value.to_owned())
    };
    variable_literal(&setting)
}

/// Writes a file so that a reader sees all of it or the previous content.
pub(super) fn write_file(path: &Path, content: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot be created", folder.display()))?;
    }
    let draft = path.with_extension("tmp");
    fs::write(&draft, content)
        .and_then(|()| fs::rename(&draft, path))
        .with_context(|| format!("{}: cannot be written", path.display()))
}
