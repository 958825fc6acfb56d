//! Streams made of a checked pipeline.
//!
//! | module | what it is for |
//! |---|---|
//! | `connect` | databases by their connections in the pipeline |
//! | `fed` | streams of rows that come from elsewhere |
//! | `source_options` | the options of a source that decide which rows and values are read |
//! | `recorded_extractor` | an extractor whose reading is recorded |
//! | `recorded_transform` | a transform whose failing batch is recorded |
//! | `stream_factory` | streams: databases opened, plugins instantiated, policies put in place |
//! | `stream_source` | a source as a stream reads it |
//! | `unloaded` | streams that are read and not loaded |
//! | `windows` | windows of a stream, which are read again |

pub(crate) mod connect;
mod fed;
mod recorded_extractor;
mod recorded_transform;
mod source_options;
mod stream_factory;
mod stream_source;
mod unloaded;
mod windows;

pub use connect::{SessionTags, reader, target_reader};
pub use stream_factory::StreamFactory;
pub(crate) use stream_factory::{checkpoint_name, identity};
pub(crate) use unloaded::Unloaded;
