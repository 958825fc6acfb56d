//! Oracle Net (TNS).
//!
//! | module | purpose |
//! |---|---|
//! | `door` | listening, and a thread per client |
//! | `greeting` | CONNECT, and ACCEPT or REFUSE |
//! | `packet` | packets and the bytes in them |

mod door;
mod greeting;
mod packet;

pub(crate) use door::Door;
pub(crate) use packet::{BREAK, Broken, Line, RESET};
