//! The sources of movements, for all models that follow them.

use crate::site::Site;
use wmshost_plugin::models::{Delta, DeltaSource};

/// The kinds of movements.
pub(crate) const KINDS: [&str; 2] = ["OUTBOUND", "INBOUND"];

/// A kind of movements, and the model that they are computed from.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) from: &'static str,
    /// Its number, its time and its day there.
    pub(super) id: &'static str,
    pub(super) moved_at: &'static str,
    pub(super) day: &'static str,
    /// The condition that it is a movement.
    pub(super) only: &'static str,
    /// The rest of a movement's columns, in the order of the model.
    pub(super) columns: &'static str,
}

/// The second one exists only where there are receipts.
const MADE_OF: [Kind; 2] = [
    Kind {
        name: KINDS[0],
        from: "stg_wms_allocation",
        id: "allocation_id",
        moved_at: "created_date",
        day: "allocation_date",
        only: "item_id IS NOT NULL AND allocation_date IS NOT NULL",
        columns: "allocation_status AS movement_status, valid_quantity AS quantity, -valid_quantity AS net_quantity,
    processing_time_seconds,
    CASE WHEN allocation_status = 'SHIPPED' AND processing_time_seconds <= 3600 THEN 100
      WHEN allocation_status = 'SHIPPED' THEN 80
      WHEN allocation_status = 'PICKED' THEN 60
      ELSE 40 END AS business_impact_score",
    },
    Kind {
        name: KINDS[1],
        from: "stg_wms_receipts",
        id: "receipt_id",
        moved_at: "received_date",
        day: "receipt_date",
        only: "item_id IS NOT NULL AND receipt_date IS NOT NULL",
        columns: "receipt_status AS movement_status, valid_quantity AS quantity, valid_quantity AS net_quantity,
    NULL AS processing_time_seconds,
    CASE WHEN receipt_status = 'RECEIVED' THEN 90 ELSE 40 END AS business_impact_score",
    },
];

/// The kinds of movements that exist in a warehouse.
pub(super) fn kinds(site: &Site) -> &'static [Kind] {
    if site.receipts.is_some() { &MADE_OF } else { &MADE_OF[..1] }
}

/// The models that movements are computed from.
pub(super) fn sources(site: &Site) -> Vec<&'static str> {
    kinds(site).iter().map(|kind| kind.from).collect()
}

/// A SELECT of the items with new, changed or deleted movements.
pub(super) fn items_moved(site: &Site) -> String {
    followed_by(site, &["item_id"], |_| vec!["item_id"])
}

/// A SELECT of the items with new, changed or deleted movements, and the times of these.
pub(super) fn moments_moved(site: &Site) -> String {
    followed_by(site, &["item_id", "moved_at", "movement_date"], |kind| vec!["item_id", kind.moved_at, kind.day])
}

fn followed_by(site: &Site, window: &[&str], columns: impl Fn(&Kind) -> Vec<&'static str>) -> String {
    let columns: Vec<_> = kinds(site).iter().map(columns).collect();
    let tables = kinds(site).iter().zip(&columns);
    let tables: Vec<_> =
        tables.map(|(kind, window)| DeltaSource { model: kind.from, window, only: kind.only }).collect();
    Delta { window, tables: &tables }.windows()
}

/// Movements with a quantity, followed by their item, their kind and the columns of `window`.
pub(super) fn followed_by_kind<R>(site: &Site, window: &[&str], then: impl FnOnce(Delta<'_>) -> R) -> R {
    let kinds = kinds(site);
    let only: Vec<_> = kinds.iter().map(|kind| format!("{} AND valid_quantity IS NOT NULL", kind.only)).collect();
    let names: Vec<_> = kinds.iter().map(|kind| format!("'{}'", kind.name)).collect();
    let made: Vec<[&str; 3]> = names.iter().map(|name| ["item_id", name.as_str(), "valid_quantity"]).collect();
    let table = |at: usize| DeltaSource { model: kinds[at].from, window: &made[at][..window.len()], only: &only[at] };
    let tables: Vec<DeltaSource<'_>> = (0..kinds.len()).map(table).collect();
    then(Delta { window, tables: &tables })
}
