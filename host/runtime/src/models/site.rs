//! The documentation of models, as a folder of files that needs no network and no server.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::files::write_file;
use super::freshness::ages;
use super::models_project::ModelsProject;
use crate::error::Result;
use crate::runtime::Runtime;

const PAGE: &str = include_str!("site/index.html");
const STYLE: &str = include_str!("site/style.css");
const SCRIPT: &str = include_str!("site/site.js");

/// Writes the documentation into a folder; `with_profiles` also profiles of the columns, which read every table once.
/// Returns the page to open.
pub fn write_site(
    runtime: &Runtime,
    models_project: &ModelsProject,
    to: &Path,
    with_profiles: bool,
) -> Result<PathBuf> {
    let manifest = models_project.manifest(runtime.clock.now());
    let mut sql = models_project.target.sql()?;
    let mut profiles = serde_json::Map::new();
    if with_profiles {
        for name in models_project.project.everything().names(&models_project.project) {
            if let Some(profile) = models_project.project.profile(name, sql.as_mut())? {
                profiles.insert(name.to_owned(), profile);
            }
        }
    }
    let everything = models_project.project.everything();
    let ages = ages(runtime, models_project, &everything)?;
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
        write_file(&to.join(name), content)?;
    }
    Ok(to.join("index.html"))
}
