//! Metrics in the form of OpenMetrics 1.0. Their names stay, and their labels are names of the pipeline files: a reader's
//! memory is bounded by the number of streams.

use std::fmt::{Display, Write as _};

use wmshost_runtime::serve::{self, Due, DueStatus};

use super::Site;
use super::exchange::{Call, Refusal, Reply};

pub(super) const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A metric: its type, its help, and its lines.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    lines: String,
}

impl Family {
    fn new(name: &'static str, kind: &'static str, help: &'static str) -> Self {
        Self { name, kind, help, lines: String::new() }
    }

    fn add(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<String> = labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
        let suffix = if self.kind == "counter" { "_total" } else { "" };
        let _ = writeln!(self.lines, "{}{suffix}{{{}}} {value}", self.name, labels.join(","));
    }
}

/// The reply with all metrics, at most two seconds old.
pub(super) fn metrics(site: &Site, _: &Call<'_>) -> Result<Reply, Refusal> {
    let text = site.metrics.get("", || Ok(text(site)))?;
    Ok(Reply::Body(200, KIND, text.to_vec()))
}

fn text(site: &Site) -> Vec<u8> {
    let [mut broken, mut paused, mut running, mut ended] = [
        Family::new("wmshost_pipeline_broken", "gauge", "1 if the pipeline file has mistakes."),
        Family::new("wmshost_pipeline_paused", "gauge", "1 if no scheduled run of the pipeline begins."),
        Family::new("wmshost_runs_running", "gauge", "Runs of this server that go on."),
        Family::new("wmshost_runs_ended", "counter", "Runs that have ended since the server was started."),
    ];
    let [mut next, mut due_exit] = [
        Family::new("wmshost_schedule_next_due_seconds", "gauge", "The next due time, in seconds since 1970."),
        Family::new(
            "wmshost_schedule_last_exit_code",
            "gauge",
            "The exit code of the last due run here; -1 if it was lost or killed.",
        ),
    ];
    let [mut healthy, mut age, mut max_age, mut quarantined] = [
        Family::new("wmshost_stream_healthy", "gauge", "1 if the stream needs no person."),
        Family::new("wmshost_stream_age_seconds", "gauge", "The time since a run left the target up to date."),
        Family::new("wmshost_stream_max_age_seconds", "gauge", "The longest time that may pass."),
        Family::new("wmshost_stream_quarantined_rows", "gauge", "Rows in quarantine."),
    ];
    let runs = site.handle.running();
    for served in site.handle.pipelines() {
        let file = served.file.display().to_string();
        broken.add(&[("file", &file)], u8::from(served.mistakes.is_some()));
        let Some(pipeline) = served.pipeline else { continue };
        let name = pipeline.name.as_str();
        running.add(&[("pipeline", name)], runs.values().filter(|run| run.unit.pipeline == name).count());
        if let Ok(schedules) = serve::schedules(site.handle.runtime(), &pipeline) {
            paused.add(&[("pipeline", name)], u8::from(schedules.paused_since.is_some()));
            for schedule in &schedules.schedules {
                let labels = [("pipeline", name), ("schedule", schedule.line.as_str())];
                if let Some(due) = schedule.next_due {
                    next.add(&labels, due / 1_000_000);
                }
                if let Some(code) = last_exit(&schedule.last) {
                    due_exit.add(&labels, code);
                }
            }
        }
        for stream in site.state(name).iter().flat_map(|state| &state.streams) {
            let labels = [("pipeline", name), ("stream", stream.stream.as_str())];
            healthy.add(&labels, u8::from(!stream.health.is_broken()));
            if let Some(passed) = stream.age {
                age.add(&labels, passed.as_secs());
            }
            if let Some(limit) = stream.max_age {
                max_age.add(&labels, limit.as_secs());
            }
            quarantined.add(&labels, stream.quarantined);
        }
    }
    for (name, counts) in site.handle.ended() {
        ended.add(&[("pipeline", &name), ("outcome", "succeeded")], counts.succeeded);
        ended.add(&[("pipeline", &name), ("outcome", "failed")], counts.failed);
    }
    let mut text = String::new();
    for Family { name, kind, help, lines } in
        [broken, paused, running, ended, next, due_exit, healthy, age, max_age, quarantined]
    {
        let _ = write!(text, "# TYPE {name} {kind}\n# HELP {name} {help}\n{lines}");
    }
    text.push_str("# EOF\n");
    text.into_bytes()
}

/// The exit code of the last run that has ended, of due times with the newest first; -1 if it left none.
fn last_exit(dues: &[Due]) -> Option<i32> {
    let ended = dues.iter().find(|due| matches!(due.status, DueStatus::Ended | DueStatus::Lost))?;
    Some(ended.exit_code.map_or(-1, i32::from))
}

#[cfg(test)]
mod tests {
    use wmshost_runtime::serve::UnitKey;

    use super::*;

    #[test]
    fn a_run_that_was_lost_is_not_taken_for_the_one_before() {
        let due = |status, exit_code| Due {
            unit: UnitKey { pipeline: "p".to_owned(), line: "@daily".to_owned() },
            due: 0,
            status,
            run_id: String::new(),
            attempt: 1,
            owner: 1,
            process: None,
            begun_at: 0,
            ended_at: None,
            exit_code,
            note: None,
        };
        let good = due(DueStatus::Ended, Some(0));
        for (newest, expected) in [
            (due(DueStatus::Running, None), 0),
            (due(DueStatus::Skipped, None), 0),
            (due(DueStatus::Lost, None), -1),
            (due(DueStatus::Ended, None), -1),
            (due(DueStatus::Ended, Some(3)), 3),
        ] {
            let name = newest.status.name();
            assert_eq!(last_exit(&[newest, good.clone()]), Some(expected), "{name}");
        }
        assert_eq!(last_exit(&[]), None);
    }

    #[test]
    fn labels_cannot_end_their_line() {
        let mut family = Family::new("wmshost_x", "counter", "");
        family.add(&[("file", "a\"b\\c\nd")], 7);
        assert_eq!(family.lines, "wmshost_x_total{file=\"a\\\"b\\\\c\\nd\"} 7\n");
    }
}
