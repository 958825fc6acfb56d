//! Text columns of which few different values exist, written as one byte per row.

use super::mask::{Mask, Validity};
use super::texts::{TextWriter, Texts, trim_to_none};
use crate::contract::batches::{self, Categories};
use crate::failure::Result;

/// The number of labels that are searched for a row whose label is not known beforehand; with more labels, a plain text
/// column is cheaper.
const MOST_LABELS: usize = 32;

/// A text column of few distinct values being written. With too many of them it becomes a plain text column.
#[derive(Clone, Debug)]
pub struct Labels {
    labels: Vec<String>,
    codes: Vec<u8>,
    validity: Validity,
    rows: usize,
    plain: Option<TextWriter>,
}

/// A finished column of labels.
pub(crate) enum Labelled {
    Categories(Categories),
    Texts(batches::Texts),
}

impl Labels {
    /// A column that will get this many rows, most of them with one of these labels; their codes are 0, 1, 2 …
    pub fn known(rows: usize, labels: &[&str]) -> Self {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        Self { labels, codes: Vec::with_capacity(rows), validity: Validity::default(), rows, plain: None }
    }

    /// A column of these labels only, by their codes.
    pub fn of_codes(labels: &[&str], codes: Vec<u8>) -> Self {
        Self { codes, ..Self::known(0, labels) }
    }

    /// Texts trimmed and in upper case; NULL where nothing is left. `code` returns the place of a row's text among the
    /// known labels, if it is one of them.
    pub fn upper(texts: &Texts, known: &[&str], mut code: impl FnMut(usize) -> Option<u8>) -> Self {
        let mut labels = Self::known(texts.len(), known);
        for (row, text) in texts.iter().enumerate() {
            match (code(row), trim_to_none(text)) {
                (Some(code), _) => labels.push_code(code),
                (None, Some(text)) => labels.push(&text.to_uppercase()),
                (None, None) => labels.push_null(),
            }
        }
        labels
    }

    /// A column that names, for every row, the first of these masks that holds it, or else `otherwise`.
    pub fn first_of(masks: &[(&str, &Mask)], otherwise: &str) -> Self {
        let rows = masks.iter().map(|(_, mask)| mask.rows()).max().unwrap_or_default();
        let labels: Vec<&str> = masks.iter().map(|(label, _)| *label).chain([otherwise]).collect();
        let mut codes = vec![masks.len() as u8; rows];
        for (code, (_, mask)) in masks.iter().enumerate().rev() {
            mask.iter().for_each(|row| codes[row] = code as u8);
        }
        Self::of_codes(&labels, codes)
    }

    /// Adds a row with a known label.
    #[inline]
    pub fn push_code(&mut self, code: u8) {
        match &mut self.plain {
            None => self.codes.push(code),
            Some(plain) => plain.push(&self.labels[usize::from(code)]),
        }
    }

    /// Adds a row with any text.
    pub fn push(&mut self, value: &str) {
        if let Some(plain) = &mut self.plain {
            return plain.push(value);
        }
        match self.labels.iter().position(|label| label == value) {
            Some(code) => self.codes.push(code as u8),
            None if self.labels.len() < MOST_LABELS => {
                self.codes.push(self.labels.len() as u8);
                self.labels.push(value.to_owned());
            }
            None => self.go_plain().push(value),
        }
    }

    /// Adds a row that is NULL.
    pub fn push_null(&mut self) {
        match &mut self.plain {
            None => {
                self.validity.clear(self.codes.len(), self.rows.max(self.codes.len() + 1));
                self.codes.push(0);
            }
            Some(plain) => plain.push_null(),
        }
    }

    pub(crate) fn finish(self) -> Result<Labelled> {
        if let Some(plain) = self.plain {
            return plain.finish().map(Labelled::Texts);
        }
        let mut labels = self.labels;
        if labels.is_empty() {
            labels.push(String::new());
        }
        Ok(Labelled::Categories(Categories { labels, codes: self.codes, validity: self.validity.0 }))
    }

    fn go_plain(&mut self) -> &mut TextWriter {
        let mut plain = TextWriter::with_capacity(self.rows, self.rows * 8);
        for (row, code) in self.codes.drain(..).enumerate() {
            plain.push_option(self.validity.has(row).then(|| self.labels[usize::from(code)].as_str()));
        }
        self.plain.insert(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_stay_codes() {
        let mut labels = Labels::known(4, &["PICKED", "SHIPPED"]);
        labels.push_code(1);
        labels.push("LOST");
        labels.push_null();
        labels.push("PICKED");
        let Ok(Labelled::Categories(column)) = labels.finish() else { panic!("categories expected") };
        assert_eq!(column.labels, ["PICKED", "SHIPPED", "LOST"]);
        assert_eq!(column.codes, [1, 2, 0, 0]);
        assert_eq!(column.validity, Some(vec![0b1011]));
    }

    #[test]
    fn many_values_become_plain_text() {
        let mut labels = Labels::known(50, &["known"]);
        labels.push_null();
        (0..48).for_each(|number| labels.push(&format!("label {number}")));
        labels.push_code(0);
        let Ok(Labelled::Texts(column)) = labels.finish() else { panic!("texts expected") };
        let texts = Texts::read(column).expect("a text column");
        assert_eq!(texts.get(0), None);
        assert_eq!(texts.get(1), Some("label 0"));
        assert_eq!(texts.get(48), Some("label 47"));
        assert_eq!(texts.get(49), Some("known"));
    }

    #[test]
    fn the_first_mask_that_holds_names_the_row() {
        let bad = Mask::where_row(4, |row| row == 1);
        let poor = Mask::where_row(4, |row| row < 3);
        let Ok(Labelled::Categories(column)) = Labels::first_of(&[("bad", &bad), ("poor", &poor)], "good").finish()
        else {
            panic!("categories expected")
        };
        assert_eq!(column.codes, [1, 0, 1, 2]);
    }
}
