//! The reports of `wmshost plugin`: descriptions of components.

use std::path::Path;

use wmshost_flow::Failure;
use wmshost_runtime::bundle::{BundleManifest, Installed};
use wmshost_runtime::grants::PluginGrants;
use wmshost_runtime::plugin_registry::named_digest;
use wmshost_sandbox::{Description, Plugin};

use super::documents::bundle::InstalledDocument;
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
            short(&named_digest(&plugin.digest)),
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

/// Reports the plugins of a bundle that was made.
pub(crate) fn bundle(manifest: &BundleManifest, to: &Path, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(manifest);
    }
    let rows = manifest.plugins.iter().map(|(name, plugin)| {
        let is_signed = if plugin.is_signed { "yes" } else { "no" };
        let kib = format!("{} KiB", plugin.bytes.div_ceil(1 << 10));
        vec![name.clone(), plugin.version.clone(), kib, is_signed.to_owned(), short(&plugin.digest)]
    });
    table(&["plugin", "version", "size", "signed", "digest"], &[2], rows.collect());
    print(&plain(&format!("{} has the plugins of {}", to.display(), manifest.pipeline)));
    Ok(())
}

/// Reports the plugins that were installed.
pub(crate) fn installed(plugins: &[Installed], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return json(&plugins.iter().map(InstalledDocument::from).collect::<Vec<_>>());
    }
    let rows = plugins.iter().map(|installed| {
        let outcome = if installed.is_unchanged { "was there" } else { "installed" };
        let signer = installed.signer.clone().unwrap_or_else(|| "not asked for".to_owned());
        let Installed { name, plugin, file, .. } = installed;
        vec![name.clone(), plugin.version.clone(), outcome.to_owned(), signer, file.display().to_string()]
    });
    table(&["plugin", "version", "outcome", "signed by", "file"], &[], rows.collect());
    Ok(())
}

fn short(digest: &str) -> String {
    format!("{}…", digest.get(..SHOWN_DIGEST).unwrap_or(digest))
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
