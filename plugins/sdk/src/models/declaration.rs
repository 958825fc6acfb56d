//! All that a plugin declares.

use super::{Indicator, Model, Reader, SourceTable};
use crate::contract::modelling;

/// All that a plugin declares: models, what is known of the tables they read, numbers and readers.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    models: Vec<Model>,
    sources: Vec<SourceTable>,
    indicators: Vec<Indicator>,
    readers: Vec<Reader>,
}

impl Declaration {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares one more model.
    #[must_use]
    pub fn model(mut self, model: Model) -> Self {
        self.models.push(model);
        self
    }

    /// Declares what is known of one more stream's table.
    #[must_use]
    pub fn source(mut self, source: SourceTable) -> Self {
        self.sources.push(source);
        self
    }

    /// Declares one more number that people steer by.
    #[must_use]
    pub fn indicator(mut self, indicator: Indicator) -> Self {
        self.indicators.push(indicator);
        self
    }

    /// Declares one more reader of models.
    #[must_use]
    pub fn reader(mut self, reader: Reader) -> Self {
        self.readers.push(reader);
        self
    }

    /// The models so far.
    pub fn models(&self) -> &[Model] {
        &self.models
    }
}

impl From<Declaration> for modelling::Declaration {
    fn from(declaration: Declaration) -> Self {
        Self {
            models: declaration.models.into_iter().map(Into::into).collect(),
            sources: declaration.sources.into_iter().map(Into::into).collect(),
            indicators: declaration.indicators.into_iter().map(Into::into).collect(),
            readers: declaration.readers.into_iter().map(Into::into).collect(),
        }
    }
}
