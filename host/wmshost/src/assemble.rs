//! Streams made of a checked pipeline: databases opened, plugins instantiated, policies put in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use wmshost_flow::{
    Budget, Cancel, Clock, Deletes, ExtractRequest, Failure, Method, NewColumns, NewTypes, NullKeys, Observer, OnTrap,
    Policy, SchemaPolicy, Source, SourceGrant, Stream, StreamContext, Target, TargetGrant,
};
use wmshost_pipeline::{self as pipeline, Checked, OnBadValue, Stage, StreamPlan};
use wmshost_sandbox::{GrantedSource, Identity, Limits, Plugin, Setting};

use crate::catalog::Catalog;
use crate::connect;
use crate::home::{is_gone, this_process};

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
            let source = connect::source(label, &self.pipeline.connections[label], sessions, &self.errand())?;
            Ok((label.to_owned(), source))
        };
        readers.into_iter().map(open).collect()
    }

    fn targets(&self, plans: &[&pipeline::Stream]) -> Result<BTreeMap<String, Arc<dyn Target>>, Failure> {
        let labels: BTreeSet<&str> = plans.iter().map(|plan| plan.plan.target.as_str()).collect();
        let open = |label: &str| {
            let connection = &self.pipeline.connections[label];
            let target = connect::target(label, connection, plans.len(), Arc::clone(&self.clock))?;
            Ok((label.to_owned(), target))
        };
        labels.into_iter().map(open).collect()
    }

    fn errand(&self) -> connect::Errand<'_> {
        connect::Errand { pipeline: &self.pipeline.name, run_id: &self.run_id }
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
            policy: self.policy(plan),
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

    /// What the streams share.
    pub(crate) fn context(&self, observer: Arc<dyn Observer>, cancel: Cancel) -> StreamContext {
        StreamContext {
            pipeline: self.pipeline.name.clone(),
            run_id: self.run_id.clone(),
            holder: this_process(),
            is_gone,
            clock: Arc::clone(&self.clock),
            observer,
            cancel,
        }
    }

    /// How a stream is moved, in the flow's words.
    fn policy(&self, plan: &StreamPlan) -> Policy {
        #[expect(clippy::cast_precision_loss, reason = "at most 100")]
        let percent = plan.max_rejected_percent.map(|percent| percent as f64);
        Policy {
            load_batch_rows: self.pipeline.run.load_batch_rows,
            queue_batches: self.pipeline.run.queue_batches,
            budget: Budget { rows: plan.max_rejected, percent },
            on_trap: match plan.on_trap {
                pipeline::OnTrap::FailRun => OnTrap::Fail,
                pipeline::OnTrap::Retry => OnTrap::Retry,
                pipeline::OnTrap::Quarantine => OnTrap::Quarantine,
            },
            deletes: match plan.deletes {
                pipeline::Deletes::Ignore => Deletes::Ignore,
                pipeline::Deletes::Soft => Deletes::Mark,
                pipeline::Deletes::Hard => Deletes::Delete,
            },
            schema: SchemaPolicy {
                new_columns: match plan.new_columns {
                    pipeline::NewColumns::Evolve => NewColumns::Evolve,
                    pipeline::NewColumns::Freeze => NewColumns::Freeze,
                    pipeline::NewColumns::Discard => NewColumns::Discard,
                },
                new_types: match plan.new_types {
                    pipeline::NewTypes::Evolve => NewTypes::Evolve,
                    pipeline::NewTypes::Freeze => NewTypes::Freeze,
                },
            },
            full_refresh: self.full_refresh,
        }
    }

    fn request(&self, plan: &StreamPlan) -> ExtractRequest {
        ExtractRequest {
            stream: plan.name.clone(),
            source: plan.source.clone(),
            table: plan.table.clone(),
            method: match plan.method {
                pipeline::Method::Full => Method::Full,
                pipeline::Method::Incremental => Method::Incremental,
                pipeline::Method::Append => Method::Append,
            },
            key: plan.key.clone(),
            change_key: plan.change_key.clone(),
            lookback_micros: u64::try_from(plan.lookback.as_micros()).unwrap_or(u64::MAX),
            null_keys: match plan.null_keys {
                pipeline::NullKeys::Include => NullKeys::Include,
                pipeline::NullKeys::Ignore => NullKeys::Ignore,
                pipeline::NullKeys::Reject => NullKeys::Reject,
                pipeline::NullKeys::Fail => NullKeys::Fail,
            },
            window: None,
            columns: Vec::new(),
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

fn identity(stage: &Stage, stream: &str) -> Identity {
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
