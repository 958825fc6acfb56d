//! The reports of `wmshost quarantine`: rejected rows. JSON is printed row by row, because a quarantine can be large.

use serde_json::Value as Json;
use wmshost_flow::{Failure, QuarantinedRow, Replayed};
use wmshost_runtime::quarantine::Listed;

use super::documents::quarantine::{QuarantinedRowDocument, ReplayDocument};
use super::{count, json, note, plain, print, print_part, section, table, to_value};
use crate::cli::Output;

/// The number of characters of an id that are shown.
const ID_CHARS: usize = 12;
/// The number of characters of a key that a list shows.
const KEY_CHARS: usize = 60;

/// A list of rows that grows row by row.
pub(crate) struct RowList {
    output: Output,
    /// The rows of the table.
    rows: Vec<Vec<String>>,
    /// The number of rows that were printed as JSON.
    printed: u64,
    failure: Option<Failure>,
}

impl RowList {
    /// An empty list.
    pub(crate) fn new(output: Output) -> Self {
        Self { output, rows: Vec::new(), printed: 0, failure: None }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, row: &QuarantinedRow) {
        if self.output == Output::Json {
            let before = if self.printed == 0 { "[\n" } else { ",\n" };
            match to_value(&QuarantinedRowDocument::from(row)) {
                Ok(row) => print_part(&format!("{before}{row}")),
                Err(failure) => self.failure = Some(failure),
            }
            self.printed += 1;
            return;
        }
        let (id, key) = (shown_id(&row.id), beginning(row.key.as_deref().unwrap_or_default(), KEY_CHARS));
        let at: String = row.rejected_at.chars().take(19).collect();
        let cells = [id.as_str(), &row.stream, &key, &row.stage, &row.rule, &row.reason, &row.by, &at];
        self.rows.push(cells.map(plain).to_vec());
    }

    /// Ends the list.
    pub(crate) fn end(self, listed: Listed) -> Result<(), Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.output == Output::Json {
            print(if self.printed == 0 { "[]" } else { "\n]" });
        } else {
            table(&["id", "stream", "key", "stage", "rule", "reason", "by", "at (UTC)"], &[], self.rows);
            print(&format!("{} rows in quarantine", count(listed.count)));
        }
        if listed.is_cut {
            note("there are more: --limit N lists more of them, 0 all; --after ID goes on after a row");
        }
        Ok(())
    }
}

/// The beginning of an id, which may be any text in the table.
fn shown_id(id: &str) -> String {
    id.chars().take(ID_CHARS).collect()
}

/// A text, or its beginning if it is longer.
fn beginning(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reports one row in full.
pub(crate) fn row(row: &QuarantinedRow, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&QuarantinedRowDocument::from(row));
    }
    let mut lines = vec![
        ("stream", plain(&row.stream)),
        ("key", plain(row.key.as_deref().unwrap_or("-"))),
        ("rule", plain(&row.rule)),
        ("reason", plain(&row.reason)),
        ("stage", plain(&row.stage)),
        ("by", plain(&row.by)),
        ("run", plain(&row.run_id)),
        ("at", format!("{} UTC", plain(&row.rejected_at))),
    ];
    if let Some(digest) = &row.digest {
        lines.insert(6, ("digest", plain(digest)));
    }
    match serde_json::from_str::<Json>(&row.row) {
        Ok(Json::Object(cells)) => {
            lines.extend(cells.into_iter().map(|(name, value)| ("row", plain(&format!("{name} = {value}")))));
        }
        _ => lines.push(("row", plain(&row.row))),
    }
    section(&plain(&row.id), &lines);
    Ok(())
}

/// Reports a replay of a stream's rows.
pub(crate) fn replay(run_id: &str, stream: &str, replayed: &Replayed, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&ReplayDocument::of(run_id, stream, replayed));
    }
    for (id, why) in &replayed.kept {
        print(&format!("{} stays: {}", shown_id(id), plain(why)));
    }
    let more = replayed.stayed - replayed.kept.len() as u64;
    if more > 0 {
        print(&format!("and {} more stay", count(more)));
    }
    print(&format!("{} rows loaded, {} stay in quarantine", replayed.loaded, replayed.stayed));
    Ok(())
}
