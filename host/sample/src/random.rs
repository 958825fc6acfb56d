//! Draws that depend only on the seed. SplitMix64, written out, with integers throughout: neither a newer crate nor
//! another machine's mathematics library may change the meaning of a seed.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// The number of parts in a whole: shares are in parts per million.
pub(crate) const MILLION: u64 = 1_000_000;

/// A sequence of draws.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

/// Independent sequences from one seed.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum Purpose {
    Item = 1,
    Cost,
    Location,
    Home,
    Order,
    OrderRow,
    Line,
    LineRow,
    Allocation,
    Day,
    DayItems,
    DayLocations,
    DayOrders,
    DayLines,
    DayAllocations,
}

impl Random {
    /// Returns the sequence of one row (or day), which is the same whichever rows were drawn before.
    pub(crate) fn keyed(seed: u64, purpose: Purpose, index: u64) -> Self {
        let base = mix(seed.wrapping_add((purpose as u64).wrapping_mul(GOLDEN)));
        Self { state: mix(base ^ index.wrapping_mul(0xD134_2543_DE82_EF95)) }
    }

    /// Returns 64 new random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Returns a number from 0 up to, but not including, `limit`; 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(limit);
        (wide >> 64) as u64
    }

    /// Returns a number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.abs_diff(low) + 1) as i64
    }

    /// Returns a number below `limit`; small ones are more frequent: the density falls with the square root.
    pub(crate) fn skewed(&mut self, limit: u64) -> u64 {
        let half = self.bits() >> 32;
        let squared = (half * half) >> 32;
        ((u128::from(squared) * u128::from(limit)) >> 32) as u64
    }

    /// Returns true in this number of a million cases.
    pub(crate) fn chance(&mut self, per_million: u64) -> bool {
        self.below(MILLION) < per_million
    }

    /// Draws one of the choices, by weight; `None` only if there are none.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> Option<T> {
        let total = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total);
        for (weight, choice) in choices {
            if left < *weight {
                return Some(*choice);
            }
            left -= weight;
        }
        None
    }

    /// Draws one of the choices, all equally likely; `None` only if there are none.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        choices.get(self.below(choices.len() as u64) as usize).copied()
    }

    /// Draws from a distribution that is defined by points (share in a million, value), with linear interpolation.
    pub(crate) fn quantile(&mut self, points: &[(i64, i64)]) -> i64 {
        let share = self.below(MILLION) as i64;
        for pair in points.windows(2) {
            let &[(from, low), (to, high)] = pair else {
                continue;
            };
            if share < to {
                // The share is drawn in steps; a second draw fills the step, because values would repeat otherwise.
                let step = ((high - low) / (to - from)).max(0);
                let within = i128::from(share - from) * i128::from(high - low) / i128::from(to - from);
                return low + within as i64 + self.between(0, step);
            }
        }
        points.last().map_or(0, |(_, value)| *value)
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_splitmix64() {
        let mut random = Random { state: 1_234_567 };
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([random.bits(), random.bits(), random.bits()], expected);
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut random = Random::keyed(1, Purpose::Order, 1);
        for _ in 0..10_000 {
            assert!(random.below(3) < 3);
            assert!((-2..=2).contains(&random.between(-2, 2)));
            assert!(random.skewed(10) < 10);
            assert!((5..=90).contains(&random.quantile(&[(0, 5), (500_000, 10), (1_000_000, 90)])));
        }
        assert_eq!(random.below(0), 0);
        assert_eq!(random.weighted::<u8>(&[]), None);
    }
}
