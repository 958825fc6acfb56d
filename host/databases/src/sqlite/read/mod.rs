//! Reading: one snapshot over many connections, and the rows of a query as Arrow batches.
//!
//! | module | what it is for |
//! |---|---|
//! | `bad_cell` | why a cell does not fit, and the row that it is in |
//! | `cell_sizes` | a statement in the form that measures its cells |
//! | `column` | cells to Arrow columns |
//! | `column_types` | what a granted table's columns are, and how it is ordered |
//! | `computed_types` | the types of columns that a view computes |
//! | `cursor` | the rows of a query |
//! | `decided` | the columns whose conversions their declared types do not decide |
//! | `masks` | masks in SQLite's words |
//! | `order` | the host's order of a column, in SQLite's words |
//! | `query` | a query of a guest, with its parameters and its limits |
//! | `read_connection` | a read-only connection with its guard and its limits |
//! | `refusals` | the source's side of a column for a plan or a certificate |
//! | `rewrite` | comparisons of a guest's statement, by what values mean |
//! | `rules` | a table as a stream reads it, by the rules of the pipeline |
//! | `roots` | the rows of a query, hashed as they are passed |
//! | `session` | one stream's reading |
//! | `source` | one snapshot over many connections |
//! | `version` | the version of a file, which changes with every write |

mod bad_cell;
mod cell_sizes;
pub(crate) mod column;
mod column_types;
mod computed_types;
pub(crate) mod cursor;
mod decided;
mod masks;
mod order;
mod query;
pub(crate) mod read_connection;
mod refusals;
mod rewrite;
mod roots;
mod rules;
mod session;
pub(crate) mod source;
pub(crate) mod version;
