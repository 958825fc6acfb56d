//! The report of `wmshost receipt`.

use std::path::Path;

use wmshost_flow::Failure;
use wmshost_runtime::receipts::{CheckedReceipt, Link, ProofDocument, Receipt, Signed, StreamReceipt};

use super::documents::receipt::{CheckedReceiptDocument, differences, result};
use super::{count, failure, json, note, plain, print, table};
use crate::cli::Output;

/// Reports what a receipt says.
pub(crate) fn show(receipt: &Receipt, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(receipt);
    }
    print(&plain(&format!(
        "receipt {} of {}, run {} ({}), read after {}, written {}",
        receipt.sequence, receipt.pipeline, receipt.run_id, receipt.status, receipt.opened_at, receipt.written_at
    )));
    let head = ["stream", "result", "about", "read", "rejected", "loaded", "in the target", "ranges"];
    table(&head, &[3, 4, 5, 6, 7], receipt.streams.iter().map(row).collect());
    receipt.streams.iter().for_each(print_stream);
    Ok(())
}

fn row(stream: &StreamReceipt) -> Vec<String> {
    let of = |number: fn(&ProofDocument) -> u64| stream.proof.as_ref().map(|proof| count(number(proof)));
    vec![
        plain(&stream.stream),
        result(stream).to_owned(),
        stream.proof.as_ref().map(|proof| about(&proof.scope).to_owned()).unwrap_or_default(),
        count(stream.rows_read),
        count(stream.rows_rejected),
        of(|proof| proof.source.rows).unwrap_or_default(),
        of(|proof| proof.target.rows).unwrap_or_default(),
        of(|proof| proof.ranges.len() as u64).unwrap_or_default(),
    ]
}

pub(crate) fn about(scope: &str) -> &str {
    match scope {
        "whole" => "the whole table",
        "read" => "the rows that were read",
        other => other,
    }
}

/// The link of a receipt in words.
pub(crate) fn link(link: Link) -> &'static str {
    match link {
        Link::First => "the first one",
        Link::Follows => "follows the one before it",
        Link::Unknown => "the one before it is not beside it",
        Link::Broken => "does not follow the one before it",
    }
}

/// The results of a receipt's streams, counted.
pub(crate) fn results(receipt: &Receipt) -> String {
    let of = |word| receipt.streams.iter().filter(|stream| result(stream) == word).count();
    let counts = ["equal", "differs", "not proven"].map(|word| (of(word), word));
    let counts = counts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}"));
    counts.collect::<Vec<_>>().join(", ")
}

fn print_stream(stream: &StreamReceipt) {
    let name = &stream.stream;
    if let Some(reason) = &stream.reason {
        note(&plain(&format!("{name}: not proven: {reason}")));
    }
    for difference in differences(stream) {
        failure(&plain(&format!("{name}: {difference}")));
    }
}

/// Reports receipts that were checked.
pub(crate) fn check(checked: &[(&Path, CheckedReceipt)], output: Output) -> Result<(), Failure> {
    let document =
        |(file, checked): &(&Path, CheckedReceipt)| CheckedReceiptDocument::of(file.display().to_string(), checked);
    if output == Output::Json {
        return json(&checked.iter().map(document).collect::<Vec<_>>());
    }
    for (file, checked) in checked {
        let (receipt, file) = (&checked.receipt, file.display());
        let link = link(checked.link);
        let signed = match &checked.signed {
            Signed::NotChecked => "no key was named to check a signature".to_owned(),
            Signed::By(key) => format!("signed by {key}"),
            Signed::ByNone => "not signed by these keys".to_owned(),
        };
        let counts = results(receipt);
        print(&plain(&format!("{file}: streams of {}: {counts}; {link}; {signed}", receipt.pipeline)));
        for fault in &checked.faults {
            failure(&plain(&format!("{file}: {fault}")));
        }
        receipt.streams.iter().for_each(print_stream);
    }
    Ok(())
}
