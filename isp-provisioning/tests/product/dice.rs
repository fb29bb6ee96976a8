//! Chance that is the same everywhere.

use serde_json::{Value, json};

/// Splitmix64: the same mistakes everywhere.
pub struct Dice(u64);

/// The seed of this run, and how many requests it makes: those of the test, or what `scripts/fuzz` says.
pub fn run_of(seed: u64, requests: u32) -> (u64, u32) {
    let said = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let number = said("PROPTEST_CASES").map_or(requests, |n| u32::try_from(n).unwrap());
    (said("PROPTEST_RNG_SEED").unwrap_or(seed), number)
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll(n as u64)).unwrap()
    }
    pub fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub fn text(&mut self) -> String {
        let odd = [
            "",
            " ",
            "0",
            "-1",
            "1e9",
            "null",
            "true",
            "\u{0}",
            "\r\nx: y",
            "\u{202e}abc",
            "🦀",
            "ÿ",
            "e\u{301}",
            "'; DROP TABLE customers--",
            "{{7*7}}",
            "%s%n",
            "../../etc/passwd",
            "9999-99-99",
            "2025-02-30",
            "10.0.1.256",
            "0.0.0.0",
            "18446744073709551616",
            "+00000",
            "\u{feff}x",
            "a b",
            "%00",
            "wf_",
            "step",
            "completed",
            "\\",
        ];
        match self.roll(6) {
            0 => "x".repeat(self.below(400)),
            1 => (0..self.roll(8))
                .map(|_| char::from_u32(self.roll(0x11_0000) as u32).unwrap_or('?'))
                .collect(),
            _ => (*self.of(&odd)).to_owned(),
        }
    }

    pub fn value(&mut self) -> Value {
        match self.roll(12) {
            0 => Value::Null,
            1 => json!(self.one_in(2)),
            2 => json!(self.roll(u64::MAX)),
            3 => json!(-(self.roll(1 << 40) as i64)),
            4 => json!(self.roll(5_000)),
            5 => json!(1.5e300),
            6 => (0..self.roll(110)).fold(json!(self.text()), |inner, _| json!([inner])),
            7 => (0..self.roll(110)).fold(json!(1), |inner, _| json!({"a": inner})),
            8 => json!(vec![self.text(); self.below(50)]),
            9 => json!({self.text(): self.text(), self.text(): {self.text(): self.text()}}),
            _ => json!(self.text()),
        }
    }
}
