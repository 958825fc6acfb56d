//! Queries of the catalogue, each with the name of an object, as [`Dialect::spelled`] returns it, as its only parameter.
//! They look in the schema whose tables need no schema name. SQLite ignores the case of names here too.

use crate::Dialect;

/// The schema whose tables need no schema name in Oracle, as an expression.
pub const CURRENT_SCHEMA: &str = "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')";
/// The condition that an owner is the schema whose tables need no schema name.
pub const OWN_SCHEMA: &str = "owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')";

/// The indexes and triggers that were added to an SQLite table, by name and statement.
pub const BELONGINGS: &str = "SELECT name, sql FROM main.sqlite_schema WHERE type IN ('index', 'trigger') \
     AND tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY name";

impl Dialect {
    /// Returns the query for the kind of an object, `table`, `view` or another one without rows of its own. Oracle lists a
    /// materialized view as a table too; its own kind comes first.
    pub fn object_kind(self) -> String {
        self.kind_among("'TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SYNONYM'")
    }

    /// Returns the query for the kind of a table or a view.
    pub fn relation_kind(self) -> String {
        self.kind_among("'TABLE', 'VIEW'")
    }

    fn kind_among(self, kinds_of_oracle: &str) -> String {
        match self {
            Self::Sqlite => {
                "SELECT type FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE"
                    .to_owned()
            }
            Self::Oracle => format!(
                "SELECT LOWER(object_type) FROM all_objects WHERE {OWN_SCHEMA} AND object_type IN ({kinds_of_oracle}) \
                 AND object_name = :1 ORDER BY LOWER(object_type)"
            ),
        }
    }

    /// Returns the query for a table by its exact name, one row if it exists.
    pub fn table_exists(self) -> String {
        match self {
            Self::Sqlite => "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1".to_owned(),
            Self::Oracle => format!("SELECT 1 FROM all_tables WHERE {OWN_SCHEMA} AND table_name = :1"),
        }
    }

    /// Returns the query for an index, one row if it exists.
    pub fn index_exists(self) -> String {
        match self {
            Self::Sqlite => {
                "SELECT 1 FROM main.sqlite_schema WHERE type = 'index' AND name = ?1 COLLATE NOCASE".to_owned()
            }
            Self::Oracle => format!("SELECT 1 FROM all_indexes WHERE {OWN_SCHEMA} AND index_name = :1"),
        }
    }

    /// Returns the query for the names of a table's columns, in lower case.
    pub fn column_names(self) -> String {
        match self {
            Self::Sqlite => "SELECT LOWER(name) FROM pragma_table_info(?1, 'main')".to_owned(),
            Self::Oracle => {
                format!("SELECT LOWER(column_name) FROM all_tab_columns WHERE {OWN_SCHEMA} AND table_name = :1")
            }
        }
    }

    /// Returns the query for the names of a table's triggers that are enabled.
    pub fn triggers(self) -> String {
        match self {
            Self::Sqlite => {
                "SELECT name FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE \
                             ORDER BY name"
                    .to_owned()
            }
            Self::Oracle => format!(
                "SELECT trigger_name FROM all_triggers WHERE table_{OWN_SCHEMA} AND table_name = :1 \
                 AND status = 'ENABLED' ORDER BY trigger_name"
            ),
        }
    }

    /// Returns the query for the text of a view.
    pub fn view_text(self) -> String {
        match self {
            Self::Sqlite => {
                "SELECT sql FROM main.sqlite_schema WHERE type = 'view' AND name = ?1 COLLATE NOCASE".to_owned()
            }
            Self::Oracle => format!("SELECT text FROM all_views WHERE {OWN_SCHEMA} AND view_name = :1"),
        }
    }
}
