//! The age of nodes: of streams since they were last loaded, of models since they were last built or found unchanged,
//! of either by the newest value of a column where one is declared.

use std::collections::BTreeMap;

use wmshost_flow::model::Freshness;
use wmshost_flow::{Failure, Micros, Sql};

use crate::project::{Kind, Project, Selected};
use crate::record::Moment;
use crate::store::{Store, kind_of, text_of};

/// The verdict about an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreshnessStatus {
    /// Within its limits.
    Fresh,
    /// Older than the limit of a warning.
    Stale,
    /// Older than the limit of an error.
    TooOld,
    /// Never loaded, never built, or without a value.
    Never,
}

impl FreshnessStatus {
    /// The status's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "warn",
            Self::TooOld => "error",
            Self::Never => "never",
        }
    }
}

/// The age of a node.
#[derive(Debug, Clone)]
pub struct Age {
    /// Its name.
    pub name: String,
    /// The verdict about its age.
    pub status: FreshnessStatus,
    /// The moment from which its age counts.
    pub as_of: Option<Micros>,
    /// The age in seconds.
    pub seconds: Option<u64>,
    /// The origin of that moment: `loaded`, `built`, or a column.
    pub by: String,
    /// The limits of a warning and of an error, in seconds.
    pub limits: (Option<u64>, Option<u64>),
}

impl Project {
    /// The age of the selected nodes that declare limits. `loaded` is when each stream was last loaded completely.
    pub fn freshness(
        &self,
        pipeline: &str,
        selected: &Selected,
        loaded: &BTreeMap<String, Micros>,
        now: Micros,
        sql: &mut dyn Sql,
    ) -> Result<Vec<Age>, Failure> {
        let built = Store { pipeline, dialect: self.dialect }.built(sql)?;
        let mut ages = Vec::new();
        for &at in &selected.0 {
            let node = &self.nodes[at];
            let (freshness, way, last) = match &node.kind {
                Kind::Stream(Some(source)) => (&source.freshness, "loaded", loaded.get(&node.name).copied()),
                Kind::Model(parsed) => {
                    let last = built.get(&node.name).map(|built| built.checked_at);
                    (&parsed.model.freshness, "built", last)
                }
                Kind::Stream(None) => continue,
            };
            let Some(freshness) = freshness else { continue };
            let (by, as_of) = match &freshness.by {
                Some(column) => (column.clone(), self.newest(at, column, sql)?),
                None => (way.to_owned(), last),
            };
            ages.push(age(&node.name, freshness, by, as_of, now));
        }
        Ok(ages)
    }

    fn newest(&self, at: usize, column: &str, sql: &mut dyn Sql) -> Result<Option<Micros>, Failure> {
        let dialect = self.dialect;
        let table = &self.nodes[at].table;
        if kind_of(sql, dialect, table)?.is_none() {
            return Ok(None);
        }
        let newest = dialect.timestamp_as_text(&format!("MAX({})", dialect.quoted(column)));
        let rows = sql.query(&format!("SELECT {newest} FROM {}", dialect.quoted(table)), &[])?;
        Ok(rows.first().and_then(|row| Moment::parse(text_of(row, 0).trim_end_matches('Z'))).map(|moment| moment.0))
    }
}

fn age(name: &str, freshness: &Freshness, by: String, as_of: Option<Micros>, now: Micros) -> Age {
    let seconds = as_of.map(|as_of| u64::try_from((now - as_of) / 1_000_000).unwrap_or(0));
    let exceeds = |limit: Option<u64>| matches!((seconds, limit), (Some(seconds), Some(limit)) if seconds > limit);
    let status = match seconds {
        None => FreshnessStatus::Never,
        _ if exceeds(freshness.error_after) => FreshnessStatus::TooOld,
        _ if exceeds(freshness.warn_after) => FreshnessStatus::Stale,
        _ => FreshnessStatus::Fresh,
    };
    Age { name: name.to_owned(), status, as_of, seconds, by, limits: (freshness.warn_after, freshness.error_after) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_decide() {
        let limits = Freshness { warn_after: Some(10), error_after: Some(20), by: None };
        for (as_of, expected) in [
            (Some(90_000_000), FreshnessStatus::Fresh),
            (Some(89_000_000), FreshnessStatus::Stale),
            (Some(79_000_000), FreshnessStatus::TooOld),
            (Some(101_000_000), FreshnessStatus::Fresh),
            (None, FreshnessStatus::Never),
        ] {
            let age = age("x", &limits, "loaded".into(), as_of, 100_000_000);
            assert_eq!(age.status, expected, "{as_of:?}");
        }
    }
}
