//! Places in a list, as callers carry them from page to page: opaque, so that they may change.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest place.
const LONGEST: usize = 400;

pub(super) fn write(place: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

pub(super) fn read<T: FromStr>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= LONGEST)?;
    String::from_utf8(bytes).ok()?.parse().ok()
}
