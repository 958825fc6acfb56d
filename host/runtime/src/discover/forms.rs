//! Values that are kept otherwise than their columns' types say, such as seconds since 1970 in a DATETIME. Each form is
//! tried on the first rows; one that leaves fewer rows that do not fit is proposed.

use arrow_schema::{DataType, FieldRef, Schema, TimeUnit};
use wmshost_flow::{ColumnReading, ColumnRule, ColumnRules, Failure, SourceForm, type_name};

use super::sample::Sample;

/// The forms of moments, each of which fits fewer numbers than those after it: few days are as many as few seconds are,
/// and the seconds of today are years after 9999 as days.
const MOMENTS: [SourceForm; 5] = [
    SourceForm::IsoUtc,
    SourceForm::JulianDay,
    SourceForm::EpochSeconds,
    SourceForm::EpochMillis,
    SourceForm::EpochMicros,
];

/// Returns the rules by which the fewest rows do not fit, and the sample that they make. `first` was taken without any;
/// each column is tried with those of the key alone.
pub(crate) fn proposed(
    (columns, key): (&Schema, &[String]),
    first: Sample,
    sample: impl Fn(&ColumnRules) -> Result<Sample, Failure>,
) -> Result<(ColumnRules, Sample), Failure> {
    let mut rules = ColumnRules::new();
    if first.misfit_rows() == 0 {
        return Ok((rules, first));
    }
    for field in columns.fields() {
        let is_other = |other: &&FieldRef| other.name() != field.name() && !key.contains(other.name());
        let others = columns.fields().iter().filter(is_other);
        let alone: ColumnRules = others.map(|other| (other.name().clone(), ColumnRule::Skip)).collect();
        let misfits = |rule: Option<ColumnRule>| {
            let of_field = rule.map(|rule| (field.name().clone(), rule));
            // A form that the column cannot have makes no sample.
            sample(&alone.clone().into_iter().chain(of_field).collect()).map_or(u64::MAX, |found| found.misfit_rows())
        };
        let readings = readings(field.data_type());
        let mut fewest = if readings.is_empty() { 0 } else { misfits(None) };
        for rule in readings.into_iter().map(ColumnRule::Read) {
            let found = if fewest == 0 { break } else { misfits(Some(rule.clone())) };
            if found < fewest {
                fewest = found;
                rules.insert(field.name().clone(), rule);
            }
        }
    }
    let found = if rules.is_empty() { first } else { sample(&rules)? };
    Ok((rules, found))
}

/// Returns the ways in which values of a column of this type may be kept.
fn readings(kind: &DataType) -> Vec<ColumnReading> {
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, None);
    let reading = |form, kind| ColumnReading { form: Some(form), kind, ..ColumnReading::default() };
    match kind {
        DataType::Timestamp(..) => MOMENTS.into_iter().map(|form| reading(form, None)).collect(),
        DataType::Date32 => {
            let as_date = |form: SourceForm| reading(form, form.can_be(kind).then(|| kind.clone()));
            [reading(SourceForm::Iso, Some(moment()))].into_iter().chain(MOMENTS.into_iter().map(as_date)).collect()
        }
        DataType::Boolean => vec![reading(SourceForm::Words, None)],
        _ => Vec::new(),
    }
}

/// Returns a rule as a pipeline file has it, such as `{ from = "epoch-s" }`.
pub(crate) fn rule_text(rule: &ColumnRule) -> Option<String> {
    let ColumnRule::Read(ColumnReading { kind, form: Some(form), .. }) = rule else { return None };
    let kind = kind.as_ref().map(|kind| match kind {
        DataType::Timestamp(_, None) => "type = \"timestamp\", ".to_owned(),
        kind => format!("type = \"{}\", ", type_name(kind)),
    });
    Some(format!("{{ {}from = \"{}\" }}", kind.unwrap_or_default(), form.name()))
}
