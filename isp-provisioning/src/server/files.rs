//! How many connections the system has file handles for. A server that runs out of them cannot open its own
//! database any more.

/// Handles that are not for callers: the database, the systems, whatever else.
#[cfg(unix)]
const OWN: u64 = 256;

/// As many of the wished connections as there is room for. Asks the system for room first.
#[cfg(unix)]
pub(super) fn room_for(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OWN);
    let given = getrlimit(Resource::Nofile);
    let (soft, hard) = (given.current.unwrap_or(u64::MAX), given.maximum.unwrap_or(u64::MAX));
    let raised = wanted.min(hard);
    let granted = raised > soft
        && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: given.maximum }).is_ok();
    let room = if granted { raised } else { soft };
    let possible = usize::try_from(room.saturating_sub(OWN)).unwrap_or(usize::MAX).max(1);
    if possible < connections {
        tracing::warn!(connections, possible, "there are not enough file handles for so many connections");
    }
    possible.min(connections)
}

/// Elsewhere nobody says.
#[cfg(not(unix))]
pub(super) fn room_for(connections: usize) -> usize {
    connections
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_few_always_fit_and_too_many_never() {
        assert_eq!(room_for(10), 10);
        assert!(room_for(usize::MAX) < usize::MAX);
        assert!(room_for(usize::MAX) > 0);
    }
}
