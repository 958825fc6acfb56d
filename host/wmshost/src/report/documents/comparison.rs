//! The output of `models compare`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use wmshost_flow::{ColumnTypes, DifferenceKind, RowExample, TableComparison};
use wmshost_runtime::models::{ComparedModel, ModelsComparison};

/// Two builds of the same models.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelsComparisonDocument {
    /// The database of the first build.
    first: String,
    /// The database of the second build.
    second: String,
    /// True if all columns and rows of all models are equal.
    equal: bool,
    /// The models that were compared.
    models: Vec<ComparedModelDocument>,
}

/// A model in both builds.
#[derive(Debug, Serialize, JsonSchema)]
struct ComparedModelDocument {
    /// The model's name.
    model: String,
    /// The result: `equal`, `differs` or `failed`.
    result: &'static str,
    /// The duration in seconds.
    seconds: f64,
    /// The result of comparing its rows; null if it failed.
    found: Option<FoundDocument>,
    /// The reason why it failed.
    error: Option<String>,
}

/// The result of comparing the rows of a model.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundDocument {
    /// The columns by which rows were matched; empty if rows were compared as a whole.
    key: Vec<String>,
    /// Rows of the first build.
    first_rows: u64,
    /// Rows of the second build.
    second_rows: u64,
    /// Rows that only the first build has.
    only_first: u64,
    /// Rows that only the second build has.
    only_second: u64,
    /// Rows that both have, with different values.
    different: u64,
    /// Columns that only the first build has.
    columns_only_first: Vec<String>,
    /// Columns that only the second build has.
    columns_only_second: Vec<String>,
    /// Columns that are declared with different types. That alone is no difference.
    types: Vec<ColumnTypesDocument>,
    /// Some of the rows that differ.
    rows: Vec<RowDocument>,
}

/// The types of a column.
#[derive(Debug, Serialize, JsonSchema)]
struct ColumnTypesDocument {
    /// The column.
    column: String,
    /// Its declared type in the first build.
    first: String,
    /// Its declared type in the second build.
    second: String,
}

/// A row that differs.
#[derive(Debug, Serialize, JsonSchema)]
struct RowDocument {
    /// The difference: `only-first`, `only-second` or `different`.
    difference: &'static str,
    /// The row's key; the whole row if rows were compared as a whole.
    key: Json,
    /// The cells that differ.
    cells: Vec<CellDocument>,
}

/// A cell that differs.
#[derive(Debug, Serialize, JsonSchema)]
struct CellDocument {
    /// The column.
    column: String,
    /// The value in the first build.
    first: Json,
    /// The value in the second build.
    second: Json,
}

impl From<&ModelsComparison> for ModelsComparisonDocument {
    fn from(comparison: &ModelsComparison) -> Self {
        let [first, second] = comparison.places.clone();
        let models = comparison.models.iter().map(Into::into).collect();
        Self { first, second, equal: comparison.is_equal(), models }
    }
}

impl From<&ComparedModel> for ComparedModelDocument {
    fn from(model: &ComparedModel) -> Self {
        Self {
            model: model.name.clone(),
            result: model.result(),
            seconds: model.seconds,
            found: model.compared.as_ref().ok().map(Into::into),
            error: model.compared.as_ref().err().map(ToString::to_string),
        }
    }
}

impl From<&TableComparison> for FoundDocument {
    fn from(found: &TableComparison) -> Self {
        let types = |types: &ColumnTypes| {
            let [first, second] = types.declared.clone();
            ColumnTypesDocument { column: types.column.clone(), first, second }
        };
        Self {
            key: found.key.clone(),
            first_rows: found.rows[0],
            second_rows: found.rows[1],
            only_first: found.missing,
            only_second: found.extra,
            different: found.different,
            columns_only_first: found.only_in[0].clone(),
            columns_only_second: found.only_in[1].clone(),
            types: found.types.iter().map(types).collect(),
            rows: found.examples.iter().map(Into::into).collect(),
        }
    }
}

impl From<&RowExample> for RowDocument {
    fn from(row: &RowExample) -> Self {
        let json = |text: &String| serde_json::from_str(text).unwrap_or(Json::Null);
        let cells = row.cells.iter().map(|cell| CellDocument {
            column: cell.column.clone(),
            first: json(&cell.values[0]),
            second: json(&cell.values[1]),
        });
        Self { difference: difference(row.kind), key: json(&row.key), cells: cells.collect() }
    }
}

/// The word for a row's difference between two builds, of which neither is the source of the other.
pub(crate) fn difference(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::Missing => "only-first",
        DifferenceKind::Extra => "only-second",
        other => other.name(),
    }
}
