//! The columns that could say when a row last changed, ranked: by their names, then those that an index serves, then
//! those that are seldom NULL, then those that are seldom tied.

use std::cmp::Reverse;

use wmshost_databases::CatalogIndex;

use super::sample::Sample;

/// Parts of the names of columns that are set at each change of a row.
const CHANGE_WORDS: [&str; 9] =
    ["updat", "modif", "chang", "mod_ts", "mod_date", "mod_time", "last_upd", "upd_date", "touched"];

/// A column that could be the change key.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeKeyCandidate {
    /// The column.
    pub column: String,
    /// True if its name says that it is set at each change of a row.
    pub is_change_stamp: bool,
    /// True if an index begins with it.
    pub is_indexed: bool,
    /// The share of the sampled rows in which it is NULL, in percent; `None` if no row was sampled.
    pub null_percent: Option<f64>,
    /// The share of the sampled values that another sampled row has too, in percent; likewise.
    pub tied_percent: Option<f64>,
}

/// Returns whether a column's name says that it is set at each change of a row. The date of an order, say, is not.
pub fn is_change_stamp(name: &str) -> bool {
    let name = name.to_lowercase();
    CHANGE_WORDS.iter().any(|word| name.contains(word))
}

/// Returns these columns as candidates, the best one first.
pub(crate) fn ranked(columns: &[String], indexes: &[CatalogIndex], sample: &Sample) -> Vec<ChangeKeyCandidate> {
    let candidate = |column: &String| {
        let measures = sample.columns.get(column);
        ChangeKeyCandidate {
            column: column.clone(),
            is_change_stamp: is_change_stamp(column),
            is_indexed: indexes.iter().any(|index| index.columns.first() == Some(column)),
            null_percent: measures.and_then(|measures| measures.null_percent()),
            tied_percent: measures.and_then(|measures| measures.tied_percent()),
        }
    };
    let mut candidates: Vec<_> = columns.iter().map(candidate).collect();
    // Equal ones stay in the extractor's order.
    candidates.sort_by(|a, b| {
        let flags = |one: &ChangeKeyCandidate| Reverse((one.is_change_stamp, one.is_indexed));
        let share = |share: Option<f64>| share.unwrap_or_default();
        flags(a)
            .cmp(&flags(b))
            .then(share(a.null_percent).total_cmp(&share(b.null_percent)))
            .then(share(a.tied_percent).total_cmp(&share(b.tied_percent)))
    });
    candidates
}

#[cfg(test)]
mod tests {
    use super::super::sample::ColumnMeasures;
    use super::*;

    fn measures(rows: u64, nulls: u64, tied: u64) -> ColumnMeasures {
        ColumnMeasures { rows, nulls, tied }
    }

    #[test]
    fn names_come_before_indexes_indexes_before_nulls_and_nulls_before_ties() {
        let columns = ["born", "nulls", "ties", "indexed", "last_update"].map(str::to_owned);
        let mut sample = Sample { rows: 100, ..Sample::default() };
        for (name, of) in [
            ("born", measures(100, 0, 0)),
            ("nulls", measures(100, 50, 0)),
            ("ties", measures(100, 0, 80)),
            ("indexed", measures(100, 90, 90)),
            ("last_update", measures(100, 99, 0)),
        ] {
            sample.columns.insert(name.to_owned(), of);
        }
        let index = CatalogIndex { unique: false, columns: vec!["indexed".to_owned(), "nulls".to_owned()] };
        let ranked = ranked(&columns, &[index], &sample);
        let names: Vec<&str> = ranked.iter().map(|candidate| candidate.column.as_str()).collect();
        assert_eq!(names, ["last_update", "indexed", "born", "ties", "nulls"]);
        assert_eq!((ranked[3].null_percent, ranked[3].tied_percent), (Some(0.0), Some(80.0)));
    }

    #[test]
    fn a_business_date_is_no_change_stamp() {
        for name in ["LAST_UPDATED", "ModifiedDate", "mod_ts", "changed_at"] {
            assert!(is_change_stamp(name), "{name}");
        }
        for name in ["InvoiceDate", "birth_date", "created_at", "due"] {
            assert!(!is_change_stamp(name), "{name}");
        }
    }
}
