//! Tables in memory, and the execution of statements on them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use arrow_schema::SchemaRef;
use wmshost_sql::Value;

use super::statement::{Condition, Expression, Operator, Query, Statement};
use crate::failure::Failure;

/// A row's values in the order of its table's columns.
pub(crate) type Row = Vec<Value>;

/// A table in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryTable {
    /// The columns' names.
    pub(super) columns: Vec<String>,
    /// The columns of the primary key.
    pub(super) key: Vec<String>,
    /// The rows, in the order in which they were inserted.
    pub(super) rows: Vec<Row>,
    /// The columns of a stream's table; `None` for a table that a statement created.
    pub(super) schema: Option<SchemaRef>,
}

impl MemoryTable {
    /// Returns the position of a column, in any case.
    pub(super) fn place(&self, column: &str) -> usize {
        let place = self.columns.iter().position(|name| name == column || name.eq_ignore_ascii_case(column));
        place.unwrap_or_else(|| panic!("no column {column} among {:?}", self.columns))
    }

    /// Returns the values of the primary key of a row.
    pub(super) fn key_of<'r>(&self, row: &'r [Value]) -> Vec<&'r Value> {
        self.key.iter().map(|name| &row[self.place(name)]).collect()
    }

    /// Adds a row, unless another one has its key.
    pub(super) fn insert(&mut self, row: Row) -> Result<(), Failure> {
        let places: Vec<_> = self.key.iter().map(|name| self.place(name)).collect();
        let is_same = |other: &Row| places.iter().all(|place| other[*place] == row[*place]);
        if !places.is_empty() && self.rows.iter().any(is_same) {
            return Err(Failure::permanent(format!("UNIQUE constraint failed: {:?}", self.key_of(&row))));
        }
        self.rows.push(row);
        Ok(())
    }
}

/// A database in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Database(pub(super) BTreeMap<String, MemoryTable>);

/// The parameters of a statement, and the time in seconds.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) parameters: &'a [Value],
    pub(super) now: i64,
}

/// A row with its table.
type Place<'a> = (&'a MemoryTable, &'a [Value]);

impl Database {
    /// Returns a table, in whatever case its name is written.
    pub(super) fn table(&self, name: &str) -> Result<&MemoryTable, Failure> {
        self.0.get(&name.to_uppercase()).ok_or_else(|| Failure::permanent(format!("no such table: {name}")))
    }

    /// Returns a table to be changed.
    pub(super) fn table_mut(&mut self, name: &str) -> Result<&mut MemoryTable, Failure> {
        self.0.get_mut(&name.to_uppercase()).ok_or_else(|| Failure::permanent(format!("no such table: {name}")))
    }

    /// Runs a statement; returns the rows of a query, and the number of rows that were changed.
    pub(super) fn run(&mut self, statement: &Statement, given: Given<'_>) -> Result<(Vec<Row>, u64), Failure> {
        match statement {
            Statement::Select(query) => Ok((self.query(query, given)?, 0)),
            Statement::Insert { table, columns, values } => {
                let values = values.iter().map(|value| self.value(value, None, given).map(Cow::into_owned));
                let values: Row = values.collect::<Result<_, _>>()?;
                let table = self.table_mut(table)?;
                let mut row = vec![Value::Null; table.columns.len()];
                columns.iter().zip(values).for_each(|(column, value)| row[table.place(column)] = value);
                table.insert(row).map(|()| (Vec::new(), 1))
            }
            Statement::Update { table: name, set, condition } => {
                let table = self.table(name)?;
                let mut changes = Vec::new();
                let chosen = self.matching(table, condition, given)?;
                for at in &chosen {
                    for (column, value) in set {
                        let value = self.value(value, Some((table, &table.rows[*at])), given)?.into_owned();
                        changes.push((*at, table.place(column), value));
                    }
                }
                let rows = &mut self.table_mut(name)?.rows;
                changes.into_iter().for_each(|(at, place, value)| rows[at][place] = value);
                Ok((Vec::new(), chosen.len() as u64))
            }
            Statement::Delete { table, condition } => {
                let chosen = self.matching(self.table(table)?, condition, given)?;
                let rows = &mut self.table_mut(table)?.rows;
                chosen.iter().rev().for_each(|at| drop(rows.remove(*at)));
                Ok((Vec::new(), chosen.len() as u64))
            }
            Statement::CreateTable { table, columns, key } => {
                let (columns, key) = (columns.clone(), key.clone());
                let made = MemoryTable { columns, key, rows: Vec::new(), schema: None };
                match self.0.insert(table.to_uppercase(), made) {
                    None => Ok((Vec::new(), 0)),
                    Some(_) => Err(Failure::permanent(format!("table {table} already exists"))),
                }
            }
            Statement::CreateIndex => Ok((Vec::new(), 0)),
        }
    }

    /// Returns the rows of a query.
    fn query(&self, query: &Query, given: Given<'_>) -> Result<Vec<Row>, Failure> {
        match query.table.as_deref() {
            None => {
                let items = query.list.iter().map(|item| self.value(item, None, given).map(Cow::into_owned));
                Ok(vec![items.collect::<Result<_, _>>()?])
            }
            Some("main.sqlite_schema") => self.query_table(&self.catalogue(), query, given),
            Some(name) => self.query_table(self.table(name)?, query, given),
        }
    }

    /// Returns the catalogue as a table.
    fn catalogue(&self) -> MemoryTable {
        let text = |text: &str| Value::Text(text.to_owned());
        let columns = ["type", "name"].map(str::to_owned).to_vec();
        let rows = self.0.keys().map(|name| vec![text("table"), text(name)]).collect();
        MemoryTable { columns, rows, ..MemoryTable::default() }
    }

    fn query_table(&self, table: &MemoryTable, query: &Query, given: Given<'_>) -> Result<Vec<Row>, Failure> {
        let chosen = self.matching(table, &query.condition, given)?;
        let mut rows: Vec<&Row> = chosen.iter().map(|at| &table.rows[*at]).collect();
        let places: Vec<_> = query.order.iter().map(|column| table.place(column)).collect();
        rows.sort_by(|a, b| {
            let orders = places.iter().map(|place| compare(&a[*place], &b[*place]).unwrap_or(Ordering::Equal));
            orders.fold(Ordering::Equal, Ordering::then)
        });
        rows.truncate(query.limit.unwrap_or(usize::MAX));
        let is_one = |item: &Expression| matches!(item, Expression::Count | Expression::Max(_) | Expression::Sum(_));
        if query.list.iter().any(is_one) {
            return Ok(vec![query.list.iter().map(|item| aggregate(table, &rows, item)).collect()]);
        }
        let value = |item, row| self.value(item, Some((table, row)), given).map(Cow::into_owned);
        rows.iter().map(|row| query.list.iter().map(|item| value(item, row)).collect()).collect()
    }

    /// Returns the positions of the rows that meet a condition.
    fn matching(&self, table: &MemoryTable, condition: &Condition, given: Given<'_>) -> Result<Vec<usize>, Failure> {
        let mut chosen = Vec::new();
        for (at, row) in table.rows.iter().enumerate() {
            if self.is_met(condition, (table, row), given)? {
                chosen.push(at);
            }
        }
        Ok(chosen)
    }

    fn is_met(&self, condition: &Condition, row: Place<'_>, given: Given<'_>) -> Result<bool, Failure> {
        Ok(match condition {
            Condition::All(all) => {
                for one in all {
                    if !self.is_met(one, row, given)? {
                        return Ok(false);
                    }
                }
                true
            }
            Condition::Any(any) => {
                for one in any {
                    if self.is_met(one, row, given)? {
                        return Ok(true);
                    }
                }
                false
            }
            Condition::Is(left, operator, right) => {
                let (left, right) = (self.value(left, Some(row), given)?, self.value(right, Some(row), given)?);
                let order = compare(&left, &right);
                match operator {
                    Operator::Equal => order == Some(Ordering::Equal),
                    Operator::Differs => order.is_some_and(Ordering::is_ne),
                    Operator::Greater => order == Some(Ordering::Greater),
                    Operator::Like => {
                        let pattern = right.to_string();
                        left.to_string().starts_with(pattern.strip_suffix('%').expect("a pattern with % at its end"))
                    }
                }
            }
            Condition::IsNull(of) => *self.value(of, Some(row), given)? == Value::Null,
            Condition::In(left, list) => {
                let left = self.value(left, Some(row), given)?;
                for one in list {
                    if compare(&left, &*self.value(one, Some(row), given)?) == Some(Ordering::Equal) {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    fn value<'v>(
        &self,
        expression: &'v Expression,
        row: Option<Place<'v>>,
        given: Given<'v>,
    ) -> Result<Cow<'v, Value>, Failure> {
        Ok(match expression {
            Expression::Column(column) => {
                let (table, row) = row.unwrap_or_else(|| panic!("no row has the column {column}"));
                Cow::Borrowed(&row[table.place(column)])
            }
            Expression::Parameter(number) => Cow::Borrowed(&given.parameters[*number - 1]),
            Expression::Constant(value) => Cow::Borrowed(value),
            Expression::Now => Cow::Owned(Value::Int64(given.now)),
            Expression::Plus(one, other) => match (&*self.value(one, row, given)?, &*self.value(other, row, given)?) {
                (Value::Int64(one), Value::Int64(other)) => Cow::Owned(Value::Int64(one + other)),
                both => panic!("no sum of {both:?}"),
            },
            Expression::Query(query) => {
                let row = self.query(query, given)?.into_iter().next().unwrap_or_default();
                Cow::Owned(row.into_iter().next().unwrap_or(Value::Null))
            }
            Expression::Count | Expression::Max(_) | Expression::Sum(_) => panic!("{expression:?} is of no single row"),
        })
    }
}

/// Returns an expression over all rows.
fn aggregate(table: &MemoryTable, rows: &[&Row], expression: &Expression) -> Value {
    let values = |column: &str| -> Vec<&Value> {
        let place = table.place(column);
        rows.iter().map(|row| &row[place]).filter(|value| **value != Value::Null).collect()
    };
    match expression {
        Expression::Count => Value::Int64(rows.len() as i64),
        Expression::Max(column) => {
            let greatest = values(column).into_iter().max_by(|a, b| compare(a, b).unwrap_or(Ordering::Equal));
            greatest.cloned().unwrap_or(Value::Null)
        }
        Expression::Sum(column) => {
            let numbers = values(column).into_iter().map(|value| match value {
                Value::Int64(number) => *number,
                other => panic!("no sum with {other:?}"),
            });
            numbers.reduce(|one, other| one + other).map_or(Value::Null, Value::Int64)
        }
        other => panic!("{other:?} is not of all rows"),
    }
}

/// Returns the order of two values; `None` if one of them is NULL, or if they have two types.
pub(super) fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Int64(one), Value::Int64(other)) => Some(one.cmp(other)),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
