//! Rows in flight: batches, the rows taken out of them, and rows as JSON.
//!
//! | module | what it is for |
//! |---|---|
//! | `bad_rows` | the policy for rows with a value that does not fit |
//! | `batch` | rows in flight, and the rows taken out of them |
//! | `cell_json` | rows and values as JSON |
//! | `cell_value` | cells as values to bind |
//! | `hash` | rows as numbers |
//! | `origin` | the source rows that the rows of a batch were made of |
//! | `repeats` | rows of a run that share a key |
//! | `row_json` | rows from quarantine, back into columns |
//! | `stored_value` | one value: what it is hashed as, and its order |

pub(crate) mod bad_rows;
pub(crate) mod batch;
pub(crate) mod cell_json;
pub(crate) mod cell_value;
pub(crate) mod hash;
pub(crate) mod origin;
pub(crate) mod repeats;
pub(crate) mod row_json;
pub(crate) mod stored_value;
