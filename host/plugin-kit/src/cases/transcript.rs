//! Sessions of a source whose answers are kept, and sessions that give such answers again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use wmshost_flow::{Batch, Cursor, Dialect, Failure, Micros, SourceSession, TableDescription, Value};

use super::answers::{
    Answer, Described, Query, Refusal, SourceAnswers, Table, Unreadable, columns_of, head, parameters_as_json,
};

/// The answers of a source so far, up to a number of bytes of rows. Batches are shared with the run, not copied.
#[derive(Clone)]
pub struct Transcript(Arc<Mutex<Kept>>);

struct Kept {
    answers: SourceAnswers,
    bytes: usize,
    most_bytes: usize,
    is_full: bool,
}

impl Transcript {
    /// A transcript of at most this many bytes of rows.
    pub fn new(most_bytes: usize) -> Self {
        let answers = SourceAnswers::default();
        Self(Arc::new(Mutex::new(Kept { answers, bytes: 0, most_bytes, is_full: false })))
    }

    /// The same session, whose answers are kept.
    pub fn of_session(&self, session: Box<dyn SourceSession>) -> Box<dyn SourceSession> {
        self.lock().answers.dialect = session.dialect().name().to_owned();
        Box::new(KeptSession { session, transcript: self.clone() })
    }

    /// True if there was no room for all answers.
    pub fn is_full(&self) -> bool {
        self.lock().is_full
    }

    /// Forgets the answers, and keeps no more.
    pub fn forget(&self) {
        let mut kept = self.lock();
        (kept.answers, kept.is_full) = (SourceAnswers::default(), true);
    }

    pub(super) fn answers(&self) -> SourceAnswers {
        self.lock().answers.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an answer, if there is room.
    fn keep(&self, add: impl FnOnce(&mut SourceAnswers)) {
        let mut kept = self.lock();
        if !kept.is_full {
            add(&mut kept.answers);
        }
    }
}

/// A session whose answers are kept.
struct KeptSession {
    session: Box<dyn SourceSession>,
    transcript: Transcript,
}

fn answer<T: Clone>(answer: &Result<T, Failure>) -> Answer<T> {
    answer.as_ref().cloned().map_err(Refusal::of)
}

impl SourceSession for KeptSession {
    fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    fn now(&mut self) -> Result<Micros, Failure> {
        let now = self.session.now();
        self.transcript.keep(|answers| answers.clock.push(answer(&now)));
        now
    }

    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        let tables = self.session.tables();
        self.transcript.keep(|answers| answers.tables.push(answer(&tables)));
        tables
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        let described = self.session.describe(table);
        let found = described.as_ref().map(|found| found.as_ref().map(Table::of)).map_err(Refusal::of);
        self.transcript.keep(|answers| answers.described.push(Described { table: table.to_owned(), found }));
        described
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let cursor = self.session.query(statement, parameters);
        let columns = cursor.as_ref().map(|cursor| head(&cursor.schema())).map_err(Refusal::of);
        let mut place = 0;
        self.transcript.keep(|answers| {
            place = answers.queries.len();
            answers.queries.push(Query::of(statement, parameters, columns));
        });
        let transcript = self.transcript.clone();
        cursor.map(|cursor| Box::new(KeptCursor { cursor, transcript, place }) as Box<dyn Cursor>)
    }
}

/// The rows of a statement, which are kept.
struct KeptCursor {
    cursor: Box<dyn Cursor>,
    transcript: Transcript,
    /// The place of the statement among all.
    place: usize,
}

impl Cursor for KeptCursor {
    fn schema(&self) -> SchemaRef {
        self.cursor.schema()
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        let next = self.cursor.next(max_rows);
        let mut kept = self.transcript.lock();
        if let Ok(Some(batch)) = &next {
            kept.bytes += batch.rows.get_array_memory_size();
            kept.is_full |= kept.bytes > kept.most_bytes;
        }
        if kept.is_full {
            return next;
        }
        if let Some(query) = kept.answers.queries.get_mut(self.place) {
            match &next {
                Ok(Some(batch)) => {
                    query.rows.push(batch.rows.clone());
                    let after = query.count();
                    query.rejected.extend(batch.rejected.iter().map(|rejected| Unreadable::of(rejected, after)));
                }
                Ok(None) => query.end = Some(Ok(())),
                Err(failure) => query.end = Some(Err(Refusal::of(failure))),
            }
        }
        next
    }
}

/// A session that returns the answers of a recording again. It has none for other calls than those of the run.
pub(super) struct AnsweredSession {
    dialect: Dialect,
    answers: SourceAnswers,
}

impl AnsweredSession {
    pub(super) fn new(answers: SourceAnswers) -> Self {
        let dialect = if answers.dialect == Dialect::Oracle.name() { Dialect::Oracle } else { Dialect::Sqlite };
        Self { dialect, answers }
    }
}

/// Takes the first answer of a list.
fn taken<T>(answers: &mut Vec<T>, what: &str) -> Result<T, Failure> {
    if answers.is_empty() {
        return Err(not_asked(what));
    }
    Ok(answers.remove(0))
}

fn not_asked(what: &str) -> Failure {
    let message = format!("the recording has no answer to this: {what}");
    Failure::permanent(message)
        .advise("a component that asks the source for something else is tried with tables of its own")
}

impl SourceSession for AnsweredSession {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn now(&mut self) -> Result<Micros, Failure> {
        taken(&mut self.answers.clock, "the time")?.map_err(|refusal| refusal.failure())
    }

    fn tables(&mut self) -> Result<Vec<String>, Failure> {
        taken(&mut self.answers.tables, "the tables")?.map_err(|refusal| refusal.failure())
    }

    fn describe(&mut self, table: &str) -> Result<Option<TableDescription>, Failure> {
        let described = self.answers.described.iter().find(|described| described.table.eq_ignore_ascii_case(table));
        let described = described.ok_or_else(|| not_asked(&format!("the columns of {table}")))?;
        match &described.found {
            Ok(found) => found.as_ref().map(Table::description).transpose(),
            Err(refusal) => Err(refusal.failure()),
        }
    }

    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Box<dyn Cursor>, Failure> {
        let parameters = parameters_as_json(parameters);
        let is_asked = |query: &Query| query.statement == statement && query.parameters == parameters;
        let place = self.answers.queries.iter().position(is_asked);
        let query = self.answers.queries.remove(place.ok_or_else(|| not_asked(statement))?);
        let columns = columns_of(query.columns.as_ref().map_err(Refusal::failure)?)?;
        let rows = concat_batches(&columns, &query.rows).map_err(|error| Failure::permanent(error.to_string()))?;
        Ok(Box::new(AnsweredCursor { columns, rows, query, at: 0 }))
    }
}

/// The rows of a recorded statement.
struct AnsweredCursor {
    columns: SchemaRef,
    rows: RecordBatch,
    query: Query,
    /// The number of rows that were given.
    at: usize,
}

impl Cursor for AnsweredCursor {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.columns)
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, Failure> {
        let due_at = |at: usize| self.query.rejected.iter().take_while(|rejected| rejected.after <= at).count();
        let mut count = max_rows.min(self.rows.num_rows() - self.at);
        // The rows that cannot be read count, too.
        while count > 1 && count + due_at(self.at + count) > max_rows {
            count -= 1;
        }
        let due = due_at(self.at + count);
        let rows = self.rows.slice(self.at, count);
        self.at += count;
        let rejected: Vec<_> = self.query.rejected.drain(..due).map(|rejected| rejected.rejected()).collect();
        if count > 0 || !rejected.is_empty() {
            return Ok(Some(Batch::read(rows, rejected)));
        }
        match &self.query.end {
            Some(Ok(())) => Ok(None),
            Some(Err(refusal)) => Err(refusal.failure()),
            None => Err(not_asked("more rows than the run read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use wmshost_databases::sqlite;
    use wmshost_flow::{ExtractRequest, Method, Setting, SourceGrant};

    use super::super::answers::Answers;
    use super::super::recording::{RecordedReading, Recording, record_reading, recorded};
    use super::*;

    const QUERY: &str = "SELECT id, name FROM t WHERE id > ?1 ORDER BY id";

    /// A session of a table with five rows, the third of which cannot be read.
    fn session(folder: &std::path::Path) -> Box<dyn SourceSession> {
        let file = folder.join("source.db");
        let target = sqlite::open_target(&file, "case", crate::cases::host::clock()).unwrap();
        let mut sql = target.sql().unwrap();
        sql.execute("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, name DECIMAL(5, 2))", &[]).unwrap();
        sql.execute("INSERT INTO t VALUES (1, 1.5), (2, NULL), (3, 'many'), (4, 4), (5, 5)", &[]).unwrap();
        let grant = SourceGrant::of(["t".to_owned()].into());
        sqlite::open_source(&file, 1, "case").unwrap().session(&grant).unwrap()
    }

    /// All that a session says, in words.
    fn heard(session: &mut dyn SourceSession) -> String {
        let mut heard = format!("{:?}\n", session.tables());
        heard += &format!("{:?}\n", session.describe("t"));
        let mut cursor = session.query(QUERY, &[Value::Int64(0)]).unwrap();
        for _ in 0..5 {
            let next = cursor.next(2).map(|batch| batch.map(|batch| (batch.rows, batch.rejected)));
            heard += &format!("{next:?}\n");
        }
        heard +=
            &format!("{:?}\n", session.query("SELECT nothing FROM t", &[]).err().map(|failure| failure.to_string()));
        heard
    }

    #[test]
    fn what_a_session_answered_is_answered_again_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let transcript = Transcript::new(1 << 20);
        let first = heard(transcript.of_session(session(folder.path())).as_mut());
        assert!(first.contains("bad") || first.contains("many"), "{first}");
        let request = ExtractRequest {
            state: BTreeMap::from([("seen".to_owned(), vec![0, 255])]),
            ..ExtractRequest::of_table("s", ("source", "t"), Method::Full, 2)
        };
        let recording: Recording = serde_json::from_str(
            r#"{"run_id": "run", "stream": "s", "plugin": "p", "name": "p", "version": "1", "digest": "d", "component": "p.wasm",
                "batch": 3, "rows": 4, "failure": null}"#,
        )
        .unwrap();
        let settings = BTreeMap::from([("word".to_owned(), Setting::Text("x".to_owned()))]);
        let to = folder.path().join("recording");
        let reading = RecordedReading { request: &request, settings: &settings, answers: &transcript };
        record_reading(&to, &recording, &reading).unwrap();
        assert_eq!(recorded(&to).unwrap(), recording);
        let answers = Answers::read(&to).unwrap().expect("answers");
        assert_eq!((answers.batches, answers.request(&to).unwrap().state), (3, request.state));
        let mut again = AnsweredSession::new(answers.source);
        assert_eq!(heard(&mut again), first);
        for refused in [again.now().map(drop), again.query(QUERY, &[Value::Int64(7)]).map(drop)] {
            let refused = refused.expect_err("not asked then").to_string();
            assert!(refused.contains("the recording has no answer to this"), "{refused}");
        }
        let broken = fs::read_to_string(to.join("answers.json")).unwrap().replace("\"full\"", "\"some\"");
        fs::write(to.join("answers.json"), broken).unwrap();
        assert!(recorded(&to).unwrap_err().to_string().contains("answers.json: the request is not valid"));
    }

    #[test]
    fn a_transcript_has_no_more_than_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let transcript = Transcript::new(1);
        let mut session = transcript.of_session(session(folder.path()));
        let mut cursor = session.query(QUERY, &[Value::Int64(0)]).unwrap();
        assert!(!transcript.is_full());
        while cursor.next(2).unwrap().is_some() {}
        assert!(transcript.is_full());
        let answers = transcript.answers();
        assert_eq!((answers.queries.len(), answers.queries[0].count(), answers.queries[0].end.is_none()), (1, 0, true));
        let all = Transcript::new(1 << 20);
        all.forget();
        assert!(all.is_full() && all.answers().queries.is_empty());
    }
}
