//! The seal: XChaCha20-Poly1305 with random nonces, and HMAC-SHA256, under keys with names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{SealError, Sealer};

/// Bytes of a key.
const LENGTH: usize = 32;
/// Bytes of a nonce.
const NONCE: usize = 24;

/// What is wrong with a key.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeysError {
    /// Its id.
    #[error("the id of a key is 1 to 64 letters, digits, `-` and `_`; `{0}` is not")]
    Id(String),
    /// Its length.
    #[error("the key `{id}` has {found} bytes instead of {LENGTH}")]
    Length {
        /// Its id.
        id: String,
        /// How many bytes it has.
        found: usize,
    },
    /// Two of one id.
    #[error("two keys are named `{0}`")]
    Twice(String),
}

struct Key {
    id: String,
    cipher: XChaCha20Poly1305,
    digest: [u8; LENGTH],
}

/// The keys of an installation. The first one seals; what older ones have sealed is still opened.
///
/// A key is 32 random bytes, kept beside the program and not beside the data. To change it, give it a new id, put the
/// old one among the [older](Self::and_older) ones, and keep that for as long as workflows exist which it has sealed.
pub struct Keys(Vec<Key>);

impl Keys {
    /// The key that seals, and its id, which stands beside everything that it seals.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn new(id: &str, key: &[u8]) -> Result<Self, KeysError> {
        Ok(Self(vec![Key::new(id, key)?]))
    }
    /// A key that only opens.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn and_older(mut self, id: &str, key: &[u8]) -> Result<Self, KeysError> {
        if self.0.iter().any(|known| known.id == id) {
            return Err(KeysError::Twice(id.to_owned()));
        }
        self.0.push(Key::new(id, key)?);
        Ok(self)
    }

    fn present(&self) -> Result<&Key, SealError> {
        self.0.first().ok_or(SealError::Broken)
    }
    fn named(&self, id: &str) -> Result<&Key, SealError> {
        self.0.iter().find(|key| key.id == id).ok_or_else(|| SealError::UnknownKey(id.to_owned()))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Key {
    fn new(id: &str, key: &[u8]) -> Result<Self, KeysError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || id.len() > 64 || !id.chars().all(fits) {
            return Err(KeysError::Id(id.to_owned()));
        }
        let wrong = |_| KeysError::Length { id: id.to_owned(), found: key.len() };
        let key: &[u8; LENGTH] = key.try_into().map_err(wrong)?;
        // One key for each use.
        let cipher = derive(key, b"saga: seal");
        Ok(Self {
            id: id.to_owned(),
            cipher: XChaCha20Poly1305::new(&cipher.into()),
            digest: derive(key, b"saga: digest"),
        })
    }
}

fn derive(key: &[u8; LENGTH], data: &[u8]) -> [u8; LENGTH] {
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    // A key of one block is taken as it is.
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

impl Sealer for Keys {
    fn seal(&self, place: &str, plain: &str) -> Result<String, SealError> {
        let key = self.present()?;
        let nonce = XNonce::try_generate().map_err(|e| SealError::Unavailable(e.to_string()))?;
        let payload = Payload { msg: plain.as_bytes(), aad: place.as_bytes() };
        let sealed = key.cipher.encrypt(&nonce, payload).map_err(|_| SealError::Broken)?;
        Ok(format!("{}.{}", key.id, BASE64.encode([nonce.as_slice(), &sealed].concat())))
    }

    fn open(&self, place: &str, sealed: &str) -> Result<String, SealError> {
        let (id, text) = sealed.split_once('.').ok_or(SealError::Broken)?;
        let key = self.named(id)?;
        let bytes = BASE64.decode(text).map_err(|_| SealError::Broken)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(SealError::Broken)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let plain = key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Broken)?;
        String::from_utf8(plain).map_err(|_| SealError::Broken)
    }

    fn digest(&self, key: Option<&str>, data: &[u8]) -> Result<String, SealError> {
        let key = key.map_or_else(|| self.present(), |id| self.named(id))?;
        Ok(format!("{}.{}", key.id, BASE64.encode(derive(&key.digest, data))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::new("new", &[7; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_only_at_its_place_and_whole() {
        let keys = keys();
        let sealed = keys.seal("w/a/value", "\"hunter2\"").unwrap();
        assert_eq!(keys.open("w/a/value", &sealed).unwrap(), "\"hunter2\"");
        assert_ne!(sealed, keys.seal("w/a/value", "\"hunter2\"").unwrap(), "a nonce is used once");
        assert!(!sealed.contains("hunter2"));
        assert_eq!(keys.open("w/b/value", &sealed), Err(SealError::Broken));
        // One character in the middle, so that every run of the test changes a byte.
        let other = if sealed[20..].starts_with('A') { "B" } else { "A" };
        let flipped = format!("{}{other}{}", &sealed[..20], &sealed[21..]);
        for broken in [&sealed[..sealed.len() - 4], "new.", "new", "", "new.!!", &flipped] {
            assert!(keys.open("w/a/value", broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn an_older_key_opens_and_does_not_seal() {
        let old = Keys::new("old", &[1; 32]).unwrap();
        let sealed = old.seal("p", "1").unwrap();
        assert_eq!(keys().open("p", &sealed), Err(SealError::UnknownKey("old".into())));
        let both = keys().and_older("old", &[1; 32]).unwrap();
        assert_eq!(both.open("p", &sealed).unwrap(), "1");
        assert!(both.seal("p", "1").unwrap().starts_with("new."));
        assert_eq!(both.digest(Some("old"), b"x"), old.digest(None, b"x"));
        assert_ne!(both.digest(None, b"x"), old.digest(None, b"x"));
        assert_eq!(both.and_older("old", &[1; 32]).unwrap_err(), KeysError::Twice("old".into()));
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        assert!(matches!(Keys::new("a.b", &[1; 32]), Err(KeysError::Id(_))));
        assert!(matches!(Keys::new("", &[1; 32]), Err(KeysError::Id(_))));
        assert_eq!(
            Keys::new("a", &[1; 31]).unwrap_err().to_string(),
            "the key `a` has 31 bytes instead of 32"
        );
        assert_eq!(format!("{:?}", keys()), "[\"new\"]");
    }
}
