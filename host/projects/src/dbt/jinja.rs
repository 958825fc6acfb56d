//! The functions that models call while their Jinja is evaluated, within limits: a fuel for each model with the macros that it
//! calls, a depth of macros, a size of the result. Fuel pays for steps and for the text that they make, so that neither time
//! nor memory grows without bounds; where the engine does not count, a limit of time ends the evaluation. The functions answer from the project's files; none looks at a database,
//! at the environment or at a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use minijinja::value::{Kwargs, Object, Rest, Value};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior};
use wmshost_sql::Dialect;

use super::macros::Macro;
use super::relations::marked;
use super::utils::{self, refused};

/// The steps of one model with all macros that it calls. The engine takes one more for every 64 bytes of text that a step
/// makes, before it makes them.
const FUEL: u64 = 1_000_000;
/// The depth to which macros may call each other.
const DEPTH: usize = 30;
/// The greatest size of an evaluated text in bytes.
const MOST_BYTES: usize = 1 << 20;
/// The stack of an evaluation, in bytes.
const STACK: usize = 16 << 20;

/// The setting under which it is noted that a model reads a part of `target`.
pub(super) const TARGET: &str = "target";

/// The state of the evaluation of one model.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) is_incremental: bool,
    /// The settings of `config(…)`, in order.
    pub(super) config: Vec<(String, Value)>,
    depth: usize,
    /// The value of `return(…)` while it ends its macro.
    returned: Option<Value>,
}

/// The facts that the functions answer from.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) dialect: Dialect,
    /// The models, seeds and snapshots.
    pub(super) models: BTreeSet<String>,
    /// The stream of each table of a source: (source, table) to (stream, identifier).
    pub(super) sources: BTreeMap<(String, String), (String, String)>,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) macros: BTreeSet<String>,
    run: Mutex<Run>,
}

impl Known {
    pub(super) fn new(
        dialect: Dialect,
        models: BTreeSet<String>,
        sources: BTreeMap<(String, String), (String, String)>,
        variables: BTreeMap<String, Value>,
        macros: &[Macro],
    ) -> Arc<Self> {
        let macros = macros.iter().map(|own| own.name.clone()).collect();
        Arc::new(Self { dialect, models, sources, variables, macros, run: Mutex::default() })
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mistake in a template: file, line and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JinjaError {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) what: String,
}

/// Evaluates the project's templates.
pub(super) struct Jinja {
    environment: Arc<Environment<'static>>,
    known: Arc<Known>,
    files: BTreeMap<String, String>,
    time_limit: Duration,
    /// True once an evaluation has not ended in time. It cannot be interrupted, and goes on until the process ends.
    is_stuck: AtomicBool,
}

impl Jinja {
    pub(super) fn new(known: Arc<Known>, macros: &[Macro], time_limit: Duration) -> Result<Self, JinjaError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let mut files = BTreeMap::new();
        for own in macros {
            let template = template_of(own);
            files.insert(template.clone(), own.file.clone());
            let added = environment.add_template_owned(template.clone(), own.source.clone());
            added.map_err(|error| mistake(&error, &own.file, &files))?;
            let name = own.called();
            let called = MacroCall { name: name.clone(), body: own.body(), template, known: Arc::clone(&known) };
            environment.add_global(name, Value::from_object(called));
        }
        add_functions(&mut environment, &known);
        Ok(Self { environment: Arc::new(environment), known, files, time_limit, is_stuck: AtomicBool::new(false) })
    }

    /// Evaluates a text; returns it with the settings that it makes.
    pub(super) fn evaluate(
        &self,
        file: &str,
        text: &str,
        is_incremental: bool,
    ) -> Result<(String, Vec<(String, Value)>), JinjaError> {
        let wrong = |what: String| Err(JinjaError { file: file.to_owned(), line: 0, what });
        if self.is_stuck.load(Ordering::Relaxed) {
            return wrong("not evaluated, because another text did not end in time".to_owned());
        }
        *self.known.run() = Run { is_incremental, ..Run::default() };
        let (sender, rendered) = sync_channel(1);
        let (environment, name, text) = (Arc::clone(&self.environment), file.to_owned(), text.to_owned());
        let evaluation = move || drop(sender.send(environment.render_named_str(&name, &text, ())));
        if let Err(error) = thread::Builder::new().stack_size(STACK).spawn(evaluation) {
            return wrong(format!("no thread can be started: {error}"));
        }
        let Ok(rendered) = rendered.recv_timeout(self.time_limit) else {
            self.is_stuck.store(true, Ordering::Relaxed);
            return wrong(format!("it does not end within {} s", self.time_limit.as_secs()));
        };
        let rendered = rendered.map_err(|error| mistake(&error, file, &self.files))?;
        if rendered.len() > MOST_BYTES {
            return wrong(format!("the evaluated text is larger than {} MiB", MOST_BYTES >> 20));
        }
        let config = std::mem::take(&mut self.known.run().config);
        Ok((rendered, config))
    }
}

/// The name of the template that has a macro.
fn template_of(own: &Macro) -> String {
    format!("{}:{}", if own.is_test { "test" } else { "macro" }, own.name)
}

/// The innermost place of an error, and its reason.
fn mistake(error: &Error, file: &str, files: &BTreeMap<String, String>) -> JinjaError {
    let mut innermost: &Error = error;
    while let Some(inner) = std::error::Error::source(innermost).and_then(|inner| inner.downcast_ref::<Error>()) {
        innermost = inner;
    }
    let line = innermost.line().or(error.line()).unwrap_or(0);
    let name = innermost.name().filter(|name| !name.is_empty()).unwrap_or(file);
    let file = files.get(name).cloned().unwrap_or_else(|| file.to_owned());
    let reason = match innermost.kind() {
        ErrorKind::OutOfFuel => format!("it does not end within {FUEL} steps, of which each may make 64 bytes of text"),
        ErrorKind::UnknownFunction => format!("{}: no such macro", innermost.detail().unwrap_or("a call")),
        _ => innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned),
    };
    JinjaError { file, line, what: reason }
}

/// A macro of the project as a function of all templates.
#[derive(Debug)]
struct MacroCall {
    name: String,
    body: String,
    template: String,
    known: Arc<Known>,
}

impl Object for MacroCall {
    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, arguments: &[Value]) -> Result<Value, Error> {
        {
            let mut run = self.known.run();
            run.depth += 1;
            if run.depth > DEPTH {
                return Err(refused(format!("macros call each other more than {DEPTH} deep: {}", self.name)));
            }
        }
        let template = state.env().get_template(&self.template)?;
        let mut captured = template.render_captured(())?;
        // The macro has the fuel that its caller has left, and what it takes is taken from there.
        let used = |state: &State<'_, '_>| state.fuel_levels().map_or(0, |(used, _)| used);
        let before = used(state);
        let (result, after) = captured.with_state_mut(|inner| {
            let result = inner.consume_fuel(before).and_then(|()| inner.call_macro(&self.body, arguments));
            (result, used(inner))
        });
        state.consume_fuel(after.saturating_sub(before))?;
        let mut run = self.known.run();
        run.depth -= 1;
        match run.returned.take() {
            Some(value) => Ok(value),
            None => result.map(Value::from),
        }
    }
}

/// A table that knows its name: `this`, or what `ref` and `source` return.
#[derive(Debug)]
struct Relation {
    name: String,
    identifier: String,
}

impl Object for Relation {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "identifier" | "name" | "table" => Some(Value::from(self.identifier.clone())),
            _ => None,
        }
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&marked(&self.name, &self.identifier))
    }
}

fn relation(name: &str, identifier: &str) -> Value {
    Value::from_object(Relation { name: name.to_owned(), identifier: identifier.to_owned() })
}

fn texts(arguments: &[Value]) -> Vec<String> {
    arguments.iter().filter(|value| !value.is_kwargs()).map(ToString::to_string).collect()
}

fn add_functions(environment: &mut Environment<'static>, known: &Arc<Known>) {
    let own = Arc::clone(known);
    environment.add_function("ref", move |arguments: Rest<Value>| {
        let names = texts(&arguments);
        let name = names.last().ok_or_else(|| refused("ref needs a name"))?;
        match own.models.contains(name) {
            true => Ok(relation(name, name)),
            false => Err(refused(format!("ref('{name}'): the project has no such model"))),
        }
    });
    let own = Arc::clone(known);
    environment.add_function("source", move |group: String, table: String| {
        match own.sources.get(&(group.clone(), table.clone())) {
            Some((stream, identifier)) => Ok(relation(stream, identifier)),
            None => Err(refused(format!("source('{group}', '{table}') is not declared"))),
        }
    });
    let own = Arc::clone(known);
    environment.add_function("var", move |name: String, fallback: Option<Value>| {
        let value = own.variables.get(&name).cloned().or(fallback);
        value.ok_or_else(|| refused(format!("the variable {name} has no value; give it by --vars {name}=…")))
    });
    environment.add_function("env_var", |name: String, fallback: Option<Value>| {
        fallback.ok_or_else(|| refused(format!("env_var('{name}') has no default, and the environment is not read")))
    });
    add_statements(environment, known);
    add_objects(environment, known);
}

/// The functions that set something, end something, or would ask the database.
fn add_statements(environment: &mut Environment<'static>, known: &Arc<Known>) {
    let own = Arc::clone(known);
    environment.add_function("config", move |given: Rest<Value>, named: Kwargs| {
        let mut settings: Vec<(String, Value)> = Vec::new();
        for map in given.iter() {
            for key in map.try_iter()? {
                settings.push((key.to_string(), map.get_item(&key)?));
            }
        }
        for key in named.args() {
            settings.push((key.to_owned(), named.get(key)?));
        }
        own.run().config.extend(settings);
        Ok::<_, Error>(Value::from(""))
    });
    let own = Arc::clone(known);
    environment.add_function("is_incremental", move || own.run().is_incremental);
    let own = Arc::clone(known);
    // As in dbt, nothing of the macro is evaluated after it.
    environment.add_function("return", move |value: Value| -> Result<Value, Error> {
        own.run().returned = Some(value);
        Err(refused("return outside of a macro"))
    });
    for silent in ["log", "print"] {
        environment.add_function(silent, |_: Rest<Value>| "");
    }
    for reads in ["run_query", "statement", "load_result", "get_relation"] {
        environment.add_function(reads, move |_: Rest<Value>, _: Kwargs| -> Result<Value, Error> {
            Err(refused(format!("{reads} reads the database while SQL is made; write its result into the model")))
        });
    }
}

/// The objects that templates know, and the macros of packages.
fn add_objects(environment: &mut Environment<'static>, known: &Arc<Known>) {
    environment.add_global("this", relation("this", "this"));
    environment.add_global("execute", true);
    let kind = known.dialect.name().to_ascii_lowercase();
    environment.add_global("target", Value::from_object(Target { kind, known: Arc::clone(known) }));
    environment.add_global("adapter", Value::from_object(Adapter(Arc::clone(known))));
    environment.add_global("exceptions", Value::from_object(Exceptions));
    environment
        .add_global("dbt_utils", Value::from_object(utils::Package { name: "dbt_utils", dialect: known.dialect }));
    environment.add_global("dbt", Value::from_object(utils::Package { name: "dbt", dialect: known.dialect }));
    for name in utils::GLOBAL {
        let package = utils::Package { name: "dbt", dialect: known.dialect };
        if !known.macros.contains(name) {
            environment.add_function(name, move |arguments: Rest<Value>| package.called(name, &arguments));
        }
    }
}

/// `target`: the type of the database. Anything else of it differs between the environments of a project, so that SQL that
/// depends on it is for a person to look at.
#[derive(Debug)]
struct Target {
    kind: String,
    known: Arc<Known>,
}

impl Object for Target {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let value = match key.as_str()? {
            "type" => return Some(Value::from(self.kind.clone())),
            "name" | "profile_name" | "target_name" => "wmshost",
            _ => "",
        };
        self.known.run().config.push((TARGET.to_owned(), key.clone()));
        Some(Value::from(value))
    }
}

/// `adapter.dispatch`: the macro for the dialect, or the default one.
#[derive(Debug)]
struct Adapter(Arc<Known>);

impl Object for Adapter {
    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let name = texts(arguments).into_iter().next().unwrap_or_default();
        if method != "dispatch" {
            return Err(refused(format!("adapter.{method} asks the database while SQL is made")));
        }
        let kind = self.0.dialect.name().to_ascii_lowercase();
        let candidates = [format!("{kind}__{name}"), format!("default__{name}")];
        let found = candidates.iter().find(|candidate| self.0.macros.contains(*candidate));
        let found = found.and_then(|found| state.lookup(found));
        found.ok_or_else(|| {
            refused(format!("adapter.dispatch('{name}'): there is neither {} nor {}", candidates[0], candidates[1]))
        })
    }
}

/// `exceptions`: what it raises refuses the model.
#[derive(Debug)]
struct Exceptions;

impl Object for Exceptions {
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, arguments: &[Value]) -> Result<Value, Error> {
        match method {
            "warn" => Ok(Value::from("")),
            _ => Err(refused(format!("the project raises: {}", texts(arguments).join(" ")))),
        }
    }
}
