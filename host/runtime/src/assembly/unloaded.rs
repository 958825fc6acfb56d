//! Streams that are read and not loaded here.

use wmshost_flow::{Definition, ExtractRequest, Extractor, Failure, Stage};
use wmshost_pipeline::{self as pipeline, Record};

use super::stream_factory::StreamFactory;

/// The extract stage of a stream.
pub(crate) struct Unloaded {
    /// The request to read it, as the pipeline has it.
    pub(crate) request: ExtractRequest,
    /// The basis of its bookmarks: everything but transforms, loader and target.
    pub(crate) definition: Definition,
    /// The stage.
    pub(crate) extractor: Box<dyn Extractor>,
}

impl StreamFactory<'_> {
    /// Makes the extract stages of streams. All sources are opened first, so that all streams see one snapshot of each.
    pub(crate) fn unloaded(&self, plans: &[&pipeline::Stream]) -> Result<Vec<Unloaded>, Failure> {
        let sources = self.sources(plans)?;
        let unloaded = |plan: &&pipeline::Stream| {
            let mut definition = self.definition(plan)?;
            definition.target_table.clear();
            definition.plugins.retain(|plugin| plugin.stage == Stage::Extract);
            let extractor = self.extractor(plan, &sources[&plan.plan.source], Record::Off)?;
            Ok(Unloaded { request: self.request(&plan.plan), definition, extractor })
        };
        plans.iter().map(unloaded).collect()
    }
}
