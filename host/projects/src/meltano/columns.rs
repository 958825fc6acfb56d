//! The columns of a stream that are selected.

use std::collections::BTreeSet;

use wmshost_flow::{is_pattern, matches_pattern};
use wmshost_pipeline::stream_name;

use super::catalog::Offered;
use super::document::{Table, Value};
use super::pattern::Rule;
use super::report::Parity;
use super::rules::Driver;
use super::source::Placed;
use super::streams::{Remarks, Tap, table_of};

impl Tap<'_> {
    /// The columns that are selected.
    pub(super) fn columns(
        &self,
        id: &str,
        offered: Option<&Offered>,
        rules: &[(Placed<'_>, Rule)],
        (needed, has_no_key): (&[String], bool),
        table: &mut Table,
        remarks: &mut Remarks,
    ) {
        let own = self.catalog.filter(|catalog| catalog.is_own).and(offered);
        let of_stream = |excludes: bool| -> Vec<String> {
            let rules = rules.iter().filter(|(_, rule)| rule.excludes == excludes && matches_pattern(&rule.stream, id));
            rules.map(|(_, rule)| rule.column.clone()).collect()
        };
        let (mut with, mut without) = match own {
            Some(own) => {
                let left_out = own.columns.iter().filter(|(.., is_selected)| !is_selected);
                (vec!["*".to_owned()], left_out.map(|(name, ..)| name.clone()).collect())
            }
            None => (of_stream(false), of_stream(true)),
        };
        let is_needed = |column: &String| needed.iter().any(|needed| needed.eq_ignore_ascii_case(column));
        without.retain(|column| !is_needed(column));
        let reads_all = with.iter().any(|column| column == "*");
        if reads_all && without.is_empty() {
            return;
        }
        if self.driver == Driver::Http {
            return self.fields((&with, &without), offered, table, remarks);
        }
        let read = match table.get("table") {
            Some(Value::Text(read)) => read.clone(),
            _ => stream_name(table_of(id)),
        };
        let grant = table.table("grants").table(&read);
        if !reads_all {
            with.extend(needed.iter().filter(|column| !with.contains(column)).cloned().collect::<Vec<_>>());
            grant.set("columns", Value::List(with));
            if has_no_key {
                remarks.add(
                    Parity::ByHand,
                    format!("add the columns of the primary key to `columns` in [streams.….grants.{read}]"),
                );
            }
        }
        if !without.is_empty() {
            grant.set("except", Value::List(without));
        }
        remarks.add(Parity::Mapped, "the columns are granted, and others cannot be read");
    }

    /// The fields of an entity of a service: its extractor takes their names, and no patterns.
    fn fields(
        &self,
        (with, without): (&[String], &[String]),
        offered: Option<&Offered>,
        table: &mut Table,
        remarks: &mut Remarks,
    ) {
        let known = offered.map(|offered| offered.columns.as_slice()).unwrap_or_default();
        let named = |patterns: &[String]| -> Vec<String> {
            let of_catalog = known
                .iter()
                .map(|(name, ..)| name)
                .filter(|name| patterns.iter().any(|pattern| is_pattern(pattern) && matches_pattern(pattern, name)));
            let names: BTreeSet<_> = patterns.iter().filter(|name| !is_pattern(name)).chain(of_catalog).collect();
            names.into_iter().cloned().collect()
        };
        let reads_all = with.iter().any(|column| column == "*");
        let chosen = if reads_all { without } else { &[with, without].concat() };
        if known.is_empty() && chosen.iter().any(|column| is_pattern(column)) {
            let what =
                "without a catalog it is not known which fields a pattern means: name them in `fields` or `exclude`";
            remarks.add(Parity::ByHand, what);
        }
        let settings = table.table("settings").table(self.driver.extractor());
        for (key, names) in [("fields", if reads_all { Vec::new() } else { named(with) }), ("exclude", named(without))]
        {
            if !names.is_empty() {
                settings.set(key, Value::List(names));
            }
        }
        remarks.add(Parity::Mapped, "settings of the extractor name the fields");
    }
}
