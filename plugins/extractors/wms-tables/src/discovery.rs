//! The streams that a source offers.

use wmshost_plugin::Result;
use wmshost_plugin::contract::extraction::Offer;
use wmshost_plugin::source::{Dialect, Session, TableDescription};

use crate::dialect::display_column;
use crate::table::{fields, is_moment, schema};

/// The usual names of change keys, the likeliest first.
const USUAL_CHANGE_KEYS: [&str; 10] = [
    "last_updated",
    "mod_ts",
    "updated_at",
    "last_modified",
    "modified_at",
    "last_update_date",
    "last_upd_date",
    "changed_at",
    "modify_ts",
    "mod_date_time",
];

/// Describes every granted table.
pub(crate) fn discover<S: Session>(session: &S) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for table in session.tables()? {
        if let Some(description) = session.describe(&table)? {
            offers.push(offer(&description, session.dialect()));
        }
    }
    Ok(offers)
}

fn offer(description: &TableDescription, dialect: Dialect) -> Offer {
    let fields = fields(description, dialect);
    let mut change_keys: Vec<String> =
        fields.iter().filter(|field| is_moment(field.kind)).map(|field| field.display_column.clone()).collect();
    change_keys.sort_by_key(|name| rank(name));
    Offer {
        table: display_column(dialect, &description.name),
        columns: schema(&fields),
        key: description.key.iter().map(|name| display_column(dialect, name)).collect(),
        change_keys,
    }
}

fn rank(name: &str) -> usize {
    let usual = USUAL_CHANGE_KEYS.iter().position(|usual| usual.eq_ignore_ascii_case(name));
    usual.unwrap_or(USUAL_CHANGE_KEYS.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wmshost_plugin::contract::types::{Column, ColumnType, Zone};

    #[test]
    fn the_likeliest_change_key_comes_first() {
        let time = |name: &str| Column { name: name.into(), kind: ColumnType::Timestamp(Zone::None), nullable: true };
        let text = |name: &str| Column { name: name.into(), kind: ColumnType::Utf8, nullable: true };
        let description = TableDescription {
            name: "ORDER_HDR".into(),
            columns: vec![time("ORDER_DATE"), time("MOD_TS"), text("UPDATED_AT"), time("LAST_UPDATED"), time("DUE")],
            key: vec!["ORDER_ID".into()],
            order: vec![],
        };
        let offer = offer(&description, Dialect::Oracle);
        assert_eq!(offer.change_keys, ["last_updated", "mod_ts", "order_date", "due"]);
        assert_eq!((offer.table.as_str(), offer.key), ("order_hdr", vec!["order_id".to_owned()]));
    }
}
