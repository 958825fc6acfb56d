//! The report of comparing two builds of the same models.

use wmshost_flow::{Failure, RowExample, TableComparison};
use wmshost_runtime::models::ModelsComparison;

use crate::cli::Output;
use crate::report::documents::comparison::{ModelsComparisonDocument, difference};
use crate::report::{count, failure, json, note, plain, print, table};

/// Reports a comparison.
pub(crate) fn compare(comparison: &ModelsComparison, output: Output) -> Result<(), Failure> {
    match output {
        Output::Json => json(&ModelsComparisonDocument::from(comparison))?,
        Output::Text => print_report(comparison),
    }
    for model in &comparison.models {
        if let Err(why) = &model.compared {
            failure(&format!("model {}: {why}", model.name));
        }
    }
    if comparison.is_cancelled {
        let done = comparison.models.len();
        note(&format!("stopped by a signal after {done} of {} models", comparison.selected));
    }
    Ok(())
}

fn print_report(comparison: &ModelsComparison) {
    let [first, second] = &comparison.places;
    print(&format!("first:  {first}\nsecond: {second}\n"));
    let rows = comparison.models.iter().map(|model| {
        let mut row = vec![model.name.clone(), model.result().to_owned()];
        match &model.compared {
            Ok(found) => {
                row.push(if found.key.is_empty() { "whole rows".to_owned() } else { found.key.join(", ") });
                let [first, second] = found.rows;
                row.extend([first, second, found.missing, found.extra, found.different].map(count));
            }
            Err(_) => row.extend(vec![String::new(); 6]),
        }
        row.push(format!("{:.2}", model.seconds));
        row
    });
    let head =
        ["model", "result", "matched by", "first", "second", "only first", "only second", "different", "seconds"];
    table(&head, &[3, 4, 5, 6, 7, 8], rows.collect());
    for model in &comparison.models {
        if let Ok(found) = &model.compared {
            print_model(&model.name, found);
        }
    }
}

fn print_model(model: &str, found: &TableComparison) {
    for (side, columns) in ["first", "second"].iter().zip(&found.only_in) {
        if !columns.is_empty() {
            print(&format!("{model}: only the {side} has the columns {}", columns.join(", ")));
        }
    }
    for example in &found.examples {
        print(&format!("{model}: {}", row_in_words(example)));
    }
    let more = (found.missing + found.extra + found.different).saturating_sub(found.examples.len() as u64);
    if more > 0 && !found.examples.is_empty() {
        print(&format!("{model}: and {} more", count(more)));
    }
    if !found.types.is_empty() {
        let types = found.types.iter().map(|types| {
            let [first, second] = &types.declared;
            format!("{} ({first}, {second})", types.column)
        });
        let types: Vec<_> = types.collect();
        note(&format!(
            "{model}: types that are declared differently, which alone is no difference: {}",
            types.join(", ")
        ));
    }
}

fn row_in_words(example: &RowExample) -> String {
    let cells = example.cells.iter().map(|cell| {
        let [first, second] = &cell.values;
        format!(" {} {first} / {second}", cell.column)
    });
    let cells: Vec<_> = cells.collect();
    let separator = if cells.is_empty() { "" } else { ":" };
    plain(&format!("{} {}{separator}{}", difference(example.kind), example.key, cells.join(",")))
}
