//! Derives the columns of a location, one group of them after another.

use wmshost_plugin::{Column, Decimals, Derived, Labels, Mask, Number, Numbers, Result, Rows, TextWriter};

use crate::rules::{self, Kind};
use crate::{NUMBERS, PERCENT};

/// The numbers of a location, with 0 in place of NULL.
pub(crate) struct Measures {
    capacity_volume: Numbers,
    capacity_weight: Numbers,
    current_volume: Numbers,
    current_weight: Numbers,
    /// The rows of which any is below zero.
    pub(crate) invalid: Mask,
}

/// Derives the type and the texts that say where the location is, and returns the types.
pub(crate) fn place(rows: &Rows<'_>) -> Result<Vec<Kind>> {
    let texts = rows.texts("location_type")?;
    let kinds: Vec<Kind> = texts.iter().map(Kind::of).collect();
    let known = |row: usize| kinds[row].is_valid().then_some(kinds[row] as u8);
    rows.write("location_type_clean", Labels::upper(&texts, &rules::KINDS, known))?;
    for (name, usual) in rules::USUAL_TEXTS {
        rows.write(&clean(name), TextWriter::cleaned_or(&rows.texts(name)?, usual))?;
    }
    Ok(kinds)
}

/// Derives the numbers of the source's columns.
pub(crate) fn measures(rows: &Rows<'_>) -> Result<Measures> {
    let mut invalid = Mask::none(rows.count());
    let mut measure = |name: &str| -> Result<Numbers> {
        let numbers = rows.numbers(name)?;
        invalid =
            invalid.clone().or(&Mask::where_row(rows.count(), |row| rules::is_invalid_capacity(numbers.get(row))));
        let numbers = numbers.filled(0)?;
        rows.write(&clean(name), numbers.clone())?;
        Ok(numbers)
    };
    let [capacity_volume, capacity_weight, current_volume, current_weight] = NUMBERS.map(&mut measure);
    let (capacity_volume, capacity_weight) = (capacity_volume?, capacity_weight?);
    let (current_volume, current_weight) = (current_volume?, current_weight?);
    rows.write("pick_sequence_clean", rows.numbers("pick_sequence")?.filled(rules::LAST_IN_SEQUENCE)?)?;
    Ok(Measures { capacity_volume, capacity_weight, current_volume, current_weight, invalid })
}

/// Derives the clean flag, and returns the rows where it is neither Y nor N.
pub(crate) fn active(rows: &Rows<'_>) -> Result<Mask> {
    let texts = rows.texts("is_active")?;
    rows.write("is_active_clean", Labels::upper(&texts, &["Y", "N"], |row| rules::active_flag(texts.get(row))))?;
    Ok(Mask::where_row(rows.count(), |row| rules::active_flag(texts.get(row)).is_none()))
}

/// Derives the utilization of the location, and returns the rows whose percentage does not fit.
pub(crate) fn utilization(rows: &Rows<'_>, kinds: &[Kind], measures: &Measures) -> Result<Mask> {
    let volume = percents(&measures.current_volume, &measures.capacity_volume);
    let weight = percents(&measures.current_weight, &measures.capacity_weight);
    let volume_out = write_percents(rows, "volume_utilization_pct", &volume)?;
    let weight_out = write_percents(rows, "weight_utilization_pct", &weight)?;

    let greater: Vec<i128> =
        volume.iter().zip(&weight).map(|(volume, weight)| (*volume).max(*weight).unwrap_or_default()).collect();
    let is_limited = |row| {
        let is_there = |numbers: &Numbers| numbers.get(row).is_some_and(|capacity| capacity > Number::ZERO);
        is_there(&measures.capacity_volume) || is_there(&measures.capacity_weight)
    };
    let statuses = greater.iter().enumerate().map(|(row, percent)| rules::utilization(is_limited(row), *percent));
    let efficiencies = greater.iter().zip(kinds).map(|(percent, kind)| rules::efficiency(*kind, *percent));

    rows.write("type_priority", Column::from(kinds.iter().map(|kind| kind.priority()).collect::<Vec<i64>>()))?;
    rows.write("utilization_status", Labels::of_codes(&rules::UTILIZATIONS, statuses.collect()))?;
    rows.write("efficiency_status", Labels::of_codes(&rules::EFFICIENCIES, efficiencies.collect()))?;
    Ok(volume_out.or(&weight_out))
}

/// Derives the columns for operations.
pub(crate) fn operation(rows: &Rows<'_>, kinds: &[Kind]) -> Result<()> {
    let sequences = rows.numbers("pick_sequence")?;
    let last = Number::whole(rules::LAST_IN_SEQUENCE);
    let operation = |(row, kind): (usize, &Kind)| rules::operation(*kind, sequences.get(row).unwrap_or(last));
    let operations = kinds.iter().enumerate().map(operation).collect();
    rows.write("operational_category", Labels::of_codes(&rules::OPERATIONS, operations))?;

    let levels = rows.texts("level_no")?;
    let accesses = levels.iter().zip(kinds).map(|(level, kind)| rules::access(*kind, level)).collect();
    rows.write("accessibility_rating", Labels::of_codes(&rules::ACCESSES, accesses))
}

/// In hundredths of a percent.
fn percents(used: &Numbers, capacity: &Numbers) -> Vec<Option<i128>> {
    let known = |number: Option<Number>| number.unwrap_or(Number::ZERO);
    let pairs = used.iter().zip(capacity.iter());
    pairs.map(|(used, capacity)| rules::percent(known(used), known(capacity))).collect()
}

/// Writes the percentages, and returns the rows whose percentage does not fit.
fn write_percents(rows: &Rows<'_>, name: &str, percents: &[Option<i128>]) -> Result<Mask> {
    let overflown = Mask::where_item(percents, Option::is_none);
    let (column, unfit) = Decimals::collect(PERCENT, percents.iter().copied());
    column.write(rows.batch(), name)?;
    Ok(overflown.or(&unfit))
}

fn clean(name: &str) -> String {
    format!("{name}_clean")
}
