//! The documentation of models, as a folder of files that needs no network and no server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use wmshost_flow::Failure;
use wmshost_models::{Age, Manifest, NodeHistory, Profile, RunResults};

use super::freshness::ages;
use super::models_project::ModelsProject;
use crate::error::Result;
use crate::files::{json_text, write_file};
use crate::runtime::Runtime;

const PAGE: &str = include_str!("site/index.html");
/// The mark of a page of the host.
const GENERATOR: &str = "<meta name=\"generator\" content=\"wmshost\">";
/// The look of the documentation, and of all pages of the host.
pub const STYLE: &str = include_str!("site/style.css");
const SCRIPT: &str = include_str!("site/site.js");

/// The contents of `data.js`, which the page's script draws.
#[derive(Serialize)]
struct SiteData {
    manifest: Manifest,
    /// The last results of each node, by name.
    last: BTreeMap<String, NodeHistory>,
    /// The results of the last run, if there was one.
    results: Option<RunResults>,
    /// The profiles of the nodes' columns, by node.
    profiles: BTreeMap<String, Profile>,
    /// The ages of the nodes that declare limits, by name.
    freshness: BTreeMap<String, NodeAge>,
    /// The last days of each metric, in the order of the manifest.
    metric_days: Vec<SiteMetric>,
}

/// The age of a node.
#[derive(Serialize)]
struct NodeAge {
    status: &'static str,
    seconds: Option<u64>,
    by: String,
}

/// The last days of a metric: day and value.
#[derive(Serialize)]
struct SiteMetric {
    name: String,
    days: Vec<(String, Option<f64>)>,
}

impl NodeAge {
    fn of(age: Age) -> (String, Self) {
        (age.name, Self { status: age.status.name(), seconds: age.seconds, by: age.by })
    }
}

/// Writes the documentation into a folder; `with_profiles` also profiles of the columns, which read every table once.
/// Returns the page to open.
pub fn write_site(
    runtime: &Runtime,
    models_project: &ModelsProject,
    to: &Path,
    with_profiles: bool,
) -> Result<PathBuf> {
    let mut sql = models_project.sql()?;
    let mut profiles = BTreeMap::new();
    if with_profiles {
        for name in models_project.project.everything().names(&models_project.project) {
            if let Some(profile) = models_project.project.profile(name, sql.as_mut())? {
                profiles.insert(name.to_owned(), profile);
            }
        }
    }
    let everything = models_project.project.everything();
    let ages = ages(runtime, models_project, &everything)?;
    let mut metric_days = Vec::new();
    for metric in models_project.project.metrics() {
        let days = models_project.project.metric_days(metric, 30, sql.as_mut())?;
        metric_days.push(SiteMetric { name: metric.name.clone(), days });
    }
    let data = SiteData {
        manifest: models_project.manifest(runtime.clock.now()),
        last: models_project.project.last_results(&models_project.name, sql.as_mut())?,
        results: models_project.artifacts.results(),
        profiles,
        freshness: ages.into_iter().map(NodeAge::of).collect(),
        metric_days,
    };
    // A script element ends at the first `</`, also inside of a string.
    let script = format!("window.WMSHOST = {};\n", json_text(&data)?.replace("</", "<\\/"));
    let files = [("index.html", PAGE), ("style.css", STYLE), ("site.js", SCRIPT), ("data.js", script.as_str())];
    check_is_own(to, &files.map(|(name, _)| name))?;
    for (name, content) in files {
        write_file(&to.join(name), content)?;
    }
    Ok(to.join("index.html"))
}

/// Fails if a folder has one of these files and its page is not one of the host: nothing of others is replaced.
fn check_is_own(folder: &Path, names: &[&str]) -> Result<()> {
    let page = fs::read_to_string(folder.join("index.html")).unwrap_or_default();
    let foreign = names.iter().find(|name| folder.join(name).symlink_metadata().is_ok());
    match foreign {
        Some(name) if !page.contains(GENERATOR) => {
            let message = format!("{} has a file {name} that wmshost did not write", folder.display());
            Err(Failure::invalid_config(message).advise("name an empty folder, or remove what is in this one").into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_others_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let check = || check_is_own(folder.path(), &["index.html", "style.css"]);
        assert!(check().is_ok());
        fs::write(folder.path().join("style.css"), "theirs").unwrap();
        assert!(check().unwrap_err().to_string().contains("style.css"));
        fs::write(folder.path().join("index.html"), "theirs").unwrap();
        assert!(check().is_err());
        fs::write(folder.path().join("index.html"), PAGE).unwrap();
        assert!(check().is_ok());
    }

    #[test]
    fn the_script_takes_what_the_data_has() {
        let manifest = Manifest {
            format: 1,
            pipeline: String::new(),
            plugins: BTreeMap::new(),
            made_at: String::new(),
            nodes: Vec::new(),
            metrics: Vec::new(),
            exposures: Vec::new(),
        };
        let data = SiteData {
            manifest,
            last: BTreeMap::new(),
            results: None,
            profiles: BTreeMap::new(),
            freshness: BTreeMap::new(),
            metric_days: Vec::new(),
        };
        let data = serde_json::to_value(data).expect("JSON");
        let (_, taken) = SCRIPT.split_once("const {").expect("the names that the script takes");
        let (taken, _) = taken.split_once("} = window.WMSHOST;").expect("the names that the script takes");
        for name in taken.split(',').map(|name| name.split(':').next().unwrap_or_default().trim()) {
            assert!(data.get(name).is_some(), "{name}: the data has no such key");
        }
        for part in SCRIPT.split("manifest.").skip(1) {
            let name = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            assert!(data["manifest"].get(name).is_some(), "manifest.{name}: the manifest has no such key");
        }
    }
}
