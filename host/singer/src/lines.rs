//! Whole lines of an input, in blocks, so that one thread can wait for the input while another works.

use std::io::{self, Read};

use crossbeam_channel::Sender;

/// The number of bytes that are asked for at once.
const PIECE: usize = 256 << 10;
/// The longest line.
const LONGEST: usize = 64 << 20;

/// A part of an input.
#[derive(Debug)]
pub enum Block {
    /// Lines, each with its end, the last line of an input perhaps without.
    Lines(Vec<u8>),
    /// The end: all lines were sent.
    End,
}

/// Reads an input to its end and sends its lines. Ends early if nobody receives them any more.
pub fn read_blocks(mut input: impl Read, out: &Sender<io::Result<Block>>) {
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let mut block = std::mem::take(&mut rest);
        let before = block.len();
        block.resize(before + PIECE, 0);
        let read = loop {
            match input.read(&mut block[before..]) {
                Ok(read) => break read,
                // A signal is not the end of an input.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let _ = out.send(Err(error));
                    return;
                }
            }
        };
        block.truncate(before + read);
        if read == 0 {
            if block.is_empty() || out.send(Ok(Block::Lines(block))).is_ok() {
                let _ = out.send(Ok(Block::End));
            }
            return;
        }
        let Some(end) = block[before..].iter().rposition(|byte| *byte == b'\n') else {
            if block.len() > LONGEST {
                let what = format!("a line is longer than {} MiB", LONGEST >> 20);
                let _ = out.send(Err(io::Error::new(io::ErrorKind::InvalidData, what)));
                return;
            }
            rest = block;
            continue;
        };
        rest.extend_from_slice(&block[before + end + 1..]);
        block.truncate(before + end + 1);
        if out.send(Ok(Block::Lines(block))).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crossbeam_channel::bounded;

    use super::*;

    /// An input that is read in small pieces, each after a signal.
    struct Pieces<'a>(&'a [u8], usize, bool);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let length = self.1.min(self.0.len()).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    #[test]
    fn blocks_are_whole_lines_and_lose_nothing() {
        let text = "a\nbb\n\nccc\nlast without an end";
        for piece in 1..=text.len() {
            let (sender, receiver) = bounded(1);
            let read = thread::spawn(move || read_blocks(Pieces(text.as_bytes(), piece, false), &sender));
            let mut blocks: Vec<Vec<u8>> = Vec::new();
            while let Block::Lines(block) = receiver.recv().expect("an end").expect("lines") {
                blocks.push(block);
            }
            read.join().expect("no panic");
            assert_eq!(blocks.concat(), text.as_bytes());
            let (last, whole) = blocks.split_last().expect("blocks");
            assert!(whole.iter().all(|block| block.ends_with(b"\n")) && last == b"last without an end", "{piece}");
        }
    }
}
