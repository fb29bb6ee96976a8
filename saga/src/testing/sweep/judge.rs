//! Is what is there what the journal says?

use std::collections::BTreeMap;

use super::history::{History, Owed, Scene};
use super::twist::{Twist, Twists};
use crate::machine::CallKind;
use crate::step::IfUnknown;
use crate::store::{FailureReason, Status, StepStatus};

/// What is wrong with a history.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) story: String,
}

type Rows = Vec<(String, StepStatus)>;

/// What stood there when a saga completed with these steps, and how that came.
#[derive(Default)]
pub(super) struct Judge(BTreeMap<Rows, (String, Twists)>);

impl Judge {
    /// Says what is wrong; what is right it remembers.
    pub(super) fn learn(&mut self, twists: &Twists, history: &History) -> Result<(), Wrong> {
        self.judge(twists, history)?;
        for scene in [Some(&history.first), history.mended.as_ref()].into_iter().flatten() {
            if let (Status::Completed, Some(seen)) = (scene.status, &scene.seen) {
                self.0.entry(key(&scene.rows)).or_insert_with(|| (seen.clone(), twists.clone()));
            }
        }
        Ok(())
    }

    /// What teaches how it should be, where a history completed without some of its steps and nobody knows yet: that these
    /// refuse, which leaves nothing behind. It does not depend on what was played before, so that one history that is
    /// replayed alone is judged like all others.
    pub(super) fn unknown(&self, twists: &Twists, history: &History) -> Vec<Twists> {
        let scenes = [Some(&history.first), history.mended.as_ref()].into_iter().flatten();
        let unknown = scenes.filter(|scene| {
            scene.status == Status::Completed
                && scene.seen.is_some()
                && !self.0.contains_key(&key(&scene.rows))
        });
        let plainest = |scene: &Scene| {
            let kept = twists.0.iter().filter(|twist| matches!(twist, Twist::NoEvent(_)));
            let refused = key(&scene.rows).into_iter().filter(|(_, status)| *status == StepStatus::Failed);
            let refused = refused.map(|(place, _)| Twist::refuses(&place));
            Twists(kept.cloned().chain(refused).collect())
        };
        unknown.map(plainest).filter(|plainest| plainest != twists).collect()
    }

    pub(super) fn judge(&self, twists: &Twists, history: &History) -> Result<(), Wrong> {
        let wrong = |what: String, scene: &Scene| Err(Wrong { what, story: scene.story.clone() });
        let last = history.mended.as_ref().unwrap_or(&history.first);
        self.scene(twists, history, &history.first).or_else(|what| wrong(what, &history.first))?;
        if let Some(why) = &history.stuck {
            return wrong(why.clone(), last);
        }
        if let Some(mended) = &history.mended {
            let mend = |what| format!("after everything was healed and an operator had retried: {what}");
            self.scene(twists, history, mended).or_else(|what| wrong(mend(what), mended))?;
        }
        Ok(())
    }

    fn scene(&self, twists: &Twists, history: &History, scene: &Scene) -> Result<(), String> {
        if let Some(objection) = &scene.objection {
            return Err(format!("the check: {objection}"));
        }
        let seen = || scene.seen.as_deref().unwrap_or_default();
        match scene.status {
            Status::RolledBack if scene.seen != history.before => Err(format!(
                "it was rolled back, and what is there is not what was there before\n  before: {}\n  now:    {}",
                history.before.as_deref().unwrap_or_default(),
                seen()
            )),
            Status::Completed => match self.0.get(&key(&scene.rows)) {
                Some((should, how)) if *should != seen() => Err(format!(
                    "it completed, and what is there is not what there is if {how}\n  then: {should}\n  now:  {}",
                    seen()
                )),
                _ => Ok(()),
            },
            Status::Failed => failed(twists, scene),
            _ => Ok(()),
        }
    }
}

/// Which steps are there. Of what failed nothing is left, and of what was undone neither.
fn key(rows: &Rows) -> Rows {
    let left = |status| if status == StepStatus::Compensated { StepStatus::Failed } else { status };
    rows.iter().map(|(place, status)| (place.clone(), left(*status))).collect()
}

/// A person may be needed only for what cannot be helped.
fn failed(twists: &Twists, scene: &Scene) -> Result<(), String> {
    let unexpected = |reason: FailureReason| {
        use FailureReason::{Definition, Operator, Poison};
        matches!(reason, Definition | Operator | Poison)
    };
    if let Some(reason) = scene.reason.filter(|reason| unexpected(*reason)) {
        return Err(format!("it has failed because of `{reason}`"));
    }
    match scene.debts.iter().find(|debt| !may_owe(twists, debt)) {
        Some(debt) => {
            Err(format!("its compensation of `{}` has failed, which nothing kept from it", debt.place))
        }
        None => Ok(()),
    }
}

/// Does what goes wrong keep the step from being undone, or from being settled?
fn may_owe(twists: &Twists, debt: &Owed) -> bool {
    let kept = |kind: CallKind| {
        twists.0.iter().any(|twist| match twist {
            Twist::Call(of, place, how) => *of == kind && place.to_string() == debt.place && !how.is_once(),
            Twist::ThenAllRefuse => kind == CallKind::Run,
            _ => false,
        })
    };
    match debt.if_unknown {
        // It is for a person to know.
        IfUnknown::Park => true,
        IfUnknown::Rerun => kept(CallKind::Run) || kept(CallKind::Undo),
        IfUnknown::Compensate | IfUnknown::LookUp => kept(CallKind::Undo),
    }
}
