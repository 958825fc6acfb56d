//! The load time of rows. Readers that follow a table, such as models and tests, select rows with a load time greater
//! than the last one they saw; so the load times of a table never decrease, whatever the clocks of the machines that
//! write it show. The latest one is stored in a separate table, which is changed in the transaction of the rows:
//! transactions of several streams into one table get their load times in the order in which they commit.
//!
//! | the clock | the load time of the next transaction |
//! |---|---|
//! | advances | the clock |
//! | was set back, or belongs to a machine whose clock is late | a microsecond after the latest load time |
//! | was far ahead once | a microsecond after the latest load time, until the clock has reached it |

use wmshost_sql::{MetadataType, Value};

use super::table::{Cells, Table};
use crate::failure::Failure;
use crate::ports::clock::Micros;
use crate::ports::sql::Sql;

pub(super) const TABLE: Table = Table {
    name: "WMSHOST_LOAD_CLOCK",
    columns: &[("table_name", MetadataType::Name), ("newest", MetadataType::Integer)],
    key: 1,
};

/// The load times of a table, for one session.
#[derive(Debug, Default)]
pub struct LoadClock {
    /// True if the table of load times existed before the transaction.
    is_there: bool,
}

impl LoadClock {
    /// Returns the load time for the rows of the open transaction; to be called once in each. `newest_row` returns the
    /// latest load time in the table itself; it is called only before the table has an entry.
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
        // SQLite stores any value in any column: one that is no number is damage, and is not counted on from.
        let advance = "UPDATE WMSHOST_LOAD_CLOCK SET newest = CASE WHEN newest < ?1 THEN ?2 ELSE newest + 1 END \
                       WHERE table_name = ?3 AND newest + 0 = newest";
        if sql.execute(&sql.dialect().with_parameters(advance), &[now.clone(), now, name.clone()])? > 0 {
            return newest(sql, name)?
                .ok_or_else(|| Failure::transient(format!("the load time of {table} was deleted in the meantime")));
        }
        let load_time = newest_row(sql)?.map_or(clock, |newest| clock.max(newest + 1));
        let row = [name.clone(), Value::Int64(load_time)];
        match sql.execute(&TABLE.insert_statement(sql.dialect()), &row) {
            Ok(_) => Ok(load_time),
            // In the meantime, another stream has written the table for the first time.
            Err(failure) => Err(match newest(sql, name) {
                Ok(Some(_)) => {
                    Failure::transient(format!("another stream has written the first load time of {table}: {failure}"))
                }
                Ok(None) => failure,
                Err(damaged) => damaged,
            }),
        }
    }
}

/// Returns the latest load time that was assigned; `None` if there is none.
fn newest(sql: &mut dyn Sql, table: Value) -> Result<Option<Micros>, Failure> {
    let statement = format!("SELECT {} FROM WMSHOST_LOAD_CLOCK WHERE table_name = ?1", TABLE.column_list());
    let rows = sql.query(&sql.dialect().with_parameters(&statement), &[table])?;
    let of_row = |row| {
        let mut cells = Cells::of(&TABLE, row);
        cells.text()?;
        Ok(cells.integer()?)
    };
    rows.into_iter().next().map(of_row).transpose()
}
