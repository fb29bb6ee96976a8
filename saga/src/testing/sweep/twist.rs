//! What goes wrong in one history: as values, and as a text that says the same.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::StepError;
use crate::machine::CallKind;
use crate::testing::fault_store::{Fault, Faults, Which};
use crate::testing::saga_test::Landed;
use crate::testing::saga_test::script::Attempt;

/// How the calls of one place go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Refuses,
    IsBusyOnce,
    TimesOut,
    TimesOutDone,
    LosesAnswer,
    LosesRequest,
    LosesAnswerOnce,
    LosesRequestOnce,
}

impl How {
    pub(super) const ALL: [Self; 8] = [
        Self::Refuses,
        Self::IsBusyOnce,
        Self::LosesAnswerOnce,
        Self::LosesRequestOnce,
        Self::LosesAnswer,
        Self::LosesRequest,
        Self::TimesOut,
        Self::TimesOutDone,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::IsBusyOnce => "is busy once",
            Self::TimesOut => "times out",
            Self::TimesOutDone => "times out, done",
            Self::LosesAnswer => "loses its answer",
            Self::LosesRequest => "loses its request",
            Self::LosesAnswerOnce => "loses its answer once",
            Self::LosesRequestOnce => "loses its request once",
        }
    }
    pub(super) fn is_once(self) -> bool {
        matches!(self, Self::IsBusyOnce | Self::LosesAnswerOnce | Self::LosesRequestOnce)
    }
    pub(super) fn attempt(self) -> Attempt {
        match self {
            Self::Refuses => Attempt::Fail(StepError::permanent("the sweep refuses it")),
            Self::IsBusyOnce => Attempt::Fail(StepError::transient("the sweep is busy")),
            Self::TimesOut => Attempt::TimesOut(Landed::No),
            Self::TimesOutDone => Attempt::TimesOut(Landed::Yes),
            Self::LosesAnswer | Self::LosesAnswerOnce => Attempt::Unknown(Landed::Yes),
            Self::LosesRequest | Self::LosesRequestOnce => Attempt::Unknown(Landed::No),
        }
    }
}

/// A place in the plan: a node, or one item of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) node: String,
    pub(super) item: String,
}

impl Place {
    /// As it is written.
    fn of(text: &str) -> Self {
        let item = text.strip_suffix(']').and_then(|text| text.split_once('['));
        let (node, item) = item.unwrap_or((text, ""));
        Self { node: node.to_owned(), item: item.to_owned() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.item.as_str() {
            "" => f.write_str(&self.node),
            item => write!(f, "{}[{item}]", self.node),
        }
    }
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Twist {
    Call(CallKind, Place, How),
    /// What the store does. What stands after a death belongs to the life after it.
    Store(Which, Fault),
    /// Somebody cancels when the n-th call begins.
    CancelAt(usize),
    /// Somebody cancels when the n-th call has ended, before anybody hears of it.
    CancelAfter(usize),
    /// Somebody cancels so long after the start: while it sleeps, or waits.
    CancelIn(Duration),
    /// The n-th event is not published.
    NoEvent(usize),
    /// After the first death.
    ThenAllRefuse,
}

const THEN_ALL_REFUSE: &str = "then every step refuses";

impl fmt::Display for Twist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(kind, place, how) => write!(f, "{} {place} {}", word(*kind), how.as_str()),
            Self::Store(which, fault) => write!(f, "{which} {fault}"),
            Self::CancelAt(n) => write!(f, "is cancelled at call {n}"),
            Self::CancelAfter(n) => write!(f, "is cancelled after call {n}"),
            Self::CancelIn(after) => write!(f, "is cancelled {} ms after its start", after.as_millis()),
            Self::NoEvent(n) => write!(f, "event {n} does not come"),
            Self::ThenAllRefuse => f.write_str(THEN_ALL_REFUSE),
        }
    }
}

fn word(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Run => "step",
        CallKind::Undo => "undo",
        CallKind::LookUp => "look-up",
    }
}

impl Twist {
    fn parse(text: &str) -> Option<Self> {
        if text == THEN_ALL_REFUSE {
            return Some(Self::ThenAllRefuse);
        }
        if let Some(n) = text.strip_prefix("is cancelled at call ") {
            return n.parse().ok().map(Self::CancelAt);
        }
        if let Some(n) = text.strip_prefix("is cancelled after call ") {
            return n.parse().ok().map(Self::CancelAfter);
        }
        if let Some(text) = text.strip_prefix("is cancelled ") {
            let after = text.strip_suffix(" ms after its start")?.parse().ok()?;
            return Some(Self::CancelIn(Duration::from_millis(after)));
        }
        if let Some(text) = text.strip_prefix("event ") {
            return text.strip_suffix(" does not come")?.parse().ok().map(Self::NoEvent);
        }
        let (first, rest) = text.split_once(' ')?;
        let Some(kind) = [CallKind::Run, CallKind::Undo].into_iter().find(|kind| word(*kind) == first) else {
            let fault = text.parse::<Faults>().ok()?.0.into_iter().next()?;
            return Some(Self::Store(fault.0, fault.1));
        };
        let (place, how) = rest.split_once(' ')?;
        let how = How::ALL.into_iter().find(|h| h.as_str() == how)?;
        Some(Self::Call(kind, Place::of(place), how))
    }
    /// A step does not succeed, for certain.
    pub(super) fn refuses(place: &str) -> Self {
        Self::Call(CallKind::Run, Place::of(place), How::Refuses)
    }
    pub(super) fn is_death(&self) -> bool {
        matches!(self, Self::Store(_, Fault::DiesBefore | Fault::DiesAfter))
    }
}

/// Everything that goes wrong in one history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Twists(pub(super) Vec<Twist>);

impl Twists {
    /// What the store does in one life.
    pub(super) fn faults(&self, life: usize) -> Faults {
        let mut now = 0;
        let mut faults = Faults::default();
        for twist in &self.0 {
            if let Twist::Store(which, fault) = twist {
                if now == life {
                    faults = faults.and(*which, fault.clone());
                }
                now += usize::from(twist.is_death());
            }
        }
        faults
    }
    /// Does somebody publish the n-th event?
    pub(super) fn has_event(&self, n: usize) -> bool {
        !self.0.contains(&Twist::NoEvent(n))
    }
    /// When somebody cancels, if not at a call.
    pub(super) fn cancellations(&self) -> impl Iterator<Item = Duration> {
        self.0.iter().filter_map(|twist| match twist {
            Twist::CancelIn(after) => Some(*after),
            _ => None,
        })
    }
    pub(super) fn and(&self, twist: Twist) -> Self {
        Self(self.0.iter().cloned().chain([twist]).collect())
    }
    pub(super) fn without(&self, n: usize) -> Self {
        let kept = self.0.iter().enumerate().filter(|(i, _)| *i != n);
        Self(kept.map(|(_, twist)| twist.clone()).collect())
    }
}

impl fmt::Display for Twists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing goes wrong");
        }
        f.write_str(&self.0.iter().map(Twist::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl FromStr for Twists {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "nothing goes wrong" {
            return Ok(Self::default());
        }
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let one = |part: &str| Twist::parse(part).ok_or_else(|| format!("`{part}` is not what can go wrong"));
        parts.map(one).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_is_said_in_words() {
        let place = Place { node: "open.all".to_owned(), item: "2".to_owned() };
        let calls = How::ALL.into_iter().flat_map(|how| {
            [CallKind::Run, CallKind::Undo].map(|kind| Twist::Call(kind, place.clone(), how))
        });
        let others = [
            Twist::Store(Which::Write(3), Fault::DiesAfter),
            Twist::CancelAt(1),
            Twist::CancelAfter(2),
            Twist::CancelIn(Duration::from_secs(90)),
            Twist::NoEvent(1),
            Twist::ThenAllRefuse,
        ];
        let twists = Twists(calls.chain(others).collect());
        assert_eq!(twists.to_string().parse(), Ok(twists));
        let none = Twists::default();
        assert_eq!(none.to_string().parse(), Ok(none));
        for wrong in [
            "step",
            "step a",
            "step a explodes",
            "undo a[1 refuses twice",
            "write x fails",
            "is cancelled at call x",
            "is cancelled 3 s after its start",
            "event 1 comes",
        ] {
            assert!(wrong.parse::<Twists>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_the_store_does_after_a_death_it_does_in_the_next_life() {
        let twists: Twists =
            "write 1 fails; write 2 dies after; step a refuses; write 3 fails; write 4 dies before"
                .parse()
                .unwrap();
        let lives = [0, 1, 2].map(|life| twists.faults(life).to_string());
        assert_eq!(lives, ["write 1 fails; write 2 dies after", "write 3 fails; write 4 dies before", ""]);
    }
}
