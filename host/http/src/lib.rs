//! Reading web services: the client that implements the flow's port `Service`. One origin and no other, read-only, without
//! redirects, with a limit on everything that a service can send or keep waiting for. Secrets stay in here: they are in no
//! message, no log and no response.
//!
//! | module | what it is for |
//! |---|---|
//! | `target` | the path and the query of a request, below the base address |
//! | `resolver` | the addresses that may be connected to |
//! | `exchange` | one request and its whole response, within the limits |
//! | `sign_in` | the header that signs a request in; tokens, and their renewal |
//! | `pace` | turns, pauses and the budget of further tries of all streams together |
//! | `verdict` | the consequences of a response: done, again, or a failure |
//! | `problem` | a service's words about a problem, cleaned and cut |
//! | `session` | a stream's access to a service |

mod exchange;
mod pace;
mod problem;
mod resolver;
mod session;
mod sign_in;
mod target;
mod verdict;

pub use session::open;
