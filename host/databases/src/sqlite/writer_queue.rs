//! One writer at a time, in turn. SQLite lets one connection write and has the others poll with growing pauses,
//! which starves some of them; the streams of this process queue here instead, first come, first served.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// The queue of the writers of one database.
#[derive(Default)]
pub(super) struct WriterQueue {
    queue: Mutex<Queue>,
    moved: Condvar,
}

#[derive(Default)]
struct Queue {
    /// The number that the next writer draws.
    next: u64,
    /// The number whose turn it is.
    current: u64,
}

/// The queues of this process by file: two targets on one file share one.
static GATES: LazyLock<Mutex<HashMap<PathBuf, Weak<WriterQueue>>>> = LazyLock::new(Mutex::default);

impl WriterQueue {
    /// The queue of an existing file.
    pub(super) fn of(path: &Path) -> Arc<Self> {
        let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|_, queue| queue.strong_count() > 0);
        if let Some(queue) = gates.get(&file).and_then(Weak::upgrade) {
            return queue;
        }
        let queue = Arc::new(Self::default());
        gates.insert(file, Arc::downgrade(&queue));
        queue
    }

    /// Waits until it is the caller's turn.
    pub(super) fn enter(self: &Arc<Self>) -> Permit {
        let mut queue = self.queue();
        let number = queue.next;
        queue.next += 1;
        while queue.current != number {
            queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        Permit(Arc::clone(self))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write, until it is dropped.
pub(super) struct Permit(Arc<WriterQueue>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.queue().current += 1;
        self.0.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_gate() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.db");
        std::fs::write(&file, "").expect("a file");
        let queue = WriterQueue::of(&file);
        assert!(Arc::ptr_eq(&queue, &WriterQueue::of(&folder.path().join(".").join("a.db"))));
        assert!(!Arc::ptr_eq(&queue, &WriterQueue::of(folder.path())));
    }

    #[test]
    fn turns_come_in_the_order_of_asking() {
        let queue = Arc::new(WriterQueue::default());
        let first = queue.enter();
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for number in 1..=5_u64 {
                let (queue, order) = (&queue, &order);
                scope.spawn(move || {
                    let _turn = queue.enter();
                    order.lock().expect("unharmed").push(number);
                });
                while queue.queue().next <= number {
                    std::thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(*order.lock().expect("unharmed"), [1, 2, 3, 4, 5]);
    }
}
