//! `wmshost plugin`: descriptions of components.

use std::path::Path;

use serde_json::json;
use wmshost_pipeline::load;
use wmshost_sandbox::{CONTRACT_VERSION, Description, Plugin, SettingKind};

use super::App;
use crate::cli::{Output, PluginCommand};
use crate::data_dir::variable;
use crate::exit::Exit;
use crate::plugin_registry::named_digest;
use crate::report;

pub(super) fn plugin(app: &App, command: PluginCommand) -> anyhow::Result<Exit> {
    match command {
        PluginCommand::List { pipeline, output } => list(app, &pipeline, output.output),
        PluginCommand::Inspect { file, output } => inspect(app, &file, output.output),
    }
}

fn list(app: &App, file: &Path, output: Output) -> anyhow::Result<Exit> {
    let pipeline = load(file, &variable)?;
    let registry = app.registry()?;
    let mut found = Vec::new();
    for (label, path) in &pipeline.plugins {
        let plugin = registry.plugin(label, path)?;
        let said = plugin.describe()?;
        found.push((label, plugin, said));
    }
    if output == Output::Json {
        report::json(&json!(found.iter().map(|(_, plugin, said)| as_json(plugin, said)).collect::<Vec<_>>()));
        return Ok(Exit::Success);
    }
    let rows = found.iter().map(|(label, plugin, said)| {
        vec![
            (*label).clone(),
            plugin.world.to_string(),
            said.version.clone(),
            said.summary.clone(),
            plugin.file.display().to_string(),
        ]
    });
    report::table(&["plugin", "world", "version", "what it does", "file"], &[], rows.collect());
    Ok(Exit::Success)
}

fn inspect(app: &App, file: &Path, output: Output) -> anyhow::Result<Exit> {
    let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let plugin = app.registry()?.plugin(&name, file)?;
    let said = plugin.describe()?;
    if output == Output::Json {
        report::json(&as_json(&plugin, &said));
        return Ok(Exit::Success);
    }
    report::section(
        &said.name,
        &[
            ("what it does", said.summary.clone()),
            ("version", said.version.clone()),
            ("world", format!("{} (contract {CONTRACT_VERSION})", plugin.world)),
            ("file", plugin.file.display().to_string()),
            ("digest", named_digest(&plugin.digest)),
            ("asks for", plugin.imports.join(", ")),
        ],
    );
    if !said.settings.is_empty() {
        let rows = said.settings.iter().map(|setting| {
            vec![
                setting.name.clone(),
                kind(setting.kind).to_owned(),
                setting.fallback.clone().unwrap_or_else(|| "required".to_owned()),
                setting.choices.join(", "),
                setting.summary.clone(),
            ]
        });
        report::table(&["setting", "kind", "default", "choices", "what it is"], &[], rows.collect());
    }
    Ok(Exit::Success)
}

fn kind(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Text => "text",
        SettingKind::Integer => "integer",
        SettingKind::Number => "number",
        SettingKind::Flag => "flag",
        SettingKind::Texts => "texts",
    }
}

fn as_json(plugin: &Plugin, said: &Description) -> serde_json::Value {
    let settings: Vec<_> = said
        .settings
        .iter()
        .map(|setting| {
            json!({
                "name": setting.name,
                "kind": kind(setting.kind),
                "default": setting.fallback,
                "choices": setting.choices,
                "summary": setting.summary,
            })
        })
        .collect();
    json!({
        "plugin": plugin.name,
        "name": said.name,
        "version": said.version,
        "summary": said.summary,
        "world": plugin.world.name(),
        "file": plugin.file,
        "digest": named_digest(&plugin.digest),
        "imports": plugin.imports,
        "settings": settings,
    })
}
