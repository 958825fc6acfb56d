//! Rows of location. Dirty rows per million: both capacities 0 3,000, negative volume 1,500, more than full 2,000, type
//! unknown 1,500, type in lower case 1,000, code of another location 1,000.

use rusqlite::{Statement, params};

use crate::column::{Decimal, Measure};
use crate::random::{MILLION, Purpose, Random};
use crate::world::FIRST_LOCATION;

pub(crate) const INSERT: &str = "INSERT INTO location (location_id, location_code, location_type, zone_id, aisle, \
    bay, level_no, is_active, capacity_volume, capacity_weight, current_volume, current_weight, temperature_zone, \
    security_level, pick_sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

const KINDS: [(u64, &str); 7] =
    [(50, "PICK"), (22, "RESERVE"), (10, "BULK"), (5, "STAGE"), (8, "FORWARD"), (3, "DOCK"), (2, "DAMAGED")];

const ZONES: [&str; 6] = ["A", "B", "C", "D", "COLD", "SECURE"];
const TEMPERATURES: [(u64, &str); 3] = [(80, "AMBIENT"), (14, "CHILLED"), (6, "FROZEN")];
const SECURITY: [(u64, &str); 3] = [(88, "STANDARD"), (9, "RESTRICTED"), (3, "CAGE")];
/// The capacity by type, as a multiple of a PICK location's.
const ROOM: [(&str, i64); 3] = [("RESERVE", 4), ("BULK", 12), ("STAGE", 8)];
/// The used share of a location, in thousandths.
const USE: [(i64, i64); 6] = [(0, 0), (100_000, 1), (400_000, 500), (800_000, 800), (950_000, 950), (1_000_000, 1_000)];
/// The bays of one aisle, and the levels of one bay.
const BAYS: u64 = 20;
const LEVELS: u64 = 5;

/// One place in the warehouse.
pub(crate) struct Location {
    pub(crate) id: i64,
    code: String,
    kind: &'static str,
    zone: Option<&'static str>,
    aisle: Option<String>,
    bay: Option<String>,
    level: Option<String>,
    active: &'static str,
    capacity: [Option<Measure>; 2],
    current: [Option<Measure>; 2],
    temperature: Option<&'static str>,
    security: Option<&'static str>,
    sequence: Option<i64>,
}

impl Location {
    /// Returns the location with an index, which is always the same.
    pub(crate) fn of(seed: u64, index: u64) -> Self {
        let mut random = Random::keyed(seed, Purpose::Location, index);
        let kind = random.weighted(&KINDS).unwrap_or("PICK");
        let (aisle, bay, level) = spot(index);
        let capacity = capacity(kind, &mut random);
        let mut location = Self {
            id: FIRST_LOCATION + index as i64,
            code: code(index),
            kind,
            zone: (!random.chance(30_000)).then_some(zone(index)),
            aisle: (!random.chance(20_000)).then(|| format!("{aisle:02}")),
            bay: (!random.chance(20_000)).then(|| format!("{bay:02}")),
            level: (!random.chance(20_000)).then(|| format!("{level:02}")),
            active: if random.chance(30_000) { "N" } else { "Y" },
            capacity,
            current: capacity.map(|room| room.map(|room| used(room, &mut random))),
            temperature: (!random.chance(100_000)).then(|| random.weighted(&TEMPERATURES)).flatten(),
            security: (!random.chance(100_000)).then(|| random.weighted(&SECURITY)).flatten(),
            sequence: (kind == "PICK" || kind == "FORWARD").then_some(index as i64 + 1),
        };
        location.soil(index, &mut random);
        location
    }

    fn soil(&mut self, index: u64, random: &mut Random) {
        match random.below(MILLION) {
            0..3_000 => self.capacity = [Some(Decimal(0)); 2],
            3_000..4_500 => self.current[0] = Some(Decimal(-1_000)),
            4_500..6_500 => self.current = self.capacity.map(|room| room.map(|room| Decimal(room.0 / 100 * 117))),
            6_500..8_000 => self.kind = "MEZZ",
            8_000..9_000 => self.kind = " pick",
            9_000..10_000 => self.code = code(index.saturating_sub(1)),
            _ => {}
        }
    }

    pub(crate) fn insert(&self, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute(params![
            self.id,
            self.code,
            self.kind,
            self.zone,
            self.aisle,
            self.bay,
            self.level,
            self.active,
            self.capacity[0],
            self.capacity[1],
            self.current[0],
            self.current[1],
            self.temperature,
            self.security,
            self.sequence,
        ])
    }
}

/// Returns the used part of a location's capacity.
pub(crate) fn used(room: Measure, random: &mut Random) -> Measure {
    Decimal(room.0 / 1_000 * random.quantile(&USE))
}

/// Returns the volume and the weight that a location of a type can hold; NULL for one in fifty.
fn capacity(kind: &str, random: &mut Random) -> [Option<Measure>; 2] {
    let times = ROOM.iter().find(|(name, _)| *name == kind).map_or(1, |(_, times)| *times);
    [(500, 4_000), (100, 900)].map(|(low, high)| {
        let room = Decimal(random.between(low, high) * 1_000 * times);
        (!random.chance(20_000)).then_some(room)
    })
}

/// Returns the aisle, bay and level of an index.
fn spot(index: u64) -> (u64, u64, u64) {
    (index / (BAYS * LEVELS) + 1, index / LEVELS % BAYS + 1, index % LEVELS + 1)
}

fn zone(index: u64) -> &'static str {
    ZONES[((spot(index).0 - 1) % ZONES.len() as u64) as usize]
}

fn code(index: u64) -> String {
    let (aisle, bay, level) = spot(index);
    format!("{}-{aisle:02}-{bay:02}-{level:02}", zone(index))
}
