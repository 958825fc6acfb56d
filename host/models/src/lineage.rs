//! Column lineage, as far as the SQL shows it: names are followed through aliases, subqueries and common table
//! expressions to the columns of the nodes that a model reads. A name that cannot be followed is left out; nothing is
//! guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Cte, Expr, Ident, Query, Select, SelectItem, SetExpr, Statement, TableAlias, TableFactor, TableWithJoins, Visit,
    Visitor,
};
use sqlparser::parser::Parser;
use wmshost_sql::guard::on_deep_stack;

use crate::project::Project;
use crate::template::{Mode, Placeholder};

/// For a node's column (in lower case), the columns that it is computed from.
pub(crate) type ColumnSources = BTreeMap<(usize, String), BTreeSet<(usize, String)>>;

/// For each column of a relation in a FROM, the columns that it is computed from.
type Columns = BTreeMap<String, BTreeSet<(usize, String)>>;

impl Project {
    /// For every column of every model, the columns of its dependencies that it is computed from.
    pub(crate) fn column_lineage(&self) -> ColumnSources {
        let mut all = ColumnSources::new();
        on_deep_stack(|| {
            for (at, node) in self.nodes.iter().enumerate() {
                let Some(model) = node.model() else { continue };
                let sql = model.statement.render(Mode::Full, |word| match word {
                    Placeholder::Relation(name) => {
                        format!("wms_node_{}", self.by_name.get(name).copied().unwrap_or(usize::MAX))
                    }
                    Placeholder::This | Placeholder::Changes | Placeholder::Before(_) => "wms_nothing".to_owned(),
                    _ => "NULL".to_owned(),
                });
                let Ok(statements) = Parser::parse_sql(self.dialect.parser_dialect(), &sql) else { continue };
                let Some(Statement::Query(query)) = statements.first() else { continue };
                let reader = LineageReader { project: self };
                for (column, sources) in reader.query(query, &BTreeMap::new()) {
                    all.insert((at, column), sources);
                }
            }
        });
        all
    }
}

struct LineageReader<'p> {
    project: &'p Project,
}

/// A relation in a FROM, under the name that columns are qualified with.
struct Source {
    name: String,
    columns: Columns,
    /// The stream that it is, which may have more columns than are declared.
    stream: Option<usize>,
}

impl LineageReader<'_> {
    fn query(&self, query: &Query, around: &BTreeMap<String, Columns>) -> Columns {
        let mut named = around.clone();
        if let Some(with) = &query.with {
            for Cte { alias, query, .. } in &with.cte_tables {
                let columns = renamed(self.query(query, &named), alias, query);
                named.insert(lower(&alias.name), columns);
            }
        }
        self.body(&query.body, &named)
    }

    fn body(&self, body: &SetExpr, named: &BTreeMap<String, Columns>) -> Columns {
        match body {
            SetExpr::Select(select) => self.select(select, named),
            SetExpr::Query(query) => self.query(query, named),
            SetExpr::SetOperation { left, right, .. } => {
                let mut columns = self.body(left, named);
                // Columns are matched by position, so the names of the left side count.
                let names = output_names(left);
                let right_names = output_names(right);
                let right = self.body(right, named);
                for (name, other) in names.iter().zip(&right_names) {
                    if let Some(sources) = right.get(other) {
                        columns.entry(name.clone()).or_default().extend(sources.iter().cloned());
                    }
                }
                columns
            }
            _ => Columns::new(),
        }
    }

    fn select(&self, select: &Select, named: &BTreeMap<String, Columns>) -> Columns {
        let sources: Vec<Source> = select.from.iter().flat_map(|from| self.from(from, named)).collect();
        let mut columns = Columns::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expression) => {
                    if let Some(name) = expression_name(expression) {
                        columns.insert(name, self.expression(expression, &sources, named));
                    }
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    columns.insert(lower(alias), self.expression(expr, &sources, named));
                }
                SelectItem::Wildcard(_) => {
                    columns.extend(sources.iter().flat_map(|source| source.columns.clone()));
                }
                SelectItem::QualifiedWildcard(kind, _) => {
                    let name = kind.to_string().trim_end_matches(".*").trim_matches('"').to_ascii_lowercase();
                    let meant = sources.iter().filter(|source| source.name == name);
                    columns.extend(meant.flat_map(|source| source.columns.clone()));
                }
                _ => {}
            }
        }
        columns
    }

    fn from(&self, from: &TableWithJoins, named: &BTreeMap<String, Columns>) -> Vec<Source> {
        let factors = std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
        factors.flat_map(|factor| self.factor(factor, named)).collect()
    }

    fn factor(&self, factor: &TableFactor, named: &BTreeMap<String, Columns>) -> Vec<Source> {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                let table = name.to_string().trim_matches('"').to_ascii_lowercase();
                let columns = named.get(&table).cloned().unwrap_or_else(|| self.node(&table));
                let stream = node_number(&table).filter(|&at| {
                    !named.contains_key(&table) && self.project.nodes.get(at).is_some_and(|node| node.model().is_none())
                });
                let name = alias.as_ref().map_or(table, |alias| lower(&alias.name));
                vec![Source { name, columns, stream }]
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let columns = self.query(subquery, named);
                vec![match alias {
                    Some(alias) => {
                        Source { name: lower(&alias.name), columns: renamed(columns, alias, subquery), stream: None }
                    }
                    None => Source { name: String::new(), columns, stream: None },
                }]
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(table_with_joins, named),
            _ => Vec::new(),
        }
    }

    /// The columns of a node: each is computed from itself.
    fn node(&self, table: &str) -> Columns {
        let Some((at, node)) = node_number(table).and_then(|at| Some((at, self.project.nodes.get(at)?))) else {
            return Columns::new();
        };
        let own = node.columns().iter().map(|column| column.name.to_ascii_lowercase());
        own.map(|name| (name.clone(), BTreeSet::from([(at, name)]))).collect()
    }

    /// The columns that an expression is computed from.
    fn expression(
        &self,
        expression: &Expr,
        sources: &[Source],
        named: &BTreeMap<String, Columns>,
    ) -> BTreeSet<(usize, String)> {
        let mut names = Names::default();
        let _ = expression.visit(&mut names);
        let mut found = BTreeSet::new();
        for name in names.columns {
            found.extend(self.column(&name, sources));
        }
        for query in names.queries {
            found.extend(self.query(&query, named).into_values().flatten());
        }
        found
    }

    fn column(&self, name: &[String], sources: &[Source]) -> BTreeSet<(usize, String)> {
        let (column, qualifier) = match name {
            [column] => (column, None),
            [.., qualifier, column] => (column, Some(qualifier)),
            [] => return BTreeSet::new(),
        };
        let meant = sources.iter().filter(|source| qualifier.is_none_or(|qualifier| source.name == *qualifier));
        let mut found: Vec<&BTreeSet<(usize, String)>> =
            meant.filter_map(|source| source.columns.get(column)).collect();
        match (found.pop(), found.is_empty()) {
            (Some(sources), true) => sources.clone(),
            (None, _) => undeclared(column, qualifier, sources),
            _ => BTreeSet::new(),
        }
    }
}

/// A column that is not declared anywhere: that of the only stream it can belong to.
fn undeclared(column: &str, qualifier: Option<&String>, sources: &[Source]) -> BTreeSet<(usize, String)> {
    let mut open = sources
        .iter()
        .filter(|source| qualifier.is_none_or(|qualifier| source.name == *qualifier))
        .filter_map(|source| source.stream);
    match (open.next(), open.next()) {
        (Some(stream), None) => BTreeSet::from([(stream, column.to_owned())]),
        _ => BTreeSet::new(),
    }
}

/// The names and the subqueries in an expression.
#[derive(Default)]
struct Names {
    columns: Vec<Vec<String>>,
    queries: Vec<Query>,
    depth: usize,
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.queries.push(query.clone());
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            match expression {
                Expr::Identifier(name) => self.columns.push(vec![lower(name)]),
                Expr::CompoundIdentifier(parts) => self.columns.push(parts.iter().map(lower).collect()),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

fn node_number(table: &str) -> Option<usize> {
    table.strip_prefix("wms_node_")?.parse().ok()
}

fn lower(name: &Ident) -> String {
    name.value.to_ascii_lowercase()
}

/// The name of the column that an expression makes.
fn expression_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Identifier(name) => Some(lower(name)),
        Expr::CompoundIdentifier(parts) => parts.last().map(lower),
        _ => None,
    }
}

/// The names of the columns of a SELECT, in order; an empty one where the name is unknown.
fn output_names(body: &SetExpr) -> Vec<String> {
    match body {
        SetExpr::Select(select) => select
            .projection
            .iter()
            .map(|item| match item {
                SelectItem::UnnamedExpr(expression) => expression_name(expression).unwrap_or_default(),
                SelectItem::ExprWithAlias { alias, .. } => lower(alias),
                _ => String::new(),
            })
            .collect(),
        SetExpr::Query(query) => output_names(&query.body),
        SetExpr::SetOperation { left, .. } => output_names(left),
        _ => Vec::new(),
    }
}

/// The columns under the names of an alias: `t(a, b)`.
fn renamed(columns: Columns, alias: &TableAlias, query: &Query) -> Columns {
    if alias.columns.is_empty() {
        return columns;
    }
    let names = output_names(&query.body);
    let renamed = alias
        .columns
        .iter()
        .zip(names)
        .map(|(new, old)| (lower(&new.name), columns.get(&old).cloned().unwrap_or_default()));
    renamed.collect()
}
