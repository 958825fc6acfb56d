//! The entities and their fields, from `fields.txt`. Sizes and fields differ between real tenants and releases.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A kind of field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The key `id`.
    Key,
    /// A status, written as an integer and not as a relation.
    Status,
    /// A relation to a row of an entity; `None`: of one that the mock does not have, always null.
    Relation(Option<&'static str>),
    /// The related rows of a child entity.
    Set,
    /// A value that is computed on demand.
    Computed,
    /// An instant.
    Instant,
    /// A date.
    Date,
    /// A decimal number.
    Decimal,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A text with the greatest length that the entity allows.
    Text(u32),
}

/// A field of an entity.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its kind.
    pub(crate) kind: Kind,
    /// True if a row cannot be created without it. It may be null all the same.
    pub(crate) required: bool,
}

/// An entity.
#[derive(Debug)]
pub(crate) struct Entity {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its fields, in the order in which they are written.
    pub(crate) fields: Vec<Field>,
    places: HashMap<&'static str, usize>,
}

impl Entity {
    /// The place of a field among the entity's fields.
    pub(crate) fn place(&self, field: &str) -> Option<usize> {
        self.places.get(field).copied()
    }

    /// True if its rows have the key `id`.
    pub(crate) fn has_id(&self) -> bool {
        self.place("id").is_some()
    }
}

/// All entities, in alphabetical order.
pub(crate) fn entities() -> &'static [Entity] {
    static ALL: LazyLock<Vec<Entity>> = LazyLock::new(|| parse(include_str!("fields.txt")));
    &ALL
}

/// The entity of this name.
pub(crate) fn entity(name: &str) -> Option<&'static Entity> {
    let at = entities().binary_search_by(|entity| entity.name.cmp(name)).ok()?;
    entities().get(at)
}

/// The entity to which a relation refers, by its field's name.
const TARGETS: [(&str, &str); 29] = [
    ("alloc_uom_id", "uom"),
    ("batch_number_id", "batch_number"),
    ("case_uom_id", "uom"),
    ("company_id", "company"),
    ("container_id", "container"),
    ("curr_location_id", "location"),
    ("dest_facility_id", "facility"),
    ("facility_id", "facility"),
    ("from_inventory_id", "inventory"),
    ("ib_shipment_id", "ib_shipment"),
    ("item_id", "item"),
    ("load_id", "load"),
    ("location_id", "location"),
    ("order_dtl_id", "order_dtl"),
    ("order_id", "order_hdr"),
    ("order_type_id", "order_type"),
    ("ordered_uom_id", "uom"),
    ("parent_company_id", "company"),
    ("po_dtl_id", "purchase_order_dtl"),
    ("prev_location_id", "location"),
    ("primary_uom_id", "uom"),
    ("purchase_order_id", "purchase_order_hdr"),
    ("shipped_uom_id", "uom"),
    ("shipto_facility_id", "facility"),
    ("stage_location_id", "location"),
    ("task_id", "task"),
    ("to_inventory_id", "inventory"),
    ("uom_id", "uom"),
    ("wave_id", "wave"),
];

fn parse(text: &'static str) -> Vec<Entity> {
    let mut paragraphs: Vec<(&str, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.split_once(": "), paragraphs.last_mut()) {
            (Some((name, fields)), _) => paragraphs.push((name, fields.to_owned())),
            (None, Some((_, fields))) => *fields = format!("{fields} {line}"),
            (None, None) => {}
        }
    }
    let groups: HashMap<_, _> = paragraphs.iter().take(2).cloned().collect();
    let mut entities: Vec<Entity> =
        paragraphs.iter().skip(2).map(|(name, fields)| read_entity(name, fields, &groups)).collect();
    entities.sort_by_key(|entity| entity.name);
    entities
}

fn read_entity(name: &'static str, fields: &str, groups: &HashMap<&str, String>) -> Entity {
    let written = fields.split(", ").flat_map(|field| match groups.get(field) {
        Some(group) => group.split(", ").collect::<Vec<_>>(),
        None => vec![field],
    });
    let fields: Vec<Field> = written.flat_map(|field| read_field(name, field)).collect();
    let places = fields.iter().enumerate().map(|(at, field)| (field.name, at)).collect();
    Entity { name, fields, places }
}

/// The fields of one notation: several for `x_2..3`.
fn read_field(entity: &str, written: &str) -> Vec<Field> {
    let (names, kind) = written.split_once(' ').unwrap_or((written, "c"));
    let required = kind.ends_with('!');
    let kind = kind.trim_end_matches('!');
    let range = names.split_once("..").and_then(|(first, last)| {
        let (stem, first) = first.rsplit_once('_')?;
        Some((stem, first.parse::<u8>().ok()?..=last.parse().ok()?))
    });
    let names: Vec<String> = match range {
        Some((stem, numbers)) => numbers.map(|number| format!("{stem}_{number}")).collect(),
        None => vec![names.to_owned()],
    };
    // The catalogue lives as long as the process.
    let leaked = names.into_iter().map(|name| &*Box::leak(name.into_boxed_str()));
    leaked.map(|name| Field { name, kind: read_kind(entity, name, kind), required }).collect()
}

fn read_kind(entity: &str, field: &str, kind: &str) -> Kind {
    match kind {
        "pk" => Kind::Key,
        "st" => Kind::Status,
        "r" => Kind::Relation(target(entity, field)),
        "set" => Kind::Set,
        "ts" => Kind::Instant,
        "d" => Kind::Date,
        "n" => Kind::Decimal,
        "i" => Kind::Integer,
        "b" => Kind::Boolean,
        _ => kind.strip_prefix('s').and_then(|most| most.parse().ok()).map_or(Kind::Computed, Kind::Text),
    }
}

fn target(entity: &str, field: &str) -> Option<&'static str> {
    match (entity, field) {
        ("allocation", "type_id") => Some("allocation_type"),
        ("location", "type_id") => Some("location_type"),
        _ => TARGETS.iter().find(|(name, _)| *name == field).map(|(_, entity)| *entity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_have_their_fields_and_groups() {
        let allocation = entity("allocation").expect("allocation");
        assert_eq!(allocation.fields.len(), 24);
        let kind = |field: &str| allocation.fields[allocation.place(field).expect(field)].kind;
        assert_eq!(kind("id"), Kind::Key);
        assert_eq!(kind("from_inventory_id"), Kind::Relation(Some("inventory")));
        assert_eq!(kind("mhe_system_id"), Kind::Relation(None));
        assert_eq!(kind("mod_ts"), Kind::Instant);
        assert_eq!(kind("create_user"), Kind::Text(30));
        assert!(!entity("rf_key_map").expect("rf_key_map").has_id());
        assert!(entity("order_hdr").expect("order_hdr").place("cust_short_text_12").is_some());
        assert!(entity("nothing").is_none() && entity("who").is_none());
    }

    #[test]
    fn every_relation_refers_to_an_entity() {
        for field in entities().iter().flat_map(|entity| &entity.fields) {
            if let Kind::Relation(Some(target)) = field.kind {
                assert!(entity(target).is_some(), "{} refers to {target}", field.name);
            }
            assert!(!field.name.contains([' ', '.']), "{:?}", field.name);
        }
    }
}
