//! Holds JSON against the JSON Schemas of the program: types, keys, lists, references, alternatives. Keys that the schema
//! does not name are mistakes, too, because they are not documented.

use serde_json::Value as Json;

/// The mistakes of a value, each with its place.
pub(crate) fn mistakes(schema: &Json, value: &Json) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "$", &mut found);
    found
}

/// The mistakes of a value whose schema is a part of a document.
pub(crate) fn mistakes_in(document: &Json, schema: &Json, value: &Json) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "$", &mut found);
    found
}

fn check(root: &Json, schema: &Json, value: &Json, place: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        let target = target.unwrap_or_else(|| panic!("{reference} is not in the schema"));
        return check(root, target, value, place, found);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(alternatives) = schema[key].as_array() {
            return any(root, alternatives, value, place, found);
        }
    }
    check_type(schema, value, place, found);
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.contains(value)) {
        found.push(format!("{place}: {value} is not one of {values:?}"));
    }
    if let Some(minimum) = schema["minimum"].as_f64()
        && value.as_f64().is_some_and(|number| number < minimum)
    {
        found.push(format!("{place}: {value} is less than {minimum}"));
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        check(root, &schema["items"], item, &format!("{place}[{at}]"), found);
    }
    check_keys(root, schema, value, place, found);
}

/// One of the alternatives must take the value; of those that do not, the nearest one's mistakes are reported.
fn any(root: &Json, alternatives: &[Json], value: &Json, place: &str, found: &mut Vec<String>) {
    let tried = alternatives.iter().map(|alternative| {
        let mut mistakes = Vec::new();
        check(root, alternative, value, place, &mut mistakes);
        mistakes
    });
    found.extend(tried.min_by_key(Vec::len).unwrap_or_default());
}

fn check_type(schema: &Json, value: &Json, place: &str, found: &mut Vec<String>) {
    let types: Vec<&str> = match &schema["type"] {
        Json::String(name) => vec![name],
        Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
        _ => return,
    };
    let is_of = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    };
    if !types.iter().any(|name| is_of(name)) {
        found.push(format!("{place}: not of type {}", types.join(" or ")));
    }
}

fn check_keys(root: &Json, schema: &Json, value: &Json, place: &str, found: &mut Vec<String>) {
    let Some(object) = value.as_object().filter(|_| schema.is_object() && schema.get("type").is_some()) else { return };
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        if !object.contains_key(key) {
            found.push(format!("{place}: {key} is missing"));
        }
    }
    for (key, value) in object {
        let below = format!("{place}.{key}");
        match (schema["properties"].get(key), schema.get("additionalProperties")) {
            (Some(property), _) => check(root, property, value, &below, found),
            (None, Some(others)) if others.is_object() => check(root, others, value, &below, found),
            (None, Some(Json::Bool(true))) => {}
            (None, _) => found.push(format!("{place}: {key} is not documented")),
        }
    }
}
