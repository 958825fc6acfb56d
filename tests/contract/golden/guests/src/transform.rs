//! Reads and writes columns of all types, and calls all that a transform may call.

wit_bindgen::generate!({ path: "../../../../wit", world: "transform" });

use exports::wmshost::plugin::about::{Description, Guest as About, SettingDescription, SettingKind};
use exports::wmshost::plugin::transformation::Guest as Transformation;
use wmshost::plugin::batches::{Batch, Categories};
use wmshost::plugin::types::{Column, ColumnType, Failure};
use wmshost::plugin::{log, settings};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        Description {
            name: "golden-transform".into(),
            version: "0.1.0".into(),
            summary: "Reads and writes columns of all types.".into(),
            settings: vec![SettingDescription {
                name: "big".into(),
                kind: SettingKind::Integer,
                summary: "From which number on a row is big.".into(),
                fallback: Some("3".into()),
                choices: Vec::new(),
            }],
        }
    }
}

impl Transformation for Plugin {
    fn output_schema(input: Vec<Column>) -> Result<Vec<Column>, Failure> {
        let kept = input.into_iter().filter(|column| column.name != "spare");
        let mut output: Vec<Column> = kept
            .map(|column| if column.name == "old" { Column { name: "new".into(), ..column } } else { column })
            .collect();
        output.push(Column { name: "size".into(), kind: ColumnType::Utf8, nullable: true });
        Ok(output)
    }

    fn keeps_state() -> bool {
        false
    }

    fn process(rows: &Batch) -> Result<(), Failure> {
        for level in [log::Level::Debug, log::Level::Info, log::Level::Warn] {
            log::write(level, "a batch");
        }
        for column in rows.schema().iter().filter(|column| column.name != "id") {
            echo(rows, column)?;
        }
        rows.rename("old", "new")?;
        rows.drop_columns(&["spare".into()])?;
        let whole = rows.read_int64s("whole")?;
        let Some(settings::Setting::Integer(big)) = settings::get("big") else {
            return Err(Failure::InvalidConfig("no setting big".into()));
        };
        let codes: Vec<u8> = whole.values.iter().map(|whole| u8::from(*whole >= big)).collect();
        let labels = vec!["small".into(), "big".into()];
        rows.write_categories("size", &Categories { labels, codes, validity: whole.validity })?;
        let ids = rows.read_int64s("id")?.values;
        if let Some(fourth) = ids.iter().position(|id| *id == 4) {
            rows.reject(&[fourth as u32], "golden", "the transform takes row 4 out")?;
        }
        let ids = rows.read_int64s("id")?.values;
        let mut keep = vec![0_u8; (rows.row_count() as usize).div_ceil(8)];
        for (row, _) in ids.iter().enumerate().filter(|(_, id)| **id != 5) {
            keep[row / 8] |= 1 << (row % 8);
        }
        rows.filter(&keep)
    }
}

fn echo(rows: &Batch, column: &Column) -> Result<(), Failure> {
    let name = column.name.as_str();
    match column.kind {
        ColumnType::Boolean => rows.write_booleans(name, &rows.read_booleans(name)?),
        ColumnType::Int64 => rows.write_int64s(name, &rows.read_int64s(name)?),
        ColumnType::Float64 => rows.write_float64s(name, &rows.read_float64s(name)?),
        ColumnType::Decimal(_) => rows.write_decimals(name, &rows.read_decimals(name)?),
        ColumnType::Utf8 => rows.write_texts(name, &rows.read_texts(name)?),
        ColumnType::Binary => rows.write_binaries(name, &rows.read_binaries(name)?),
        ColumnType::Date => rows.write_dates(name, &rows.read_dates(name)?),
        ColumnType::Timestamp(_) => rows.write_timestamps(name, &rows.read_timestamps(name)?),
    }
}

export!(Plugin);
