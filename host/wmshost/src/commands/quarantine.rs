//! `wmshost quarantine`: rows that were taken out, and sending them on their way again.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use wmshost_flow::{Failure, Quarantine, QuarantinedRow};
use wmshost_pipeline::{Resolved, StreamPlan, load};

use super::job::cancel_on_signals;
use super::{Edge, confirmed};
use crate::assemble::Assembly;
use crate::cli::{Output, QuarantineCommand, RowSelection, Selection};
use crate::exit::Exit;
use crate::home::{new_run_id, variable};
use crate::report::Watcher;
use crate::{connect, logs, report};

pub(super) fn quarantine(edge: &Edge, command: QuarantineCommand) -> anyhow::Result<Exit> {
    match command {
        QuarantineCommand::List { selection, limit, output } => list(&selection, limit, output.output),
        QuarantineCommand::Show { pipeline, id, output } => show(&pipeline, &id, output.output),
        QuarantineCommand::Replay { rows, output } => replay(edge, &rows, output.output),
        QuarantineCommand::Drop { rows, yes } => drop_rows(edge, &rows, yes),
    }
}

/// The rows of one stream's target that belong to it.
fn rows_of(pipeline: &Resolved, plan: &StreamPlan) -> Result<Vec<QuarantinedRow>, Failure> {
    let missing = || Failure::invalid_config(format!("there is no connection {}", plan.target));
    let connection = pipeline.connections.get(&plan.target).ok_or_else(missing)?;
    let Some(mut reader) = connect::reader(&plan.target, connection)? else { return Ok(Vec::new()) };
    Quarantine { pipeline: &pipeline.name }.rows(reader.as_mut(), std::slice::from_ref(&plan.name))
}

fn list(selection: &Selection, limit: usize, output: Output) -> anyhow::Result<Exit> {
    let pipeline = load(&selection.pipeline, &variable)?;
    let mut rows = Vec::new();
    for plan in pipeline.select(&selection.streams)? {
        rows.extend(rows_of(&pipeline, plan)?);
    }
    if output == Output::Json {
        report::json(&json!(rows.iter().map(as_json).collect::<Vec<_>>()));
        return Ok(Exit::Success);
    }
    let shown = rows.iter().take(limit).map(|row| {
        vec![
            row.id[..12].to_owned(),
            row.stream.clone(),
            row.key.clone().unwrap_or_default(),
            row.rule.clone(),
            row.reason.clone(),
            row.by.clone(),
            row.rejected_at.chars().take(19).collect(),
        ]
    });
    report::table(&["id", "stream", "key", "rule", "reason", "by", "at (UTC)"], &[], shown.collect());
    report::print(&format!("{} rows in quarantine", report::count(rows.len() as u64)));
    Ok(Exit::Success)
}

fn as_json(row: &QuarantinedRow) -> Json {
    json!({
        "id": row.id,
        "stream": row.stream,
        "key": row.key,
        "rule": row.rule,
        "reason": row.reason,
        "rejected_by": row.by,
        "run_id": row.run_id,
        "rejected_at": row.rejected_at,
        "row": serde_json::from_str::<Json>(&row.row).unwrap_or_else(|_| Json::String(row.row.clone())),
    })
}

fn show(file: &Path, id: &str, output: Output) -> anyhow::Result<Exit> {
    let pipeline = load(file, &variable)?;
    let mut found = Vec::new();
    for plan in &pipeline.streams {
        found.extend(rows_of(&pipeline, plan)?.into_iter().filter(|row| row.id.starts_with(id)));
    }
    let [row] = found.as_slice() else {
        let message = match found.len() {
            0 => format!("no row in quarantine has an id that begins with {id:?}"),
            many => format!("{many} rows have an id that begins with {id:?}; give more of it"),
        };
        return Err(Failure::invalid_config(message).into());
    };
    if output == Output::Json {
        report::json(&as_json(row));
        return Ok(Exit::Success);
    }
    let mut lines = vec![
        ("stream", row.stream.clone()),
        ("rule", row.rule.clone()),
        ("reason", row.reason.clone()),
        ("by", row.by.clone()),
        ("run", row.run_id.clone()),
        ("at", format!("{} UTC", row.rejected_at)),
    ];
    if let Ok(Json::Object(cells)) = serde_json::from_str::<Json>(&row.row) {
        lines.extend(cells.into_iter().map(|(name, value)| ("row", format!("{name} = {value}"))));
    }
    report::section(&row.id, &lines);
    Ok(Exit::Success)
}

/// The rows that are meant, of one stream.
fn selected(pipeline: &Resolved, rows: &RowSelection) -> anyhow::Result<Vec<QuarantinedRow>> {
    let plans = pipeline.select(std::slice::from_ref(&rows.stream))?;
    let mut found = Vec::new();
    for plan in plans {
        found.extend(rows_of(pipeline, plan)?);
    }
    if let Some(unknown) = rows.ids.iter().find(|id| !found.iter().any(|row| row.id.starts_with(*id))) {
        let stream = &rows.stream;
        let message = format!("stream {stream}: no row in quarantine has an id that begins with {unknown:?}");
        return Err(Failure::invalid_config(message).into());
    }
    let is_meant = |row: &QuarantinedRow| {
        let by_id = rows.ids.is_empty() || rows.ids.iter().any(|id| row.id.starts_with(id));
        by_id && rows.rule.as_ref().is_none_or(|rule| row.rule == *rule)
    };
    Ok(found.into_iter().filter(is_meant).collect())
}

fn replay(edge: &Edge, selection: &RowSelection, output: Output) -> anyhow::Result<Exit> {
    let run_id = new_run_id(edge.clock.as_ref());
    let cancel = cancel_on_signals()?;
    let rows = selected(&load(&selection.pipeline, &variable)?, selection)?;
    let catalog = edge.catalog()?;
    let pipeline = edge.pipeline(&selection.pipeline, &catalog)?;
    let plans = pipeline.select(std::slice::from_ref(&selection.stream))?;
    logs::start(Some(&edge.home.log(&run_id)), edge.verbose)?;
    let assembly = Assembly::new(&pipeline, &catalog, &edge.clock, run_id.clone());
    let context = assembly.context(Arc::new(Watcher::start(&[], output)), cancel);
    let mut replayed = Default::default();
    for stream in assembly.streams(&plans)? {
        replayed = stream.replay(&rows, &context)?;
    }
    if output == Output::Json {
        let kept: Vec<_> = replayed.kept.iter().map(|(id, why)| json!({ "id": id, "reason": why })).collect();
        report::json(&json!({ "run_id": run_id, "stream": selection.stream, "loaded": replayed.loaded, "kept": kept }));
    } else {
        for (id, why) in &replayed.kept {
            report::print(&format!("{} stays: {why}", &id[..12]));
        }
        report::print(&format!("{} rows loaded, {} stay in quarantine", replayed.loaded, replayed.kept.len()));
    }
    Ok(if replayed.kept.is_empty() { Exit::Success } else { Exit::Failed })
}

fn drop_rows(edge: &Edge, selection: &RowSelection, yes: bool) -> anyhow::Result<Exit> {
    let pipeline = load(&selection.pipeline, &variable)?;
    let rows = selected(&pipeline, selection)?;
    if rows.is_empty() {
        report::print("there is no such row in quarantine");
        return Ok(Exit::Success);
    }
    report::note(&format!("{} rows of {} are deleted from quarantine for good", rows.len(), selection.stream));
    if !confirmed(yes)? {
        report::print("nothing was deleted");
        return Ok(Exit::Failed);
    }
    for plan in pipeline.select(std::slice::from_ref(&selection.stream))? {
        let target = connect::target(&plan.target, &pipeline.connections[&plan.target], 1, Arc::clone(&edge.clock))?;
        let mut session = target.sql()?;
        session.begin()?;
        let dropped = Quarantine { pipeline: &pipeline.name }.remove(session.as_mut(), &rows)?;
        session.commit()?;
        report::print(&format!("{dropped} rows deleted"));
    }
    Ok(Exit::Success)
}
