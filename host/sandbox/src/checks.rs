//! Names and keys that plugins give, held to the contract's rules.

use arrow_schema::Schema;
use wmshost_contract_rules as rules;
use wmshost_flow::{Failure, FailureKind};

use crate::text::sanitize;

/// The failure over a refusal of the contract's rules.
pub(crate) fn refused(refusal: rules::Refusal) -> Failure {
    match refusal {
        rules::Refusal::Limit(message) => Failure::new(FailureKind::Limit, message),
        rules::Refusal::Wrong(message) => Failure::permanent(message),
    }
}

/// Checks the name of a column: it must not be empty or too long.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    rules::check_name(name).map_err(refused)
}

/// Checks a key that a plugin named: each of its columns must exist, and none may occur twice.
pub(crate) fn check_key(key: &[String], columns: &Schema) -> Result<(), Failure> {
    if key.len() > columns.fields().len() {
        return Err(Failure::permanent(format!(
            "a key of {} columns in a table of {}",
            key.len(),
            columns.fields().len()
        )));
    }
    for (at, name) in key.iter().enumerate() {
        let name = sanitize(name.clone(), rules::NAME_BYTES);
        if columns.index_of(&name).is_err() {
            return Err(Failure::permanent(format!("the key column {name} is not among the columns")));
        }
        if key[..at].contains(&name) {
            return Err(Failure::permanent(format!("the key names the column {name} twice")));
        }
    }
    Ok(())
}
