//! The two common settings about rows that break rules: `key` and `reject`.

use crate::about::{Declared, Description, Setting, Settings};
use crate::batch::{Rows, Violation};
use crate::failure::Result;

/// The rule of rows whose key is NULL or blank. They are always rejected, because they could not be merged.
pub const MISSING_KEY: &str = "missing-key";

/// The rows that go into quarantine: those without a key, and those that break a rule that `reject` names.
#[derive(Clone, Debug)]
pub struct Quarantine {
    key: String,
    rules: Vec<String>,
}

impl Quarantine {
    /// Declares the two settings: the default key, and the rules that may be named.
    pub fn declare(description: Description, key: &str, rules: &[&'static str]) -> Description {
        description
            .setting(
                Declared::text("key", "The column that identifies a row; rows without it are rejected.")
                    .fallback(Setting::Text(key.to_owned())),
            )
            .setting(
                Declared::texts("reject", "Rules whose rows are rejected into quarantine, not only flagged.")
                    .fallback(Setting::Texts(Vec::new()))
                    .choices(rules),
            )
    }

    /// Reads the two settings.
    pub fn of(settings: &Settings) -> Result<Self> {
        Ok(Self { key: settings.text("key")?.to_owned(), rules: settings.texts("reject")?.to_vec() })
    }

    /// The column that identifies a row.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Rejects the rows without a key, those that break one of the rules in `always`, and those that break one of the
    /// rules in `others` if `reject` names it.
    pub fn reject(&self, rows: Rows<'_>, always: &[Violation<'_>], others: &[Violation<'_>]) -> Result<()> {
        let missing = rows.missing(&self.key)?;
        let named = others.iter().filter(|broken| self.rules.iter().any(|rule| rule == broken.rule));
        let missing = Violation { rule: MISSING_KEY, reason: "the key is NULL or blank", rows: &missing };
        let rules: Vec<_> = [missing].iter().chain(always).chain(named).copied().collect();
        rows.reject(&rules)
    }
}
