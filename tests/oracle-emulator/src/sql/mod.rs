//! Translates Oracle's SQL to PostgreSQL's, word by word: words that are the same in both are copied.
//!
//! | module | purpose |
//! |---|---|
//! | `names` | names on both sides |
//! | `words` | a statement as words |
//! | `parts` | finding the parts of a statement |
//! | `expression` | words in their clauses |
//! | `special` | words that are replaced by others |
//! | `calls` | functions that are spelled differently |
//! | `statement` | the kinds of statements |
//! | `change` | INSERT, UPDATE, DELETE, MERGE |
//! | `define` | CREATE, DROP, TRUNCATE, GRANT |
//! | `table` | the columns and constraints of a table |
//! | `alter` | ALTER TABLE |
//! | `control` | transactions and settings of the session |
//! | `block` | the PL/SQL that clients send |

mod alter;
mod block;
mod calls;
mod change;
mod control;
mod define;
mod expression;
pub(crate) mod names;
mod parts;
mod special;
mod statement;
mod table;
pub(crate) mod words;

pub(crate) use block::{Block, Handler, Step};
pub(crate) use control::Control;
pub(crate) use define::{Definition, Temporary, declaration};
pub(crate) use statement::{AsOf, Query, Returning, Statement};
