//! Two builds of the same models, row for row: that of a pipeline, and that of another pipeline or of another tool, which
//! knows nothing of wmshost. Nothing is written.

use std::collections::BTreeMap;
use std::path::Path;

use wmshost_flow::{Failure, SourceSession, StatementLimit, TableComparison, TableRules, TableSide, compare_tables};
use wmshost_models::{BuiltModel, Selected};
use wmshost_pipeline::Connection;

use super::models_project::{ModelsProject, Variables, require_there};
use crate::assembly::connect::{self, SessionTags};
use crate::error::Result;
use crate::runtime::Runtime;

/// The number of rows of a table whose hashes are held in memory: 16 MiB.
const HELD_ROWS: u64 = 1 << 20;

/// The build that a pipeline's is compared with.
pub enum OtherBuild {
    /// That of a pipeline: its models have tables of its own names.
    Pipeline(Box<ModelsProject>),
    /// Tables in a database, of the same names as those of the first build.
    Database {
        /// The label of the connection.
        label: String,
        /// The connection.
        connection: Box<Connection>,
    },
}

impl OtherBuild {
    /// The build of another pipeline.
    pub fn of_pipeline(runtime: &Runtime, file: &Path, given: &Variables) -> Result<Self> {
        Ok(Self::Pipeline(Box::new(ModelsProject::open_built(runtime, file, given)?)))
    }

    /// Tables in a database of the first pipeline.
    pub fn of_connection(first: &ModelsProject, label: &str) -> Result<Self, Failure> {
        let Some(connection) = first.connections.get(label) else {
            let known: Vec<&str> = first.connections.keys().map(String::as_str).collect();
            return Err(Failure::invalid_config(format!("the pipeline {} has no connection {label}", first.name))
                .advise(format!("its connections are {}", known.join(", "))));
        };
        require_there(label, connection)?;
        Ok(Self::Database { label: label.to_owned(), connection: Box::new(connection.clone()) })
    }

    fn place(&self) -> Place<'_> {
        match self {
            Self::Pipeline(project) => Place::of(project),
            Self::Database { label, connection } => Place { label, connection },
        }
    }
}

/// The database of a build.
#[derive(Clone, Copy)]
struct Place<'p> {
    label: &'p str,
    connection: &'p Connection,
}

impl<'p> Place<'p> {
    fn of(project: &'p ModelsProject) -> Self {
        Self { label: &project.target_label, connection: &project.connections[&project.target_label] }
    }

    /// A session that reads a table that is there.
    fn open(self, runtime: &Runtime, table: &str, pipeline: &str) -> Result<Box<dyn SourceSession>, Failure> {
        let tags = SessionTags { pipeline, run_id: "compare" };
        let limit = StatementLimit { cancel: runtime.cancel.clone(), ..StatementLimit::default() };
        let mut session = connect::target_reader(self.label, self.connection, table, &tags, &limit)?;
        match session.describe(table)? {
            Some(_) => Ok(session),
            None => Err(Failure::invalid_config(format!("{} has no table or view {table}", self.connection))),
        }
    }
}

/// The models to compare, and how.
pub struct CompareRequest {
    /// The models of the first pipeline.
    pub selected: Selected,
    /// The tables of models in the other build, where they have other names.
    pub tables: BTreeMap<String, String>,
    /// Columns that are not compared.
    pub left_out: Vec<String>,
    /// The largest number of rows of each model that are named.
    pub most_examples: usize,
}

/// A model that was compared.
#[derive(Debug)]
pub struct ComparedModel {
    /// The model's name.
    pub name: String,
    /// The duration in seconds.
    pub seconds: f64,
    /// The differences, or the reason why it was not compared.
    pub compared: Result<TableComparison, Failure>,
}

impl ComparedModel {
    /// True if both builds have the same columns and rows.
    pub fn is_equal(&self) -> bool {
        self.compared.as_ref().is_ok_and(TableComparison::is_equal)
    }

    /// The result in one word: `equal`, `differs` or `failed`.
    pub fn result(&self) -> &'static str {
        match &self.compared {
            Ok(found) if found.is_equal() => "equal",
            Ok(_) => "differs",
            Err(_) => "failed",
        }
    }
}

/// The outcome of comparing two builds.
#[derive(Debug)]
pub struct ModelsComparison {
    /// The databases of both, for people.
    pub places: [String; 2],
    /// The models that were compared.
    pub models: Vec<ComparedModel>,
    /// The number of models that were to be compared.
    pub selected: usize,
    /// True if it was asked to stop.
    pub is_cancelled: bool,
}

impl ModelsComparison {
    /// True if all of it was compared, and nothing differs.
    pub fn is_equal(&self) -> bool {
        self.models.len() == self.selected && self.models.iter().all(ComparedModel::is_equal)
    }
}

/// Compares the selected models with those of another build, one after the other.
pub fn compare_models(
    runtime: &Runtime,
    first: &ModelsProject,
    other: &OtherBuild,
    request: &CompareRequest,
) -> Result<ModelsComparison> {
    let places = [Place::of(first), other.place()];
    let models = first.project.built_models(&request.selected);
    if models.is_empty() {
        return Err(Failure::invalid_config("none of what was selected has a table or a view").into());
    }
    if let Some(unknown) = request.tables.keys().find(|name| models.iter().all(|model| model.name != *name)) {
        let message = format!("--table {unknown}: no model of that name is compared");
        return Err(Failure::invalid_config(message).into());
    }
    let tables: Vec<_> = models.iter().map(|model| table_of(other, model, request)).collect();
    for (model, table) in models.iter().zip(&tables) {
        if let Ok(table) = table {
            require_other_table(places, [model.table, *table])?;
        }
    }
    let mut compared: Vec<ComparedModel> = Vec::new();
    for (model, table) in models.iter().zip(tables) {
        if runtime.cancel.is_set() {
            break;
        }
        let started = runtime.clock.elapsed();
        let found =
            table.and_then(|table| compare(runtime, &first.name, places, [model.table, table], &rules(model, request)));
        let seconds = (runtime.clock.elapsed() - started).as_secs_f64();
        compared.push(ComparedModel { name: model.name.to_owned(), seconds, compared: found });
    }
    Ok(ModelsComparison {
        places: places.map(|place| place.connection.to_string()),
        selected: models.len(),
        models: compared,
        is_cancelled: runtime.cancel.is_set(),
    })
}

/// The table of a model in the other build.
fn table_of<'t>(
    other: &'t OtherBuild,
    model: &BuiltModel<'t>,
    request: &'t CompareRequest,
) -> Result<&'t str, Failure> {
    if let Some(table) = request.tables.get(model.name) {
        return Ok(table);
    }
    match other {
        OtherBuild::Database { .. } => Ok(model.table),
        OtherBuild::Pipeline(project) => {
            let models = project.project.built_models(&project.project.everything());
            let same = models.into_iter().find(|other| other.name == model.name);
            same.map(|same| same.table).ok_or_else(|| {
                Failure::invalid_config(format!(
                    "the pipeline {} has no model {} with a table",
                    project.name, model.name
                ))
            })
        }
    }
}

/// Refuses to compare a table with itself, which would prove nothing.
fn require_other_table(places: [Place<'_>; 2], tables: [&str; 2]) -> Result<(), Failure> {
    let [first, other] = places.map(|place| place.connection.database());
    if first == other && tables[0].eq_ignore_ascii_case(tables[1]) {
        let message = format!("both builds have the same table {} of {}", tables[0], places[0].connection);
        return Err(Failure::invalid_config(message).advise("build one of them elsewhere"));
    }
    Ok(())
}

fn rules(model: &BuiltModel<'_>, request: &CompareRequest) -> TableRules {
    let host_columns = model.host_columns.iter().map(|name| (*name).to_owned());
    TableRules {
        key: model.key.to_vec(),
        left_out: request.left_out.iter().cloned().chain(host_columns).collect(),
        most_examples: request.most_examples,
        held_rows: HELD_ROWS,
    }
}

fn compare(
    runtime: &Runtime,
    pipeline: &str,
    places: [Place<'_>; 2],
    tables: [&str; 2],
    rules: &TableRules,
) -> Result<TableComparison, Failure> {
    let mut first = places[0].open(runtime, tables[0], pipeline)?;
    let mut second = places[1].open(runtime, tables[1], pipeline)?;
    let sides = [
        TableSide { session: first.as_mut(), table: tables[0].to_owned() },
        TableSide { session: second.as_mut(), table: tables[1].to_owned() },
    ];
    compare_tables(sides, rules, &runtime.cancel)
}
