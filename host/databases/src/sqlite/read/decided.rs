//! The columns whose conversions their declared types do not decide.

use std::collections::BTreeMap;

use crate::forms::Conversion;
use crate::sqlite::table::quoted;

/// The columns of granted tables whose conversions differ from those of their declared types: table and column in lower
/// case. Computed columns are of no table.
pub(crate) type Decided = BTreeMap<(String, String), Conversion>;

/// Notes the conversion of a computed column, which is known by its name only.
pub(crate) fn decided_by_name(decided: &mut Decided, column: &str, conversion: Conversion) {
    decided.insert((String::new(), column.to_ascii_lowercase()), conversion);
}

/// A statement that returns all of a view.
pub(crate) fn all_of(view: &str) -> String {
    format!("SELECT * FROM main.{}", quoted(view))
}
