//! `wmshost models docs`: the documentation as a folder of files that needs no network and no server.

use serde_json::{Value as Json, json};

use super::typed::DocsArgs;
use super::workshop::{Workshop, write_file};
use crate::commands::Edge;
use crate::exit::Exit;
use crate::report::print;

const PAGE: &str = include_str!("site/index.html");
const STYLE: &str = include_str!("site/style.css");
const SCRIPT: &str = include_str!("site/site.js");

pub(super) fn docs(edge: &Edge, args: &DocsArgs) -> anyhow::Result<Exit> {
    let workshop = Workshop::open(edge, &args.pipeline, &args.vars)?;
    let now = edge.clock.now();
    let mut sql = workshop.target.sql()?;
    let manifest = workshop.manifest(now);
    let mut profiles = serde_json::Map::new();
    if !args.no_profile {
        for name in workshop.project.everything().names(&workshop.project) {
            if let Some(profile) = workshop.project.profile(name, sql.as_mut())? {
                profiles.insert(name.to_owned(), profile);
            }
        }
    }
    let loaded = workshop.project.last_loads(&workshop.name, sql.as_mut())?;
    let ages =
        workshop.project.freshness(&workshop.name, &workshop.project.everything(), &loaded, now, sql.as_mut())?;
    let ages: serde_json::Map<String, Json> = ages
        .iter()
        .map(|age| {
            let json = json!({ "status": age.status.name(), "seconds": age.seconds, "by": age.by });
            (age.name.clone(), json)
        })
        .collect();
    let mut indicators = Vec::new();
    for indicator in workshop.project.indicators() {
        let days = workshop.project.indicator_days(indicator, 30, sql.as_mut())?;
        indicators.push(json!({ "name": indicator.name, "days": days }));
    }
    let data = json!({
        "manifest": manifest,
        "last": workshop.project.remembered(&workshop.name, sql.as_mut())?,
        "results": workshop.shelf.results(),
        "profiles": profiles,
        "freshness": ages,
        "indicator_days": indicators,
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
