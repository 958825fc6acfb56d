//! Special words inside statements: bind variables, pseudo-columns, ROWNUM, `AS OF SCN`, derived tables.

use super::calls;
use super::names;
use super::statement::{AsOf, Wait};
use super::words::Word;
use crate::engine::Refusal;
use crate::values::kind::Kind;

/// The facts that are gathered over the parts of one statement.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Bind variables so far, one per place where one is used.
    pub(crate) binds: Vec<String>,
    /// True if bind variables of the same name are one: in PL/SQL.
    pub(crate) by_name: bool,
    pub(crate) as_of: Vec<AsOf>,
    pub(crate) reads_scn: bool,
    pub(crate) reads_sessions: bool,
    pub(crate) locks: bool,
    pub(crate) wait: Option<Wait>,
    pub(crate) derived: usize,
}

impl Gathered {
    /// The parameter that a bind variable becomes.
    pub(crate) fn bind(&mut self, name: &str) -> String {
        let known = self.binds.iter().position(|bind| self.by_name && bind == name);
        let at = known.unwrap_or_else(|| {
            self.binds.push(name.to_owned());
            self.binds.len() - 1
        });
        format!("${}", at + 1)
    }
}

/// The clause that words are in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Clause {
    #[default]
    Other,
    Select,
    From,
    Where,
    Order,
}

/// The words within one pair of parentheses.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) clause: Clause,
    /// A query in a FROM clause, which needs an alias.
    derived: bool,
    /// `CAST( … AS type)`.
    cast: bool,
    /// Rows by ROWNUM.
    pub(super) limit: Option<String>,
    /// True if the query aggregates, so that ROWNUM limits the rows before they are aggregated.
    aggregates: bool,
    /// The places in the text where the words after FROM, and those after WHERE, begin.
    from: usize,
    condition: usize,
}

const AGGREGATES: [&str; 6] = ["COUNT", "SUM", "MIN", "MAX", "AVG", "LISTAGG"];

/// Goes through Oracle's words and writes PostgreSQL's.
pub(super) struct Writer<'w> {
    words: &'w [Word],
    pub(super) at: usize,
    pub(super) gathered: &'w mut Gathered,
    levels: Vec<Level>,
    written: Vec<String>,
}

/// Oracle's words in PostgreSQL's SQL.
pub(crate) fn written(words: &[Word], gathered: &mut Gathered) -> Result<String, Refusal> {
    let mut writer = Writer { words, at: 0, gathered, levels: vec![Level::default()], written: Vec::new() };
    while writer.at < words.len() {
        writer.step()?;
    }
    writer.end_of_query();
    Ok(writer.written.join(" "))
}

/// Words that cannot be the alias of a derived table.
const AFTER_TABLE: [&str; 28] = [
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "UNION",
    "MINUS",
    "INTERSECT",
    "EXCEPT",
    "FETCH",
    "OFFSET",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "NATURAL",
    "ON",
    "USING",
    "CONNECT",
    "START",
    "FOR",
    "WHEN",
    "SET",
    "VALUES",
    "RETURNING",
    "LOG",
    "SELECT",
];

impl Writer<'_> {
    pub(super) fn word(&self, ahead: usize) -> Option<&Word> {
        self.words.get(self.at + ahead)
    }

    pub(super) fn is(&self, ahead: usize, what: &str) -> bool {
        self.word(ahead).is_some_and(|word| word.is(what))
    }

    fn was(&self, what: &str) -> bool {
        self.at.checked_sub(1).and_then(|at| self.words.get(at)).is_some_and(|word| word.is(what))
    }

    pub(super) fn write(&mut self, text: impl Into<String>) {
        self.written.push(text.into());
    }

    pub(super) fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn step(&mut self) -> Result<(), Refusal> {
        let Some(word) = self.word(0).cloned() else { return Ok(()) };
        match &word {
            Word::Bind(name) => {
                let bind = self.gathered.bind(name);
                self.write(bind);
                self.at += 1;
            }
            Word::Sign("(") => self.open(),
            Word::Sign(")") => self.close(),
            Word::Sign("(+)") => return Err(Refusal::unsupported("outer joins by (+); write LEFT JOIN")),
            Word::Name(name) if !self.was(".") => self.name(name)?,
            Word::Quoted(_) => self.qualified(&word),
            word => {
                self.write(word.plain());
                self.at += 1;
            }
        }
        Ok(())
    }

    fn open(&mut self) {
        let in_from = self.level().clause == Clause::From && self.was(",");
        let before = in_from || ["FROM", "JOIN", "USING"].iter().any(|word| self.was(word));
        let derived = before && (self.is(1, "SELECT") || self.is(1, "WITH") || self.is(1, "("));
        let cast = self.was("CAST");
        self.write("(");
        self.levels.push(Level { derived, cast, ..Level::default() });
        self.at += 1;
    }

    fn close(&mut self) {
        self.end_of_query();
        let derived = self.levels.pop().is_some_and(|level| level.derived);
        self.write(")");
        self.at += 1;
        let named = match self.word(0) {
            Some(Word::Name(name)) => !AFTER_TABLE.contains(&name.as_str()),
            Some(Word::Quoted(_)) => true,
            _ => false,
        };
        if derived && !named {
            self.gathered.derived += 1;
            let alias = format!("AS ora$derived{}", self.gathered.derived);
            self.write(alias);
        }
    }

    pub(super) fn end_of_query(&mut self) {
        let Some(limit) = self.level().limit.take() else { return };
        let (aggregates, from, condition) = (self.level().aggregates, self.level().from, self.level().condition);
        if !aggregates {
            return self.write(format!("LIMIT ({limit})::bigint"));
        }
        // The rows are limited before they are counted. The last word before WHERE is the table or its alias.
        let alias = condition.checked_sub(2).and_then(|at| self.written.get(at)).cloned().unwrap_or_default();
        let rows = self.written.split_off(from).join(" ");
        self.write(format!("( SELECT * FROM {rows} LIMIT ({limit})::bigint ) AS {alias}"));
    }

    fn name(&mut self, name: &str) -> Result<(), Refusal> {
        if self.clause(name)? || self.pseudo(name)? || self.literal(name) || self.table_option(name)? {
            return Ok(());
        }
        if self.is(1, "(") {
            let aggregates = AGGREGATES.contains(&name) && self.level().clause == Clause::Select;
            self.level().aggregates |= aggregates;
            if let Some((text, taken)) = calls::call(&self.words[self.at..], self.gathered)? {
                self.write(text);
                self.at += taken;
                return Ok(());
            }
        }
        if name == "AS" && self.level().cast {
            return self.cast_type();
        }
        let word = Word::Name(name.to_owned());
        self.qualified(&word);
        Ok(())
    }

    /// A name, and what may follow it after a dot.
    fn qualified(&mut self, word: &Word) {
        let plain = word.plain();
        if plain.contains("v$session") {
            self.gathered.reads_sessions = true;
        }
        if plain == "current_scn" {
            self.gathered.reads_scn = true;
        }
        let column = match self.word(2) {
            Some(Word::Name(name)) if self.is(1, ".") => name.as_str(),
            _ => "",
        };
        let text = match column {
            "ROWID" => format!("sys.rowid({plain}.ctid)"),
            "ORA_ROWSCN" => format!("sys.rowscn({plain}.xmin)"),
            "NEXTVAL" => format!("nextval({})", names::literal(&plain)),
            "CURRVAL" => format!("currval({})", names::literal(&plain)),
            "CURRENT_SCN" => {
                self.gathered.reads_scn = true;
                format!("{plain}.current_scn")
            }
            _ => {
                self.write(plain);
                self.at += 1;
                if self.is(0, ".") {
                    self.write(".");
                    self.at += 1;
                    if let Some(word) = self.word(0).filter(|word| matches!(word, Word::Name(_) | Word::Quoted(_))) {
                        let plain = word.plain();
                        self.gathered.reads_sessions |= plain.contains("v$session");
                        self.write(plain);
                        self.at += 1;
                    }
                }
                return;
            }
        };
        self.write(text);
        self.at += 3;
    }

    fn clause(&mut self, name: &str) -> Result<bool, Refusal> {
        let clause = match name {
            "SELECT" => Clause::Select,
            "FROM" => Clause::From,
            "WHERE" => Clause::Where,
            "ORDER" => Clause::Order,
            "GROUP" | "HAVING" | "SET" | "VALUES" | "RETURNING" => Clause::Other,
            "UNION" | "INTERSECT" => {
                self.end_of_query();
                Clause::Other
            }
            "MINUS" => {
                self.end_of_query();
                self.write("EXCEPT");
                self.at += 1;
                return Ok(true);
            }
            "CONNECT" if self.is(1, "BY") => return Err(Refusal::unsupported("CONNECT BY")),
            _ => return Ok(false),
        };
        if (clause == Clause::Order || name == "GROUP") && self.level().limit.is_some() {
            return Err(Refusal::unsupported("ROWNUM with ORDER BY or GROUP BY in one query; use a derived table"));
        }
        self.level().clause = clause;
        self.write(name);
        self.at += 1;
        let at = self.written.len();
        match clause {
            Clause::From => self.level().from = at,
            Clause::Where => self.level().condition = at,
            _ => {}
        }
        Ok(true)
    }

    fn literal(&mut self, name: &str) -> bool {
        let Some(Word::Text(text)) = self.word(1) else { return false };
        let quoted = names::literal(text);
        let zoned = text.len() > 19 && text[11..].contains(['+', '-']) || text.ends_with('Z');
        let written = match name {
            "DATE" => format!("CAST({quoted} AS oracle.date)"),
            "TIMESTAMP" if zoned => format!("CAST({quoted} AS timestamptz)"),
            "TIMESTAMP" => format!("CAST({quoted} AS timestamp)"),
            _ => return false,
        };
        self.write(written);
        self.at += 2;
        true
    }

    fn cast_type(&mut self) -> Result<(), Refusal> {
        let (kind, taken) = Kind::read(&self.words[self.at + 1..])?;
        self.write("AS");
        let local = matches!(kind, Kind::TimestampLtz(_));
        self.write(if local { "sys.ltz".to_owned() } else { kind.in_engine() });
        self.at += 1 + taken;
        Ok(())
    }
}
