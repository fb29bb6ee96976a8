//! What is going on, and where. A workflow may have thousands of steps, of which a few are under way.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use super::step::Phase;

/// The phases of the steps at which something goes on; all others are idle.
#[derive(Clone, Debug, Default)]
pub(super) struct Phases(BTreeMap<u32, Phase>);

impl Phases {
    /// What goes on there.
    pub(super) fn of(&self, step: u32) -> &Phase {
        self.0.get(&step).unwrap_or(&Phase::Idle)
    }
    /// Is nothing going on there?
    pub(super) fn is_idle(&self, step: u32) -> bool {
        !self.0.contains_key(&step)
    }
    /// From now on.
    pub(super) fn set(&mut self, step: u32, phase: Phase) {
        if phase == Phase::Idle {
            self.0.remove(&step);
        } else {
            self.0.insert(step, phase);
        }
    }
    /// Where something goes on, and what.
    pub(super) fn active(&self) -> impl Iterator<Item = (u32, &Phase)> {
        self.0.iter().map(|(step, phase)| (*step, phase))
    }
    /// The same among these steps.
    pub(super) fn active_in(&self, steps: impl RangeBounds<u32>) -> impl Iterator<Item = u32> {
        self.0.range(steps).map(|(step, _)| *step)
    }
    /// The steps that wait for their next attempt.
    pub(super) fn pausing(&self) -> Vec<u32> {
        let pausing = |phase: &Phase| matches!(phase, Phase::Pausing { .. });
        self.active().filter(|(_, phase)| pausing(phase)).map(|(step, _)| step).collect()
    }
}
