//! The owners of the tables that a command would write, looked up in the targets before anything is written. The
//! sessions that write look again in their own transactions; here all objections are found at once, each with its key.

use std::collections::{BTreeMap, BTreeSet};

use wmshost_flow::{
    Claim, Failure, OwnerKind, STAGED_SUFFIX, SqlSession, TableOwner, TakeOver, TargetTriggers, metadata_objections,
};
use wmshost_models::{Project, store_objections};
use wmshost_pipeline::{Checked, Stream};

use crate::assembly::connect;
use crate::models::take_over_requests;
use crate::runtime::Runtime;

/// The findings.
#[derive(Default)]
pub(crate) struct Found {
    /// Tables that belong to another owner, each as a message with file and key.
    pub(crate) objections: Vec<String>,
    /// The labels of targets where an object of another owner has the name of one of the host's own tables; they are
    /// among the objections, and no stream can be opened there.
    pub(crate) occupied: BTreeSet<String>,
    /// Keys that no longer have an effect.
    pub(crate) spent: Vec<String>,
}

/// Looks up the owners of these streams' tables, and of the models' tables. A target that cannot be read is left to the
/// sessions that write.
pub(crate) fn inspect(pipeline: &Checked, plans: &[&Stream], models: Option<&Project>) -> Found {
    let mut check = OwnershipCheck { pipeline, readers: BTreeMap::new(), found: Found::default() };
    for plan in plans {
        if let Err(failure) = check.stream(plan) {
            tracing::debug!(stream = plan.plan.name, "the table's owner could not be determined: {failure}");
        }
    }
    if let Some(project) = models
        && let Err(failure) = check.models(project)
    {
        tracing::debug!("the owners of the models' tables could not be determined: {failure}");
    }
    check.found
}

/// Fails if a table belongs to another owner, before anything is written.
pub(crate) fn require(
    runtime: &Runtime,
    pipeline: &Checked,
    plans: &[&Stream],
    models: Option<&Project>,
) -> Result<(), Failure> {
    let found = inspect(pipeline, plans, models);
    for spent in &found.spent {
        runtime.note(spent);
    }
    match found.objections.as_slice() {
        [] => Ok(()),
        objections => Err(Failure::invalid_config(format!("{}\nnothing was written", objections.join("\n")))),
    }
}

struct OwnershipCheck<'a> {
    pipeline: &'a Checked,
    /// Sessions by the target's label; `None` if the target does not exist yet, or is occupied.
    readers: BTreeMap<String, Option<Box<dyn SqlSession>>>,
    found: Found,
}

impl OwnershipCheck<'_> {
    fn reader(&mut self, label: &str) -> Result<Option<&mut Box<dyn SqlSession>>, Failure> {
        if !self.readers.contains_key(label) {
            let mut opened = connect::reader(label, &self.pipeline.connections[label])?;
            if let Some(sql) = &mut opened {
                self.look_at_metadata(label, sql.as_mut())?;
            }
            // Nothing is looked up in tables of another shape.
            let opened = opened.filter(|_| !self.found.occupied.contains(label));
            self.readers.insert(label.to_owned(), opened);
        }
        Ok(self.readers.get_mut(label).and_then(Option::as_mut))
    }

    /// Finds objects of other owners with the names of the host's own tables.
    fn look_at_metadata(&mut self, label: &str, sql: &mut dyn SqlSession) -> Result<(), Failure> {
        let mut objections = metadata_objections(sql)?;
        if self.pipeline.models.as_ref().is_some_and(|models| models.target == label) {
            objections.extend(store_objections(sql)?);
        }
        if !objections.is_empty() {
            self.found.occupied.insert(label.to_owned());
        }
        let key = format!("{}: connections.{label}", self.pipeline.file.display());
        self.found.objections.extend(objections.into_iter().map(|why| format!("{key}: {why}")));
        Ok(())
    }

    fn stream(&mut self, stream: &Stream) -> Result<(), Failure> {
        let (file, plan) = (self.pipeline.file.display().to_string(), &stream.plan);
        let owner =
            TableOwner { pipeline: self.pipeline.name.clone(), kind: OwnerKind::Stream, name: plan.name.clone() };
        let take_over = plan.take_over.as_deref().map(TakeOver::parse);
        let allows_triggers = plan.target_triggers == TargetTriggers::Allow;
        let claim = Claim { owner: &owner, run_id: "", take_over: take_over.as_ref(), allows_triggers };
        let Some(sql) = self.reader(&plan.target)? else { return Ok(()) };
        let staged = format!("{}{STAGED_SUFFIX}", plan.target_table);
        let mut objections = Vec::new();
        for table in [&plan.target_table, &staged] {
            objections.extend(claim.refusal(sql.as_mut(), table)?);
        }
        let is_spent = claim.is_taken_over(sql.as_mut(), &plan.target_table)?;
        let key = format!("{file}: streams.{}", plan.name);
        let objections = objections.into_iter().map(|why| format!("{key}.target_table: {why}"));
        self.found.objections.extend(objections);
        if is_spent {
            self.found.spent.push(format!("{key}.take_over: the table is the stream's own by now; remove the key"));
        }
        Ok(())
    }

    fn models(&mut self, project: &Project) -> Result<(), Failure> {
        let Some(models) = &self.pipeline.models else { return Ok(()) };
        let file = self.pipeline.file.display().to_string();
        let name = self.pipeline.name.clone();
        let take_over = take_over_requests(models);
        let Some(sql) = self.reader(&models.target)? else { return Ok(()) };
        let allows_triggers = models.target_triggers == TargetTriggers::Allow;
        let objections = project.foreign_tables(&name, &take_over, allows_triggers, sql.as_mut())?;
        let spent = project.taken_over(&name, &take_over, sql.as_mut())?;
        let objections = objections.iter().map(|diagnostic| format!("{file}: models.plugins: {diagnostic}"));
        self.found.objections.extend(objections);
        let spent = spent.into_iter().map(|table| {
            format!("{file}: models.take_over: the table {table} is the model's own by now; remove it from the list")
        });
        self.found.spent.extend(spent);
        Ok(())
    }
}
