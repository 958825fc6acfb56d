//! Fault scripts: the kind, the moment and the number of faults. Set while the emulator runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The moment at which a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    /// A client connects and was not answered yet.
    Connect,
    /// Any call of a session after login.
    Call,
    /// A statement is executed whose text contains these words, in any case.
    Statement(String),
    /// Further rows are fetched of a statement whose text contains these words, in any case.
    Fetch(String),
    /// An operation on a large object through its locator.
    LargeObject,
    /// A commit of any kind.
    Commit,
}

/// The effect of a fault.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The listener refuses with this code: 12514, 12541, 12516 … Only with [`Moment::Connect`].
    Refuse(u32),
    /// The call is answered with this ORA code and not carried out.
    Fail(u32),
    /// The connection is cut before the call is carried out.
    DropBefore,
    /// The call is carried out, then the connection is cut instead of an answer: the outcome is unknown to the client.
    DropAfter,
    /// The call is carried out; half of the answer is sent, then the connection is cut.
    Half,
    /// The call is carried out; this many bytes of the answer are sent, then the connection is cut.
    Part(usize),
    /// Up to three bytes of the answer are wrong, the same ones for the same seed.
    Garble {
        /// Determines the bytes, and their new values.
        seed: u64,
    },
    /// The answer comes in pieces of this many bytes, with a pause after each.
    Slow {
        /// The number of bytes per piece.
        bytes: usize,
        /// The pause after each piece.
        pause: Duration,
    },
    /// The call waits for this time, then it is carried out. The client may interrupt it.
    Delay(Duration),
    /// All connections are cut, and the listeners are closed, as if the server were killed.
    Kill,
}

/// The damage to the bytes of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Harm {
    Nothing,
    Half,
    Part(usize),
    Garble { seed: u64 },
    Slow { bytes: usize, pause: Duration },
}

/// Changes up to three bytes.
pub(crate) fn garble(bytes: &mut [u8], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..3 {
        // Xorshift: better numbers are not needed here, and a seed must always mean the same.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = (state >> 8) as usize % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= state as u8 | 1;
        }
    }
}

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    moment: Moment,
    effect: Effect,
    skip: u32,
    times: u32,
    account: Option<String>,
}

impl Fault {
    /// A fault that strikes once, at the first occurrence of its moment.
    #[must_use]
    pub fn new(moment: Moment, effect: Effect) -> Self {
        Self { moment, effect, skip: 0, times: 1, account: None }
    }

    /// Passes over this number of its moments first.
    #[must_use]
    pub fn skip(mut self, moments: u32) -> Self {
        self.skip = moments;
        self
    }

    /// Strikes this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Strikes only in sessions of this account.
    #[must_use]
    pub fn account(mut self, name: &str) -> Self {
        self.account = Some(name.to_uppercase());
        self
    }
}

/// Identifies a fault that was added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultId(usize);

/// The faults of an emulator. Clones share them.
#[derive(Clone, Default)]
pub struct Faults {
    added: Arc<Mutex<Vec<(Fault, u32)>>>,
}

/// The present moment in a session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happening<'h> {
    Connect,
    Call,
    Statement(&'h str),
    Fetch(&'h str),
    LargeObject,
    Commit,
}

impl Moment {
    fn is(&self, happening: Happening<'_>) -> bool {
        let contains = |text: &str, words: &str| text.to_uppercase().contains(&words.to_uppercase());
        match (self, happening) {
            (Moment::Connect, Happening::Connect) | (Moment::Call, Happening::Call) => true,
            (Moment::Commit, Happening::Commit) | (Moment::LargeObject, Happening::LargeObject) => true,
            (Moment::Statement(words), Happening::Statement(text)) => contains(text, words),
            (Moment::Fetch(words), Happening::Fetch(text)) => contains(text, words),
            _ => false,
        }
    }
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) -> FaultId {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.push((fault, 0));
        FaultId(added.len() - 1)
    }

    /// Removes all faults.
    pub fn clear(&self) {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.iter_mut().for_each(|(fault, _)| fault.times = 0);
    }

    /// Removes this fault.
    pub fn remove(&self, id: FaultId) {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((fault, _)) = added.get_mut(id.0) {
            fault.times = 0;
        }
    }

    /// The number of times that a fault has struck.
    #[must_use]
    pub fn struck(&self, id: FaultId) -> u32 {
        let added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.get(id.0).map_or(0, |(_, struck)| *struck)
    }

    /// The effect of the first fault whose moment this is.
    pub(crate) fn strike(&self, happening: Happening<'_>, account: &str) -> Option<Effect> {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        for (fault, struck) in added.iter_mut() {
            let meant = fault.account.as_deref().is_none_or(|meant| meant.eq_ignore_ascii_case(account));
            if fault.times == 0 || !meant || !fault.moment.is(happening) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            *struck += 1;
            return Some(fault.effect.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_when_and_as_often_as_it_is_told() {
        let faults = Faults::default();
        let id = faults.add(Fault::new(Moment::Statement("merge".to_owned()), Effect::Fail(60)).skip(1).times(2));
        let strike = |text| faults.strike(Happening::Statement(text), "WMS").is_some();
        assert_eq!(
            [strike("MERGE 1"), strike("select"), strike("MERGE 2"), strike("MERGE 3"), strike("MERGE 4")],
            [false, false, true, true, false]
        );
        assert_eq!(faults.struck(id), 2);
    }

    #[test]
    fn a_seed_always_garbles_the_same() {
        let garbled = |seed| {
            let mut bytes = [0; 40];
            garble(&mut bytes, seed);
            bytes
        };
        assert_ne!(garbled(1), [0; 40]);
        assert_eq!(garbled(1), garbled(1));
        assert_ne!(garbled(1), garbled(2));
        garble(&mut [], 1);
    }

    #[test]
    fn a_fault_of_an_account_spares_others() {
        let faults = Faults::default();
        faults.add(Fault::new(Moment::Commit, Effect::DropAfter).account("mart"));
        assert_eq!(faults.strike(Happening::Commit, "WMS"), None);
        assert_eq!(faults.strike(Happening::Commit, "MART"), Some(Effect::DropAfter));
    }
}
