//! Tests of the whole: `it/` holds the guarantees, `examples/` runs the examples.

/// The README's code compiles and runs.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct Readme;
