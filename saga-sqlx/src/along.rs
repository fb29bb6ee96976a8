//! Along which of its filters a page is read, and whether counts are kept for them. Asks no database.

use saga::store::Listing;
use saga::{Timestamp, WorkflowId};

use crate::batch::ENTERED_ROLLBACK;

/// A count as it is kept: type, status, number, seconds.
pub(crate) type Kept = (String, String, i64, f64);

/// Where a workflow stands in a list.
pub(crate) type Position = (Timestamp, WorkflowId);

/// The filter whose index is walked where several meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Along {
    Step,
    System,
    Status,
    Type,
}

impl Along {
    /// The narrowest of several filters; none where one index is all that it takes. Few workflows stand at a step or
    /// a system; of a status and a type the counts tell which has fewer.
    pub(crate) fn of(listing: &Listing, kept: &[Kept]) -> Option<Self> {
        let Listing { step, target_system, status, workflow_type, .. } = listing;
        let given = [step.is_some(), target_system.is_some(), status.is_some(), workflow_type.is_some()];
        if listing.search_key.is_some() || given.into_iter().filter(|given| *given).count() < 2 {
            return None;
        }
        if step.is_some() {
            return Some(Self::Step);
        }
        if target_system.is_some() {
            return Some(Self::System);
        }
        let of_status = sum(kept, &Listing { status: *status, ..Listing::default() });
        let of_type = sum(kept, &Listing { workflow_type: workflow_type.clone(), ..Listing::default() });
        Some(if of_status <= of_type { Self::Status } else { Self::Type })
    }
}

/// Do the counts by type and status tell how many there are?
pub(crate) fn is_countable(listing: &Listing) -> bool {
    listing.created_after.is_none()
        && listing.created_before.is_none()
        && listing.search_key.is_none()
        && listing.step.is_none()
        && listing.target_system.is_none()
}

/// How many there are by the counts.
pub(crate) fn sum(kept: &[Kept], listing: &Listing) -> i64 {
    let wanted = |workflow_type: &str, status: &str| {
        status != ENTERED_ROLLBACK
            && listing.status.is_none_or(|wanted| wanted.as_str() == status)
            && listing.workflow_type.as_ref().is_none_or(|wanted| wanted == workflow_type)
    };
    kept.iter().filter(|(t, s, ..)| wanted(t, s)).map(|(_, _, n, _)| n).sum()
}

pub(crate) fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
