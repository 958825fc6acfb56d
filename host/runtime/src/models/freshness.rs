//! The freshness of streams and models.

use wmshost_models::{Age, Selected};

use super::models_project::ModelsProject;
use crate::error::Result;
use crate::runtime::Runtime;

/// The ages of the selected streams and models.
pub fn ages(runtime: &Runtime, project: &ModelsProject, selected: &Selected) -> Result<Vec<Age>> {
    let mut sql = project.sql()?;
    let loaded = project.project.last_loads(&project.name, sql.as_mut())?;
    Ok(project.project.freshness(&project.name, selected, &loaded, runtime.clock.now(), sql.as_mut())?)
}
