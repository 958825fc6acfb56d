//! How much of a test's rows has to be read: nothing where it has passed and nothing has changed since; only the new
//! rows where a row is judged alone, a key by its equals, or a reference by keys none of which was deleted.

use std::collections::BTreeMap;

use wmshost_flow::Dialect;
use wmshost_flow::model::{Assertion, Severity};

use super::query::query_of;
use crate::check::test_columns;
use crate::dialect::DELETED_AT;
use crate::guard::looks_around;
use crate::project::{ParsedTest, SqlRenderer};
use crate::run::{lost_rows, rest_of};
use crate::store::TestRecord;
use crate::template::{Placeholder, Template};

/// The load times of everything that a test reads, by node.
pub(crate) type Seen = BTreeMap<String, String>;

/// The key under which a test's own digest is kept.
const DIGEST: &str = "#";

/// The share of the rows that has to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Nothing.
    Nothing,
    /// The node's rows that are newer than this load time; `failing` of the rows up to it failed.
    Since { mark: String, failing: u64 },
    /// All rows.
    Whole,
}

/// The rows that a test has to read, and what it will have seen then.
#[derive(Debug, Clone)]
pub(crate) struct TestScope {
    pub(crate) extent: Extent,
    pub(crate) seen: Seen,
}

impl TestScope {
    /// All rows have to be read.
    pub(crate) fn whole(seen: Seen) -> Self {
        Self { extent: Extent::Whole, seen }
    }

    /// The load time after which rows are new, and the number of rows up to it that failed.
    pub(super) fn since(&self) -> Option<(&str, u64)> {
        match &self.extent {
            Extent::Since { mark, failing } => Some((mark, *failing)),
            _ => None,
        }
    }
}

impl ParsedTest {
    /// True if the result may differ tomorrow over the same rows.
    pub(crate) fn depends_on_time(&self) -> bool {
        let words = self.sql.iter().chain(&self.only_where).flat_map(Template::uses);
        matches!(self.test.assertion, Assertion::Recency { .. })
            || words
                .into_iter()
                .any(|used| matches!(used.word, Placeholder::Now | Placeholder::Today | Placeholder::RunId))
    }

    /// True if a row that has passed passes as long as it is unchanged, whatever happens to other rows, except those
    /// that the test refers to. A soft deletion changes a row, but not always its load time.
    fn judges_rows_alone(&self, dialect: Dialect) -> bool {
        let texts = self.sql.iter().chain(&self.only_where);
        let looks_around = texts.clone().any(|sql| looks_around(dialect, &sql.source, DELETED_AT));
        let names_others = texts
            .flat_map(Template::uses)
            .any(|used| matches!(used.word, Placeholder::Relation(_) | Placeholder::This));
        let assertion = &self.test.assertion;
        let is_of_row = match assertion {
            Assertion::NotNull(_) | Assertion::AcceptedValues { .. } | Assertion::Range { .. } => true,
            Assertion::Expression(_) | Assertion::Relationship { .. } => true,
            Assertion::Unique(_) => self.only_where.is_none(),
            _ => false,
        };
        let is_deletion = test_columns(assertion).iter().any(|column| column.eq_ignore_ascii_case(DELETED_AT));
        is_of_row && !looks_around && !names_others && !is_deletion
    }

    /// True if the table that the test refers to may have lost a row since the last reading, by the load times then and
    /// now.
    fn may_have_lost_sight(&self, then: &Seen, now: &Seen) -> bool {
        match &self.test.assertion {
            Assertion::Relationship { to, .. } => may_have_lost_rows(to, then, now),
            _ => false,
        }
    }
}

/// True if a node may have lost rows, or keys of rows, since the last reading, by the load times then and now. For a
/// model with rows its last loss is recorded; a stream has lost none if its newest load time and the rest of its
/// version are the same. Views, and nodes that were never built, have no load time.
fn may_have_lost_rows(node: &str, then: &Seen, now: &Seen) -> bool {
    let newest = now.get(node).filter(|mark| !mark.is_empty());
    let lost = lost_rows(node);
    if let Some(lost_at) = now.get(&lost) {
        return newest.is_none() || then.get(&lost) != Some(lost_at);
    }
    let rest = rest_of(node);
    newest.is_none() || then.get(node) != newest || then.get(&rest) != now.get(&rest)
}

/// The digest of everything that determines a test's result except the rows.
pub(crate) fn digest(renderer: &SqlRenderer<'_>, at: usize, parsed: &ParsedTest) -> String {
    let text = format!(
        "{} {:?} {} {:?} {:?}",
        query_of(renderer, at, parsed),
        parsed.test.assertion,
        parsed.test.severity == Severity::Warn,
        parsed.test.warn_if,
        parsed.test.error_if
    );
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

/// The rows that a test has to read, after its result `before`. `own` is the name of the node if its rows have load times.
pub(crate) fn due(
    dialect: Dialect,
    parsed: &ParsedTest,
    before: Option<&TestRecord>,
    mut seen: Seen,
    digest: String,
    own: Option<&str>,
) -> TestScope {
    seen.insert(DIGEST.to_owned(), digest);
    let Some(before) = before.filter(|before| before.status == "passed" && !parsed.depends_on_time()) else {
        return TestScope::whole(seen);
    };
    if before.seen == seen {
        return TestScope { extent: Extent::Nothing, seen };
    }
    let is_same = before.seen.get(DIGEST) == seen.get(DIGEST)
        && parsed.judges_rows_alone(dialect)
        && !parsed.may_have_lost_sight(&before.seen, &seen);
    let own = own.filter(|_| is_same);
    let mark = own.and_then(|own| Some((before.seen.get(own)?, seen.get(own)?)));
    match mark {
        // A load time that went back is not used: a clock was set back, or the newest rows were deleted.
        Some((then, now)) if !then.is_empty() && then <= now => {
            TestScope { extent: Extent::Since { mark: then.clone(), failing: before.failing }, seen }
        }
        _ => TestScope::whole(seen),
    }
}
