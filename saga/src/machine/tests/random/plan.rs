//! Random plans: sequences, choices, branches, values, lists, waits, sub-sagas, steps of all kinds, and at most
//! one pivot.

use proptest::prelude::*;

use crate::definition::IfFailed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Looked,
    Rerun,
    Asked,
    Safe,
    Once,
    Local,
    Reads,
    Keeps,
    Pivot,
    LookedPivot,
    RerunPivot,
}

#[derive(Clone, Debug)]
pub(super) enum Item {
    Step {
        kind: Kind,
        if_failed: IfFailed,
        evaluated: bool,
    },
    /// A step for each of so many; `None`: nobody can say how many.
    Each {
        kind: Kind,
        if_failed: IfFailed,
        items: Option<usize>,
        at_once: u32,
    },
    Value {
        fails: bool,
    },
    /// Seconds.
    Sleep(u64),
    Wait {
        event: usize,
        key: usize,
        timeout: Option<u64>,
        if_failed: IfFailed,
    },
    If {
        holds: bool,
        then: Vec<Item>,
        otherwise: Vec<Item>,
    },
    When {
        holds: bool,
        kind: Kind,
    },
    /// With arm 3 none of them is chosen.
    Match {
        arm: usize,
        arms: Vec<Vec<Item>>,
    },
    Join(Vec<Vec<Item>>),
    Sub {
        items: Vec<Item>,
        if_failed: IfFailed,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) before: Vec<Item>,
    pub(super) pivot: Option<Pivoted>,
    pub(super) parks: bool,
    pub(super) deadline: bool,
}

/// A pivot, what stands beside it, and what comes after.
#[derive(Clone, Debug)]
pub(super) struct Pivoted {
    pub(super) kind: Kind,
    pub(super) beside: Vec<Item>,
    pub(super) after: Vec<Item>,
    /// Does it stand in a sub-saga, with the others?
    pub(super) within: bool,
}

/// The events that there are, and what they happen to.
pub(super) const EVENTS: [&str; 2] = ["up", "paid"];
pub(super) const KEYS: [&str; 3] = ["S1", "S2", "of somebody else"];

fn kind() -> impl Strategy<Value = Kind> {
    use Kind::*;
    prop_oneof![
        4 => Just(Plain), 3 => Just(Looked), 2 => Just(Rerun), 1 => Just(Asked), 1 => Just(Safe),
        2 => Just(Once), 2 => Just(Local), 1 => Just(Reads), 1 => Just(Keeps),
    ]
}

fn if_failed() -> impl Strategy<Value = IfFailed> {
    prop_oneof![6 => Just(IfFailed::Fail), 2 => Just(IfFailed::GoOn), 1 => Just(IfFailed::Decide)]
}

fn leaf() -> impl Strategy<Value = Item> {
    let step = (kind(), if_failed(), prop::bool::weighted(0.3))
        .prop_map(|(kind, if_failed, evaluated)| Item::Step { kind, if_failed, evaluated });
    let items = prop_oneof![12 => (0_usize..6).prop_map(Some), 1 => Just(None)];
    let each = (kind(), if_failed(), items, 1_u32..4)
        .prop_map(|(kind, if_failed, items, at_once)| Item::Each { kind, if_failed, items, at_once });
    let timeout = prop::option::weighted(0.7, prop_oneof![Just(3), Just(45)]);
    let wait = (0_usize..2, 0_usize..2, timeout, if_failed())
        .prop_map(|(event, key, timeout, if_failed)| Item::Wait { event, key, timeout, if_failed });
    let when = (any::<bool>(), kind()).prop_map(|(holds, kind)| Item::When { holds, kind });
    let sleep = prop_oneof![Just(0), Just(3), Just(45)].prop_map(Item::Sleep);
    let value = prop::bool::weighted(0.15).prop_map(|fails| Item::Value { fails });
    prop_oneof![9 => step, 2 => each, 1 => value, 1 => when, 1 => sleep, 2 => wait]
}

fn item() -> impl Strategy<Value = Item> {
    leaf().prop_recursive(3, 10, 3, |inner| {
        let items = || prop::collection::vec(inner.clone(), 1..3);
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            1 => (any::<bool>(), items(), items())
                .prop_map(|(holds, then, otherwise)| Item::If { holds, then, otherwise }),
            1 => (0_usize..4, prop::collection::vec(items(), 3))
                .prop_map(|(arm, arms)| Item::Match { arm, arms }),
            1 => prop::collection::vec(items(), 2..4).prop_map(Item::Join),
            2 => (some, sub_failed()).prop_map(|(items, if_failed)| Item::Sub { items, if_failed }),
        ]
    })
}

fn sub_failed() -> impl Strategy<Value = IfFailed> {
    prop_oneof![1 => Just(IfFailed::Fail), 2 => Just(IfFailed::GoOn), 1 => Just(IfFailed::Decide)]
}

/// The items as they may stand beside or after a pivot: none of them may fail.
fn tame(items: Vec<Item>) -> Vec<Item> {
    let arms = |arms: Vec<Vec<Item>>| arms.into_iter().map(tame).collect();
    let tolerate = |if_failed, kind| match if_failed {
        IfFailed::Fail if kind != Kind::Keeps => IfFailed::GoOn,
        other => other,
    };
    let one = |item| match item {
        Item::Step { kind, if_failed, evaluated } => {
            Item::Step { kind, if_failed: tolerate(if_failed, kind), evaluated }
        }
        Item::Each { kind, if_failed, items, at_once } => {
            Item::Each { kind, if_failed: tolerate(if_failed, kind), items, at_once }
        }
        Item::Wait { event, key, timeout: Some(timeout), if_failed } => {
            let if_failed = tolerate(if_failed, Kind::Plain);
            Item::Wait { event, key, timeout: Some(timeout), if_failed }
        }
        Item::When { holds, .. } => Item::When { holds, kind: Kind::Keeps },
        Item::If { holds, then, otherwise } => {
            Item::If { holds, then: tame(then), otherwise: tame(otherwise) }
        }
        Item::Match { arm, arms: all } => Item::Match { arm, arms: arms(all) },
        Item::Join(branches) => Item::Join(arms(branches)),
        Item::Sub { items, if_failed: IfFailed::Fail } => {
            Item::Sub { items: tame(items), if_failed: IfFailed::Fail }
        }
        other => other,
    };
    items.into_iter().map(one).collect()
}

pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let kind = prop_oneof![Just(Kind::Pivot), Just(Kind::LookedPivot), Just(Kind::RerunPivot)];
    let after = || prop::collection::vec(item(), 0..3).prop_map(tame);
    let pivot = (kind, after(), after(), prop::bool::weighted(0.3))
        .prop_map(|(kind, beside, after, within)| Pivoted { kind, beside, after, within });
    let pivot = prop::option::weighted(0.4, pivot);
    let before = prop::collection::vec(item(), 0..4);
    (before, pivot, prop::bool::weighted(0.2), prop::bool::weighted(0.2))
        .prop_map(|(before, pivot, parks, deadline)| Shape { before, pivot, parks, deadline })
}
