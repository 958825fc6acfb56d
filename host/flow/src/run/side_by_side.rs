//! Work on many items at once, in an order that some of them need.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The items of a call that are left, and those that are done.
struct Queue<T, R> {
    waiting: Vec<(usize, T)>,
    running: usize,
    done: Vec<(usize, thread::Result<R>)>,
}

impl<T, R> Queue<T, R> {
    /// The next item that waits for no other. Items that wait for each other in a circle are taken in their order.
    fn next(&mut self, after: &[BTreeSet<usize>]) -> Option<(usize, T)> {
        let is_done = |item: &usize| self.done.iter().any(|(done, _)| done == item);
        let is_free = |at: &usize| after.get(*at).is_none_or(|before| before.iter().all(is_done));
        let place = self.waiting.iter().position(|(at, _)| is_free(at));
        let place = place.or_else(|| (self.running == 0 && !self.waiting.is_empty()).then_some(0))?;
        self.running += 1;
        Some(self.waiting.remove(place))
    }
}

/// Calls `work` for each item, for at most `concurrency` at once, and for each item only when those are done that `after`
/// has in its place; the results are in the order of the items.
pub(crate) fn side_by_side<T: Send, R: Send>(
    items: Vec<T>,
    concurrency: usize,
    after: &[BTreeSet<usize>],
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let threads = concurrency.clamp(1, items.len().max(1));
    let waiting: Vec<_> = items.into_iter().enumerate().collect();
    let queue = Mutex::new(Queue { waiting, running: 0, done: Vec::new() });
    let changed = Condvar::new();
    let span = tracing::Span::current();
    let locked = || -> MutexGuard<'_, Queue<T, R>> { queue.lock().unwrap_or_else(PoisonError::into_inner) };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _in_span = span.enter();
                let mut queue = locked();
                while !queue.waiting.is_empty() {
                    let Some((index, item)) = queue.next(after) else {
                        queue = changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                        continue;
                    };
                    drop(queue);
                    // A panic, too, ends the waiting of the items after this one.
                    let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                    queue = locked();
                    queue.running -= 1;
                    queue.done.push((index, result));
                    changed.notify_all();
                }
            });
        }
    });
    let mut done = queue.into_inner().unwrap_or_else(PoisonError::into_inner).done;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result.unwrap_or_else(|panic| resume_unwind(panic))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(after: &[&[usize]], concurrency: usize) -> Vec<usize> {
        let seen = Mutex::new(Vec::new());
        let after: Vec<BTreeSet<usize>> = after.iter().map(|before| before.iter().copied().collect()).collect();
        let results = side_by_side((0..after.len()).collect(), concurrency, &after, |item| {
            seen.lock().expect("unharmed").push(item);
            item * 10
        });
        assert_eq!(results, (0..after.len()).map(|item| item * 10).collect::<Vec<_>>());
        seen.into_inner().expect("unharmed")
    }

    #[test]
    fn an_item_waits_for_those_before_it() {
        for concurrency in [1, 2, 8] {
            let seen = order(&[&[2], &[0], &[], &[0, 2]], concurrency);
            let place = |item: usize| seen.iter().position(|seen| *seen == item);
            assert!(place(2) < place(0) && place(0) < place(1) && place(0) < place(3), "{seen:?}");
        }
        assert_eq!(order(&[&[], &[], &[]], 1), [0, 1, 2]);
    }

    #[test]
    fn a_panic_of_an_item_is_that_of_the_call_and_keeps_no_other_waiting() {
        let after = [BTreeSet::new(), BTreeSet::from([0])];
        let work = |item: usize| assert!(item > 0, "the first item");
        let panicked = catch_unwind(|| side_by_side(vec![0, 1], 2, &after, work));
        let words = panicked.expect_err("a panic").downcast_ref::<&str>().copied();
        assert_eq!(words, Some("the first item"));
    }

    #[test]
    fn a_circle_does_not_wait_for_ever() {
        let seen = order(&[&[1], &[0], &[0, 1]], 4);
        assert_eq!(seen.last(), Some(&2));
    }
}
