//! The macros of dbt_utils, and of dbt itself, that are known. One that is not is refused by its name.

use std::sync::Arc;

use minijinja::value::{Object, Value};
use minijinja::{Error, ErrorKind, State};
use wmshost_sql::{Dialect, text_literal};

/// An error of a function, for the author of a model.
pub(super) fn refused(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.into())
}

/// The macros that are called without a package.
pub(super) const GLOBAL: [&str; 6] =
    ["type_string", "type_int", "type_numeric", "type_float", "type_timestamp", "current_timestamp"];

/// A package of macros.
#[derive(Debug, Clone, Copy)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) dialect: Dialect,
}

impl Object for Package {
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        self.called(method, arguments)
    }
}

impl Package {
    /// The SQL of a call.
    pub(super) fn called(&self, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        let (plain, named): (Vec<&Value>, Vec<&Value>) = arguments.iter().partition(|value| !value.is_kwargs());
        let argument = |at: usize, name: &str| -> Option<Value> {
            let named = named.first().and_then(|named| named.get_attr(name).ok()).filter(|value| !value.is_undefined());
            plain.get(at).map(|value| (*value).clone()).or(named)
        };
        let needed = |at: usize, name: &str| {
            argument(at, name)
                .map(|value| value.to_string())
                .ok_or_else(|| refused(format!("{}.{method} needs {name}", self.name)))
        };
        let is_oracle = self.dialect == Dialect::Oracle;
        let sql = match method {
            "star" => star(&argument)?,
            "group_by" => {
                let count: usize = needed(0, "n")?.parse().map_err(|_| refused("group_by needs a number"))?;
                let numbers: Vec<String> = (1..=count.min(1_000)).map(|number| number.to_string()).collect();
                format!("group by {}", numbers.join(","))
            }
            "safe_divide" | "div0" => {
                let (above, below) = (needed(0, "numerator")?, needed(1, "denominator")?);
                format!("( {above} ) / nullif( ( {below} ), 0)")
            }
            "safe_add" | "safe_subtract" => {
                let list = argument(0, "field_list").ok_or_else(|| refused("a list of fields is needed"))?;
                let sign = if method == "safe_add" { " + " } else { " - " };
                let parts = list.try_iter()?.map(|field| format!("coalesce({field}, 0)"));
                parts.collect::<Vec<_>>().join(sign)
            }
            "surrogate_key" => {
                return Err(refused(
                    "dbt_utils.surrogate_key makes other keys of NULL than generate_surrogate_key; choose one",
                ));
            }
            "generate_surrogate_key" => self.surrogate_key(&argument(0, "field_list"))?,
            "type_string" => if is_oracle { "VARCHAR2(4000)" } else { "TEXT" }.to_owned(),
            "type_int" | "type_bigint" => if is_oracle { "NUMBER(19)" } else { "INTEGER" }.to_owned(),
            "type_numeric" => if is_oracle { "NUMBER" } else { "NUMERIC" }.to_owned(),
            "type_float" => if is_oracle { "BINARY_DOUBLE" } else { "REAL" }.to_owned(),
            "type_timestamp" => "TIMESTAMP".to_owned(),
            "current_timestamp" => self.dialect.current_timestamp().to_owned(),
            "concat" => {
                let list = argument(0, "fields").ok_or_else(|| refused("concat needs a list"))?;
                list.try_iter()?.map(|field| field.to_string()).collect::<Vec<_>>().join(" || ")
            }
            "string_literal" => text_literal(&needed(0, "value")?),
            "escape_single_quotes" => {
                let literal = text_literal(&needed(0, "expression")?);
                literal[1..literal.len() - 1].to_owned()
            }
            "length" => format!("length({})", needed(0, "expression")?),
            "replace" => {
                format!("replace({}, {}, {})", needed(0, "field")?, needed(1, "old_chars")?, needed(2, "new_chars")?)
            }
            "position" => format!("instr({}, {})", needed(1, "string_text")?, needed(0, "substring_text")?),
            "except" => if is_oracle { "minus" } else { "except" }.to_owned(),
            "intersect" => "intersect".to_owned(),
            _ => {
                return Err(refused(format!(
                    "{}.{method}: no such macro here; write its SQL into the model",
                    self.name
                )));
            }
        };
        Ok(Value::from(sql))
    }

    /// The hash of several columns, as dbt_utils makes it.
    fn surrogate_key(&self, list: &Option<Value>) -> Result<String, Error> {
        if self.dialect == Dialect::Sqlite {
            return Err(refused("generate_surrogate_key needs md5, which SQLite lacks; use the columns as the key"));
        }
        let list = list.as_ref().ok_or_else(|| refused("generate_surrogate_key needs a list"))?;
        let fields = list
            .try_iter()?
            .map(|field| format!("coalesce(cast({field} as VARCHAR2(4000)), '_dbt_utils_surrogate_key_null_')"));
        let fields = fields.collect::<Vec<_>>().join(" || '-' || ");
        Ok(format!("lower(rawtohex(standard_hash({fields}, 'MD5')))"))
    }
}

/// The columns of a relation: all of them, because only the database knows their names.
fn star(argument: &impl Fn(usize, &str) -> Option<Value>) -> Result<String, Error> {
    let has_text =
        |at, name| argument(at, name).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    if has_text(3, "prefix") || has_text(4, "suffix") {
        return Err(refused("dbt_utils.star with `prefix` or `suffix` needs the table's columns; write them out"));
    }
    match (argument(1, "relation_alias"), argument(2, "except").or_else(|| argument(1, "except"))) {
        (_, Some(except)) if except.len().is_some_and(|count| count > 0) => {
            Err(refused("dbt_utils.star with `except` needs the table's columns; write them out"))
        }
        (Some(alias), _) if alias.as_str().is_some() => Ok(format!("{alias}.*")),
        _ => Ok("*".to_owned()),
    }
}
