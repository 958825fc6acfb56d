//! Rows of item_master. Dirty rows per million: code too short 1,500, code of another item 1,500, cost NULL 2,000 or
//! negative 1,000, active flag neither Y nor N 2,000, description too short 1,500, code padded or in lower case 1,500.

use rusqlite::{Statement, params};

use crate::column::{Cost, Decimal, Measure};
use crate::random::{MILLION, Purpose, Random};
use crate::world::{FIRST_ITEM, item_cost};

pub(crate) const INSERT: &str = "INSERT INTO item_master (item_id, item_code, item_description, item_category, \
    unit_of_measure, standard_cost, is_active, item_weight, item_volume, storage_type, shelf_life_days, \
    hazmat_class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const CATEGORIES: [(&str, &str); 6] = [
    ("GROCERY", "GRO"),
    ("ELECTRONICS", "ELE"),
    ("APPAREL", "APP"),
    ("HARDWARE", "HAR"),
    ("CHEMICALS", "CHE"),
    ("PHARMACY", "PHA"),
];

const NOUNS: [&str; 8] = ["CARTON", "BUNDLE", "CASE", "REFILL", "KIT", "PANEL", "BOTTLE", "SLEEVE"];
const KINDS: [&str; 6] = ["SMALL", "LARGE", "BLUE", "PLAIN", "DOUBLE", "TRAVEL"];
const UNITS: [(u64, &str); 4] = [(70, "EA"), (18, "CS"), (8, "PK"), (4, "KG")];
const STORAGE: [(u64, &str); 4] = [(70, "STANDARD"), (15, "COLD"), (8, "FROZEN"), (7, "SECURE")];
const HAZMAT: [(u64, &str); 5] = [(5, "3"), (3, "8"), (2, "9"), (1, "2.1"), (1, "NONE")];
const WEIGHT: [(i64, i64); 5] = [(0, 20), (600_000, 5_000), (850_000, 20_000), (970_000, 50_000), (1_000_000, 400_000)];

const VOLUME: [(i64, i64); 5] =
    [(0, 100), (600_000, 100_000), (850_000, 500_000), (970_000, 1_000_000), (1_000_000, 6_000_000)];

const SHELF_LIFE: [(i64, i64); 3] = [(0, 5), (600_000, 90), (1_000_000, 720)];

/// One item.
pub(crate) struct Item {
    pub(crate) id: i64,
    code: String,
    description: String,
    category: Option<&'static str>,
    unit: &'static str,
    cost: Option<Cost>,
    active: &'static str,
    weight: Option<Measure>,
    volume: Option<Measure>,
    storage: Option<&'static str>,
    shelf_life: Option<i64>,
    hazmat: Option<&'static str>,
}

impl Item {
    /// Returns the item with an index, which is always the same.
    pub(crate) fn of(seed: u64, index: u64) -> Self {
        let mut random = Random::keyed(seed, Purpose::Item, index);
        let (category, noun) = (category(seed, index).0, random.one_of(&NOUNS).unwrap_or("CASE"));
        let shelf_life = random.chance(300_000).then(|| random.quantile(&SHELF_LIFE));
        let perishable = if shelf_life.is_some() && random.chance(500_000) { "PERISHABLE " } else { "" };
        let kind = random.one_of(&KINDS).unwrap_or("PLAIN");
        let hazmat_share = if category == "CHEMICALS" { 450_000 } else { 20_000 };
        let mut item = Self {
            id: FIRST_ITEM + index as i64,
            code: code(seed, index),
            description: format!("{perishable}{kind} {noun} {}", index + 1),
            category: (!random.chance(80_000)).then_some(category),
            unit: random.weighted(&UNITS).unwrap_or("EA"),
            cost: Some(item_cost(seed, index)),
            active: if random.chance(50_000) { "N" } else { "Y" },
            weight: (!random.chance(60_000)).then(|| Decimal(random.quantile(&WEIGHT))),
            volume: (!random.chance(60_000)).then(|| Decimal(random.quantile(&VOLUME))),
            storage: (!random.chance(100_000)).then(|| random.weighted(&STORAGE)).flatten(),
            shelf_life,
            hazmat: random.chance(hazmat_share).then(|| random.weighted(&HAZMAT)).flatten(),
        };
        item.soil(seed, index, &mut random);
        item
    }

    fn soil(&mut self, seed: u64, index: u64, random: &mut Random) {
        match random.below(MILLION) {
            0..1_500 => self.code = format!("{}", index % 100),
            1_500..3_000 => self.code = code(seed, index.saturating_sub(1)),
            3_000..5_000 => self.cost = None,
            5_000..6_000 => self.cost = self.cost.map(|cost| Decimal(-cost.0)),
            6_000..8_000 => self.active = "X",
            8_000..9_500 => self.description = "TBD".to_owned(),
            9_500..11_000 => self.code = format!(" {} ", self.code.to_lowercase()),
            _ => {}
        }
    }

    pub(crate) fn insert(&self, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute(params![
            self.id,
            self.code,
            self.description,
            self.category,
            self.unit,
            self.cost,
            self.active,
            self.weight,
            self.volume,
            self.storage,
            self.shelf_life,
            self.hazmat,
        ])
    }
}

fn category(seed: u64, index: u64) -> (&'static str, &'static str) {
    // This is not the item's own sequence: a duplicated code needs the neighbour's category.
    Random::keyed(seed, Purpose::Home, index).one_of(&CATEGORIES).unwrap_or(CATEGORIES[0])
}

fn code(seed: u64, index: u64) -> String {
    format!("{}-{:06}", category(seed, index).1, index + 1)
}
