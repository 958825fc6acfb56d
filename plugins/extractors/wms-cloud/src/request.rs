//! The checks of a request against its entity.

use wmshost_plugin::contract::extraction::{Method, Request};
use wmshost_plugin::{Result, invalid_config};

use crate::entity::{Entity, ID};

/// The columns that identify a row.
pub(crate) fn key(request: &Request, entity: &Entity) -> Result<Vec<String>> {
    if !entity.has_id() {
        if request.method != Method::Full || request.window.is_some() {
            return Err(invalid_config(format!("{} has no id: it can be read with method \"full\" only", entity.name)));
        }
        return Ok(request.key.clone());
    }
    match request.key.as_slice() {
        [] => Ok(vec![ID.to_owned()]),
        [key] if key.eq_ignore_ascii_case(ID) => Ok(vec![ID.to_owned()]),
        _ => Err(invalid_config(format!("the key of {} is id; remove `key` from the stream", entity.name))),
    }
}

/// Checks that the change key is a time of the entity.
pub(crate) fn check_change_key(request: &Request, entity: &Entity) -> Result<()> {
    let is_needed = request.method == Method::Incremental || request.window.is_some();
    match &request.change_key {
        Some(change_key) if !is_needed || entity.has_time(change_key) => Ok(()),
        Some(change_key) => Err(invalid_config(format!(
            "{} has no time {change_key}: read it with method \"full\", and find what is gone by `deletes`",
            entity.name
        ))),
        None if is_needed => Err(invalid_config(format!("{}: `change_key` is missing", entity.name))),
        None => Ok(()),
    }
}
