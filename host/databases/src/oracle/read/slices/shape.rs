//! Statements whose rows can be read in ranges of their order, and the statements of such ranges.
//!
//! A statement is taken apart by its tokens, and only in its plainest form: columns of one table, a condition, and an order by
//! columns. Any value can end a range: a row is either up to it or after it, so that no row is read twice and none is left
//! out, whatever the value is. That holds for rows without NULL in the columns of the order, which the caller sees to.

use sqlparser::tokenizer::{Token, TokenWithSpan};
use wmshost_sql::Value;
use wmshost_sql::guard::offset_of;

use crate::oracle::read::dates::{is_word, tokens_of};

/// Words beyond those of the plainest form: a statement that has one of them is not taken apart.
const OTHERS: [&str; 17] = [
    "GROUP",
    "HAVING",
    "UNION",
    "INTERSECT",
    "MINUS",
    "EXCEPT",
    "CONNECT",
    "START",
    "FETCH",
    "OFFSET",
    "FOR",
    "DISTINCT",
    "UNIQUE",
    "JOIN",
    "MODEL",
    "WINDOW",
    "WITH",
];

/// The parts of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The name of the table.
    pub(crate) table: String,
    /// The columns of the result: the column of the table, and the name that it has in the result.
    pub(crate) columns: Vec<(String, String)>,
    /// The columns of the order.
    pub(crate) order: Vec<String>,
    /// The list of columns.
    select: String,
    /// The table as it is written.
    from: String,
    /// The condition; empty if there is none.
    condition: String,
    /// The columns of the order as they are written.
    terms: Vec<String>,
}

/// Words whose value depends on the range that is read, or on the time at which it is.
const OF_THE_CALL: [&str; 5] = ["ROWNUM", "SYSDATE", "SYSTIMESTAMP", "CURRENT_DATE", "CURRENT_TIMESTAMP"];

impl Shape {
    /// The parts of a statement; `None` if it has another form.
    pub(crate) fn of(statement: &str) -> Option<Self> {
        let tokens = tokens_of(statement);
        let is_of_the_call = |token| OF_THE_CALL.iter().any(|word| is_word(token, word));
        if tokens.iter().any(is_of_the_call) || !is_word(tokens.first()?, "SELECT") {
            return None;
        }
        let marks = Marks::of(&tokens)?;
        let [table] = &tokens[marks.from + 1..marks.condition.unwrap_or(marks.order)] else { return None };
        let columns = tokens[1..marks.from].split(|token| token.token == Token::Comma);
        let columns: Vec<(String, String)> = columns.map(column).collect::<Option<_>>()?;
        let order = tokens[marks.order + 2..].split(|token| token.token == Token::Comma);
        let order = order.map(|term| if let [term] = term { name(term) } else { None });
        let order: Vec<String> = order.collect::<Option<_>>()?;
        // The order would be by the column of the result that has this name.
        if columns.iter().any(|(of, alias)| of != alias && order.contains(alias)) {
            return None;
        }
        let begin = |at: usize| offset_of(statement, tokens[at].span.start);
        let end = |at: usize| offset_of(statement, tokens[at].span.end);
        let part =
            |from: usize, until: usize| statement.get(end(from)?..begin(until)?).map(|part| part.trim().to_owned());
        let terms = (marks.order + 2..tokens.len()).step_by(2);
        Some(Self {
            table: name(table)?,
            columns,
            order,
            select: part(0, marks.from)?,
            from: part(marks.from, marks.condition.unwrap_or(marks.order))?,
            condition: marks.condition.map_or(Some(String::new()), |at| part(at, marks.order))?,
            terms: terms.map(|at| statement.get(begin(at)?..end(at)?).map(str::to_owned)).collect::<Option<_>>()?,
        })
    }

    /// The statement for the rows after one place and up to another one, with its parameters. The statement's own parameters
    /// come first.
    pub(crate) fn rows(&self, own: &[Value], after: Option<&[Value]>, until: Option<&[Value]>) -> (String, Vec<Value>) {
        self.statement(&self.select, own, after, until)
    }

    /// The statement for the places after one, in order, with its parameters.
    pub(crate) fn places(&self, own: &[Value], after: Option<&[Value]>) -> (String, Vec<Value>) {
        self.statement(&self.terms.join(", "), own, after, None)
    }

    fn statement(
        &self,
        select: &str,
        own: &[Value],
        after: Option<&[Value]>,
        until: Option<&[Value]>,
    ) -> (String, Vec<Value>) {
        let mut values = own.to_vec();
        let mut conditions = Vec::new();
        if !self.condition.is_empty() {
            conditions.push(format!("({})", self.condition));
        }
        for (place, inner, last) in [(after, '>', ">"), (until, '<', "<=")] {
            if let Some(place) = place {
                conditions.push(compared(&self.terms, place, (inner, last), &mut values));
            }
        }
        let condition =
            if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let text = format!("SELECT {select} FROM {}{condition} ORDER BY {}", self.from, self.terms.join(", "));
        (text, values)
    }
}

/// The condition that a row is on one side of a place. The comparison of the first column alone comes first, so that an index
/// serves.
fn compared(terms: &[String], place: &[Value], (inner, last): (char, &str), values: &mut Vec<Value>) -> String {
    let (Some((term, terms)), Some((value, place))) = (terms.split_first(), place.split_first()) else {
        return "1 = 0".to_owned();
    };
    let mut bound = || {
        values.push(value.clone());
        values.len()
    };
    if terms.is_empty() {
        return format!("{term} {last} :{}", bound());
    }
    let (first, second) = (bound(), bound());
    let rest = compared(terms, place, (inner, last), values);
    format!("{term} {inner}= :{first} AND ({term} {inner} :{second} OR ({rest}))")
}

/// The places of the words that begin the parts.
struct Marks {
    from: usize,
    condition: Option<usize>,
    order: usize,
}

impl Marks {
    fn of(tokens: &[TokenWithSpan]) -> Option<Self> {
        let (mut depth, mut from, mut condition, mut order) = (0_usize, None, None, None);
        for (at, token) in tokens.iter().enumerate() {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.checked_sub(1)?,
                _ if depth > 0 => {}
                _ if OTHERS.iter().any(|word| is_word(token, word)) => return None,
                _ => {
                    let mark = ["FROM", "WHERE", "ORDER"].iter().position(|word| is_word(token, word));
                    let mark = mark.map(|mark| [&mut from, &mut condition, &mut order][mark].replace(at));
                    if mark.flatten().is_some() {
                        return None;
                    }
                }
            }
        }
        let (from, order) = (from?, order?);
        let is_in_order = from < order && condition.is_none_or(|condition| from < condition && condition < order);
        let has_terms = is_word(tokens.get(order + 1)?, "BY") && tokens.len() > order + 2;
        (is_in_order && has_terms).then_some(Self { from, condition, order })
    }
}

/// A column of the result: `c`, or `c AS d`.
fn column(tokens: &[TokenWithSpan]) -> Option<(String, String)> {
    match tokens {
        [of] => Some((name(of)?, name(of)?)),
        [of, word, alias] if is_word(word, "AS") => Some((name(of)?, name(alias)?)),
        _ => None,
    }
}

/// A name as Oracle spells it.
fn name(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) if word.quote_style == Some('"') => Some(word.value.clone()),
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYED: &str = r#"SELECT "ID" AS "id", "SITE", "NOTE" AS "note" FROM "ORDERS" WHERE "ID" > :1 OR "X" IN (SELECT 1 FROM T) ORDER BY "ID", "SITE""#;

    fn value(number: i64) -> Value {
        Value::Int64(number)
    }

    #[test]
    fn a_range_has_the_rows_after_one_place_and_up_to_another() {
        let shape = Shape::of(KEYED).expect("a shape");
        assert_eq!(
            (shape.table.as_str(), shape.order.as_slice()),
            ("ORDERS", &["ID".to_owned(), "SITE".to_owned()][..])
        );
        let (after, until) = ([value(2), value(3)], [value(4), value(5)]);
        let (text, values) = shape.rows(&[value(1)], Some(&after), Some(&until));
        let condition = r#"("ID" > :1 OR "X" IN (SELECT 1 FROM T))"#;
        let behind = r#""ID" >= :2 AND ("ID" > :3 OR ("SITE" > :4))"#;
        let up_to = r#""ID" <= :5 AND ("ID" < :6 OR ("SITE" <= :7))"#;
        assert_eq!(
            text,
            format!(
                r#"SELECT "ID" AS "id", "SITE", "NOTE" AS "note" FROM "ORDERS" WHERE {condition} AND {behind} AND {up_to} ORDER BY "ID", "SITE""#
            )
        );
        assert_eq!(values, [1, 2, 2, 3, 4, 4, 5].map(value));
        let (text, values) = shape.places(&[value(1)], None);
        assert_eq!(text, format!(r#"SELECT "ID", "SITE" FROM "ORDERS" WHERE {condition} ORDER BY "ID", "SITE""#));
        assert_eq!(values, [value(1)]);
        let plain = Shape::of("select a from t order by a").expect("a shape");
        assert_eq!(plain.rows(&[], None, None).0, "SELECT a FROM t ORDER BY a");
        assert_eq!(plain.rows(&[], Some(&[value(7)]), None).0, "SELECT a FROM t WHERE a > :1 ORDER BY a");
    }

    #[test]
    fn what_is_not_plain_is_read_by_one() {
        for statement in [
            "SELECT a FROM t",
            "SELECT COUNT(*) FROM t ORDER BY a",
            "SELECT a FROM t ORDER BY a DESC",
            "SELECT a FROM t ORDER BY a NULLS FIRST",
            "SELECT a FROM t ORDER BY UPPER(a)",
            "SELECT a FROM t ORDER BY t.a",
            "SELECT a FROM t, u ORDER BY a",
            "SELECT a FROM t JOIN u ON 1 = 1 ORDER BY a",
            "SELECT a FROM t u ORDER BY a",
            "SELECT b AS a FROM t ORDER BY a",
            "SELECT a FROM t WHERE ROWNUM < 3 ORDER BY a",
            "SELECT a FROM t WHERE a IN (SELECT a FROM t WHERE ROWNUM < 3) ORDER BY a",
            "SELECT a FROM t ORDER BY a FETCH FIRST 1 ROWS ONLY",
            "SELECT DISTINCT a FROM t ORDER BY a",
            "SELECT a FROM t GROUP BY a ORDER BY a",
            "SELECT a FROM t UNION ALL SELECT a FROM u ORDER BY a",
            "SELECT a FROM (SELECT a FROM t) ORDER BY a",
            "SELECT * FROM t ORDER BY a",
        ] {
            assert_eq!(Shape::of(statement), None, "{statement}");
        }
    }
}
