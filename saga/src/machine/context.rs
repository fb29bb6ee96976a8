//! What the header carries for the present run: values that no row of a step carried, and two marks.
//!
//! *Turned back*: a status that somebody overwrote by hand does not say any more which way it went. Going
//! forward again after an undo has begun would run steps anew under keys that were undone.
//!
//! *Leaves intents*: how often a workflow was taken over does not say whether its last owner lived long enough
//! to write anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::Json;
use crate::store::HeaderState;

/// Stands among the values when the run is on its way back. No node is named so.
const TURNED_BACK: &str = "(turned back)";

/// Stands among the values when every step that began since has left an intent. A workflow that took its
/// workers down is run so: then its rows tell which step it was.
const LEAVES_INTENTS: &str = "(leaves intents)";

/// The carried values, by node name.
pub(super) fn read(state: &HeaderState) -> BTreeMap<Arc<str>, Json> {
    state.context.as_ref().and_then(|c| c.decode().ok()).unwrap_or_default()
}

pub(super) fn write(state: &mut HeaderState, values: &BTreeMap<Arc<str>, Json>) {
    state.context = Json::encode(values).ok();
}

fn mark(state: &mut HeaderState, mark: &str) {
    let mut values = read(state);
    values.insert(mark.into(), Json::null());
    write(state, &values);
}

/// This run is on its way back.
pub(super) fn turn_back(state: &mut HeaderState) {
    mark(state, TURNED_BACK);
}

/// From the commit of this on every step leaves an intent before it begins.
pub(super) fn leave_intents(state: &mut HeaderState) {
    mark(state, LEAVES_INTENTS);
}

/// Did every step that began leave an intent, or was it marked as one that may have begun?
pub(super) fn leaves_intents(state: &HeaderState) -> bool {
    read(state).contains_key(LEAVES_INTENTS)
}

/// Is this run on its way back?
pub(super) fn turned_back(state: &HeaderState) -> bool {
    read(state).contains_key(TURNED_BACK)
}
