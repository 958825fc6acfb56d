//! Random warehouses: small ones, with NULLs, ties, dirty texts, several versions of a row, dangling references, days
//! without data, times around midnight and around a change of the clocks.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::moment::{DAY, SECOND};
use crate::warehouse::{Allocation, Item, Line, Location, Mark, Order, Receipt, TODAY, Terms, Warehouse};

fn one_of(texts: &'static [Option<&'static str>]) -> impl Strategy<Value = Option<&'static str>> + Clone {
    proptest::sample::select(texts)
}

fn number(values: &'static [Option<i64>]) -> impl Strategy<Value = Option<i64>> + Clone {
    proptest::sample::select(values)
}

fn id() -> impl Strategy<Value = i64> + Clone {
    1..7_i64
}

fn reference() -> impl Strategy<Value = Option<i64>> + Clone {
    prop_oneof![1 => Just(None), 9 => (1..7_i64).prop_map(Some)]
}

/// Days around today, and times of day, at which the rules have boundaries.
fn moment() -> impl Strategy<Value = i64> + Clone {
    const AGES: &[i64] = &[-1, 0, 0, 0, 1, 1, 2, 7, 8, 30, 31, 89, 90, 91, 180, 540];
    const TIMES: &[i64] = &[
        0,
        1,
        2 * 3_600 * SECOND - 1,
        2 * 3_600 * SECOND,
        3 * 3_600 * SECOND,
        8 * 3_600 * SECOND - 1,
        8 * 3_600 * SECOND,
        18 * 3_600 * SECOND - 1,
        18 * 3_600 * SECOND,
        DAY - 1,
    ];
    let time = prop_oneof![proptest::sample::select(TIMES), 0..DAY];
    (proptest::sample::select(AGES), time).prop_map(|(age, time)| (TODAY - age) * DAY + time)
}

fn maybe_moment() -> impl Strategy<Value = Option<i64>> + Clone {
    prop_oneof![1 => Just(None), 12 => moment().prop_map(Some)]
}

fn deleted() -> impl Strategy<Value = Mark> + Clone {
    prop_oneof![9 => Just(false), 1 => Just(true)].prop_map(|deleted| Mark { loaded: 0, deleted })
}

fn allocation() -> impl Strategy<Value = Allocation> + Clone {
    const QUANTITIES: &[Option<i64>] = &[
        None,
        Some(0),
        Some(-1_000),
        Some(500),
        Some(1_000),
        Some(5_000),
        Some(10_000),
        Some(10_001),
        Some(100_000),
        Some(100_001),
        Some(1_000_000),
        Some(1_000_001),
    ];
    const STATUSES: &[Option<&str>] = &[
        Some("SHIPPED"),
        Some("SHIPPED"),
        Some(" shipped\t"),
        Some("PICKED"),
        Some("ALLOCATED"),
        Some("reserved "),
        Some("LOST"),
        Some(" "),
        None,
    ];
    const USERS: &[Option<&str>] = &[Some("ANN"), Some(" ANN "), Some("B|~OB"), Some("SYSTEM"), Some(""), None];
    const GAPS: &[Option<i64>] = &[
        None,
        Some(0),
        Some(1),
        Some(1_800 * SECOND),
        Some(1_800 * SECOND + 1),
        Some(3_600 * SECOND),
        Some(3_600 * SECOND + 1),
        Some(25 * 3_600 * SECOND),
        Some(-5 * SECOND),
    ];
    let what = (id(), reference(), reference(), reference(), number(QUANTITIES), one_of(STATUSES), one_of(USERS));
    let when = (number(&[None, Some(1), Some(3), Some(4), Some(5)]), maybe_moment(), number(GAPS), deleted());
    (what, when).prop_map(|((id, order, item, location, quantity, status, user), (priority, created, gap, mark))| {
        let updated = created.zip(gap).map(|(created, gap)| created + gap);
        Allocation { id, order, item, location, quantity, status, user, priority, created, updated, mark }
    })
}

fn order() -> impl Strategy<Value = Order> + Clone {
    const STATUSES: &[Option<&str>] = &[
        Some("NEW"),
        Some(" confirmed"),
        Some("IN_PROGRESS"),
        Some("COMPLETED"),
        Some("Cancelled"),
        Some("HELD"),
        None,
    ];
    const AMOUNTS: &[Option<i64>] = &[
        None,
        Some(-1),
        Some(0),
        Some(1_000),
        Some(1_001),
        Some(1_002),
        Some(9_999),
        Some(10_000),
        Some(100_000),
        Some(1_000_000),
    ];
    const KINDS: &[Option<&str>] = &[None, Some(" "), Some("rush"), Some("STANDARD")];
    const PRIORITIES: &[Option<&str>] = &[None, Some("URGENT"), Some("high"), Some("NORMAL"), Some("LOW")];
    let what = (id(), reference(), one_of(STATUSES), number(AMOUNTS), one_of(KINDS), one_of(PRIORITIES), reference());
    (what, maybe_moment(), maybe_moment(), maybe_moment(), deleted()).prop_map(
        |((id, customer, status, amount, kind, priority, address), date, requested, updated, mark)| Order {
            id,
            customer,
            date,
            status,
            amount,
            requested,
            kind,
            priority,
            address,
            updated,
            mark,
        },
    )
}

fn line() -> impl Strategy<Value = Line> + Clone {
    let numbers = (
        number(&[None, Some(1_000), Some(2_500), Some(0)]),
        number(&[None, Some(0), Some(199), Some(1_000)]),
        number(&[None, Some(0), Some(500), Some(1_000), Some(333)]),
    );
    (1..12_i64, reference(), reference(), numbers, maybe_moment(), deleted()).prop_map(
        |(id, order, item, (quantity, price, total), updated, mark)| Line {
            id,
            order,
            item,
            quantity,
            price,
            total,
            updated,
            mark,
        },
    )
}

fn item() -> impl Strategy<Value = Item> + Clone {
    let texts = (
        one_of(&[None, Some(" ab"), Some("abc "), Some("X-100")]),
        one_of(&[None, Some("box"), Some("Screws"), Some("Perishable fruit"), Some("non-perishable")]),
        one_of(&[None, Some(" "), Some("Food ")]),
        one_of(&[None, Some("EA")]),
        one_of(&[None, Some("Y"), Some(" n "), Some("X")]),
        one_of(&[None, Some("cold"), Some("STANDARD")]),
        one_of(&[None, Some("none"), Some(" 3 ")]),
    );
    let numbers = (
        number(&[None, Some(-1), Some(99_999), Some(100_000), Some(1_000_000), Some(10_000_000)]),
        number(&[None, Some(5_000), Some(5_001), Some(20_001), Some(50_001)]),
        number(&[None, Some(100_000), Some(100_001), Some(500_001), Some(1_000_001)]),
        number(&[None, Some(0), Some(10)]),
    );
    (id(), texts, numbers, deleted()).prop_map(
        |(
            id,
            (code, description, category, unit, active, storage, hazmat),
            (cost, weight, volume, shelf_life),
            mark,
        )| {
            Item {
                id,
                code,
                description,
                category,
                unit,
                cost,
                active,
                weight,
                volume,
                storage,
                shelf_life,
                hazmat,
                mark,
            }
        },
    )
}

fn location() -> impl Strategy<Value = Location> + Clone {
    const MEASURES: &[Option<i64>] =
        &[None, Some(-1_000), Some(0), Some(20_000), Some(40_000), Some(62_500), Some(95_005), Some(100_000)];
    let kinds = &[
        None,
        Some("PICK"),
        Some(" pick "),
        Some("RESERVE"),
        Some("BULK"),
        Some("STAGE"),
        Some("FORWARD"),
        Some("DOCK"),
        Some("ROOF"),
    ];
    let texts = (
        one_of(&[None, Some(" "), Some("A-01")]),
        one_of(kinds),
        one_of(&[None, Some(" Z1 ")]),
        one_of(&[None, Some("07")]),
        one_of(&[None, Some("01"), Some("02"), Some("03")]),
        one_of(&[None, Some("y"), Some("N"), Some("?")]),
    );
    let measures = proptest::array::uniform4(number(MEASURES));
    (id(), texts, measures, number(&[None, Some(1_000), Some(1_001)]), deleted()).prop_map(
        |(id, (code, kind, zone, aisle, level, active), measures, sequence, mark)| Location {
            id,
            code,
            kind,
            zone,
            aisle,
            level,
            active,
            measures,
            sequence,
            mark,
        },
    )
}

fn receipt() -> impl Strategy<Value = Receipt> + Clone {
    let statuses = one_of(&[None, Some("RECEIVED"), Some(" received"), Some("EXPECTED")]);
    (id(), reference(), number(&[None, Some(0), Some(7_000), Some(70_500)]), statuses, maybe_moment(), deleted())
        .prop_map(|(id, item, quantity, status, received, mark)| Receipt { id, item, quantity, status, received, mark })
}

fn terms() -> impl Strategy<Value = Terms> + Clone {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(zoned, soft_deletes, receipts)| Terms {
        today: TODAY,
        zoned,
        soft_deletes,
        receipts,
    })
}

/// Any warehouse. Several rows may have the same key: versions of one row, each with its own load time.
pub(crate) fn any_warehouse() -> impl Strategy<Value = Warehouse> {
    let allocations = (vec(allocation(), 0..40), option::weighted(0.3, 20..60_i64));
    let rows = (
        allocations,
        vec(order(), 0..10),
        vec(line(), 0..25),
        vec(item(), 0..8),
        vec(location(), 0..8),
        vec(receipt(), 0..10),
    );
    (terms(), rows).prop_map(|(terms, ((mut allocations, spread), orders, lines, items, locations, receipts))| {
        // Most allocations are distinct; sometimes they are all versions of a few.
        let spread = spread.unwrap_or(10_000);
        for (at, allocation) in allocations.iter_mut().enumerate() {
            allocation.id = (at as i64 * 7 + allocation.id) % spread;
        }
        let mut warehouse = Warehouse { terms, allocations, orders, lines, items, locations, receipts };
        warehouse.mark_loaded((TODAY - 1) * DAY);
        warehouse
    })
}

/// The same with one version of every row, as the loader keeps them.
pub(crate) fn any_loaded_warehouse() -> impl Strategy<Value = Warehouse> {
    any_warehouse().prop_map(Warehouse::without_versions)
}
