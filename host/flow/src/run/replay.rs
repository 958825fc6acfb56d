//! Replays rows from quarantine: as they are in the source, through the present transforms, into the target. Rows that
//! are rejected again stay in quarantine, and so do an older copy of a row that was loaded since and a copy of a row that was
//! deleted in the source, unless the stream leaves such rows in the target.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::Array as _;
use arrow_schema::SchemaRef;
use wmshost_sql::{timestamp_from_text, timestamp_text};

use crate::compare::Depth;
use crate::definition::columns_of;
use crate::failure::kind::FailureKind;
use crate::failure::{Failure, Stage, StreamFailure};
use crate::metadata::checkpoint::LoadMode;
use crate::metadata::row_key::{KeyDigest, digest_at, digest_of_json};
use crate::metadata::{LEASE_RENEWAL_INTERVAL, Lease, Quarantine, QuarantineFilter, QuarantinedRow};
use crate::ports::clock::Micros;
use crate::ports::extractor::{Method, Step};
use crate::ports::loader::LoadRequest;
use crate::rows::bad_rows;
use crate::rows::batch::{Batch, Rejected};
use crate::rows::row_json::row_from_json;
use crate::stages::transform::TransformStage;
use crate::stream::Stream;
use crate::stream::context::{StageFailure, StreamContext};
use crate::stream::opened::ReadyStream;
use crate::stream::policy::Deletes;
use crate::stream::transaction::{in_transaction, lock};

/// The number of rows that are replayed in one transaction.
const PAGE_ROWS: usize = 200;
/// The largest number of remaining rows that are named one by one.
const MOST_NAMED: usize = 1_000;

/// The result of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Rows that are in the target now, or were there already in a newer version.
    pub loaded: u64,
    /// Rows that stay in quarantine.
    pub stayed: u64,
    /// The first of them: id and reason.
    pub kept: Vec<(String, String)>,
}

impl Replayed {
    fn keep(&mut self, id: String, why: String) {
        self.stayed += 1;
        if self.kept.len() < MOST_NAMED {
            self.kept.push((id, why));
        }
    }
}

/// The columns and the load request of a replay.
struct Way {
    /// The columns that the extractor returns.
    read: SchemaRef,
    request: LoadRequest,
    in_source: InSource,
}

/// The keys of the stream's rows in quarantine that the source has now; `None` where rows stay in the target that the
/// source no longer has.
type InSource = Option<HashSet<KeyDigest>>;

/// A row that stays in quarantine.
struct Stays {
    row: QuarantinedRow,
    why: String,
    /// The new rejection; `None` if it was not rejected once more.
    again: Option<Rejected>,
}

impl Stream {
    /// Replays rows of the stream's quarantine, page by page in transactions under the stream's lease.
    pub fn replay(mut self, filter: &QuarantineFilter, context: &StreamContext) -> Result<Replayed, StreamFailure> {
        let mut lease = None;
        let replayed = self.replay_leased(filter, context, &mut lease);
        self.release_now(lease.as_ref());
        replayed.map_err(|at| at.of_stream(&self.name))
    }

    fn replay_leased(
        &mut self,
        filter: &QuarantineFilter,
        context: &StreamContext,
        lease: &mut Option<Lease>,
    ) -> Result<Replayed, StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        *lease = Some(self.take_lease(context).map_err(&at_load)?);
        let in_source = self.quarantined_in_source(context, lease.as_ref())?;
        self.request.method = Method::Full;
        let opened = self.open_extractor().map_err(StageFailure::before(Stage::Extract))?;
        let request = LoadRequest {
            stream: self.name.clone(),
            table: self.target_table.clone(),
            mode: LoadMode::Merge,
            columns: self.columns_after_transforms(&opened)?,
            key: opened.key,
            version: self.version(),
            schema: self.policy.schema,
            resume: true,
        };
        self.check_stateless("replayed")?;
        self.check_definition(context, &columns_of(&request.columns)).map_err(&at_load)?;
        let ready = ReadyStream { request, previous: None, table: None };
        self.prepare(&ready, lease.as_ref(), true).map_err(&at_load)?;
        let way = Way { read: opened.schema, request: ready.request, in_source };
        let quarantine = Quarantine { pipeline: &context.pipeline };
        let (mut replayed, mut last) = (Replayed::default(), None);
        // A row that is rejected for another reason has another id, which may come later in the order.
        let mut renamed = HashSet::new();
        loop {
            if context.cancel.is_set() {
                let message = format!("the replay was asked to stop; {} rows were loaded and stay", replayed.loaded);
                return Err(at_load(Failure::new(FailureKind::Cancelled, message)));
            }
            let page = quarantine.page(lock(&self.target).sql(), filter, last.as_ref(), PAGE_ROWS, true);
            let page = page.map_err(&at_load)?;
            let Some(end) = page.last().cloned() else { return Ok(replayed) };
            let page = page.into_iter().filter(|row| !renamed.contains(&row.id)).collect();
            let (loaded, stay) = self.replay_page(&way, page, context, lease.as_ref()).map_err(&at_load)?;
            replayed.loaded += loaded;
            for (id, why) in stay {
                renamed.insert(id.clone());
                replayed.keep(id, why);
            }
            last = Some(end);
        }
    }

    /// Reads the keys of the source, since a row that was deleted there must not come back by a replay.
    fn quarantined_in_source(
        &mut self,
        context: &StreamContext,
        lease: Option<&Lease>,
    ) -> Result<InSource, StageFailure> {
        let at_load = StageFailure::before(Stage::Load);
        if self.policy.deletes == Deletes::Ignore && self.definition.method != Method::Full {
            return Ok(None);
        }
        let quarantine = Quarantine { pipeline: &context.pipeline };
        let wanted = quarantine.of_stream(lock(&self.target).sql(), &self.name).map_err(&at_load)?.keys;
        let mut in_source = HashSet::new();
        if wanted.is_empty() {
            return Ok(Some(in_source));
        }
        let request = self.request.clone();
        let (_, key) = self.open_whole(Depth::Keys)?;
        let mut renewed = context.clock.elapsed();
        while let Step::Chunk(chunk) = self.extractor.next().map_err(StageFailure::before(Stage::Extract))? {
            let Batch { rows, rejected, .. } = chunk.batch;
            let read = (0..rows.num_rows()).filter_map(|row| digest_at(&rows, row, &key));
            let rejected = rejected.iter().filter_map(|row| digest_of_json(&row.row, &key));
            in_source.extend(read.chain(rejected).filter(|key| wanted.contains(key)));
            if context.cancel.is_set() {
                let message = "the replay was asked to stop; no row was loaded";
                return Err(at_load(Failure::new(FailureKind::Cancelled, message)));
            }
            if context.clock.elapsed().saturating_sub(renewed) >= LEASE_RENEWAL_INTERVAL {
                in_transaction(&self.target, lease, || Ok(())).map_err(&at_load)?;
                renewed = context.clock.elapsed();
            }
        }
        self.request = request;
        Ok(Some(in_source))
    }

    /// Replays some rows; returns how many were loaded, and those that stay, by the ids that they have now.
    fn replay_page(
        &mut self,
        way: &Way,
        page: Vec<QuarantinedRow>,
        context: &StreamContext,
        lease: Option<&Lease>,
    ) -> Result<(u64, Vec<(String, String)>), Failure> {
        let (mut good, mut stay) = (Vec::new(), Vec::new());
        for (number, row) in (1..).zip(page) {
            let Self { name, transforms, policy, definition, .. } = self;
            let mut transform_stage = TransformStage {
                stream: name,
                transforms,
                columns: &way.request.columns,
                key: &way.request.key,
                version: way.request.version.as_deref(),
                change_key: definition.change_key_policy(),
                on_trap: policy.on_trap,
                on_bad_value: policy.on_bad_value,
                context,
            };
            match row_from_json(&row.row, &way.read).and_then(|batch| transform_stage.change(number, Batch::new(batch)))
            {
                Ok(batch) if batch.rejected.is_empty() => good.push((row, batch)),
                Ok(batch) => {
                    stay.push(Stays { row, why: reasons(&batch.rejected), again: batch.rejected.into_iter().next() });
                }
                Err(failure) => stay.push(Stays { row, why: failure.to_string(), again: None }),
            }
        }
        let target = Arc::clone(&self.target);
        in_transaction(&target, lease, || {
            let loaded = self.load_and_release(way, good, context, &mut stay)?;
            let quarantine = Quarantine { pipeline: &context.pipeline };
            let kept = stay.into_iter().map(|Stays { row, why, again }| {
                let id = match again {
                    Some(again) => quarantine.reject_again(lock(&target).sql(), &row, &again)?,
                    None => row.id,
                };
                Ok((id, why))
            });
            Ok((loaded, kept.collect::<Result<_, Failure>>()?))
        })
    }

    /// Loads rows and removes them from quarantine; returns their number. Adds the rows that stay to the others.
    fn load_and_release(
        &mut self,
        way: &Way,
        good: Vec<(QuarantinedRow, Batch)>,
        context: &StreamContext,
        stay: &mut Vec<Stays>,
    ) -> Result<u64, Failure> {
        let mut released = Vec::new();
        for (row, batch) in good {
            // If a transform filtered the row out, there is nothing to load.
            if batch.rows.num_rows() > 0 {
                let key = digest_of_json(&row.row, &way.request.key);
                let is_gone = |keys: &HashSet<KeyDigest>| key.is_some_and(|key| !keys.contains(&key));
                if way.in_source.as_ref().is_some_and(is_gone) {
                    let why = "the source no longer has a row with this key; drop this copy".to_owned();
                    stay.push(Stays { row, why, again: None });
                    continue;
                }
                if let Some(at) = self.loaded_since(way, &row, &batch)? {
                    let why = format!(
                        "the target has a version of this row that was loaded at {} UTC, after it was rejected; drop \
                         this older copy",
                        timestamp_text(at)
                    );
                    stay.push(Stays { row, why, again: None });
                    continue;
                }
                self.loader.load(batch.rows)?;
                let mut target = lock(&self.target);
                let (refused, dialect) = (target.take_refused(), target.sql().dialect());
                if let Some(refused) = bad_rows::refused(refused, &batch.origin, dialect).pop() {
                    stay.push(Stays { row, why: reasons(std::slice::from_ref(&refused)), again: Some(refused) });
                    continue;
                }
            }
            released.push(row);
        }
        Quarantine { pipeline: &context.pipeline }.remove(lock(&self.target).sql(), &released)?;
        Ok(released.len() as u64)
    }

    /// Returns the time at which the target's row with this key was loaded, if that was after this row was rejected. A
    /// row with a version does not need this check: the newer version wins.
    fn loaded_since(&self, way: &Way, row: &QuarantinedRow, batch: &Batch) -> Result<Option<Micros>, Failure> {
        let version = way.request.version.as_ref().and_then(|name| batch.rows.column_by_name(name));
        if version.is_some_and(|version| version.null_count() == 0) {
            return Ok(None);
        }
        let schema = batch.rows.schema();
        let places = way.request.key.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>();
        let keys = places.and_then(|places| batch.rows.project(&places));
        let keys = keys.map_err(|error| Failure::permanent(format!("the key's columns: {error}")))?;
        let loaded = lock(&self.target).loaded_at(&way.request.table, &keys)?;
        let rejected = timestamp_from_text(&row.rejected_at).unwrap_or(Micros::MIN);
        Ok(loaded.into_iter().flatten().find(|loaded| *loaded > rejected))
    }
}

fn reasons(rejected: &[Rejected]) -> String {
    rejected.iter().map(|row| format!("{}: {}", row.rule, row.reason)).collect::<Vec<_>>().join("; ")
}
