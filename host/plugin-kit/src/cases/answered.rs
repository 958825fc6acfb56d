//! A case of an extractor with the answers of a source in a run. It is read once, in batches of the run's size: other ways of
//! reading ask for what the run did not.

use wmshost_flow::Failure;
use wmshost_sandbox::{Granted, GrantedSource, Limits, Plugin};

use super::answers::Answers;
use super::case::Case;
use super::extractor::{self, Read, made_of};
use super::golden::Made;
use super::host::identity;
use super::log;
use super::transcript::AnsweredSession;
use crate::error::Result;

/// Runs the case.
pub(super) fn run(case: &Case, answers: Answers, plugin: &Plugin, limits: &Limits) -> Result<Made> {
    let (read, messages) = log::collected(|| read(case, answers, plugin, limits));
    match read? {
        Ok(read) => made_of(&read, messages),
        Err(failure) => Ok(Made::failed(failure.to_string(), messages)),
    }
}

/// Reads as the run did, up to the last batch of the recording.
pub(super) fn read(
    case: &Case,
    answers: Answers,
    plugin: &Plugin,
    limits: &Limits,
) -> Result<std::result::Result<Read, Failure>> {
    let request = answers.request(&case.folder)?;
    let identity = identity(plugin, case.settings(&plugin.describe()?)?);
    let most = usize::try_from(answers.batches).unwrap_or(usize::MAX);
    let label = request.source.clone();
    let granted = Granted::Database(GrantedSource {
        known_labels: vec![label.clone()],
        label,
        session: Box::new(AnsweredSession::new(answers.source)),
    });
    let extractor = plugin.extractor(identity, limits.clone(), granted);
    Ok(extractor.and_then(|mut extractor| extractor::read(extractor.as_mut(), &request, most)))
}
