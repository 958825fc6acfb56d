//! The clauses, functions, types and literals that a guest's statement may have; and names as Oracle understands them.

use std::ops::ControlFlow;

use sqlparser::ast::{
    DataType, Distinct, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectFlavor,
    TableAlias, Value, Visit as _, Visitor, WildcardAdditionalOptions,
};
use wmshost_flow::Failure;
use wmshost_sql::guard::{Columns as RelationColumns, Relation};
use wmshost_sql::{Dialect, guard};

/// Types that a cast may name and that the parser does not know as such.
const TYPES: &[&str] = &["NUMBER", "VARCHAR2", "NVARCHAR2", "NCHAR", "RAW", "BINARY_DOUBLE", "BINARY_FLOAT"];

/// The result of a check.
pub(crate) type Checked<T = ()> = Result<T, Violation>;

pub(crate) fn denied<T>(why: impl Into<String>) -> Checked<T> {
    Err(Violation::Denied(why.into()))
}

pub(crate) fn plain_only<T>() -> Checked<T> {
    denied("only a plain SELECT is allowed, without clauses that lock, repeat or write")
}

/// A name as Oracle understands it.
pub(crate) fn name_of(ident: &Ident) -> String {
    Dialect::Oracle.understood(ident)
}

pub(crate) fn full_name(name: &ObjectName) -> String {
    guard::full_name(Dialect::Oracle, name)
}

pub(crate) fn has_odd_clauses(select: &Select) -> bool {
    !select.optimizer_hints.is_empty()
        || !matches!(select.distinct, None | Some(Distinct::All | Distinct::Distinct))
        || select.select_modifiers.is_some()
        || select.top.is_some()
        || select.exclude.is_some()
        || select.into.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || !select.named_window.is_empty()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || select.flavor != SelectFlavor::Standard
}

pub(crate) fn check_wildcard(options: &WildcardAdditionalOptions) -> Checked {
    let odd = options.opt_ilike.is_some()
        || options.opt_exclude.is_some()
        || options.opt_except.is_some()
        || options.opt_replace.is_some()
        || options.opt_rename.is_some()
        || options.opt_alias.is_some();
    if odd { plain_only() } else { Ok(()) }
}

pub(crate) fn constraint(join: &Join) -> Option<&JoinConstraint> {
    match &join.join_operator {
        _ if join.global => None,
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)
        | JoinOperator::Right(on)
        | JoinOperator::RightOuter(on)
        | JoinOperator::FullOuter(on)
        | JoinOperator::CrossJoin(on) => Some(on),
        _ => None,
    }
}

pub(crate) fn alias_of(alias: Option<&TableAlias>) -> Checked<Option<String>> {
    match alias {
        Some(TableAlias { columns, at, .. }) if !columns.is_empty() || at.is_some() => plain_only(),
        alias => Ok(alias.map(|alias| name_of(&alias.name))),
    }
}

pub(crate) fn check_type(data_type: &DataType) -> Checked {
    match data_type {
        DataType::Custom(name, _) if !TYPES.contains(&full_name(name).as_str()) => {
            denied(format!("the type {name} is not allowed in a cast"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn value_is_plain(value: &Value) -> Checked {
    match value {
        Value::Number(..)
        | Value::SingleQuotedString(_)
        | Value::NationalStringLiteral(_)
        | Value::Null
        | Value::Placeholder(_) => Ok(()),
        _ => denied("a literal of this kind is not allowed; bind the value as a parameter"),
    }
}

/// Returns whether an expression has a query in it.
pub(crate) fn has_query(expression: &Expr) -> bool {
    struct Queries;
    impl Visitor for Queries {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expression.visit(&mut Queries).is_break()
}

/// A table or a subquery in FROM, of which all columns are known.
pub(crate) fn relation(name: Option<String>, columns: Vec<String>) -> Relation {
    Relation { name, columns: RelationColumns::Known(columns) }
}

/// The columns of such a relation.
pub(crate) fn known(relation: &Relation) -> Vec<String> {
    match &relation.columns {
        RelationColumns::Known(columns) => columns.clone(),
        RelationColumns::Unknown => Vec::new(),
    }
}

/// The reason why a statement does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// It cannot be read, or its parameters are wrong.
    Unreadable(String),
    /// It asks for what was not granted.
    Denied(String),
    /// It names a column that no visible table has, or that is not granted.
    UnknownColumn(String),
    /// The columns of a table could not be read.
    Failed(Failure),
}

/// Returns the columns of a granted table by its name as Oracle spells it; `None` if there is no such table.
pub(crate) type Columns<'a> = dyn FnMut(&str) -> Result<Option<Vec<String>>, Failure> + 'a;
