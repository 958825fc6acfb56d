//! Changes: the same seed makes the same day, and the truth knows what an incremental reader cannot see.

use std::collections::BTreeSet;

use super::state;
use crate::changes;
use crate::quirks::Quirk;
use crate::tenant::Change;
use crate::truth;
use crate::value::Value;

#[test]
fn the_same_seed_makes_the_same_rows_and_the_same_day() {
    let day = || {
        let mut state = state(&[Quirk::HardHistory, Quirk::NullTimes]);
        let changes = changes::day(&state.tenant, 3, 10.0);
        state.tenant.pending.extend(changes);
        changes::settle(&mut state.tenant);
        ["allocation", "order_dtl", "inventory"].map(|entity| truth::rows(&state.tenant, entity))
    };
    assert_eq!(day(), day());
}

#[test]
fn changes_happen_between_the_requests_for_lists() {
    let mut state = state(&[]);
    let changes = changes::day(&state.tenant, 3, 5.0);
    assert_eq!(changes.len(), 20);
    state.tenant.pending.extend(changes);
    state.tenant.every = 2;
    state.get("allocation/");
    assert_eq!(state.tenant.pending.len(), 20);
    state.get("allocation/");
    assert_eq!(state.tenant.pending.len(), 19);
    state.get("allocation/describe/");
    assert_eq!(state.tenant.pending.len(), 19);
}

#[test]
fn changes_that_leave_no_trace_are_known() {
    let mut state = state(&[Quirk::HardHistory]);
    let window = state.tenant.now;
    let before = truth::rows(&state.tenant, "allocation");
    let changes = changes::day(&state.tenant, 3, 10.0);
    state.tenant.pending.extend(changes);
    changes::settle(&mut state.tenant);
    let unseen = truth::unseen(&state.tenant, "allocation");
    assert!(unseen.len() >= 2, "{unseen:?}");
    let after = truth::rows(&state.tenant, "allocation");
    let gone: BTreeSet<i64> =
        before.iter().map(|row| row.id).filter(|id| after.iter().all(|row| row.id != *id)).collect();
    assert!(gone.is_subset(&unseen));
    // What is not in the list has a trace: a time of change in the window with its lookback, or of creation.
    let table = state.tenant.tables.of("allocation");
    for row in after.iter().filter(|row| !before.contains(row) && !unseen.contains(&row.id)) {
        let is_late = |field: &str| match table.value(row.id, field) {
            Value::Instant(at) => at >= window - 2 * crate::value::HOUR,
            _ => false,
        };
        assert!(is_late("mod_ts") || is_late("create_ts"), "{row:?}");
    }
}

#[test]
fn an_id_that_is_used_again_is_another_row() {
    let mut state = state(&[]);
    let before = state.true_ids("allocation");
    changes::apply(&mut state.tenant, Change::ReusedId);
    assert_eq!(state.true_ids("allocation"), before);
    let table = state.tenant.tables.of("allocation");
    let now = Value::Instant(state.tenant.now);
    assert_eq!(before.iter().filter(|id| table.value(**id, "create_ts") == now).count(), 1);
}
