//! The models of a pipeline, declared by their plugins, checked as a whole, with the database they are built in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use wmshost_databases::sqlite;
use wmshost_flow::{Dialect, Failure, Micros, SqlSession, StatementLimit, TakeOver, Target, TargetTriggers};
use wmshost_models::{
    Manifest, NodeKind, PreviousRun, Project, RunResults, Scratch, Selected, StreamOrigin, store_objections,
};
use wmshost_pipeline::{Checked, Connection, Lineage, StreamPlan};

use super::artifacts::Artifacts;
use super::declaration::{declared, plans, take_over_requests};
use crate::assembly::connect;
use crate::error::{ModelDiagnostics, Result};
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// Variables for the SQL of models: SQL literals by name.
pub type Variables = BTreeMap<String, String>;

/// The models of a pipeline and the database they are built in.
pub struct ModelsProject {
    /// The pipeline's name.
    pub name: String,
    /// The models.
    pub project: Project,
    /// The same models in SQLite's SQL, if the target uses another dialect.
    unit_test_project: Option<Project>,
    /// The database they are built in.
    pub target: Arc<dyn Target>,
    /// The label of its connection.
    pub(super) target_label: String,
    /// The connections of the pipeline by label.
    pub(super) connections: BTreeMap<String, Connection>,
    /// The limit of the statements of models and tests.
    pub(super) limit: StatementLimit,
    /// The number of models that are built at once.
    pub threads: usize,
    /// Tables that models may take over from other owners.
    pub(super) take_over: Vec<TakeOver>,
    /// True if models' tables may have triggers of others.
    pub(super) allows_triggers: bool,
    /// The folder for the results.
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
    pub fn open(runtime: &Runtime, file: &Path, given: &Variables) -> Result<Self> {
        Self::opened(runtime, file, given, &|_| Ok(()))
    }

    /// Opens the models of a pipeline file, whose database has to be there: nothing is created.
    pub fn open_built(runtime: &Runtime, file: &Path, given: &Variables) -> Result<Self> {
        Self::opened(runtime, file, given, &|pipeline| match &pipeline.models {
            Some(models) => require_there(&models.target, &pipeline.connections[&models.target]),
            None => Ok(()),
        })
    }

    fn opened(
        runtime: &Runtime,
        file: &Path,
        given: &Variables,
        check: &dyn Fn(&Checked) -> Result<(), Failure>,
    ) -> Result<Self> {
        let registry = runtime.registry()?;
        let pipeline = runtime.pipeline(file, &registry)?;
        check(&pipeline)?;
        match Self::made(runtime, &pipeline, &registry, given, None)? {
            Some(models_project) => Ok(models_project),
            None => Err(Failure::invalid_config(format!("{}: no plugin declares models", file.display()))
                .advise("name one under `plugins` of [models]")
                .into()),
        }
    }

    /// The models of a checked pipeline that were declared already, with the variables of the file; `None` if it has none.
    pub(super) fn of_declared(
        runtime: &Runtime,
        pipeline: &Checked,
        registry: &PluginRegistry,
        declared: Project,
    ) -> Result<Option<Self>> {
        Self::made(runtime, pipeline, registry, &Variables::new(), Some(declared))
    }

    fn made(
        runtime: &Runtime,
        pipeline: &Checked,
        registry: &PluginRegistry,
        given: &Variables,
        known: Option<Project>,
    ) -> Result<Option<Self>> {
        let Some(models) = &pipeline.models else { return Ok(None) };
        let connection = &pipeline.connections[&models.target];
        // One for each thread, and one each for changes of tables, the tests at the end and the lease.
        let target = connect::target(&models.target, connection, models.threads + 3, Arc::clone(&runtime.clock))?;
        let limit = StatementLimit::of(&pipeline.limits, &runtime.cancel);
        let mut sql = target.sql()?;
        sql.limit_statements(&limit)?;
        let objections = store_objections(sql.as_mut())?;
        if !objections.is_empty() {
            let key = format!("{}: connections.{}", pipeline.file.display(), models.target);
            return Err(Failure::invalid_config(format!("{key}: {}", objections.join("; "))).into());
        }
        let dialect = sql.dialect();
        let mut variables = models.variables.clone();
        variables.extend(given.clone());
        let project = |dialect| declared(pipeline, models, registry, dialect, variables.clone());
        let mut own = known.map_or_else(|| project(dialect), Ok)?;
        own.describe(sql.as_mut())?;
        Ok(Some(Self {
            name: pipeline.name.clone(),
            project: own,
            unit_test_project: if dialect == Dialect::Sqlite { None } else { Some(project(Dialect::Sqlite)?) },
            target,
            target_label: models.target.clone(),
            connections: pipeline.connections.clone(),
            limit,
            threads: models.threads,
            take_over: take_over_requests(models),
            allows_triggers: models.target_triggers == TargetTriggers::Allow,
            artifacts: Artifacts(runtime.data_dir.models(&pipeline.name)),
            lineage: models.lineage.clone(),
            origins: plans(pipeline).map(origin).collect(),
            disabled: pipeline.disabled.iter().map(|plan| (plan.name.clone(), "is disabled".to_owned())).collect(),
        }))
    }

    /// Opens a session on the database, whose statements have the limit of models.
    pub(super) fn sql(&self) -> Result<Box<dyn SqlSession>, Failure> {
        let mut sql = self.target.sql()?;
        sql.limit_statements(&self.limit)?;
        Ok(sql)
    }

    /// The models in the dialect of the unit tests.
    pub(super) fn unit_test_project(&self) -> &Project {
        self.unit_test_project.as_ref().unwrap_or(&self.project)
    }

    /// Has the database examine all SQL. Returns the streams that were never loaded.
    pub fn examine(&self) -> Result<Vec<String>> {
        let mut sql = self.sql()?;
        Ok(self.project.examine(sql.as_mut())?.map_err(ModelDiagnostics)?)
    }

    /// All declarations, with the origins of the streams.
    pub fn manifest(&self, now: Micros) -> Manifest {
        let mut manifest = self.project.manifest(&self.name, now);
        for node in manifest.nodes.iter_mut().filter(|node| node.kind == NodeKind::Stream) {
            node.origin = self.origins.get(&node.name).cloned();
        }
        manifest
    }

    /// The models and streams that `select` names, without those that `exclude` names.
    pub fn select(&self, select: &[String], exclude: &[String]) -> Result<Selected> {
        let previous = self.previous()?;
        self.project
            .select(select, exclude, &previous)
            .map_err(|wrong| Failure::invalid_config(format!("selection: {}", wrong.join("; "))).into())
    }

    /// The models and streams that failed or were skipped in the last run, without those that `exclude` names; `None` if
    /// there are none.
    pub fn select_failed(&self, exclude: &[String]) -> Result<Option<Selected>> {
        let failed: Vec<String> = ["error", "fail", "skipped"].map(|result| format!("result:{result}")).into();
        let selected = self.project.select(&failed, exclude, &self.previous()?);
        let selected = selected.map_err(|wrong| Failure::invalid_config(wrong.join("; ")))?;
        Ok(Some(selected).filter(|selected| !selected.names(&self.project).is_empty()))
    }

    /// The previous run, to which `state:` and `result:` refer.
    pub(super) fn previous(&self) -> Result<PreviousRun> {
        let mut sql = self.target.sql()?;
        let built = self.project.built(&self.name, sql.as_mut())?;
        let fingerprints = built.into_iter().map(|(name, built)| (name, built.fingerprint)).collect();
        let results = self.artifacts.results().as_ref().map(RunResults::outcomes).unwrap_or_default();
        Ok(PreviousRun { fingerprints, results })
    }
}

/// Fails if a database cannot be read, or is not there.
pub(super) fn require_there(label: &str, connection: &Connection) -> Result<(), Failure> {
    match connect::reader(label, connection)? {
        Some(_) => Ok(()),
        None => Err(Failure::invalid_config(format!("connection {label}, {connection}: it is not there"))
            .advise("build the models first, or look at the path")),
    }
}

/// Databases in memory, for unit tests.
impl Scratch for ModelsProject {
    fn session(&self) -> Result<Box<dyn SqlSession>, Failure> {
        let mut sql = sqlite::open_scratch()?;
        sql.limit_statements(&self.limit)?;
        Ok(sql)
    }
}

fn origin(plan: &StreamPlan) -> (String, StreamOrigin) {
    let transforms = plan.transforms.iter();
    let plugins = [&plan.extractor].into_iter().chain(transforms).chain([&plan.loader]).cloned().collect();
    (plan.name.clone(), StreamOrigin { source: plan.source.clone(), table: plan.table.clone(), plugins })
}
