//! `wmshost models docs`: the documentation as a folder of files that needs no network and no server.

use serde_json::{Value as Json, json};

use super::args::DocsArgs;
use super::models_project::{ModelsProject, write_file};
use crate::commands::App;
use crate::exit::Exit;
use crate::report::print;

const PAGE: &str = include_str!("site/index.html");
const STYLE: &str = include_str!("site/style.css");
const SCRIPT: &str = include_str!("site/site.js");

pub(super) fn docs(app: &App, args: &DocsArgs) -> anyhow::Result<Exit> {
    let models_project = ModelsProject::open(app, &args.pipeline, &args.vars)?;
    let now = app.clock.now();
    let mut sql = models_project.target.sql()?;
    let manifest = models_project.manifest(now);
    let mut profiles = serde_json::Map::new();
    if !args.no_profile {
        for name in models_project.project.everything().names(&models_project.project) {
            if let Some(profile) = models_project.project.profile(name, sql.as_mut())? {
                profiles.insert(name.to_owned(), profile);
            }
        }
    }
    let loaded = models_project.project.last_loads(&models_project.name, sql.as_mut())?;
    let ages = models_project.project.freshness(
        &models_project.name,
        &models_project.project.everything(),
        &loaded,
        now,
        sql.as_mut(),
    )?;
    let ages: serde_json::Map<String, Json> = ages
        .iter()
        .map(|age| {
            let json = json!({ "status": age.status.name(), "seconds": age.seconds, "by": age.by });
            (age.name.clone(), json)
        })
        .collect();
    let mut metrics = Vec::new();
    for metric in models_project.project.metrics() {
        let days = models_project.project.metric_days(metric, 30, sql.as_mut())?;
        metrics.push(json!({ "name": metric.name, "days": days }));
    }
    let data = json!({
        "manifest": manifest,
        "last": models_project.project.last_results(&models_project.name, sql.as_mut())?,
        "results": models_project.artifacts.results(),
        "profiles": profiles,
        "freshness": ages,
        "metric_days": metrics,
    });
    // A script element ends at the first `</`, also inside of a string.
    let script = format!("window.WMSHOST = {};\n", data.to_string().replace("</", "<\\/"));
    for (name, content) in
        [("index.html", PAGE), ("style.css", STYLE), ("site.js", SCRIPT), ("data.js", script.as_str())]
    {
        write_file(&args.to.join(name), content)?;
    }
    print(&format!("{}", args.to.join("index.html").display()));
    Ok(Exit::Success)
}
