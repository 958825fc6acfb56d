//! A CSV file as a model: its rows are the SELECT. The type of a column is that of all of its values: whole numbers,
//! decimals, or text; an empty cell is NULL.

use arrow_schema::DataType;
use wmshost_flow::model::ModelColumn;
use wmshost_flow::{CsvCell, csv_records};
use wmshost_sql::{Dialect, is_decimal, text_literal};

use super::scalars::braces_doubled;
use crate::problem::ProblemSink;

/// The largest number of cells: more rows are data to load, not a part of a model's SQL.
const MOST_CELLS: usize = 20_000;

/// The columns and the SELECT of a seed; reports mistakes.
pub(super) fn read(
    text: &str,
    types: &[ModelColumn],
    dialect: Dialect,
    sink: &mut ProblemSink<'_>,
) -> Option<(Vec<ModelColumn>, String)> {
    let mut rows = rows(text, sink)?;
    if rows.is_empty() {
        sink.add(0, "it has no header");
        return None;
    }
    let (_, header) = rows.remove(0);
    if rows.len() * header.len() > MOST_CELLS {
        sink.add(0, format!("it has more than {MOST_CELLS} cells; load it as a stream instead"));
        return None;
    }
    if let Some((line, row)) = rows.iter().find(|(_, row)| row.len() != header.len()) {
        sink.add(*line, format!("it has {} cells for {} columns", row.len(), header.len()));
        return None;
    }
    let column = |(at, name): (usize, &Option<String>)| {
        let name = name.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
        let known = types.iter().find(|known| known.name.eq_ignore_ascii_case(&name)).cloned();
        let kind = kind_of(rows.iter().filter_map(|(_, row)| row[at].as_deref()));
        match known {
            Some(known) if known.kind == DataType::Null => ModelColumn { kind, name, ..known },
            Some(known) => ModelColumn { name, ..known },
            None => ModelColumn { name, kind, summary: String::new() },
        }
    };
    let columns: Vec<ModelColumn> = header.iter().enumerate().map(column).collect();
    if report_no_numbers(&rows, &columns, sink) {
        return None;
    }
    let selects: Vec<String> = rows.iter().map(|(_, row)| select(row, &columns, dialect)).collect();
    let statement = match selects.len() {
        0 => format!("SELECT {}{} WHERE 1 = 0", nulls(&columns, dialect), dialect.dummy_table()),
        count => united(&selects, 0, count),
    };
    Some((columns, braces_doubled(&statement)))
}

/// Reports cells of declared numbers that are none, which would become SQL; returns true if there is one.
fn report_no_numbers(rows: &[(usize, Row)], columns: &[ModelColumn], sink: &mut ProblemSink<'_>) -> bool {
    let mut is_any = false;
    for (line, row) in rows {
        for (text, column) in row.iter().zip(columns).filter_map(|(cell, column)| Some((cell.as_ref()?, column))) {
            let is_number = column.kind.is_numeric() || column.kind == DataType::Null;
            if is_number && !is_decimal(text.trim()) {
                sink.add(*line, format!("{text:?} in the column {} is no number", column.name));
                is_any = true;
            }
        }
    }
    is_any
}

/// SELECTs joined by halves, because long chains nest too deep for a parser.
fn united(selects: &[String], from: usize, to: usize) -> String {
    if to - from == 1 {
        return selects[from].clone();
    }
    let middle = from.midpoint(to);
    let [left, right] = [united(selects, from, middle), united(selects, middle, to)];
    format!("SELECT * FROM ({left}) a UNION ALL SELECT * FROM ({right}) b")
}

fn nulls(columns: &[ModelColumn], dialect: Dialect) -> String {
    let nulls = columns.iter().map(|column| format!("NULL AS {}", dialect.quoted(&column.name)));
    nulls.collect::<Vec<_>>().join(", ")
}

fn select(row: &[Option<String>], columns: &[ModelColumn], dialect: Dialect) -> String {
    let cells = row.iter().zip(columns).map(|(cell, column)| {
        let literal = match (cell, &column.kind) {
            (None, _) => "NULL".to_owned(),
            (Some(text), DataType::Int64 | DataType::Decimal128(..) | DataType::Float64) => text.trim().to_owned(),
            // A column without a type has numbers only.
            (Some(text), DataType::Null) => text.trim().to_owned(),
            (Some(text), DataType::Boolean) => u8::from(text.trim().eq_ignore_ascii_case("true")).to_string(),
            (Some(text), DataType::Date32) if dialect == Dialect::Oracle => {
                format!("TO_DATE({}, 'YYYY-MM-DD')", text_literal(text.trim()))
            }
            (Some(text), _) => text_literal(text),
        };
        format!("{literal} AS {}", dialect.quoted(&column.name))
    });
    format!("SELECT {}{}", cells.collect::<Vec<_>>().join(", "), dialect.dummy_table())
}

/// The type of all values of a column: Null for decimals, which have no common type.
fn kind_of<'v>(values: impl Iterator<Item = &'v str>) -> DataType {
    let mut kind = None;
    for value in values.map(str::trim) {
        let is_whole =
            value.parse::<i64>().is_ok() && (value == "0" || !value.trim_start_matches('-').starts_with('0'));
        let own = match () {
            () if is_whole => DataType::Int64,
            () if is_decimal(value) && value.contains('.') => DataType::Null,
            () if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") => DataType::Boolean,
            () => return DataType::Utf8,
        };
        kind = match (kind, own) {
            (None, own) => Some(own),
            (Some(DataType::Boolean), own) | (Some(own), DataType::Boolean) if own != DataType::Boolean => {
                return DataType::Utf8;
            }
            (Some(DataType::Null), _) | (_, DataType::Null) => Some(DataType::Null),
            (_, own) => Some(own),
        };
    }
    kind.unwrap_or(DataType::Utf8)
}

/// A row's cells; an empty one is `None`.
type Row = Vec<Option<String>>;

/// The rows of a CSV text, each with its line; reports a quote that is not closed.
fn rows(text: &str, sink: &mut ProblemSink<'_>) -> Option<Vec<(usize, Row)>> {
    let records = csv_records(text).map_err(|line| sink.add(line, "a quote that begins here is not closed"));
    let cells = |cells: Vec<CsvCell>| cells.into_iter().map(|cell| Some(cell.text).filter(|text| !text.is_empty()));
    Some(records.ok()?.into_iter().map(|record| (record.line, cells(record.cells).collect())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(text: &str) -> Result<(Vec<ModelColumn>, String), String> {
        let mut all = Vec::new();
        let read = read(text, &[], Dialect::Sqlite, &mut ProblemSink { file: "a.csv", all: &mut all });
        read.ok_or_else(|| crate::problems_text(&all))
    }

    #[test]
    fn cells_have_the_type_of_their_column() {
        let (columns, statement) =
            seed("id,name,price,zip,on\n1,\"a, \"\"b\"\"\",1.50,007,true\n2,,3,12,false\n").expect("read");
        let kinds: Vec<_> = columns.iter().map(|column| column.kind.clone()).collect();
        assert_eq!(kinds, [DataType::Int64, DataType::Utf8, DataType::Null, DataType::Utf8, DataType::Boolean]);
        assert!(statement.contains("'a, \"b\"' AS \"name\", 1.50 AS \"price\", '007' AS"), "{statement}");
        assert!(statement.contains("SELECT 2 AS \"id\", NULL AS"), "{statement}");
    }

    #[test]
    fn a_cell_is_never_sql() {
        let number = ModelColumn { name: "n".to_owned(), kind: DataType::Int64, summary: String::new() };
        let mut all = Vec::new();
        let mut sink = ProblemSink { file: "a.csv", all: &mut all };
        assert!(read("n\n1\n1+1\n", &[number], Dialect::Sqlite, &mut sink).is_none());
        assert_eq!(crate::problems_text(&all), "a.csv:3: \"1+1\" in the column n is no number");
    }

    #[test]
    fn mistakes_have_lines() {
        assert_eq!(seed("a,b\n1,2\n3\n"), Err("a.csv:3: it has 1 cells for 2 columns".to_owned()));
        assert_eq!(seed("a\n\"x\n"), Err("a.csv:2: a quote that begins here is not closed".to_owned()));
        assert_eq!(seed(""), Err("a.csv: it has no header".to_owned()));
    }
}
