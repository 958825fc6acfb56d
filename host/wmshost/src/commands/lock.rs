//! `wmshost lock`: writes wmshost.lock, and shows what differs from it.

use std::path::Path;

use wmshost_flow::Failure;
use wmshost_runtime::Result;
use wmshost_runtime::lock::{entry_of, lock_file, read_lock, write_lock};

use super::App;
use crate::cli::Output;
use crate::exit::Exit;
use crate::report;

pub(super) fn lock(app: &App, file: &Path, accept: Option<&str>) -> Result<Exit> {
    let runtime = app.runtime(Output::Text);
    let registry = runtime.registry()?;
    let pipeline = runtime.unlocked_pipeline(file, &registry)?;
    let now = entry_of(&pipeline, &registry)?;
    let mut lock = read_lock(file)?.unwrap_or_default();
    let (hash, written) = (now.hash(), lock_file(file));
    let differences = lock.pipelines.get(&pipeline.name).map(|before| before.differences(&now));
    match differences {
        Some(differences) if differences.is_empty() => {
            report::print(&format!("{} is as {} has it ({hash})", file.display(), written.display()));
            return Ok(Exit::Success);
        }
        Some(differences) if accept != Some(hash.as_str()) => {
            if let Some(other) = accept {
                let message = format!("{other} is not what is there now, which is {hash}; nothing was written");
                return Err(Failure::invalid_config(message).into());
            }
            for difference in differences {
                report::print(&report::plain(&difference));
            }
            report::note(&format!("to accept this: `wmshost lock {} --accept {hash}`", file.display()));
            return Ok(Exit::Configuration);
        }
        _ => {}
    }
    lock.pipelines.insert(pipeline.name.clone(), now);
    write_lock(file, &lock)?;
    report::print(&format!("{} has {} ({hash})", written.display(), pipeline.name));
    Ok(Exit::Success)
}
