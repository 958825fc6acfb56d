//! The calls of a session (TTC).
//!
//! | module | purpose |
//! |---|---|
//! | `answer` | the bytes of an answer |
//! | `message` | the messages of answers |
//! | `logon` | authentication by O5LOGON |
//! | `welcome` | the messages of a login |
//! | `conversation` | one client from its first packet to its last |
//! | `piggyback` | requests that clients send together with a call |
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
