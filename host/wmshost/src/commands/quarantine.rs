//! `wmshost quarantine`: rejected rows, and sending them through the pipeline again. Rows are read page by page,
//! because a quarantine can be large.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use wmshost_flow::{Failure, Quarantine, QuarantineFilter, QuarantinedRow, SqlSession};
use wmshost_pipeline::{Resolved, StreamPlan, load};

use super::{App, confirmed, ownership};
use crate::cli::{Output, QuarantineCommand, QuarantineListArgs, RowSelection};
use crate::data_dir::{new_run_id, variable};
use crate::exit::Exit;
use crate::report::{ProgressObserver, plain};
use crate::stream_factory::StreamFactory;
use crate::{connect, logs, report};

/// Rows that are read at once: few, because each may be as large as a batch.
const PAGE_ROWS: usize = 50;
/// The number of characters of an id that are shown.
const ID_CHARS: usize = 12;

pub(super) fn quarantine(app: &App, command: QuarantineCommand) -> anyhow::Result<Exit> {
    match command {
        QuarantineCommand::List(arguments) => list(&arguments),
        QuarantineCommand::Show { pipeline, id, output } => show(&pipeline, &id, output.output),
        QuarantineCommand::Replay { rows, output } => replay(app, &rows, output.output),
        QuarantineCommand::Drop { rows, yes } => drop_rows(app, &rows, yes),
    }
}

/// A session that reads the target of a stream; `None` if it does not exist yet.
fn reader(pipeline: &Resolved, plan: &StreamPlan) -> Result<Option<Box<dyn SqlSession>>, Failure> {
    let missing = || Failure::invalid_config(format!("there is no connection {}", plan.target));
    let connection = pipeline.connections.get(&plan.target).ok_or_else(missing)?;
    connect::reader(&plan.target, connection)
}

/// Checks a part of an id as it is typed; stored ids have no other characters.
fn check_ids(ids: &[String]) -> Result<(), Failure> {
    match ids.iter().find(|id| id.is_empty() || !id.chars().all(|c| c.is_ascii_hexdigit())) {
        Some(wrong) => Err(Failure::invalid_config(format!(
            "{wrong:?} is not an id: ids are the hexadecimal digits that `wmshost quarantine list` shows"
        ))),
        None => Ok(()),
    }
}

/// The rest of a listing.
struct Listing {
    left: usize,
    /// The beginning of the id after which the listing begins.
    after: Option<String>,
    json: bool,
    rows: Vec<Vec<String>>,
    listed: u64,
}

fn list(arguments: &QuarantineListArgs) -> anyhow::Result<Exit> {
    let pipeline = load(&arguments.selection.pipeline, &variable)?;
    check_ids(arguments.after.as_slice())?;
    let mut listing = Listing {
        left: if arguments.limit == 0 { usize::MAX } else { arguments.limit },
        after: arguments.after.clone(),
        json: arguments.output.output == Output::Json,
        rows: Vec::new(),
        listed: 0,
    };
    let mut count = 0;
    for plan in pipeline.select(&arguments.selection.streams)? {
        let Some(mut sql) = reader(&pipeline, plan)? else { continue };
        let filter = filter(&plan.name, arguments.rule.clone(), Vec::new());
        let quarantine = Quarantine { pipeline: &pipeline.name };
        count += quarantine.count(sql.as_mut(), &filter)?;
        listing.stream(&quarantine, sql.as_mut(), &filter)?;
    }
    if let Some(after) = &listing.after {
        return Err(
            Failure::invalid_config(format!("no row in quarantine has an id that begins with {after:?}")).into()
        );
    }
    if listing.json {
        report::print(if listing.listed == 0 { "[]" } else { "\n]" });
    } else {
        report::table(&["id", "stream", "key", "stage", "rule", "reason", "by", "at (UTC)"], &[], listing.rows);
        report::print(&format!("{} rows in quarantine", report::count(count)));
    }
    if listing.listed < count && listing.left == 0 {
        report::note("there are more: --limit N lists more of them, 0 all; --after ID goes on after a row");
    }
    Ok(Exit::Success)
}

fn filter(stream: &str, rule: Option<String>, ids: Vec<String>) -> QuarantineFilter {
    QuarantineFilter { stream: stream.to_owned(), rule, ids }
}

impl Listing {
    /// Lists the rows of a stream up to the limit; JSON is printed row by row.
    fn stream(
        &mut self,
        quarantine: &Quarantine<'_>,
        sql: &mut dyn wmshost_flow::Sql,
        filter: &QuarantineFilter,
    ) -> anyhow::Result<()> {
        let mut last = match &self.after {
            None => None,
            Some(id) => {
                let after = QuarantineFilter { ids: vec![id.clone()], ..filter.clone() };
                let Some(found) = quarantine.page(sql, &after, None, 1, false)?.pop() else { return Ok(()) };
                self.after = None;
                Some(found)
            }
        };
        while self.left > 0 {
            let page = quarantine.page(sql, filter, last.as_ref(), PAGE_ROWS.min(self.left), self.json)?;
            let Some(end) = page.last().cloned() else { break };
            self.left -= page.len();
            for row in &page {
                self.row(row);
            }
            last = Some(end);
        }
        Ok(())
    }

    fn row(&mut self, row: &QuarantinedRow) {
        if self.json {
            let before = if self.listed == 0 { "[\n" } else { ",\n" };
            report::print_part(&format!("{before}{}", as_json(row)));
        } else {
            let (id, key) = (shown_id(&row.id), row.key.as_deref().unwrap_or_default());
            let at: String = row.rejected_at.chars().take(19).collect();
            let cells = [&id, &row.stream, key, &row.stage, &row.rule, &row.reason, &row.by, &at];
            self.rows.push(cells.map(plain).to_vec());
        }
        self.listed += 1;
    }
}

/// The beginning of an id, which may be any text in the table.
fn shown_id(id: &str) -> String {
    id.chars().take(ID_CHARS).collect()
}

fn as_json(row: &QuarantinedRow) -> Json {
    json!({
        "id": row.id,
        "stream": row.stream,
        "key": row.key,
        "rule": row.rule,
        "reason": row.reason,
        "stage": row.stage,
        "rejected_by": row.by,
        "digest": row.digest,
        "run_id": row.run_id,
        "rejected_at": row.rejected_at,
        "row": serde_json::from_str::<Json>(&row.row).unwrap_or_else(|_| Json::String(row.row.clone())),
    })
}

fn show(file: &Path, id: &str, output: Output) -> anyhow::Result<Exit> {
    let pipeline = load(file, &variable)?;
    check_ids(&[id.to_owned()])?;
    let (mut found, mut count) = (Vec::new(), 0);
    for plan in &pipeline.streams {
        let Some(mut sql) = reader(&pipeline, plan)? else { continue };
        let filter = filter(&plan.name, None, vec![id.to_owned()]);
        let quarantine = Quarantine { pipeline: &pipeline.name };
        count += quarantine.count(sql.as_mut(), &filter)?;
        found.extend(quarantine.page(sql.as_mut(), &filter, None, 2, true)?);
    }
    let [row] = found.as_slice() else {
        let message = match count {
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
        ("stream", plain(&row.stream)),
        ("key", plain(row.key.as_deref().unwrap_or("-"))),
        ("rule", plain(&row.rule)),
        ("reason", plain(&row.reason)),
        ("stage", plain(&row.stage)),
        ("by", plain(&row.by)),
        ("run", plain(&row.run_id)),
        ("at", format!("{} UTC", plain(&row.rejected_at))),
    ];
    if let Some(digest) = &row.digest {
        lines.insert(6, ("digest", plain(digest)));
    }
    match serde_json::from_str::<Json>(&row.row) {
        Ok(Json::Object(cells)) => {
            lines.extend(cells.into_iter().map(|(name, value)| ("row", plain(&format!("{name} = {value}")))));
        }
        _ => lines.push(("row", plain(&row.row))),
    }
    report::section(&plain(&row.id), &lines);
    Ok(Exit::Success)
}

/// The selected rows of one stream, and their number.
fn selected(pipeline: &Resolved, rows: &RowSelection) -> anyhow::Result<(QuarantineFilter, u64)> {
    check_ids(&rows.ids)?;
    let mut count = 0;
    let filter = filter(&rows.stream, rows.rule.clone(), rows.ids.clone());
    for plan in pipeline.select(std::slice::from_ref(&rows.stream))? {
        let mut sql = reader(pipeline, plan)?;
        let quarantine = Quarantine { pipeline: &pipeline.name };
        for id in &rows.ids {
            let one = QuarantineFilter { rule: None, ids: vec![id.clone()], ..filter.clone() };
            let there = sql.as_mut().map_or(Ok(0), |sql| quarantine.count(sql.as_mut(), &one))?;
            if there == 0 {
                let stream = &rows.stream;
                let message = format!("stream {stream}: no row in quarantine has an id that begins with {id:?}");
                return Err(Failure::invalid_config(message).into());
            }
        }
        count += sql.as_mut().map_or(Ok(0), |sql| quarantine.count(sql.as_mut(), &filter))?;
    }
    Ok((filter, count))
}

fn replay(app: &App, selection: &RowSelection, output: Output) -> anyhow::Result<Exit> {
    let run_id = new_run_id(app.clock.as_ref());
    let (filter, _) = selected(&load(&selection.pipeline, &variable)?, selection)?;
    let registry = app.registry()?;
    let pipeline = app.pipeline(&selection.pipeline, &registry)?;
    let plans = pipeline.select(std::slice::from_ref(&selection.stream))?;
    let cancel = app.signals.let_end();
    logs::start(Some(&app.data_dir.log(&run_id)), app.verbose)?;
    ownership::require(&pipeline, &plans, None)?;
    let factory = StreamFactory::new(&pipeline, &registry, &app.clock, run_id.clone());
    let context = factory.context(Arc::new(ProgressObserver::start(&[], output)), cancel);
    let mut replayed = wmshost_flow::Replayed::default();
    for stream in factory.streams(&plans)? {
        replayed = stream.replay(&filter, &context)?;
    }
    if output == Output::Json {
        let kept: Vec<_> = replayed.kept.iter().map(|(id, why)| json!({ "id": id, "reason": why })).collect();
        report::json(&json!({
            "run_id": run_id,
            "stream": selection.stream,
            "loaded": replayed.loaded,
            "stayed": replayed.stayed,
            "kept": kept,
        }));
    } else {
        for (id, why) in &replayed.kept {
            report::print(&format!("{} stays: {}", shown_id(id), plain(why)));
        }
        let more = replayed.stayed - replayed.kept.len() as u64;
        if more > 0 {
            report::print(&format!("and {} more stay", report::count(more)));
        }
        report::print(&format!("{} rows loaded, {} stay in quarantine", replayed.loaded, replayed.stayed));
    }
    Ok(if replayed.stayed == 0 { Exit::Success } else { Exit::Failed })
}

fn drop_rows(app: &App, selection: &RowSelection, yes: bool) -> anyhow::Result<Exit> {
    let pipeline = load(&selection.pipeline, &variable)?;
    let (filter, count) = selected(&pipeline, selection)?;
    if count == 0 {
        report::print("there is no such row in quarantine");
        return Ok(Exit::Success);
    }
    report::note(&format!("{count} rows of {} are deleted from quarantine for good", selection.stream));
    if !confirmed(yes)? {
        report::print("nothing was deleted");
        return Ok(Exit::Failed);
    }
    for plan in pipeline.select(std::slice::from_ref(&selection.stream))? {
        let target = connect::target(&plan.target, &pipeline.connections[&plan.target], 1, Arc::clone(&app.clock))?;
        let mut session = target.sql()?;
        session.begin()?;
        let dropped = Quarantine { pipeline: &pipeline.name }.clear(session.as_mut(), &filter)?;
        session.commit()?;
        report::print(&format!("{dropped} rows deleted"));
    }
    Ok(Exit::Success)
}
