//! All models of a pipeline as one graph: the streams they read, the models of all plugins, and their dependencies. It
//! is made only from declarations without mistakes.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_flow::STAGING_PREFIXES;
use wmshost_flow::model::{
    Assertion, Declaration, Exposure, Increment, Materialization, Metric, Model, SourceTable, Test,
};
use wmshost_sql::{Dialect, text_literal};

use crate::host_columns::{REPLACED_AT, VERSION, audit_types, is_host_column, version_types};
use crate::record::{Inputs, Moment};
use crate::template::{Mode, Placeholder, Template};
use wmshost_flow::AUDIT_COLUMNS;

const EARLIEST: i64 = Moment::EARLIEST.0;

/// Everything that a project is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The kind of SQL that the target takes.
    pub dialect: Dialect,
    /// The streams of the pipeline: names and target tables.
    pub streams: BTreeMap<String, String>,
    /// Variables of the pipeline file, as SQL literals.
    pub variables: BTreeMap<String, String>,
    /// The declaration of each plugin, by its name in the pipeline file.
    pub plugins: Vec<(String, Declaration)>,
    /// The digest of each plugin's component, by the same name.
    pub digests: BTreeMap<String, String>,
    /// The plugins whose models may leave out columns and types: the database is asked for them
    /// ([`Project::describe`]). Their SQL does not see the columns that the host adds, unless it names one.
    pub described: BTreeSet<String>,
}

/// All models of a pipeline.
#[derive(Debug)]
pub struct Project {
    pub(crate) dialect: Dialect,
    pub(crate) variables: BTreeMap<String, String>,
    /// The digests of the plugins' components.
    pub(crate) digests: BTreeMap<String, String>,
    /// The plugins whose models the database describes.
    pub(crate) described: BTreeSet<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) by_name: BTreeMap<String, usize>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) exposures: Vec<(String, Exposure)>,
}

/// A model's SQL as it is run.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// In a full build.
    pub full: String,
    /// In an incremental build, if it has one.
    pub incremental: Option<String>,
    /// The SELECT of `{changes}`, which runs before that.
    pub changes: Option<String>,
}

/// A stream or a model.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// The plugin that declares it; empty for a stream without a declaration.
    pub(crate) plugin: String,
    /// The table or view; an ephemeral model has none.
    pub(crate) table: String,
    pub(crate) kind: Kind,
    /// The nodes that it reads, and those that read it.
    pub(crate) reads: Vec<usize>,
    pub(crate) read_by: Vec<usize>,
    /// The number of steps from the streams.
    pub(crate) level: usize,
    pub(crate) tests: Vec<ParsedTest>,
    /// The columns that the database reports, without those of the host; empty as long as it was not asked.
    pub(crate) visible: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Stream(Option<SourceTable>),
    Model(Box<ParsedModel>),
}

/// A model with its SQL parsed.
#[derive(Debug)]
pub(crate) struct ParsedModel {
    pub(crate) model: Model,
    pub(crate) statement: Template,
    pub(crate) changes: Option<Template>,
    /// A digest that changes with everything that determines the model's rows.
    pub(crate) fingerprint: String,
    /// True as long as the declared columns may not be all: the database has not described them yet.
    pub(crate) is_open: bool,
}

/// A test with its SQL parsed.
#[derive(Debug, Clone)]
pub(crate) struct ParsedTest {
    pub(crate) test: Test,
    /// The SQL of an expression, a measure or a custom test.
    pub(crate) sql: Option<Template>,
    pub(crate) only_where: Option<Template>,
}

/// A set of nodes of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected(pub(crate) BTreeSet<usize>);

impl Selected {
    /// The names of the selected nodes.
    pub fn names<'p>(&self, project: &'p Project) -> Vec<&'p str> {
        self.0.iter().map(|&at| project.nodes[at].name.as_str()).collect()
    }
}

impl Project {
    /// All nodes.
    pub fn everything(&self) -> Selected {
        Selected((0..self.nodes.len()).collect())
    }

    /// True if there is no model.
    pub fn is_empty(&self) -> bool {
        self.models().next().is_none()
    }

    /// The names of all models, dependencies first.
    pub fn model_names(&self) -> Vec<&str> {
        let mut models: Vec<&Node> = self.models().map(|(node, _)| node).collect();
        models.sort_by_key(|node| (node.level, node.name.as_str()));
        models.into_iter().map(|node| node.name.as_str()).collect()
    }

    /// The metrics of all plugins.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The table or view of a model or a stream.
    pub fn table(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(|&at| self.nodes[at].table.as_str())
    }

    /// The SQL of a model as it is run.
    pub fn compiled(&self, name: &str, now: i64) -> Option<Compiled> {
        let at = *self.by_name.get(name)?;
        let model = self.nodes[at].model()?;
        let renderer = SqlRenderer { now, run_id: "run", live: model.is_live(), ..self.renderer() };
        let incremental = model.increment().map(|_| renderer.statement(at, Mode::Incremental));
        let changes = model.changes.as_ref().map(|changes| renderer.write(changes, at, Mode::Incremental));
        Some(Compiled { full: renderer.statement(at, Mode::Full), incremental, changes })
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = (&Node, &ParsedModel)> {
        self.nodes.iter().filter_map(|node| node.model().map(|model| (node, model)))
    }

    /// Writes the SQL of this project.
    pub(crate) fn renderer(&self) -> SqlRenderer<'_> {
        SqlRenderer {
            project: self,
            now: 0,
            run_id: "",
            watermark: None,
            seen: None,
            lookback: 0,
            live: false,
            empty: false,
            plain: true,
        }
    }

    /// True if tests look for values in columns of a node other than these.
    pub(crate) fn refers_beyond(&self, at: usize, key: Option<&[String]>) -> bool {
        let is_key = |column: &String| key.is_some_and(|key| key.iter().any(|part| part.eq_ignore_ascii_case(column)));
        let tests = self.nodes.iter().flat_map(|node| &node.tests);
        tests.into_iter().any(|parsed| match &parsed.test.assertion {
            Assertion::Relationship { to, to_column, .. } => *to == self.nodes[at].name && !is_key(to_column),
            _ => false,
        })
    }

    /// The streams and the models with rows that a node reads, directly or through views and ephemeral models.
    pub(crate) fn bases(&self, at: usize) -> BTreeSet<usize> {
        let mut bases = BTreeSet::new();
        let mut open = self.nodes[at].reads.clone();
        let mut seen = BTreeSet::new();
        while let Some(read) = open.pop() {
            if !seen.insert(read) {
                continue;
            }
            match self.nodes[read].model() {
                Some(model) if !model.model.materialization.has_rows() => open.extend(&self.nodes[read].reads),
                _ => {
                    bases.insert(read);
                }
            }
        }
        bases
    }
}

impl Node {
    pub(crate) fn model(&self) -> Option<&ParsedModel> {
        match &self.kind {
            Kind::Model(model) => Some(model),
            Kind::Stream(_) => None,
        }
    }

    /// The columns that are known, with their types.
    pub(crate) fn columns(&self) -> &[wmshost_flow::model::ModelColumn] {
        match &self.kind {
            Kind::Model(model) => &model.model.columns,
            Kind::Stream(Some(source)) => &source.columns,
            Kind::Stream(None) => &[],
        }
    }

    /// `model dim_items`, `stream allocation`.
    pub(crate) fn place(&self) -> String {
        let kind = if self.model().is_some() { "model" } else { "stream" };
        format!("{kind} {}", self.name)
    }
}

impl ParsedModel {
    /// All of its SQL.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.statement].into_iter().chain(&self.changes)
    }

    /// True if it reads the before images of this node.
    pub(crate) fn reads_before_images(&self, name: &str) -> bool {
        self.templates().flat_map(Template::uses).any(|used| matches!(used.word, Placeholder::Before(of) if of == name))
    }

    pub(crate) fn increment(&self) -> Option<&Increment> {
        match &self.model.materialization {
            Materialization::Incremental(increment) => Some(increment),
            _ => None,
        }
    }

    /// True if its SQL is stored and run later.
    pub(crate) fn is_live(&self) -> bool {
        !self.model.materialization.has_rows()
    }
}

/// Renders the SQL of a project for one purpose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlRenderer<'p> {
    pub(crate) project: &'p Project,
    /// The value of `{now}`.
    pub(crate) now: i64,
    pub(crate) run_id: &'p str,
    pub(crate) watermark: Option<i64>,
    /// The inputs of the last build, for the watermark of each dependency.
    pub(crate) seen: Option<&'p Inputs>,
    /// The lookback before the watermark, in microseconds.
    pub(crate) lookback: i64,
    /// True if `{now}` is the time when the SQL runs, as in views.
    pub(crate) live: bool,
    /// True if models are empty relations, for SQL that is only compiled.
    pub(crate) empty: bool,
    /// True if relations have the columns that the host adds.
    pub(crate) plain: bool,
}

impl SqlRenderer<'_> {
    /// A model's SELECT.
    pub(crate) fn statement(&self, at: usize, mode: Mode) -> String {
        match self.project.nodes[at].model() {
            Some(model) => self.write(&model.statement, at, mode),
            None => format!("SELECT * FROM {}", self.relation(at)),
        }
    }

    /// Any text of a node as SQL.
    pub(crate) fn write(&self, template: &Template, at: usize, mode: Mode) -> String {
        let is_described = self.project.described.contains(&self.project.nodes[at].plugin);
        let renderer = Self { plain: !is_described || names_host_column(&template.source), ..*self };
        template.render(mode, |word| renderer.render_placeholder(word, at))
    }

    /// The SQL of a placeholder.
    pub(crate) fn render_placeholder(&self, word: &Placeholder, at: usize) -> String {
        use wmshost_sql::Value;
        let dialect = self.project.dialect;
        match word {
            Placeholder::Relation(name) => match self.project.by_name.get(name) {
                Some(&read) => self.relation(read),
                None => dialect.quoted(name),
            },
            Placeholder::This => self.relation(at),
            Placeholder::Changes => dialect.work_table("changes"),
            Placeholder::Watermark => dialect.literal(&Value::Timestamp(self.watermark.unwrap_or(EARLIEST))),
            Placeholder::WatermarkOf(name) => dialect.literal(&Value::Timestamp(self.watermark_of(name))),
            Placeholder::Before(name) => self.before_images(name),
            Placeholder::BuiltToday => dialect.literal(&Value::Date(self.built_today())),
            Placeholder::Now if self.live => dialect.current_timestamp().to_owned(),
            Placeholder::Today if self.live => dialect.current_date().to_owned(),
            Placeholder::Now => dialect.literal(&Value::Timestamp(self.now)),
            Placeholder::Today => dialect.literal(&Value::Date(day_of(self.now))),
            Placeholder::RunId => text_literal(self.run_id),
            Placeholder::Variable(name, fallback) => {
                let given = self.project.variables.get(name).or(fallback.as_ref());
                given.cloned().unwrap_or_else(|| "NULL".to_owned())
            }
        }
    }

    /// The load time up to which the last build saw a dependency.
    fn watermark_of(&self, name: &str) -> i64 {
        let seen = self.seen.and_then(|seen| seen.newest(name)).map(|seen| seen.0 - self.lookback);
        seen.or(self.watermark).unwrap_or(EARLIEST)
    }

    fn built_today(&self) -> i32 {
        let seen = self.seen.and_then(|seen| seen.today).map(|day| day.0);
        day_of(seen.or(self.watermark).unwrap_or(EARLIEST))
    }

    /// The rows of a dependency as the last build saw them that were changed or deleted since.
    fn before_images(&self, name: &str) -> String {
        let Some(&read) = self.project.by_name.get(name) else { return String::new() };
        if self.empty {
            return self.relation(read);
        }
        let dialect = self.project.dialect;
        let seen = dialect.literal(&wmshost_sql::Value::Timestamp(self.watermark_of(name)));
        let [table, loaded_at, replaced_at] =
            [&*before_image_table(&self.project.nodes[read].table), AUDIT_COLUMNS[1], REPLACED_AT]
                .map(|name| dialect.quoted(name));
        format!("(SELECT * FROM {table} WHERE {replaced_at} > {seen} AND {loaded_at} <= {seen})")
    }

    /// The relation of a node in a FROM.
    pub(crate) fn relation(&self, at: usize) -> String {
        let node = &self.project.nodes[at];
        let dialect = self.project.dialect;
        match node.model() {
            Some(model) if model.model.materialization == Materialization::Ephemeral && !self.empty => {
                format!("({})", self.statement(at, Mode::Full))
            }
            Some(model) if self.empty => {
                let own = model.model.columns.iter().map(|column| (column.name.as_str(), Some(column.kind.clone())));
                let has_rows = model.model.materialization.has_rows();
                let audit_columns = AUDIT_COLUMNS.into_iter().zip(audit_types().map(Some)).filter(|_| has_rows);
                let is_snapshot = matches!(model.model.materialization, Materialization::Snapshot(_));
                let versions = VERSION.into_iter().zip(version_types().map(Some)).filter(|_| is_snapshot);
                dialect.empty_relation(own.chain(versions).chain(audit_columns))
            }
            _ if !self.plain && !node.visible.is_empty() => {
                format!("(SELECT {} FROM {})", dialect.quoted_list("", &node.visible), dialect.quoted(&node.table))
            }
            _ => dialect.quoted(&node.table),
        }
    }
}

/// True if SQL names a column that the host adds.
fn names_host_column(sql: &str) -> bool {
    let mut words = sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.any(is_host_column)
}

/// The table that keeps the before images of a model's table.
pub(crate) fn before_image_table(table: &str) -> String {
    format!("{}{table}", STAGING_PREFIXES[2])
}

fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(86_400_000_000)).unwrap_or(i32::MAX)
}
