//! The client against a small server on this machine: grants, credentials, pauses, and everything that a hostile service
//! can send.
//!
//! | module | subject |
//! |---|---|
//! | `server` | a server that answers by a script |
//! | `reading` | requests, responses and further tries |
//! | `origins` | addresses that requests and responses try to lead to |
//! | `signing_in` | credentials, tokens, and what never leaves the client |
//! | `hostile` | responses without end, without sense, or too large |

mod hostile;
mod origins;
mod reading;
mod server;
mod signing_in;
