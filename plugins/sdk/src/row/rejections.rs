//! The rows that a function of one row rejects.

use crate::batch::{Rows, Violation};
use crate::columns::Mask;
use crate::failure::{Failure, Result};

/// The outcome of a function for a row that it does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reject {
    /// The row goes into quarantine: the rule that it breaks, and the reason in words.
    Row(&'static str, &'static str),
    /// The call fails.
    Failure(Failure),
}

/// Puts the row into quarantine, with the rule that it breaks and the reason in words; neither has a value of the row.
pub fn reject<T>(rule: &'static str, reason: &'static str) -> std::result::Result<T, Reject> {
    Err(Reject::Row(rule, reason))
}

impl From<Failure> for Reject {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The rejected rows of a batch, by rule and reason.
#[derive(Debug, Default)]
pub struct Rejections {
    rules: Vec<(&'static str, &'static str, Vec<usize>)>,
}

impl Rejections {
    /// Returns the columns of a row, which are NULL if it is rejected; or the function's failure.
    pub fn admit<T: Default>(&mut self, row: usize, made: std::result::Result<T, Reject>) -> Result<T> {
        match made {
            Ok(made) => return Ok(made),
            Err(Reject::Failure(failure)) => return Err(failure),
            Err(Reject::Row(rule, reason)) => {
                match self.rules.iter_mut().find(|known| (known.0, known.1) == (rule, reason)) {
                    Some((.., rows)) => rows.push(row),
                    None => self.rules.push((rule, reason, vec![row])),
                }
            }
        }
        Ok(T::default())
    }

    /// Takes the rows out of the batch.
    pub fn apply(self, rows: Rows<'_>) -> Result<()> {
        let mask = |of: &[usize]| {
            let mut mask = Mask::none(rows.count());
            of.iter().for_each(|row| mask.insert(*row));
            mask
        };
        let masks: Vec<_> = self.rules.iter().map(|(.., of)| mask(of)).collect();
        let rules = self.rules.iter().zip(&masks);
        let violations: Vec<_> = rules.map(|((rule, reason, _), rows)| Violation { rule, reason, rows }).collect();
        rows.reject(&violations)
    }
}
