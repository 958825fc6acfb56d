//! One column of a batch in memory: its type and values, and selecting some of its rows.

use wmshost_contract_rules::{self as rules, Refusal};

use crate::columns::{Mask, Validity};
use crate::contract::batches::{Booleans, Dates, Decimals, Float64s, Int64s, Texts, Timestamps};
use crate::contract::types::{ColumnType, DecimalType};

#[derive(Clone, Debug)]
pub(super) enum Data {
    Booleans(Booleans),
    Int64s(Int64s),
    Float64s(Float64s),
    Decimals(Decimals),
    Texts(Texts),
    Binaries(Texts),
    Dates(Dates),
    Timestamps(Timestamps),
}

impl Data {
    pub(super) fn kind(&self) -> ColumnType {
        match self {
            Self::Booleans(_) => ColumnType::Boolean,
            Self::Int64s(_) => ColumnType::Int64,
            Self::Float64s(_) => ColumnType::Float64,
            Self::Decimals(data) => ColumnType::Decimal(data.kind),
            Self::Texts(_) => ColumnType::Utf8,
            Self::Binaries(_) => ColumnType::Binary,
            Self::Dates(_) => ColumnType::Date,
            Self::Timestamps(data) => ColumnType::Timestamp(data.zone),
        }
    }

    pub(super) fn validity(&self) -> Option<&Vec<u8>> {
        match self {
            Self::Booleans(Booleans { validity, .. })
            | Self::Int64s(Int64s { validity, .. })
            | Self::Float64s(Float64s { validity, .. })
            | Self::Decimals(Decimals { validity, .. })
            | Self::Texts(Texts { validity, .. })
            | Self::Binaries(Texts { validity, .. })
            | Self::Dates(Dates { validity, .. })
            | Self::Timestamps(Timestamps { validity, .. }) => validity.as_ref(),
        }
    }

    pub(super) fn check(&self, name: &str, rows: usize) -> std::result::Result<(), Refusal> {
        match self {
            Self::Booleans(data) => rules::check_bitmap(name, data.values.len(), rows),
            Self::Int64s(data) => rules::check_length(name, data.values.len(), rows),
            Self::Float64s(data) => rules::check_length(name, data.values.len(), rows),
            Self::Decimals(data) => {
                let validity = Validity(data.validity.clone());
                let DecimalType { precision, scale } = data.kind;
                rules::check_decimals(name, &data.values, |row| !validity.has(row), precision, scale)?;
                rules::check_length(name, data.values.len() / 16, rows)
            }
            Self::Texts(data) => rules::check_offsets(name, &data.offsets, data.values.len(), rows)
                .and_then(|()| rules::check_texts(name, &data.offsets, &data.values)),
            Self::Binaries(data) => rules::check_offsets(name, &data.offsets, data.values.len(), rows),
            Self::Dates(data) => rules::check_length(name, data.values.len(), rows),
            Self::Timestamps(data) => rules::check_length(name, data.values.len(), rows),
        }?;
        self.validity().map_or(Ok(()), |bits| rules::check_bitmap(name, bits.len(), rows))
    }

    pub(super) fn keep(&self, keep: &Mask) -> Self {
        let validity = self.validity().map(|bits| keep_bits(bits, keep));
        match self {
            Self::Booleans(data) => Self::Booleans(Booleans { values: keep_bits(&data.values, keep), validity }),
            Self::Int64s(data) => Self::Int64s(Int64s { values: keep_values(&data.values, keep), validity }),
            Self::Float64s(data) => Self::Float64s(Float64s { values: keep_values(&data.values, keep), validity }),
            Self::Decimals(data) => {
                let values = keep_values(data.values.as_chunks::<16>().0, keep).into_flattened();
                Self::Decimals(Decimals { kind: data.kind, values, validity })
            }
            Self::Texts(data) => Self::Texts(keep_texts(data, keep, validity)),
            Self::Binaries(data) => Self::Binaries(keep_texts(data, keep, validity)),
            Self::Dates(data) => Self::Dates(Dates { values: keep_values(&data.values, keep), validity }),
            Self::Timestamps(data) => {
                Self::Timestamps(Timestamps { zone: data.zone, values: keep_values(&data.values, keep), validity })
            }
        }
    }
}

pub(super) fn keep_values<T: Copy>(values: &[T], keep: &Mask) -> Vec<T> {
    keep.iter().map(|row| values[row]).collect()
}

fn keep_bits(bits: &[u8], keep: &Mask) -> Vec<u8> {
    let bits = Mask::of_bits(bits.to_vec(), keep.rows());
    let kept: Vec<bool> = keep.iter().map(|row| bits.contains(row)).collect();
    Mask::where_item(&kept, |bit| *bit).into_bits()
}

fn keep_texts(data: &Texts, keep: &Mask, validity: Option<Vec<u8>>) -> Texts {
    let (mut offsets, mut values) = (vec![0], Vec::new());
    for row in keep.iter() {
        values.extend_from_slice(&data.values[data.offsets[row] as usize..data.offsets[row + 1] as usize]);
        offsets.push(values.len() as i32);
    }
    Texts { offsets, values, validity }
}

pub(super) fn texts_of<'t>(rows: impl Iterator<Item = Option<&'t str>>, validity: Option<Vec<u8>>) -> Texts {
    bytes_of(rows.map(|row| row.map(str::as_bytes)), validity)
}

pub(super) fn bytes_of<'t>(rows: impl Iterator<Item = Option<&'t [u8]>>, validity: Option<Vec<u8>>) -> Texts {
    let (mut offsets, mut values) = (vec![0], Vec::new());
    for row in rows {
        values.extend_from_slice(row.unwrap_or_default());
        offsets.push(values.len() as i32);
    }
    Texts { offsets, values, validity }
}

pub(super) fn values<T: Copy + Default>(rows: &[Option<T>]) -> Vec<T> {
    rows.iter().map(|row| row.unwrap_or_default()).collect()
}

pub(super) fn validity<T>(rows: &[Option<T>]) -> Option<Vec<u8>> {
    rows.iter().any(Option::is_none).then(|| Mask::where_item(rows, Option::is_some).into_bits())
}
