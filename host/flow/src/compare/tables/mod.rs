//! Comparing two tables or views that were made in different ways, row for row, in whatever order their databases return
//! rows: two builds of the same models, or a model and what another tool built from the same SQL.
//!
//! Each side is read once, on a thread of its own; rows that are equal have the same number and sum of hashes. Only where
//! they differ, both are read again: the hashes of keys and rows are joined in parts that fit in memory, and at last the
//! rows are read that are named as examples.
//!
//! | module | what it is for |
//! |---|---|
//! | `rules` | the rules by which two tables are compared |
//! | `columns` | the columns that both tables have, and the form in which their values are compared |
//! | `forms` | values of different types in one form |
//! | `side` | reading one side |
//! | `join` | the rows that differ, by their hashes |
//! | `examples` | some of them, with key and cells |
//! | `comparison` | the comparison, and its result |

mod columns;
mod comparison;
mod examples;
mod forms;
mod join;
mod rules;
mod side;

pub use columns::ColumnTypes;
pub use comparison::{TableComparison, TableSide, compare_tables};
pub use examples::{CellDifference, RowExample};
pub use rules::TableRules;
