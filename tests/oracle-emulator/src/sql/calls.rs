//! Functions that PostgreSQL spells differently.

use super::expression::{Gathered, written};
use super::parts::{closing, listed, outside};
use super::words::Word;
use crate::engine::Refusal;

/// The call that begins these words, where it is spelled differently, and the number of its words.
pub(crate) fn call(words: &[Word], gathered: &mut Gathered) -> Result<Option<(String, usize)>, Refusal> {
    let Some(Word::Name(name)) = words.first() else { return Ok(None) };
    if !matches!(
        name.as_str(),
        "NVL" | "NVL2" | "DECODE" | "TRIM" | "LISTAGG" | "EMPTY_CLOB" | "EMPTY_BLOB" | "GREATEST" | "LEAST"
    ) {
        return Ok(None);
    }
    let end = closing(words, 1)?;
    let inner = &words[2..end];
    let text = match name.as_str() {
        "EMPTY_CLOB" => "CAST('' AS text)".to_owned(),
        "EMPTY_BLOB" => "CAST('' AS bytea)".to_owned(),
        "TRIM" if outside(inner, "FROM").is_some() => return Ok(None),
        "TRIM" => format!("sys.trimmed({})", written(inner, gathered)?),
        "NVL" => format!("coalesce({})", written(inner, gathered)?),
        "LISTAGG" => return listagg(words, end, gathered).map(Some),
        _ => {
            let arguments = listed(inner).into_iter().map(|argument| written(argument, gathered));
            let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
            match name.as_str() {
                "DECODE" => decode(&arguments)?,
                "NVL2" => nvl2(&arguments)?,
                _ => extreme(name, &arguments),
            }
        }
    };
    Ok(Some((text, end + 1)))
}

fn few() -> Refusal {
    Refusal::new(938, "not enough arguments for function")
}

fn nvl2(arguments: &[String]) -> Result<String, Refusal> {
    let [value, given, missing] = arguments else { return Err(few()) };
    Ok(format!("CASE WHEN ({value}) IS NOT NULL THEN {given} ELSE {missing} END"))
}

/// GREATEST and LEAST are NULL if one of their arguments is.
fn extreme(name: &str, arguments: &[String]) -> String {
    let missing: Vec<_> = arguments.iter().map(|argument| format!("({argument}) IS NULL")).collect();
    format!("CASE WHEN {} THEN NULL ELSE {name}({}) END", missing.join(" OR "), arguments.join(", "))
}

/// To DECODE, NULL equals NULL.
fn decode(arguments: &[String]) -> Result<String, Refusal> {
    let [value, rest @ ..] = arguments else { return Err(few()) };
    let mut text = "CASE".to_owned();
    let mut pairs = rest.chunks_exact(2);
    for pair in &mut pairs {
        text += &format!(" WHEN ({value}) IS NOT DISTINCT FROM ({}) THEN {}", pair[0], pair[1]);
    }
    if let [otherwise] = pairs.remainder() {
        text += &format!(" ELSE {otherwise}");
    }
    Ok(text + " END")
}

/// `LISTAGG(value, separator) WITHIN GROUP (ORDER BY …)`.
fn listagg(words: &[Word], end: usize, gathered: &mut Gathered) -> Result<(String, usize), Refusal> {
    let parts = listed(&words[2..end]);
    let value = written(parts.first().ok_or_else(few)?, gathered)?;
    let separator = parts.get(1).map_or(Ok("''".to_owned()), |part| written(part, gathered))?;
    let within = ["WITHIN", "GROUP", "("]
        .iter()
        .enumerate()
        .all(|(at, word)| words.get(end + 1 + at).is_some_and(|w| w.is(word)));
    let (order, taken) = if within {
        let close = closing(words, end + 3)?;
        (written(&words[end + 4..close], gathered)?, close + 1)
    } else {
        (String::new(), end + 1)
    };
    Ok((format!("string_agg(CAST({value} AS text), {separator} {order})"), taken))
}
