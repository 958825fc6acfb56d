//! Series of texts.

use super::{case, check};

/// SUBSTR counts from 1, from the end if the place is negative, and is NULL where the length is below 1 or nothing is left.
#[test]
fn parts_of_texts_are_counted_from_either_end() {
    const TEXT: &str = "ABCDEFG";
    let length = TEXT.len() as i64;
    let mut cases = Vec::new();
    for place in -9..=9_i64 {
        for count in -1..=9_i64 {
            let first = if place == 0 {
                0
            } else if place > 0 {
                place - 1
            } else {
                length + place
            };
            let is_within = (0..length).contains(&first) && count >= 1;
            let part = || &TEXT[first as usize..(first + count).min(length) as usize];
            let result = if is_within { part() } else { "NULL" };
            cases.push(case(format!("SUBSTR('{TEXT}', {place}, {count})"), result));
        }
    }
    check(&cases, 200);
}

/// A text as SQL has it; the empty one is NULL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn or_null(text: &str) -> String {
    if text.is_empty() { "NULL".to_owned() } else { text.to_owned() }
}

/// LPAD and RPAD fill a text up to a length with another one, over and over; a longer text loses its end, and a length below 1
/// is NULL.
#[test]
fn texts_are_padded_and_cut_to_a_length() {
    let mut cases = Vec::new();
    for text in ["abc", "x", "größe"] {
        for length in -1..=11_i64 {
            for pad in [" ", "*", "12", "äö-"] {
                let count = usize::try_from(length).unwrap_or_default();
                let chars: Vec<char> = text.chars().collect();
                let fill: String = pad.chars().cycle().take(count.saturating_sub(chars.len())).collect();
                let kept: String = chars.into_iter().take(count).collect();
                let call = |name| format!("{name}('{text}', {length}, '{pad}') || '|'");
                cases.push(case(call("LPAD"), format!("{fill}{kept}|")));
                cases.push(case(call("RPAD"), format!("{kept}{fill}|")));
            }
        }
    }
    check(&cases, 300);
}

/// LTRIM and RTRIM remove the characters of a set from one end, TRIM one character from both.
#[test]
fn texts_lose_the_characters_of_a_set_at_their_ends() {
    let mut cases = Vec::new();
    for text in ["xyxABCyx", "ABC", "xxx", " x ABC  ", "yABCx", "äxä"] {
        for set in ["x", "xy", " ", "yxABC", "ä "] {
            let is_of_set = |char: char| set.contains(char);
            let call = |name| format!("{name}({}, '{set}')", literal(text));
            cases.push(case(call("LTRIM"), or_null(text.trim_start_matches(is_of_set))));
            cases.push(case(call("RTRIM"), or_null(text.trim_end_matches(is_of_set))));
        }
        for char in ["x", " ", "ä"] {
            let expression = |side| format!("TRIM({side}'{char}' FROM {})", literal(text));
            let char = char.chars().next().expect("one");
            cases.push(case(expression("BOTH "), or_null(text.trim_matches(char))));
            cases.push(case(expression("LEADING "), or_null(text.trim_start_matches(char))));
            cases.push(case(expression("TRAILING "), or_null(text.trim_end_matches(char))));
            cases.push(case(expression(""), or_null(text.trim_matches(char))));
        }
    }
    check(&cases, 120);
}

/// The place at which `part` comes for the `nth` time, counted from `place`: forwards, or backwards from the end if `place` is
/// negative.
fn place_of(text: &str, part: &str, place: i64, nth: usize) -> usize {
    let (text, part): (Vec<char>, Vec<char>) = (text.chars().collect(), part.chars().collect());
    let length = text.len() as i64;
    let starts = || (0..text.len()).filter(|at| text[*at..].starts_with(&part));
    let found = match place {
        0 => None,
        1.. => starts().filter(|at| *at as i64 >= place - 1).nth(nth - 1),
        _ => starts().rev().filter(|at| *at as i64 <= length + place).nth(nth - 1),
    };
    found.map_or(0, |at| at + 1)
}

/// INSTR counts characters from 1, searches backwards from a negative place, and is 0 where nothing is found.
#[test]
fn places_are_counted_from_either_end() {
    const TEXT: &str = "CORPORATE FLOOR";
    let mut cases = Vec::new();
    for part in ["OR", "O", "R", "X", "OOR"] {
        for place in -16..=16_i64 {
            for nth in 1..=3 {
                let result = place_of(TEXT, part, place, nth).to_string();
                cases.push(case(format!("INSTR('{TEXT}', '{part}', {place}, {nth})"), result));
            }
        }
    }
    check(&cases, 490);
}

/// REPLACE puts a text in the place of another, and removes it where the new one is NULL; TRANSLATE does so by single
/// characters, and removes those that have no counterpart.
#[test]
fn texts_and_characters_are_replaced() {
    let mut cases = Vec::new();
    for text in ["JACK and JUE", "aXbXc", "XX", "none", "ÄXä"] {
        for (from, to) in [("J", "BL"), ("X", ""), ("XX", "-"), ("ä", "ae"), ("", "y"), ("none", "")] {
            let result = if from.is_empty() { text.to_owned() } else { text.replace(from, to) };
            cases.push(case(format!("REPLACE('{text}', '{from}', '{to}')"), or_null(&result)));
        }
        for (from, to) in [("JX", "12"), ("abc", "A"), ("X ", "_"), ("äÄ", "aA"), ("none", "9876")] {
            let places: Vec<char> = from.chars().collect();
            let counterpart = |char: char| match places.iter().position(|of| *of == char) {
                Some(at) => to.chars().nth(at),
                None => Some(char),
            };
            let result: String = text.chars().filter_map(counterpart).collect();
            cases.push(case(format!("TRANSLATE('{text}', '{from}', '{to}')"), or_null(&result)));
        }
        cases.push(case(format!("TRANSLATE('{text}', 'a', '')"), "NULL"));
    }
    check(&cases, 60);
}

/// UPPER, LOWER and INITCAP know letters of all alphabets; LENGTH counts characters, LENGTHB bytes.
#[test]
fn letters_change_and_are_counted() {
    let mut cases = Vec::new();
    for text in ["abc", "ÄÖü", "mixed Case", "a-b c_d", "10 items", "émile zola"] {
        cases.push(case(format!("UPPER('{text}')"), text.to_uppercase()));
        cases.push(case(format!("LOWER('{text}')"), text.to_lowercase()));
        cases.push(case(format!("LENGTH('{text}')"), text.chars().count().to_string()));
        cases.push(case(format!("LENGTHB('{text}')"), text.len().to_string()));
        let mut is_in_word = false;
        let capital = |char: char| {
            let is_first = !std::mem::replace(&mut is_in_word, char.is_alphanumeric());
            if is_first { char.to_uppercase().to_string() } else { char.to_lowercase().to_string() }
        };
        cases.push(case(format!("INITCAP('{text}')"), text.chars().map(capital).collect::<String>()));
    }
    check(&cases, 30);
}
