//! `wmshost schema`: prints the JSON Schemas of the outputs.

use wmshost_flow::Failure;
use wmshost_runtime::Result;

use crate::exit::Exit;
use crate::report::{self, SCHEMAS};

pub(super) fn schema(name: Option<&str>) -> Result<Exit> {
    let Some(name) = name else {
        let rows = SCHEMAS.iter().map(|entry| vec![entry.name.to_owned(), entry.origin.to_owned()]);
        report::table(&["output", "of"], &[], rows.collect());
        return Ok(Exit::Success);
    };
    let Some(entry) = SCHEMAS.iter().find(|entry| entry.name == name) else {
        let message = format!("there is no output {name:?}; `wmshost schema` lists those there are");
        return Err(Failure::invalid_config(message).into());
    };
    report::json(&(entry.schema)())?;
    Ok(Exit::Success)
}
