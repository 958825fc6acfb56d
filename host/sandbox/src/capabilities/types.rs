//! The contract's words. They have no functions, and see nothing of an instance.

use wasmtime::component::HasData;

use crate::bindings::types::Host;

/// The words `types`.
pub(crate) struct Types;

impl HasData for Types {
    type Data<'a> = Self;
}

impl Host for Types {}
