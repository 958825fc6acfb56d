//! Selects streams by name or tag; if none is passed, all that are part of a run.

use std::collections::BTreeSet;
use std::path::Path;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::resolved::StreamPlan;
use crate::suggest;

/// The beginning of a selection by tag, as in dbt.
const TAG: &str = "tag:";

/// Selects items by the names or the tags (`tag:NAME`) of their streams, in the order of the file. `disabled` are names
/// that exist and are not among the items.
pub(crate) fn pick<'a, T>(
    file: &Path,
    items: &'a [T],
    disabled: &[&str],
    plan: impl Fn(&T) -> &StreamPlan,
    asked: &[String],
) -> Result<Vec<&'a T>, Diagnostics> {
    let plans = || items.iter().map(&plan);
    let names: BTreeSet<&str> = plans().map(|plan| plan.name.as_str()).collect();
    let tags: BTreeSet<&str> = plans().flat_map(|plan| &plan.tags).map(String::as_str).collect();
    let is_known = |asked: &str| match asked.strip_prefix(TAG) {
        Some(tag) => tags.contains(tag),
        None => names.contains(asked),
    };
    let mut list = Vec::new();
    for wrong in asked.iter().filter(|asked| !is_known(asked)) {
        let (message, advice) = if let Some(tag) = wrong.strip_prefix(TAG) {
            (format!("no stream has the tag `{tag}`"), suggest::advice(tag, tags.iter().copied()))
        } else if disabled.contains(&wrong.as_str()) {
            (format!("the stream `{wrong}` is disabled"), Some("set `enabled = true`".to_owned()))
        } else {
            let advice = suggest::advice(wrong, names.iter().copied());
            (format!("there is no stream `{wrong}`"), advice)
        };
        let file = file.display().to_string();
        list.push(Diagnostic { file, line: None, key: "streams".to_owned(), message, advice });
    }
    if !list.is_empty() {
        return Err(Diagnostics::several(list));
    }
    let is_asked = |plan: &StreamPlan| {
        asked.iter().any(|asked| match asked.strip_prefix(TAG) {
            Some(tag) => plan.tags.iter().any(|own| own == tag),
            None => *asked == plan.name,
        })
    };
    let wanted = |item: &&T| asked.is_empty() || is_asked(plan(item));
    Ok(items.iter().filter(wanted).collect())
}
