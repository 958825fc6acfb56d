//! The rules of a stream for its columns, and the mistakes in them that need no database: contradictions, types that a
//! form cannot have, and keys that name a column by a name that it does not have in the stream.

use std::collections::BTreeMap;

use wmshost_flow::{ColumnReading, ColumnRule, ColumnRules, Mask, SourceForm, type_of_name};

use crate::authored::{Leaf, Node, Section};
use crate::diagnostics::{Location, join};
use crate::keys::{column as keys, stream};
use crate::section_reader::SectionReader;
use crate::suggest;
use crate::value::AuthoredValue;

/// The word for a column that is left out.
const SKIP: &str = "skip";

/// Reads the rules of a stream. A column with a mistake has none, after a report.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> ColumnRules {
    let Some(Node::Section(columns)) = scope.section.entries.get(stream::COLUMNS.name) else {
        return ColumnRules::new();
    };
    let path = join(&scope.path, stream::COLUMNS.name);
    let mut rules = ColumnRules::new();
    for (name, node) in &columns.entries {
        let rule = match node {
            Node::Leaf(leaf) => word(leaf, scope),
            Node::Section(section) => table(section, &join(&path, name), scope),
            Node::Broken(_) => None,
        };
        rules.extend(rule.map(|rule| (name.clone(), rule)));
    }
    names(&rules, &columns.entries, scope);
    rules
}

/// Reads `"skip"` or a type.
fn word(leaf: &Leaf, scope: &mut SectionReader<'_>) -> Option<ColumnRule> {
    let AuthoredValue::Text(word) = &leaf.value else { return None };
    if word == SKIP {
        return Some(ColumnRule::Skip);
    }
    match type_of_name(word) {
        Ok(kind) => Some(ColumnRule::Read(ColumnReading { kind: Some(kind), ..ColumnReading::default() })),
        Err(why) => {
            let advice = SourceForm::named(word).map(|_| format!("this is a form: write `{{ from = \"{word}\" }}`"));
            let near = suggest::nearest(word, [SKIP]);
            let advice = advice.or_else(|| near.map(|near| format!("did you mean `{near}`?")));
            scope.sink.at(&leaf.place, format!("`{word}` {why}, or \"skip\""), advice);
            None
        }
    }
}

/// Reads a table of keys.
fn table(section: &Section, path: &str, scope: &mut SectionReader<'_>) -> Option<ColumnRule> {
    let mistakes = scope.sink.count();
    let mut inner =
        SectionReader { section, path: path.to_owned(), environment: scope.environment, sink: &mut *scope.sink };
    let kind = inner.text(&keys::TYPE);
    let from = inner.choice(&keys::FROM, &forms());
    let rename = inner.text(&keys::RENAME);
    let skip = inner.flag(&keys::SKIP).unwrap_or_default();
    let mask = inner.choice(&keys::MASK, Mask::VALUES);
    let greatest = inner.has(&keys::GREATEST).then(|| inner.list(&keys::GREATEST)).flatten();
    let given = [
        (inner.has(&keys::TYPE), keys::TYPE.name),
        (inner.has(&keys::FROM), keys::FROM.name),
        (inner.has(&keys::RENAME), keys::RENAME.name),
        (skip, keys::SKIP.name),
        (greatest.is_some(), keys::GREATEST.name),
        (mask.is_some(), keys::MASK.name),
    ];
    let given: Vec<&str> = given.into_iter().filter(|(given, _)| *given).map(|(_, name)| name).collect();
    let place = section.place.clone();
    if given.is_empty() && inner.sink.is_reported(path) {
        return None;
    }
    if inner.sink.count() > mistakes || !agree(&given, from, &place, inner.sink) {
        return None;
    }
    if skip {
        return Some(ColumnRule::Skip);
    }
    if let Some(columns) = greatest {
        if columns.len() < 2 {
            let advice = Some("name at least two columns".to_owned());
            inner.sink.at(&place, "is the greatest of fewer than two columns", advice);
            return None;
        }
        return Some(ColumnRule::Greatest(columns));
    }
    if from == Some(None) {
        return Some(ColumnRule::RowScn);
    }
    let reading = reading(kind.as_deref(), from.flatten(), (&place, path), inner.sink)?;
    Some(ColumnRule::Read(ColumnReading { rename, mask, ..reading }))
}

/// The words for forms; the pseudo-column is none.
fn forms() -> Vec<(&'static str, Option<SourceForm>)> {
    let forms = SourceForm::VALUES.iter().map(|(name, form)| (*name, Some(*form)));
    forms.chain([(SourceForm::ROW_SCN, None)]).collect()
}

/// Returns whether the keys of a column belong together; reports it if they do not.
fn agree(
    given: &[&str],
    from: Option<Option<SourceForm>>,
    place: &Location,
    sink: &mut crate::diagnostics::DiagnosticSink,
) -> bool {
    let alone = given.iter().find(|name| [keys::SKIP.name, keys::GREATEST.name].contains(name));
    let alone = alone.copied().or((from == Some(None)).then_some(SourceForm::ROW_SCN));
    match (given, alone) {
        ([], _) => {
            sink.at(place, "says nothing", Some("write a type, \"skip\", or one of its keys".to_owned()));
            false
        }
        ([_, _, ..], Some(alone)) => {
            let advice = Some(format!("write `{alone}` alone, or remove it"));
            sink.at(place, format!("has {}, which contradict each other", given.join(" and ")), advice);
            false
        }
        _ => true,
    }
}

fn reading(
    word: Option<&str>,
    form: Option<SourceForm>,
    (place, path): (&Location, &str),
    sink: &mut crate::diagnostics::DiagnosticSink,
) -> Option<ColumnReading> {
    let kind = match word.map(type_of_name).transpose() {
        Ok(kind) => kind,
        Err(why) => {
            sink.of(&join(path, keys::TYPE.name), format!("`{}` {why}", word.unwrap_or_default()), None);
            return None;
        }
    };
    if let Some(form) = form {
        let name = form.name();
        match &kind {
            None if form.usual_type().is_none() => {
                let advice = format!("add `type = …`: {}", form.types());
                sink.at(place, format!("has `from = \"{name}\"`, which needs a type"), Some(advice));
                return None;
            }
            Some(kind) if !form.can_be(kind) => {
                let message = format!(
                    "has `type = \"{}\"` and `from = \"{name}\"`, which contradict each other",
                    word.unwrap_or_default()
                );
                sink.at(place, message, Some(format!("from {name} a value can be {}", form.types())));
                return None;
            }
            _ => {}
        }
    }
    Some(ColumnReading { kind, form, ..ColumnReading::default() })
}

/// Reports names that a key of the stream uses for a column that has another name there, or none.
fn names(rules: &ColumnRules, entries: &BTreeMap<String, Node>, scope: &mut SectionReader<'_>) {
    let named = |key: &crate::key_type::Key| match scope.section.entries.get(key.name) {
        Some(Node::Leaf(Leaf { place, value: AuthoredValue::Text(name) })) => vec![(name.clone(), place.clone())],
        Some(Node::Leaf(Leaf { place, value: AuthoredValue::Texts(names) })) => {
            names.iter().map(|name| (name.clone(), place.clone())).collect()
        }
        _ => Vec::new(),
    };
    for (name, place) in [named(&stream::KEY), named(&stream::CHANGE_KEY)].concat() {
        let is_other = |other: &str| other.eq_ignore_ascii_case(&name);
        let is_masked = |(column, rule): (&String, &ColumnRule)| {
            rule.mask().is_some() && rule.stream_name(column).is_some_and(is_other)
        };
        if rules.iter().any(is_masked) {
            let message = format!("names the column {name}, which `columns` masks");
            scope.sink.at(&place, message, Some("do not mask it: its values tell rows apart and in order".to_owned()));
            continue;
        }
        let taken = rules.iter().any(|(column, rule)| rule.stream_name(column).is_some_and(is_other));
        let rule = rules.iter().find(|(column, _)| is_other(column)).filter(|_| !taken);
        let message = match rule.map(|(column, rule)| rule.stream_name(column)) {
            Some(None) => (format!("names the column {name}, which `columns` skips"), "do not skip it".to_owned()),
            Some(Some(renamed)) => {
                (format!("names the column {name}, which `columns` renames"), format!("write `{renamed}`"))
            }
            None => continue,
        };
        scope.sink.at(&place, message.0, Some(message.1));
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (column, rule) in rules {
        let Some(name) = rule.stream_name(column) else { continue };
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), column)
            && let Some(node) = entries.get(column)
        {
            let message = format!("and {other} would both have the name {name}");
            scope.sink.at(node.place(), message, Some("choose another name".to_owned()));
        }
    }
}
