//! Selects streams by name; if no name is passed, all that are part of a run.

use std::collections::BTreeSet;
use std::path::Path;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::suggest;

/// Selects items by name, in the order of the file. `disabled` are names that exist and are not among the items.
pub(crate) fn pick<'a, T>(
    file: &Path,
    items: &'a [T],
    disabled: &[&str],
    name: impl Fn(&T) -> &str,
    asked: &[String],
) -> Result<Vec<&'a T>, Diagnostics> {
    let known: BTreeSet<&str> = items.iter().map(&name).collect();
    let mut list = Vec::new();
    for wrong in asked.iter().filter(|asked| !known.contains(asked.as_str())) {
        let (message, advice) = if disabled.contains(&wrong.as_str()) {
            (format!("the stream `{wrong}` is disabled"), Some("set `enabled = true`".to_owned()))
        } else {
            let advice = suggest::advice(wrong, known.iter().copied());
            (format!("there is no stream `{wrong}`"), advice)
        };
        let file = file.display().to_string();
        list.push(Diagnostic { file, line: None, key: "streams".to_owned(), message, advice });
    }
    if !list.is_empty() {
        return Err(Diagnostics::several(list));
    }
    let wanted = |item: &&T| asked.is_empty() || asked.iter().any(|asked| asked == name(item));
    Ok(items.iter().filter(wanted).collect())
}
