//! Series of NULL in conditions and functions.

use super::{Case, case, check};

/// A number or NULL.
const VALUES: [Option<i64>; 3] = [None, Some(1), Some(2)];
/// True, false, unknown, as conditions.
const CONDITIONS: [(&str, Option<bool>); 3] = [("1 = 1", Some(true)), ("1 = 2", Some(false)), ("1 = NULL", None)];

/// A comparison of two numbers.
type Comparison = fn(i64, i64) -> bool;

fn sql(value: Option<i64>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
}

/// A condition as one of three letters.
fn condition(text: &str, result: Option<bool>) -> Case {
    let letter = match result {
        Some(true) => "t",
        Some(false) => "f",
        None => "u",
    };
    case(format!("CASE WHEN {text} THEN 't' WHEN NOT ({text}) THEN 'f' ELSE 'u' END"), letter)
}

fn and(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    and(one.map(|value| !value), other.map(|value| !value)).map(|value| !value)
}

/// A comparison with NULL is unknown.
#[test]
fn comparisons_with_null_are_unknown() {
    let compare: [(&str, Comparison); 8] = [
        ("=", |a, b| a == b),
        ("<>", |a, b| a != b),
        ("!=", |a, b| a != b),
        ("^=", |a, b| a != b),
        ("<", |a, b| a < b),
        (">", |a, b| a > b),
        ("<=", |a, b| a <= b),
        (">=", |a, b| a >= b),
    ];
    let mut cases = Vec::new();
    for a in VALUES {
        for b in VALUES {
            for (operator, holds) in compare {
                let result = a.zip(b).map(|(a, b)| holds(a, b));
                cases.push(condition(&format!("{} {operator} {}", sql(a), sql(b)), result));
            }
            for c in VALUES {
                let within = and(a.zip(b).map(|(a, b)| a >= b), a.zip(c).map(|(a, c)| a <= c));
                cases.push(condition(&format!("{} BETWEEN {} AND {}", sql(a), sql(b), sql(c)), within));
                let not = within.map(|value| !value);
                cases.push(condition(&format!("{} NOT BETWEEN {} AND {}", sql(a), sql(b), sql(c)), not));
                let among = or(a.zip(b).map(|(a, b)| a == b), a.zip(c).map(|(a, c)| a == c));
                cases.push(condition(&format!("{} IN ({}, {})", sql(a), sql(b), sql(c)), among));
                let not = among.map(|value| !value);
                cases.push(condition(&format!("{} NOT IN ({}, {})", sql(a), sql(b), sql(c)), not));
            }
        }
        cases.push(condition(&format!("{} IS NULL", sql(a)), Some(a.is_none())));
        cases.push(condition(&format!("{} IS NOT NULL", sql(a)), Some(a.is_some())));
    }
    check(&cases, 180);
}

/// AND, OR and NOT of three values, by the tables of the chapter Logical Conditions.
#[test]
fn conditions_have_three_values() {
    let mut cases = Vec::new();
    for (a, one) in CONDITIONS {
        cases.push(condition(&format!("NOT ({a})"), one.map(|value| !value)));
        for (b, other) in CONDITIONS {
            cases.push(condition(&format!("({a}) AND ({b})"), and(one, other)));
            cases.push(condition(&format!("({a}) OR ({b})"), or(one, other)));
            for (c, third) in CONDITIONS {
                // AND binds tighter than OR, and NOT tighter than both.
                cases.push(condition(&format!("{a} OR {b} AND {c}"), or(one, and(other, third))));
                cases.push(condition(&format!("NOT {a} AND {b} OR {c}"), or(and(one.map(|v| !v), other), third)));
            }
        }
    }
    check(&cases, 70);
}

/// DECODE takes two NULL for equal, and the others replace or make them.
#[test]
fn functions_of_null_follow_their_rules() {
    let mut cases = Vec::new();
    for a in VALUES {
        for b in VALUES {
            let same = if a == b { "same" } else { "other" };
            cases.push(case(format!("DECODE({}, {}, 'same', 'other')", sql(a), sql(b)), same));
            let without = if a == b { "same" } else { "NULL" };
            cases.push(case(format!("DECODE({}, {}, 'same')", sql(a), sql(b)), without));
            cases.push(case(format!("NVL({}, {})", sql(a), sql(b)), sql(a.or(b))));
            if a.is_some() {
                // The first expression must not be the word NULL.
                cases.push(case(format!("NULLIF({}, {})", sql(a), sql(b)), sql(a.filter(|_| a != b))));
            }
            let both = a.zip(b);
            cases.push(case(format!("GREATEST({}, {})", sql(a), sql(b)), sql(both.map(|(a, b)| a.max(b)))));
            cases.push(case(format!("LEAST({}, {})", sql(a), sql(b)), sql(both.map(|(a, b)| a.min(b)))));
            if a.or(b).is_some() {
                // The emulator refuses a sum of two words NULL.
                cases.push(case(format!("{} + {}", sql(a), sql(b)), sql(both.map(|(a, b)| a + b))));
            }
            cases.push(case(format!("'x' || {} || {}", sql(a), sql(b)), joined(a, b)));
            for c in VALUES {
                cases.push(case(format!("COALESCE({}, {}, {})", sql(a), sql(b), sql(c)), sql(a.or(b).or(c))));
                let chosen = if a.is_some() { b } else { c };
                cases.push(case(format!("NVL2({}, {}, {})", sql(a), sql(b), sql(c)), sql(chosen)));
            }
        }
    }
    check(&cases, 120);
}

/// A text and two values as one text, in which NULL is nothing.
fn joined(a: Option<i64>, b: Option<i64>) -> String {
    let values: String = [a, b].into_iter().flatten().map(|value| value.to_string()).collect();
    format!("x{values}")
}
