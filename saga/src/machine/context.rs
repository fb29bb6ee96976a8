//! The values that the header carries for the present run: those that no row of a step carried.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::Json;
use crate::store::HeaderState;

/// The carried values, by node name.
pub(super) fn read(state: &HeaderState) -> BTreeMap<Arc<str>, Json> {
    state.context.as_ref().and_then(|c| c.decode().ok()).unwrap_or_default()
}

pub(super) fn write(state: &mut HeaderState, values: &BTreeMap<Arc<str>, Json>) {
    state.context = Json::encode(values).ok();
}
