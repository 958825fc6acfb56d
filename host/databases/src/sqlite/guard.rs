//! The rules for what a guest's statement may access. While SQLite compiles a statement, it asks about every table,
//! column and function that the statement would use; the guard answers: SELECT from granted tables, and nothing else. A
//! regular expression could be fooled; the compiler's own questions cannot.
//!
//! A table of which a plugin may not see everything is read by a *scan*, a temporary view of the driver's own whose name
//! nobody can guess: the reads of a scan are allowed, whatever they read, and the table itself is not.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use wmshost_flow::table_not_granted;
use wmshost_sql::Dialect;

/// Functions that do more than compute.
const DENIED_FUNCTIONS: [&str; 3] = ["load_extension", "fts3_tokenizer", "sqlite_compileoption_get"];
/// Words and operators that SQLite has functions for, and the function whose results the limit of a value bounds.
const FURTHER_FUNCTIONS: [&str; 6] = ["->", "->>", "current_date", "current_time", "current_timestamp", "zeroblob"];
/// The prefix of the host's own functions.
pub(crate) const OWN_FUNCTIONS: &str = "wms_";
/// The prefix of those that mask values: a plugin that could call them could look for the value of a hash.
pub(crate) const MASK_FUNCTIONS: &str = "wms_mask_";

/// The guard's current mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The driver itself is at work: everything is allowed.
    Off,
    /// The driver compiles a granted view to learn what it reads.
    Learning,
    /// A guest's statement is compiled.
    On,
}

/// A read of a table by the text of a view: table and view in lower case.
type ViewRead = (String, String);

struct Rules {
    mode: Mode,
    /// Granted tables and views in lower case.
    granted: HashSet<String>,
    /// Those of them that are read by scans only.
    withheld: HashSet<String>,
    /// The names of scans.
    scans: HashSet<String>,
    /// The names of the views in their tables' places.
    scanned: HashSet<String>,
    /// The reads of granted views.
    view_reads: HashSet<ViewRead>,
    /// Views that are not granted, in lower case.
    hidden_views: Vec<String>,
    /// The statement's text in lower case.
    text: String,
    /// True if the statement may define a name for a part of it, which would look like a view.
    may_name_parts: bool,
    /// The reason why the last statement was denied.
    denial: Option<String>,
}

/// The guard of one connection.
pub(crate) struct Guard(Mutex<Rules>);

impl Guard {
    /// A guard that is off.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Rules {
            mode: Mode::Off,
            granted: HashSet::new(),
            withheld: HashSet::new(),
            scans: HashSet::new(),
            scanned: HashSet::new(),
            view_reads: HashSet::new(),
            hidden_views: Vec::new(),
            text: String::new(),
            may_name_parts: false,
            denial: None,
        }))
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants these tables and nothing else, those of `withheld` by scans only, and is off until the first guest's
    /// statement.
    pub(crate) fn grant(&self, tables: &[String], withheld: &[String]) {
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut rules = self.rules();
        rules.mode = Mode::Off;
        rules.granted = lower(tables);
        rules.withheld = lower(withheld);
        rules.scans.clear();
        rules.scanned.clear();
        rules.view_reads.clear();
        rules.hidden_views.clear();
    }

    /// Lets a table be read by a scan.
    pub(crate) fn scan(&self, table: &str, scan: &str) {
        let mut rules = self.rules();
        rules.scans.insert(scan.to_ascii_lowercase());
        rules.scanned.insert(table.to_ascii_lowercase());
    }

    /// Returns whether a table is granted.
    pub(crate) fn is_granted(&self, table: &str) -> bool {
        self.rules().granted.contains(&table.to_ascii_lowercase())
    }

    /// Notes the views of the database that are not granted.
    pub(crate) fn hide_views(&self, names: impl IntoIterator<Item = String>) {
        self.rules().hidden_views = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
    }

    /// Compiles a granted view by `compile` and allows guests what it reads.
    pub(crate) fn learn<T>(&self, compile: impl FnOnce() -> T) -> T {
        self.within(Mode::Learning, compile)
    }

    /// Compiles or runs a guest's statement by `compile`, with the guard on.
    pub(crate) fn watch<T>(&self, statement: &str, compile: impl FnOnce() -> T) -> T {
        {
            let mut rules = self.rules();
            rules.denial = None;
            // Without the word there is no part with a name. A text that contains it is refused a view too.
            rules.text = statement.to_ascii_lowercase();
            rules.may_name_parts = rules.text.contains("with");
        }
        self.within(Mode::On, compile)
    }

    fn within<T>(&self, mode: Mode, act: impl FnOnce() -> T) -> T {
        self.rules().mode = mode;
        let result = act();
        self.rules().mode = Mode::Off;
        result
    }

    /// The reason why the last guest's statement was denied.
    pub(crate) fn denial(&self) -> Option<String> {
        self.rules().denial.take()
    }

    /// The answer to SQLite's question.
    pub(crate) fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        let mut rules = self.rules();
        match rules.mode {
            Mode::Off => Authorization::Allow,
            Mode::Learning => {
                rules.learn(context);
                Authorization::Allow
            }
            Mode::On => match rules.violation(context) {
                None => Authorization::Allow,
                Some(reason) => {
                    rules.denial.get_or_insert(reason);
                    Authorization::Deny
                }
            },
        }
    }
}

impl Rules {
    fn learn(&mut self, context: &AuthContext<'_>) {
        if let AuthAction::Read { table_name, .. } = context.action
            && let Some(view) = context.accessor
        {
            self.view_reads.insert((table_name.to_ascii_lowercase(), view.to_ascii_lowercase()));
        }
    }

    fn violation(&self, context: &AuthContext<'_>) -> Option<String> {
        match context.action {
            AuthAction::Select | AuthAction::Recursive => None,
            AuthAction::Read { table_name, column_name } => self.objection_to_read(table_name, column_name, context),
            AuthAction::Function { function_name } => {
                let allowed = self.may_call(&function_name.to_ascii_lowercase(), context.accessor);
                (!allowed).then(|| {
                    format!("the function {function_name} is not allowed: it is not among those that only compute")
                })
            }
            AuthAction::Pragma { pragma_name, .. } => {
                Some(format!("PRAGMA {pragma_name} is not allowed: only SELECT is"))
            }
            other => Some(format!("only SELECT is allowed, not {}", verb(&other))),
        }
    }

    fn is_scan(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.scans.contains(&name.to_ascii_lowercase()))
    }

    /// Returns whether a function may be called: one that only computes, or by a view any but the worst.
    fn may_call(&self, function: &str, accessor: Option<&str>) -> bool {
        if DENIED_FUNCTIONS.contains(&function) {
            return false;
        }
        let is_own = function.starts_with(OWN_FUNCTIONS) && !function.starts_with(MASK_FUNCTIONS);
        let only_computes = is_own || FURTHER_FUNCTIONS.contains(&function) || Dialect::Sqlite.only_computes(function);
        let by_view = !self.may_name_parts
            && accessor.is_some_and(|view| self.view_reads.iter().any(|(_, known)| known.eq_ignore_ascii_case(view)));
        only_computes || self.is_scan(accessor) || by_view
    }

    fn objection_to_read(&self, table: &str, column: &str, context: &AuthContext<'_>) -> Option<String> {
        let lower = table.to_ascii_lowercase();
        let is_temporary = context.database_name == Some("temp");
        if self.is_scan(context.accessor)
            || is_temporary && (self.scans.contains(&lower) || self.scanned.contains(&lower))
        {
            return None;
        }
        if lower.starts_with("sqlite_") || lower.starts_with("pragma_") {
            return Some(format!("the table {table} of SQLite itself is not allowed"));
        }
        if !matches!(context.database_name, None | Some("main")) {
            return Some(format!("the table {table} is in another database"));
        }
        if self.withheld.contains(&lower) {
            // Of a view that no column is read of, SQLite does not say the database, whatever the statement does.
            let is_of_scan = column.is_empty()
                && context.database_name.is_none()
                && self.scanned.contains(&lower)
                && !may_name(&self.text, "main");
            return (!is_of_scan).then(|| match context.accessor {
                Some(reader) => format!("the table {table} is granted in part; {reader} reads it"),
                None => format!("the table {table} is granted in part; name it without its database"),
            });
        }
        let is_allowed = match (context.accessor, column) {
            // No column is read, or only the row's number, and SQLite does not report for which view.
            (None, "") => self.is_of_any_view(&lower),
            (accessor, _) => self.is_of_view(&lower, accessor),
        };
        if is_allowed || self.granted.contains(&lower) {
            return None;
        }
        let hint = match (context.accessor, column) {
            (Some(reader), _) => format!("; {reader} reads it"),
            (None, "") => "; of a part named by WITH, select at least one column".to_owned(),
            _ => String::new(),
        };
        Some(if hint.is_empty() { table_not_granted(table) } else { format!("the table {table} is not granted{hint}") })
    }

    /// Returns whether a granted view reads the table for the statement. A part that the statement names like the view
    /// would look the same, so a statement that could name parts gets no such permission.
    fn is_of_view(&self, table: &str, accessor: Option<&str>) -> bool {
        let Some(view) = accessor else { return false };
        !self.may_name_parts && self.view_reads.contains(&(table.to_owned(), view.to_ascii_lowercase()))
    }

    /// Returns whether only a granted view can read the table for the statement: such a view reads it, and the statement
    /// names neither the table nor a view that is not granted.
    fn is_of_any_view(&self, table: &str) -> bool {
        let is_named = |name: &str| may_name(&self.text, name);
        // Without its database, the name of a view that is read in part means the scan.
        if !self.withheld.is_empty() && is_named("main") {
            return false;
        }
        let is_read = || self.view_reads.iter().any(|(read, _)| read == table);
        !self.may_name_parts && is_read() && !is_named(table) && !self.hidden_views.iter().any(|view| is_named(view))
    }
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$') || !letter.is_ascii()
}

/// Returns true if a text may name a table: it has to contain the name, in which a quotation mark is doubled between
/// marks of its own kind.
fn may_name(text: &str, name: &str) -> bool {
    if !name.is_empty() && name.chars().all(is_of_word) {
        return text.split(|letter| !is_of_word(letter)).any(|word| word == name);
    }
    let is_doubled = |mark: &str| text.contains(&name.replace(mark, &mark.repeat(2)));
    text.contains(name) || ["\"", "`", "'"].into_iter().any(is_doubled)
}

/// The word with which an action begins in SQL.
fn verb(action: &AuthAction<'_>) -> &'static str {
    match action {
        AuthAction::Insert { .. } => "INSERT",
        AuthAction::Update { .. } => "UPDATE",
        AuthAction::Delete { .. } => "DELETE",
        AuthAction::Attach { .. } => "ATTACH",
        AuthAction::Detach { .. } => "DETACH",
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => "a transaction",
        AuthAction::AlterTable { .. } => "ALTER",
        AuthAction::Analyze { .. } => "ANALYZE",
        AuthAction::Reindex { .. } => "REINDEX",
        AuthAction::DropTable { .. }
        | AuthAction::DropIndex { .. }
        | AuthAction::DropView { .. }
        | AuthAction::DropTrigger { .. } => "DROP",
        AuthAction::CreateTable { .. }
        | AuthAction::CreateIndex { .. }
        | AuthAction::CreateView { .. }
        | AuthAction::CreateTrigger { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempView { .. }
        | AuthAction::CreateVtable { .. } => "CREATE",
        _ => "anything else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for (text, name, expected) in [
            ("select id from main.\"b\"", "b", true),
            ("select id from [b]", "b", true),
            ("select id from`b`", "b", true),
            ("select/**/1/**/from/**/b--", "b", true),
            ("select id from v_b order by id", "b", false),
            ("select id from \"order details\"", "order details", true),
            ("select id from \"a\"\"b\"", "a\"b", true),
            ("select id from [a\"b]", "a\"b", true),
            ("select id from ab", "a\"b", false),
        ] {
            assert_eq!(may_name(text, name), expected, "{text} {name}");
        }
    }
}
