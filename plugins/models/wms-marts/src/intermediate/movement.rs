//! Where movements come from, for all models that follow them.

use crate::site::Site;
use wmshost_plugin::models::{Followed, FollowedTable};

/// The kinds of movements.
pub(crate) const KINDS: [&str; 2] = ["OUTBOUND", "INBOUND"];

/// The models that movements are made of: the second only where there are receipts.
const MADE_OF: [(&str, &str); 2] = [
    ("stg_wms_allocation", "item_id IS NOT NULL AND allocation_date IS NOT NULL"),
    ("stg_wms_receipts", "item_id IS NOT NULL AND receipt_date IS NOT NULL"),
];

fn kinds(site: &Site) -> usize {
    if site.receipts.is_some() { 2 } else { 1 }
}

/// The models that movements are made of.
pub(super) fn sources(site: &Site) -> Vec<&'static str> {
    MADE_OF.iter().take(kinds(site)).map(|(model, _)| *model).collect()
}

/// A SELECT of the items that something moved of.
pub(super) fn followed_by_item(site: &Site) -> String {
    let tables = MADE_OF.map(|(model, only)| FollowedTable { model, window: &["item_id"], only });
    Followed { window: &["item_id"], tables: &tables[..kinds(site)] }.windows()
}

/// Movements with a quantity, followed by their item, their kind and, where it is wanted, by quantity.
pub(super) fn followed_by_kind<R>(site: &Site, window: &[&str], then: impl FnOnce(Followed<'_>) -> R) -> R {
    let only = MADE_OF.map(|(_, only)| format!("{only} AND valid_quantity IS NOT NULL"));
    let windows = KINDS.map(|kind| format!("'{kind}'"));
    let made: Vec<[&str; 3]> = windows.iter().map(|kind| ["item_id", kind.as_str(), "valid_quantity"]).collect();
    let table = |at: usize| FollowedTable { model: MADE_OF[at].0, window: &made[at][..window.len()], only: &only[at] };
    let tables: Vec<FollowedTable<'_>> = (0..kinds(site)).map(table).collect();
    then(Followed { window, tables: &tables })
}
