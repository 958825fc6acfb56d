//! Streams made of a checked pipeline: databases opened, plugins instantiated, policies put in place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use wmshost_flow::{
    Budget, Cancel, Clock, Definition, DeleteGuard, Deletes, Depth, ExtractRequest, Extractor, Failure, Ledger,
    MaskKey, Method, Observer, OnChange, OpenTarget, PluginUse, Policy, Reconcile, SchemaPolicy, Service, Setting,
    Source, SourceGrant, SourceSession, StatementLimit, Stream, StreamContext, TakeOver, Target, TargetGrant,
    TargetTriggers, Trace, Transform, Window, column_options, grant_options, mask_option, renamed_columns,
};
use wmshost_pipeline::{
    self as pipeline, Checked, ConfiguredPlugin, Connection, Diagnostics, LateRows, Record, StreamPlan,
};
use wmshost_sandbox::{Identity, Plugin};

use super::connect::{self, OpenSource};
use super::recorded_extractor::recorded_extractor;
use super::recorded_transform::recorded;
use super::source_options::{options, source_grant};
use crate::plugin_registry::PluginRegistry;
use crate::process::{is_dead, this_process};

/// The parts that streams are made of.
pub struct StreamFactory<'a> {
    /// The pipeline that they belong to.
    pub pipeline: &'a Checked,
    /// The plugins.
    pub registry: &'a PluginRegistry,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The run that they belong to.
    pub run_id: String,
    /// True to read everything again and replace what is there.
    pub full_refresh: bool,
    /// The streams whose guards against many deletions are lifted.
    pub allow_deletes: BTreeSet<String>,
    /// The reaction to changed definitions, instead of that of the streams.
    pub on_change: Option<OnChange>,
    /// True if streams that can be opened run where others cannot, required or not.
    pub keep_going: bool,
    /// The only part of each stream to read, which has a checkpoint of its own.
    pub window: Option<Window>,
    /// The web services that are open, by label: all streams of a run share one pace and one set of credentials.
    pub(crate) services: Mutex<BTreeMap<String, Arc<dyn Service>>>,
}

/// Returns whether a run of the stream may have to compare source and target.
fn reconciles(plan: &StreamPlan) -> bool {
    let looks = plan.deletes != Deletes::Ignore || plan.late_rows == LateRows::Reconcile;
    looks && plan.method != Method::Full
}

impl<'a> StreamFactory<'a> {
    /// A factory for whole streams, each from its checkpoint.
    pub fn new(pipeline: &'a Checked, registry: &'a PluginRegistry, clock: &Arc<dyn Clock>, run_id: String) -> Self {
        let clock = Arc::clone(clock);
        Self {
            pipeline,
            registry,
            clock,
            run_id,
            full_refresh: false,
            allow_deletes: BTreeSet::new(),
            on_change: None,
            keep_going: false,
            window: None,
            services: Mutex::default(),
        }
    }

    /// The same, with the guards against many deletions lifted for these streams; fails if there is no such stream.
    pub fn allowing_deletes(mut self, streams: &[String]) -> Result<Self, Diagnostics> {
        if !streams.is_empty() {
            self.pipeline.select(streams)?;
            self.allow_deletes = streams.iter().cloned().collect();
        }
        Ok(self)
    }

    /// Makes the streams. All sources are opened first, so that all streams see one snapshot of each.
    pub fn streams(&self, plans: &[&pipeline::Stream]) -> Result<Vec<Stream>, Failure> {
        let compared = |plan: &&&pipeline::Stream| reconciles(&plan.plan) && self.window.is_none();
        let traces =
            plans.iter().filter(compared).map(|plan| Ok((plan.plan.name.clone(), self.trace_of_others(plan)?)));
        let mut traces: BTreeMap<String, Trace> = traces.collect::<Result<_, Failure>>()?;
        let sources = self.sources(plans)?;
        let targets = self.targets(plans)?;
        let stream = |plan: &&pipeline::Stream| {
            let (source, target) = (&sources[&plan.plan.source], &targets[&plan.plan.target]);
            let mut stream = self.stream(plan, source, target)?;
            if let Some(others) = traces.remove(&plan.plan.name) {
                stream.reconcile = Some(self.reconcile(plan, source, target, others)?);
            }
            Ok(stream)
        };
        plans.iter().map(stream).collect()
    }

    /// The trace in the target's ledger of other runs of a stream until now.
    fn trace_of_others(&self, stream: &pipeline::Stream) -> Result<Trace, Failure> {
        let label = &stream.plan.target;
        let ledger = Ledger { pipeline: &self.pipeline.name };
        match connect::reader(label, &self.pipeline.connections[label])? {
            Some(mut reader) => ledger.trace_of_others(reader.as_mut(), &stream.plan.name, &self.run_id),
            None => Ok(Trace::default()),
        }
    }

    /// The inputs of a comparison that finds what an incremental read cannot see.
    fn reconcile(
        &self,
        stream: &pipeline::Stream,
        source: &OpenSource,
        target: &Arc<dyn Target>,
        others: Trace,
    ) -> Result<Reconcile, Failure> {
        let plan = &stream.plan;
        let extractor = self.extractor(stream, source, Record::Off)?;
        Ok(Reconcile {
            depth: if plan.late_rows == LateRows::Reconcile { Depth::Rows } else { Depth::Keys },
            every_micros: i64::try_from(plan.reconcile_every.as_micros()).unwrap_or(i64::MAX),
            others,
            stream: Box::new(self.reading(stream, extractor, source.version(), target)?),
            open_target: self.opens_target(plan),
        })
    }

    /// The function that opens a stream's target for reading when it is called.
    pub fn opens_target(&self, plan: &StreamPlan) -> OpenTarget {
        let connection = self.pipeline.connections[&plan.target].clone();
        let (label, table) = (plan.target.clone(), plan.target_table.clone());
        let (pipeline, run_id) = (self.pipeline.name.clone(), self.run_id.clone());
        let limit = StatementLimit::of(&self.pipeline.limits, self.registry.cancel());
        Box::new(move || {
            let session_tags = connect::SessionTags { pipeline: &pipeline, run_id: &run_id };
            connect::target_reader(&label, &connection, &table, &session_tags, &limit)
        })
    }

    pub(super) fn sources(&self, plans: &[&pipeline::Stream]) -> Result<BTreeMap<String, OpenSource>, Failure> {
        let mut readers: BTreeMap<&str, usize> = BTreeMap::new();
        for plan in plans {
            *readers.entry(&plan.plan.source).or_default() += 1 + usize::from(reconciles(&plan.plan));
        }
        let open = |(label, sessions): (&str, usize)| {
            let source = match &self.pipeline.connections[label] {
                Connection::Http(_) => OpenSource::Service(self.service(label)?),
                connection => OpenSource::Database(self.database(label, connection, sessions)?),
            };
            Ok((label.to_owned(), source))
        };
        readers.into_iter().map(open).collect()
    }

    fn database(&self, label: &str, connection: &Connection, sessions: usize) -> Result<Arc<dyn Source>, Failure> {
        let limit = StatementLimit::of(&self.pipeline.limits, self.registry.cancel());
        connect::source(label, connection, sessions, &self.session_tags(), &limit)
    }

    /// The web service with this label.
    pub(crate) fn service(&self, label: &str) -> Result<Arc<dyn Service>, Failure> {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = services.get(label) {
            return Ok(Arc::clone(open));
        }
        let Connection::Http(service) = &self.pipeline.connections[label] else {
            return Err(Failure::invalid_config(format!("connection {label} is a database, not a web service")));
        };
        let open = wmshost_http::open(label, service);
        let open = open.map_err(|failure| failure.within(format_args!("connection {label}")))?;
        services.insert(label.to_owned(), Arc::clone(&open));
        Ok(open)
    }

    fn targets(&self, plans: &[&pipeline::Stream]) -> Result<BTreeMap<String, Arc<dyn Target>>, Failure> {
        let labels: BTreeSet<&str> = plans.iter().map(|plan| plan.plan.target.as_str()).collect();
        let open = |label: &str| {
            let connection = &self.pipeline.connections[label];
            let target = connect::target(label, connection, 2 * plans.len(), Arc::clone(&self.clock))?;
            Ok((label.to_owned(), target))
        };
        labels.into_iter().map(open).collect()
    }

    /// The labels of its sessions.
    pub fn session_tags(&self) -> connect::SessionTags<'_> {
        connect::SessionTags { pipeline: &self.pipeline.name, run_id: &self.run_id }
    }

    /// A session that reads a stream's table as the stream does, in a snapshot of its own.
    pub(crate) fn source_session(&self, stream: &pipeline::Stream) -> Result<Box<dyn SourceSession>, Failure> {
        let label = &stream.plan.source;
        let source = self.database(label, &self.pipeline.connections[label], 1)?;
        source.session(&self.source_grant(stream))
    }

    fn mask_key(&self) -> Option<MaskKey> {
        self.pipeline.mask_key.as_ref().map(|secret| MaskKey::of(secret.reveal()))
    }

    fn source_grant(&self, stream: &pipeline::Stream) -> SourceGrant {
        source_grant(stream, self.mask_key(), self.pipeline.limits.batch_bytes)
    }

    fn stream(
        &self,
        stream: &pipeline::Stream,
        source: &OpenSource,
        target: &Arc<dyn Target>,
    ) -> Result<Stream, Failure> {
        let extractor = self.extractor(stream, source, stream.plan.record)?;
        self.reading(stream, extractor, source.version(), target)
    }

    /// Makes the extract stage of a stream, which may read what the stream may read, and is recorded like this.
    pub(super) fn extractor(
        &self,
        stream: &pipeline::Stream,
        source: &OpenSource,
        record: Record,
    ) -> Result<Box<dyn Extractor>, Failure> {
        let plan = &stream.plan;
        let known = self.pipeline.connections.keys().cloned().collect();
        let granted = source.grant((&plan.source, known), (&plan.name, &plan.table), &self.source_grant(stream))?;
        let (plugin, identity) = self.staged(&stream.extractor, &plan.name)?;
        let make = |granted| plugin.extractor(identity, stream.extractor.limits.clone(), granted);
        recorded_extractor(granted, make, (&stream.extractor, &plan.name), (record, &self.run_id))
    }

    /// Returns a plugin of a stream, and the identity of its instance.
    fn staged(&self, stage: &ConfiguredPlugin, stream: &str) -> Result<(Plugin, Identity), Failure> {
        let plugin = self.registry.plugin(&stage.plugin, &stage.path)?;
        let digest = Some(plugin.digest.clone());
        Ok((plugin, Identity { digest, ..identity(stage, stream) }))
    }

    /// Makes a transform of a stream.
    pub(crate) fn transform(&self, stage: &ConfiguredPlugin, stream: &str) -> Result<Box<dyn Transform>, Failure> {
        let (plugin, identity) = self.staged(stage, stream)?;
        plugin.transform(identity, stage.limits.clone())
    }

    /// Makes a stream whose rows this extractor reads.
    pub(super) fn reading(
        &self,
        stream: &pipeline::Stream,
        extractor: Box<dyn Extractor>,
        source_version: Option<String>,
        target: &Arc<dyn Target>,
    ) -> Result<Stream, Failure> {
        let pipeline::Stream { plan, transforms, loader, .. } = stream;
        let session = target.session(TargetGrant {
            pipeline: self.pipeline.name.clone(),
            stream: plan.name.clone(),
            table: plan.target_table.clone(),
            run_id: self.run_id.clone(),
            take_over: plan.take_over.as_deref().map(TakeOver::parse),
            allows_triggers: plan.target_triggers == TargetTriggers::Allow,
        })?;
        let session = Arc::new(Mutex::new(session));
        let (writes, writer) = self.staged(loader, &plan.name)?;
        let transform = |stage: &ConfiguredPlugin| {
            let made = self.transform(stage, &plan.name)?;
            Ok::<_, Failure>(recorded(made, stage, plan, &self.run_id))
        };
        Ok(Stream {
            name: plan.name.clone(),
            request: self.request(plan),
            target_table: plan.target_table.clone(),
            policy: self.policy(plan),
            definition: self.definition(stream)?,
            source_version,
            extractor,
            transforms: transforms.iter().map(transform).collect::<Result<_, _>>()?,
            loader: writes.loader(writer, loader.limits.clone(), Arc::clone(&session))?,
            target: session,
            checkpoint_name: self
                .window
                .as_ref()
                .map_or_else(|| plan.name.clone(), |window| checkpoint_name(&plan.name, window)),
            reconcile: None,
            receipt: (self.pipeline.run.receipts && self.window.is_none()).then(|| self.opens_target(plan)),
        })
    }

    /// The definition that a stream's rows and its bookmark depend on, as far as it is known before the source is
    /// opened.
    pub fn definition(&self, stream: &pipeline::Stream) -> Result<Definition, Failure> {
        let request = self.request(&stream.plan);
        let used = |at: wmshost_flow::Stage, stage: &ConfiguredPlugin| -> Result<PluginUse, Failure> {
            let plugin = self.registry.plugin(&stage.plugin, &stage.path)?;
            let digest = |setting: &Setting| blake3::hash(format!("{setting:?}").as_bytes()).to_hex()[..16].to_owned();
            Ok(PluginUse {
                stage: at,
                label: stage.plugin.clone(),
                name: stage.name.clone(),
                version: stage.version.clone(),
                digest: plugin.digest,
                settings: stage.settings.iter().map(|(name, value)| (name.clone(), digest(value))).collect(),
            })
        };
        let transforms = stream.transforms.iter().map(|stage| (wmshost_flow::Stage::Transform, stage));
        let plugins = [(wmshost_flow::Stage::Extract, &stream.extractor)]
            .into_iter()
            .chain(transforms)
            .chain([(wmshost_flow::Stage::Load, &stream.loader)]);
        let plugins = plugins.map(|(at, stage)| used(at, stage)).collect::<Result<_, _>>()?;
        let mut of_request = Definition::of(&request, &stream.plan.target_table);
        let keys = [&request.key[..], request.change_key.as_slice()].concat();
        of_request.renamed = renamed_columns(&stream.plan.columns);
        of_request.options.extend(options(&self.pipeline.connections[&stream.plan.source]));
        of_request.options.extend(column_options(&stream.plan.columns, &keys));
        of_request.options.extend(grant_options(&stream.plan.grants));
        of_request.options.extend(mask_option(&stream.plan.columns, self.mask_key().as_ref()));
        Ok(Definition { plugins, ..of_request })
    }

    /// The context that the streams share.
    pub fn context(&self, observer: Arc<dyn Observer>, cancel: Cancel) -> StreamContext {
        StreamContext {
            pipeline: self.pipeline.name.clone(),
            run_id: self.run_id.clone(),
            holder: this_process(),
            is_dead,
            clock: Arc::clone(&self.clock),
            observer,
            cancel,
        }
    }

    /// The policy for loading a stream, as the flow's type.
    fn policy(&self, plan: &StreamPlan) -> Policy {
        #[expect(clippy::cast_precision_loss, reason = "at most 100")]
        let percent = |percent: u64| percent as f64;
        let rejected = Some(percent(plan.max_rejected_percent));
        Policy {
            load_batch_rows: self.pipeline.run.load_batch_rows,
            queue_batches: self.pipeline.run.queue_batches,
            budget: Budget { rows: plan.max_rejected, percent: rejected, floor: plan.rejected_floor },
            on_bad_value: plan.on_bad_value,
            on_trap: plan.on_trap,
            deletes: plan.deletes,
            delete_guard: DeleteGuard {
                rows: plan.max_deleted,
                percent: Some(percent(plan.max_deleted_percent)),
                is_lifted: self.allow_deletes.contains(&plan.name),
            },
            schema: SchemaPolicy { new_columns: plan.new_columns, new_types: plan.new_types },
            on_change: self.on_change.unwrap_or(plan.on_change),
            full_refresh: self.full_refresh,
            required: self.is_required(plan),
            later_read_wins: matches!(self.pipeline.connections[&plan.source], Connection::Http(_)),
        }
    }

    /// True if no stream of the run moves a row where this one cannot be opened.
    pub(crate) fn is_required(&self, plan: &StreamPlan) -> bool {
        plan.required && !self.keep_going
    }

    pub(super) fn request(&self, plan: &StreamPlan) -> ExtractRequest {
        ExtractRequest {
            stream: plan.name.clone(),
            source: plan.source.clone(),
            table: plan.table.clone(),
            method: plan.method,
            key: plan.key.clone(),
            change_key: plan.change_key.clone(),
            lookback_micros: u64::try_from(plan.lookback.as_micros()).unwrap_or(u64::MAX),
            lookback_versions: plan.lookback_versions,
            null_keys: plan.null_keys,
            window: self.window.clone(),
            columns: Vec::new(),
            bookmark: None,
            state: BTreeMap::new(),
            batch_rows: self.pipeline.run.extract_batch_rows,
        }
    }
}

/// The identity of an instance, with its settings.
pub(crate) fn identity(stage: &ConfiguredPlugin, stream: &str) -> Identity {
    Identity {
        plugin: stage.plugin.clone(),
        version: stage.version.clone(),
        digest: None,
        stream: stream.to_owned(),
        settings: stage.settings.clone(),
    }
}

/// The name under which the checkpoint of a window is in the ledger.
pub(crate) fn checkpoint_name(stream: &str, window: &Window) -> String {
    format!("{stream}/backfill/{}/{}", window.start, window.end)
}
