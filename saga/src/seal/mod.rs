//! Secrets at rest: what is sealed, how it stands in the journal, and what people see instead of it.
//!
//! Secret is what is declared so: the input of a saga (`SagaBuilder::secret_input`), arguments of a step
//! ([`Meta::secrets`](crate::Meta)), the output of a step (`Meta::secret_output`). With it goes everything that is
//! computed from it: values, arguments, the saga's output, and what a step with secret arguments records.
//! `SagaBuilder::disclosed` says of one place that what it computes is none.
//!
//! Not secret are, because they are made to be seen: the words of errors and panics, conditions (the way that the
//! workflow takes), what a step makes of secret arguments unless it says so, ids, idempotency, exclusion and search
//! keys, and the values of published events. Plain text is not wiped from the memory of the process.
//!
//! A sealed value stands as `{"$sealed": "<key id>.<ciphertext>"}`. The engine seals and opens at its border with
//! user code, so that neither the machine nor any store ever has the plain text.

#[cfg(feature = "secrets")]
mod keys;
mod text;

#[cfg(feature = "secrets")]
pub use keys::{Keys, KeysError};
pub(crate) use text::{replaced, sealed};

use crate::json::Json;

/// What people see in place of a sealed value.
pub const REDACTED: &str = "[secret]";

/// Why something could not be sealed or opened.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// It was sealed under a key that is not here.
    #[error("it is sealed under the key `{0}`, which is not here")]
    UnknownKey(String),
    /// It is no seal of ours, or stands at another place than it was made for.
    #[error("the seal is broken, or belongs elsewhere")]
    Broken,
    /// The system has no random numbers.
    #[error("it cannot be sealed: {0}")]
    Unavailable(String),
}

/// Encrypts what is secret before it leaves for the journal. With the feature `secrets` there is `Keys`; an
/// implementation of your own may ask a vault, but it is called often and must answer at once.
pub trait Sealer: Send + Sync + 'static {
    /// Encrypts so that it can be opened only for the same `place`, which is not secret itself (authenticated
    /// encryption with associated data). The answer is `<key id>.<text>`, of letters, digits and `+/=-_.`.
    ///
    /// # Errors
    /// [`SealError`].
    fn seal(&self, place: &str, plain: &str) -> Result<String, SealError>;

    /// Decrypts what [`seal`](Self::seal) made for that place, under any key that is still known.
    ///
    /// # Errors
    /// [`SealError`].
    fn open(&self, place: &str, sealed: &str) -> Result<String, SealError>;

    /// A keyed hash of the data, `<key id>.<text>`, from which nobody without the key can find out the data by
    /// trying. `key` is the id of the key to use; `None`: the present one.
    ///
    /// # Errors
    /// [`SealError`].
    fn digest(&self, key: Option<&str>, data: &[u8]) -> Result<String, SealError>;
}

// Proves that the trait stays object safe.
const _: fn(&dyn Sealer) = |_| ();

/// The value with every sealed part replaced by `"[secret]"`.
pub fn redact(json: &Json) -> Json {
    let shown = format!("\"{REDACTED}\"");
    let shown = replaced(json.as_str(), |_| Ok::<_, std::convert::Infallible>(shown.clone()));
    match shown {
        Ok(Some(text)) => Json::from_valid(text),
        Ok(None) => json.clone(),
    }
}
