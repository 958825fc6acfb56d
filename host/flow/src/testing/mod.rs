//! The ports in memory, for unit tests that need no database, no plugin and no waiting. Each double exists once.
//!
//! | module | what it is for |
//! |---|---|
//! | `bench` | a stream whose ports are all in memory, and the context of its run |
//! | `clock` | a clock that a test moves |
//! | `database` | tables in memory, and the statements that they understand |
//! | `extractor` | an extractor of given rows, with a script of faults |
//! | `loader` | a loader that writes into a session in memory |
//! | `recorder` | an observer that records events |
//! | `rows` | batches of items |
//! | `session` | a session of a target in memory: transactions that roll back |
//! | `statement` | the little SQL in which the host's own tables are written |
//! | `target` | a target in memory, and its faults by operation |
//! | `transform` | a transform that misbehaves by script |

mod bench;
mod clock;
mod database;
mod extractor;
mod loader;
mod recorder;
mod rows;
mod session;
mod statement;
mod target;
mod transform;

pub(crate) use bench::{Bench, PIPELINE, STREAM, TABLE, policy};
pub(crate) use extractor::{Fault, MemoryExtractor, bookmark_at};
pub(crate) use loader::MemoryLoader;
pub(crate) use rows::{ids, item_columns, items};
pub(crate) use target::MemoryTarget;
pub(crate) use transform::{Behaviour, CALL_TIME, MISDEEDS, ScriptedTransform};
