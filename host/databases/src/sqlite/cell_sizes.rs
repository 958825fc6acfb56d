//! A guest's statement in a form that measures its cells: for a cell that is too large to be read it returns NULL and,
//! in the column after it, the number of its bytes. SQLite looks the size up without reading the cell.

use super::cursor::Query;
use super::read_connection::ReadConnection;
use super::statement::Statement;
use super::table::quoted;

/// The measured form of a query over columns of these names, bound; `None` if it has none.
pub(super) fn measured(reader: &ReadConnection, query: &Query, names: &[&str]) -> Option<Statement> {
    let text = measured_text(&query.text, names, reader.value_bytes());
    // The guard has checked the statement itself; a name that the statement defines for a part is searched for in its
    // own text.
    let mut statement = reader.guard.watch(&query.text, || Statement::prepare(&reader.database, &text)).ok()?;
    let mut running = statement.run();
    let bound = (1..).zip(&query.parameters).all(|(number, value)| running.bind(number, value));
    drop(running);
    bound.then_some(statement)
}

fn measured_text(statement: &str, names: &[&str], most: u64) -> String {
    let cells: Vec<_> = names
        .iter()
        .map(|name| {
            let name = quoted(name);
            format!(
                "CASE WHEN octet_length({name}) > {most} THEN NULL ELSE {name} END, \
                 CASE WHEN octet_length({name}) > {most} THEN octet_length({name}) END"
            )
        })
        .collect();
    let statement = statement.trim_end().trim_end_matches(';');
    // The statement may end in a comment.
    format!("SELECT {} FROM ({statement}\n)", cells.join(", "))
}
