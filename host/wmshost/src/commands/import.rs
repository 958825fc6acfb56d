//! `wmshost import`: takes projects of other tools over.

use std::collections::BTreeMap;
use std::time::Duration;

use wmshost_flow::{Dialect, Failure};
use wmshost_projects::{DbtOptions, ItemStatus, import_dbt, problems_text, write_project};
use wmshost_runtime::Result;

use crate::cli::{ImportCommand, ImportDbtArgs, SqlDialect};
use crate::exit::Exit;
use crate::report;

/// The longest time for the Jinja of one file.
const TIME_LIMIT: Duration = Duration::from_secs(60);

pub(super) fn import(command: &ImportCommand) -> Result<Exit> {
    match command {
        ImportCommand::Dbt(args) => dbt(args),
    }
}

fn dbt(args: &ImportDbtArgs) -> Result<Exit> {
    let dialect = match args.dialect {
        SqlDialect::Sqlite => Dialect::Sqlite,
        SqlDialect::Oracle => Dialect::Oracle,
    };
    let options = DbtOptions {
        dialect,
        variables: pairs("--vars", &args.vars)?,
        streams: pairs("--source", &args.sources)?,
        time_limit: TIME_LIMIT,
    };
    let import = import_dbt(&args.folder, &options).map_err(|problems| {
        Failure::invalid_config(format!("{}:\n{}", args.folder.display(), problems_text(&problems)))
    })?;
    if let Some(folder) = &args.to {
        write_project(&import.files, folder, args.force)
            .map_err(|error| Failure::invalid_config(format!("{}: {error}", folder.display())))?;
    }
    report::import::dbt(&import, args.to.as_deref(), args.output.output)?;
    let is_complete =
        import.items.iter().all(|item| matches!(item.status, ItemStatus::TakenOver | ItemStatus::LeftOut));
    Ok(if is_complete || args.accept { Exit::Success } else { Exit::Failed })
}

/// The values of an option that is given as `KEY=VALUE`.
fn pairs(option: &str, given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |given: &String| match given.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(Failure::invalid_config(format!("{option} {given}: write it with a `=` in it"))),
    };
    given.iter().map(pair).collect()
}
