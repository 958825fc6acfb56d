//! Comma-separated values, as the cases of plugins and the seeds of models have them (RFC 4180, with a line feed alone as
//! the end of a line, too).

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRecord {
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Its cells.
    pub cells: Vec<CsvCell>,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsvCell {
    /// Its text. In quotes it may have commas, quotes (doubled) and ends of lines.
    pub text: String,
    /// True if it is in quotes, which tell the empty text from nothing.
    pub is_quoted: bool,
}

/// Splits a text into records; an empty line is none. The error is the line of the record in which a quote is not closed.
pub fn csv_records(text: &str) -> Result<Vec<CsvRecord>, usize> {
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    let (mut records, mut cells, mut cell) = (Vec::new(), Vec::new(), CsvCell::default());
    let (mut line, mut began, mut is_inside) = (1, 1, false);
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if is_inside && letters.peek() == Some(&'"') => {
                letters.next();
                cell.text.push('"');
            }
            '"' if is_inside => is_inside = false,
            '"' if cell.text.is_empty() && !cell.is_quoted => (is_inside, cell.is_quoted) = (true, true),
            letter if is_inside => cell.text.push(letter),
            ',' => cells.push(std::mem::take(&mut cell)),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                records.push(CsvRecord { line: began, cells: std::mem::take(&mut cells) });
                began = line;
            }
            letter => cell.text.push(letter),
        }
    }
    if is_inside {
        return Err(began);
    }
    cells.push(cell);
    records.push(CsvRecord { line: began, cells });
    records.retain(|record| record.cells != [CsvCell::default()]);
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_in_quotes_keep_commas_quotes_and_lines() {
        let text = "\u{feff}a,b\r\n\"x,\"\"y\"\"\nz\",\n,\"\"\n\n\"last\",1";
        let cell = |text: &str, is_quoted| CsvCell { text: text.to_owned(), is_quoted };
        let record = |line, cells: [CsvCell; 2]| CsvRecord { line, cells: cells.to_vec() };
        let expected = [
            record(1, [cell("a", false), cell("b", false)]),
            record(2, [cell("x,\"y\"\nz", true), cell("", false)]),
            record(4, [cell("", false), cell("", true)]),
            record(6, [cell("last", true), cell("1", false)]),
        ];
        assert_eq!(csv_records(text), Ok(expected.to_vec()));
    }

    #[test]
    fn an_open_quote_has_its_line() {
        assert_eq!(csv_records("a\n1\n\"x\ny"), Err(3));
        assert_eq!(csv_records(""), Ok(Vec::new()));
    }
}
