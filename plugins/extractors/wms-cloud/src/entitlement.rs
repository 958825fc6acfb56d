//! The facilities and companies that the user sees. When one is taken from the user, its rows look deleted, in every
//! entity. The ids are kept in the stream's state and compared with the last run's before anything is read.

use wmshost_plugin::http::Service;
use wmshost_plugin::{Result, permanent, state};

use crate::cloud::Cloud;

/// The entities that decide about what a user sees.
const ENTITIES: [&str; 2] = ["facility", "company"];

/// Fails if the user no longer sees what an earlier run saw.
pub(crate) fn check<S: Service>(cloud: &Cloud<S>) -> Result<()> {
    for entity in ENTITIES {
        let Some(ids) = cloud.all_ids(entity)? else { continue };
        let before = state::get(entity).map(|bytes| parse(&bytes)).unwrap_or_default();
        let lost = lost(&before, &ids);
        if !lost.is_empty() {
            return Err(permanent(format!(
                "the user no longer sees {} {entity} ids that the last run saw ({}): their rows would look deleted; have the \
                 entitlement restored, or set `entitlement_guard = false` in the stream's settings to accept it",
                lost.len(),
                lost.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join(", ")
            )));
        }
        let text: Vec<String> = ids.iter().map(ToString::to_string).collect();
        state::set(entity, Some(text.join(",").as_bytes()))?;
    }
    Ok(())
}

fn parse(bytes: &[u8]) -> Vec<i64> {
    String::from_utf8_lossy(bytes).split(',').filter_map(|id| id.parse().ok()).collect()
}

fn lost(before: &[i64], now: &[i64]) -> Vec<i64> {
    before.iter().copied().filter(|id| !now.contains(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_found() {
        assert_eq!(lost(&parse(b"1,2,30"), &[2, 3]), [1, 30]);
        assert!(lost(&parse(b""), &[1]).is_empty());
    }
}
