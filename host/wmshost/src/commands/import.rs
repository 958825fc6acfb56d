//! `wmshost import`: takes projects of other tools over.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use wmshost_flow::{Dialect, Failure};
use wmshost_projects::{
    DbtOptions, ItemStatus, MeltanoOptions, Parity, Problem, REPORT_FILE, import_dbt, import_meltano, parity_text,
    problems_text, write_pipelines, write_project,
};
use wmshost_runtime::Result;
use wmshost_runtime::state::StateExport;

use super::App;
use crate::cli::{ImportCommand, ImportDbtArgs, ImportMeltanoArgs, SqlDialect};
use crate::exit::Exit;
use crate::report;

/// The longest time for the Jinja of one file.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The largest file with a state.
const MOST_STATE_BYTES: u64 = 64 << 20;

pub(super) fn import(app: &App, command: &ImportCommand) -> Result<Exit> {
    match command {
        ImportCommand::Dbt(args) => dbt(args),
        ImportCommand::Meltano(args) => meltano(app, args),
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
    let import = import_dbt(&args.folder, &options).map_err(|problems| refused(&args.folder, &problems))?;
    if let Some(folder) = &args.writing.to {
        write_project(&import.files, folder, args.writing.force).map_err(|error| unwritten(folder, &error))?;
    }
    report::import::dbt(&import, args.writing.to.as_deref(), args.writing.output.output)?;
    let is_complete =
        import.items.iter().all(|item| matches!(item.status, ItemStatus::TakenOver | ItemStatus::LeftOut));
    Ok(if is_complete || args.writing.accept { Exit::Success } else { Exit::Failed })
}

fn meltano(app: &App, args: &ImportMeltanoArgs) -> Result<Exit> {
    let state = args.state.as_deref().map(|file| Ok::<_, Failure>((file.display().to_string(), state_text(file)?)));
    let options = MeltanoOptions { environment: args.environment.clone(), state: state.transpose()? };
    let mut import = import_meltano(&args.folder, &options).map_err(|problems| refused(&args.folder, &problems))?;
    let now = app.runtime(args.writing.output.output).clock.now();
    for (pipeline, bookmarks) in std::mem::take(&mut import.states) {
        let export = StateExport::of_bookmarks(&pipeline, bookmarks, now);
        let text =
            export.text().map_err(|error| Failure::permanent(format!("the state cannot be written: {error}")))?;
        import.files.push((format!("{pipeline}.state.json"), text));
    }
    let name = args.folder.file_name().unwrap_or(args.folder.as_os_str()).to_string_lossy();
    import.files.push((REPORT_FILE.to_owned(), parity_text(&name, &import.items)));
    if let Some(folder) = &args.writing.to {
        write_pipelines(&import.files, folder, args.writing.force).map_err(|error| unwritten(folder, &error))?;
    }
    report::import::meltano(&import, args.writing.to.as_deref(), args.writing.output.output)?;
    let is_left = import.items.iter().any(|item| item.parity == Parity::ByHand);
    Ok(if is_left && !args.writing.accept { Exit::Failed } else { Exit::Success })
}

/// The text of a file with a state.
fn state_text(file: &Path) -> Result<String, Failure> {
    let refused = |why: String| Failure::invalid_config(format!("{}: {why}", file.display()));
    let size = fs::metadata(file).map_err(|error| refused(format!("the state cannot be read: {error}")))?.len();
    if size > MOST_STATE_BYTES {
        return Err(refused(format!("the state is larger than {} MiB", MOST_STATE_BYTES >> 20)));
    }
    fs::read_to_string(file).map_err(|error| refused(format!("the state cannot be read: {error}")))
}

fn refused(folder: &Path, problems: &[Problem]) -> Failure {
    Failure::invalid_config(format!("{}:\n{}", folder.display(), problems_text(problems)))
}

fn unwritten(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::invalid_config(format!("{}: {error}", folder.display()))
}

/// The values of an option that is given as `KEY=VALUE`.
pub(super) fn pairs(option: &str, given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |given: &String| match given.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(Failure::invalid_config(format!("{option} {given}: write it with a `=` in it"))),
    };
    given.iter().map(pair).collect()
}
