//! Why a store cannot do what it was asked.

/// A store's refusal or failure. Each can be acted on.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// This worker was declared dead; it must stop everything and write nothing more.
    #[error("this worker was declared dead and may not write any more")]
    Fenced,
    /// The store does not answer, or not now. The same call may be repeated.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is stored cannot be read.
    #[error("the store holds something that cannot be read, in {place}: {reason}")]
    Corrupt {
        /// Table and row.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store cannot be used as it is set up; a person has to mend it.
    #[error("the store is not usable: {0}")]
    Configuration(String),
}
