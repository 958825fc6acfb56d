//! The differences between the kinds of SQL: names, parameters, order, and comparing rows with a position.

use wmshost_plugin::contract::types::Value;
use wmshost_plugin::source::{ColumnOrder, Dialect};

/// A column in a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'n> {
    /// Its name as the source spells it.
    pub(crate) name: &'n str,
    /// True if NULL may occur.
    pub(crate) nullable: bool,
    /// The order of the source by it; `None`: the order of the column itself.
    pub(crate) order: Option<&'n ColumnOrder>,
}

impl Named<'_> {
    /// The expression that is ordered by and compared.
    fn expression(&self) -> String {
        self.order.map_or_else(|| quoted(self.name), |order| order.expression.clone())
    }

    /// The function that is applied to a parameter before it is compared with the column.
    fn function(&self) -> Option<&str> {
        self.order?.function.as_deref()
    }
}

/// The text of a statement and its parameters, built together.
#[derive(Debug)]
pub(crate) struct Statement {
    dialect: Dialect,
    pub(crate) text: String,
    pub(crate) parameters: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(dialect: Dialect, text: String) -> Self {
        Self { dialect, text, parameters: Vec::new() }
    }

    /// Adds plain text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a name.
    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        self.push(&quoted(name))
    }

    /// Adds a parameter. Each one has a number of its own, because drivers differ in how they bind one number twice.
    pub(crate) fn parameter(&mut self, value: &Value) -> &mut Self {
        self.parameters.push(value.clone());
        let mark = if self.dialect == Dialect::Oracle { ':' } else { '?' };
        let text = format!("{mark}{}", self.parameters.len());
        self.push(&text)
    }

    /// Adds a parameter to which a function is applied first.
    fn through(&mut self, function: Option<&str>, value: &Value) -> &mut Self {
        match function {
            Some(function) => self.push(function).push("(").parameter(value).push(")"),
            None => self.parameter(value),
        }
    }

    /// Adds a comparison of a column with a value.
    fn compared(&mut self, column: Named<'_>, operator: &str, value: &Value) -> &mut Self {
        self.push(&column.expression()).push(operator).through(column.function(), value)
    }

    /// Adds the condition that a column has this value or a later one, by an index where there is one.
    pub(crate) fn is_at_least(&mut self, column: Named<'_>, value: &Value) -> &mut Self {
        if let Some(bounds) = column.order.and_then(|order| order.bounds.as_ref()) {
            self.name(column.name).push(" >= ").through(Some(&bounds.least), value).push(" AND ");
        }
        self.compared(column, " >= ", value)
    }

    /// Adds the condition that a column has a value `<` or `<=` this one, by an index where there is one.
    pub(crate) fn is_at_most(&mut self, column: Named<'_>, value: &Value, operator: &str) -> &mut Self {
        if let Some(bounds) = column.order.and_then(|order| order.bounds.as_ref()) {
            self.name(column.name).push(" <= ").through(Some(&bounds.most), value).push(" AND ");
        }
        self.compared(column, &format!(" {operator} "), value)
    }

    /// Adds the condition that a column has at most this value, or one that cannot be read. The function is called only
    /// for values near this one: what sorts before all of its spellings needs no comparison by meaning.
    pub(crate) fn is_mostly_before(&mut self, column: Named<'_>, value: &Value) -> &mut Self {
        let Some(bounds) = column.order.and_then(|order| order.bounds.as_ref()) else {
            return self.compared(column, " <= ", value);
        };
        self.name(column.name).push(" <= ").through(Some(&bounds.most), value).push(" AND (");
        self.name(column.name).push(" < ").through(Some(&bounds.least), value).push(" OR ");
        self.compared(column, " <= ", value).push(")")
    }

    /// Adds the condition that a row follows a position, in the order of these columns.
    pub(crate) fn is_behind(&mut self, columns: &[Named<'_>], place: &[Value]) -> &mut Self {
        match (self.dialect, columns, place) {
            (_, [column], [value]) => self.compared(*column, " > ", value),
            (Dialect::Sqlite, ..) => self.row_is_behind(columns, place),
            (Dialect::Oracle, [column, rest @ ..], [value, values @ ..]) => {
                self.push("(").compared(*column, " > ", value);
                self.push(" OR (").compared(*column, " = ", value);
                self.push(" AND ").is_behind(rest, values).push("))")
            }
            (Dialect::Oracle, ..) => self,
        }
    }

    /// Adds the column as it is stored, for an order that an index serves.
    pub(crate) fn stored_order(&mut self, column: Named<'_>) -> &mut Self {
        self.name(column.name);
        // With a collation SQLite uses the column as it is stored, whatever its values mean.
        self.push(if self.dialect == Dialect::Sqlite { " COLLATE BINARY" } else { "" })
    }

    /// Adds the order of these columns. NULL comes first: a position never has one, so those rows precede every
    /// position.
    pub(crate) fn order(&mut self, columns: &[Named<'_>]) -> &mut Self {
        for (at, column) in columns.iter().enumerate() {
            self.push(if at == 0 { " ORDER BY " } else { ", " }).push(&column.expression());
            if column.nullable && self.dialect == Dialect::Oracle {
                self.push(" NULLS FIRST");
            }
        }
        self
    }

    /// Adds a limit of rows.
    pub(crate) fn limit(&mut self, rows: u32) -> &mut Self {
        let text = match self.dialect {
            Dialect::Sqlite => format!(" LIMIT {rows}"),
            Dialect::Oracle => format!(" FETCH FIRST {rows} ROWS ONLY"),
        };
        self.push(&text)
    }

    fn row_is_behind(&mut self, columns: &[Named<'_>], place: &[Value]) -> &mut Self {
        let columns_text: Vec<String> = columns.iter().map(Named::expression).collect();
        self.push("(").push(&columns_text.join(", ")).push(") > (");
        for (at, (column, value)) in columns.iter().zip(place).enumerate() {
            self.push(if at == 0 { "" } else { ", " }).through(column.function(), value);
        }
        self.push(")")
    }
}

/// A name as an identifier that is taken literally.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name of a column in batches. Oracle spells names in upper case unless they were quoted; here they are converted
/// to lower case, so that one pipeline and one transform fit both kinds of sources.
pub(crate) fn display_column(dialect: Dialect, name: &str) -> String {
    let spelled_by_oracle = |letter: char| matches!(letter, 'A'..='Z' | '0'..='9' | '_' | '$' | '#');
    if dialect == Dialect::Oracle && name.chars().all(spelled_by_oracle) {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [Named<'_>; 3] = [
        Named { name: "a", nullable: false, order: None },
        Named { name: "b", nullable: true, order: None },
        Named { name: "c", nullable: false, order: None },
    ];

    fn behind(dialect: Dialect, columns: usize) -> String {
        let place = [Value::Int64(1), Value::Int64(2), Value::Int64(3)];
        let mut statement = Statement::new(dialect, String::new());
        statement.is_behind(&KEY[..columns], &place[..columns]);
        statement.text
    }

    #[test]
    fn sqlite_compares_rows() {
        assert_eq!(behind(Dialect::Sqlite, 1), r#""a" > ?1"#);
        assert_eq!(behind(Dialect::Sqlite, 3), r#"("a", "b", "c") > (?1, ?2, ?3)"#);
    }

    #[test]
    fn oracle_compares_column_by_column() {
        assert_eq!(behind(Dialect::Oracle, 1), r#""a" > :1"#);
        assert_eq!(behind(Dialect::Oracle, 2), r#"("a" > :1 OR ("a" = :2 AND "b" > :3))"#);
        assert_eq!(behind(Dialect::Oracle, 3), r#"("a" > :1 OR ("a" = :2 AND ("b" > :3 OR ("b" = :4 AND "c" > :5))))"#);
    }

    #[test]
    fn null_comes_first_everywhere() {
        let order = |dialect| Statement::new(dialect, String::new()).order(&KEY).text.clone();
        assert_eq!(order(Dialect::Sqlite), r#" ORDER BY "a", "b", "c""#);
        assert_eq!(order(Dialect::Oracle), r#" ORDER BY "a", "b" NULLS FIRST, "c""#);
    }

    #[test]
    fn a_quote_in_a_name_is_doubled() {
        assert_eq!(quoted(r#"a" OR "1"#), r#""a"" OR ""1""#);
    }

    #[test]
    fn names_in_oracles_own_spelling_are_shown_in_lower_case() {
        assert_eq!(display_column(Dialect::Oracle, "LAST_UPDATED"), "last_updated");
        assert_eq!(display_column(Dialect::Oracle, "Mixed"), "Mixed");
        assert_eq!(display_column(Dialect::Sqlite, "LAST_UPDATED"), "LAST_UPDATED");
    }
}
