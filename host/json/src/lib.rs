//! JSON straight into columns: one pass over the text, numbers by their digits, no tree. Web services and the messages of
//! Singer taps are read with it.
//!
//! | module | what it is for |
//! |---|---|
//! | `document` | finding the rows in a document |
//! | `row` | one row: its members, and the values of its columns |
//! | `reading` | the values that are taken |
//! | `cell` | one value as a value of its column's type, or the reason why it does not fit |
//! | `number` | exact numbers by their digits |
//! | `moment` | dates and times in ISO 8601 |
//! | `columns` | the columns of a batch while they grow |

mod cell;
mod columns;
mod document;
mod moment;
mod number;
mod reading;
mod row;

pub use cell::NO_TEXT;
pub use document::rows_of;
pub use moment::http_date;
pub use reading::Reading;
