//! The kinds of statements, and their translation.

use super::alter;
use super::block::{self, Block};
use super::change;
use super::control::{self, Control};
use super::define::{self, Definition};
use super::expression::{Gathered, written};
use super::words::{Word, words};
use crate::engine::Refusal;

/// A statement for PostgreSQL.
#[derive(Debug)]
pub(crate) enum Statement {
    Query(Query),
    /// INSERT, UPDATE, DELETE, MERGE, LOCK TABLE.
    Change(Query, Option<Returning>),
    Define(Definition),
    Control(Control),
    Block(Block),
}

/// One statement with parameters.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) sql: String,
    /// The bind variables of its parameters, in order.
    pub(crate) binds: Vec<String>,
    /// One for each table that is read as of a system change number.
    pub(crate) as_of: Vec<AsOf>,
    /// True if it reads the current system change number.
    pub(crate) reads_scn: bool,
    /// True if it reads the sessions.
    pub(crate) reads_sessions: bool,
    /// True if it locks rows, and so begins a transaction.
    pub(crate) locks: bool,
    pub(crate) wait: Option<Wait>,
}

/// `RETURNING … INTO`: after the statement's own bind variables, one for each returned column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returning {
    pub(crate) columns: usize,
}

/// The system change number after `AS OF SCN`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AsOf {
    /// The value of this parameter.
    Bind(usize),
    Number(i64),
}

/// `FOR UPDATE WAIT` this many seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait(pub(crate) u32);

impl Query {
    pub(crate) fn new(sql: String, gathered: Gathered) -> Self {
        Self {
            sql,
            binds: gathered.binds,
            as_of: gathered.as_of,
            reads_scn: gathered.reads_scn,
            reads_sessions: gathered.reads_sessions,
            locks: gathered.locks,
            wait: gathered.wait,
        }
    }
}

impl Statement {
    /// Parses a statement.
    pub(crate) fn read(sql: &str) -> Result<Self, Refusal> {
        let words = words(sql)?;
        Self::of(&words)
    }

    pub(crate) fn of(words: &[Word]) -> Result<Self, Refusal> {
        let first =
            words.iter().find(|word| !word.is("(")).ok_or_else(|| Refusal::new(900, "invalid SQL statement"))?;
        let Word::Name(first) = first else { return Err(Refusal::new(900, "invalid SQL statement")) };
        Ok(match first.as_str() {
            "SELECT" | "WITH" => Self::Query(query(words)?),
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
                let (query, returning) = change::read(words)?;
                Self::Change(query, returning)
            }
            "LOCK" => Self::Change(change::lock(words)?, None),
            "BEGIN" | "DECLARE" | "CALL" => Self::Block(block::read(words)?),
            "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "SET" => Self::Control(control::read(words)?),
            "ALTER" if words.get(1).is_some_and(|word| word.is("SESSION")) => Self::Control(control::read(words)?),
            "ALTER" => Self::Define(alter::read(words)?),
            _ => Self::Define(define::read(words)?),
        })
    }
}

pub(crate) fn query(words: &[Word]) -> Result<Query, Refusal> {
    let mut gathered = Gathered::default();
    let sql = written(words, &mut gathered)?;
    Ok(Query::new(sql, gathered))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(oracle: &str) -> String {
        match Statement::read(oracle).expect(oracle) {
            Statement::Query(query) | Statement::Change(query, _) => query.sql,
            Statement::Define(definition) => definition.sql.join(" ; "),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_the_extractor_sends_goes_through() {
        assert_eq!(
            sql(
                r#"SELECT "ID" AS "id" FROM "ITEM" WHERE "AT" >= :1 AND ("AT" > :2 OR "ID" > :3) ORDER BY "AT" NULLS FIRST FETCH FIRST 10 ROWS ONLY"#
            ),
            r#"SELECT "id" as "ID" FROM "item" WHERE "at" >= $1 and ( "at" > $2 or "id" > $3 ) ORDER by "at" nulls first FETCH NEXT 10 rows only"#
        );
    }

    #[test]
    fn pseudo_columns_and_functions_are_known() {
        assert_eq!(
            sql("select sysdate, t.rowid, nvl(a, '') from t"),
            "SELECT sys.sysdate() , sys.rowid(t.ctid) , coalesce(a , NULL) FROM t"
        );
        assert_eq!(
            sql("select decode(a, 1, 'x', 'y') from dual"),
            "SELECT CASE WHEN (a) IS NOT DISTINCT FROM (1) THEN 'x' ELSE 'y' END FROM dual"
        );
        assert_eq!(sql("select date '2026-01-02' from dual"), "SELECT CAST('2026-01-02' AS oracle.date) FROM dual");
        assert_eq!(
            sql("select listagg(a, ',') within group (order by b) from t"),
            "SELECT string_agg(CAST(a AS text), ',' ORDER by b) FROM t"
        );
        assert_eq!(sql("select cast(a as varchar2(10)) from t"), "SELECT cast ( a AS varchar(10) ) FROM t");
    }

    #[test]
    fn rownum_is_a_limit() {
        assert_eq!(
            sql("select * from (select a from t order by a) where rownum <= :n"),
            "SELECT * FROM ( SELECT a FROM t ORDER by a ) AS ora$derived1 WHERE TRUE LIMIT ($1)::bigint"
        );
        assert_eq!(sql("select rownum, a from t"), "SELECT row_number() OVER () , a FROM t");
    }

    #[test]
    fn as_of_scn_is_taken_out() {
        let Statement::Query(query) = Statement::read("select a from t as of scn :1 x where b = :2").expect("query")
        else {
            panic!("no query");
        };
        assert_eq!(query.sql, "SELECT a FROM t x WHERE b = $2");
        assert_eq!(query.as_of, [AsOf::Bind(0)]);
    }

    #[test]
    fn a_merge_has_its_conditions_before_its_actions() {
        let merge = "merge into item t using (select :1 as id, :2 as name from dual) s on (t.id = s.id)
            when matched then update set t.name = s.name where t.name <> s.name
            when not matched then insert (t.id, name) values (s.id, s.name)";
        assert_eq!(
            sql(merge),
            "MERGE INTO item t using ( SELECT $1 as id , $2 as name FROM dual ) s ON ( t.id = s.id ) \
             WHEN MATCHED AND (t.name <> s.name) THEN UPDATE SET name = s.name \
             WHEN NOT MATCHED THEN INSERT (id , name) VALUES (s.id , s.name)"
                .replace("t.id", "t . id")
                .replace("s.id", "s . id")
                .replace("s.name", "s . name")
                .replace("t.name", "t . name")
        );
    }

    #[test]
    fn tables_are_made_of_postgresqls_types() {
        let made = sql(
            "create table wms.item (id number(10) not null, name varchar2(5), constraint pk primary key (id) using index tablespace x) tablespace y",
        );
        assert!(
            made.starts_with(
                r#"CREATE TABLE wms . item (id numeric(10,0) NOT NULL, name varchar(5) CONSTRAINT "ora$bytes$name" CHECK (octet_length(name) <= 5), CONSTRAINT pk PRIMARY KEY ( id )) ;"#
            ),
            "{made}"
        );
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for sql in ["select * from a, b where a.x = b.x(+)", "select level from dual connect by level < 3"] {
            assert_eq!(Statement::read(sql).expect_err(sql).code, 3001);
        }
    }
}
