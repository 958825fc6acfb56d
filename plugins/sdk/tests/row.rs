//! Transforms that are plain functions of one row, on batches in memory.

use wmshost_plugin::{Batch, Setting, Transform as _, contract::types::ColumnType, run_transform, shown};

wmshost_plugin::transform! {
    /// Cleans and validates order lines.
    pub fn quality(
        id: Int64, status("STATUS#"): Text, ordered: Number, picked: Number;
        /// True to reject lines of an unknown status.
        strict: bool = true,
        /// The statuses that are known.
        known: Vec<String> = ["OPEN".to_owned(), "SHIPPED".to_owned()],
    ) -> (status("STATUS#"): Text, short: Boolean, open: Decimal<12, 2>) {
        let status = status.map(|text| text.trim().to_uppercase());
        if strict && !status.as_ref().is_some_and(|status| known.contains(status)) {
            return reject("unknown-status", "the status is not one of the known ones");
        }
        let (Some(ordered), Some(picked)) = (ordered, picked) else {
            return reject("no-quantity", "a quantity is missing");
        };
        if id == Some(99) {
            return Err(wmshost_plugin::permanent("row 99 is a failure").into());
        }
        Ok(Output { status, short: Some(picked < ordered), open: Some(ordered.minus(picked)?) })
    }
}

fn lines() -> Batch {
    Batch::with_rows(4)
        .int64s("id", &[Some(1), Some(2), Some(3), Some(4)])
        .texts("STATUS#", &[Some(" open "), Some("gone"), Some("shipped"), None])
        .decimals("ordered", 10, 2, &[Some(500), Some(100), None, Some(100)])
        .int64s("picked", &[Some(6), Some(1), Some(1), Some(1)])
        .keyed(&["id"])
}

#[test]
fn a_function_of_one_row_is_a_whole_transform() {
    let batch = lines();
    run_transform::<Plugin>(&[], &batch).expect("the transform keeps its word");
    assert_eq!(shown(&batch, "id").expect("a column"), ["1"]);
    assert_eq!(shown(&batch, "STATUS#").expect("replaced"), ["OPEN"]);
    assert_eq!(shown(&batch, "short").expect("6 of 5.00"), ["false"]);
    assert_eq!(shown(&batch, "open").expect("exact"), ["-1.00"]);
    let rejected: Vec<_> = batch.rejected().iter().map(|rejected| (rejected.rule.clone(), rejected.rows)).collect();
    assert_eq!(rejected, [("unknown-status".to_owned(), 2), ("no-quantity".to_owned(), 1)]);
}

#[test]
fn settings_are_parameters() {
    let batch = lines();
    run_transform::<Plugin>(&[("strict", Setting::Flag(false))], &batch).expect("the transform keeps its word");
    assert_eq!(shown(&batch, "id").expect("a column"), ["1", "2", "4"]);
    assert_eq!(Plugin::describe().setting_names().collect::<Vec<_>>(), ["strict", "known"]);
}

#[test]
fn the_schema_is_that_of_the_head_and_all_mistakes_are_named_at_once() {
    let settings = wmshost_plugin::Settings::given(&Plugin::describe(), &[]);
    let plugin = Plugin::new(&settings).expect("settings");
    let columns = plugin.output_schema(lines().schema()).expect("columns");
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "STATUS#", "ordered", "picked", "short", "open"]);
    assert_eq!(columns[4].kind, ColumnType::Boolean);
    let batch = Batch::with_rows(0).texts("id", &[]).int64s("picked", &[]);
    let message = plugin.output_schema(batch.schema()).expect_err("mistakes").to_string();
    for part in ["column id is utf8, must be int64", "column STATUS# (utf8) is missing", "column ordered (int64 or"] {
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}

#[test]
fn a_failure_of_the_function_is_the_failure_of_the_call() {
    let batch = Batch::with_rows(1)
        .int64s("id", &[Some(99)])
        .texts("STATUS#", &[Some("open")])
        .int64s("ordered", &[Some(1)])
        .int64s("picked", &[Some(1)]);
    let failure = run_transform::<Plugin>(&[], &batch).expect_err("row 99").to_string();
    assert!(failure.contains("row 99 is a failure"), "{failure}");
}
