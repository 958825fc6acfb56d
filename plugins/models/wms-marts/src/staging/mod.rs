//! Staging: one source table each, the latest version of every row, under clean names and without deleted rows.
//! Masters keep their deleted rows, with a flag, because facts refer to them.
//!
//! | model | one row per |
//! |---|---|
//! | `stg_wms_allocation` | allocation |
//! | `stg_wms_order_lines` | order line |
//! | `stg_wms_order_headers` | order, with the sums of its lines |
//! | `stg_wms_orders` | the same, with its age |
//! | `stg_wms_items` | item |
//! | `stg_wms_locations` | location |
//! | `stg_wms_receipts` | receipt, where there is a stream of them |

mod allocation;
mod items;
mod locations;
mod order_lines;
mod orders;
mod receipts;

use crate::cloud;
use crate::site::{OWNER, Site};
use wmshost_plugin::models::Model;

/// All staging models.
pub(crate) fn all(site: &Site) -> Vec<Model> {
    let mut models = vec![allocation::model(site), order_lines::model(site)];
    models.extend(cloud::headers(site));
    models.extend([orders::model(site), orders::aged(site), items::model(site), locations::model(site)]);
    models.extend(site.receipts.as_deref().map(|stream| receipts::model(site, stream)));
    models.into_iter().map(|model| model.tags(["wms", "staging"]).owner(OWNER)).collect()
}

/// A SELECT of the versions of a stream's rows, numbered from the latest of each key, in `version`.
fn versions(site: &Site, stream: &str, key: &str, latest_first: &str, only: &str) -> String {
    format!(
        "SELECT raw_rows.*, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {latest_first}) AS version
  FROM {{{rows}}} raw_rows{only}",
        rows = site.rows(stream),
    )
}

/// A SELECT of the keys whose rows are new since the last build, or have gone: the usual `changes` of a stream's model.
fn changed_keys(site: &Site, stream: &str, key: &str) -> String {
    let (table, source_key) = site.table(stream, key);
    format!(
        "SELECT came.{source_key} AS {key} FROM {{{table}}} came WHERE {is_new}
UNION ALL
SELECT built.{key}
FROM {{this}} built LEFT JOIN {{{table}}} found ON found.{source_key} = built.{key}
WHERE found.{source_key} IS NULL",
        is_new = site.is_new(table),
    )
}

/// The order of versions where the source says when a row last changed.
const BY_CHANGE: &str = "last_updated DESC NULLS LAST, wms_loaded_at DESC NULLS LAST";
/// The order of versions where it does not.
const BY_LOAD: &str = "wms_loaded_at DESC NULLS LAST";
