//! Stories by seed: some quirks at once, rows that change while they are read, runs that die or that the service ends, time
//! that goes by. At the end the target is equal to the truth, and after a comparison also in what no incremental run sees.
//! There are 200 with `WMSHOST_TEST_LONG=1` (`make test-long`), and one by its seed with `WMSHOST_TEST_STORY=17`.

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use wmshost_tests::Numbers;
use wmshost_wms_cloud_mock::Quirk::{self, *};

use crate::bed::{CHANGING, Cloud, Setup};
use crate::reading::FATAL;

/// The stories, and those in `make test-long`.
const STORIES: u64 = 8;
const MANY_STORIES: u64 = 200;
/// The stories that run at the same time.
const AT_ONCE: usize = 8;
/// The points at which a run may die.
const POINTS: [&str; 5] = ["table-prepared", "batch-loaded", "checkpoint-written", "batch-committed", "finished"];
/// The times between runs, in seconds.
const PAUSES: [i64; 5] = [0, 60, 600, 3_600, 86_400];

/// A story.
struct Story {
    cloud: Cloud,
    numbers: Numbers,
    /// True after a run that ended well.
    is_loaded: bool,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let possible: Vec<Quirk> = Quirk::all().filter(|quirk| !FATAL.contains(quirk)).collect();
        let quirks = (0..=numbers.below(8)).map(|_| numbers.pick(&possible)).collect();
        let setup = Setup {
            allocations: 150 + numbers.below(300),
            fault_every: 6 + numbers.below(12),
            page_rows: numbers.pick(&[25, 60, 250, 1_000]),
            defaults: numbers.pick(&["", "reconcile_every = \"0s\""]),
            ..Setup::new(seed, quirks)
        };
        println!("story {seed}: {quirks}, {setup:?}");
        Self { cloud: Cloud::new(&setup), numbers, is_loaded: false }
    }

    /// A run, however it ends, while rows change.
    fn chapter(&mut self) {
        let Self { cloud, numbers, is_loaded } = self;
        cloud.mock.begin_changes(numbers.draw(), 3.0 + numbers.below(10) as f64, 1 + numbers.below(3));
        match numbers.below(6) {
            0 => {
                let point = numbers.pick(&POINTS);
                let times = 1 + numbers.below(4);
                cloud.project.set("WMSHOST_CRASH_AT", &format!("{}:{point}:{times}", numbers.pick(&CHANGING)));
                let died = cloud.run();
                assert!(matches!(died.code(), None | Some(0)), "{}", died.err());
                *is_loaded |= died.code() == Some(0);
                cloud.project.set("WMSHOST_CRASH_AT", "");
            }
            1 if *is_loaded => {
                let quirks = cloud.mock.quirks();
                let fatal = numbers.pick(&FATAL);
                cloud.mock.set_quirks(quirks.with(fatal));
                assert_ne!(cloud.run().code(), Some(0), "{fatal:?}");
                cloud.mock.set_quirks(quirks);
            }
            _ => {
                cloud.run().ended(0);
                *is_loaded = true;
            }
        }
        if numbers.chance(50) {
            cloud.mock.settle();
        }
        cloud.mock.advance(numbers.pick(&PAUSES));
    }

    fn end(&self) {
        self.cloud.settle();
        self.cloud.run().ended(0);
        self.cloud.assert_equal("at the end");
        let streams = CHANGING.iter().flat_map(|entity| ["--stream", entity]);
        let arguments: Vec<&str> = ["--repair"].into_iter().chain(streams).collect();
        self.cloud.project.wmshost("verify", &arguments).ended(0);
        self.cloud.assert_all_equal("after the comparison");
    }
}

fn tell(seed: u64) {
    let mut story = Story::new(seed);
    for _ in 0..2 + story.numbers.below(3) {
        story.chapter();
    }
    story.end();
}

#[test]
fn quirks_at_once_while_rows_change() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("WMSHOST_TEST_STORY") {
        return tell(seed);
    }
    let is_long = wmshost_tests::is_long();
    let (next, stories) = (AtomicU64::new(0), if is_long { MANY_STORIES } else { STORIES });
    let failed = Mutex::new(Vec::new());
    // Most of the time a story waits: for pauses that the service asks for, or before a further try.
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= stories {
                return;
            }
            if let Err(panicked) = catch_unwind(|| tell(seed)) {
                let why = panicked.downcast_ref::<String>().cloned().unwrap_or_default();
                failed.lock().expect("no panic").push(format!("story {seed}: {why}"));
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().expect("no panic");
    println!("{stories} stories, {} failed", failed.len());
    assert!(failed.is_empty(), "{} stories failed:\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn nine_quirks_at_once() {
    let quirks = [FractionCut, SummerTime, ShortPages, PageSizeCapped, Moving, OffsetCapped, NullsSkipped];
    let quirks = quirks.into_iter().chain([EqualTimes, NullTimes]).collect();
    let cloud = Cloud::new(&Setup::new(1, quirks));
    for seed in 0..2 {
        cloud.mock.begin_changes(seed, 5.0, 1);
        cloud.run().ended(0);
    }
    cloud.settle();
    cloud.run().ended(0);
    cloud.assert_equal("at the end");
}

#[test]
fn a_row_whose_time_of_change_goes_back_is_read_again() {
    let cloud = Cloud::new(&Setup::new(1, [FutureRows].into_iter().collect()));
    cloud.run().ended(0);
    // Rows that the server dated after its now are changed now.
    cloud.mock.begin_changes(4, 80.0, 1);
    cloud.settle();
    cloud.run().ended(0);
    cloud.assert_equal("at the end");
}
