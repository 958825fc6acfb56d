//! A table as a stream reads it, by the rules and grants of the pipeline: columns that are left out, masked, have another
//! type, form or name, or are computed, and rows that a condition chooses. Where a table is not read as it is, a SELECT takes
//! its place in a statement. A type is read as such where the server's type is near enough; a form is read as text and converted.

use std::collections::{BTreeMap, BTreeSet};

use arrow_schema::DataType;
use wmshost_flow::{ColumnOrder, ColumnRule, ColumnRules, Mask, SourceForm, type_name};
use wmshost_sql::Dialect;

use super::order::order_of;
use crate::forms::Conversion;
use crate::oracle::client::column_info::{ColumnInfo, Kind};
use crate::oracle::connect::settings::BareNumber;
use crate::oracle::names::{exactly, spelled};
use crate::oracle::types::{Reading, reading};

/// The way in which a column of a stream is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnReading {
    pub(crate) reading: Reading,
    /// The conversion of what was read; `None` if there is none.
    pub(crate) conversion: Option<Conversion>,
}

impl ColumnReading {
    /// The type of the column's values.
    pub(crate) fn arrow(&self) -> DataType {
        self.conversion.as_ref().map_or_else(|| self.reading.arrow(), |conversion| conversion.kind.clone())
    }
}

impl From<Reading> for ColumnReading {
    fn from(reading: Reading) -> Self {
        Self { reading, conversion: None }
    }
}

/// A table's columns as its stream has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamColumns {
    /// The types that the pipeline declares, by the columns' names in the stream, as Oracle spells them.
    pub(crate) wanted: BTreeMap<String, Conversion>,
    /// The columns that are masked, by their names in the stream.
    pub(crate) masked: BTreeSet<String>,
    /// The columns of the SELECT that takes the table's place; `None` if the table itself will do.
    pub(crate) list: Option<String>,
    /// The condition of the rows of that SELECT.
    pub(crate) rows: Option<String>,
}

impl StreamColumns {
    /// The SELECT that takes the place of a table with this name, which is read as `as_of` says; `None` if the table itself
    /// will do.
    pub(crate) fn select(&self, name: &str, as_of: &str) -> Option<String> {
        let list = self.list.as_ref()?;
        let rows = self.rows.as_ref().map(|rows| format!(" WHERE ({rows})")).unwrap_or_default();
        Some(format!("SELECT {list} FROM {name}{as_of}{rows}"))
    }
}

/// The columns that the rules make of those of a table; the errors are all mistakes of the rules.
pub(crate) fn resolve(
    table: &str,
    columns: &[ColumnInfo],
    bare: BareNumber,
    rules: &ColumnRules,
) -> Result<StreamColumns, Vec<String>> {
    let (mut mistakes, mut resolved) = (Vec::new(), StreamColumns::default());
    let (mut list, mut is_plain, mut names) = (Vec::new(), true, BTreeSet::new());
    for column in columns {
        let Some(name) = stream_name(&column.name, rules) else {
            is_plain = false;
            continue;
        };
        if !names.insert(spelled(&name)) {
            mistakes.push(format!("two columns would have the name {name}; rename or skip one of them"));
        }
        if let Some(mask) = rule_of(&column.name, rules).and_then(ColumnRule::mask) {
            is_plain = false;
            match masked(mask, column, (bare, rules)) {
                Ok((expression, kind)) => {
                    list.push(format!("{expression} AS {}", exactly(&name)));
                    resolved.wanted.insert(spelled(&name), kind.into());
                    resolved.masked.insert(spelled(&name));
                }
                Err(why) => mistakes.push(format!("column {} {why}", column.name)),
            }
            continue;
        }
        is_plain &= name == column.name;
        list.push(format!("{} AS {}", exactly(&column.name), exactly(&name)));
        if let Some(conversion) = declared_of(&column.name, rules) {
            mistakes.extend(read_as(column, &conversion).err());
            resolved.wanted.insert(spelled(&name), conversion);
        }
    }
    for (name, rule) in rules {
        let found = columns.iter().find(|column| is_name(&column.name, name));
        match (rule, found) {
            (ColumnRule::Greatest(_) | ColumnRule::RowScn, Some(_)) => {
                mistakes.push(format!("column {name} is computed, but the table has a column of that name"));
            }
            (ColumnRule::RowScn, None) => {
                list.push(format!("ORA_ROWSCN AS {}", exactly(&alias(name))));
                resolved.wanted.insert(spelled(name), DataType::Int64.into());
                is_plain = false;
            }
            (ColumnRule::Greatest(of), None) => {
                is_plain = false;
                match greatest(table, name, of, columns, (bare, rules)) {
                    Ok(expression) => list.push(format!("{expression} AS {}", exactly(&alias(name)))),
                    Err(why) => mistakes.push(why),
                }
            }
            (_, None) => mistakes.push(unknown(table, name, columns)),
            (_, Some(_)) => {}
        }
    }
    resolved.list = (!is_plain).then(|| list.join(", "));
    if mistakes.is_empty() { Ok(resolved) } else { Err(mistakes) }
}

/// The expression for the masked values of a column, and their type.
fn masked(
    mask: Mask,
    column: &ColumnInfo,
    (bare, rules): (BareNumber, &ColumnRules),
) -> Result<(String, DataType), String> {
    let declared = declared_of(&column.name, rules);
    let own = reading(column, bare).map(|read| read.arrow());
    let kind = declared.as_ref().map(|declared| declared.kind.clone()).or(own);
    let kind = kind.ok_or_else(|| "cannot be read; leave it out by \"skip\"".to_owned())?;
    let kind = mask.masked_type(&kind)?;
    let name = exactly(&column.name);
    let is_moment = matches!(column.kind, Kind::Date | Kind::Timestamp);
    let expression = match mask {
        Mask::Null => format!("CAST(NULL AS {})", null_type(&kind)),
        Mask::LastFour => format!(
            "CASE WHEN {name} IS NULL THEN NULL WHEN LENGTH({name}) > 4 THEN '****' || SUBSTR({name}, -4) ELSE '****' END"
        ),
        Mask::Month if is_moment && declared.is_none_or(|declared| declared.form.is_none()) => {
            format!("TRUNC({name}, 'MM')")
        }
        Mask::Month => return Err("is no DATE or TIMESTAMP without a zone, of which Oracle has the month".to_owned()),
        Mask::Hash => {
            return Err(
                "cannot be masked by \"hash\" on Oracle, whose statements would show the key; use another mask"
                    .to_owned(),
            );
        }
    };
    Ok((expression, kind))
}

/// The type of Oracle's for NULL of a type.
fn null_type(kind: &DataType) -> String {
    match kind {
        DataType::Int64 => "NUMBER(18)".to_owned(),
        DataType::Decimal128(precision, scale) => format!("NUMBER({precision}, {scale})"),
        DataType::Float64 => "BINARY_DOUBLE".to_owned(),
        DataType::Date32 => "DATE".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP(6)".to_owned(),
        DataType::Timestamp(..) => "TIMESTAMP(6) WITH TIME ZONE".to_owned(),
        _ => "VARCHAR2(1)".to_owned(),
    }
}

fn unknown(table: &str, name: &str, columns: &[ColumnInfo]) -> String {
    let columns: Vec<_> = columns.iter().take(20).map(|column| column.name.to_lowercase()).collect();
    format!("column {name} is not in table {table}, which has {}", columns.join(", "))
}

/// Returns whether a column is meant by a name: Oracle's own spelling of it, or just these letters.
fn is_name(column: &str, name: &str) -> bool {
    column == name || column == spelled(name)
}

fn rule_of<'r>(column: &str, rules: &'r ColumnRules) -> Option<&'r ColumnRule> {
    rules.iter().find(|(name, _)| is_name(column, name)).map(|(_, rule)| rule)
}

/// The type and form that the pipeline declares for a column.
fn declared_of(column: &str, rules: &ColumnRules) -> Option<Conversion> {
    match rule_of(column, rules)? {
        ColumnRule::Read(rule) => rule.declared().map(|kind| Conversion { kind, form: rule.form }),
        _ => None,
    }
}

/// The name of the table's column in the stream, as Oracle spells it; `None` if it is left out.
pub(crate) fn stream_name(column: &str, rules: &ColumnRules) -> Option<String> {
    match rule_of(column, rules) {
        None => Some(column.to_owned()),
        Some(rule) => rule.stream_name(column).map(|name| if name == column { name.to_owned() } else { alias(name) }),
    }
}

/// A name of the pipeline as Oracle spells it: in upper case if it has lower-case letters only.
fn alias(name: &str) -> String {
    let plain = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_' | '$' | '#');
    if name.chars().all(plain) { spelled(name) } else { name.to_owned() }
}

/// The greatest value that is not NULL: Oracle's GREATEST is NULL if one of its values is.
fn greatest(
    table: &str,
    name: &str,
    of: &[String],
    columns: &[ColumnInfo],
    (bare, rules): (BareNumber, &ColumnRules),
) -> Result<String, String> {
    let mut found = Vec::new();
    for member in of {
        let column = columns.iter().find(|column| is_name(&column.name, member));
        let column =
            column.ok_or_else(|| unknown(table, member, columns) + &format!("; {name} is the greatest of it"))?;
        if rule_of(&column.name, rules).is_some_and(|rule| rule.mask().is_some()) {
            return Err(format!("column {name} is the greatest of {member}, which is masked"));
        }
        let read = match &declared_of(&column.name, rules) {
            Some(conversion) => read_as(column, conversion)?,
            None => reading(column, bare).ok_or_else(|| format!("column {member} cannot be read"))?.into(),
        };
        found.push((column, read));
    }
    let kind = found.first().map(|(_, read)| read.arrow()).unwrap_or(DataType::Null);
    let is_plain = found.iter().all(|(_, read)| read.conversion.is_none() && read.arrow() == kind);
    if !is_plain || !matches!(kind, DataType::Timestamp(..) | DataType::Int64) {
        let types: Vec<_> =
            found.iter().map(|(column, read)| format!("{} {}", column.name, type_name(&read.arrow()))).collect();
        return Err(format!(
            "column {name}: the greatest of {} cannot be taken; on Oracle all have to be DATE and TIMESTAMP, or int64, \
             read as one type and from no form; a view can compute it",
            types.join(", ")
        ));
    }
    let has_fractions = found.iter().any(|(column, _)| column.kind != Kind::Date);
    let term = |(column, _): &(&ColumnInfo, ColumnReading)| match column.kind {
        // A DATE before a TIMESTAMP would cut the fractions of its seconds.
        Kind::Date if has_fractions => format!("CAST({} AS TIMESTAMP(6))", exactly(&column.name)),
        _ => exactly(&column.name),
    };
    let terms: Vec<String> = found.iter().map(term).collect();
    Ok(Dialect::Oracle.greatest(&terms))
}

/// The way to read a column as what the pipeline declares; the error is the reason why there is none.
pub(crate) fn read_as(column: &ColumnInfo, wanted: &Conversion) -> Result<ColumnReading, String> {
    let is_text = matches!(column.kind, Kind::Varchar | Kind::Char);
    let converted =
        |reading, form| Ok(ColumnReading { reading, conversion: Some(Conversion { kind: wanted.kind.clone(), form }) });
    match (column.kind, wanted.form, &wanted.kind) {
        (Kind::Number, None, DataType::Int64) => Ok(Reading::Int64.into()),
        (Kind::Number, None, DataType::Decimal128(precision, scale)) => {
            Ok(Reading::Decimal(*precision, scale.unsigned_abs()).into())
        }
        (Kind::Number, None, DataType::Utf8) => Ok(Reading::Digits.into()),
        (Kind::Number, None | Some(SourceForm::Words), DataType::Boolean) => {
            converted(Reading::Digits, Some(SourceForm::Words))
        }
        (Kind::Number, Some(form), _) if form.is_counted() => converted(Reading::Digits, Some(form)),
        (_, Some(form), _) if is_text => converted(Reading::Text, Some(form)),
        (Kind::Date | Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz, None, DataType::Timestamp(_, zone)) => {
            Ok(Reading::Timestamp { zoned: zone.is_some() }.into())
        }
        (Kind::Date | Kind::Timestamp, None, DataType::Date32) => converted(Reading::Timestamp { zoned: false }, None),
        (_, None, kind) if reading(column, BareNumber::Decimal).is_some_and(|own| own.arrow() == *kind) => {
            Ok(reading(column, BareNumber::Decimal).unwrap_or(Reading::Text).into())
        }
        (_, form, kind) => {
            let form = form.map(|form| format!(" from {}", form.name())).unwrap_or_default();
            let advice = if is_text { "; name the form of its text, such as `from = \"iso\"`" } else { "" };
            Err(format!(
                "column {} is {} and cannot be read as {}{form}{advice}",
                column.name,
                column.declared,
                type_name(kind)
            ))
        }
    }
}

/// The host's order of a column; the error is the reason why Oracle cannot order as the host does.
pub(crate) fn order_as(column: &ColumnInfo, read: &ColumnReading, charset: &str) -> Result<ColumnOrder, String> {
    match &read.conversion {
        None => order_of(column, read.reading, charset),
        // Numbers and moments are in the order of what becomes of them; parameters become such numbers.
        Some(Conversion { form, .. }) if form.is_none_or(SourceForm::is_counted) && column.kind != Kind::Varchar => {
            Ok(ColumnOrder::of(exactly(&column.name)))
        }
        Some(Conversion { form, .. }) => Err(format!(
            "its values are {}, which Oracle orders by letters; a view with TO_TIMESTAMP or TO_NUMBER can be read instead",
            form.map_or("text", SourceForm::name)
        )),
    }
}
