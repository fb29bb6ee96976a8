//! Deliberate bugs of the engine and the store, to see whether the checks would notice them: `scripts/mutate`.
//!
//! They exist only in a build with `--cfg saga_mutants`; there the environment variable `SAGA_MUTANT` names the one that
//! is switched on. In every other build each of them is the word `false`.

/// Is this bug switched on?
#[cfg(not(saga_mutants))]
macro_rules! mutant {
    ($name:ident) => {
        false
    };
}

/// Is this bug switched on?
#[cfg(saga_mutants)]
macro_rules! mutant {
    ($name:ident) => {
        crate::mutants::is_on(stringify!($name))
    };
}

#[cfg(saga_mutants)]
pub(crate) fn is_on(name: &str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("SAGA_MUTANT").ok()).as_deref() == Some(name)
}
