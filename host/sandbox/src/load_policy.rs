//! The rules that a load must follow. The target's session does not know the mode and the key of a load: a loader that
//! merges by another key or bypasses the staged table would lose rows silently.

use wmshost_flow::{Failure, LoadMode, LoadRequest, MergeRule, NewColumns, STAGED_SUFFIX};

/// The phase of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The table is made ready.
    Prepare,
    /// Batches are written.
    Load,
    /// The result is put in place.
    Finish,
}

/// The rules that a load must follow.
pub(crate) struct LoadPolicy {
    table: String,
    mode: LoadMode,
    key: Vec<String>,
    version: Option<String>,
    /// True if columns may be left out.
    pub(crate) may_drop: bool,
    /// Where the load is.
    pub(crate) phase: Phase,
    swapped: bool,
}

impl LoadPolicy {
    /// The policy of a load that is asked for like this.
    pub(crate) fn of(request: &LoadRequest) -> Self {
        let (table, key, version) = (request.table.clone(), request.key.clone(), request.version.clone());
        let may_drop = request.schema.new_columns == NewColumns::Discard;
        Self { table, mode: request.mode, key, version, may_drop, phase: Phase::Prepare, swapped: false }
    }

    /// A merge goes by the stream's key and version.
    pub(crate) fn check_merge(&self, rule: &MergeRule) -> Result<(), Failure> {
        if rule.key == self.key && rule.version == self.version {
            return Ok(());
        }
        let version = self.version.as_deref().unwrap_or("none");
        Err(Failure::permanent(format!(
            "the merge rule differs from the stream's: key ({}), version {version}",
            self.key.join(", ")
        )))
    }

    /// Staging is allowed in `prepare` only, swapping in `finish` only, and both only in loads that replace the table.
    pub(crate) fn check_step(&self, what: &str, phase: Phase) -> Result<(), Failure> {
        if self.mode == LoadMode::Replace && self.phase == phase {
            return Ok(());
        }
        let place = if phase == Phase::Prepare { "prepare" } else { "finish" };
        Err(Failure::denied(format!("{what} is for {place}, in a load that replaces the table")))
    }

    /// The rows of a load that replaces go into the staged table, those of others into the table. The session refuses
    /// any third table.
    pub(crate) fn check_written(&self, table: &str) -> Result<(), Failure> {
        let (wrong, wanted) = match self.mode {
            LoadMode::Replace => (self.table.clone(), "the staged table"),
            _ => (format!("{}{STAGED_SUFFIX}", self.table), "the table"),
        };
        if table.eq_ignore_ascii_case(&wrong) {
            return Err(Failure::permanent(format!("the rows of this load go into {wanted}")));
        }
        Ok(())
    }

    /// The staged table has taken the table's place.
    pub(crate) fn swap(&mut self) {
        self.swapped = true;
    }

    /// Fails if staged rows are not in place at the end.
    pub(crate) fn check_finished(&self) -> Result<(), Failure> {
        if self.mode == LoadMode::Replace && !self.swapped {
            return Err(Failure::permanent("it finished without a swap; the rows are still in the staged table"));
        }
        Ok(())
    }
}
