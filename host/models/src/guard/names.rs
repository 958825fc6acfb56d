//! The names that are visible at a place of a SELECT: parts named by WITH, and names of relations in FROM. A part of
//! WITH and a subquery in FROM do not see the FROM that they are beside or in.

use std::collections::BTreeSet;

use sqlparser::ast::{
    Cte, Ident, JoinOperator, ObjectName, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
};
use wmshost_sql::Dialect;
use wmshost_sql::guard::{Columns, Relation, Scopes};

/// The names that a query, or one SELECT of it, defines.
#[derive(Default)]
pub(super) struct Frame {
    /// The parts of its WITH whose end was not reached yet, the next one first.
    coming: Vec<Part>,
    /// The parts that are visible by now.
    parts: BTreeSet<String>,
    /// Subqueries in its FROM that do not see the other relations.
    blind: Vec<*const Query>,
    /// The column names of a query's SELECT, which can be used after it.
    columns: BTreeSet<String>,
}

/// The relations in FROM, and the subqueries among them that do not see the others.
#[derive(Default)]
struct From {
    relations: Vec<Relation>,
    blind: Vec<*const Query>,
}

struct Part {
    name: String,
    /// The part's query, by which it is recognised while the tree is walked.
    query: *const Query,
    /// True if its name refers to itself within its query.
    sees_itself: bool,
}

/// The names of all queries around a place, the innermost last.
pub(super) struct Names {
    dialect: Dialect,
    /// True if the text is part of a statement whose columns it does not know.
    is_within: bool,
    frames: Vec<Frame>,
    /// The relations of each frame.
    scopes: Scopes,
}

impl Names {
    pub(super) fn new(dialect: Dialect, is_within: bool) -> Self {
        Self { dialect, is_within, frames: Vec::new(), scopes: Scopes::default() }
    }

    /// Begins a query.
    pub(super) fn begin(&mut self, query: &Query) {
        let mut parts = BTreeSet::new();
        let of_part =
            self.frames.last().and_then(|around| around.coming.iter().find(|part| std::ptr::eq(part.query, query)));
        if let Some(part) = of_part
            && part.sees_itself
        {
            parts.insert(part.name.clone());
        }
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let coming = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| self.part(cte, recursive)).collect();
        let hidden = match self.frames.last() {
            // The query that it is a part of.
            _ if of_part.is_some() => 1,
            // The SELECT that it is in, and the query of that.
            Some(around) if around.blind.iter().any(|blind| std::ptr::eq(*blind, query)) => 2,
            _ => 0,
        };
        let (from, columns) = match query.body.as_ref() {
            SetExpr::Select(select) => (self.from(select), self.columns(select)),
            _ => Default::default(),
        };
        self.scopes.enter_blind(from.relations, hidden);
        self.frames.push(Frame { coming, parts, blind: from.blind, columns });
    }

    /// In Oracle a part without a list of columns does not see itself: its name within is that of a table.
    fn part(&self, cte: &Cte, recursive: bool) -> Part {
        let sees_itself = match self.dialect {
            Dialect::Sqlite => recursive,
            Dialect::Oracle => !cte.alias.columns.is_empty(),
        };
        Part { name: self.dialect.understood(&cte.alias.name), query: &raw const *cte.query, sees_itself }
    }

    /// Ends a query: if it was a part of a WITH, it is visible from now on.
    pub(super) fn end(&mut self, query: &Query) {
        self.scopes.leave();
        self.frames.pop();
        if let Some(around) = self.frames.last_mut()
            && let Some(at) = around.coming.iter().position(|part| std::ptr::eq(part.query, query))
        {
            let part = around.coming.remove(at);
            around.parts.insert(part.name);
        }
    }

    /// Begins one SELECT of a query.
    pub(super) fn begin_select(&mut self, select: &Select) {
        let from = self.from(select);
        self.scopes.enter(from.relations);
        self.frames.push(Frame { blind: from.blind, ..Frame::default() });
    }

    pub(super) fn end_select(&mut self) {
        self.scopes.leave();
        self.frames.pop();
    }

    /// True if a name in FROM is that of a part.
    pub(super) fn is_part(&self, name: &Ident) -> bool {
        let name = self.dialect.understood(name);
        self.frames.iter().any(|frame| frame.parts.contains(&name))
    }

    /// True if the name before the point of a column is a relation.
    pub(super) fn is_relation(&self, name: &Ident) -> bool {
        self.scopes.is_relation(&self.dialect.understood(name))
    }

    /// True if a bare word can be a column: the text does not show which columns a table has, but without a table there
    /// are none.
    pub(super) fn may_be_column(&self, name: &Ident) -> bool {
        let name = self.dialect.understood(name);
        let is_named = self.frames.last().is_some_and(|frame| frame.columns.contains(&name));
        is_named || self.is_within || self.scopes.may_be_column(&name)
    }

    fn from(&self, select: &Select) -> From {
        let mut from = From::default();
        select.from.iter().for_each(|tables| self.tables(tables, &mut from));
        from
    }

    fn tables(&self, tables: &TableWithJoins, from: &mut From) {
        self.factor(&tables.relation, true, from);
        for join in &tables.joins {
            // The right side of APPLY sees the relations before it.
            let applied = matches!(join.join_operator, JoinOperator::CrossApply | JoinOperator::OuterApply);
            self.factor(&join.relation, !applied, from);
        }
    }

    fn factor(&self, factor: &TableFactor, is_blind: bool, from: &mut From) {
        let (name, columns) = match factor {
            TableFactor::Table { name: ObjectName(parts), alias, .. } => {
                let own = parts.last().and_then(|part| part.as_ident());
                let is_dual = own.is_some_and(|own| self.dialect.understood(own) == "DUAL");
                let columns = if is_dual { Columns::Known(Vec::new()) } else { Columns::Unknown };
                (alias.as_ref().map(|alias| &alias.name).or(own), columns)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                self.tables(table_with_joins, from);
                // Its relations have the columns.
                (alias.as_ref().map(|alias| &alias.name), Columns::Known(Vec::new()))
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                if is_blind && !lateral {
                    from.blind.push(&raw const **subquery);
                }
                (alias.as_ref().map(|alias| &alias.name), Columns::Unknown)
            }
            TableFactor::Pivot { alias, .. } | TableFactor::Unpivot { alias, .. } => {
                (alias.as_ref().map(|alias| &alias.name), Columns::Unknown)
            }
            _ => (None, Columns::Unknown),
        };
        from.relations.push(Relation { name: name.map(|name| self.dialect.understood(name)), columns });
    }

    fn columns(&self, select: &Select) -> BTreeSet<String> {
        let named = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(self.dialect.understood(alias)),
            _ => None,
        });
        named.collect()
    }
}
