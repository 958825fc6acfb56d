//! The PL/SQL that clients send: blocks of calls, assignments to bind variables, statements and named exceptions. No
//! variables, no loops.

use std::collections::BTreeMap;

use super::expression::{Gathered, written};
use super::parts::{closing, listed, outside};
use super::statement::{Query, Statement};
use super::words::Word;
use crate::engine::Refusal;

/// A block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) steps: Vec<Step>,
    pub(crate) handler: Handler,
    /// Its bind variables, each once.
    pub(crate) binds: Vec<String>,
}

impl Block {
    /// True if the block assigns a value to a bind variable.
    pub(crate) fn gives(&self, name: &str) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Assign(given, _) => given == name,
            Step::Into(given, _) => given.iter().any(|given| given == name),
            _ => false,
        })
    }
}

/// One statement of a block.
#[derive(Debug)]
pub(crate) enum Step {
    Nothing,
    /// A bind variable gets the value of an expression.
    Assign(String, Query),
    /// A procedure is called with these arguments, which may be named.
    Call(String, Vec<(Option<String>, Query)>),
    /// EXECUTE IMMEDIATE of an expression.
    Dynamic(Query),
    /// Bind variables get the columns of a row.
    Into(Vec<String>, Query),
    Sql(Box<Statement>),
}

/// The action of `EXCEPTION WHEN OTHERS`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Handler {
    /// The error is returned to the client.
    Raise,
    /// The error is ignored.
    Ignore,
    /// Only these codes are ignored.
    IgnoreOnly(Vec<u32>),
}

pub(super) fn read(words: &[Word]) -> Result<Block, Refusal> {
    let (declared, words) = match words {
        [first, call @ ..] if first.is("CALL") => return Ok(block(vec![step(call)?], Handler::Raise, call)),
        [first, rest @ ..] if first.is("DECLARE") => {
            let begin = outside(rest, "BEGIN").ok_or_else(|| Refusal::new(6550, "BEGIN is missing"))?;
            (exceptions(&rest[..begin])?, &rest[begin + 1..])
        }
        [_, inner @ ..] => (BTreeMap::new(), inner),
        [] => return Err(Refusal::new(6550, "an empty block")),
    };
    let end = words.iter().rposition(|word| word.is("END")).ok_or_else(|| Refusal::new(6550, "END is missing"))?;
    let body = &words[..end];
    let exception = body.iter().position(|word| word.is("EXCEPTION"));
    let (body, handler) = body.split_at(exception.unwrap_or(body.len()));
    let steps = body.split(|word| word.is(";")).filter(|words| !words.is_empty()).map(step);
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    Ok(block(steps, handler_of(handler, &declared)?, words))
}

/// The codes of `name EXCEPTION; PRAGMA EXCEPTION_INIT(name, -942);`, by their names.
fn exceptions(words: &[Word]) -> Result<BTreeMap<String, u32>, Refusal> {
    let mut codes = BTreeMap::new();
    for words in words.split(|word| word.is(";")).filter(|words| !words.is_empty()) {
        match words {
            [Word::Name(_), kind] if kind.is("EXCEPTION") => {}
            [pragma, init, _, Word::Name(name), _, Word::Sign("-"), Word::Number(code), _]
                if pragma.is("PRAGMA") && init.is("EXCEPTION_INIT") =>
            {
                let code = code.parse().map_err(|_| Refusal::new(6550, "an exception without a code"))?;
                codes.insert(name.clone(), code);
            }
            _ => return Err(Refusal::unsupported("DECLARE of anything but exceptions")),
        }
    }
    Ok(codes)
}

fn block(steps: Vec<Step>, handler: Handler, words: &[Word]) -> Block {
    let mut gathered = Gathered { by_name: true, ..Gathered::default() };
    for word in words {
        if let Word::Bind(name) = word {
            gathered.bind(name);
        }
    }
    Block { steps, handler, binds: gathered.binds }
}

/// `WHEN OTHERS THEN NULL`, `IF SQLCODE != -942 THEN RAISE`, and `WHEN name THEN NULL` of exceptions that were declared.
fn handler_of(words: &[Word], declared: &BTreeMap<String, u32>) -> Result<Handler, Refusal> {
    if words.is_empty() {
        return Ok(Handler::Raise);
    }
    let arms = words.split(|word| word.is("WHEN")).skip(1);
    let named = arms.map(|arm| match arm {
        [Word::Name(name), then, null, end] if then.is("THEN") && null.is("NULL") && end.is(";") => {
            declared.get(name).copied()
        }
        _ => None,
    });
    if let Some(codes) = named.collect::<Option<Vec<_>>>() {
        return Ok(Handler::IgnoreOnly(codes));
    }
    if !declared.is_empty() {
        return Err(Refusal::unsupported("exception handlers beside those of declared exceptions"));
    }
    let numbers = words.windows(2).filter_map(|pair| match pair {
        [Word::Sign("-"), Word::Number(number)] => number.parse().ok(),
        _ => None,
    });
    let codes: Vec<u32> = numbers.collect();
    let raises = words.iter().any(|word| word.is("RAISE"));
    Ok(match (codes.is_empty(), raises) {
        (false, _) => Handler::IgnoreOnly(codes),
        (true, true) => Handler::Raise,
        (true, false) => Handler::Ignore,
    })
}

fn expression(words: &[Word]) -> Result<Query, Refusal> {
    let mut gathered = Gathered { by_name: true, ..Gathered::default() };
    let sql = format!("SELECT {}", written(words, &mut gathered)?);
    Ok(Query::new(sql, gathered))
}

fn step(words: &[Word]) -> Result<Step, Refusal> {
    match words {
        [only] if only.is("NULL") => Ok(Step::Nothing),
        [Word::Bind(name), assign, value @ ..] if assign.is(":=") => Ok(Step::Assign(name.clone(), expression(value)?)),
        [execute, immediate, text @ ..] if execute.is("EXECUTE") && immediate.is("IMMEDIATE") => {
            if outside(text, "USING").is_some() || outside(text, "INTO").is_some() {
                return Err(Refusal::unsupported("EXECUTE IMMEDIATE with USING or INTO"));
            }
            Ok(Step::Dynamic(expression(text)?))
        }
        [first, ..] if first.is("SELECT") => into(words),
        [first, ..]
            if ["INSERT", "UPDATE", "DELETE", "MERGE", "COMMIT", "ROLLBACK", "SAVEPOINT", "LOCK", "SET"]
                .iter()
                .any(|word| first.is(word)) =>
        {
            Ok(Step::Sql(Box::new(Statement::of(words)?)))
        }
        _ => call(words),
    }
}

/// `SELECT a, b INTO :x, :y FROM …`.
fn into(words: &[Word]) -> Result<Step, Refusal> {
    let (Some(into), Some(from)) = (outside(words, "INTO"), outside(words, "FROM")) else {
        return Err(Refusal::new(6550, "an INTO clause is expected in this SELECT statement"));
    };
    let binds = words[into + 1..from].iter().filter_map(|word| match word {
        Word::Bind(name) => Some(name.clone()),
        _ => None,
    });
    let binds = binds.collect();
    let query: Vec<Word> = words[..into].iter().chain(&words[from..]).cloned().collect();
    let mut gathered = Gathered { by_name: true, ..Gathered::default() };
    let sql = written(&query, &mut gathered)?;
    Ok(Step::Into(binds, Query::new(sql, gathered)))
}

fn call(words: &[Word]) -> Result<Step, Refusal> {
    let open = words.iter().position(|word| word.is("("));
    let name = &words[..open.unwrap_or(words.len())];
    let name: Vec<String> = name.iter().map(Word::plain).collect();
    let mut arguments = Vec::new();
    if let Some(open) = open {
        for words in listed(&words[open + 1..closing(words, open)?]) {
            arguments.push(match words {
                [Word::Name(name), arrow, value @ ..] if arrow.is("=>") => (Some(name.clone()), expression(value)?),
                value => (None, expression(value)?),
            });
        }
    }
    Ok(Step::Call(name.concat().to_uppercase(), arguments))
}
