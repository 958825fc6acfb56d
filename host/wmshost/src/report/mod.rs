//! Output for people and programs. Results go to standard output, messages to standard error; colours appear only on a
//! terminal.

mod progress;
mod run;
mod table;

use std::io::{self, Write as _};

use console::style;
use serde_json::Value as Json;
use wmshost_flow::{Bookmark, Value};
use wmshost_pipeline::Diagnostic;

pub(crate) use progress::ProgressObserver;
pub(crate) use run::{RunReport, definition_changes, print_definition_changes, run};
pub(crate) use table::{section, table};

/// Prints a line of the result. A reader that went away is not an error.
pub(crate) fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints a part of the result, without an end of line.
pub(crate) fn print_part(text: &str) {
    let _ = write!(io::stdout(), "{text}");
}

/// A text from outside in a form for a terminal: characters that steer one, or change the direction or the width of the
/// text, are replaced.
pub(crate) fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// Prints the result for programs.
pub(crate) fn json(value: &Json) {
    print(&format!("{value:#}"));
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a note.
pub(crate) fn note(text: &str) {
    say(&format!("{} {text}", style("note:").for_stderr().cyan()));
}

/// Prints a question; the answer is typed after it.
pub(crate) fn ask(text: &str) {
    let _ = write!(io::stderr(), "{text}");
    let _ = io::stderr().flush();
}

/// Prints a warning: something allowed that deserves a second look.
pub(crate) fn warning(diagnostic: &Diagnostic) {
    say(&format!("{} {diagnostic}", style("warning:").for_stderr().yellow()));
}

/// Prints a failure.
pub(crate) fn failure(text: &str) {
    say(&format!("{} {text}", style("error:").for_stderr().red().bold()));
}

/// Prints the error that ends the process, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    failure(&format!("{error:#}"));
}

/// A number with commas.
pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

/// A bookmark as an object, in the order of its parts.
pub(crate) fn bookmark_json(bookmark: &Bookmark) -> Json {
    let part = |value: &Value| match value {
        Value::Null => Json::Null,
        Value::Boolean(v) => Json::from(*v),
        Value::Int64(v) => Json::from(*v),
        Value::Float64(v) => Json::from(*v),
        other => Json::from(other.to_string()),
    };
    bookmark.0.iter().map(|position| (position.name.clone(), part(&position.value))).collect()
}
