//! A pool of connections. The driver's own pool hangs when it has to open two at once, and its `take` has no time
//! limit; this one serves its callers in the order of asking, waits up to a limit, tests a connection that was idle,
//! and does not lend one that is too old.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wmshost_flow::Failure;

/// Makes the items of a pool.
pub(crate) trait ManageConnection: Send + Sync {
    /// The item that is lent.
    type Connection: Send;
    /// Where failures say they come from.
    fn place(&self) -> &str;
    /// Makes one; its failure names the place.
    fn connect(&self) -> Result<Self::Connection, Failure>;
    /// Returns whether an item that was idle can still be used.
    fn is_valid(&self, item: &Self::Connection) -> bool;
}

/// The limits of a pool.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The most items at a time.
    pub(crate) most: usize,
    /// The longest wait for an item.
    pub(crate) wait: Duration,
    /// An item that was idle for longer is tested before it is lent.
    pub(crate) ping_after: Duration,
    /// An item older than this is not lent again.
    pub(crate) max_lifetime: Duration,
}

/// A pool.
pub(crate) struct Pool<M: ManageConnection> {
    manager: M,
    limits: Limits,
    queue: Mutex<Queue<M::Connection>>,
    moved: Condvar,
}

struct Idle<T> {
    item: T,
    made: Instant,
    since: Instant,
    /// Another one broke since: this one may have, too.
    suspect: bool,
}

struct Queue<T> {
    idle: Vec<Idle<T>>,
    /// Lent, idle or being made.
    open: usize,
    next_ticket: u64,
    waiting: VecDeque<u64>,
}

impl<M: ManageConnection> Pool<M> {
    pub(crate) fn new(manager: M, limits: Limits) -> Arc<Self> {
        let queue = Queue { idle: Vec::new(), open: 0, next_ticket: 0, waiting: VecDeque::new() };
        Arc::new(Self { manager, limits, queue: Mutex::new(queue), moved: Condvar::new() })
    }

    /// The manager of the items.
    pub(crate) fn manager(&self) -> &M {
        &self.manager
    }

    fn queue(&self) -> MutexGuard<'_, Queue<M::Connection>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether an item can be lent at once.
    pub(crate) fn has_room(&self) -> bool {
        let queue = self.queue();
        !queue.idle.is_empty() || queue.open < self.limits.most
    }

    /// Lends an item: an idle one that is alive, or a new one.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Pooled<M>, Failure> {
        let mut idle = self.wait_for_turn()?;
        // From here on this call holds a place; it is released if no item can be made.
        let place = Permit(Arc::clone(self));
        while let Some(Idle { item, made, since, suspect }) = idle.take() {
            let tired = suspect || since.elapsed() >= self.limits.ping_after;
            let tired = tired && !self.manager.is_valid(&item);
            if made.elapsed() < self.limits.max_lifetime && !tired {
                return Ok(Pooled { item: Some(item), made, broken: false, place });
            }
            drop(item);
            idle = self.queue().idle.pop();
            if idle.is_some() {
                // The idle item has a place of its own; one of the two is enough.
                self.queue().open -= 1;
            }
        }
        let item = self.manager.connect()?;
        Ok(Pooled { item: Some(item), made: Instant::now(), broken: false, place })
    }

    /// Waits for a place, and returns the item that is idle in it, if there is one.
    fn wait_for_turn(&self) -> Result<Option<Idle<M::Connection>>, Failure> {
        let end = Instant::now() + self.limits.wait;
        let mut queue = self.queue();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiting.push_back(ticket);
        loop {
            let first = queue.waiting.front() == Some(&ticket);
            if first && (!queue.idle.is_empty() || queue.open < self.limits.most) {
                queue.waiting.pop_front();
                let idle = queue.idle.pop();
                if idle.is_none() {
                    queue.open += 1;
                }
                self.moved.notify_all();
                return Ok(idle);
            }
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                queue.waiting.retain(|waiting| *waiting != ticket);
                self.moved.notify_all();
                return Err(Failure::transient(format!(
                    "{}: all {} connections are in use, and none was given back within {} s",
                    self.manager.place(),
                    self.limits.most,
                    self.limits.wait.as_secs_f64()
                ))
                .advise("run fewer streams at once, or allow more `connections`"));
            };
            queue = self.moved.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A place in the pool; free again when dropped.
struct Permit<M: ManageConnection>(Arc<Pool<M>>);

impl<M: ManageConnection> Drop for Permit<M> {
    fn drop(&mut self) {
        self.0.queue().open -= 1;
        self.0.moved.notify_all();
    }
}

/// An item that is lent; it goes back when dropped, unless it broke.
pub(crate) struct Pooled<M: ManageConnection> {
    item: Option<M::Connection>,
    made: Instant,
    broken: bool,
    place: Permit<M>,
}

impl<M: ManageConnection> Pooled<M> {
    /// The manager of the pool's items.
    pub(crate) fn manager(&self) -> &M {
        self.place.0.manager()
    }

    /// Marks the item as not to be lent again, and the idle ones as to be tested before they are lent.
    pub(crate) fn mark_broken(&mut self) {
        self.broken = true;
        self.place.0.queue().idle.iter_mut().for_each(|idle| idle.suspect = true);
    }

    /// Returns whether the item is marked as broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }
}

impl<M: ManageConnection> Deref for Pooled<M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        match &self.item {
            Some(item) => item,
            None => unreachable!("an item leaves only when this is dropped"),
        }
    }
}

impl<M: ManageConnection> Drop for Pooled<M> {
    fn drop(&mut self) {
        let Some(item) = self.item.take() else { return };
        if self.broken || self.made.elapsed() >= self.place.0.limits.max_lifetime {
            return;
        }
        let mut queue = self.place.0.queue();
        queue.idle.push(Idle { item, made: self.made, since: Instant::now(), suspect: false });
        // The place's own drop takes it off again.
        queue.open += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Makes numbers; those in `dead` do not answer.
    #[derive(Default)]
    struct Numbers {
        made: AtomicUsize,
        dead: Mutex<Vec<usize>>,
        fails: bool,
    }

    impl ManageConnection for Numbers {
        type Connection = usize;

        fn place(&self) -> &str {
            "numbers"
        }

        fn connect(&self) -> Result<usize, Failure> {
            if self.fails {
                return Err(Failure::transient("no number"));
            }
            Ok(self.made.fetch_add(1, Ordering::SeqCst))
        }

        fn is_valid(&self, item: &usize) -> bool {
            !self.dead.lock().expect("unharmed").contains(item)
        }
    }

    fn limits(most: usize) -> Limits {
        let hour = Duration::from_secs(3_600);
        Limits { most, wait: Duration::from_millis(20), ping_after: hour, max_lifetime: hour }
    }

    #[test]
    fn an_item_is_lent_again() {
        let pool = Pool::new(Numbers::default(), limits(2));
        let first = *pool.take().expect("an item");
        assert_eq!(*pool.take().expect("an item"), first);
        let (one, two) = (pool.take().expect("one"), pool.take().expect("two"));
        assert_ne!(*one, *two);
    }

    #[test]
    fn a_full_pool_fails_after_a_while_and_says_so() {
        let pool = Pool::new(Numbers::default(), limits(1));
        let kept = pool.take().expect("an item");
        let failure = pool.take().err().expect("the pool is full");
        assert!(failure.to_string().contains("all 1 connections are in use"), "{failure}");
        drop(kept);
        assert!(pool.take().is_ok());
    }

    #[test]
    fn a_place_is_not_lost_when_nothing_can_be_made() {
        let pool = Pool::new(Numbers { fails: true, ..Numbers::default() }, limits(1));
        for _ in 0..3 {
            assert_eq!(pool.take().err().expect("no number").message, "no number");
        }
    }

    #[test]
    fn idle_items_that_do_not_answer_are_replaced_and_broken_ones_too() {
        let pool = Pool::new(Numbers::default(), Limits { ping_after: Duration::ZERO, ..limits(3) });
        let pooled: Vec<_> = (0..3).map(|_| pool.take().expect("an item")).collect();
        drop(pooled);
        pool.manager().dead.lock().expect("unharmed").extend([1, 2]);
        let alive = pool.take().expect("an item");
        assert_eq!(*alive, 0, "the only one alive of three");
        let mut others = [pool.take().expect("a new one"), pool.take().expect("a new one")];
        assert_eq!((*others[0], *others[1]), (3, 4), "all places were kept");
        assert!(pool.take().is_err());
        others[0].mark_broken();
        drop(others);
        drop(alive);
        let again: Vec<_> = (0..3).map(|_| *pool.take().expect("an item")).collect();
        assert!(!again.contains(&3), "{again:?}");
    }

    #[test]
    fn when_one_breaks_the_idle_ones_are_tried_before_they_are_lent() {
        let pool = Pool::new(Numbers::default(), limits(2));
        let mut pooled: Vec<_> = (0..2).map(|_| pool.take().expect("an item")).collect();
        let mut broken = pooled.remove(0);
        drop(pooled);
        pool.manager().dead.lock().expect("unharmed").push(1);
        broken.mark_broken();
        assert_eq!(*pool.take().expect("a new one"), 2);
    }

    #[test]
    fn old_items_are_not_lent() {
        let pool = Pool::new(Numbers::default(), Limits { max_lifetime: Duration::ZERO, ..limits(1) });
        assert_eq!(*pool.take().expect("an item"), 0);
        assert_eq!(*pool.take().expect("an item"), 1);
    }

    #[test]
    fn those_who_wait_are_served_in_the_order_of_asking() {
        let pool = Pool::new(Numbers::default(), Limits { wait: Duration::from_secs(60), ..limits(1) });
        let kept = pool.take().expect("an item");
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for number in 1..=5_usize {
                let (pool, order) = (&pool, &order);
                scope.spawn(move || {
                    let _lent = pool.take().expect("an item");
                    order.lock().expect("unharmed").push(number);
                });
                while pool.queue().waiting.len() < number {
                    std::thread::yield_now();
                }
            }
            drop(kept);
        });
        assert_eq!(*order.lock().expect("unharmed"), [1, 2, 3, 4, 5]);
    }
}
