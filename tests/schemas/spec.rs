//! Random tables as numbers: what proptest draws, and makes smaller where a test fails.

use proptest::prelude::*;

use crate::kinds::DECLARED;

/// Names that people and tools have made. The host's own columns are among them.
pub(crate) const NAMES: &[&str] = &[
    "name",
    "Unit Price",
    "select",
    "quo\"te",
    "it's",
    "É",
    "é",
    "1st",
    "a.b",
    "a;b--c",
    "[x]",
    "`y`",
    "?1",
    ":p",
    "$v",
    "",
    "group",
    "wms_loaded_at",
    "WMS_RUN_ID",
    "wms_deleted_at",
    "rowid",
    "oid",
    "_rowid_",
    "NULL",
    "tab\tname",
    "line\nname",
    "中文",
    "%s",
    "/*c*/",
    "main",
    "a name of exactly 128 bytes, which is as many as a name may have, xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "a name of more than 128 bytes, which is more than a name may have: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];
/// Names of tables.
pub(crate) const TABLES: &[&str] =
    &["plain", "Order Details", "sel\"ect", "select", "a.b", "x;y--z", "[t]", "É", "1", "sqlite", "temp", "o'clock"];
/// Names of key columns.
pub(crate) const KEYS: &[&str] = &["id", "Id", "Key Part", "order", "k\"ey"];
/// Expressions over the number of the row, for computed columns.
pub(crate) const COMPUTED: &[&str] = &[
    "\"row_no\" * 2",
    "'t' || \"row_no\"",
    "\"row_no\" / 2.0",
    "NULL",
    "CASE \"row_no\" % 3 WHEN 0 THEN 1 WHEN 1 THEN 2.5 ELSE 'x' END",
    "CASE \"row_no\" % 3 WHEN 0 THEN 9007199254740993 WHEN 1 THEN 2.5 END",
    "CAST('b' || \"row_no\" AS BLOB)",
    "'2026-01-31'",
];
/// The form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    WithoutRowid,
    Strict,
    View,
}

/// The columns that identify a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    RowNumber,
    Single(usize),
    Pair(usize),
    Unique(usize),
}

/// The pipeline's rule for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    None,
    Skip,
    Rename,
    Text,
    Decimal,
    Seconds,
    Words,
}

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct ColumnSpec {
    pub(crate) name: usize,
    pub(crate) declared: usize,
    pub(crate) seed: u64,
    pub(crate) computed: Option<usize>,
    pub(crate) rule: Rule,
    pub(crate) is_hard: bool,
}

/// A table, its rows and its stream.
#[derive(Debug, Clone)]
pub(crate) struct TableSpec {
    pub(crate) name: usize,
    pub(crate) form: Form,
    pub(crate) key: Key,
    pub(crate) columns: Vec<ColumnSpec>,
    /// The number of further columns.
    pub(crate) more: usize,
    pub(crate) rows: u8,
    pub(crate) is_incremental: bool,
}

fn column() -> impl Strategy<Value = ColumnSpec> {
    let rule = prop_oneof![
        12 => Just(Rule::None), 1 => Just(Rule::Skip), 2 => Just(Rule::Rename), 1 => Just(Rule::Text), 1 => Just(Rule::Decimal),
        1 => Just(Rule::Seconds), 1 => Just(Rule::Words)
    ];
    let computed = prop_oneof![7 => Just(None), 1 => (0..COMPUTED.len()).prop_map(Some)];
    let is_hard = prop_oneof![3 => Just(false), 1 => Just(true)];
    (0..NAMES.len(), 0..DECLARED.len(), any::<u64>(), computed, rule, is_hard).prop_map(
        |(name, declared, seed, computed, rule, is_hard)| ColumnSpec { name, declared, seed, computed, rule, is_hard },
    )
}

/// Random tables.
pub(crate) fn table() -> impl Strategy<Value = TableSpec> {
    let form = prop_oneof![4 => Just(Form::Plain), 1 => Just(Form::WithoutRowid), 1 => Just(Form::Strict), 1 => Just(Form::View)];
    let types = 0..DECLARED.len();
    let key = prop_oneof![
        2 => Just(Key::RowNumber),
        1 => types.clone().prop_map(Key::Single),
        1 => types.clone().prop_map(Key::Pair),
        1 => types.prop_map(Key::Unique)
    ];
    let more = prop_oneof![60 => Just(0_usize), 3 => 30..120_usize, 2 => 985..1_003_usize, 1 => 1_900..2_000_usize];
    let columns = prop::collection::vec(column(), 0..8);
    (0..TABLES.len(), form, key, columns, more, 0..16_u8, any::<bool>()).prop_map(
        |(name, form, key, columns, more, rows, is_incremental)| TableSpec {
            name,
            form,
            key,
            columns,
            more,
            rows,
            is_incremental,
        },
    )
}
