//! The streams that the service offers: every entity that it lists and describes.

use wmshost_plugin::contract::extraction::Offer;
use wmshost_plugin::http::Service;
use wmshost_plugin::{Failure, Result, log};

use crate::cloud::Cloud;
use crate::entity::{CREATED, Choice, Entity, ID, names};

/// Columns that say when a row changed, the likeliest first.
const CHANGE_KEYS: [&str; 2] = ["mod_ts", CREATED];

/// Describes every entity.
pub(crate) fn discover<S: Service>(cloud: &Cloud<S>, choice: &Choice) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for name in names(cloud)? {
        match Entity::describe(cloud, &name, choice) {
            Ok(entity) => offers.push(Offer {
                columns: entity.schema(),
                key: if entity.has_id() { vec![ID.to_owned()] } else { Vec::new() },
                change_keys: CHANGE_KEYS
                    .iter()
                    .filter(|key| entity.has_time(key))
                    .map(|key| (*key).to_owned())
                    .collect(),
                table: name,
            }),
            Err(failure @ (Failure::Transient(_) | Failure::Denied(_))) => return Err(failure),
            Err(failure) => log::warn(format!("{name} is not offered: {failure}")),
        }
    }
    Ok(offers)
}
