//! Streams made of a checked pipeline.
//!
//! | module | what it is for |
//! |---|---|
//! | `bookmarkable_source` | a source whose every row can be the position of a bookmark |
//! | `connect` | databases by their connections in the pipeline |
//! | `fed` | streams of rows that come from elsewhere |
//! | `source_options` | the options of a source that decide which rows and values are read |
//! | `recorded_extractor` | an extractor whose reading is recorded |
//! | `recorded_transform` | a transform whose failing batch is recorded |
//! | `stream_factory` | streams: databases opened, plugins instantiated, policies put in place |
//! | `unloaded` | streams that are read and not loaded |
//! | `unmarked_source` | a table that wmshost wrote, read again |
//! | `windows` | windows of a stream, which are read again |

mod bookmarkable_source;
pub(crate) mod connect;
mod fed;
mod recorded_extractor;
mod recorded_transform;
mod source_options;
mod stream_factory;
mod unloaded;
mod unmarked_source;
mod windows;

pub use connect::{SessionTags, reader, target_reader};
pub use stream_factory::StreamFactory;
pub(crate) use stream_factory::{checkpoint_name, identity};
pub(crate) use unloaded::Unloaded;
