//! The types of columns, as the head of a file names them: `id:int64!`, `status:utf8`, `quantity:decimal(10,2)`.

use arrow_schema::{DataType, Field, TimeUnit};

/// The types that a head may name.
const TYPES: &str = "boolean, int64, float64, decimal(PRECISION,SCALE), utf8, binary, date, timestamp or timestamp_utc";

/// Returns the column of a heading: a name, a colon, a type, and `!` if the column is never NULL.
pub(crate) fn parse_column(heading: &str) -> Result<Field, String> {
    let Some((name, kind)) = heading.rsplit_once(':') else {
        return Err(format!("the heading `{heading}` has no type: write `{heading}:TYPE`, with {TYPES}"));
    };
    let (kind, nullable) = kind.strip_suffix('!').map_or((kind, true), |kind| (kind, false));
    let data_type = data_type(kind.trim());
    let data_type = data_type.ok_or_else(|| format!("column {name}: there is no type `{kind}`; there is {TYPES}"))?;
    if name.is_empty() {
        return Err("a heading has no name".to_owned());
    }
    Ok(Field::new(name, data_type, nullable))
}

fn data_type(name: &str) -> Option<DataType> {
    Some(match name {
        "boolean" => DataType::Boolean,
        "int64" => DataType::Int64,
        "float64" => DataType::Float64,
        "utf8" => DataType::Utf8,
        "binary" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamp_utc" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => {
            let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
            let (precision, scale): (u8, i8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
            let is_within = (1..=38).contains(&precision) && scale >= 0 && i16::from(scale) <= i16::from(precision);
            is_within.then_some(DataType::Decimal128(precision, scale))?
        }
    })
}

/// Returns the heading of a column.
pub(crate) fn column_heading(field: &Field) -> String {
    let kind = match field.data_type() {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int64 => "int64".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        DataType::Utf8 => "utf8".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp_utc".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => other.to_string(),
    };
    format!("{}:{kind}{}", field.name(), if field.is_nullable() { "" } else { "!" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_read_as_it_is_written() {
        for heading in [
            "a:boolean",
            "a:int64!",
            "a:float64",
            "a:utf8",
            "a:binary",
            "a:date",
            "a:timestamp",
            "a:timestamp_utc!",
            "a:decimal(10,2)",
            "x:y:utf8",
        ] {
            assert_eq!(column_heading(&parse_column(heading).expect(heading)), heading);
        }
        for (heading, words) in [
            ("a", "has no type"),
            ("a:text", "there is no type `text`"),
            ("a:decimal(39,2)", "there is no type"),
            ("a:decimal(2,3)", "there is no type"),
            (":utf8", "no name"),
        ] {
            let mistake = parse_column(heading).expect_err(heading);
            assert!(mistake.contains(words), "{mistake}");
        }
    }
}
