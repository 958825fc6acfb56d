//! The kinds of failures.

use crate::choice;

choice! {
    /// The meaning of a failure for the caller. The names are in reports, logs and the history.
    FailureKind {
        /// The pipeline file asks for something that is not possible. A retry does not help.
        InvalidConfig = "invalid-config",
        /// A right was not granted. A retry does not help.
        Denied = "denied",
        /// A temporary state. A retry may help.
        Transient = "transient",
        /// The data or the call is wrong and stays wrong.
        Permanent = "permanent",
        /// A limit of the host was reached.
        Limit = "limit",
        /// A call exceeded its time limit.
        Timeout = "timeout",
        /// A plugin trapped.
        Trap = "trap",
        /// Another run holds the stream, or builds the models.
        Busy = "busy",
        /// The run was stopped on request.
        Cancelled = "cancelled",
        /// A guard prevented an action until a person allows it. A retry does not help.
        Guard = "guard",
    }
}
