//! A walk over rows by id: the filters of its part, and its position. A row that changes while it is walked over leaves the
//! window and is in the next one; a row that is added after the walk began is above its ceiling.

use crate::cloud::Filter;
use crate::entity::{CREATED, ID};
use crate::moment;

/// A part of the entity's rows that is walked over by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// All rows.
    Full,
    /// All rows, before the first window.
    First,
    /// The rows after the highest id that was read.
    RowsAfter,
    /// Those that changed in a window.
    Changes,
    /// Those that were created in a window and have a time of change before it.
    Backdated,
    /// Those without a time of change.
    NoTime,
}

impl Phase {
    pub(crate) const ALL: [(Self, &str); 6] = [
        (Self::Full, "full"),
        (Self::First, "first"),
        (Self::RowsAfter, "rows-after"),
        (Self::Changes, "changes"),
        (Self::Backdated, "backdated"),
        (Self::NoTime, "no-time"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(phase, _)| *phase == self).map_or("", |(_, name)| *name)
    }
}

/// A window of times in microseconds since 1970-01-01T00:00:00 UTC: from the first, included, to the second, excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) low: i64,
    pub(crate) next: i64,
}

/// A walk over a part of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    pub(crate) phase: Phase,
    /// The moment before which every change was read, or which follows on a first load.
    pub(crate) high: Option<i64>,
    pub(crate) span: Option<Span>,
    /// The highest id when the walk began; `None` before it began.
    pub(crate) ceiling: Option<i64>,
    /// The last id that was read.
    pub(crate) last: Option<i64>,
}

impl Walk {
    /// A walk that has not begun.
    pub(crate) fn new(phase: Phase, high: Option<i64>, span: Option<Span>) -> Self {
        Self { phase, high, span, ceiling: None, last: None }
    }

    /// True if every id up to the ceiling was read.
    pub(crate) fn is_over(&self) -> bool {
        self.ceiling.is_some_and(|ceiling| self.last.is_some_and(|last| last >= ceiling))
    }

    /// The filters of what is left of the walk.
    pub(crate) fn filters(&self, change_key: Option<&str>) -> Vec<Filter> {
        let mut filters = Vec::new();
        let mut add = |field: &str, lookup: &str, value: String| filters.push((format!("{field}__{lookup}"), value));
        let change_key = change_key.unwrap_or_default();
        match (self.phase, self.span) {
            (Phase::Changes, Some(Span { low, next })) => {
                add(change_key, "gte", moment::text(low));
                add(change_key, "lt", moment::text(next));
            }
            (Phase::Backdated, Some(Span { low, next })) => {
                add(CREATED, "gte", moment::text(low));
                add(CREATED, "lt", moment::text(next));
                add(change_key, "lt", moment::text(low));
            }
            (Phase::NoTime, _) => add(change_key, "isnull", "true".to_owned()),
            _ => {}
        }
        if let Some(last) = self.last {
            add(ID, "gt", last.to_string());
        }
        if let Some(ceiling) = self.ceiling {
            add(ID, "lte", ceiling.to_string());
        }
        filters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_asks_for_the_rows_after_the_last_one_up_to_its_ceiling() {
        let span = Some(Span { low: 0, next: 60_000_000 });
        let walk = Walk { ceiling: Some(9), last: Some(5), ..Walk::new(Phase::Changes, Some(0), span) };
        let filters: Vec<String> =
            walk.filters(Some("mod_ts")).iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            filters,
            ["mod_ts__gte=1970-01-01T00:00:00Z", "mod_ts__lt=1970-01-01T00:01:00Z", "id__gt=5", "id__lte=9"]
        );
        assert!(!walk.is_over() && Walk { last: Some(9), ..walk }.is_over());
        let backdated = Walk::new(Phase::Backdated, Some(0), span).filters(Some("mod_ts"));
        assert_eq!(backdated.len(), 3);
        assert_eq!(
            Walk::new(Phase::NoTime, Some(0), span).filters(Some("mod_ts")),
            [("mod_ts__isnull".to_owned(), "true".to_owned())]
        );
        assert!(Walk::new(Phase::First, Some(0), None).filters(Some("mod_ts")).is_empty());
    }
}
