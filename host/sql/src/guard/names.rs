//! Names in a parsed statement, as the database understands them.

use sqlparser::ast::{Ident, ObjectName};
use sqlparser::dialect::{Dialect as ParserDialect, OracleDialect, SQLiteDialect};

use crate::Dialect;

impl Dialect {
    /// Returns the parser's dialect.
    pub fn parser_dialect(self) -> &'static dyn ParserDialect {
        match self {
            Self::Sqlite => &SQLiteDialect {},
            Self::Oracle => &OracleDialect {},
        }
    }

    /// Returns a name as the database understands it, so that equal texts are equal names.
    pub fn understood(self, ident: &Ident) -> String {
        match (self, ident.quote_style) {
            (Self::Sqlite, _) => ident.value.to_lowercase(),
            (Self::Oracle, None) => ident.value.to_uppercase(),
            (Self::Oracle, Some(_)) => ident.value.clone(),
        }
    }
}

/// Returns a name with all its parts, as the database understands them.
pub fn full_name(dialect: Dialect, name: &ObjectName) -> String {
    let parts =
        name.0.iter().map(|part| part.as_ident().map_or_else(|| part.to_string(), |ident| dialect.understood(ident)));
    parts.collect::<Vec<_>>().join(".")
}
