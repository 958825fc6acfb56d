//! A pipeline for a database that nobody has described yet. It is drafted from the database's own description, checked as
//! a run would check it, and written with comments; a table that cannot be moved as it is stays in the text as a comment
//! with the reason.
//!
//! | module | what it is for |
//! |---|---|
//! | `draft` | the decisions about each table |
//! | `write` | the text of the file |

mod draft;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use draft::{StreamDraft, draft};
use wmshost_flow::Failure;
use wmshost_pipeline::{Checked, check_text, stream_name};

use crate::assembly::StreamFactory;
use crate::check::{open_streams, scratch_targets};
use crate::discover::{Place, discover};
use crate::environment::variable;
use crate::error::Result;
use crate::ownership;
use crate::plugin_registry::PluginRegistry;
use crate::runtime::Runtime;

/// The number of streams that are opened at a time.
const OPENED_AT_ONCE: usize = 16;

/// The request for a pipeline.
pub struct InitRequest<'a> {
    /// The database that is read.
    pub source: &'a Place,
    /// The database that is written.
    pub target: &'a Place,
    /// The pipeline file that declares the connections, if one does.
    pub declared_in: Option<&'a Path>,
    /// The file that is to have the text.
    pub file: &'a Path,
    /// The folder of that file, as an absolute path; empty if it is not known.
    pub folder: &'a Path,
    /// The pipeline's name; `None` for one after the source.
    pub name: Option<String>,
    /// The tables to move; empty for all.
    pub tables: &'a [String],
}

/// The pipeline.
pub struct InitOutcome {
    /// The text of the file.
    pub text: String,
    /// The number of tables that it moves.
    pub moved: usize,
    /// The tables that it does not move, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// The reason why the pipeline was not checked with its target, if it was not.
    pub unchecked: Option<String>,
}

/// Drafts, checks and writes a pipeline. Only the text is made: no file is written.
pub fn init(runtime: &Runtime, registry: &PluginRegistry, request: &InitRequest<'_>) -> Result<InitOutcome> {
    let discovery = discover(request.source, registry, request.tables)?;
    if discovery.tables.is_empty() {
        let message = format!("{} has no table: there is nothing to move", request.source.connection);
        return Err(Failure::invalid_config(message).advise("name another database, or another schema").into());
    }
    let is_same = request.source.connection.database() == request.target.connection.database();
    let mut drafts = draft(&discovery, is_same);
    let name = request.name.clone().unwrap_or_else(|| stream_name(request.source.subject()));
    let written = |drafts: &[StreamDraft]| write::text(request, &name, drafts);
    let mut unchecked = None;
    if drafts.iter().any(|draft| draft.problem.is_none()) {
        // Opening a stream that is read by a change key looks for its last value, which may read the whole table.
        let whole: Vec<_> = drafts.iter().map(|draft| StreamDraft { change_key: None, ..draft.clone() }).collect();
        let checked = check_text(request.file, &written(&whole), &variable, registry)?;
        match objections(runtime, registry, &checked) {
            Ok(mut objections) => {
                for draft in drafts.iter_mut().filter(|draft| draft.problem.is_none()) {
                    draft.problem = objections.remove(&draft.name);
                }
            }
            Err(failure) => unchecked = Some(failure.to_string()),
        }
    }
    let left_out = drafts.iter().filter_map(|draft| Some((draft.table.clone(), draft.problem.clone()?)));
    let left_out: Vec<_> = left_out.collect();
    Ok(InitOutcome { text: written(&drafts), moved: drafts.len() - left_out.len(), left_out, unchecked })
}

/// Opens the streams as a run would, and returns what keeps each of them from running, by its name.
fn objections(runtime: &Runtime, registry: &PluginRegistry, pipeline: &Checked) -> Result<BTreeMap<String, String>> {
    let plans: Vec<_> = pipeline.streams.iter().collect();
    let owners = ownership::inspect(pipeline, &plans, None);
    let mut found = BTreeMap::new();
    for plan in &plans {
        let key = format!("{}: streams.{}.target_table: ", pipeline.file.display(), plan.plan.name);
        if let Some(why) = owners.objections.iter().find_map(|objection| objection.strip_prefix(&key)) {
            found.insert(plan.plan.name.clone(), why.to_owned());
        }
    }
    let openable: Vec<_> = plans.into_iter().filter(|plan| !found.contains_key(&plan.plan.name)).collect();
    let scratch = scratch_targets(pipeline)?;
    let factory = StreamFactory::new(&scratch.0, registry, &runtime.clock, "init".to_owned());
    for plans in openable.chunks(OPENED_AT_ONCE) {
        for end in open_streams(&factory, plans)? {
            if let Some(failure) = end.failure {
                found.insert(end.stream, failure.failure.to_string());
            }
        }
    }
    Ok(found)
}
