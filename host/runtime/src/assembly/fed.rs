//! Streams of rows that come from elsewhere than from a connection.

use std::sync::Arc;

use wmshost_flow::{Definition, Extractor, Failure, Method, Stage, Stream, Target};
use wmshost_pipeline as pipeline;

use super::stream_factory::StreamFactory;

impl StreamFactory<'_> {
    /// Makes a stream of rows that come from elsewhere than from its connection; `origin` names it.
    pub(crate) fn fed(
        &self,
        stream: &pipeline::Stream,
        (origin, extractor): (&str, Box<dyn Extractor>),
        key: &[String],
        target: &Arc<dyn Target>,
    ) -> Result<Stream, Failure> {
        let mut fed = self.reading(stream, extractor, None, target)?;
        fed.request.source = origin.to_owned();
        fed.request.key = key.to_vec();
        // The order of the records decides: of those with one key the last wins.
        fed.request.change_key = None;
        fed.policy.later_read_wins = true;
        if fed.request.method == Method::Incremental {
            fed.request.method = Method::Append;
        }
        let definition = Definition::of(&fed.request, &fed.target_table);
        let plugins = std::mem::take(&mut fed.definition.plugins).into_iter();
        let plugins = plugins.filter(|plugin| plugin.stage != Stage::Extract).collect();
        fed.definition = Definition { plugins, ..definition };
        Ok(fed)
    }
}
