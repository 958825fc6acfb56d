//! The mark that rows get: when they were written. Whoever follows a table, as models and tests do, looks for marks
//! that are newer than the newest one he has seen; so the marks of a table never go back, whatever the clocks of the
//! machines do that write it. The newest one given out is in a table beside, changed in the transaction of the
//! rows: transactions of several streams into one table get their marks in the order in which they commit.
//!
//! | the clock | the mark of the next transaction |
//! |---|---|
//! | goes on | the clock |
//! | was set back, or is another machine's that is behind | a microsecond after the newest mark |
//! | was far ahead once | a microsecond after the newest mark, until the time has come |

use super::table::{Cells, Kind, Table, text};
use crate::clock::Micros;
use crate::failure::Failure;
use crate::sql::Sql;
use crate::value::Value;

const TABLE: Table =
    Table { name: "WMSHOST_LOAD_CLOCK", columns: &[("table_name", Kind::Name), ("newest", Kind::Integer)], key: 1 };

/// The marks of a table, for one session.
#[derive(Debug, Default)]
pub struct LoadClock {
    /// True if the table of marks was there before the transaction.
    is_there: bool,
}

impl LoadClock {
    /// The mark for the rows of the transaction that is open; asked for once in each. `newest_row` gives the newest mark
    /// in the table itself; it is asked once in a table's life.
    pub fn tick<S: Sql>(
        &mut self,
        sql: &mut S,
        table: &str,
        clock: Micros,
        newest_row: impl FnOnce(&mut S) -> Result<Option<Micros>, Failure>,
    ) -> Result<Micros, Failure> {
        if !self.is_there {
            self.is_there = TABLE.exists(sql)?;
            TABLE.make(sql)?;
        }
        let name = Value::Text(table.to_owned());
        let now = Value::Int64(clock);
        let advance = "UPDATE WMSHOST_LOAD_CLOCK SET newest = CASE WHEN newest < ?1 THEN ?2 ELSE newest + 1 END \
                       WHERE table_name = ?3";
        if sql.execute(&text(sql.dialect(), advance), &[now.clone(), now, name.clone()])? > 0 {
            return newest(sql, name)?.ok_or_else(|| Failure::transient(format!("the mark of {table} is gone again")));
        }
        let mark = newest_row(sql)?.map_or(clock, |newest| clock.max(newest + 1));
        let row = [name.clone(), Value::Int64(mark)];
        match sql.execute(&TABLE.insert_statement(sql.dialect()), &row) {
            Ok(_) => Ok(mark),
            // Another stream has written the table for the first time meanwhile.
            Err(failure) => Err(match newest(sql, name) {
                Ok(Some(_)) => Failure::transient(format!("the first mark of {table} is another stream's: {failure}")),
                _ => failure,
            }),
        }
    }
}

/// The newest mark that was given out.
fn newest(sql: &mut dyn Sql, table: Value) -> Result<Option<Micros>, Failure> {
    let statement = format!("SELECT {} FROM WMSHOST_LOAD_CLOCK WHERE table_name = ?1", TABLE.column_list());
    let rows = sql.query(&text(sql.dialect(), &statement), &[table])?;
    let of_row = |row| {
        let mut cells = Cells::of(&TABLE, row);
        cells.text()?;
        Ok(cells.integer()?)
    };
    rows.into_iter().next().map(of_row).transpose()
}
