//! The limits of plugins: those of `[limits]`, and those that `[plugins.NAME.limits]` sets for one plugin instead.

use std::collections::BTreeMap;
use std::time::Duration;

use wmshost_flow::Limits;

use crate::key_type::{Key, KeyType};
use crate::keys::limits as keys;
use crate::section_reader::SectionReader;

/// A limit: its key, and its value in the unit of the key.
struct Entry {
    key: &'static Key,
    get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64),
}

/// An entry whose key counts units of `1 << shift`.
macro_rules! size {
    ($key:ident, $($field:ident).+, $shift:literal) => {
        Entry {
            key: &keys::$key,
            get: |limits| (limits.$($field).+ as u64) >> $shift,
            set: |limits, value| limits.$($field).+ = (value << $shift) as _,
        }
    };
}

/// An entry whose key is a duration.
macro_rules! time {
    ($key:ident, $($field:ident).+) => {
        Entry {
            key: &keys::$key,
            get: |limits| limits.$($field).+.as_secs(),
            set: |limits, value| limits.$($field).+ = Duration::from_secs(value),
        }
    };
}

/// All limits, in the order of the documentation.
const ENTRIES: [Entry; 30] = [
    size!(MEMORY_MIB, memory_bytes, 20),
    time!(CALL_TIMEOUT, call_time),
    time!(WAIT_TIMEOUT, wait_time),
    size!(BATCH_MIB, batch_bytes, 20),
    size!(BATCH_COLUMNS, batch_columns, 0),
    size!(BATCHES, batches, 0),
    size!(RESPONSES, responses, 0),
    size!(EMPTY_BATCHES, empty_batches, 0),
    size!(HANDLES, handles, 0),
    size!(COPIED_MIB, copied_bytes, 20),
    size!(LOG_MESSAGES, log_messages, 0),
    size!(LOG_MIB, log_bytes, 20),
    size!(MESSAGE_KIB, message_bytes, 10),
    size!(OUTPUT_KIB, output_bytes, 10),
    size!(CORE_INSTANCES, core_instances, 0),
    size!(TABLE_ELEMENTS, table_elements, 0),
    size!(DECLARED_MODELS, declared_models, 0),
    size!(DECLARED_PARTS, declared_parts, 0),
    size!(DECLARED_MIB, declared_bytes, 20),
    size!(STATEMENT_KIB, statement_bytes, 10),
    time!(STREAM_TIMEOUT, total.stream),
    time!(STREAM_WAIT_TIMEOUT, total.stream_wait),
    time!(RUN_TIMEOUT, total.run),
    Entry {
        key: &keys::ROW_MS,
        get: |limits| u64::try_from(limits.total.row.as_millis()).unwrap_or(u64::MAX),
        set: |limits, value| limits.total.row = Duration::from_millis(value),
    },
    size!(COMPILE_MIB, compile.bytes, 20),
    time!(COMPILE_CPU, compile.cpu),
    time!(COMPILE_TIMEOUT, compile.time),
    size!(FUNCTION_KIB, compile.function_bytes, 10),
    time!(STATEMENT_TIMEOUT, statement_time),
    size!(TEMP_MIB, temp_bytes, 20),
];

/// Reads a table of limits; one that it does not set is as in `base`.
pub(crate) fn read(scope: &mut SectionReader<'_>, base: &Limits) -> Limits {
    let mut limits = base.clone();
    for entry in ENTRIES.iter().filter(|entry| scope.section.entries.contains_key(entry.key.name)) {
        let value = match entry.key.kind {
            KeyType::Span { .. } => scope.span(entry.key).map(|span| span.as_secs()),
            _ => scope.count(entry.key),
        };
        if let Some(value) = value {
            (entry.set)(&mut limits, value);
        }
    }
    limits
}

/// Returns the limits that differ from the defaults, each by its key with its value and unit: `memory_mib = 256`.
pub fn changed_limits(limits: &Limits) -> Vec<String> {
    let default = Limits::default();
    let changed = ENTRIES.iter().filter(|entry| (entry.get)(limits) != (entry.get)(&default));
    let shown = |entry: &Entry| {
        let value = (entry.get)(limits);
        match entry.key.kind {
            KeyType::Span { .. } => format!("{} = \"{value}s\"", entry.key.name),
            _ => format!("{} = {value}", entry.key.name),
        }
    };
    changed.map(shown).collect()
}

/// Returns all limits by their keys, each in the unit of the key; durations in seconds.
pub fn limits_by_key(limits: &Limits) -> BTreeMap<&'static str, u64> {
    ENTRIES.iter().map(|entry| (entry.key.name, (entry.get)(limits))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_type::KeyDefault;

    #[test]
    fn each_key_has_an_entry_and_the_default_of_its_limit() {
        let names: Vec<_> = ENTRIES.iter().map(|entry| entry.key.name).collect();
        let known: Vec<_> = keys::ALL.iter().map(|key| key.name).collect();
        assert_eq!(names, known);
        for entry in &ENTRIES {
            let KeyDefault::Number(fallback) = entry.key.fallback else { panic!("{}", entry.key.name) };
            assert_eq!((entry.get)(&Limits::default()), fallback, "{}", entry.key.name);
        }
    }

    #[test]
    fn what_is_set_is_what_is_shown() {
        for entry in &ENTRIES {
            let mut limits = Limits::default();
            (entry.set)(&mut limits, 7);
            assert_eq!((entry.get)(&limits), 7, "{}", entry.key.name);
            let [shown] = changed_limits(&limits).try_into().expect("one limit differs");
            assert!(shown.starts_with(&format!("{} = ", entry.key.name)), "{shown}");
        }
    }
}
