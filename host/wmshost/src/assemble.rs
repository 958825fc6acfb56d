//! Streams made of a checked pipeline: databases opened, plugins instantiated, policies put in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use wmshost_flow::{
    Clock, ExtractRequest, Failure, LoadPolicy, Method, Source, SourceGrant, Stream, Target, TargetGrant,
};
use wmshost_pipeline::{self as pipeline, Checked, NullKeys, OnBadValue, Stage};
use wmshost_sandbox::{GrantedSource, Identity, Limits, Plugin, Setting};

use crate::catalog::Catalog;
use crate::connect;

/// What streams are made of.
pub(crate) struct Assembly<'a> {
    pub(crate) pipeline: &'a Checked,
    pub(crate) catalog: &'a Catalog,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) run_id: String,
    pub(crate) full_refresh: bool,
}

impl Assembly<'_> {
    /// Makes the streams. All sources are opened before, so that all streams see one snapshot of each.
    pub(crate) fn streams(&self, plans: &[&pipeline::Stream]) -> Result<Vec<Stream>, Failure> {
        let sources = self.sources(plans)?;
        let targets = self.targets(plans)?;
        plans.iter().map(|plan| self.stream(plan, &sources[&plan.plan.source], &targets[&plan.plan.target])).collect()
    }

    fn sources(&self, plans: &[&pipeline::Stream]) -> Result<BTreeMap<String, Arc<dyn Source>>, Failure> {
        let mut readers: BTreeMap<&str, usize> = BTreeMap::new();
        for plan in plans {
            *readers.entry(&plan.plan.source).or_default() += 1;
        }
        let open = |(label, sessions): (&str, usize)| {
            let source = connect::source(label, &self.pipeline.connections[label], sessions)?;
            Ok((label.to_owned(), source))
        };
        readers.into_iter().map(open).collect()
    }

    fn targets(&self, plans: &[&pipeline::Stream]) -> Result<BTreeMap<String, Arc<dyn Target>>, Failure> {
        let labels: BTreeSet<&str> = plans.iter().map(|plan| plan.plan.target.as_str()).collect();
        let open = |label: &str| {
            let connection = &self.pipeline.connections[label];
            let target = connect::target(label, connection, Arc::clone(&self.clock))?;
            Ok((label.to_owned(), target))
        };
        labels.into_iter().map(open).collect()
    }

    fn stream(
        &self,
        plan: &pipeline::Stream,
        source: &Arc<dyn Source>,
        target: &Arc<dyn Target>,
    ) -> Result<Stream, Failure> {
        let pipeline::Stream { plan, extractor, transforms, loader } = plan;
        let grant = SourceGrant {
            tables: BTreeSet::from([plan.table.clone()]),
            bad_value_fails: plan.on_bad_value == OnBadValue::Fail,
        };
        let session = target.session(TargetGrant {
            pipeline: self.pipeline.name.clone(),
            stream: plan.name.clone(),
            table: plan.target_table.clone(),
            run_id: self.run_id.clone(),
        })?;
        let session = Arc::new(Mutex::new(session));
        let granted = GrantedSource {
            label: plan.source.clone(),
            known_labels: self.pipeline.connections.keys().cloned().collect(),
            session: source.session(&grant)?,
        };
        let limits = limits(&self.pipeline.limits);
        let mut shape = format!("{:?} {:?} {:?}", plan.method, plan.key, plan.change_key);
        let mut staged = |stage: &Stage| -> Result<(Plugin, Identity), Failure> {
            let plugin = self.catalog.plugin(&stage.plugin, &stage.path)?;
            let _ = write!(shape, " {} {:?}", plugin.digest, stage.settings);
            Ok((plugin, identity(stage, &plan.name)))
        };
        let (reads, reader) = staged(extractor)?;
        let changes = transforms.iter().map(&mut staged).collect::<Result<Vec<_>, _>>()?;
        let (writes, writer) = staged(loader)?;
        Ok(Stream {
            name: plan.name.clone(),
            request: self.request(plan),
            target_table: plan.target_table.clone(),
            policy: LoadPolicy {
                load_batch_rows: self.pipeline.run.load_batch_rows,
                queue_batches: self.pipeline.run.queue_batches,
                max_rejected: plan.max_rejected,
                full_refresh: self.full_refresh,
            },
            shape: blake3::hash(shape.as_bytes()).to_hex()[..16].to_owned(),
            source_version: source.version(),
            extractor: reads.extractor(reader, limits.clone(), granted)?,
            transforms: changes
                .into_iter()
                .map(|(plugin, identity)| plugin.transform(identity, limits.clone()))
                .collect::<Result<_, _>>()?,
            loader: writes.loader(writer, limits, Arc::clone(&session))?,
            target: session,
        })
    }

    fn request(&self, plan: &pipeline::StreamPlan) -> ExtractRequest {
        ExtractRequest {
            stream: plan.name.clone(),
            source: plan.source.clone(),
            table: plan.table.clone(),
            method: match plan.method {
                pipeline::Method::Full => Method::Full,
                pipeline::Method::Incremental => Method::Incremental,
            },
            key: plan.key.clone(),
            change_key: plan.change_key.clone(),
            lookback_micros: u64::try_from(plan.lookback.as_micros()).unwrap_or(u64::MAX),
            include_null_keys: plan.null_keys == NullKeys::Include,
            bookmark: None,
            state: BTreeMap::new(),
            batch_rows: self.pipeline.run.extract_batch_rows,
        }
    }
}

/// What one plugin instance may use, as the pipeline says.
pub(crate) fn limits(limits: &pipeline::Limits) -> Limits {
    Limits {
        memory_bytes: limits.memory_bytes,
        call_time: limits.call_timeout,
        batch_bytes: limits.batch_bytes,
        log_messages: limits.log_messages as u64,
        ..Limits::default()
    }
}

/// Who an instance is, and its settings.
pub(crate) fn identity(stage: &Stage, stream: &str) -> Identity {
    let setting = |(name, setting): (&String, &pipeline::Setting)| {
        let setting = match setting {
            pipeline::Setting::Text(v) => Setting::Text(v.clone()),
            pipeline::Setting::Integer(v) => Setting::Integer(*v),
            pipeline::Setting::Number(v) => Setting::Number(*v),
            pipeline::Setting::Flag(v) => Setting::Flag(*v),
            pipeline::Setting::Texts(v) => Setting::Texts(v.clone()),
        };
        (name.clone(), setting)
    };
    Identity {
        plugin: stage.plugin.clone(),
        version: stage.version.clone(),
        stream: stream.to_owned(),
        settings: stage.settings.iter().map(setting).collect(),
    }
}
