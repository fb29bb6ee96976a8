//! Which histories a sweep plays: everything once, and what goes wrong together as far as its bound allows.

use std::collections::BTreeSet;
use std::time::Duration;

use super::history::History;
use super::twist::{How, Place, Twist, Twists};
use crate::machine::CallKind;
use crate::testing::fault_store::{Fault, Which};

/// Of so many compensations every subset fails once.
const EVERY_SUBSET_OF: usize = 7;
/// Whoever cancels in a shorter pause might as well do so at the call before or after it.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// A history in which nothing else goes wrong, to which something is added.
pub(super) struct Ground {
    pub(super) twists: Twists,
    writes: u64,
    calls: usize,
    /// When something began, or was published.
    moments: BTreeSet<Duration>,
    steps: Vec<Place>,
    undone: Vec<Place>,
}

impl Ground {
    pub(super) fn new(twists: Twists, history: &History, events: impl Iterator<Item = Duration>) -> Self {
        let places = |places: &mut dyn Iterator<Item = &Place>| {
            let mut seen = BTreeSet::new();
            places.filter(|place| seen.insert(*place)).cloned().collect::<Vec<_>>()
        };
        let steps = &mut history.calls.iter().filter(|(kind, _)| *kind == CallKind::Run).map(|(_, p)| p);
        Self {
            twists,
            writes: history.writes,
            calls: history.calls.len(),
            moments: history.began.iter().copied().chain(events).collect(),
            steps: places(steps),
            undone: places(&mut history.undone.iter()),
        }
    }
    pub(super) fn steps(&self) -> &[Place] {
        &self.steps
    }

    fn deaths(&self) -> impl Iterator<Item = Twist> + use<> {
        let at = |n| [Fault::DiesBefore, Fault::DiesAfter].map(|fault| Twist::Store(Which::Write(n), fault));
        (1..=self.writes).flat_map(at)
    }
    /// Somebody cancels while it sleeps or waits: in the middle, in the middle of the first half of it, and so on, since
    /// several sleeps may follow each other.
    fn cancelled_meanwhile(&self) -> impl Iterator<Item = Twist> + use<> {
        let moments: Vec<_> = self.moments.iter().copied().collect();
        let gaps: Vec<_> = moments.windows(2).map(|two| (two[0], two[1] - two[0])).collect();
        let halves = |gap: Duration| std::iter::successors(Some(gap / 2), |half| Some(*half / 2));
        gaps.into_iter().flat_map(move |(from, gap)| {
            let within = halves(gap).take_while(|half| *half >= SHORTEST_PAUSE);
            within.map(move |half| Twist::CancelIn(Duration::from_millis((from + half).as_millis() as u64)))
        })
    }
    /// The same, each with one thing more.
    fn each(&self, twists: impl Iterator<Item = Twist>) -> Vec<Twists> {
        twists.map(|twist| self.twists.and(twist)).collect()
    }

    /// Every death, every slip of the store, every cancellation.
    fn interrupted(&self) -> Vec<Twists> {
        let slips = (1..=self.writes).flat_map(|n| {
            [Fault::Fails, Fault::LosesAnswer].map(|fault| Twist::Store(Which::Write(n), fault))
        });
        let cancelled = (1..=self.calls).flat_map(|n| [Twist::CancelAt(n), Twist::CancelAfter(n)]);
        self.each(self.deaths().chain(slips).chain(cancelled).chain(self.cancelled_meanwhile()))
    }
    fn steps_gone_wrong(&self) -> Vec<Twists> {
        let each = self
            .steps
            .iter()
            .flat_map(|place| How::ALL.into_iter().map(|how| Twist::Call(CallKind::Run, place.clone(), how)));
        self.each(each)
    }
    fn undos_gone_wrong(&self) -> Vec<Twists> {
        let each = self.undone.iter().flat_map(|place| {
            How::ALL.into_iter().map(|how| Twist::Call(CallKind::Undo, place.clone(), how))
        });
        self.each(each)
    }

    fn died_and_then_refused(&self) -> Vec<Twists> {
        let died = self.each(self.deaths());
        died.into_iter().map(|twists| twists.and(Twist::ThenAllRefuse)).collect()
    }
    fn died_twice(&self) -> Vec<Twists> {
        let died = self.each(self.deaths());
        died.iter().flat_map(|twists| self.deaths().map(|death| twists.and(death))).collect()
    }
    fn unknown_and_died(&self) -> Vec<Twists> {
        let unknown = [How::LosesAnswer, How::LosesRequest, How::TimesOutDone, How::LosesAnswerOnce];
        let unknown = self.steps.iter().flat_map(|place| {
            unknown.into_iter().map(|how| self.twists.and(Twist::Call(CallKind::Run, place.clone(), how)))
        });
        unknown.flat_map(|twists| self.deaths().map(move |death| twists.and(death))).collect()
    }
    fn undone_badly_and_died(&self) -> Vec<Twists> {
        let bad = [How::LosesAnswerOnce, How::LosesRequest, How::Refuses];
        let bad = self.undone.iter().flat_map(|place| {
            bad.into_iter().map(|how| self.twists.and(Twist::Call(CallKind::Undo, place.clone(), how)))
        });
        bad.flat_map(|twists| self.deaths().map(move |death| twists.and(death))).collect()
    }

    /// Compensations that fail for good: every subset of them; of more than seven every two, all, and chosen subsets between.
    fn debts(&self, random: &mut fastrand::Rng) -> Vec<Twists> {
        let fails = |place: &Place| Twist::Call(CallKind::Undo, place.clone(), How::Refuses);
        let n = self.undone.len();
        let subset = |bits: u64| {
            let chosen = self.undone.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
            chosen.fold(self.twists.clone(), |twists, (_, place)| twists.and(fails(place)))
        };
        let all = if n >= 63 { u64::MAX } else { (1 << n) - 1 };
        let mut subsets: BTreeSet<u64> = if n <= EVERY_SUBSET_OF {
            (1..=all).collect()
        } else {
            let pairs = (0..n.min(63)).flat_map(|i| (0..i).map(move |k| 1 << i | 1 << k));
            pairs.chain([all]).chain((0..64).map(|_| random.u64(1..=all))).collect()
        };
        // One alone is among the undos that go wrong.
        subsets.retain(|bits| bits.count_ones() > 1);
        subsets.into_iter().map(subset).collect()
    }

    /// Anything.
    fn by_chance(&self, random: &mut fastrand::Rng) -> Twists {
        let mut twists = self.twists.clone();
        for _ in 0..random.usize(2..=3) {
            let write = random.u64(1..=self.writes.max(1));
            let how = How::ALL[random.usize(0..How::ALL.len())];
            let twist = match random.u8(0..10) {
                0..=3 if !self.steps.is_empty() => {
                    Twist::Call(CallKind::Run, self.steps[random.usize(0..self.steps.len())].clone(), how)
                }
                4..=5 if !self.undone.is_empty() => {
                    Twist::Call(CallKind::Undo, self.undone[random.usize(0..self.undone.len())].clone(), how)
                }
                6 => Twist::CancelAt(random.usize(1..=self.calls.max(1))),
                7 => Twist::Store(Which::Write(write), Fault::LosesAnswer),
                8 => Twist::Store(Which::Write(write), Fault::DiesBefore),
                _ => Twist::Store(Which::Write(write), Fault::DiesAfter),
            };
            // Who dies three times over one step is poison.
            if !(twist.is_death() && twists.0.iter().filter(|twist| twist.is_death()).count() == 2) {
                twists = twists.and(twist);
            }
        }
        twists
    }
}

/// The histories, the simplest first; at most about so many beyond those in which one thing goes wrong.
pub(super) fn histories(grounds: &[Ground], seed: u64, most: usize) -> Vec<Twists> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut histories: Vec<Twists> = vec![];
    let mut together: Vec<Vec<Twists>> = vec![];
    for ground in grounds {
        let is_on_the_way_back = ground.twists.0.iter().any(|twist| matches!(twist, Twist::Call(..)));
        if !is_on_the_way_back {
            histories.extend(ground.steps_gone_wrong());
        }
        histories.extend(ground.interrupted());
        histories.extend(ground.undos_gone_wrong());
        let debts = ground.debts(&mut random);
        if ground.undone.len() <= EVERY_SUBSET_OF {
            histories.extend(debts);
        } else {
            together.push(debts);
        }
        together.push(ground.died_and_then_refused());
        together.push(ground.died_twice());
        together.push(ground.unknown_and_died());
        together.push(ground.undone_badly_and_died());
        together.push((0..most).map(|_| ground.by_chance(&mut random)).collect());
    }
    // Small kinds come whole, and leave their share to the others.
    together.sort_by_key(Vec::len);
    let (mut left, mut kinds) = (most, together.len());
    for mut kind in together {
        let share = left / kinds.max(1);
        random.shuffle(&mut kind);
        kind.truncate(share);
        left -= kind.len();
        kinds -= 1;
        histories.extend(kind);
    }
    histories
}

#[cfg(test)]
mod tests {
    use super::{EVERY_SUBSET_OF, Ground, histories};
    use crate::machine::CallKind;
    use crate::testing::sweep::twist::{How, Twist, Twists};
    use std::collections::BTreeSet;

    /// Which compensations fail for good together, in a sweep over so many.
    fn owed(number: usize, most: usize) -> BTreeSet<Vec<String>> {
        let names = (0..number).map(|n| format!("undo step{n} refuses").parse::<Twists>().unwrap());
        let places = names.flat_map(|twists| match &twists.0[..] {
            [Twist::Call(_, place, _)] => Some(place.clone()),
            _ => None,
        });
        let ground = Ground {
            twists: Twists::default(),
            writes: 0,
            calls: 0,
            moments: BTreeSet::new(),
            steps: vec![],
            undone: places.collect(),
        };
        let refused = |twist: &Twist| match twist {
            Twist::Call(CallKind::Undo, place, How::Refuses) => Some(place.to_string()),
            _ => None,
        };
        let all = histories(&[ground], 1, most).into_iter();
        all.filter_map(|twists| twists.0.iter().map(refused).collect::<Option<Vec<_>>>()).collect()
    }

    #[test]
    fn every_subset_of_the_compensations_fails() {
        for number in 1..=EVERY_SUBSET_OF {
            assert_eq!(owed(number, 0).len(), (1 << number) - 1, "{number}");
        }
        let pairs = owed(12, 1_000).iter().filter(|owed| owed.len() == 2).count();
        assert_eq!(pairs, 12 * 11 / 2);
    }
}
