//! Bytes that decide what happens.

/// Bytes that decide what happens.
pub(super) struct Tape(pub(super) std::vec::IntoIter<u8>);

impl Tape {
    pub(super) fn byte(&mut self) -> u8 {
        self.0.next().unwrap_or(0)
    }
    /// A number below `n`; at the tape's end 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n < 2 { 0 } else { usize::from(self.byte()) % n }
    }
    /// One time in `n`; at the tape's end never.
    pub(super) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }
}
