//! The settings of a tap or a target as a connection and the options of a run.

use std::path::Path;

use wmshost_pipeline::is_target_table;

use super::document::{Table, Value};
use super::plugins::Layers;
use super::reference::{Resolved, resolve};
use super::report::{Parity, PartKind, Report};
use super::rules::{BATCH_SIZES, Driver, Form, is_secret, without_counterpart};
use super::source::Placed;

/// The most rows of a batch.
const MOST_ROWS: u64 = 1_000_000;
/// The schema that Meltano makes of the tap.
const LOAD_SCHEMA: [&str; 2] = ["$MELTANO_EXTRACT__LOAD_SCHEMA", "${MELTANO_EXTRACT__LOAD_SCHEMA}"];

/// One side of a pipeline.
pub(super) struct SideOf<'a> {
    pub(super) layers: &'a Layers<'a>,
    pub(super) driver: Driver,
    /// The label of the connection, `source` or `target`.
    pub(super) label: &'static str,
    /// The name of the pipeline.
    pub(super) pipeline: &'a str,
    /// The schema that Meltano makes of the tap, for a target.
    pub(super) load_schema: Option<String>,
    /// The project's folder.
    pub(super) folder: &'a Path,
}

/// A value, or the reason why a variable takes its place.
type Found = Result<(Value, Parity, String), String>;

impl SideOf<'_> {
    /// Writes the connection; `handled` are settings that are dealt with elsewhere.
    pub(super) fn write(&self, pipeline: &mut Table, handled: &[&str], report: &mut Report) {
        let rules = self.driver.rules();
        let connection = pipeline.table("connections").table(self.label);
        connection.set("driver", Value::Text(self.driver.name().to_owned()));
        for (setting, placed) in self.layers.config() {
            let of_run = BATCH_SIZES.contains(&setting.as_str());
            let rule = rules.get(&setting).or(of_run.then_some((self.batch_key(), Form::Whole(MOST_ROWS))));
            let name = format!("{}.{setting}", self.layers.name);
            let part = (PartKind::Setting, name.as_str());
            if let Some((key, form)) = rule {
                let table =
                    if of_run { pipeline.table("run") } else { pipeline.table("connections").table(self.label) };
                let path = if of_run { format!("run.{key}") } else { format!("connections.{}.{key}", self.label) };
                let to = format!("{}: {path}", self.pipeline);
                let (value, parity, reason) = self.found(&setting, key, placed, form);
                table.set(key, value);
                report.add_to(placed, part, parity, &to, reason);
            } else if !handled.contains(&setting.as_str()) {
                match without_counterpart(&setting) {
                    Some(reason) => report.add_to(placed, part, Parity::Dropped, "", reason),
                    None => report.add_to(
                        placed,
                        part,
                        Parity::ByHand,
                        "",
                        "it is not known here: look up what it does, \
                         and see `wmshost keys`",
                    ),
                }
            }
        }
        self.complete(pipeline.table("connections").table(self.label), report);
    }

    fn batch_key(&self) -> &'static str {
        if self.label == "source" { "extract_batch_rows" } else { "load_batch_rows" }
    }

    /// Adds the keys that a connection must have and that the project leaves to the environment.
    fn complete(&self, connection: &mut Table, report: &mut Report) {
        if self.driver == Driver::Http && connection.get("auth").is_none() {
            connection.set("auth", Value::Text("basic".to_owned()));
        }
        let is_oauth = connection.get("auth") == Some(&Value::Text("client_credentials".to_owned()));
        let oauth = ["token_url", "client_id", "client_secret"];
        let required = if is_oauth { [&["url"], &oauth[..]].concat() } else { self.driver.required().to_vec() };
        for key in required {
            let is_there = connection.get(key).is_some() || key == "service_name" && connection.get("sid").is_some();
            if is_there {
                continue;
            }
            let variable = self.layers.variable(self.driver.rules().names(key).next().unwrap_or(key));
            let name = format!("{}.{key}", self.layers.name);
            let to = format!("{}: connections.{}.{key}", self.pipeline, self.label);
            let reason = format!("the project does not have it, and Meltano looks into the variable {variable}");
            report.add_to(self.layers.at, (PartKind::Setting, &name), Parity::Mapped, &to, reason);
            connection.set(key, Value::Variable(variable, None));
        }
    }

    /// The value of a setting; one that cannot be written is left to a variable.
    fn found(&self, setting: &str, key: &str, placed: Placed<'_>, form: Form) -> (Value, Parity, String) {
        let is_hidden = form == Form::Secret || is_secret(setting) || self.layers.declares_secret(setting);
        let names_secret =
            |text| matches!(resolve(text, self.layers), Resolved::Variable { name, .. } if is_secret(&name));
        let is_hidden = is_hidden || placed.node.text().is_some_and(names_secret);
        let found = if is_hidden { self.secret(placed) } else { self.plain(setting, key, placed, form) };
        found.unwrap_or_else(|why| {
            let variable = self.layers.variable(setting);
            (Value::Variable(variable.clone(), None), Parity::ByHand, format!("{why}: set the variable {variable}"))
        })
    }

    fn secret(&self, placed: Placed<'_>) -> Found {
        match placed.node.text().map(|text| resolve(text, self.layers)) {
            Some(Resolved::Variable { name, default: None }) => {
                Ok((Value::Variable(name, None), Parity::Carried, String::new()))
            }
            Some(Resolved::Variable { name, default: Some(_) }) => {
                let reason = format!("a secret in plain text below `env` was not copied: set the variable {name}");
                Ok((Value::Variable(name, None), Parity::ByHand, reason))
            }
            _ => Err("a secret in plain text was not copied".to_owned()),
        }
    }

    fn plain(&self, setting: &str, key: &str, placed: Placed<'_>, form: Form) -> Found {
        let text = placed.node.text().ok_or("it is not a single value")?;
        if form == Form::Schema && LOAD_SCHEMA.contains(&text) {
            let schema = self.load_schema.clone().ok_or("the schema that Meltano makes of the tap is not known")?;
            return Ok((
                self.written(&schema, form)?,
                Parity::Mapped,
                "the schema that Meltano makes of the tap".to_owned(),
            ));
        }
        let root = ["$MELTANO_PROJECT_ROOT/", "${MELTANO_PROJECT_ROOT}/"];
        let text = root.iter().filter(|_| form == Form::Path).find_map(|root| text.strip_prefix(root)).unwrap_or(text);
        match resolve(text, self.layers) {
            Resolved::Plain(plain) => {
                let value = self.written(&plain, form)?;
                let is_same = setting == key && value.to_string().trim_matches('"') == text;
                Ok((value, if is_same { Parity::Carried } else { Parity::Mapped }, String::new()))
            }
            Resolved::Variable { name, default } => {
                if matches!(form, Form::Seconds | Form::SignIn) && default.is_none() {
                    return Err("its value is written otherwise here".to_owned());
                }
                let default = default.map(|plain| self.written(&plain, form).map(Box::new)).transpose()?;
                let reason = match (&default, form) {
                    (Some(_), _) => format!("the variable {name} wins here over the value below `env`"),
                    (None, Form::Path) => "relative to the folder in which wmshost is started".to_owned(),
                    _ => String::new(),
                };
                let parity = if reason.is_empty() && setting == key { Parity::Carried } else { Parity::Mapped };
                Ok((Value::Variable(name, default), parity, reason))
            }
            Resolved::Mixed => Err("variables inside a text are not known here".to_owned()),
        }
    }

    /// A text as it is written in a pipeline.
    fn written(&self, text: &str, form: Form) -> Result<Value, String> {
        // An address may have a user and a password in it.
        if text.contains("://") && text.contains('@') {
            return Err("an address with a user in it was not copied".to_owned());
        }
        match form {
            Form::Text | Form::Secret => Ok(Value::Text(text.to_owned())),
            Form::Schema if is_target_table(text) => Ok(Value::Text(text.to_uppercase())),
            Form::Schema => Err("it is no name of a schema".to_owned()),
            Form::Path => {
                let folder = std::path::absolute(self.folder).unwrap_or_else(|_| self.folder.to_owned());
                Ok(Value::Text(folder.join(text).to_string_lossy().into_owned()))
            }
            Form::Whole(most) => match text.trim().parse::<u64>() {
                Ok(number) if (1..=most).contains(&number) => Ok(Value::Plain(number.to_string())),
                _ => Err(format!("it is no whole number from 1 to {most}")),
            },
            Form::Seconds => match text.trim().parse::<f64>() {
                Ok(seconds) if (1.0..=600.0).contains(&seconds) => Ok(Value::Text(format!("{:.0}s", seconds.ceil()))),
                _ => Err("it is no number of seconds from 1 to 600".to_owned()),
            },
            Form::Protocol => match text.to_lowercase().as_str() {
                word @ ("tcp" | "tcps") => Ok(Value::Text(word.to_owned())),
                _ => Err("it is neither `tcp` nor `tcps`".to_owned()),
            },
            Form::SignIn => match text.to_lowercase().as_str() {
                "basic" => Ok(Value::Text("basic".to_owned())),
                "oauth" | "oauth2" | "client_credentials" => Ok(Value::Text("client_credentials".to_owned())),
                _ => Err("it is neither `basic` nor `oauth2`".to_owned()),
            },
        }
    }
}
