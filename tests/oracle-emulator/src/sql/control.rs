//! Transactions and settings of the session.

use super::names;
use super::words::Word;
use crate::engine::Refusal;

/// The effect of a statement on the session rather than on data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Control {
    Commit,
    Rollback,
    /// To this savepoint.
    RollbackTo(String),
    Savepoint(String),
    /// Begins a transaction in this way.
    Begin(&'static str),
    /// Changes settings of PostgreSQL by these statements.
    Set(Vec<String>),
}

const SERIALIZABLE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
const READ_ONLY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(super) fn read(words: &[Word]) -> Result<Control, Refusal> {
    let has = |keyword: &str| words.iter().any(|word| word.is(keyword));
    let last = || words.last().map(Word::plain).unwrap_or_default();
    match words.first() {
        Some(first) if first.is("COMMIT") => Ok(Control::Commit),
        Some(first) if first.is("ROLLBACK") && has("TO") => Ok(Control::RollbackTo(last())),
        Some(first) if first.is("ROLLBACK") => Ok(Control::Rollback),
        Some(first) if first.is("SAVEPOINT") => Ok(Control::Savepoint(last())),
        Some(first) if first.is("SET") && has("TRANSACTION") => Ok(match (has("ONLY"), has("SERIALIZABLE")) {
            (true, _) => Control::Begin(READ_ONLY),
            (_, true) => Control::Begin(SERIALIZABLE),
            _ => Control::Set(Vec::new()),
        }),
        // SET ROLE, SET CONSTRAINTS.
        Some(first) if first.is("SET") => Ok(Control::Set(Vec::new())),
        _ => alter_session(words),
    }
}

/// `ALTER SESSION SET name = value …`. Settings without an effect in the emulator are ignored.
fn alter_session(words: &[Word]) -> Result<Control, Refusal> {
    let mut settings = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if !word.is("=") {
            continue;
        }
        let Some(Word::Name(name)) = at.checked_sub(1).and_then(|at| words.get(at)) else { continue };
        let value = words.get(at + 1).ok_or_else(|| Refusal::new(2248, "invalid option for ALTER SESSION"))?;
        settings.extend(setting(name, value));
    }
    Ok(Control::Set(settings))
}

fn setting(name: &str, value: &Word) -> Option<String> {
    let text = match value {
        Word::Text(text) => text.clone(),
        word => word.plain(),
    };
    Some(match name {
        "TIME_ZONE" if text.starts_with(['+', '-']) => {
            format!("SET TIME ZONE INTERVAL {} HOUR TO MINUTE", names::literal(&text))
        }
        "TIME_ZONE" => format!("SET TIME ZONE {}", names::literal(&text)),
        "CURRENT_SCHEMA" => format!("SET search_path = {}, sys, oracle, pg_catalog", value.plain()),
        "ISOLATION_LEVEL" if text.eq_ignore_ascii_case("serializable") => {
            "SET default_transaction_isolation = 'repeatable read'".to_owned()
        }
        "ISOLATION_LEVEL" => "SET default_transaction_isolation = 'read committed'".to_owned(),
        nls if nls.starts_with("NLS_") => {
            format!("SELECT set_config('ora.{}', {}, false)", nls.to_lowercase(), names::literal(&text))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::words::words;

    #[test]
    fn settings_become_postgresqls() {
        let sql = "ALTER SESSION SET TIME_ZONE='+01:00' NLS_DATE_FORMAT='YYYY-MM-DD' STATISTICS_LEVEL=ALL\0";
        let control = read(&words(sql).expect("words")).expect("control");
        assert_eq!(
            control,
            Control::Set(vec![
                "SET TIME ZONE INTERVAL '+01:00' HOUR TO MINUTE".to_owned(),
                "SELECT set_config('ora.nls_date_format', 'YYYY-MM-DD', false)".to_owned(),
            ])
        );
    }
}
