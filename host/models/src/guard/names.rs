//! Which names can be seen at a place of a SELECT: parts named by WITH, and names of relations in FROM.

use std::collections::BTreeSet;

use sqlparser::ast::{Cte, Ident, ObjectName, Query, Select, SetExpr, TableFactor, TableWithJoins};
use wmshost_flow::Dialect;

/// A name as the database understands it.
pub(super) fn understood(dialect: Dialect, ident: &Ident) -> String {
    match (dialect, ident.quote_style) {
        (Dialect::Sqlite, _) => ident.value.to_lowercase(),
        (Dialect::Oracle, None) => ident.value.to_uppercase(),
        (Dialect::Oracle, Some(_)) => ident.value.clone(),
    }
}

/// What a query names for itself.
pub(super) struct Frame {
    /// The parts of its WITH whose end was not reached yet, the next one first.
    coming: Vec<Part>,
    /// Those that can be seen by now.
    parts: BTreeSet<String>,
    /// What its relations are called.
    relations: BTreeSet<String>,
}

struct Part {
    name: String,
    /// Tells the part's query from all others while the tree is walked.
    query: *const Query,
    /// Whether its name means itself within.
    sees_itself: bool,
}

/// The names of all queries around a place, the innermost last.
pub(super) struct Names {
    dialect: Dialect,
    frames: Vec<Frame>,
}

impl Names {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, frames: Vec::new() }
    }

    /// A query begins.
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
        let relations = match query.body.as_ref() {
            SetExpr::Select(select) => self.relations(select),
            _ => BTreeSet::new(),
        };
        self.frames.push(Frame { coming, parts, relations });
    }

    /// In Oracle a part without a list of columns does not see itself: its name within is that of a table.
    fn part(&self, cte: &Cte, recursive: bool) -> Part {
        let sees_itself = match self.dialect {
            Dialect::Sqlite => recursive,
            Dialect::Oracle => !cte.alias.columns.is_empty(),
        };
        Part { name: understood(self.dialect, &cte.alias.name), query: &raw const *cte.query, sees_itself }
    }

    /// A query ends: if it was a part of a WITH, what follows sees it.
    pub(super) fn end(&mut self, query: &Query) {
        self.frames.pop();
        if let Some(around) = self.frames.last_mut()
            && let Some(at) = around.coming.iter().position(|part| std::ptr::eq(part.query, query))
        {
            let part = around.coming.remove(at);
            around.parts.insert(part.name);
        }
    }

    /// One SELECT of a query begins.
    pub(super) fn begin_select(&mut self, select: &Select) {
        let relations = self.relations(select);
        self.frames.push(Frame { coming: Vec::new(), parts: BTreeSet::new(), relations });
    }

    pub(super) fn end_select(&mut self) {
        self.frames.pop();
    }

    /// Whether a name in FROM is that of a part.
    pub(super) fn is_part(&self, name: &Ident) -> bool {
        let name = understood(self.dialect, name);
        self.frames.iter().any(|frame| frame.parts.contains(&name))
    }

    /// Whether what stands before the point of a column is a relation.
    pub(super) fn is_relation(&self, name: &Ident) -> bool {
        let name = understood(self.dialect, name);
        self.frames.iter().any(|frame| frame.relations.contains(&name))
    }

    fn relations(&self, select: &Select) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        select.from.iter().for_each(|from| self.from(from, &mut found));
        found
    }

    fn from(&self, from: &TableWithJoins, found: &mut BTreeSet<String>) {
        self.factor(&from.relation, found);
        from.joins.iter().for_each(|join| self.factor(&join.relation, found));
    }

    fn factor(&self, factor: &TableFactor, found: &mut BTreeSet<String>) {
        let alias = match factor {
            TableFactor::Table { name: ObjectName(parts), alias, .. } => {
                let own = parts.last().and_then(|part| part.as_ident());
                alias.as_ref().map(|alias| &alias.name).or(own)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                self.from(table_with_joins, found);
                alias.as_ref().map(|alias| &alias.name)
            }
            TableFactor::Derived { alias, .. }
            | TableFactor::Pivot { alias, .. }
            | TableFactor::Unpivot { alias, .. } => alias.as_ref().map(|alias| &alias.name),
            _ => None,
        };
        found.extend(alias.map(|name| understood(self.dialect, name)));
    }
}
