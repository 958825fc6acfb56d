//! The JSON Schemas of all outputs, by name.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;
use wmshost_models::{Manifest, ManifestNode, RunResults};
use wmshost_plugin_kit::Bench;
use wmshost_runtime::alerts::AlertMessage;
use wmshost_runtime::backup::{Backup, Restored};
use wmshost_runtime::bundle::BundleManifest;
use wmshost_runtime::receipts::Receipt;
use wmshost_runtime::state::StateExport;

use super::alerts::{AlertsDocument, DeliveryDocument};
use super::backfill::BackfillDocument;
use super::bundle::InstalledDocument;
use super::cases::CasesDocument;
use super::certificate::CertificateDocument;
use super::check::CheckDocument;
use super::clean::CleanedDocument;
use super::comparison::ModelsComparisonDocument;
use super::discover::TableDocument;
use super::doctor::DoctorDocument;
use super::error::ErrorDocument;
use super::explain::ExplanationDocument;
use super::grants::PluginGrantsDocument;
use super::import::{ImportDocument, MeltanoDocument};
use super::kpi::MetricDocument;
use super::models::{CompiledModelDocument, FreshnessDocument, PlannedModelDocument, ShownNodeDocument};
use super::plan::PlanDocument;
use super::plugin::PluginDocument;
use super::plugin_diff::PluginDiffDocument;
use super::quarantine::{QuarantinedRowDocument, ReplayDocument};
use super::receipt::CheckedReceiptDocument;
use super::recording::ReplayedDocument;
use super::run::RunDocument;
use super::runs::{RunRecordDocument, ShownRunDocument};
use super::sample::SampleDocument;
use super::schedule::SchedulesDocument;
use super::singer::AboutDocument;
use super::state::{StateDiffDocument, StateListDocument, StateLogDocument, StreamStateDocument};
use super::status::StatusDocument;
use super::tap::TapDocument;
use super::verify::VerifyDocument;

/// An output and its schema.
pub(crate) struct SchemaEntry {
    /// The name of the output for `wmshost schema`.
    pub(crate) name: &'static str,
    /// The command or file that has this form.
    pub(crate) origin: &'static str,
    /// Returns its JSON Schema.
    pub(crate) schema: fn() -> Json,
}

/// All outputs.
pub(crate) const SCHEMAS: &[SchemaEntry] = &[
    entry("run", "wmshost run --output json", of::<RunDocument>),
    entry("check", "wmshost check --output json", of::<CheckDocument>),
    entry("discover", "wmshost discover --output json", of::<Vec<TableDocument>>),
    entry("doctor", "wmshost doctor --output json", of::<DoctorDocument>),
    entry("plan", "wmshost plan --output json", of::<PlanDocument>),
    entry("tap", "wmshost tap --output json", of::<TapDocument>),
    entry("verify", "wmshost verify --output json", of::<VerifyDocument>),
    entry("backfill", "wmshost backfill --output json", of::<BackfillDocument>),
    entry("quarantine-list", "wmshost quarantine list --output json", of::<Vec<QuarantinedRowDocument>>),
    entry("quarantine-show", "wmshost quarantine show --output json", of::<QuarantinedRowDocument>),
    entry("quarantine-replay", "wmshost quarantine replay --output json", of::<ReplayDocument>),
    entry("state-list", "wmshost state list --output json", of::<StateListDocument>),
    entry("state-show", "wmshost state show --output json", of::<StreamStateDocument>),
    entry("state-log", "wmshost state log --output json", of::<StateLogDocument>),
    entry("state-diff", "wmshost state diff --output json", of::<StateDiffDocument>),
    entry("state-export", "wmshost state export", of::<StateExport>),
    entry("import-dbt", "wmshost import dbt --output json", of::<ImportDocument>),
    entry("import-meltano", "wmshost import meltano --output json", of::<MeltanoDocument>),
    entry("singer-about", "wmshost singer tap|target --about --format json", of::<AboutDocument>),
    entry("status", "wmshost status --output json", of::<StatusDocument>),
    entry("backup", "wmshost backup --output json, and backup.json", of::<Backup>),
    entry("restore", "wmshost restore --output json", of::<Vec<Restored>>),
    entry("clean", "wmshost clean --output json", of::<CleanedDocument>),
    entry("explain", "wmshost explain --output json", of::<ExplanationDocument>),
    entry("alert", "the body that a webhook gets, and the input of a command", of::<AlertMessage>),
    entry("alerts-list", "wmshost alerts list --output json", of::<AlertsDocument>),
    entry("alerts-send", "wmshost alerts send --output json, and test", of::<Vec<DeliveryDocument>>),
    entry("receipt", "a receipt, and wmshost receipt show --output json", of::<Receipt>),
    entry("receipt-check", "wmshost receipt check --output json", of::<Vec<CheckedReceiptDocument>>),
    entry("schedule-list", "wmshost schedule list --output json", of::<SchedulesDocument>),
    entry("runs-list", "wmshost runs list --output json", of::<Vec<RunRecordDocument>>),
    entry("runs-show", "wmshost runs show --output json", of::<ShownRunDocument>),
    entry("plugin-list", "wmshost plugin list --output json", of::<Vec<PluginDocument>>),
    entry("plugin-inspect", "wmshost plugin inspect --output json", of::<PluginDocument>),
    entry("plugin-bundle", "wmshost plugin bundle --output json", of::<BundleManifest>),
    entry("plugin-install", "wmshost plugin install --output json", of::<Vec<InstalledDocument>>),
    entry("plugin-replay", "wmshost plugin replay --output json", of::<Vec<ReplayedDocument>>),
    entry("plugin-grants", "wmshost plugin grants --output json", of::<Vec<PluginGrantsDocument>>),
    entry("plugin-check", "wmshost plugin check --output json", of::<CertificateDocument>),
    entry("plugin-bench", "wmshost plugin bench --output json", of::<Bench>),
    entry("plugin-diff", "wmshost plugin diff --output json", of::<PluginDiffDocument>),
    entry("plugin-test", "wmshost plugin test --output json", of::<CasesDocument>),
    entry("sample", "wmshost sample create --output json, and change", of::<SampleDocument>),
    entry("pipeline", "a pipeline file, as TOML", wmshost_pipeline::schema),
    entry("manifest", "manifest.json of models, and wmshost models docs", of::<Manifest>),
    entry("run-results", "wmshost models build --output json, and run_results.json", of::<RunResults>),
    entry("models-list", "wmshost models list --output json", of::<Vec<ManifestNode>>),
    entry("models-compile", "wmshost models compile --output json", of::<Vec<CompiledModelDocument>>),
    entry("models-show", "wmshost models show --output json", of::<ShownNodeDocument>),
    entry("models-diff", "wmshost models diff --output json", of::<Vec<PlannedModelDocument>>),
    entry("models-compare", "wmshost models compare --output json", of::<ModelsComparisonDocument>),
    entry("models-freshness", "wmshost models freshness --output json", of::<Vec<FreshnessDocument>>),
    entry("kpi", "wmshost kpi --output json", of::<Vec<MetricDocument>>),
    entry("error", "any command with --output json that failed before it had a result", of::<ErrorDocument>),
];

const fn entry(name: &'static str, origin: &'static str, schema: fn() -> Json) -> SchemaEntry {
    SchemaEntry { name, origin, schema }
}

/// The schema of what is written, draft 2020-12: keys that are always there are required, also where they may be null.
fn of<T: JsonSchema>() -> Json {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_output_has_a_name_of_its_own_and_a_documented_schema() {
        let names: BTreeSet<_> = SCHEMAS.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), SCHEMAS.len());
        // The schema of pipeline files is older on purpose, for editors, and documented where its keys are.
        for entry in SCHEMAS.iter().filter(|entry| entry.name != "pipeline") {
            let schema = (entry.schema)();
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{}", entry.name);
            let undocumented = undocumented(&schema, entry.name);
            assert!(undocumented.is_empty(), "without a description: {undocumented:?}");
        }
    }

    /// The properties without a description.
    fn undocumented(schema: &Json, path: &str) -> Vec<String> {
        let Some(object) = schema.as_object() else { return Vec::new() };
        let mut found = Vec::new();
        for (key, value) in object {
            let path = format!("{path}.{key}");
            if key == "properties" {
                let properties = value.as_object().into_iter().flatten();
                let bare = properties.filter(|(_, property)| {
                    property.is_object() && property.get("description").is_none() && property.get("$ref").is_none()
                });
                found.extend(bare.map(|(name, _)| format!("{path}.{name}")));
            }
            match value {
                Json::Array(values) => {
                    found.extend(values.iter().flat_map(|value| undocumented(value, &path)));
                }
                value => found.extend(undocumented(value, &path)),
            }
        }
        found
    }
}
