//! The one plugin of a component: created by the first call that needs it, and kept between calls.

use std::any::Any;
use std::cell::RefCell;

use crate::failure::{Result, permanent};

thread_local! {
    static PLUGIN: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Keeps a plugin for later calls.
#[cfg(feature = "loader")]
pub(crate) fn keep<P: 'static>(plugin: P) {
    PLUGIN.with_borrow_mut(|kept| *kept = Some(Box::new(plugin)));
}

/// Calls a function with the kept plugin; `make` creates it where there is none.
pub(crate) fn with<P: 'static, T>(
    make: impl FnOnce() -> Result<P>,
    work: impl FnOnce(&mut P) -> Result<T>,
) -> Result<T> {
    PLUGIN.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Some(Box::new(make()?));
        }
        match kept.as_mut().and_then(|plugin| plugin.downcast_mut()) {
            Some(plugin) => work(plugin),
            None => Err(permanent("the component keeps another plugin than it exports")),
        }
    })
}
