//! Output for people and programs. Results go to standard output, messages to standard error; colours appear only on a
//! terminal.
//!
//! | module | what it is for |
//! |---|---|
//! | `documents` | the outputs for programs, as types with a schema |
//! | `observer` | events while a run goes on: progress, notes |
//! | `table` | tables and sections |
//! | `author`, `certify`, `run`, `check`, `plan`, `verify`, `backfill`, `quarantine`, `state`, `runs`, `plugin`, `sample`, `models` | the reports of the commands |

pub(crate) mod author;
pub(crate) mod backfill;
pub(crate) mod certify;
pub(crate) mod check;
mod documents;
pub(crate) mod models;
mod observer;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod quarantine;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod sample;
pub(crate) mod state;
mod table;
pub(crate) mod verify;

use std::io::{self, Write as _};
use std::sync::OnceLock;

use console::style;
use serde::Serialize;
use wmshost_flow::Failure;

pub(crate) use documents::SCHEMAS;
pub(crate) use observer::ConsoleObserver;
pub(crate) use table::{section, table};

/// The first error of writing a result.
static LOST_OUTPUT: OnceLock<io::Error> = OnceLock::new();

/// Prints a line of the result. A reader that went away is not an error.
pub(crate) fn print(text: &str) {
    print_part(&format!("{text}\n"));
}

/// Prints a part of the result, without an end of line.
pub(crate) fn print_part(text: &str) {
    let mut out = io::stdout();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _ = LOST_OUTPUT.set(error);
    }
}

/// The reason why a part of the result was not written, such as a full disk.
pub(crate) fn lost_output() -> Option<&'static io::Error> {
    LOST_OUTPUT.get()
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
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    print(&format!("{:#}", to_value(document)?));
    Ok(())
}

/// A document as JSON, whose keys are in the order of the alphabet.
fn to_value(document: &impl Serialize) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(document).map_err(|error| Failure::permanent(format!("the result is not JSON: {error}")))
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a note.
pub(crate) fn note(text: &str) {
    say(&format!("{} {text}", style("note:").for_stderr().cyan()));
}

/// Prints a question; the answer is typed after it.
pub(crate) fn prompt(text: &str) {
    let _ = write!(io::stderr(), "{text}");
    let _ = io::stderr().flush();
}

/// Prints a failure.
pub(crate) fn failure(text: &str) {
    say(&format!("{} {text}", style("error:").for_stderr().red().bold()));
}

/// A number with commas.
pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}
