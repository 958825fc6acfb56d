//! Failures are decided by their kind and cause, never by text: a message is for a person, and may change.

use crate::{code, root, sources};

/// The ways to look into a text.
const READS: [&str; 9] = [
    "contains",
    "ends_with",
    "find",
    "match_indices",
    "split",
    "split_once",
    "starts_with",
    "strip_prefix",
    "strip_suffix",
];

/// The files that read the text of an error, each with the reason. Only texts of third parties, where they have no code.
const READERS: &[(&str, &str)] = &[
    (
        "host/models/src/diagnostic.rs",
        "databases report no place in SQL but in their text; it chooses the excerpt shown",
    ),
    ("host/models/src/guard/mod.rs", "sqlparser reports a place only in its text"),
    ("host/runtime/src/doctor/sandbox.rs", "a hostile plugin that breaks out can report it by its message only"),
    ("host/sandbox/src/trap.rs", "wasmtime keeps the types of two of its errors to itself"),
];

/// The files that take a failure's message without its advice, each with the reason.
const TAKERS: &[(&str, &str)] = &[
    ("host/databases/src/sqlite/write/swap.rs", "adds why the swap was refused, before the advice"),
    ("host/databases/src/sqlite/write/unique.rs", "names the table that is loaded, not its staged table"),
    ("host/flow/src/failure/mod.rs", "prints it"),
    ("host/models/src/prepare.rs", "looks for the place in SQL that the database names"),
    ("host/models/src/run/model.rs", "looks for the place in SQL that the database names"),
    ("host/sandbox/src/trap.rs", "adds what the plugin printed"),
];

/// The crates whose code knows no database's codes.
const WITHOUT_CODES: [&str; 8] = ["flow", "models", "pipeline", "runtime", "sample", "sandbox", "sql", "wmshost"];

fn reads_text(compact: &str) -> bool {
    let texts = ["message", "message()", ".to_string()"];
    texts.iter().any(|text| READS.iter().any(|read| compact.contains(&format!("{text}.{read}("))))
}

fn takes_message(compact: &str) -> bool {
    ["failure", "self", "why", "busy", "refused"].iter().any(|name| {
        let taken = format!("{name}.message");
        compact.match_indices(&taken).any(|(at, _)| !compact[at + taken.len()..].starts_with(['=', '_', '(']))
    })
}

/// The files of the host whose code, without spaces, is as `is_hit` says.
fn hits(is_hit: impl Fn(&str) -> bool) -> Vec<String> {
    let all = sources("host").into_iter().filter(|(file, _)| {
        let within = file.strip_prefix(root()).expect("a file of the project").to_string_lossy().into_owned();
        within.contains("/src/")
            && !within.ends_with("tests.rs")
            && !within.contains("/tests/")
            && !within.contains("/testing/")
    });
    let compact = |text: &str| code(text).split_whitespace().collect::<String>();
    let mut found: Vec<String> = all
        .filter(|(_, text)| is_hit(&compact(text)))
        .map(|(file, _)| file.strip_prefix(root()).expect("a file of the project").to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn nothing_reads_a_message_to_decide() {
    let allowed: Vec<&str> = READERS.iter().map(|(file, _)| *file).collect();
    assert_eq!(hits(reads_text), allowed, "decide by a failure's kind and cause; what may read a text is listed here");
}

#[test]
fn a_failure_is_shown_with_its_advice() {
    let takes = |compact: &str| compact.contains("Failure") && takes_message(compact);
    let allowed: Vec<&str> = TAKERS.iter().map(|(file, _)| *file).collect();
    assert_eq!(hits(takes), allowed, "show a failure by its Display: the message alone lacks the advice");
}

#[test]
fn only_drivers_know_the_codes_of_a_database() {
    for name in WITHOUT_CODES {
        for (file, text) in sources(format!("host/{name}/src")) {
            let text = code(&text);
            let named = text.lines().find(|line| line.contains("\"ORA-") && !line.contains("split_once"));
            let is_cause = file.ends_with("failure/cause.rs");
            assert!(is_cause || named.is_none(), "{}: {}", file.display(), named.unwrap_or_default());
        }
    }
}
