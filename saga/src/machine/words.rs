//! Messages of other people's making, fit for every store.

/// The longest message that is kept, in bytes. Longer ones lose their end.
const LONGEST: usize = 4096;

/// The message without what a store may refuse.
pub(super) fn of(message: &str) -> String {
    let mut words = message.replace('\0', "\u{2400}");
    if words.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|i| words.is_char_boundary(*i)).unwrap_or(0);
        words.truncate(end);
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_stores_refuse_is_replaced_or_cut() {
        assert_eq!(super::of("a\0b"), "a\u{2400}b");
        let long = super::of(&"ü".repeat(10_000));
        assert!(long.len() <= super::LONGEST + 3 && long.ends_with("ü…"), "{}", long.len());
    }
}
