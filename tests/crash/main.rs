//! Whatever kills a run, the next one ends with the target equal to the source: nothing lost, nothing twice.
//! `WMSHOST_TEST_LONG=1` (`make test-long`) kills ten times as often.

mod disk;
mod histories;
mod points;
mod random;

/// How often to do what is done at random.
pub(crate) fn times(usual: u64) -> u64 {
    if std::env::var_os("WMSHOST_TEST_LONG").is_some() { usual * 10 } else { usual }
}

/// Numbers that look random and are the same every time (Sebastiano Vigna's splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
