//! Oracle's SQL turned into PostgreSQL's, word by word: what is the same in both goes through as it is.
//!
//! | module | what it is for |
//! |---|---|
//! | `names` | names on both sides |
//! | `words` | a statement as words |
//! | `parts` | finding the parts of a statement |
//! | `expression` | words in their clauses |
//! | `special` | words that stand for something else |
//! | `calls` | functions that are spelled differently |
//! | `statement` | which kind of statement it is |
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
