//! What a tenant of Oracle WMS Cloud does where the documentation leaves it open: measured by some small requests, for
//! `check --connect`, so that a report from a user says what the tenant is.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use wmshost_flow::{Cancel, Failure, Micros, ResponseFacts, ServiceRequest, ServiceSession};

use super::measurements::Finding;

/// The sizes of pages whose time is measured, in rows.
const SIZES: [&str; 3] = ["25", "250", "1250"];
/// The seconds by which two clocks may differ without a word.
const MOST_SECONDS_OFF: i64 = 60;
/// The time of change that incremental streams read by.
const CHANGED: &str = "mod_ts";

/// Returns what may differ from one contact to the next: the entities that the tenant lists, its clock, and the rows that
/// the user sees. `now` is the present time by this machine's clock.
pub(super) fn contact(
    session: &mut dyn ServiceSession,
    version: &str,
    entities: &BTreeSet<&str>,
    now: Micros,
) -> Result<Vec<Finding>, Failure> {
    let mut tenant = Tenant { session, version, found: Vec::new() };
    tenant.list_of_entities(entities, now)?;
    for entity in ["facility", "company"] {
        let (facts, body) = tenant.get(&format!("{entity}/"), &[("fields", "id"), ("page_size", "1250")])?;
        let count = rows(&body).len();
        tenant.note(format!("{entity}: rows that the user sees"), seen(&facts, &count.to_string()));
    }
    Ok(tenant.found)
}

/// Measures what the tenant does with these entities.
pub(super) fn measure(
    session: &mut dyn ServiceSession,
    version: &str,
    entities: &BTreeSet<&str>,
) -> Result<Vec<Finding>, Failure> {
    let mut tenant = Tenant { session, version, found: Vec::new() };
    let described = tenant.descriptions(entities)?;
    // The first entity with a time of change is taken for all of them.
    let first = described.iter().find(|(_, fields)| fields.get(CHANGED).is_some() && fields.get("id").is_some());
    if let Some((entity, _)) = first {
        tenant.filters(entity)?;
        tenant.pages(entity)?;
        tenant.spellings(entity)?;
    }
    Ok(tenant.found)
}

struct Tenant<'a> {
    session: &'a mut dyn ServiceSession,
    version: &'a str,
    found: Vec<Finding>,
}

impl Tenant<'_> {
    fn note(&mut self, subject: impl Into<String>, found: impl Into<String>) {
        self.found.push(Finding { subject: subject.into(), found: found.into() });
    }

    fn get(&mut self, path: &str, parameters: &[(&str, &str)]) -> Result<(ResponseFacts, Json), Failure> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let request = ServiceRequest {
            is_head: false,
            path: format!("wms/lgfapi/{}/entity/{path}", self.version),
            parameters: parameters.iter().map(owned).collect(),
        };
        let response = self.session.send(&request, &Cancel::default())?;
        let body = serde_json::from_slice(response.body()).unwrap_or(Json::Null);
        Ok((response.facts().clone(), body))
    }

    fn list_of_entities(&mut self, entities: &BTreeSet<&str>, now: Micros) -> Result<(), Failure> {
        let (facts, body) = self.get("", &[])?;
        let Some(listed) = body.as_object().filter(|_| facts.status == 200) else {
            return Err(Failure::invalid_config(format!(
                "the address is not that of a tenant: the list of entities is answered by {} {}",
                facts.status, facts.problem
            ))
            .advise("check `url`, `base_path` and the setting `version`"));
        };
        self.note("entities", listed.len().to_string());
        let missing: Vec<&str> = entities.iter().copied().filter(|entity| !listed.contains_key(*entity)).collect();
        if !missing.is_empty() {
            self.note("entities of streams that are not listed", missing.join(", "));
        }
        let clock = match facts.date {
            Some(date) => clock_difference((date - now) / 1_000_000),
            None => "not reported: no incremental stream can be read".to_owned(),
        };
        self.note("the service's clock", clock);
        Ok(())
    }

    /// The entities that are described, with their fields.
    fn descriptions<'e>(&mut self, entities: &BTreeSet<&'e str>) -> Result<Vec<(&'e str, Json)>, Failure> {
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut described = Vec::new();
        for entity in entities {
            let (facts, body) = self.get(&format!("{entity}/describe/"), &[])?;
            let fields = body.get("fields").cloned().unwrap_or(Json::Null);
            let Some(list) = fields.as_object() else {
                self.note(format!("{entity}: describe"), seen(&facts, "no fields"));
                continue;
            };
            let word = |field: &Json| field.get("type").and_then(Json::as_str).unwrap_or("none").to_owned();
            words.extend(list.values().map(word));
            let times = [CHANGED, "create_ts"].map(|name| if list.contains_key(name) { name } else { "-" });
            self.note(format!("{entity}: fields, times"), format!("{}, {}", list.len(), times.join(" ")));
            described.push((*entity, fields));
        }
        self.note("words for types", words.into_iter().collect::<Vec<_>>().join(" "));
        Ok(described)
    }

    fn filters(&mut self, entity: &str) -> Result<(), Failure> {
        let path = format!("{entity}/");
        let one = ("page_size", "1");
        for (subject, parameters) in [
            ("a fraction of a second in a filter", vec![("mod_ts__gte", "2000-01-01T00:00:00.5Z"), one]),
            ("id__gt with ordering=id", vec![("id__gt", "0"), ("ordering", "id"), one]),
            ("ordering=-id", vec![("ordering", "-id"), one]),
            ("page_mode=sequenced", vec![("page_mode", "sequenced"), one]),
            ("values_list=id", vec![("values_list", "id"), one]),
            ("empty_response_http_code=204", vec![("empty_response_http_code", "204"), ("id__lt", "0"), one]),
            ("an empty list", vec![("id__lt", "0"), one]),
        ] {
            let (facts, _) = self.get(&path, &parameters)?;
            self.note(subject, seen(&facts, "accepted"));
        }
        Ok(())
    }

    fn pages(&mut self, entity: &str) -> Result<(), Failure> {
        for size in SIZES {
            let (facts, body) = self.get(&format!("{entity}/"), &[("page_size", size), ("ordering", "id")])?;
            let count = rows(&body).len();
            let found = format!("{count} rows, {} bytes in {} ms", facts.bytes, facts.micros / 1_000);
            self.note(format!("{entity}: a page of {size}"), seen(&facts, &found));
            if size == SIZES[2] && facts.bytes > 0 {
                let is_packed = facts.received_bytes < facts.bytes;
                self.note(
                    "gzip",
                    if is_packed { format!("{} bytes received", facts.received_bytes) } else { "no".to_owned() },
                );
            }
        }
        Ok(())
    }

    fn spellings(&mut self, entity: &str) -> Result<(), Failure> {
        let (_, body) = self.get(&format!("{entity}/"), &[("page_size", "1"), ("ordering", "-id")])?;
        let Some(Json::Object(row)) = rows(&body).first().cloned() else { return Ok(()) };
        let spelled = |value: &Json| match value {
            Json::Number(_) => "a number",
            Json::String(_) => "text",
            Json::Object(_) => "an object",
            Json::Null => "null",
            _ => "something else",
        };
        self.note("spelling of id", row.get("id").map_or("missing", spelled));
        let time = row.get(CHANGED).and_then(Json::as_str).unwrap_or_default();
        let offset = time.get(19..).map(|rest| rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()));
        let digits = time.get(20..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        let offset = offset.filter(|offset| !offset.is_empty()).unwrap_or("none");
        self.note("mod_ts: offset, digits of a second", format!("{offset}, {digits}"));
        let relations: BTreeSet<&str> =
            row.iter().filter(|(name, _)| name.ends_with("_id")).map(|(_, value)| spelled(value)).collect();
        self.note("spelling of fields with _id", relations.into_iter().collect::<Vec<_>>().join(", "));
        Ok(())
    }
}

/// The difference of the service's clock from this machine's, in words.
fn clock_difference(seconds: i64) -> String {
    let advice = if seconds.abs() > MOST_SECONDS_OFF {
        "; set the one that is wrong: streams follow the service's, and their freshness is measured by this machine's"
    } else {
        ""
    };
    format!("{seconds:+} s beside this machine's{advice}")
}

/// The rows of a page.
fn rows(body: &Json) -> &[Json] {
    body.get("results").and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// The status of an answer in words: `good` if there is nothing against it.
fn seen(facts: &ResponseFacts, good: &str) -> String {
    match facts.status {
        200 => good.to_owned(),
        status if facts.problem.is_empty() => format!("answered by {status}"),
        status => format!("answered by {status}: {}", facts.problem.chars().take(120).collect::<String>()),
    }
}
