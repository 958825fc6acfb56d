//! The rejected rows of a pipeline in groups, as its page shows them.

use std::collections::BTreeMap;

use wmshost_flow::QuarantinedRow;
use wmshost_pipeline::Resolved;
use wmshost_runtime::Result;
use wmshost_runtime::quarantine::{ListOptions, list};

/// The most rows that are grouped, and the samples of each rule.
const MOST_ROWS: usize = 2_000;
const SAMPLES: usize = 3;

/// The rejected rows of a stream that break a rule.
#[derive(Default)]
pub(super) struct Group {
    pub(super) rows: u64,
    /// The component that rejected the last one, and its stage.
    pub(super) by: String,
    pub(super) stage: String,
    pub(super) last_rejected: String,
    pub(super) samples: Vec<QuarantinedRow>,
}

impl Group {
    fn add(&mut self, row: &QuarantinedRow) {
        self.rows += 1;
        (self.by, self.stage, self.last_rejected) = (row.by.clone(), row.stage.clone(), row.rejected_at.clone());
        if self.samples.len() < SAMPLES {
            self.samples.push(row.clone());
        }
    }
}

/// The rejected rows of a pipeline, or of one of its streams, by stream and rule.
#[derive(Default)]
pub(super) struct Rejected {
    pub(super) groups: BTreeMap<(String, String), Group>,
    /// The number of rows in the groups, and of all that are there.
    pub(super) listed: u64,
    pub(super) count: u64,
    pub(super) is_cut: bool,
}

/// Reads the rejected rows of a pipeline, or of some of its streams.
pub(super) fn rejected(pipeline: &Resolved, streams: &[String]) -> Result<Rejected> {
    let options = ListOptions { streams, rule: None, limit: Some(MOST_ROWS), after: None, with_row: false };
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    let mut add = |row: &QuarantinedRow| groups.entry((row.stream.clone(), row.rule.clone())).or_default().add(row);
    let listed = list(pipeline, &options, &mut add)?;
    Ok(Rejected { groups, listed: listed.listed, count: listed.count, is_cut: listed.is_cut })
}
