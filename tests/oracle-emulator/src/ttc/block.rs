//! PL/SQL blocks, step by step, and bind variables that are returned to the client.

use std::collections::HashMap;
use std::time::Duration;

use super::answer::Answer;
use super::bind::Bind;
use super::conversation::{Conversation, Next};
use super::execute::{Cursor, LOOK, Wish};
use super::message::kind;
use crate::engine::{Parameter, Refusal, Rows};
use crate::net::Broken;
use crate::sql::{Block, Handler, Query, Returning, Statement, Step};
use crate::values::codes::wire;
use crate::values::kind::Kind;
use crate::values::{moment, number};

const INPUT: u8 = 32;
const OUTPUT: u8 = 16;
const BOTH: u8 = INPUT | OUTPUT;

/// A value that is returned to the client: in the protocol's form, in the type of its bind variable.
type Given = Option<Vec<u8>>;

impl Conversation {
    /// Runs a change that returns columns of its rows into bind variables.
    pub(super) fn run_returning(
        &mut self,
        wish: Wish,
        cursor: Cursor,
        statement: &Statement,
        returning: Returning,
        rows: &[Vec<Parameter>],
    ) -> Result<Next, Broken> {
        let Statement::Change(query, _) = statement else { return Err(Broken::Unknown("no change".to_owned())) };
        let inputs = cursor.binds.len().saturating_sub(returning.columns);
        let kinds: Vec<u32> = cursor.binds[..inputs].iter().map(Bind::parameter_kind).collect();
        let mut answer = Answer::default();
        answer.directions(rows.len(), (0..cursor.binds.len()).map(|at| if at < inputs { INPUT } else { OUTPUT }));
        let mut changed = 0;
        for parameters in rows {
            let line = &self.line;
            let session = self.session.as_mut().ok_or(Broken::Closed)?;
            let returned = session.change_returning(query, &kinds, parameters, &|| line.is_interrupted(LOOK));
            let written = returned.and_then(|returned| {
                changed += returned.len() as u64;
                answer.returned(&returned, &cursor.binds[inputs..])
            });
            if let Err(refusal) = written {
                self.cursors.insert(wish.cursor, cursor);
                return self.refuse(wish.cursor, changed, &refusal);
            }
        }
        if wish.commits
            && let Err(refusal) = self.session().and_then(crate::engine::Session::commit)
        {
            return self.refuse(wish.cursor, 0, &refusal);
        }
        self.cursors.insert(wish.cursor, cursor);
        answer.call_values(None);
        self.finish(&mut answer, wish.cursor, changed);
        self.reply(answer)
    }

    /// Runs a block once per row of values.
    pub(super) fn run_block(
        &mut self,
        wish: Wish,
        cursor: Cursor,
        block: &Block,
        rows: Vec<Vec<Parameter>>,
    ) -> Result<Next, Broken> {
        let outputs: Vec<bool> = block.binds.iter().map(|name| block.gives(name)).collect();
        let mut answer = Answer::default();
        if outputs.contains(&true) {
            answer.directions(rows.len(), outputs.iter().map(|output| if *output { BOTH } else { INPUT }));
        }
        for parameters in rows {
            let mut variables: HashMap<&str, (Parameter, u32, Bind)> = HashMap::new();
            for ((name, value), bind) in block.binds.iter().zip(parameters).zip(&cursor.binds) {
                variables.insert(name, (value, bind.parameter_kind(), bind.clone()));
            }
            match self.steps(block, &variables) {
                Ok(given) if outputs.contains(&true) => {
                    answer.byte(kind::ROW_DATA);
                    for name in block.binds.iter().filter(|name| block.gives(name)) {
                        answer
                            .value(given.get(name.as_str()).and_then(Option::as_deref).unwrap_or_default())
                            .integer(0);
                    }
                }
                Ok(_) => {}
                Err(refusal) => {
                    self.cursors.insert(wish.cursor, cursor);
                    return self.refuse(wish.cursor, 0, &refusal);
                }
            }
        }
        self.cursors.insert(wish.cursor, cursor);
        answer.call_values(None);
        self.finish(&mut answer, wish.cursor, 1);
        self.reply(answer)
    }

    fn steps<'b>(&mut self, block: &'b Block, variables: &Variables<'_>) -> Result<HashMap<&'b str, Given>, Refusal> {
        let mut given = HashMap::new();
        for step in &block.steps {
            match self.step(step, variables, &mut given) {
                Ok(()) => {}
                Err(refusal) if block.handler == Handler::Ignore && refusal.code != 1013 => break,
                Err(refusal) if matches!(&block.handler, Handler::IgnoreOnly(codes) if codes.contains(&refusal.code)) =>
                {
                    break;
                }
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(given)
    }

    fn step<'b>(
        &mut self,
        step: &'b Step,
        variables: &Variables<'_>,
        given: &mut HashMap<&'b str, Given>,
    ) -> Result<(), Refusal> {
        match step {
            Step::Nothing => Ok(()),
            Step::Assign(name, query) => {
                let rows = self.value_of(query, variables)?;
                given.insert(name, cell_for(&rows, 0, variables.get(name.as_str()))?);
                Ok(())
            }
            Step::Into(names, query) => {
                let rows = self.value_of(query, variables)?;
                match rows.len() {
                    0 => return Err(Refusal::new(1403, "no data found")),
                    1 => {}
                    _ => return Err(Refusal::new(1422, "exact fetch returns more than requested number of rows")),
                }
                for (at, name) in names.iter().enumerate() {
                    given.insert(name, cell_for(&rows, at, variables.get(name.as_str()))?);
                }
                Ok(())
            }
            Step::Dynamic(query) => {
                let sql = self.text_of(query, variables)?.unwrap_or_default();
                self.sql(&Statement::read(&sql)?, variables)
            }
            Step::Sql(statement) => self.sql(statement, variables),
            Step::Call(name, arguments) => self.call(name, arguments, variables),
        }
    }

    fn sql(&mut self, statement: &Statement, variables: &Variables<'_>) -> Result<(), Refusal> {
        let line = &self.line;
        let session = self.session.as_mut().ok_or_else(|| Refusal::new(1012, "not logged on"))?;
        let watch = || line.is_interrupted(LOOK);
        match statement {
            Statement::Change(query, _) => {
                let (kinds, parameters) = bound(query, variables)?;
                session.change(query, &kinds, &[parameters], false, &watch).map(drop).map_err(|(_, refusal)| refusal)
            }
            Statement::Query(query) => {
                let (kinds, parameters) = bound(query, variables)?;
                session.query(query, &kinds, &parameters, &watch).map(drop)
            }
            Statement::Define(definition) => session.define(definition, &watch),
            Statement::Control(control) => session.control(control),
            Statement::Block(_) => Err(Refusal::unsupported("a block within a block")),
        }
    }

    fn value_of(&mut self, query: &Query, variables: &Variables<'_>) -> Result<Rows, Refusal> {
        let (kinds, parameters) = bound(query, variables)?;
        let line = &self.line;
        let session = self.session.as_mut().ok_or_else(|| Refusal::new(1012, "not logged on"))?;
        session.query(query, &kinds, &parameters, &|| line.is_interrupted(LOOK))
    }

    fn text_of(&mut self, query: &Query, variables: &Variables<'_>) -> Result<Option<String>, Refusal> {
        let rows = self.value_of(query, variables)?;
        let Some(column) = rows.columns.first() else { return Ok(None) };
        rows.cell(0, 0).map(|cell| text(cell, &column.kind)).transpose()
    }

    /// The procedures that clients of a warehouse call.
    fn call(
        &mut self,
        name: &str,
        arguments: &[(Option<String>, Query)],
        variables: &Variables<'_>,
    ) -> Result<(), Refusal> {
        let mut texts = Vec::new();
        for (argument, query) in arguments {
            // TRUE and FALSE are not values in Oracle's SQL, and no procedure here uses them.
            let is_truth = matches!(query.sql.as_str(), "SELECT true" | "SELECT false");
            texts.push((argument.clone(), if is_truth { None } else { self.text_of(query, variables)? }));
        }
        let argument = |at: usize, name: &str| {
            let named = texts.iter().find(|(argument, _)| argument.as_deref() == Some(name));
            named
                .or_else(|| texts.get(at).filter(|(argument, _)| argument.is_none()))
                .and_then(|(_, text)| text.clone())
        };
        match name {
            "DBMS_APPLICATION_INFO.SET_MODULE" => self.tag(|entry| {
                entry.module = argument(0, "MODULE_NAME");
                entry.action = argument(1, "ACTION_NAME");
            }),
            "DBMS_APPLICATION_INFO.SET_ACTION" => self.tag(|entry| entry.action = argument(0, "ACTION_NAME")),
            "DBMS_APPLICATION_INFO.SET_CLIENT_INFO" => self.tag(|entry| entry.client_info = argument(0, "CLIENT_INFO")),
            "DBMS_SESSION.SET_IDENTIFIER" => self.tag(|entry| entry.client_identifier = argument(0, "CLIENT_ID")),
            "DBMS_SESSION.CLEAR_IDENTIFIER" => self.tag(|entry| entry.client_identifier = None),
            "DBMS_STATS.GATHER_TABLE_STATS" => {
                let owner = argument(0, "OWNNAME").unwrap_or_else(|| self.account.clone());
                let table = argument(1, "TABNAME").unwrap_or_default();
                self.gather(&owner, &table)
            }
            "DBMS_STATS.GATHER_SCHEMA_STATS" | "DBMS_OUTPUT.ENABLE" | "DBMS_OUTPUT.PUT_LINE" => Ok(()),
            "DBMS_SESSION.SLEEP" | "DBMS_LOCK.SLEEP" => {
                let seconds = argument(0, "SECONDS").and_then(|text| text.parse().ok()).unwrap_or(0.0);
                self.sleep(Duration::from_secs_f64(seconds))
            }
            "RAISE_APPLICATION_ERROR" => {
                let code = argument(0, "NUM").and_then(|text| text.trim_start_matches('-').parse().ok());
                Err(Refusal::new(code.unwrap_or(20_000), argument(1, "MSG").unwrap_or_default()))
            }
            other => Err(Refusal::new(
                6550,
                format!("identifier '{other}' must be declared (the emulator does not know it)"),
            )),
        }
    }

    fn tag(&mut self, change: impl FnOnce(&mut crate::server::Entry)) -> Result<(), Refusal> {
        self.server.sessions.change(self.sid, change);
        Ok(())
    }

    fn gather(&mut self, owner: &str, table: &str) -> Result<(), Refusal> {
        use crate::sql::names::{quoted, shown};
        let session = self.session()?;
        // As DDL does everywhere, it ends the transaction.
        session.commit()?;
        session.run(&format!("ANALYZE {}.{}", quoted(&shown(owner)), quoted(&shown(table)))).map_err(|refusal| {
            match refusal.code {
                942 => Refusal::new(
                    20_000,
                    format!(
                        "Unable to analyze TABLE \"{owner}\".\"{table}\", insufficient privileges or does not exist"
                    ),
                ),
                _ => refusal,
            }
        })
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Refusal> {
        let line = &self.line;
        let session = self.session.as_mut().ok_or_else(|| Refusal::new(1012, "not logged on"))?;
        session.wait(time, &|| line.is_interrupted(LOOK))
    }
}

/// Bind variables by name: value, type for PostgreSQL, type on the wire.
type Variables<'v> = HashMap<&'v str, (Parameter, u32, Bind)>;

fn bound(query: &Query, variables: &Variables<'_>) -> Result<(Vec<u32>, Vec<Parameter>), Refusal> {
    let (mut kinds, mut parameters) = (Vec::new(), Vec::new());
    for name in &query.binds {
        let (value, kind, _) =
            variables.get(name.as_str()).ok_or_else(|| Refusal::new(1008, "not all variables bound"))?;
        kinds.push(*kind);
        parameters.push(value.clone());
    }
    Ok((kinds, parameters))
}

/// A cell in the type of the bind variable that it goes to.
fn cell_for(rows: &Rows, column: usize, variable: Option<&(Parameter, u32, Bind)>) -> Result<Given, Refusal> {
    let (_, _, bind) = variable.ok_or_else(|| Refusal::new(1008, "not all variables bound"))?;
    let kind = &rows.columns.get(column).ok_or_else(|| Refusal::new(947, "not enough values"))?.kind;
    rows.cell(0, column).map(|cell| converted(cell, kind, bind.kind)).transpose()
}

fn text(cell: &[u8], kind: &Kind) -> Result<String, Refusal> {
    match kind.wire() {
        wire::NUMBER => number::to_text(cell),
        wire::DATE | wire::TIMESTAMP | wire::TIMESTAMP_TZ => moment::to_text(cell),
        _ => Ok(String::from_utf8_lossy(cell).into_owned()),
    }
}

fn converted(cell: &[u8], kind: &Kind, wanted: u8) -> Result<Vec<u8>, Refusal> {
    let is_number = |kind: u8| matches!(kind, wire::NUMBER | wire::INTEGER);
    let is_text = |kind: u8| matches!(kind, wire::VARCHAR | wire::CHAR | wire::LONG);
    let has = kind.wire();
    match (is_number(has), is_text(has)) {
        (false, true) if is_number(wanted) => number::from_text(&String::from_utf8_lossy(cell)),
        (_, false) if is_text(wanted) => text(cell, kind).map(String::into_bytes),
        _ => Ok(cell.to_vec()),
    }
}

impl Answer {
    /// The directions of the bind variables: in, out or both.
    fn directions(&mut self, rows: usize, directions: impl ExactSizeIterator<Item = u8>) {
        let count = directions.len();
        self.byte(kind::DIRECTIONS).byte(0).count(count % 256).count(count / 256).count(rows).integer(0);
        self.integer(0).integer(0);
        for direction in directions {
            self.byte(direction);
        }
    }

    /// The values that one row of an array returned, for each bind variable.
    fn returned(&mut self, rows: &Rows, binds: &[Bind]) -> Result<(), Refusal> {
        self.byte(kind::ROW_DATA);
        for (column, bind) in binds.iter().enumerate() {
            self.count(rows.len());
            for row in 0..rows.len() {
                let kind = &rows.columns.get(column).ok_or_else(|| Refusal::new(947, "not enough values"))?.kind;
                let value = rows.cell(row, column).map(|cell| converted(cell, kind, bind.kind)).transpose()?;
                self.value(&value.unwrap_or_default()).integer(0);
            }
        }
        Ok(())
    }
}
