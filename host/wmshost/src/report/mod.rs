//! Output for people and programs. Results go to standard output, messages to standard error; colours appear only on a
//! terminal.
//!
//! | module | what it is for |
//! |---|---|
//! | `documents` | the outputs for programs, as types with a schema |
//! | `model_progress` | the progress of models |
//! | `observer` | events while a run goes on: progress, notes |
//! | `table` | tables and sections |
//! | `types` | type certificates |
//! | `author`, `certify`, `run`, `import`, `init`, `discover`, `doctor`, `check`, `plan`, `verify`, `backfill`, `backup`, `quarantine`, `state`, `status`, `alerts`, `explain`, `receipt`, `clean`, `serve`, `singer`, `runs`, `logs`, `plugin`, `recording`, `sample`, `tap`, `models` | the reports of the commands |

pub(crate) mod alerts;
pub(crate) mod author;
pub(crate) mod backfill;
pub(crate) mod backup;
pub(crate) mod certify;
pub(crate) mod check;
pub(crate) mod clean;
pub(crate) mod discover;
pub(crate) mod doctor;
pub(crate) mod documents;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod logs;
mod model_progress;
pub(crate) mod models;
mod observer;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod quarantine;
pub(crate) mod receipt;
pub(crate) mod recording;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod sample;
pub(crate) mod serve;
pub(crate) mod singer;
pub(crate) mod state;
pub(crate) mod status;
mod table;
pub(crate) mod tap;
mod types;
pub(crate) mod verify;

use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use console::style;
use serde::Serialize;
use wmshost_flow::Failure;
use wmshost_runtime::Error;

use crate::cli::Output;

pub(crate) use documents::SCHEMAS;
use documents::error::ErrorDocument;
pub(crate) use observer::ConsoleObserver;
pub(crate) use table::{section, table};

/// The interval between lines about progress where no line can move.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The first error of writing a result.
static LOST_OUTPUT: OnceLock<io::Error> = OnceLock::new();

/// True if only errors and warnings are printed.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Has only errors, warnings and results for programs printed from now on.
pub(crate) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// True if only errors, warnings and results for programs are printed.
fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Prints a line of a result for people. A reader that went away is not an error.
pub(crate) fn print(text: &str) {
    if !is_quiet() {
        print_part(&format!("{text}\n"));
    }
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

/// True if the result of the command is for programs.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// True if the document for programs is printed.
static HAS_DOCUMENT: AtomicBool = AtomicBool::new(false);

/// Notes the output of the command.
pub(crate) fn set_output(output: Output) {
    IS_JSON.store(output == Output::Json, Ordering::Relaxed);
}

/// Reports the error that ended the command; to programs as a document, too, if there is no result.
pub(crate) fn error(error: &Error) {
    if IS_JSON.load(Ordering::Relaxed) && !HAS_DOCUMENT.load(Ordering::Relaxed) {
        let _ = json(&ErrorDocument::from(error));
    }
    failure(&error.to_string());
}

/// Prints the result for programs.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    HAS_DOCUMENT.store(true, Ordering::Relaxed);
    print_part(&format!("{:#}\n", to_value(document)?));
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
    if is_quiet() {
        return;
    }
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
