//! A random table: its columns under names of any kind, its statements, its rows, and the pipeline's stream for it.

use std::fmt::Write as _;

use wmshost_tests::Numbers;

use crate::kinds::{Cell, DECLARED, Kind, STRICT};
use crate::spec::{COMPUTED, ColumnSpec, Form, KEYS, Key, NAMES, Rule, TABLES, TableSpec};
use crate::values::{fitting, hard, of_key};

/// The host's own columns, which it has in every target, with what they hold there.
const AUDIT: [(&str, Kind); 2] = [("wms_loaded_at", Kind::Moment(false)), ("wms_run_id", Kind::Text)];

/// A column of the source, as the stream has it.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    declared: String,
    /// `None` if a view computes it.
    pub(crate) kind: Option<Kind>,
    /// The name in the stream; `None` if it is left out.
    pub(crate) stream_name: Option<String>,
    pub(crate) is_key: bool,
    rule: Rule,
    expression: Option<&'static str>,
    source: Source,
}

impl Column {
    /// The name in the stream; empty if it is left out.
    pub(crate) fn named(&self) -> String {
        self.stream_name.clone().unwrap_or_default()
    }
}

/// The origin of a column's values.
#[derive(Debug, Clone)]
enum Source {
    Key,
    RowNo,
    Changed,
    Random { seed: u64, is_hard: bool },
    Plain,
}

/// A table with its names.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) spec: TableSpec,
    pub(crate) stream: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Table {
    /// The table at this place of its database.
    pub(crate) fn new(spec: TableSpec, place: usize) -> Self {
        // Statements about other views have keywords, too.
        let name = if place == 0 && spec.form != Form::View {
            TABLES[spec.name].to_owned()
        } else {
            format!("{} {place}", TABLES[spec.name])
        };
        let mut table = Self { stream: format!("s{place}"), name, columns: Vec::new(), spec };
        table.add_keys();
        if !table.spec.columns.is_empty() || table.spec.more > 0 || table.spec.is_incremental {
            table.add("row_no", "INTEGER", Kind::Whole, Source::RowNo);
        }
        if table.spec.is_incremental {
            table.add("changed", "INTEGER", Kind::Whole, Source::Changed);
        }
        for spec in table.spec.columns.clone() {
            table.add_random(&spec);
        }
        table.leave_audit_columns_out();
        for at in 0..table.spec.more {
            let (declared, kind) = [("INTEGER", Kind::Whole), ("TEXT", Kind::Text)][at % 2];
            table.add(&format!("c{at}"), declared, kind, Source::Plain);
        }
        table
    }

    /// A table that has both of the host's columns was written by wmshost, and they are not read.
    fn leave_audit_columns_out(&mut self) {
        let is = |column: &Column, (name, kind): (&str, Kind)| {
            column.kind == Some(kind) && column.stream_name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        if AUDIT.iter().all(|own| self.columns.iter().any(|column| is(column, *own))) {
            let hidden = self.columns.iter_mut().filter(|column| AUDIT.iter().any(|own| is(column, *own)));
            hidden.for_each(|column| column.stream_name = None);
        }
    }

    fn types(&self) -> &'static [(&'static str, Kind)] {
        if self.spec.form == Form::Strict { STRICT } else { DECLARED }
    }

    fn add(&mut self, name: &str, declared: &str, kind: Kind, source: Source) {
        let name = name.to_owned();
        let (stream_name, declared) = (Some(name.clone()), declared.to_owned());
        let is_key = matches!(source, Source::Key);
        let (kind, rule, expression) = (Some(kind), Rule::None, None);
        self.columns.push(Column { name, declared, kind, stream_name, is_key, rule, expression, source });
    }

    fn add_keys(&mut self) {
        let types = self.types();
        let of = |at: usize| types[at % types.len()];
        let name = |at: usize| KEYS[at % KEYS.len()];
        match self.spec.key {
            Key::RowNumber => self.add(name(self.spec.name), "INTEGER", Kind::Whole, Source::Key),
            Key::Single(at) | Key::Unique(at) => {
                // Of true and false there are two.
                let (declared, kind) = of(if of(at).1 == Kind::Truth { 0 } else { at });
                self.add(name(at), declared, kind, Source::Key);
            }
            Key::Pair(at) => {
                let (declared, kind) = of(if of(at).1 == Kind::Truth { 0 } else { at });
                self.add(name(at), declared, kind, Source::Key);
                self.add("part 2", "TEXT", Kind::Text, Source::Key);
            }
        }
    }

    fn add_random(&mut self, spec: &ColumnSpec) {
        let types = self.types();
        let (declared, kind) = types[spec.declared % types.len()];
        let mut name = NAMES[spec.name].to_owned();
        if self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(&name)) {
            let _ = write!(name, " {}", self.columns.len());
        }
        let stream_name = match spec.rule {
            Rule::Skip => None,
            Rule::Rename => Some(format!("renamed_{}", self.columns.len())),
            _ => Some(name.clone()),
        };
        let expression = spec.computed.map(|at| COMPUTED[at]);
        let is_view = self.spec.form == Form::View;
        let kind = match spec.rule {
            Rule::Text => Some(Kind::Any),
            Rule::Decimal => Some(Kind::Decimal(20, 4)),
            Rule::Seconds => Some(Kind::Seconds),
            Rule::Words => Some(Kind::Words),
            _ => (expression.is_none() || !is_view).then_some(kind),
        };
        let source = Source::Random { seed: spec.seed, is_hard: spec.is_hard };
        let declared = declared.to_owned();
        self.columns.push(Column {
            name,
            declared,
            kind,
            stream_name,
            is_key: false,
            rule: spec.rule,
            expression,
            source,
        });
    }

    /// The table that is written to.
    pub(crate) fn base(&self) -> String {
        if self.spec.form == Form::View { format!("base of {}", self.stream) } else { self.name.clone() }
    }

    /// The columns that are written to.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.expression.is_none())
    }

    /// The statements that create it.
    pub(crate) fn ddl(&self) -> String {
        let is_view = self.spec.form == Form::View;
        let mut parts: Vec<String> = Vec::new();
        for column in self.columns.iter().filter(|column| !is_view || column.expression.is_none()) {
            let own = match (column.is_key, self.spec.key) {
                (true, Key::RowNumber) => " PRIMARY KEY".to_owned(),
                _ => column.expression.map(|sql| format!(" GENERATED ALWAYS AS ({sql})")).unwrap_or_default(),
            };
            parts.push(format!("{} {}{own}", quoted(&column.name), column.declared));
        }
        let key: Vec<String> =
            self.columns.iter().filter(|column| column.is_key).map(|column| quoted(&column.name)).collect();
        let key = key.join(", ");
        match self.spec.key {
            Key::RowNumber => {}
            Key::Unique(_) if self.spec.form != Form::WithoutRowid => parts.push(format!("UNIQUE ({key})")),
            _ => parts.push(format!("PRIMARY KEY ({key})")),
        }
        let tail = match self.spec.form {
            Form::WithoutRowid => " WITHOUT ROWID",
            Form::Strict => " STRICT",
            _ => "",
        };
        let mut sql = format!("CREATE TABLE {} ({}){tail};\n", quoted(&self.base()), parts.join(", "));
        if is_view {
            let columns: Vec<_> = self
                .columns
                .iter()
                .map(|column| {
                    let name = quoted(&column.name);
                    column.expression.map_or(name.clone(), |sql| format!("{sql} AS {name}"))
                })
                .collect();
            let _ = writeln!(
                sql,
                "CREATE VIEW {} AS SELECT {} FROM {};",
                quoted(&self.name),
                columns.join(", "),
                quoted(&self.base())
            );
        }
        sql
    }

    /// The stream in the pipeline file.
    pub(crate) fn toml(&self) -> String {
        let word = |text: &str| serde_json::Value::from(text).to_string();
        let mut toml = format!("[streams.{}]\ntable = {}\n", self.stream, word(&self.name));
        let has_key = self.spec.form != Form::View
            && (!matches!(self.spec.key, Key::Unique(_)) || self.spec.form == Form::WithoutRowid);
        if !has_key {
            let key: Vec<_> =
                self.columns.iter().filter(|column| column.is_key).map(|column| word(&column.name)).collect();
            let _ = writeln!(toml, "key = [{}]", key.join(", "));
        }
        if self.spec.is_incremental {
            toml.push_str("method = \"incremental\"\nchange_key = \"changed\"\nlookback_versions = 0\n");
        }
        let _ = writeln!(toml, "[streams.{}.columns]", self.stream);
        for column in &self.columns {
            let rule = match (column.rule, &column.stream_name) {
                (Rule::None, _) => continue,
                (Rule::Skip, _) | (_, None) => "\"skip\"".to_owned(),
                (Rule::Rename, Some(name)) => format!("{{ rename = {} }}", word(name)),
                (Rule::Text, _) => "\"text\"".to_owned(),
                (Rule::Decimal, _) => "\"decimal(20,4)\"".to_owned(),
                (Rule::Seconds, _) => "{ from = \"epoch-s\" }".to_owned(),
                (Rule::Words, _) => "{ from = \"words\" }".to_owned(),
            };
            let _ = writeln!(toml, "{} = {rule}", word(&column.name));
        }
        toml
    }

    /// The number of rows at the start.
    pub(crate) fn rows(&self) -> i64 {
        self.spec.rows.into()
    }

    /// The cells of a row, as they are inserted: the same for the same row and version.
    pub(crate) fn row(&self, row: i64, version: i64) -> Vec<Cell> {
        self.written().map(|column| self.cell(column, row, version)).collect()
    }

    /// Returns whether a row has NULL in its key. Such a row cannot be replaced.
    pub(crate) fn has_null_key(&self, row: i64) -> bool {
        !matches!(self.spec.key, Key::RowNumber) && self.spec.form != Form::WithoutRowid && row % 11 == 7
    }

    fn cell(&self, column: &Column, row: i64, version: i64) -> Cell {
        match &column.source {
            Source::Key if self.has_null_key(row) => Cell::Null,
            Source::Key => of_key(column.kind.unwrap_or(Kind::Text), row),
            Source::RowNo => Cell::Whole(row),
            Source::Changed => Cell::Whole(version * 1_000 + row),
            Source::Plain if row % 5 == 4 => Cell::Null,
            Source::Plain if column.kind == Some(Kind::Whole) => Cell::Whole(row + version),
            Source::Plain => Cell::Text(format!("{} {row} {version}", column.name).into_bytes()),
            Source::Random { seed, is_hard } => {
                let mut numbers = Numbers(seed.wrapping_add(row as u64 * 1_000).wrapping_add(version as u64));
                let kind = column.kind.unwrap_or(Kind::Text);
                match numbers.below(12) {
                    0 => Cell::Null,
                    1 | 2 if *is_hard => hard(kind, &mut numbers),
                    _ => fitting(kind, &mut numbers),
                }
            }
        }
    }

    /// The words by which the stream may be refused before anything is written; none if it must run.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let names = || self.columns.iter().filter_map(|column| column.stream_name.as_deref());
        let mut refusals = Vec::new();
        let is_reserved = |name: &str| {
            let own = AUDIT.iter().map(|(name, _)| *name).chain(["wms_deleted_at"]);
            own.into_iter().any(|own| name.eq_ignore_ascii_case(own))
        };
        if names().any(is_reserved) {
            refusals.push("a name that is reserved for the host".to_owned());
        }
        if names().any(str::is_empty) {
            refusals.push("that has no name".to_owned());
        }
        if names().any(|name| name.len() > 128) {
            refusals.push("bytes, at most 128".to_owned());
        }
        if names().count() > 1_000 {
            refusals.push(format!("table {} has {} columns, at most 1000", self.name, names().count()));
        }
        let real = self.columns.iter().find(|column| column.is_key && column.kind == Some(Kind::Real));
        refusals.extend(real.map(|real| format!("key column {}", real.name)));
        refusals
    }
}
