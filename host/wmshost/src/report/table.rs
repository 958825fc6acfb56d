//! Tables and sections.

use console::Alignment::{Left, Right};
use console::{measure_text_width, pad_str, style};

use super::print;

/// Prints rows under a head; the columns with these numbers are right-aligned.
pub(crate) fn table(head: &[&str], right: &[usize], rows: Vec<Vec<String>>) {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| measure_text_width(cell));
        cells.chain([measure_text_width(head[at])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&widths).enumerate().map(|(at, (cell, width))| {
            let side = if right.contains(&at) { Right } else { Left };
            pad_str(cell, *width, side, None).into_owned()
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    print(&style(line(&mut head.iter().copied())).bold().to_string());
    for row in &rows {
        print(&line(&mut row.iter().map(String::as_str)));
    }
}

/// Prints a title and the lines under it.
pub(crate) fn section(title: &str, lines: &[(&str, String)]) {
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    print(&style(title).bold().to_string());
    for (name, text) in lines {
        print(&format!("  {name:width$}  {text}"));
    }
}
