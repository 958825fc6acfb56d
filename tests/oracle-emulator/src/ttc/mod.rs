//! The calls of a session (TTC).
//!
//! | module | what it is for |
//! |---|---|
//! | `answer` | the bytes of an answer |
//! | `message` | the messages that answers are made of |
//! | `logon` | who is there: O5LOGON |
//! | `welcome` | the messages of logging on |
//! | `conversation` | one client from its first packet to its last |
//! | `piggyback` | what clients send along with a call |
//! | `bind` | bind variables |
//! | `execute` | statements |
//! | `block` | PL/SQL blocks |
//! | `rows` | rows of a query |
//! | `lob` | large objects |

pub(crate) mod answer;
mod bind;
mod block;
mod conversation;
mod execute;
mod lob;
mod logon;
mod message;
mod piggyback;
mod rows;
mod welcome;

pub(crate) use conversation::Conversation;
