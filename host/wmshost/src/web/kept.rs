//! What was read for one reader is kept for a moment for the others, so that readers load no target, however many there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time for which a value is kept.
const KEPT: Duration = Duration::from_secs(2);
/// The number of values above which old ones are let go.
const MOST: usize = 256;

/// A value and the time at which it was made.
type Slot<T> = Arc<Mutex<Option<(Instant, Arc<T>)>>>;

/// Values by their keys, each at most two seconds old.
pub(super) struct Kept<T> {
    slots: Mutex<BTreeMap<String, Slot<T>>>,
    life: Duration,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { slots: Mutex::default(), life: KEPT }
    }
}

impl<T> Kept<T> {
    /// Returns the value of a key. One reader makes it, and those who want the same wait for it; those of other keys do not.
    pub(super) fn get<E>(&self, key: &str, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let slot = self.slot(key);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = slot.as_ref().filter(|(at, _)| at.elapsed() < self.life) {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(make()?);
        *slot = Some((Instant::now(), Arc::clone(&value)));
        Ok(value)
    }

    fn slot(&self, key: &str) -> Slot<T> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST {
            // A slot that a reader has is at work.
            let is_fresh = |slot: &Slot<T>| {
                slot.try_lock().is_ok_and(|slot| slot.as_ref().is_some_and(|(at, _)| at.elapsed() < self.life))
            };
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || is_fresh(slot));
        }
        Arc::clone(slots.entry(key.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    /// Values that do not age while a busy machine runs the test.
    fn kept() -> Kept<u32> {
        Kept { life: Duration::from_secs(3_600), ..Kept::default() }
    }

    #[test]
    fn many_readers_of_one_key_make_its_value_once_and_others_do_not_wait() {
        let (kept, made) = (kept(), AtomicU32::new(0));
        let (begun, begins) = channel();
        let (go, goes) = channel::<()>();
        thread::scope(|scope| {
            let (kept, made) = (&kept, &made);
            scope.spawn(move || {
                kept.get("slow", || {
                    begun.send(()).unwrap();
                    goes.recv().unwrap();
                    made.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, ()>(7)
                })
            });
            begins.recv().unwrap();
            assert_eq!(kept.get("other", || Ok::<_, ()>(1)).as_deref(), Ok(&1));
            let readers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(move || {
                        kept.get("slow", || {
                            made.fetch_add(1, Ordering::Relaxed);
                            Ok::<_, ()>(8)
                        })
                    })
                })
                .collect();
            go.send(()).unwrap();
            for reader in readers {
                assert_eq!(reader.join().unwrap().as_deref(), Ok(&7));
            }
        });
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn failures_are_not_kept_and_old_values_are_let_go() {
        let kept = kept();
        assert_eq!(kept.get("a", || Err("away")), Err("away"));
        assert_eq!(kept.get("a", || Ok::<_, ()>(2)).as_deref(), Ok(&2));
        for number in 0..2 * MOST {
            // Those that could not be made are not fresh.
            let _ = kept.get(&format!("{number}"), || Err("away"));
        }
        assert!(kept.slots.lock().unwrap().len() <= MOST);
        assert_eq!(kept.get("a", || Ok::<_, ()>(3)).as_deref(), Ok(&2));
    }
}
