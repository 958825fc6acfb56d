//! `describe`: the fields of an entity and its parameters, in the words of the tenant.

use std::fmt::Write as _;

use crate::catalogue::{Entity, Field, Kind};
use crate::quirks::Quirk;
use crate::reply::Reply;
use crate::tenant::{RELEASE_FIELD, Tenant};

/// The list of entities: name and address.
pub(crate) fn entities(tenant: &Tenant) -> Reply {
    let entries: Vec<String> = crate::catalogue::entities()
        .iter()
        .map(|entity| format!(r#""{0}": "{1}/{0}/""#, entity.name, tenant.base))
        .collect();
    Reply::json(200, format!("{{{}}}", entries.join(", ")))
}

/// The description of an entity.
pub(crate) fn describe(tenant: &Tenant, entity: &Entity) -> Reply {
    let names: Vec<String> = entity.fields.iter().map(|field| format!("\"{}\"", field.name)).collect();
    let mut body = format!(r#"{{"parameters": [{}], "fields": {{"#, names.join(", "));
    for (at, field) in entity.fields.iter().enumerate() {
        let _ = write!(body, "{}\"{}\": {}", if at > 0 { ", " } else { "" }, field.name, properties(tenant, field, at));
    }
    if tenant.is_released() {
        let _ = write!(body, r#", "{RELEASE_FIELD}": {{"type": "varchar", "required": false, "max_length": 50}}"#);
    }
    body.push_str("}}");
    Reply::json(200, body)
}

fn properties(tenant: &Tenant, field: &Field, at: usize) -> String {
    let has_other_words = tenant.quirks.has(Quirk::OtherWords);
    let word = if has_other_words { other_word(field.kind, at) } else { word(field.kind) };
    let mut written = String::from("{");
    if let Some(word) = word {
        // A release widens whole numbers and narrows users' names.
        let word = if tenant.is_released() && field.name == "task_seq_nbr" { "number" } else { word };
        let _ = write!(written, r#""type": "{word}", "#);
    }
    let required = match (has_other_words, field.required) {
        (false, required) => required.to_string(),
        (true, true) => r#""X""#.to_owned(),
        (true, false) => ["\"N\"", "\"C\""][at % 2].to_owned(),
    };
    let _ = write!(written, r#""required": {required}"#);
    match field.kind {
        Kind::Text(most) => {
            let most = if tenant.is_released() && field.name == "create_user" { 20 } else { most };
            let _ = write!(written, r#", "allow_blank": true, "max_length": {most}, "default": """#);
        }
        Kind::Integer => written.push_str(r#", "min_value": -99999999999, "max_value": 99999999999, "default": 0"#),
        Kind::Boolean => written.push_str(r#", "default": false"#),
        Kind::Instant if field.name.ends_with("_ts") => written.push_str(r#", "default": "now""#),
        _ => {}
    }
    written.push('}');
    written
}

/// The word for a kind; `None` where describe has none.
fn word(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Key | Kind::Status | Kind::Integer => "integer",
        Kind::Relation(_) => "relation",
        Kind::Set => "list",
        Kind::Computed => return None,
        Kind::Instant => "datetime",
        Kind::Date => "date",
        Kind::Decimal => "number",
        Kind::Boolean => "boolean",
        Kind::Text(_) => "varchar",
    })
}

/// Another word for a kind, as other tenants have it.
fn other_word(kind: Kind, at: usize) -> Option<&'static str> {
    Some(match kind {
        Kind::Key => "pk",
        Kind::Relation(_) => ["field", "relation"][at % 2],
        Kind::Decimal => ["decimal", "float", "number"][at % 3],
        Kind::Text(_) => ["string", "text", "glyphs"][at % 3],
        _ => return word(kind),
    })
}
