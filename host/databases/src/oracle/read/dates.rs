//! Moments compared with columns of the type DATE. A moment is bound as a TIMESTAMP, to which Oracle would turn the
//! column row by row, past every index on it. So the moment is turned into a DATE instead, after it was taken to the
//! whole second that leaves the comparison as it was: a DATE has none but whole seconds.

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use wmshost_flow::SourceForm;
use wmshost_sql::guard::offset_of;
use wmshost_sql::{Dialect, Value};

use crate::forms;
use crate::sqlite::decimal::{Number, put_text};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The way in which a column is compared with a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// `>`, `<=`: the parameter's fraction of a second may be dropped.
    Downwards,
    /// `<`, `>=`: it may be rounded up.
    Upwards,
    /// `=`, `<>`: only a whole second can be equal.
    Same,
}

/// A parameter that is compared with a column.
struct Comparison<'t> {
    column: &'t str,
    compared: Compared,
}

/// The statement and its parameters, with moments that are compared with a DATE turned into one. `is_date` says whether
/// a column is a DATE, by its name as Oracle spells it. Does nothing if the statement has more SELECTs than its own and
/// those that the host put into the places of tables.
pub(crate) fn as_dates(
    statement: &str,
    values: &[Value],
    expected_selects: usize,
    is_date: impl Fn(&str) -> bool,
) -> (String, Vec<Value>) {
    let (mut text, mut values) = (statement.to_owned(), values.to_vec());
    let tokens = tokens_of(statement);
    let selects = tokens.iter().filter(|token| is_word(token, "SELECT")).count();
    if selects != expected_selects {
        // A name may mean a column of an inner SELECT.
        return (text, values);
    }
    for at in (0..tokens.len().saturating_sub(1)).rev() {
        let Some(place) = place_of(&tokens, at) else { continue };
        let Some(value) = values.get_mut(place) else { continue };
        let Some(Comparison { column, compared }) = comparison(&tokens, at) else { continue };
        let Some(whole) = whole_second(value, compared).filter(|_| is_date(column)) else { continue };
        let ends = offset_of(statement, tokens[at].span.start).zip(offset_of(statement, tokens[at + 1].span.end));
        let Some((start, end)) = ends else { continue };
        text.replace_range(start..end, &format!("CAST(:{} AS DATE)", place + 1));
        *value = whole;
    }
    (text, values)
}

/// The parameters, with moments that are compared with a column of counts turned into such counts. `form_of` has the form
/// of a column, by its name as Oracle spells it.
pub(crate) fn as_counts(
    statement: &str,
    mut values: Vec<Value>,
    form_of: impl Fn(&str) -> Option<SourceForm>,
) -> Vec<Value> {
    let tokens = tokens_of(statement);
    for at in 0..tokens.len().saturating_sub(1) {
        let Some(value) = place_of(&tokens, at).and_then(|place| values.get_mut(place)) else { continue };
        let Some(form) = comparison(&tokens, at).and_then(|compared| form_of(compared.column)) else { continue };
        let micros = match value {
            Value::Timestamp(micros) => *micros,
            Value::Date(days) => i64::from(*days) * DAY,
            _ => continue,
        };
        *value = count(form, micros);
    }
    values
}

/// The tokens of a statement without white space; none if it cannot be read.
pub(super) fn tokens_of(statement: &str) -> Vec<TokenWithSpan> {
    let tokens = Tokenizer::new(Dialect::Oracle.parser_dialect(), statement).tokenize_with_location();
    tokens.unwrap_or_default().into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect()
}

/// The place among the parameters of the one whose colon is at this token.
fn place_of(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    match (&tokens[at].token, &tokens.get(at + 1)?.token) {
        (Token::Colon, Token::Number(number, _)) => number.parse::<usize>().ok()?.checked_sub(1),
        _ => None,
    }
}

/// The number that a form keeps for a moment.
fn count(form: SourceForm, micros: i64) -> Value {
    match (forms::number(form, micros), form.epoch_scale()) {
        (Number::Whole(count), _) => Value::Int64(count),
        (Number::Real(_), Some(scale)) => {
            let mut text = Vec::new();
            put_text(i128::from(micros), scale, &mut text);
            Value::Decimal(String::from_utf8_lossy(&text).into_owned())
        }
        (Number::Real(count), None) => Value::Decimal(count.to_string()),
    }
}

fn whole_second(value: &Value, compared: Compared) -> Option<Value> {
    let Value::Timestamp(micros) = value else { return None };
    let down = micros.div_euclid(SECOND) * SECOND;
    match compared {
        _ if down == *micros => Some(value.clone()),
        Compared::Downwards => Some(Value::Timestamp(down)),
        Compared::Upwards => Some(Value::Timestamp(down + SECOND)),
        Compared::Same => None,
    }
}

/// The comparison of the parameter whose colon is at this token, if it is with a column.
fn comparison(tokens: &[TokenWithSpan], at: usize) -> Option<Comparison<'_>> {
    let before = |steps: usize| at.checked_sub(steps).map(|at| &tokens[at]);
    let word = |token: &'_ TokenWithSpan| matches!(token.token, Token::Word(_));
    if let Some(of) = before(1).and_then(|token| operator(&token.token)) {
        return before(2).filter(|token| word(token)).and_then(|token| column(token, of));
    }
    if before(1).is_some_and(|token| is_word(token, "BETWEEN")) {
        return before(2).and_then(|token| column(token, Compared::Upwards));
    }
    if before(1).is_some_and(|token| is_word(token, "AND")) && before(4).is_some_and(|token| is_word(token, "BETWEEN"))
    {
        return before(5).and_then(|token| column(token, Compared::Downwards));
    }
    let of = match operator(&tokens.get(at + 2)?.token)? {
        // `:1 < c` is `c > :1`.
        Compared::Downwards => Compared::Upwards,
        Compared::Upwards => Compared::Downwards,
        Compared::Same => Compared::Same,
    };
    column(first_name(tokens, at + 3)?, of)
}

/// The last part of the name that begins here: `o.c` is `c`.
fn first_name(tokens: &[TokenWithSpan], at: usize) -> Option<&TokenWithSpan> {
    let mut at = at;
    while matches!(tokens.get(at + 1).map(|token| &token.token), Some(Token::Period)) {
        at += 2;
    }
    tokens.get(at)
}

fn operator(token: &Token) -> Option<Compared> {
    match token {
        Token::Gt | Token::LtEq => Some(Compared::Downwards),
        Token::Lt | Token::GtEq => Some(Compared::Upwards),
        Token::Eq | Token::Neq => Some(Compared::Same),
        _ => None,
    }
}

fn column(token: &TokenWithSpan, compared: Compared) -> Option<Comparison<'_>> {
    match &token.token {
        Token::Word(word) => Some(Comparison { column: &word.value, compared }),
        _ => None,
    }
}

/// Returns whether a token is a word of SQL, and not a name in quotes.
pub(super) fn is_word(token: &TokenWithSpan, keyword: &str) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(statement: &str, micros: &[i64]) -> (String, Vec<i64>) {
        let values: Vec<Value> = micros.iter().map(|micros| Value::Timestamp(*micros)).collect();
        let (text, values) = as_dates(statement, &values, 1, |column| column.eq_ignore_ascii_case("D"));
        let micros = values.iter().map(|value| if let Value::Timestamp(micros) = value { *micros } else { 0 });
        (text, micros.collect())
    }

    #[test]
    fn a_moment_is_taken_to_the_second_that_leaves_the_comparison_as_it_was() {
        for (condition, micros, expected, taken) in [
            (r#""D" > :1"#, 1_500_000, r#""D" > CAST(:1 AS DATE)"#, 1_000_000),
            ("d <= :1", 1_500_000, "d <= CAST(:1 AS DATE)", 1_000_000),
            ("o.d >= :1", 1_500_000, "o.d >= CAST(:1 AS DATE)", 2_000_000),
            ("d < :1", 1_500_000, "d < CAST(:1 AS DATE)", 2_000_000),
            ("d < :1", -1_500_000, "d < CAST(:1 AS DATE)", -1_000_000),
            ("d = :1", 2_000_000, "d = CAST(:1 AS DATE)", 2_000_000),
            ("d = :1", 1_500_000, "d = :1", 1_500_000),
            (":1 < o.d", 1_500_000, "CAST(:1 AS DATE) < o.d", 1_000_000),
            (":1 >= d", 1_500_000, "CAST(:1 AS DATE) >= d", 1_000_000),
            ("t > :1", 1_500_000, "t > :1", 1_500_000),
            ("TRUNC(d) > :1", 1_500_000, "TRUNC(d) > :1", 1_500_000),
        ] {
            let statement = |condition: &str| format!("SELECT 'é' FROM t o\n WHERE {condition} ORDER BY 1");
            assert_eq!(turned(&statement(condition), &[micros]), (statement(expected), vec![taken]), "{condition}");
        }
    }

    #[test]
    fn all_parameters_of_a_statement_are_turned() {
        assert_eq!(
            turned("SELECT 1 FROM t WHERE d BETWEEN :1 AND :2 AND (d > :3 OR (d = :4 AND i > :5))", &[5, 5, 5, 0, 5]),
            (
                "SELECT 1 FROM t WHERE d BETWEEN CAST(:1 AS DATE) AND CAST(:2 AS DATE) AND (d > CAST(:3 AS DATE) OR (d = \
                 CAST(:4 AS DATE) AND i > :5))"
                    .to_owned(),
                vec![SECOND, 0, 0, 0, 5]
            )
        );
        let nested = "SELECT 1 FROM (SELECT t AS d FROM t) WHERE d > :1";
        assert_eq!(turned(nested, &[5]), (nested.to_owned(), vec![5]));
    }
}
