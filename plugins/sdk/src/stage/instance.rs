//! The one plugin of a component: made at the first call that needs it, and kept from call to call.

use std::any::Any;
use std::cell::RefCell;

use crate::failure::{Result, permanent};

thread_local! {
    static PLUGIN: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Keeps a plugin for the calls to come.
pub(crate) fn keep<P: 'static>(plugin: P) {
    PLUGIN.with_borrow_mut(|kept| *kept = Some(Box::new(plugin)));
}

/// Works with the plugin that is kept; `make` makes it where there is none.
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
