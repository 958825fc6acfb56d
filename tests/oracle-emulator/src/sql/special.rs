//! Words that are replaced by others: pseudo-columns, ROWNUM, `AS OF SCN`, FETCH FIRST, FOR UPDATE.

use super::expression::{Clause, Writer};
use super::statement::{AsOf, Wait};
use super::words::Word;
use crate::engine::Refusal;

impl Writer<'_> {
    pub(super) fn pseudo(&mut self, name: &str) -> Result<bool, Refusal> {
        let text = match name {
            "SYSDATE" => "sys.sysdate()",
            "SYSTIMESTAMP" => "statement_timestamp()",
            "CURRENT_TIMESTAMP" => "statement_timestamp()",
            "CURRENT_DATE" => "sys.local_today()",
            "LOCALTIMESTAMP" => "sys.local_now()",
            "SESSIONTIMEZONE" => "current_setting('TimeZone')",
            "DBTIMEZONE" => "'+00:00'",
            "USER" if !self.is(1, ".") => "sys.current_user_name()",
            "ROWID" => "sys.rowid(ctid)",
            "ORA_ROWSCN" => "sys.rowscn(xmin)",
            "ROWNUM" => return self.rownum().map(|()| true),
            "DBMS_FLASHBACK" if self.is(1, ".") && self.is(2, "GET_SYSTEM_CHANGE_NUMBER") => {
                self.gathered.reads_scn = true;
                self.at += 2;
                "sys.current_scn()"
            }
            _ => return Ok(false),
        };
        self.write(text);
        self.at += 1;
        let parentheses = self.is(0, "(") && (self.is(1, ")") || self.is(2, ")"));
        if parentheses && !matches!(name, "USER" | "ROWID" | "ORA_ROWSCN") {
            self.at += if self.is(1, ")") { 2 } else { 3 };
        }
        Ok(true)
    }

    /// `ROWNUM <= n` becomes a limit; elsewhere rows are counted.
    fn rownum(&mut self) -> Result<(), Refusal> {
        if self.level().clause != Clause::Where {
            self.write("row_number() OVER ()");
            self.at += 1;
            return Ok(());
        }
        let limit = match self.word(2).cloned() {
            Some(Word::Number(number)) => number,
            Some(Word::Bind(name)) => self.gathered.bind(&name),
            _ => return Err(Refusal::unsupported("ROWNUM compared with anything but a number")),
        };
        let limit = match self.word(1) {
            Some(Word::Sign("<=")) => limit,
            Some(Word::Sign("=")) if limit == "1" => limit,
            Some(Word::Sign("<")) => format!("{limit} - 1"),
            _ => return Err(Refusal::unsupported("ROWNUM compared by anything but <, <= or = 1")),
        };
        self.level().limit = Some(limit);
        self.write("TRUE");
        self.at += 3;
        Ok(())
    }

    /// `AS OF SCN`, FETCH FIRST, FOR UPDATE.
    pub(super) fn table_option(&mut self, name: &str) -> Result<bool, Refusal> {
        match name {
            "AS" if self.is(1, "OF") && self.is(2, "SCN") => self.as_of()?,
            "AS" if self.is(1, "OF") => return Err(Refusal::unsupported("AS OF TIMESTAMP; use AS OF SCN")),
            "FETCH" | "OFFSET" if self.level().clause != Clause::Select => self.first_rows(name),
            "FOR" if self.is(1, "UPDATE") => self.for_update(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn first_rows(&mut self, name: &str) {
        self.end_of_query();
        self.write(name);
        self.at += 1;
        if self.is(0, "FIRST") || self.is(0, "NEXT") {
            self.write("NEXT");
            self.at += 1;
        }
        if let Some(Word::Bind(bind)) = self.word(0).cloned() {
            let bind = self.gathered.bind(&bind);
            self.write(format!("({bind}::bigint)"));
            self.at += 1;
        }
    }

    /// Oracle has columns after OF, PostgreSQL tables: without OF, all tables are meant.
    fn for_update(&mut self) {
        self.gathered.locks = true;
        self.write("FOR UPDATE");
        self.at += 2;
        if self.is(0, "OF") {
            let ends = |word: &Word| ["NOWAIT", "WAIT", "SKIP", ")"].iter().any(|end| word.is(end));
            while self.word(0).is_some_and(|word| !ends(word)) {
                self.at += 1;
            }
        }
        if let (true, Some(Word::Number(seconds))) = (self.is(0, "WAIT"), self.word(1)) {
            self.gathered.wait = Some(Wait(seconds.parse().unwrap_or(0)));
            self.at += 2;
        }
    }

    /// The number may be in parentheses.
    fn as_of(&mut self) -> Result<(), Refusal> {
        let within = usize::from(self.is(3, "("));
        let as_of = match self.word(3 + within).cloned() {
            Some(Word::Bind(name)) => {
                self.gathered.bind(&name);
                AsOf::Bind(self.gathered.binds.len() - 1)
            }
            Some(Word::Number(number)) => {
                let number = number.parse();
                AsOf::Number(
                    number.map_err(|_| Refusal::new(8181, "specified number is not a valid system change number"))?,
                )
            }
            _ => return Err(Refusal::unsupported("AS OF SCN with an expression")),
        };
        self.gathered.as_of.push(as_of);
        self.at += 4 + 2 * within;
        Ok(())
    }
}
