//! Compiles every statement in the database before any model is built, over empty relations in place of the models.
//! Reports mistakes with their position in the model's own text, and columns that differ from the declared ones.

use wmshost_flow::{Failure, Sql, SqlSession, failure_policy};
use wmshost_sql::Dialect;

use crate::contract::fits;
use crate::data_tests::query_of;
use crate::diagnostic::{At, Diagnostic, DiagnosticSink, locate};
use crate::project::{Node, ParsedModel, Project, SqlRenderer};
use crate::store::kind_of;
use crate::template::{Mode, Template};

/// Everything that compiling SQL needs.
struct Examiner<'p, 's> {
    project: &'p Project,
    sql: &'s mut dyn SqlSession,
    sink: DiagnosticSink,
    /// Streams that have no table yet, and models whose columns are unknown: SQL that reads them cannot be compiled.
    absent: Vec<usize>,
}

impl Project {
    /// Compiles the SQL of all models and tests in the target's database, without running any of it. Models that read a
    /// stream that was never loaded are left out, because the columns of its table are not known yet; returns the names
    /// of those streams.
    pub fn examine(&self, sql: &mut dyn SqlSession) -> Result<Result<Vec<String>, Vec<Diagnostic>>, Failure> {
        let mut absent = Vec::new();
        for at in (0..self.nodes.len()).filter(|&at| self.nodes[at].model().is_none()) {
            if kind_of(sql, self.dialect, &self.nodes[at].table)?.is_none() {
                absent.push(at);
            }
        }
        let names = absent.iter().map(|&at| self.nodes[at].name.clone()).collect();
        // What reads a model that cannot be described has nothing to be compiled over; the mistake is in that model.
        absent.extend((0..self.nodes.len()).filter(|&at| self.nodes[at].model().is_some_and(|model| model.is_open)));
        let mut examiner = Examiner { project: self, sql, sink: DiagnosticSink::default(), absent };
        for at in 0..self.nodes.len() {
            examiner.node(at)?;
        }
        let wrong = examiner.sink.all;
        Ok(if wrong.is_empty() { Ok(names) } else { Err(wrong) })
    }
}

impl Examiner<'_, '_> {
    fn node(&mut self, at: usize) -> Result<(), Failure> {
        let node = &self.project.nodes[at];
        if node.model().is_none() && self.absent.contains(&at) {
            return Ok(());
        }
        let mut is_sound = true;
        if let Some(model) = node.model() {
            if self.reads_absent(at) {
                return Ok(());
            }
            is_sound = self.model(at, node, model)?;
        }
        if is_sound { self.tests(at, node) } else { Ok(()) }
    }

    /// True if it reads a stream without a table; an ephemeral model's SQL is part of that of its readers.
    fn reads_absent(&self, at: usize) -> bool {
        self.project.ancestors(at, usize::MAX).iter().any(|read| self.absent.contains(read))
    }

    fn model(&mut self, at: usize, node: &Node, model: &ParsedModel) -> Result<bool, Failure> {
        let renderer = SqlRenderer { empty: true, live: model.is_live(), ..self.project.renderer() };
        let place = format!("{}, SQL", node.place());
        let before = self.sink.all.len();
        let full = renderer.statement(at, Mode::Full);
        if let Some(columns) = self.columns(node, &place, &model.statement, &full)? {
            self.compare_types(node, model, &columns);
            self.compare(node, model, &columns.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        }
        if let Some(changes) = &model.changes {
            let place = format!("{}, changes", node.place());
            let statement = renderer.write(changes, at, Mode::Incremental);
            if let Some(columns) = self.columns(node, &place, changes, &statement)? {
                let kind_of = |name: &str| {
                    let known = node.columns().iter().find(|column| column.name.eq_ignore_ascii_case(name));
                    known.map(|column| column.kind.clone())
                };
                let window = columns.iter().map(|(name, _)| (name, kind_of(name)));
                let changes = self.project.dialect.empty_relation(window);
                let incremental = renderer.statement(at, Mode::Incremental);
                let work_table = self.project.dialect.work_table("changes");
                self.columns(node, &place_of(node), &model.statement, &incremental.replace(&work_table, &changes))?;
            }
        } else if model.increment().is_some() {
            let incremental = renderer.statement(at, Mode::Incremental);
            self.columns(node, &place, &model.statement, &incremental)?;
        }
        Ok(self.sink.all.len() == before)
    }

    /// The columns of a SELECT, with their types where the database reports them; a mistake is reported and `None`
    /// returned.
    fn columns(
        &mut self,
        node: &Node,
        place: &str,
        template: &Template,
        statement: &str,
    ) -> Result<Option<Vec<(String, String)>>, Failure> {
        let columns = self.sql.columns(statement);
        self.note(node, place, Some(template), columns)
    }

    /// Checks that the types are the declared ones, as far as the database reports them before it runs the SQL.
    fn compare_types(&mut self, node: &Node, model: &ParsedModel, found: &[(String, String)]) {
        let place = node.place();
        let at = At { plugin: &node.plugin, place: &place };
        for column in &model.model.columns {
            let reported =
                found.iter().find(|(name, kind)| !kind.is_empty() && name.eq_ignore_ascii_case(&column.name));
            if let Some((_, kind)) = reported.filter(|(_, kind)| !fits(&column.kind, kind)) {
                let what =
                    format!("the column {} is declared {}, and its SQL returns {kind} there", column.name, column.kind);
                self.sink.add(at, what);
            }
        }
    }

    /// Records a database's error about a text, with the place in it that the message names.
    fn note<T>(
        &mut self,
        node: &Node,
        place: &str,
        template: Option<&Template>,
        result: Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let failure = match result {
            Ok(value) => return Ok(Some(value)),
            Err(failure) if failure_policy(&failure).retry => return Err(failure),
            Err(failure) => failure,
        };
        let at = At { plugin: &node.plugin, place };
        let found = template.and_then(|template| Some((template, locate(&template.source, &failure.message)?)));
        match found {
            Some((template, offset)) => self.sink.in_sql(at, &template.source, offset, failure.to_string()),
            None => self.sink.add(at, failure.to_string()),
        }
        Ok(None)
    }

    /// Checks that the columns are the declared ones. For Oracle only their number is compared.
    fn compare(&mut self, node: &Node, model: &ParsedModel, found: &[String]) {
        let place = node.place();
        let at = At { plugin: &node.plugin, place: &place };
        let declared = &model.model.columns;
        let has = |names: &[String], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let missing: Vec<&str> =
            declared.iter().map(|column| column.name.as_str()).filter(|name| !has(found, name)).collect();
        let audit_columns = wmshost_flow::AUDIT_COLUMNS.map(str::to_owned);
        let undeclared: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|name| !declared.iter().any(|column| column.name.eq_ignore_ascii_case(name)))
            .collect();
        if !missing.is_empty() {
            self.sink.add(at, format!("its SQL does not return the declared columns {}", missing.join(", ")));
        }
        let own: Vec<&str> = undeclared.iter().copied().filter(|name| has(&audit_columns, name)).collect();
        if model.model.materialization.has_rows() && !own.is_empty() {
            self.sink.add(at, format!("its SQL returns {}, which the host adds itself", own.join(", ")));
        } else if !undeclared.is_empty() {
            let undeclared = undeclared.join(", ");
            self.sink.add(at, format!("its SQL returns columns that are not declared: {undeclared}; declare them"));
        }
    }

    fn tests(&mut self, at: usize, node: &Node) -> Result<(), Failure> {
        let renderer = SqlRenderer { empty: true, ..self.project.renderer() };
        for parsed in &node.tests {
            let looks_at_absent =
                parsed.relations(self.project).any(|other| self.absent.contains(&other) || self.reads_absent(other));
            if looks_at_absent {
                continue;
            }
            let statement = query_of(&renderer, at, parsed);
            let place = format!("{}, test {}", node.place(), parsed.test.name);
            let source = parsed.sql.as_ref().or(parsed.only_where.as_ref());
            let compiled = compile(self.sql, self.project.dialect, &statement);
            self.note(node, &place, source, compiled)?;
        }
        Ok(())
    }
}

fn place_of(node: &Node) -> String {
    format!("{}, SQL", node.place())
}

/// Compiles a SELECT and does not run it.
fn compile(sql: &mut dyn Sql, dialect: Dialect, select: &str) -> Result<(), Failure> {
    match dialect {
        Dialect::Sqlite => sql.query(&format!("EXPLAIN {select}"), &[]).map(drop),
        Dialect::Oracle => sql.columns(select).map(drop),
    }
}
