//! Runs a whole transform on a batch in memory, and checks its promises as the host does.

use wmshost_contract_rules as rules;

use super::{Batch, Rows, shown};
use crate::about::{Setting, Settings};
use crate::contract::types::Schema;
use crate::failure::{Result, invalid_config, permanent};
use crate::schema::as_rule;
use crate::stage::Transform;

/// Runs a transform over one batch, with these settings and the fallbacks of the others; before that over the same
/// columns without rows, as the host does. Its output must be what its `output_schema` says, and the columns that
/// identify a row in the batch ([`Batch::keyed`]) must be unchanged.
pub fn run_transform<T: Transform>(given: &[(&str, Setting)], batch: &Batch) -> Result<()> {
    let description = T::describe();
    if let Some((unknown, _)) = given.iter().find(|(given, _)| description.setting_names().all(|name| name != *given)) {
        return Err(invalid_config(format!("the plugin has no setting {unknown}")));
    }
    let settings = Settings::given(&description, given);
    let promised = T::new(&settings)?.output_schema(batch.schema())?;
    process::<T>(&settings, &promised, &batch.emptied())?;
    process::<T>(&settings, &promised, batch)
}

fn process<T: Transform>(settings: &Settings, promised: &Schema, batch: &Batch) -> Result<()> {
    let before = batch.clone();
    T::new(settings)?.process(Rows::of(batch))?;
    let mut broken = rules::shape_mistakes(&columns(promised), &columns(&batch.schema()));
    if broken.is_empty() {
        broken = nulls(promised, batch);
    }
    broken.extend(changed_keys(&before, batch)?);
    if broken.is_empty() { Ok(()) } else { Err(permanent(broken.join("; "))) }
}

fn columns(schema: &Schema) -> Vec<rules::Column<'_>> {
    schema.iter().map(|column| rules::Column { name: &column.name, kind: Some(as_rule(column.kind)) }).collect()
}

/// The columns that have a NULL where none was promised.
fn nulls(promised: &Schema, batch: &Batch) -> Vec<String> {
    let required = promised.iter().filter(|column| !column.nullable);
    let mistake = |name: &str| {
        let row = batch.first_null(name)?;
        Some(rules::null_mistake(name, format_args!("row {} of the batch", row + 1)))
    };
    required.filter_map(|column| mistake(&column.name)).collect()
}

/// The columns of the key that have changed, each with the first row in which it has.
fn changed_keys(before: &Batch, batch: &Batch) -> Result<Vec<String>> {
    let mut mistakes = Vec::new();
    for name in batch.key() {
        let old = shown(before, &name)?;
        let Ok(new) = shown(batch, &name) else {
            mistakes.push(format!("column {name} identifies a row and is missing from what the transform makes"));
            continue;
        };
        let changed = batch.positions().into_iter().zip(&new).find(|(position, new)| old[*position] != **new);
        if let Some((position, _)) = changed {
            let row = position + 1;
            mistakes.push(format!(
                "column {name} identifies a row, and the transform changed it in row {row} of the batch"
            ));
        }
    }
    Ok(mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::about::{Declared, Description};
    use crate::columns::Column;
    use crate::contract::types::{Column as Promised, ColumnType};

    /// A transform that breaks its promise as its setting requires.
    struct BrokenPromise(String);

    impl Transform for BrokenPromise {
        fn describe() -> Description {
            Description::new("faithless", "0.1.0", "Breaks its promise.").setting(Declared::text("how", "How."))
        }
        fn new(settings: &Settings) -> Result<Self> {
            Ok(Self(settings.text("how")?.to_owned()))
        }
        fn output_schema(&self, mut input: Schema) -> Result<Schema> {
            input.push(Promised { name: "extra".into(), kind: ColumnType::Int64, nullable: false });
            Ok(input)
        }
        fn process(&mut self, rows: Rows<'_>) -> Result<()> {
            let count = rows.count();
            let fails_at = |wanted: &str| if self.0 == wanted { count.checked_sub(1) } else { None };
            let extra = |row| (Some(row) != fails_at("null")).then_some(row as i64);
            if self.0 == "type" {
                rows.write("extra", (0..count).map(|row| Some(row as f64)).collect::<Column<f64>>())?;
            } else if self.0 != "forget" {
                rows.write("extra", (0..count).map(extra).collect::<Column<i64>>())?;
            }
            match self.0.as_str() {
                "key" => rows.write("id", Column::from(vec![1_i64; count])),
                "drop" => rows.batch().drop_columns(&["id".into()]),
                "shift" if count > 0 => {
                    rows.batch().filter(&[!1])?;
                    rows.batch().write_int64s(
                        "id",
                        &crate::contract::batches::Int64s { values: (1..count as i64).collect(), validity: None },
                    )
                }
                _ => Ok(()),
            }
        }
    }

    fn tried(how: &str) -> Result<()> {
        let batch = Batch::with_rows(3).int64s("id", &[Some(1), Some(2), Some(3)]).keyed(&["id"]);
        run_transform::<BrokenPromise>(&[("how", Setting::Text(how.into()))], &batch)
    }

    #[test]
    fn promises_are_kept_or_named() {
        tried("not at all").expect("faithful");
        for (how, words) in [
            ("null", "column extra was promised without NULL, and row 3 of the batch has it"),
            ("type", "column extra was promised as int64 and is float64"),
            ("forget", "column extra (int64) was promised and is missing"),
            ("key", "column id identifies a row, and the transform changed it in row 2 of the batch"),
            ("drop", "column id identifies a row and is missing"),
            ("shift", "column id identifies a row, and the transform changed it in row 2 of the batch"),
        ] {
            let failure = tried(how).expect_err(how).to_string();
            assert!(failure.contains(words), "{words:?} is not in {failure}");
        }
    }

    #[test]
    fn a_misspelt_setting_is_a_mistake() {
        let batch = Batch::with_rows(0);
        let failure =
            run_transform::<BrokenPromise>(&[("hwo", Setting::Flag(true))], &batch).expect_err("no such setting");
        assert!(failure.to_string().contains("no setting hwo"), "{failure}");
    }
}
