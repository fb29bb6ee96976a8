//! JSON text, checked once and then passed around without being parsed again.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A valid JSON text. Cloning it copies a pointer.
///
/// Journaled values travel as text from the step that made them to the store and to the step that reads
/// them: no tree of values is built on the way.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Json(Arc<str>);

/// A value could not be turned into JSON, or a JSON text not into the wanted type.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct JsonError(String);

impl Json {
    /// The text `null`.
    pub fn null() -> Self {
        Self(Arc::from("null"))
    }

    /// The text of `value`.
    ///
    /// # Errors
    /// When the value has no JSON form (a map with keys that are not strings, a failing `Serialize`).
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        serde_json::to_string(value).map(|text| Self(text.into())).map_err(|e| {
            JsonError(format!(
                "a value of type `{}` cannot be written as JSON: {e}",
                std::any::type_name::<T>()
            ))
        })
    }

    /// Takes a text as it is, after checking that it is JSON.
    ///
    /// # Errors
    /// When the text is not JSON; the message says where.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        serde_json::from_str::<&RawValue>(text)
            .map(|raw| Self(raw.get().into()))
            .map_err(|e| JsonError(format!("not a JSON text: {e}")))
    }

    /// Takes a text that is known to be JSON.
    pub(crate) fn from_valid(text: String) -> Self {
        Self(text.into())
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When the text has another shape than `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        serde_json::from_str(&self.0)
            .map_err(|e| JsonError(format!("cannot be read as `{}`: {e}", std::any::type_name::<T>())))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is it the text `null`?
    pub fn is_null(&self) -> bool {
        &*self.0 == "null"
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(&self.0) {
            Ok(raw) => raw.serialize(serializer),
            Err(e) => Err(serde::ser::Error::custom(e)),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.get().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_being_embedded() {
        let inner = Json::encode(&(1, "a")).unwrap();
        let outer = Json::encode(&vec![inner.clone()]).unwrap();
        assert_eq!(outer.as_str(), r#"[[1,"a"]]"#);
        assert_eq!(outer.decode::<Vec<Json>>().unwrap(), vec![inner]);
    }

    #[test]
    fn a_wrong_shape_names_the_wanted_type() {
        let error = Json::null().decode::<u32>().unwrap_err().to_string();
        assert!(error.contains("`u32`"), "{error}");
        assert!(Json::parse("{").unwrap_err().to_string().starts_with("not a JSON text"));
    }
}
