//! The report of `wmshost logs`.

use console::style;
use serde_json::{Map, Value as Json};

use super::{plain, print, print_part};
use crate::cli::{LogLevel, Output};

/// Prints a line of a log, if it is at least as serious as this level. Text that is not of the log's form is printed as
/// it is.
pub(crate) fn line(line: &str, least: LogLevel, output: Output) {
    let Ok(Json::Object(record)) = serde_json::from_str(line) else { return print(&plain(line)) };
    if level(&record) > least {
        return;
    }
    match output {
        Output::Json => print_part(&format!("{line}\n")),
        Output::Text => print(&as_text(&record)),
    }
}

fn level(record: &Map<String, Json>) -> LogLevel {
    match record.get("level").and_then(Json::as_str) {
        Some("ERROR") => LogLevel::Error,
        Some("WARN") => LogLevel::Warn,
        Some("INFO") => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// `2026-11-29T14:56:55.642Z ERROR allocation: the stream failed: … status=failed rows_read=7`.
pub(crate) fn as_text(record: &Map<String, Json>) -> String {
    let text = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default();
    let fields = record.get("fields").and_then(Json::as_object);
    let field = |key: &str| fields.and_then(|fields| fields.get(key)).map(shown).filter(|text| !text.is_empty());
    let of = field("stream").or_else(|| field("model")).map(|name| format!("{name}: ")).unwrap_or_default();
    let others =
        fields.into_iter().flatten().filter(|(key, _)| !["message", "stream", "model"].contains(&key.as_str()));
    let others = others.map(|(key, value)| (key, shown(value))).filter(|(_, value)| !value.is_empty());
    let others: String = others.map(|(key, value)| format!(" {key}={value}")).collect();
    let level = match level(record) {
        LogLevel::Error => style("ERROR").red(),
        LogLevel::Warn => style("WARN").yellow(),
        LogLevel::Info => style("INFO").dim(),
        LogLevel::Debug => style("DEBUG").dim(),
    };
    let rest = plain(&format!("{of}{}{others}", field("message").unwrap_or_default()));
    format!("{} {level} {rest}", plain(text("timestamp")))
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_people_begins_with_its_time_level_and_stream() {
        let line = serde_json::json!({
            "timestamp": "2026-11-29T14:56:55Z",
            "level": "INFO",
            "fields": {"message": "the stream ended", "stream": "item", "rows_read": 7, "bookmark": "", "note": "\u{1b}[2J"},
            "span": {"name": "run", "run_id": "r"},
        });
        let text = as_text(line.as_object().expect("an object"));
        let text = console::strip_ansi_codes(&text).into_owned();
        assert_eq!(text, "2026-11-29T14:56:55Z INFO item: the stream ended note=\u{fffd}[2J rows_read=7");
    }
}
