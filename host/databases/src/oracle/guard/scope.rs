//! Walks a parsed statement by the guard's rules, with the names that are visible at each place.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{
    Expr, Fetch, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, InTarget,
    JoinConstraint, ObjectName, OrderByExpr, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, TableAlias, TableFactor, TableWithJoins, WindowFrameBound, WindowType,
};
use wmshost_flow::table_not_granted;
use wmshost_sql::Dialect;
use wmshost_sql::guard::{Relation, Scopes};

use super::rules::{
    Checked, Columns, Violation, alias_of, check_type, check_wildcard, constraint, denied, full_name, has_odd_clauses,
    has_query, known, name_of, plain_only, relation, value_is_plain,
};

/// Names that are not columns, and reveal nothing but the row's place or the time.
const PSEUDO_COLUMNS: &[&str] =
    &["ROWNUM", "ROWID", "ORA_ROWSCN", "SYSDATE", "SYSTIMESTAMP", "CURRENT_DATE", "CURRENT_TIMESTAMP"];

/// The table of one row.
const DUAL: &str = "DUAL";

/// Walks one statement.
pub(crate) struct StatementGuard<'a, 'c> {
    granted: &'a BTreeSet<String>,
    source: &'a mut Columns<'c>,
    known: BTreeMap<String, Vec<String>>,
    /// The visible relations. All columns are known.
    scopes: Scopes,
    tables: Vec<MetTable>,
}

/// A table in a statement.
pub(crate) struct MetTable {
    pub(crate) name: ObjectName,
    /// True if it has a name of its own in the statement.
    pub(crate) has_alias: bool,
}

impl<'a, 'c> StatementGuard<'a, 'c> {
    pub(crate) fn new(granted: &'a BTreeSet<String>, source: &'a mut Columns<'c>) -> Self {
        Self { granted, source, known: BTreeMap::new(), scopes: Scopes::default(), tables: Vec::new() }
    }

    /// The tables that were met.
    pub(crate) fn into_tables(self) -> Vec<MetTable> {
        self.tables
    }

    /// Checks a query; returns the names of its columns.
    pub(crate) fn query(&mut self, query: &Query) -> Checked<Vec<String>> {
        if query.with.is_some() {
            return denied("WITH is not allowed; put the query into FROM");
        }
        let odd = !query.locks.is_empty()
            || query.limit_clause.is_some()
            || query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty();
        if odd {
            return plain_only();
        }
        let outputs = match query.body.as_ref() {
            SetExpr::Select(select) => return self.ordered_select(select, query),
            body => self.set(body)?,
        };
        // After a UNION only its columns are visible.
        self.scopes.enter(vec![relation(None, outputs.clone())]);
        let ordered = self.order_and_fetch(query);
        self.scopes.leave();
        ordered.map(|()| outputs)
    }

    fn ordered_select(&mut self, select: &Select, query: &Query) -> Checked<Vec<String>> {
        let depth = self.scopes.depth();
        let checked = self.select(select).and_then(|outputs| {
            // ORDER BY sees the names of the SELECT's columns, too; each of them was checked.
            self.scopes.enter(vec![relation(None, outputs.clone())]);
            self.order_and_fetch(query).map(|()| outputs)
        });
        self.scopes.leave_to(depth);
        checked
    }

    fn order_and_fetch(&mut self, query: &Query) -> Checked {
        if let Some(order) = &query.order_by {
            match &order.kind {
                OrderByKind::Expressions(parts) if order.interpolate.is_none() => self.order(parts)?,
                _ => return plain_only(),
            }
        }
        match &query.fetch {
            Some(Fetch { quantity: Some(quantity), .. }) => self.expr(quantity),
            _ => Ok(()),
        }
    }

    fn order(&mut self, parts: &[OrderByExpr]) -> Checked {
        for part in parts {
            if part.with_fill.is_some() {
                return plain_only();
            }
            if has_query(&part.expr) {
                // Names of the SELECT's columns are visible here, but not within a subquery, where Oracle may take one for
                // a function's.
                return denied("a subquery in ORDER BY is not allowed; put it into the SELECT, and order by its name");
            }
            self.expr(&part.expr)?;
        }
        Ok(())
    }

    fn set(&mut self, body: &SetExpr) -> Checked<Vec<String>> {
        match body {
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                let outputs = self.set(left)?;
                self.set(right)?;
                Ok(outputs)
            }
            SetExpr::Select(select) => {
                let depth = self.scopes.depth();
                let outputs = self.select(select);
                self.scopes.leave_to(depth);
                outputs
            }
            _ => denied("only SELECT is allowed"),
        }
    }

    /// Checks a SELECT and leaves its FROM visible.
    fn select(&mut self, select: &Select) -> Checked<Vec<String>> {
        if has_odd_clauses(select) {
            return plain_only();
        }
        let mut relations = Vec::new();
        let mut conditions = Vec::new();
        for from in &select.from {
            self.from(from, &mut relations, &mut conditions)?;
        }
        self.scopes.enter(relations);
        for condition in conditions.into_iter().chain(select.selection.iter()).chain(select.having.iter()) {
            self.expr(condition)?;
        }
        match &select.group_by {
            GroupByExpr::Expressions(parts, modifiers) if modifiers.is_empty() => self.exprs(parts)?,
            _ => return plain_only(),
        }
        let mut outputs = Vec::new();
        for item in &select.projection {
            self.projection(item, &mut outputs)?;
        }
        Ok(outputs)
    }

    fn projection(&mut self, item: &SelectItem, outputs: &mut Vec<String>) -> Checked {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                self.expr(expr)?;
                match expr {
                    Expr::Identifier(ident) => outputs.push(name_of(ident)),
                    Expr::CompoundIdentifier(parts) => outputs.extend(parts.last().map(name_of)),
                    _ => {}
                }
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                self.expr(expr)?;
                outputs.push(name_of(alias));
            }
            SelectItem::Wildcard(options) => {
                check_wildcard(options)?;
                outputs.extend(self.scopes.innermost().iter().flat_map(known));
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                check_wildcard(options)?;
                let alias = full_name(name);
                match self.scopes.innermost().iter().find(|relation| relation.name.as_ref() == Some(&alias)) {
                    Some(relation) => outputs.extend(known(relation)),
                    None => return denied(format!("{alias}.* names no table of this FROM")),
                }
            }
            _ => return plain_only(),
        }
        Ok(())
    }

    fn from<'q>(
        &mut self,
        from: &'q TableWithJoins,
        relations: &mut Vec<Relation>,
        conditions: &mut Vec<&'q Expr>,
    ) -> Checked {
        self.factor(&from.relation, relations, conditions)?;
        for join in &from.joins {
            self.factor(&join.relation, relations, conditions)?;
            match constraint(join) {
                Some(JoinConstraint::On(condition)) => conditions.push(condition),
                Some(JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None) => {}
                _ => return denied("only inner, outer and cross joins are allowed"),
            }
        }
        Ok(())
    }

    fn factor<'q>(
        &mut self,
        factor: &'q TableFactor,
        relations: &mut Vec<Relation>,
        conditions: &mut Vec<&'q Expr>,
    ) -> Checked {
        match factor {
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let columns = self.query(subquery)?;
                relations.push(relation(alias_of(alias.as_ref())?, columns));
                Ok(())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.from(table_with_joins, relations, conditions)
            }
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_directives,
                inheritance: None,
            } if with_hints.is_empty() && partitions.is_empty() && index_directives.is_empty() => {
                self.table(name, alias.as_ref(), relations)
            }
            _ => denied("only tables and subqueries are allowed in FROM"),
        }
    }

    fn table(&mut self, name: &ObjectName, alias: Option<&TableAlias>, relations: &mut Vec<Relation>) -> Checked {
        let table = full_name(name);
        if name.0.len() != 1 {
            return denied(format!("{table} is in another schema; name the table alone"));
        }
        let alias = alias_of(alias)?;
        let has_alias = alias.is_some();
        let alias = alias.unwrap_or_else(|| table.clone());
        if table == DUAL && !self.granted.contains(DUAL) {
            relations.push(relation(Some(alias), Vec::new()));
            return Ok(());
        }
        if !self.granted.contains(&table) {
            return denied(table_not_granted(table));
        }
        if !self.known.contains_key(&table) {
            let columns = (self.source)(&table).map_err(Violation::Failed)?;
            let Some(columns) = columns else {
                return Err(Violation::Unreadable(format!("there is no table {table}, or no right to it was granted")));
            };
            self.known.insert(table.clone(), columns);
        }
        relations.push(relation(Some(alias), self.known[&table].clone()));
        self.tables.push(MetTable { name: name.clone(), has_alias });
        Ok(())
    }

    fn exprs<'q>(&mut self, exprs: impl IntoIterator<Item = &'q Expr>) -> Checked {
        exprs.into_iter().try_for_each(|expr| self.expr(expr))
    }

    fn expr(&mut self, expr: &Expr) -> Checked {
        match expr {
            Expr::Identifier(ident) => self.column(ident),
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Value(value) => value_is_plain(&value.value),
            Expr::TypedString(_) => Ok(()),
            Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::Nested(inner)
            | Expr::OuterJoin(inner)
            | Expr::UnaryOp { expr: inner, .. }
            | Expr::Extract { expr: inner, .. }
            | Expr::Ceil { expr: inner, .. }
            | Expr::Floor { expr: inner, .. } => self.expr(inner),
            Expr::Interval(interval) => self.expr(&interval.value),
            Expr::BinaryOp { left, right, .. } => self.exprs([left.as_ref(), right.as_ref()]),
            Expr::AtTimeZone { timestamp, time_zone } => self.exprs([timestamp.as_ref(), time_zone.as_ref()]),
            Expr::Between { expr, low, high, .. } => self.exprs([expr.as_ref(), low.as_ref(), high.as_ref()]),
            Expr::Like { expr, pattern, escape_char, .. } => {
                self.exprs([expr.as_ref(), pattern.as_ref()])?;
                self.exprs(escape_char.as_deref())
            }
            Expr::In { expr, target, .. } => {
                self.expr(expr)?;
                match target {
                    InTarget::List(list) => self.exprs(list),
                    InTarget::Subquery(query) => self.query(query).map(drop),
                    _ => plain_only(),
                }
            }
            Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => self.query(subquery).map(drop),
            Expr::Tuple(parts) => self.exprs(parts),
            Expr::Cast { expr, data_type, format: None, .. } => {
                check_type(data_type)?;
                self.expr(expr)
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                self.expr(expr)?;
                self.exprs(substring_from.as_deref())?;
                self.exprs(substring_for.as_deref())
            }
            Expr::Trim { expr, trim_what, trim_characters, .. } => {
                self.expr(expr)?;
                self.exprs(trim_what.as_deref())?;
                self.exprs(trim_characters.iter().flatten())
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.exprs(operand.as_deref())?;
                self.exprs(conditions.iter().flat_map(|case| [&case.condition, &case.result]))?;
                self.exprs(else_result.as_deref())
            }
            Expr::Function(function) => self.function(function),
            _ => plain_only(),
        }
    }

    fn column(&self, ident: &Ident) -> Checked {
        let name = name_of(ident);
        let is_pseudo = ident.quote_style.is_none() && PSEUDO_COLUMNS.contains(&name.as_str());
        if is_pseudo || self.scopes.may_be_column(&name) {
            return Ok(());
        }
        Err(Violation::UnknownColumn(name))
    }

    fn compound(&self, parts: &[Ident]) -> Checked {
        let names: Vec<String> = parts.iter().map(name_of).collect();
        let [alias, column] = names.as_slice() else {
            return denied(format!("{} is not a column of a table in FROM", names.join(".")));
        };
        let is_pseudo = ["ROWID", "ORA_ROWSCN"].contains(&column.as_str()) && self.scopes.is_relation(alias);
        let seen = is_pseudo || self.scopes.may_be_column_of(alias, column);
        if seen { Ok(()) } else { Err(Violation::UnknownColumn(format!("{alias}.{column}"))) }
    }

    fn function(&mut self, function: &Function) -> Checked {
        let name = full_name(&function.name);
        if function.name.0.len() != 1 || !Dialect::Oracle.only_computes(&name) {
            return denied(format!("the function {name} is not among those that only compute"));
        }
        if !matches!(function.parameters, FunctionArguments::None) || function.uses_odbc_syntax {
            return plain_only();
        }
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => drop(self.query(query)?),
            FunctionArguments::List(list) => {
                if !list.clauses.is_empty() {
                    return plain_only();
                }
                for argument in &list.args {
                    match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr)?,
                        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
                        _ => return plain_only(),
                    }
                }
            }
        }
        self.exprs(function.filter.as_deref())?;
        self.order(&function.within_group)?;
        match &function.over {
            None => Ok(()),
            Some(WindowType::NamedWindow(_)) => plain_only(),
            Some(WindowType::WindowSpec(window)) => {
                self.exprs(&window.partition_by)?;
                self.order(&window.order_by)?;
                let frame = window.window_frame.iter();
                for bound in frame.flat_map(|frame| [Some(&frame.start_bound), frame.end_bound.as_ref()]).flatten() {
                    if let WindowFrameBound::Preceding(Some(span)) | WindowFrameBound::Following(Some(span)) = bound {
                        self.expr(span)?;
                    }
                }
                Ok(())
            }
        }
    }
}
