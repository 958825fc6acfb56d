//! Walks a parsed SELECT: the relations in FROM, the functions, and clauses that do more than select.

use std::ops::ControlFlow;

use sqlparser::ast::{
    DataType, Expr, Function, Ident, InTarget, ObjectName, Query, Select, SetExpr, TableFactor, Visitor,
};
use wmshost_sql::Dialect;
use wmshost_sql::guard::offset_at;

use super::names::Names;
use super::tokens::StandIns;
use super::violation::Violation;
use crate::project::Project;

/// Pseudo-columns, written like functions or columns: they return the time or a row's place.
const PSEUDO: [&str; 7] =
    ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "SYSDATE", "SYSTIMESTAMP", "ROWNUM"];

/// Pseudo-columns of Oracle in rows that come from no table.
const OF_NO_TABLE: [&str; 5] = ["DUMMY", "LEVEL", "ROWID", "CONNECT_BY_ISLEAF", "CONNECT_BY_ISCYCLE"];
/// Pseudo-columns of Oracle that name the connected user. No column can have such a name without quotes.
const ACCOUNT: [&str; 2] = ["USER", "UID"];

type Step = ControlFlow<Violation>;

/// Walks one text.
pub(super) struct Walk<'w> {
    project: &'w Project,
    stand_ins: &'w StandIns,
    text: &'w str,
    names: Names,
}

impl<'w> Walk<'w> {
    /// `is_within` is true if the text is part of one that has a FROM.
    pub(super) fn new(project: &'w Project, stand_ins: &'w StandIns, text: &'w str, is_within: bool) -> Self {
        Self { project, stand_ins, text, names: Names::new(project.dialect, is_within) }
    }

    fn refuse(&self, at: Option<&Ident>, what: impl Into<String>) -> Step {
        let at = at.map_or(0, |ident| offset_at(self.text, ident.span.start));
        ControlFlow::Break(Violation { at, what: what.into() })
    }

    /// Refuses a table that is not named by a placeholder.
    fn refuse_table(&self, name: &ObjectName) -> Step {
        let first = name.0.first().and_then(|part| part.as_ident());
        let last = name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.as_str()).unwrap_or_default();
        let meant = self
            .project
            .nodes
            .iter()
            .find(|node| node.table.eq_ignore_ascii_case(last) || node.name.eq_ignore_ascii_case(last));
        let shown = self.shown(name);
        let is_placeholder = shown.contains("{…}");
        let hint = match meant {
            _ if is_placeholder => "; a placeholder is written alone, without a schema or a database".to_owned(),
            Some(node) => format!("; write {{{}}} for it, and add it to the model's dependencies", node.name),
            None => String::new(),
        };
        self.refuse(first, format!("it names the table {shown}; tables are named by placeholders only{hint}"))
    }

    fn shown(&self, name: &ObjectName) -> String {
        let part = |part: &sqlparser::ast::ObjectNamePart| match part.as_ident() {
            Some(ident) if self.stand_ins.is_stand_in(&ident.value) => "{…}".to_owned(),
            _ => part.to_string(),
        };
        name.0.iter().map(part).collect::<Vec<_>>().join(".")
    }

    /// A part named by WITH must not hide a table that a placeholder represents.
    fn part_name(&self, name: &Ident) -> Step {
        let understood = self.project.dialect.understood(name);
        let is_own = understood.to_ascii_uppercase().starts_with("WMSHOST");
        let hidden = self.project.nodes.iter().find(|node| node.table.eq_ignore_ascii_case(&understood));
        match hidden {
            Some(node) => self.refuse(
                Some(name),
                format!("a part named {name} would hide the table of {}; give the part another name", node.name),
            ),
            None if is_own => self.refuse(Some(name), "names that begin with wmshost are reserved"),
            None => ControlFlow::Continue(()),
        }
    }

    fn body(&self, body: &SetExpr) -> Step {
        match body {
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => ControlFlow::Continue(()),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left)?;
                self.body(right)
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                self.refuse(None, "it writes; a model's SQL only selects")
            }
            SetExpr::Table(_) => self.refuse(None, "TABLE names a table; tables are named by placeholders only"),
        }
    }

    fn function(&self, function: &Function) -> Step {
        let first = function.name.0.first().and_then(|part| part.as_ident());
        let name = function.name.to_string();
        let is_known = function.name.0.len() == 1
            && first.is_some_and(|name| self.project.dialect.only_computes(&name.value) || is_pseudo(&name.value));
        if is_known && !function.uses_odbc_syntax {
            return ControlFlow::Continue(());
        }
        self.refuse(first, format!("the function {name} is not among those that only compute"))
    }

    /// `pack.age` could be a call, and `sequence.NEXTVAL` a write: the name before the point must be a relation in
    /// FROM.
    fn compound(&self, parts: &[Ident]) -> Step {
        match parts {
            [relation, _] if self.names.is_relation(relation) || self.stand_ins.is_stand_in(&relation.value) => {
                ControlFlow::Continue(())
            }
            [relation, ..] => {
                let name = parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
                self.refuse(Some(relation), format!("{name} is not a column of a relation in FROM"))
            }
            [] => ControlFlow::Continue(()),
        }
    }

    /// In Oracle a function of the schema can be called like a column, without parentheses.
    fn word(&self, word: &Ident) -> Step {
        if self.project.dialect != Dialect::Oracle {
            return ControlFlow::Continue(());
        }
        let is_plain = word.quote_style.is_none();
        if is_plain && is_one_of(&ACCOUNT, &word.value) {
            return self.refuse(Some(word), format!("{word} names the connected user; it is not a column"));
        }
        let is_known = is_plain && (is_pseudo(&word.value) || is_one_of(&OF_NO_TABLE, &word.value));
        if is_known || self.names.may_be_column(word) || self.stand_ins.is_stand_in(&word.value) {
            return ControlFlow::Continue(());
        }
        self.refuse(
            Some(word),
            format!("{word} is not a column of a relation in FROM; a function could be called in the same way"),
        )
    }
}

fn is_pseudo(name: &str) -> bool {
    is_one_of(&PSEUDO, name)
}

fn is_one_of(known: &[&str], name: &str) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl Visitor for Walk<'_> {
    type Break = Violation;

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        let odd = !query.locks.is_empty()
            || query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty();
        if odd {
            return self.refuse(None, "a clause after its SELECT locks rows or is not known here");
        }
        self.body(&query.body)?;
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.part_name(&cte.alias.name)?;
        }
        self.names.begin(query);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> Step {
        self.names.end(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> Step {
        if select.into.is_some() {
            return self.refuse(None, "SELECT … INTO writes; a model's SQL only selects");
        }
        self.names.begin_select(select);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _select: &Select) -> Step {
        self.names.end_select();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Step {
        match factor {
            TableFactor::Table { name, args, version, json_path, sample, partitions, .. } => {
                let is_plain = args.is_none()
                    && version.is_none()
                    && json_path.is_none()
                    && sample.is_none()
                    && partitions.is_empty();
                if is_plain { ControlFlow::Continue(()) } else { self.refuse_table(name) }
            }
            TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. } => ControlFlow::Continue(()),
            other => {
                let shown: String = other.to_string().chars().take(40).collect();
                self.refuse(None, format!("FROM may have placeholders, subqueries and joins, not {shown}"))
            }
        }
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> Step {
        let is_dual = |name: &Ident| {
            self.project.dialect == Dialect::Oracle
                && name.quote_style.is_none()
                && name.value.eq_ignore_ascii_case("dual")
        };
        match name.0.as_slice() {
            [part] => match part.as_ident() {
                Some(ident) if ident.quote_style.is_none() && self.stand_ins.is_stand_in(&ident.value) => {
                    ControlFlow::Continue(())
                }
                Some(ident) if self.names.is_part(ident) || is_dual(ident) => ControlFlow::Continue(()),
                _ => self.refuse_table(name),
            },
            _ => self.refuse_table(name),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Step {
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Identifier(word) => self.word(word),
            Expr::In { target: InTarget::Unnest(_), .. } => self.refuse(None, "UNNEST is not known here"),
            Expr::In { target: InTarget::Table { name, args: Some(_) }, .. } => self.refuse_table(name),
            Expr::CompoundFieldAccess { .. }
            | Expr::JsonAccess { .. }
            | Expr::Lambda(_)
            | Expr::MatchAgainst { .. } => self.refuse(None, format!("{expr} is not a plain expression")),
            Expr::Cast { data_type: DataType::Custom(name, _), .. } if name.0.len() > 1 => {
                let first = name.0.first().and_then(|part| part.as_ident());
                self.refuse(first, format!("the type {name} is not known here"))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
