//! An extractor that breaks the clause of certification that its setting `breaks` names; with `none` it keeps all of them.
//! It reads the table of the stream by `(changed, id)`.

use wmshost_plugin::contract::extraction::Request;
use wmshost_plugin::contract::types::{Bookmark, Position, Schema, Value};
use wmshost_plugin::source::{Cursor as _, Granted, Session};
use wmshost_plugin::{
    Declared, Description, Extractor, Keyset, Reader, Result, Select, Setting, Settings, Step, permanent,
};

/// The plugin.
pub struct Rogue;

/// A table being read.
pub struct RogueReader {
    breaks: String,
    keyset: Keyset,
    source: String,
    steps: i64,
}

const SELECT: Select = Select { rows: "SELECT id, name, changed FROM items", change_key: "changed", key: &["id"] };

impl Extractor for Rogue {
    type Reader = RogueReader;

    fn describe() -> Description {
        let breaks = Declared::text("breaks", "The clause to break.").fallback(Setting::Text("none".into()));
        Description::new("rogue-extractor", "1.2.3", "Breaks a clause of certification.").setting(breaks)
    }

    fn open(settings: &Settings, mut request: Request) -> Result<RogueReader> {
        let breaks = settings.text("breaks")?.to_owned();
        match breaks.as_str() {
            "foreign-change-key-refused" => request.change_key = None,
            "missing-table-refused" => {
                let tables = Granted::open(&request.source)?.tables()?;
                assert!(!tables.is_empty(), "no tables");
            }
            "second-run-moves-nothing" => request.bookmark = None,
            // Nothing after the bookmark is found: it is as far as there can be.
            "new-row-found" if request.bookmark.is_some() => request.bookmark = Some(at(i64::MAX)),
            // The rows of the bookmark's own moment are left out.
            "tie-found" => {
                if let Some(id) = request.bookmark.as_mut().and_then(|bookmark| bookmark.get_mut(1)) {
                    id.value = Value::Int64(i64::MAX);
                }
            }
            _ => {}
        }
        let source = request.source.clone();
        if breaks == "batch-sizes-alike" && request.batch_rows == 1 {
            let select = Select { rows: "SELECT id, name || '!' AS name, changed FROM items", ..SELECT };
            return Ok(RogueReader { breaks, keyset: Keyset::open(request, select)?, source, steps: 0 });
        }
        let select = match breaks.as_str() {
            "key-without-null" => Select { rows: "SELECT NULLIF(id, 2) AS id, name, changed FROM items", ..SELECT },
            "rows-once" => Select {
                rows: "SELECT id, name, changed FROM (SELECT * FROM items UNION ALL SELECT * FROM items)",
                ..SELECT
            },
            _ => SELECT,
        };
        Ok(RogueReader { breaks, keyset: Keyset::open(request, select)?, source, steps: 0 })
    }
}

fn at(moment: i64) -> Bookmark {
    let position = |name: &str, value| Position { name: name.to_owned(), value };
    vec![position("changed", Value::Timestamp(moment)), position("id", Value::Int64(0))]
}

impl RogueReader {
    /// Ends the call where the table has no rows.
    fn trap_if_empty(&self) -> Result<()> {
        let mut cursor = Granted::open(&self.source)?.query("SELECT id FROM items", &[])?;
        assert!(cursor.next(1)?.is_some(), "no rows");
        Ok(())
    }
}

impl Reader for RogueReader {
    fn schema(&self) -> Schema {
        self.keyset.schema()
    }

    fn key(&self) -> Vec<String> {
        self.keyset.key()
    }

    fn expected_rows(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Step> {
        self.steps += 1;
        match self.breaks.as_str() {
            "reads-to-the-end" => return Err(permanent("no rows today")),
            "empty-table" => self.trap_if_empty()?,
            _ => {}
        }
        Ok(match (self.breaks.as_str(), self.keyset.next()?) {
            // A bookmark before the earlier one.
            ("bookmark-forward", Step::Chunk(batch, bookmark)) if self.steps > 1 => {
                let back = bookmark.into_iter().map(|position| match position.value {
                    Value::Timestamp(moment) => {
                        Position { value: Value::Timestamp(moment - 86_400_000_000), ..position }
                    }
                    _ => position,
                });
                Step::Chunk(batch, back.collect())
            }
            // A bookmark that is after rows which were not read yet.
            ("resumable-anywhere", Step::Chunk(batch, _)) => Step::Chunk(batch, at(i64::MAX / 2)),
            (_, step) => step,
        })
    }
}

wmshost_plugin::export_extractor!(Rogue);
