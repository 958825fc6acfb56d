//! The stages of a stream: each runs on a thread of its own, with a bounded queue to the next.
//!
//! | module | what it is for |
//! |---|---|
//! | `extract` | reads batches |
//! | `load` | writes rows and checkpoint in one transaction |
//! | `message` | the messages between the stages |
//! | `transform` | passes batches through plugins that may trap |

pub(crate) mod extract;
pub(crate) mod load;
mod message;
pub(crate) mod transform;
