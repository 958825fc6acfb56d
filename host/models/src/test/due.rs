//! How much of a test's rows has to be looked at: nothing where it has passed and nothing has changed since; where a
//! row is judged by itself, or a key by its equals, only what is new since.

use std::collections::BTreeMap;

use wmshost_flow::model::{Assertion, Severity};

use super::query::query_of;
use crate::project::{ParsedTest, Speaker};
use crate::store::Tested;
use crate::template::{Template, Word};

/// Of what a test looks at, the marks.
pub(crate) type Seen = BTreeMap<String, String>;

/// What a test's own digest stands under.
const DIGEST: &str = "#";

/// How much has to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Nothing.
    Nothing,
    /// The node's rows that are newer than this mark.
    Since(String),
    /// All.
    Whole,
}

/// A test's turn: how much, and what it will have seen then.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) extent: Extent,
    pub(crate) seen: Seen,
}

impl Due {
    /// All has to be looked at.
    pub(crate) fn whole(seen: Seen) -> Self {
        Self { extent: Extent::Whole, seen }
    }

    pub(crate) fn since(&self) -> Option<&str> {
        match &self.extent {
            Extent::Since(mark) => Some(mark),
            _ => None,
        }
    }
}

impl ParsedTest {
    /// Whether the outcome may be another one tomorrow over the same rows.
    pub(crate) fn depends_on_time(&self) -> bool {
        let words = self.sql.iter().chain(&self.only_where).flat_map(Template::uses);
        matches!(self.test.assertion, Assertion::Recency { .. })
            || words.into_iter().any(|used| matches!(used.word, Word::Now | Word::Today | Word::RunId))
    }

    /// Whether rows that have passed pass as long as they are the same, whatever becomes of others. A mark of deletion
    /// changes a row and not when it was loaded.
    fn judges_rows_alone(&self) -> bool {
        let texts = self.sql.iter().chain(&self.only_where);
        let looks_around = texts.clone().any(|sql| {
            let text = sql.source.to_ascii_lowercase();
            text.contains("select") || text.contains("wms_deleted_at")
        });
        let names_others =
            texts.flat_map(Template::uses).any(|used| matches!(used.word, Word::Relation(_) | Word::This));
        let is_of_row = match self.test.assertion {
            Assertion::NotNull(_) | Assertion::AcceptedValues { .. } | Assertion::Range { .. } => true,
            Assertion::Expression(_) => true,
            Assertion::Unique(_) => self.only_where.is_none(),
            _ => false,
        };
        is_of_row && !looks_around && !names_others
    }
}

/// The digest of all that shapes a test's outcome but for the rows.
pub(crate) fn digest(speaker: &Speaker<'_>, at: usize, parsed: &ParsedTest) -> String {
    let text = format!(
        "{} {:?} {} {:?} {:?}",
        query_of(speaker, at, parsed),
        parsed.test.assertion,
        parsed.test.severity == Severity::Warn,
        parsed.test.warn_if,
        parsed.test.error_if
    );
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

/// How much has to be looked at, after what was seen `before`. `own` is the name of the node where its rows have marks.
pub(crate) fn due(
    parsed: &ParsedTest,
    before: Option<&Tested>,
    mut seen: Seen,
    digest: String,
    own: Option<&str>,
) -> Due {
    seen.insert(DIGEST.to_owned(), digest);
    let Some(before) = before.filter(|before| before.status == "passed" && !parsed.depends_on_time()) else {
        return Due::whole(seen);
    };
    if before.seen == seen {
        return Due { extent: Extent::Nothing, seen };
    }
    let is_same = before.seen.get(DIGEST) == seen.get(DIGEST) && before.failing == 0 && parsed.judges_rows_alone();
    let mark = own.filter(|_| is_same).and_then(|own| before.seen.get(own)).filter(|mark| !mark.is_empty());
    match mark {
        Some(mark) => Due { extent: Extent::Since(mark.clone()), seen },
        None => Due::whole(seen),
    }
}
