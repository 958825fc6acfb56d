//! The component under examination, and the case that it is examined with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow_array::RecordBatch;
use wmshost_flow::{Call, Failure, OnTrap, Setting, Transform, Transformed};
use wmshost_sandbox::{Identity, Limits, Plugin};

use super::verdict::Verdict;
use crate::cases::answers::ANSWERS;
use crate::cases::case::{Case, find, settings};
use crate::cases::extractor::Prepared;
use crate::cases::host::identity;
use crate::cases::trial::TransformRun;
use crate::error::{Error, Result};
use crate::rows;

/// A component and its case.
pub(crate) struct Subject<'p> {
    pub(super) plugin: &'p Plugin,
    pub(super) limits: Limits,
    pub(super) case: Option<Case>,
}

impl<'p> Subject<'p> {
    /// Returns a subject with the first case that does not expect a failure.
    pub(super) fn new(plugin: &'p Plugin, folders: &[PathBuf]) -> Result<Self> {
        let mut case = None;
        for folder in folders {
            // A recording answers one way of reading only.
            let is_usable = |case: &Case| case.file.fails.is_none() && !case.folder.join(ANSWERS).exists();
            case = case.or(find(folder)?.into_iter().find(is_usable));
        }
        // The clauses together may log more than a stream does.
        let limits = Limits { log_messages: u64::MAX, log_bytes: u64::MAX, ..Limits::default() };
        Ok(Self { plugin, limits, case })
    }

    /// The case; a skip if there is none.
    pub(super) fn case(&self) -> std::result::Result<&Case, Verdict> {
        let skip = || Verdict::Skip("there is no case: a folder `cases`, or --cases".to_owned());
        self.case.as_ref().ok_or_else(skip)
    }

    /// The settings of the case, with the component's defaults.
    fn settings(&self) -> std::result::Result<BTreeMap<String, Setting>, Failure> {
        let given = self.case.as_ref().map(|case| case.file.settings.clone()).unwrap_or_default();
        let description = self.plugin.describe()?;
        settings(&given, &description).map_err(|mistakes| Failure::invalid_config(mistakes.join("; ")))
    }

    /// The identity of an instance.
    pub(super) fn identity(&self) -> std::result::Result<Identity, Failure> {
        Ok(identity(self.plugin, self.settings()?))
    }

    /// The rows of the case's input.
    pub(super) fn input(&self) -> std::result::Result<RecordBatch, Verdict> {
        let case = self.case()?;
        let Some(file) = case.rows_file("input") else {
            return Err(Verdict::Skip(format!("the case {} has no input", case.name)));
        };
        rows::read(&file).map_err(Verdict::fail)
    }

    /// The columns that identify a row in the case.
    pub(super) fn key(&self) -> Vec<String> {
        self.case.as_ref().map(|case| case.file.key.clone()).unwrap_or_default()
    }

    /// The column with the version of a row in the case.
    pub(super) fn version(&self) -> Option<String> {
        self.case.as_ref().and_then(|case| case.file.change_key.clone())
    }

    /// The transform, run as the host runs it.
    pub(super) fn run(&self) -> std::result::Result<TransformRun<'p>, Failure> {
        Ok(TransformRun {
            plugin: self.plugin,
            identity: self.identity()?,
            limits: self.limits.clone(),
            key: self.key(),
            version: self.version(),
            on_trap: OnTrap::Fail,
        })
    }

    /// A transform that was asked for the columns of these rows.
    pub(super) fn transform(&self, rows: &RecordBatch) -> std::result::Result<Box<dyn Transform>, Failure> {
        let mut transform = self.plugin.transform(self.identity()?, self.limits.clone())?;
        transform.output_schema(&rows.schema())?;
        Ok(transform)
    }

    /// Passes rows through a fresh instance, without the host's checks.
    pub(super) fn process(&self, rows: &RecordBatch) -> std::result::Result<Transformed, Failure> {
        process(self.transform(rows)?.as_mut(), rows)
    }

    /// The database and the request of the case.
    pub(super) fn prepared(&self) -> std::result::Result<Prepared, Verdict> {
        let case = self.case()?;
        Prepared::of(case, self.plugin).map_err(|error: Error| Verdict::fail(error))
    }
}

/// Passes rows through an instance, without the host's checks.
pub(super) fn process(transform: &mut dyn Transform, rows: &RecordBatch) -> std::result::Result<Transformed, Failure> {
    let call = Call { batch: 1, time: transform.call_time(), is_probe: false };
    transform.process(rows.clone(), &call)
}
