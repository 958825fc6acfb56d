//! The Singer protocol: a tap's messages as streams of rows, and rows as a tap's messages. This crate reads and writes lines
//! and knows no database; its users move the rows through the flow, as those of any other source.
//!
//! | module | purpose |
//! |---|---|
//! | `lines` | whole lines of an input, in blocks |
//! | `message` | one line as a message |
//! | `schema` | the columns of a stream |
//! | `records` | records on their way to the extract stage |
//! | `extractor` | the extract stage of a stream of records |
//! | `states` | the states that may be passed on |
//! | `catalog` | the streams that a tap offers, and those that are chosen |
//! | `bookmarks` | the state of a tap |
//! | `outgoing` | rows as messages |
//! | `greatest` | the greatest value of a change key |
//! | `versions` | rows of older versions, which are removed |

mod bookmarks;
mod catalog;
mod extractor;
mod greatest;
mod lines;
mod message;
mod outgoing;
mod records;
mod schema;
mod states;
mod versions;

pub use bookmarks::{TapPosition, TapState};
pub use catalog::{Choice, Offered, catalog, choices, is_selected};
pub use extractor::{Input, RecordExtractor};
pub use greatest::Greatest;
pub use lines::{Block, read_blocks};
pub use message::{Message, Record, parse, without_bare_words};
pub use outgoing::{Decimals, Writer};
pub use records::{Records, Stamp};
pub use schema::{ColumnsOf, ROW, TABLE_VERSION, column_name, columns};
pub use states::States;
pub use versions::{Activated, Removals, VersionedLoader};
