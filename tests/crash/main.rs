//! Whatever kills a run, the next one ends with the target equal to the source: nothing lost, nothing twice.
//! `WMSHOST_TEST_LONG=1` (`make test-long`) kills ten times as often.

mod disk;
mod histories;
mod points;
mod random;

/// The number of random repetitions.
pub(crate) fn times(usual: u64) -> u64 {
    if wmshost_tests::is_long() { usual * 10 } else { usual }
}
