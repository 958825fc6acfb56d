//! Models: SQL over the loaded tables, with tests and documentation.

use crate::about::{Description, Settings};
use crate::failure::Result;
use crate::models::Declaration;
use crate::sql::Sql;

/// A plugin that declares models. The host checks, builds and tests them.
pub trait Models: Sized + 'static {
    /// The plugin's description of itself. Called without any capability.
    fn describe() -> Description;
    /// The models, in the SQL of the target's database. The same settings always declare the same models.
    fn declare(settings: &Settings, sql: Sql) -> Result<Declaration>;
}

#[cfg(target_family = "wasm")]
pub(crate) mod exported {
    //! Models as the contract has them.

    use std::marker::PhantomData;

    use super::{Models, Settings, Sql};
    use crate::contract::types::Dialect;
    use crate::failure::Result;
    use wmshost_plugin_models_world::{about, modelling};

    /// The exports of models.
    pub struct Exported<M>(PhantomData<M>);

    impl<M: Models> about::Guest for Exported<M> {
        fn describe() -> about::Description {
            M::describe().into()
        }
    }

    impl<M: Models> modelling::Guest for Exported<M> {
        fn declare(dialect: Dialect) -> Result<modelling::Declaration> {
            M::declare(&Settings::of(&M::describe()), Sql::of(dialect)).map(Into::into)
        }
    }
}
