//! A plugin's whole declaration.

use super::{Exposure, Metric, Model, SourceTable};
use crate::contract::modelling;

/// A plugin's whole declaration: models, the tables they read, metrics and exposures.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    models: Vec<Model>,
    sources: Vec<SourceTable>,
    metrics: Vec<Metric>,
    exposures: Vec<Exposure>,
}

impl Declaration {
    /// An empty declaration.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares one more model.
    #[must_use]
    pub fn model(mut self, model: Model) -> Self {
        self.models.push(model);
        self
    }

    /// Declares the table of one more stream.
    #[must_use]
    pub fn source(mut self, source: SourceTable) -> Self {
        self.sources.push(source);
        self
    }

    /// Declares one more metric.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metrics.push(metric);
        self
    }

    /// Declares one more exposure.
    #[must_use]
    pub fn exposure(mut self, exposure: Exposure) -> Self {
        self.exposures.push(exposure);
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
            metrics: declaration.metrics.into_iter().map(Into::into).collect(),
            exposures: declaration.exposures.into_iter().map(Into::into).collect(),
        }
    }
}
