//! Damage to bytes, by a seed.

use crate::numbers::Numbers;

/// The example with one to four places damaged: a bit, a byte, a stretch left out, doubled, moved or cut off.
pub fn damaged(example: &[u8], seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut bytes = example.to_vec();
    for _ in 0..=numbers.place(4) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = numbers.place(bytes.len());
        let end = (at + 1 + numbers.place(64)).min(bytes.len());
        match numbers.below(16) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let stretch = bytes[at..end].to_vec();
                bytes.splice(at..at, stretch);
            }
            2 => bytes.truncate(at),
            3 => {
                let stretch: Vec<u8> = bytes.drain(at..end).collect();
                let to = numbers.place(bytes.len() + 1);
                bytes.splice(to..to, stretch);
            }
            4..=8 => bytes[at] = numbers.draw() as u8,
            _ => bytes[at] ^= 1 << numbers.below(8),
        }
    }
    bytes
}
