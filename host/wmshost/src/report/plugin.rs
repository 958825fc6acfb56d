//! The reports of `wmshost plugin`: descriptions of components.

use wmshost_flow::Failure;
use wmshost_runtime::grants::PluginGrants;
use wmshost_runtime::plugin_registry::named_digest;
use wmshost_sandbox::{Description, Plugin};

use super::documents::grants::PluginGrantsDocument;
use super::documents::plugin::{PluginDocument, kind_name};
use super::{json, plain, print, section, table};
use crate::cli::Output;

/// The number of letters of a digest in a list.
const SHOWN_DIGEST: usize = "blake3:".len() + 12;

/// Reports the plugins of a pipeline: each with its label and its description of itself.
pub(crate) fn list(found: &[(String, Plugin, Description)], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        let documents = found.iter().map(|(_, plugin, said)| PluginDocument::of(plugin, said));
        return json(&documents.collect::<Vec<_>>());
    }
    let rows = found.iter().map(|(label, plugin, said)| {
        vec![
            label.clone(),
            plugin.world.to_string(),
            said.version.clone(),
            said.summary.clone(),
            format!("{}…", &named_digest(&plugin.digest)[..SHOWN_DIGEST]),
            plugin.file.display().to_string(),
        ]
    });
    table(&["plugin", "world", "version", "what it does", "digest", "file"], &[], rows.collect());
    Ok(())
}

/// Reports the grants of the plugins of a pipeline.
pub(crate) fn grants(found: &[PluginGrants], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&found.iter().map(PluginGrantsDocument::from).collect::<Vec<_>>());
    }
    for grants in found {
        let stream = grants.stream.as_deref().unwrap_or("models");
        print(&plain(&format!("{stream}, {}:", grants.stage)));
        for sentence in &grants.sentences {
            print(&plain(&format!("  {sentence}.")));
        }
    }
    Ok(())
}

/// Reports one plugin in full.
pub(crate) fn inspect(plugin: &Plugin, said: &Description, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&PluginDocument::of(plugin, said));
    }
    section(
        &said.name,
        &[
            ("what it does", said.summary.clone()),
            ("version", said.version.clone()),
            ("world", format!("{} (contract {})", plugin.world, plugin.contract)),
            ("file", plugin.file.display().to_string()),
            ("digest", named_digest(&plugin.digest)),
            ("asks for", plugin.imports.join(", ")),
        ],
    );
    if !said.settings.is_empty() {
        let rows = said.settings.iter().map(|setting| {
            vec![
                setting.name.clone(),
                kind_name(setting.kind).to_owned(),
                setting.fallback.clone().unwrap_or_else(|| "required".to_owned()),
                setting.choices.join(", "),
                setting.summary.clone(),
            ]
        });
        table(&["setting", "kind", "default", "choices", "what it is"], &[], rows.collect());
    }
    Ok(())
}
