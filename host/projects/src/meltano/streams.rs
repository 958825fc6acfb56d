//! The streams of a tap: which of them are selected, with which columns, and how they are read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use wmshost_flow::{is_pattern, matches_pattern};
use wmshost_pipeline::{is_target_table, stream_name, target_name, unused_name};

use super::bookmark::{ChangeForm, form_of};
use super::catalog::{Catalog, Offered};
use super::document::{Table, Value};
use super::pattern::Rule;
use super::plugins::Layers;
use super::report::{Parity, PartKind, Report};
use super::rules::Driver;
use super::source::Placed;

/// The keys of metadata that name the columns which identify a row.
const KEYS: [&str; 3] = ["table-key-properties", "view-key-properties", "key-properties"];

/// The choices of the target that hold for every stream.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LoadChoices {
    /// True if every run replaces the tables.
    pub(super) overwrites: bool,
    /// True if rows that the source no longer has are deleted.
    pub(super) deletes: bool,
    /// True if the target writes names in capitals.
    pub(super) is_upper: bool,
}

/// A tap whose streams are taken over.
pub(super) struct Tap<'a> {
    pub(super) layers: &'a Layers<'a>,
    pub(super) driver: Driver,
    pub(super) catalog: Option<&'a Catalog>,
    /// The bookmarks of its streams.
    pub(super) bookmarks: &'a BTreeMap<String, Json>,
    pub(super) load: LoadChoices,
    /// The name of the pipeline.
    pub(super) pipeline: &'a str,
}

/// A stream that was taken over.
#[derive(Debug)]
pub(super) struct Stream {
    /// The tap's name for it.
    pub(super) id: String,
    /// Its name in the pipeline.
    pub(super) name: String,
    /// Its change key, with the form of its values if that is known.
    pub(super) change_key: Option<(String, Option<ChangeForm>)>,
}

/// The remarks on a stream, and the weightiest outcome among them.
pub(super) struct Remarks {
    parity: Parity,
    words: Vec<String>,
}

impl Remarks {
    pub(super) fn add(&mut self, parity: Parity, words: impl Into<String>) {
        self.parity = self.parity.max(parity);
        self.words.push(words.into());
    }
}

impl<'a> Tap<'a> {
    /// Writes the streams into a pipeline.
    pub(super) fn write(&self, pipeline: &mut Table, report: &mut Report) -> Vec<Stream> {
        let rules = self.rules();
        self.report_rules(&rules, report);
        let mut names = BTreeSet::new();
        let mut streams = Vec::new();
        let (mut schemas, mut tables) = (BTreeSet::new(), BTreeSet::new());
        for (id, at) in self.known(&rules) {
            if !self.is_selected(&id, &rules) {
                continue;
            }
            let name = unused_name(&stream_name(table_of(&id)), &mut names);
            let offered = self.catalog.and_then(|catalog| catalog.stream(&id));
            schemas.extend(schema_of(&id, offered));
            let mut remarks = Remarks { parity: Parity::Carried, words: Vec::new() };
            let mut table = self.names(&id, &name, offered, &mut remarks);
            let written = table.get("target_table").map(|written| written.to_string().to_lowercase());
            if !tables.insert(written) {
                remarks.add(Parity::ByHand, "another stream writes this table: name another one as `target_table`");
            }
            let key = self.key(&id, offered);
            let change_key = self.method(&id, offered, &mut table, &mut remarks);
            if !key.is_empty() {
                table.set("key", Value::List(key.clone()));
            }
            let needed: Vec<String> = key.iter().chain(change_key.as_ref().map(|(name, _)| name)).cloned().collect();
            self.columns(&id, offered, &rules, (&needed, key.is_empty()), &mut table, &mut remarks);
            pipeline.table("streams").set(&name, Value::Table(table));
            let to = format!("{}: streams.{name}", self.pipeline);
            let part = format!("{}.{id}", self.layers.name);
            report.add_to(at, (PartKind::Stream, &part), remarks.parity, &to, remarks.words.join("; "));
            streams.push(Stream { id, name, change_key });
        }
        self.schema(&schemas, pipeline, report);
        streams
    }

    /// The rules of `select`, with their places.
    fn rules(&self) -> Vec<(Placed<'a>, Rule)> {
        let given: Vec<_> = self.layers.extra("select").into_iter().flat_map(Placed::list).collect();
        if given.is_empty() {
            return vec![(self.layers.at, Rule::parse("*.*"))];
        }
        given.iter().filter_map(|at| Some((*at, Rule::parse(at.node.text()?)))).collect()
    }

    /// Reports rules whose streams are not known, and those that are not understood.
    fn report_rules(&self, rules: &[(Placed<'_>, Rule)], report: &mut Report) {
        for (at, rule) in rules.iter().filter(|(_, rule)| rule.is_odd) {
            let name = format!("{}.select {}.{}", self.layers.name, rule.stream, rule.column);
            let reason = "of patterns only `*` is known here: what is left out was widened to it, what is chosen is as it was \
                          written";
            report.add(*at, PartKind::Setting, &name, Parity::ByHand, reason);
        }
        if let Some(catalog) = self.catalog {
            let is_there = |rule: &Rule| catalog.streams.iter().any(|stream| matches_pattern(&rule.stream, &stream.id));
            for (at, rule) in rules.iter().filter(|(_, rule)| !rule.excludes && !is_there(rule)) {
                let name = format!("{}.select {}.{}", self.layers.name, rule.stream, rule.column);
                let reason = "the catalog has no such stream: was it of another source?";
                report.add(*at, PartKind::Setting, &name, Parity::ByHand, reason);
            }
            return;
        }
        for (at, rule) in rules.iter().filter(|(_, rule)| is_pattern(&rule.stream) && !rule.excludes) {
            let name = format!("{}.select {}.{}", self.layers.name, rule.stream, rule.column);
            let tap = self.layers.name;
            let reason = format!(
                "no catalog says which streams it means: `meltano select {tap} --list --all` leaves one in \
                 .meltano/run/{tap}/tap.properties.json; import again"
            );
            report.add(*at, PartKind::Setting, &name, Parity::ByHand, reason);
        }
    }

    /// The streams that the project or the catalog names, with the places that name them.
    fn known(&self, rules: &[(Placed<'a>, Rule)]) -> Vec<(String, Placed<'a>)> {
        let mut known: Vec<(String, Placed<'a>)> = Vec::new();
        let metadata = || self.layers.all("metadata").flat_map(Placed::entries).collect::<Vec<_>>();
        let mut add = |id: &str, at| {
            if !is_pattern(id) && !known.iter().any(|(known, _)| known == id) {
                known.push((id.to_owned(), at));
            }
        };
        if let Some(catalog) = self.catalog {
            let named = metadata();
            for stream in &catalog.streams {
                let at = named.iter().find(|(id, _)| *id == stream.id).map_or(self.layers.at, |(_, at)| *at);
                add(&stream.id, at);
            }
            return known;
        }
        for (id, at) in metadata() {
            add(id, at);
        }
        for (_, at) in self.layers.config().iter().filter(|(name, _)| *name == "entities") {
            for entity in at.list() {
                add(entity.node.text().unwrap_or_default(), entity);
            }
        }
        for (at, rule) in rules.iter().filter(|(_, rule)| !rule.excludes) {
            add(&rule.stream, *at);
        }
        known.retain(|(id, _)| !id.is_empty());
        known
    }

    fn is_selected(&self, id: &str, rules: &[(Placed<'_>, Rule)]) -> bool {
        let filter =
            self.layers.extra("select_filter").into_iter().flat_map(Placed::list).filter_map(|at| at.node.text());
        let (without, with): (Vec<&str>, Vec<&str>) = filter.partition(|text| text.starts_with('!'));
        let is_filtered = without.iter().any(|text| matches_pattern(&text[1..], id))
            || !with.is_empty() && !with.iter().any(|text| matches_pattern(text, id));
        if is_filtered {
            return false;
        }
        if let Some(own) = self.catalog.filter(|catalog| catalog.is_own) {
            return own.stream(id).is_some_and(|stream| stream.is_selected);
        }
        let is_of = |rule: &Rule| matches_pattern(&rule.stream, id);
        let is_left_out = rules.iter().any(|(_, rule)| rule.excludes && rule.column == "*" && is_of(rule));
        !is_left_out && rules.iter().any(|(_, rule)| !rule.excludes && is_of(rule))
    }

    /// The table that is read and the one that is written.
    fn names(&self, id: &str, name: &str, offered: Option<&Offered>, remarks: &mut Remarks) -> Table {
        let mut table = Table::default();
        let of_source = offered.and_then(|offered| offered.table.clone());
        let read = of_source.unwrap_or_else(|| table_of(id).to_owned());
        if read != name {
            table.set("table", Value::Text(read.clone()));
        }
        if read != id {
            remarks.add(Parity::Mapped, format!("the table is {read}"));
        }
        let conformed = conformed(table_of(id));
        let conformed = if self.load.is_upper { conformed.to_uppercase() } else { conformed };
        let written = if is_target_table(&conformed) { conformed.clone() } else { target_name(&conformed, "") };
        if written != conformed {
            remarks.add(Parity::Changed, format!("it is written to the table {written}, not {conformed}"));
        }
        table.set("target_table", Value::Text(written.clone()));
        table.set("take_over", Value::Text(written));
        table
    }

    /// The metadata of a stream: of rules for one key the last counts.
    fn metadata(&self, id: &str, key: &str) -> Option<Placed<'a>> {
        let rules = self.layers.all("metadata").flat_map(Placed::entries);
        rules.filter(|(pattern, _)| matches_pattern(pattern, id)).filter_map(|(_, rule)| rule.get(key)).last()
    }

    fn key(&self, id: &str, offered: Option<&Offered>) -> Vec<String> {
        let given = KEYS.iter().find_map(|key| self.metadata(id, key)).and_then(|at| at.node.texts());
        given.or_else(|| offered.map(|offered| offered.key.clone())).unwrap_or_default()
    }

    /// The method; returns the change key of a stream that is read by it.
    fn method(
        &self,
        id: &str,
        offered: Option<&Offered>,
        table: &mut Table,
        remarks: &mut Remarks,
    ) -> Option<(String, Option<ChangeForm>)> {
        let text = |key: &str| self.metadata(id, key).and_then(|at| at.node.text()).map(str::to_owned);
        let change_key = text("replication-key").or_else(|| offered.and_then(|offered| offered.change_key.clone()));
        let method = text("replication-method").or_else(|| offered.and_then(|offered| offered.method.clone()));
        let method =
            method.unwrap_or_else(|| if change_key.is_some() { "INCREMENTAL" } else { "FULL_TABLE" }.to_owned());
        let is_incremental = match (method.to_uppercase().as_str(), &change_key) {
            _ if self.load.overwrites => {
                remarks.add(Parity::Mapped, "every run replaces the table, as load_method says");
                false
            }
            ("FULL_TABLE", _) => false,
            ("INCREMENTAL", Some(_)) => true,
            ("LOG_BASED", change_key) => {
                remarks.add(Parity::Changed, "the database's log is not read: rows are compared instead");
                change_key.is_some()
            }
            ("INCREMENTAL", None) => {
                remarks.add(
                    Parity::ByHand,
                    "no replication-key is given: the whole table is read until `change_key` is set",
                );
                false
            }
            (other, _) => {
                remarks.add(
                    Parity::ByHand,
                    format!("the replication-method {other} is not known: the whole table is read"),
                );
                false
            }
        };
        let Some(change_key) = change_key.filter(|_| is_incremental) else {
            table.set("method", Value::Text("full".to_owned()));
            return None;
        };
        table.set("method", Value::Text("incremental".to_owned()));
        table.set("change_key", Value::Text(change_key.clone()));
        let is_named = |(name, ..): &&(String, Option<ChangeForm>, bool)| name.eq_ignore_ascii_case(&change_key);
        let of_catalog =
            offered.and_then(|offered| offered.columns.iter().find(is_named)).and_then(|(_, form, _)| *form);
        let last = self.bookmarks.get(id).and_then(|of| super::bookmark::last_value(of, &change_key).ok());
        let form = of_catalog.or_else(|| last.as_ref().and_then(form_of));
        if form == Some(ChangeForm::Version) {
            table.set("lookback_versions", Value::Plain("0".to_owned()));
        } else {
            remarks.add(Parity::Mapped, "rows up to 15 minutes before the last one are looked at again (`lookback`)");
        }
        if self.load.deletes || method == "LOG_BASED" {
            let word = if self.load.deletes { "hard" } else { "soft" };
            table.set("deletes", Value::Text(word.to_owned()));
        }
        Some((change_key, form))
    }

    /// Sets the schema that the streams are in, if the project does not say it elsewhere.
    fn schema(&self, schemas: &BTreeSet<String>, pipeline: &mut Table, report: &mut Report) {
        let connection = pipeline.table("connections").table("source");
        if self.driver != Driver::Oracle || connection.get("schema").is_some() {
            return;
        }
        let name = format!("{}.schema", self.layers.name);
        let to = format!("{}: connections.source.schema", self.pipeline);
        match schemas.iter().collect::<Vec<_>>().as_slice() {
            [] => {}
            [only] => {
                connection.set("schema", Value::Text(only.to_uppercase()));
                let reason = "the names of the streams say it";
                report.add_to(self.layers.at, (PartKind::Setting, &name), Parity::Mapped, &to, reason);
            }
            _ => {
                let all = schemas.iter().cloned().collect::<Vec<_>>().join(", ");
                let reason =
                    format!("a connection has one schema, and the streams are in {all}: write a pipeline for each");
                report.add_to(self.layers.at, (PartKind::Setting, &name), Parity::ByHand, &to, reason);
            }
        }
    }
}

/// The table in a stream's id, such as `schema-table`.
pub(super) fn table_of(id: &str) -> &str {
    id.rsplit('-').next().filter(|table| !table.is_empty()).unwrap_or(id)
}

fn schema_of(id: &str, offered: Option<&Offered>) -> Option<String> {
    let of_catalog = offered.and_then(|offered| offered.schema.clone());
    of_catalog.or_else(|| Some(id.rsplit_once('-')?.0.to_owned())).filter(|schema| !schema.is_empty())
}

/// A table's name as targets of the Singer SDK write it.
fn conformed(table: &str) -> String {
    let mut name = String::new();
    let mut before = None;
    for letter in table.chars().filter(|letter| letter.is_ascii_alphanumeric() || " ._-".contains(*letter)) {
        let begins_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before: char| before.is_ascii_lowercase() || before.is_ascii_digit());
        if begins_word {
            name.push('_');
        }
        name.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
        before = Some(letter);
    }
    name
}
