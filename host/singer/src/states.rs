//! The states that may be passed on: each covers all messages before it, so it waits until all of that is committed.

use std::collections::VecDeque;

/// The most states that wait, each with a count for every stream.
const MOST_WAITING: usize = 1_000;

/// States that wait, and the progress of the streams.
#[derive(Debug, Default)]
pub struct States {
    /// The records of each stream that were received, in the order in which the streams were met.
    received: Vec<u64>,
    /// The records of each stream that are committed.
    committed: Vec<u64>,
    /// States, each with the records that were received before it.
    waiting: VecDeque<(String, Vec<u64>)>,
    /// The state that was passed on last.
    passed: Option<String>,
}

impl States {
    /// Adds a stream; returns its number.
    pub fn add_stream(&mut self) -> usize {
        self.received.push(0);
        self.committed.push(0);
        self.received.len() - 1
    }

    /// Counts a record of a stream; returns its number.
    pub fn receive(&mut self, stream: usize) -> u64 {
        self.received[stream] += 1;
        self.received[stream]
    }

    /// The records of a stream that were received.
    pub fn received(&self, stream: usize) -> u64 {
        self.received[stream]
    }

    /// Adds a state. One that covers the same as the state before it takes its place, and so does each where many wait: a
    /// later state covers more.
    pub fn add(&mut self, value: &str) {
        let is_full = self.waiting.len() >= MOST_WAITING;
        match self.waiting.back_mut() {
            Some((last, before)) if is_full || *before == self.received => {
                value.clone_into(last);
                before.clone_from(&self.received);
            }
            _ => self.waiting.push_back((value.to_owned(), self.received.clone())),
        }
    }

    /// Notes the number of records of a stream that are committed.
    pub fn commit(&mut self, stream: usize, records: u64) {
        self.committed[stream] = self.committed[stream].max(records);
    }

    /// True if states wait.
    pub fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes the last state of which all is committed, if it differs from the last that was passed on.
    pub fn take(&mut self) -> Option<String> {
        let is_covered =
            |before: &[u64]| before.iter().zip(&self.committed).all(|(received, committed)| received <= committed);
        let covered = self.waiting.iter().take_while(|(_, before)| is_covered(before)).count();
        let (last, _) = self.waiting.drain(..covered).next_back()?;
        if self.passed.as_ref() == Some(&last) {
            return None;
        }
        self.passed = Some(last.clone());
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_waits_for_all_streams_before_it_and_for_none_after_it() {
        let mut states = States::default();
        let a = states.add_stream();
        states.receive(a);
        states.add("1");
        let b = states.add_stream();
        states.receive(b);
        states.receive(a);
        states.add("2");
        states.receive(b);
        states.add("3");
        assert_eq!(states.take(), None);
        states.commit(a, 2);
        assert_eq!(states.take().as_deref(), Some("1"), "stream b began after it");
        states.commit(b, 1);
        assert_eq!(states.take().as_deref(), Some("2"));
        states.commit(b, 2);
        assert_eq!((states.take().as_deref(), states.are_waiting()), (Some("3"), false));
    }

    #[test]
    fn of_states_that_cover_the_same_only_the_last_is_passed_on_and_none_twice() {
        let mut states = States::default();
        let a = states.add_stream();
        states.add("1");
        states.add("2");
        assert_eq!(states.take().as_deref(), Some("2"));
        states.receive(a);
        states.add("2");
        states.commit(a, 1);
        assert_eq!(states.take(), None);
    }

    #[test]
    fn the_states_that_wait_are_bounded_and_the_last_one_covers_all() {
        let mut states = States::default();
        let a = states.add_stream();
        for state in 0..10 * MOST_WAITING {
            states.receive(a);
            states.add(&state.to_string());
        }
        assert!(states.waiting.len() <= MOST_WAITING, "{}", states.waiting.len());
        states.commit(a, 10 * MOST_WAITING as u64 - 1);
        let last = 10 * MOST_WAITING - 1;
        assert_ne!(states.take(), Some(last.to_string()), "it covers a record that is not committed");
        states.commit(a, 10 * MOST_WAITING as u64);
        assert_eq!(states.take(), Some(last.to_string()));
    }
}
