//! The rejected rows of a pipeline by rule, with samples. The rows themselves are not shown: a command shows one.

use std::collections::BTreeMap;

use wmshost_flow::QuarantinedRow;
use wmshost_pipeline::Resolved;

use super::html::{Html, element, joined, link, text, words};
use super::parts::{command, count, run_link, section, shell_word, stream_link, table};
use super::{Answer, Visit, layout};
use crate::web::api::{failed, no_pipeline};
use crate::web::rejected::{Group, rejected};

pub(super) fn page(visit: &Visit<'_>) -> Answer {
    let name = visit.call.name();
    let pipeline = visit.site.handle.pipeline(name).ok_or_else(|| no_pipeline(name))?;
    let stream: Vec<String> = visit.call.parameter("stream").map(str::to_owned).into_iter().collect();
    let key = format!("{name}/{}", stream.join("/"));
    let listed = visit.site.quarantines.get(&key, || rejected(&pipeline, &stream)).map_err(failed)?;
    let groups = &listed.groups;
    let title = match stream.first() {
        Some(stream) => format!("Quarantine of stream {stream}"),
        None => format!("Quarantine of {name}"),
    };
    let cut = match listed.is_cut {
        true => format!("The first {} of {} rows are counted here.", listed.listed, listed.count),
        false => format!("{} rows that were rejected, by rule.", crate::report::count(listed.count)),
    };
    let all = link(&format!("/pipelines/{name}/quarantine"), "All streams");
    let parts = [
        words("h1", "", &title),
        words("p", "", cut),
        if stream.is_empty() { Html::default() } else { element("p", &[], [all]) },
        rules(name, groups),
        joined(groups.iter().map(|((stream, rule), group)| samples(&pipeline, stream, rule, group))),
    ];
    Ok(layout::page(visit, &title, parts))
}

fn rules(pipeline: &str, groups: &BTreeMap<(String, String), Group>) -> Html {
    let row = |((stream, rule), group): (&(String, String), &Group)| {
        vec![
            text(rule),
            stream_link(pipeline, stream),
            count(group.rows),
            text(&group.stage),
            text(&group.by),
            text(&group.last_rejected),
        ]
    };
    let head = ["rule", "stream", "rows", "stage", "rejected by", "last rejected (UTC)"];
    table("Rejected rows by rule", &head, &[2], groups.iter().map(row).collect())
}

fn samples(pipeline: &Resolved, stream: &str, rule: &str, group: &Group) -> Html {
    let row = |row: &QuarantinedRow| {
        vec![
            words("code", "", row.id.get(..12).unwrap_or(&row.id)),
            row.key.as_deref().map(text).unwrap_or_default(),
            text(&row.reason),
            run_link(&row.run_id),
        ]
    };
    let first = group.samples.first().map_or("ID", |row| row.id.get(..12).unwrap_or(&row.id));
    let [file, rule_word, first] = [&pipeline.file.display().to_string(), rule, first].map(shell_word);
    let commands = [
        ("A whole row: ", format!("wmshost quarantine show {file} {first}")),
        ("Try them again: ", format!("wmshost quarantine replay {file} --stream {stream} --rule {rule_word}")),
    ];
    let commands = commands.map(|(purpose, line)| element("p", &[], [text(purpose), command(&line)]));
    let title = format!("{rule} in {stream}");
    let shown = table(
        &format!("Samples of {title}"),
        &["id", "key", "reason", "run"],
        &[],
        group.samples.iter().map(row).collect(),
    );
    section(&title, [shown].into_iter().chain(commands))
}
