//! The software bill of materials of a bundle, in CycloneDX's JSON format, version 1.5 (ECMA-424): each plugin with its
//! digest, its contract and imports, and the tools that its component says it was made by.

use serde::Serialize;
use wmshost_sandbox::{ComponentFile, Description, Plugin};

/// The document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bill {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    component: Subject,
}

/// The subject of the document.
#[derive(Debug, Serialize)]
struct Subject {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
}

/// A plugin.
#[derive(Debug, Serialize)]
struct Part {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    description: String,
    hashes: Vec<Hash>,
    properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Debug, Serialize)]
struct Property {
    name: String,
    value: String,
}

impl Bill {
    /// A bill of a pipeline's plugins, without any yet.
    pub(super) fn of(pipeline: &str) -> Self {
        let component = Subject { kind: "application", name: pipeline.to_owned() };
        Self {
            bom_format: "CycloneDX",
            spec_version: "1.5",
            version: 1,
            metadata: Metadata { component },
            components: Vec::new(),
        }
    }

    /// Adds a plugin.
    pub(super) fn add(&mut self, label: &str, plugin: &Plugin, description: &Description, component: &ComponentFile) {
        let property = |name: String, value: &str| Property { name, value: value.to_owned() };
        let mut properties = vec![
            property("wmshost:world".to_owned(), &plugin.world.to_string()),
            property("wmshost:contract".to_owned(), &plugin.contract),
        ];
        properties.extend(plugin.imports.iter().map(|import| property("wmshost:import".to_owned(), import)));
        let made_by = component.producers().into_iter();
        properties.extend(made_by.map(|(field, tool)| property(format!("wasm:producers:{field}"), &tool)));
        self.components.push(Part {
            kind: "library",
            reference: label.to_owned(),
            name: description.name.clone(),
            version: description.version.clone(),
            description: description.summary.clone(),
            hashes: vec![Hash { alg: "BLAKE3", content: component.digest().to_owned() }],
            properties,
        });
    }
}
