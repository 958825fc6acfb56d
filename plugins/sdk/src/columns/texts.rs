//! Text columns, read without an allocation per row and written into one buffer.

use super::mask::{Mask, Validity};
use crate::contract::batches;
use crate::failure::{Result, permanent};

/// A text column as it was read.
#[derive(Clone, Debug)]
pub struct Texts {
    offsets: Vec<i32>,
    text: String,
    validity: Validity,
}

impl Texts {
    /// Validates once for the whole column what would otherwise be validated for every row.
    pub(crate) fn read(data: batches::Texts) -> Result<Self> {
        let text = String::from_utf8(data.values).map_err(|_| permanent("a text column is not UTF-8"))?;
        let mut last = 0;
        for offset in &data.offsets {
            let at = usize::try_from(*offset).ok().filter(|at| *at >= last && text.is_char_boundary(*at));
            last = at.ok_or_else(|| permanent("the offsets of a text column do not ascend within its text"))?;
        }
        Ok(Self { offsets: data.offsets, text, validity: Validity(data.validity) })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all rows together.
    pub fn byte_count(&self) -> usize {
        self.text.len()
    }

    /// The text of a row; `None` where it is NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        self.slice(row, self.offsets[row], self.offsets[row + 1])
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> + '_ {
        self.offsets.windows(2).enumerate().map(|(row, ends)| self.slice(row, ends[0], ends[1]))
    }

    /// The rows that are NULL.
    pub fn nulls(&self) -> Mask {
        self.validity.nulls(self.len())
    }

    #[inline]
    fn slice(&self, row: usize, from: i32, to: i32) -> Option<&str> {
        if self.validity.has(row) { self.text.get(from as usize..to as usize) } else { None }
    }
}

/// A text column being written. Its rows are pushed in order.
#[derive(Clone, Debug)]
pub struct TextWriter {
    offsets: Vec<i32>,
    text: String,
    validity: Validity,
    rows: usize,
}

impl TextWriter {
    /// A column that will get exactly this many rows, and about this many bytes.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, text: String::with_capacity(bytes), validity: Validity::default(), rows }
    }

    /// Every text trimmed, and `otherwise` where nothing is left.
    pub fn cleaned_or(texts: &Texts, otherwise: &str) -> Self {
        let mut writer = Self::beside(texts, otherwise);
        texts.iter().for_each(|text| writer.push(trim_to_none(text).unwrap_or(otherwise)));
        writer
    }

    /// Every text trimmed and in upper case, and `otherwise` where nothing is left.
    pub fn upper_or(texts: &Texts, otherwise: &str) -> Self {
        let mut writer = Self::beside(texts, otherwise);
        texts.iter().for_each(|text| writer.push_upper(trim_to_none(text).unwrap_or(otherwise)));
        writer
    }

    /// Every text trimmed and in upper case, and NULL where nothing is left.
    pub fn upper(texts: &Texts) -> Self {
        let mut writer = Self::beside(texts, "");
        texts.iter().for_each(|text| match trim_to_none(text) {
            Some(text) => writer.push_upper(text),
            None => writer.push_null(),
        });
        writer
    }

    /// With the capacity that another column needs.
    fn beside(texts: &Texts, otherwise: &str) -> Self {
        Self::with_capacity(texts.len(), texts.byte_count() + otherwise.len() * texts.len())
    }

    /// Adds a row.
    #[inline]
    pub fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.end_row();
    }

    /// Adds a row that is NULL.
    #[inline]
    pub fn push_null(&mut self) {
        let row = self.offsets.len() - 1;
        self.validity.clear(row, self.rows.max(row + 1));
        self.end_row();
    }

    /// Adds a row, or NULL.
    #[inline]
    pub fn push_option(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.push(value),
            None => self.push_null(),
        }
    }

    /// Adds a row in upper case.
    #[inline]
    pub fn push_upper(&mut self, value: &str) {
        if value.is_ascii() {
            let from = self.text.len();
            self.text.push_str(value);
            self.text[from..].make_ascii_uppercase();
        } else {
            self.text.extend(value.chars().flat_map(char::to_uppercase));
        }
        self.end_row();
    }

    /// Adds the missing rows as NULL, and returns the column in the contract's layout.
    pub(crate) fn finish(mut self) -> Result<batches::Texts> {
        while self.offsets.len() <= self.rows {
            self.push_null();
        }
        if i32::try_from(self.text.len()).is_err() {
            return Err(permanent("a text column of one batch is longer than 2 GiB; make the batches smaller"));
        }
        Ok(batches::Texts { offsets: self.offsets, values: self.text.into_bytes(), validity: self.validity.0 })
    }

    /// A length that does not fit is detected by `finish`, once for the column.
    #[inline]
    fn end_row(&mut self) {
        self.offsets.push(self.text.len() as i32);
    }
}

/// Collects rows into a text column.
impl<'t> FromIterator<Option<&'t str>> for TextWriter {
    fn from_iter<I: IntoIterator<Item = Option<&'t str>>>(items: I) -> Self {
        let items = items.into_iter();
        let mut writer = Self::with_capacity(items.size_hint().0, 0);
        items.for_each(|item| writer.push_option(item));
        writer
    }
}

/// A text without blanks around it; `None` where nothing is left. Blank and NULL mean the same in a warehouse, and to
/// Oracle the empty text is NULL.
#[inline]
pub fn trim_to_none(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(writer: TextWriter) -> Vec<Option<String>> {
        let texts = Texts::read(writer.finish().expect("a column")).expect("a text column");
        texts.iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut writer = TextWriter::with_capacity(5, 10);
        writer.push("a");
        writer.push_null();
        writer.push_upper("picked");
        writer.push_upper("são");
        assert_eq!(read_back(writer), [Some("a".into()), None, Some("PICKED".into()), Some("SÃO".into()), None]);
    }

    #[test]
    fn a_column_without_capacity_takes_nulls() {
        assert_eq!(read_back([Some("x"), None].into_iter().collect()), [Some("x".into()), None]);
    }

    #[test]
    fn offsets_must_ascend_within_the_text() {
        let wrong = |offsets: &[i32], values: &[u8]| {
            Texts::read(batches::Texts { offsets: offsets.to_vec(), values: values.to_vec(), validity: None })
        };
        assert!(wrong(&[0, 3, 2], b"abc").is_err());
        assert!(wrong(&[0, 4], b"abc").is_err());
        assert!(wrong(&[0, 1, 2], "é".as_bytes()).is_err());
        assert!(wrong(&[0, 1], &[0xff]).is_err());
    }

    #[test]
    fn blank_is_null() {
        assert_eq!(trim_to_none(Some("  ")), None);
        assert_eq!(trim_to_none(Some(" a\t")), Some("a"));
        assert_eq!(trim_to_none(None), None);
    }
}
