//! The number of rows that is asked for at once: half after a request that was too much for the service, more again after
//! pages that were not.

/// The least number of rows.
const LEAST: u32 = 25;
/// The pages without trouble after which more rows are asked for.
const GOOD_PAGES: u32 = 10;

/// The number of rows that is asked for at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSize {
    rows: u32,
    most: u32,
    good: u32,
}

impl PageSize {
    /// At most this number of rows.
    pub(crate) fn new(most: u32) -> Self {
        Self { rows: most, most, good: 0 }
    }

    pub(crate) fn rows(self) -> u32 {
        self.rows
    }

    /// After a page without trouble.
    pub(crate) fn is_good(&mut self) {
        self.good += 1;
        if self.good >= GOOD_PAGES {
            (self.rows, self.good) = (self.rows.saturating_mul(2).min(self.most), 0);
        }
    }

    /// After a request that was too much; false if there are no fewer rows to ask for.
    pub(crate) fn shrink(&mut self) -> bool {
        let least = LEAST.min(self.most);
        let is_smaller = self.rows > least;
        (self.rows, self.good) = ((self.rows / 2).max(least), 0);
        is_smaller
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_shrink_to_the_least_and_grow_again() {
        let mut size = PageSize::new(1_000);
        let mut halves = vec![size.rows()];
        while size.shrink() {
            halves.push(size.rows());
        }
        assert_eq!(halves, [1_000, 500, 250, 125, 62, 31, 25]);
        (0..10).for_each(|_| size.is_good());
        assert_eq!(size.rows(), 50);
        (0..60).for_each(|_| size.is_good());
        assert_eq!(size.rows(), 1_000);
        let mut small = PageSize::new(10);
        assert!(!small.shrink() && small.rows() == 10);
    }
}
