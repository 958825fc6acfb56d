//! The parts of a guard over guests' SQL that do not depend on who wrote it: names as the database understands them, the
//! relations and columns that are visible at a place of a SELECT, and places in the text.
//!
//! | module | what it is for |
//! |---|---|
//! | `condition` | conditions of rows, written by the author of a pipeline |
//! | `depth` | the depth of a statement, and a stack for it |
//! | `names` | names as the database understands them |
//! | `places` | places in the text of a statement |
//! | `scopes` | the relations and columns that are visible at a place |
//!
//! Two guards are built of them, because their rules differ on purpose. An extractor's statement names tables that are
//! granted and whose columns are known, so that every name in it is looked up, and a clause that the rules do not name is
//! denied (`host/databases/src/oracle/guard/`). The SQL of a model names relations by placeholders before they exist; it is
//! compiled in full, with WITH and any expression, and the text does not show the columns of a relation
//! (`host/models/src/guard/`). On SQLite an extractor's statement is guarded by the database's own authorizer.

mod condition;
mod depth;
mod names;
mod places;
mod scopes;

pub use condition::check_condition;
pub use depth::{check_operators, on_deep_stack};
pub use names::full_name;
pub use places::{offset_at, offset_of};
pub use scopes::{Columns, Relation, Scopes};
