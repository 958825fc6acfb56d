//! The parts that pages share: tables, states, times, links and the forms of orders.

use std::time::Duration;

use wmshost_flow::Micros;
use wmshost_runtime::history::StreamRecord;
use wmshost_runtime::serve::second;

use super::html::{Html, element, joined, link, text, words};
use super::{FORM_KEY, Visit};
use crate::report::status::words as in_words;

/// A table with a caption; the columns with these numbers are numbers. Without rows it is a sentence. On a phone each row becomes
/// a card, so that its parts say what they are: a style that changes how they are laid out takes their meaning from them.
pub(super) fn table(caption: &str, head: &[&str], numbers: &[usize], rows: Vec<Vec<Html>>) -> Html {
    if rows.is_empty() {
        return words("p", "soft", format!("{caption}: none."));
    }
    let class = |at: usize| if numbers.contains(&at) { "number" } else { "" };
    let title = |(at, title): (usize, &&str)| {
        element("th", &[("scope", "col"), ("role", "columnheader"), ("class", class(at))], [text(title)])
    };
    let titles = head.iter().enumerate().map(title);
    let row = |cells: Vec<Html>| {
        let cells = cells.into_iter().zip(head).enumerate().map(|(at, (cell, title))| match at {
            0 => element("th", &[("scope", "row"), ("role", "rowheader")], [cell]),
            _ => {
                // An empty cell is left out on a phone, and what a cell has stays together there.
                let cell = if cell.is_empty() { vec![] } else { vec![element("div", &[], [cell])] };
                element("td", &[("class", class(at)), ("role", "cell"), ("data-label", title)], cell)
            }
        });
        element("tr", &[("role", "row")], cells)
    };
    let head = element("tr", &[("role", "row")], titles);
    let parts = [
        words("caption", "", caption),
        element("thead", &[("role", "rowgroup")], [head]),
        element("tbody", &[("role", "rowgroup")], rows.into_iter().map(row)),
    ];
    let table = element("table", &[("role", "table")], parts);
    // What scrolls has to be reached by the keyboard.
    element("div", &[("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", caption)], [table])
}

/// The tone of a state; the same as in the documentation of models.
fn tone(state: &str) -> &'static str {
    match state {
        "fresh" | "succeeded" | "unchanged" | "ended" | "equal" => "good",
        "running" => "busy",
        "rejected" | "skipped" | "cancelled" | "left out" | "not-run" | "not proven" => "warn",
        "late" | "failed" | "errored" | "never loaded" | "unknown" | "interrupted" | "lost" | "differs" => "bad",
        _ => "soft",
    }
}

/// A state in its colour.
pub(super) fn state(name: &str) -> Html {
    words("span", &format!("state {}", tone(name)), name)
}

/// A time to the second, UTC.
pub(super) fn moment(at: Micros) -> Html {
    let text_of = second(at);
    let machine = format!("{}Z", text_of.replace(' ', "T"));
    element("time", &[("datetime", &machine)], [text(text_of)])
}

/// The time from now to a time to come: `in 5 min`; `now` if it is there.
pub(super) fn until(now: Micros, at: Micros) -> Html {
    let words_of = match u64::try_from(at - now) {
        Ok(left) if left > 0 => format!("in {}", in_words(Duration::from_micros(left))),
        _ => "now".to_owned(),
    };
    let title = format!("{} UTC", second(at));
    element("span", &[("title", &title)], [text(words_of)])
}

/// A duration in its two largest units.
pub(super) fn duration(duration: Duration) -> Html {
    text(in_words(duration))
}

/// Seconds of a run.
pub(super) fn seconds(seconds: f64) -> Html {
    text(format!("{seconds:.2} s"))
}

pub(super) fn count(number: u64) -> Html {
    text(crate::report::count(number))
}

pub(super) fn run_link(run_id: &str) -> Html {
    link(&format!("/runs/{run_id}"), run_id)
}

pub(super) fn stream_link(pipeline: &str, stream: &str) -> Html {
    link(&format!("/pipelines/{pipeline}/streams/{stream}"), stream)
}

/// The cells of a stream's outcome: its status, the rows read, written, unchanged and rejected, the duration, the bookmark.
pub(super) fn outcome(end: &StreamRecord) -> [Html; 7] {
    [
        state(&end.status),
        count(end.rows_read),
        count(end.rows_written),
        count(end.rows_unchanged),
        count(end.rows_rejected),
        seconds(end.seconds),
        end.bookmark.as_deref().map(text).unwrap_or_default(),
    ]
}

/// Facts in a line.
pub(super) fn facts(facts: impl IntoIterator<Item = Html>) -> Html {
    let items = facts.into_iter().filter(|fact| !fact.is_empty()).map(|fact| element("li", &[], [fact]));
    element("ul", &[("class", "facts")], items)
}

/// Names with their meanings.
pub(super) fn definitions(pairs: impl IntoIterator<Item = (String, Html)>) -> Html {
    let pair = |(name, meaning)| element("div", &[], [words("dt", "", name), element("dd", &[], [meaning])]);
    element("dl", &[("class", "card")], pairs.into_iter().map(pair))
}

/// A section with a heading.
pub(super) fn section(title: &str, parts: impl IntoIterator<Item = Html>) -> Html {
    element("section", &[], [words("h2", "", title), joined(parts)])
}

/// A message that a program wrote, with its lines.
pub(super) fn message(class: &str, content: &str) -> Html {
    words("pre", &format!("message {class}"), content)
}

/// A command to type.
pub(super) fn command(line: &str) -> Html {
    words("code", "command", line)
}

/// A word of a command as a shell reads it: a name out of a plugin or a database must not become a command of its own.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The button of an order, as a form with these further fields. A reader who may not order sees none.
pub(super) fn order(visit: &Visit<'_>, path: &str, title: &str, fields: &[(&str, &str)]) -> Html {
    let Some(form_key) = visit.viewer.form_key.as_deref().filter(|_| visit.viewer.can_order || path == "/sign-out")
    else {
        return Html::default();
    };
    let fields = [(FORM_KEY.0, form_key)].into_iter().chain(fields.iter().copied());
    let fields =
        fields.map(|(name, value)| element("input", &[("type", "hidden"), ("name", name), ("value", value)], []));
    let button = element("button", &[("type", "submit")], [text(title)]);
    element("form", &[("method", "post"), ("action", path)], fields.chain([button]))
}

#[cfg(test)]
mod tests {
    use wmshost_runtime::status::Health;

    use super::*;

    #[test]
    fn every_state_has_a_tone_and_what_needs_a_person_looks_like_it() {
        for health in Health::ALL {
            let tone = tone(health.name());
            assert_eq!(health.is_broken(), ["bad", "warn"].contains(&tone), "{}", health.name());
        }
    }

    #[test]
    fn a_word_of_a_command_stays_one() {
        for (word, written) in [("bad-value", "bad-value"), ("", "''"), ("$(rm)", "'$(rm)'"), ("a'b", r"'a'\''b'")] {
            assert_eq!(shell_word(word), written);
        }
    }

    #[test]
    fn a_time_to_come_is_counted_down() {
        let shown = |left: Micros| until(1_000_000, 1_000_000 + left).document();
        assert!(shown(90_000_000).contains("in 1 min 30 s") && shown(0).contains("now") && shown(-5).contains("now"));
    }
}
