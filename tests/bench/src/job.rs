//! The job of all three ways: the sample warehouse's allocations, cleaned and validated, into one table.

use std::str::FromStr;

use anyhow::bail;

/// The source's columns, in order.
pub(crate) const SOURCE_COLUMNS: [&str; 10] = [
    "allocation_id",
    "order_id",
    "item_id",
    "location_id",
    "quantity_allocated",
    "allocation_status",
    "allocated_by_user",
    "priority_level",
    "created_date",
    "last_updated",
];

/// The derived columns, in order.
pub(crate) const DERIVED_COLUMNS: [&str; 7] = [
    "allocation_status_clean",
    "status_group",
    "allocated_by_user_clean",
    "priority_level_clean",
    "has_invalid_quantity",
    "has_invalid_status",
    "data_quality_score",
];

/// The target table.
pub(crate) const TABLE: &str = "WMS_ALLOCATION";
/// The lookback of an incremental run, in microseconds: as in pipelines/base.toml.
pub(crate) const LOOKBACK_MICROS: i64 = 2 * 3_600 * 1_000_000;
/// The rows of a batch, as in pipelines/prod.toml.
pub(crate) const EXTRACT_ROWS: usize = 5_000;
/// The rows of a transaction, as in pipelines/prod.toml.
pub(crate) const LOAD_ROWS: usize = 10_000;

/// The runs of one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Into an empty target.
    Full,
    /// After a part of the source has changed.
    Incremental,
    /// After nothing has changed.
    Idle,
}

impl Phase {
    pub(crate) const ALL: [Self; 3] = [Self::Full, Self::Incremental, Self::Idle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::Idle => "idle",
        }
    }
}

impl FromStr for Phase {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        match Self::ALL.into_iter().find(|phase| phase.name() == name) {
            Some(phase) => Ok(phase),
            None => bail!("no phase is called {name}"),
        }
    }
}
