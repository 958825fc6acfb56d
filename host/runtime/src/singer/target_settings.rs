//! The settings of a target.

use std::path::PathBuf;

use wmshost_flow::Failure;

use super::reader::{Reader, SettingInfo, setting};

/// All settings of a target.
pub const SETTINGS: [SettingInfo; 9] = [
    setting("pipeline", "string", "The pipeline file that has the connection to load into; required."),
    setting("target", "string", "The label of that connection. Default: the only database of the file."),
    setting("loader", "string", "The loader, by its name or label. Default: table."),
    setting(
        "load_method",
        "string",
        "upsert (default) merges by key; append-only adds all records; overwrite replaces the table at the end.",
    ),
    setting("batch_size_rows", "integer", "The rows of one transaction. Default: load_batch_rows of the pipeline."),
    setting("add_record_metadata", "boolean", "Adds the columns _sdc_* to each row. Default: false."),
    setting("hard_delete", "boolean", "Deletes rows of older versions instead of marking them. Default: false."),
    setting("process_activate_version_messages", "boolean", "Acts on ACTIVATE_VERSION. Default: true."),
    setting("validate_records", "boolean", "true is the only value: rows that do not fit go to quarantine."),
];

/// The way in which records become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMethod {
    /// Merged by key.
    Upsert,
    /// Each record is a row of its own.
    AppendOnly,
    /// The table is replaced at the end.
    Overwrite,
}

/// The settings of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSettings {
    /// The pipeline file.
    pub pipeline: PathBuf,
    /// The label of the connection to load into.
    pub target: Option<String>,
    /// The loader.
    pub loader: String,
    /// The way in which records become rows.
    pub method: LoadMethod,
    /// The rows of one transaction.
    pub batch_rows: Option<u64>,
    /// True to add the columns `_sdc_*`.
    pub adds_metadata: bool,
    /// True to delete rows of older versions, which are marked otherwise.
    pub hard_delete: bool,
    /// True to act on ACTIVATE_VERSION.
    pub activates: bool,
    /// The streams whose guards against many deletions are lifted; no setting, but a decision for one run.
    pub allow_deletes: Vec<String>,
}

impl TargetSettings {
    /// Reads settings from JSON objects, of which the later ones win. All mistakes are reported at once.
    pub fn parse(texts: &[(String, String)]) -> Result<Self, Failure> {
        let mut reader = Reader::new(texts);
        let pipeline = reader.pipeline();
        let (target, loader) = (reader.text("target"), reader.text("loader"));
        let method = match reader.text("load_method").as_deref() {
            None | Some("upsert") => LoadMethod::Upsert,
            Some("append-only") => LoadMethod::AppendOnly,
            Some("overwrite") => LoadMethod::Overwrite,
            Some(other) => {
                let what = format!("load_method is {other:?}; it can be \"upsert\", \"append-only\" or \"overwrite\"");
                reader.mistakes.push(what);
                LoadMethod::Upsert
            }
        };
        let batch_rows = reader.count("batch_size_rows");
        let adds_metadata = reader.flag("add_record_metadata", false);
        let hard_delete = reader.flag("hard_delete", false);
        let activates = reader.flag("process_activate_version_messages", true);
        if !reader.flag("validate_records", true) {
            reader
                .mistakes
                .push("validate_records cannot be false: a value that does not fit is never stored".to_owned());
        }
        reader.end("target", &SETTINGS)?;
        Ok(Self {
            pipeline,
            target,
            loader: loader.unwrap_or_else(|| "table".to_owned()),
            method,
            batch_rows,
            adds_metadata,
            hard_delete,
            activates,
            allow_deletes: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(texts: &[&str]) -> Result<TargetSettings, String> {
        let texts: Vec<_> = texts.iter().map(|text| ("c.json".to_owned(), (*text).to_owned())).collect();
        TargetSettings::parse(&texts).map_err(|failure| failure.to_string())
    }

    #[test]
    fn later_settings_win_and_defaults_are_those_of_the_sdk() {
        let settings =
            parsed(&[r#"{"pipeline":"a.toml","hard_delete":true}"#, r#"{"pipeline":"b.toml","target":null}"#]);
        let settings = settings.expect("settings");
        assert_eq!(settings.pipeline, PathBuf::from("b.toml"));
        assert!(
            settings.hard_delete
                && settings.activates
                && settings.method == LoadMethod::Upsert
                && settings.target.is_none()
        );
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let wrong = parsed(&[r#"{"load_method":"append","batch_size_rows":0,"pasword":"secret","hard_delete":1}"#]);
        let wrong = wrong.expect_err("mistakes");
        for part in [
            "pipeline is missing",
            "\"append\"; it can be",
            "batch_size_rows is not",
            "\"pasword\"",
            "hard_delete is not",
        ] {
            assert!(wrong.contains(part), "{part}: {wrong}");
        }
        assert!(!wrong.contains("secret"), "{wrong}");
        assert!(parsed(&["[1]"]).expect_err("a list").contains("c.json: it is not a JSON object"));
    }
}
