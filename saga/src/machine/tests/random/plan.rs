//! Random plans: sequences, conditions, branches, values, steps of all kinds, and at most one pivot.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::super::plans::*;
use crate::definition::{Definition, OnFailure};
use crate::json::Json;
use crate::step::{Args, Callable, Signature};

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
    Step { kind: Kind, tolerated: bool, evaluated: bool },
    Value,
    If { holds: bool, then: Vec<Item>, otherwise: Vec<Item> },
    When { holds: bool, kind: Kind },
    Join(Vec<Vec<Item>>),
}

#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) before: Vec<Item>,
    /// A pivot, what stands beside it, and what comes after.
    pub(super) pivot: Option<(Kind, Vec<Item>, Vec<Item>)>,
    pub(super) parks: bool,
    pub(super) deadline: bool,
}

fn kind() -> impl Strategy<Value = Kind> {
    use Kind::*;
    prop_oneof![
        4 => Just(Plain), 3 => Just(Looked), 2 => Just(Rerun), 1 => Just(Asked), 1 => Just(Safe),
        2 => Just(Once), 2 => Just(Local), 1 => Just(Reads), 1 => Just(Keeps),
    ]
}

fn item(before_pivot: bool) -> BoxedStrategy<Item> {
    let step = (kind(), prop::bool::weighted(0.3), prop::bool::weighted(0.3)).prop_map(
        move |(kind, tolerated, evaluated)| {
            let tolerated = tolerated || (!before_pivot && kind != Kind::Keeps);
            Item::Step { kind, tolerated, evaluated }
        },
    );
    let leaf = if before_pivot {
        let when = (any::<bool>(), kind()).prop_map(|(holds, kind)| Item::When { holds, kind });
        prop_oneof![6 => step, 1 => Just(Item::Value), 1 => when].boxed()
    } else {
        prop_oneof![5 => step, 1 => Just(Item::Value)].boxed()
    };
    leaf.prop_recursive(2, 8, 3, |inner| {
        let items = prop::collection::vec(inner, 1..3);
        prop_oneof![
            (any::<bool>(), items.clone(), items.clone()).prop_map(|(holds, then, otherwise)| Item::If {
                holds,
                then,
                otherwise
            }),
            prop::collection::vec(items, 2..4).prop_map(Item::Join),
        ]
    })
    .boxed()
}

pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let pivot_kind = prop_oneof![Just(Kind::Pivot), Just(Kind::LookedPivot), Just(Kind::RerunPivot)];
    let after = || prop::collection::vec(item(false), 0..3);
    let pivot = prop::option::weighted(0.4, (pivot_kind, after(), after()));
    let before = prop::collection::vec(item(true), 0..4);
    (before, pivot, prop::bool::weighted(0.2), prop::bool::weighted(0.2))
        .prop_map(|(before, pivot, parks, deadline)| Shape { before, pivot, parks, deadline })
}

/// A number that no other evaluation gives.
fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

struct Layer<'a> {
    s: &'a mut Builder,
    count: usize,
    /// The last value that every later node may read.
    last: Out,
}

impl Layer<'_> {
    fn name(&mut self) -> String {
        self.count += 1;
        format!("n{}", self.count)
    }
    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }
    /// Items whose values nobody outside may read.
    fn arm(&mut self, items: &[Item]) {
        let last = self.last;
        self.items(items);
        self.last = last;
    }
    fn item(&mut self, item: &Item) {
        match item {
            Item::Step { kind, tolerated, evaluated } => self.kind(*kind, *tolerated, *evaluated),
            Item::Value => {
                let name = self.name();
                self.last =
                    self.s.value(&name, (self.last,), |_| Ok(serde_json::json!({ "value": fresh() })));
            }
            Item::If { holds, then, otherwise } => {
                let (name, holds) = (self.name(), *holds);
                let mut condition = self.s.begin_if(&name, (self.last,), move |_| Ok(holds));
                self.arm(then);
                self.s.begin_else(&mut condition);
                self.arm(otherwise);
                self.s.end_arms(condition);
            }
            Item::When { holds, kind } => {
                let (name, holds) = (self.name(), *holds);
                let mut condition = self.s.begin_if(&name, (self.last,), move |_| Ok(holds));
                let last = self.last;
                self.kind(*kind, false, false);
                let value = std::mem::replace(&mut self.last, last);
                self.s.begin_else(&mut condition);
                let name = self.name();
                self.s.named(&name);
                self.s.end_when(condition, value);
            }
            Item::Join(branches) => {
                let mut open = self.s.begin_branches();
                for branch in branches {
                    self.s.begin_branch(&mut open);
                    self.arm(branch);
                }
                self.s.end_branches(open);
            }
        }
    }
    fn kind(&mut self, kind: Kind, tolerated: bool, evaluated: bool) {
        match kind {
            Kind::Plain => self.step::<Plain>(tolerated, evaluated),
            Kind::Looked => self.step::<Looked>(tolerated, evaluated),
            Kind::Rerun => self.step::<Rerun>(tolerated, evaluated),
            Kind::Asked => self.step::<Asked>(tolerated, evaluated),
            Kind::Safe => self.step::<Safe>(tolerated, evaluated),
            Kind::Once => self.step::<Once>(tolerated, evaluated),
            Kind::Local => self.step::<Local>(tolerated, evaluated),
            Kind::Reads => self.step::<Reads>(tolerated, evaluated),
            Kind::Keeps => self.step::<Keeps>(tolerated, evaluated),
            Kind::Pivot => self.step::<Pivot>(tolerated, evaluated),
            Kind::LookedPivot => self.step::<LookedPivot>(tolerated, evaluated),
            Kind::RerunPivot => self.step::<RerunPivot>(tolerated, evaluated),
        }
    }
    fn step<S: Callable<()> + Signature<Output = serde_json::Value>>(
        &mut self,
        tolerated: bool,
        evaluated: bool,
    ) {
        let name = self.name();
        let args = move |(last,): (serde_json::Value,)| {
            let fresh = evaluated.then(fresh);
            Ok(Args::<S>::new(Json::encode(&serde_json::json!({ "last": last, "fresh": fresh }))?))
        };
        let reads = (self.last,);
        self.s.named(&name);
        if evaluated {
            self.s.evaluated();
        }
        if tolerated {
            self.s.call_tolerated::<S, _>(reads, args);
        } else {
            self.last = self.s.call::<S, _>(reads, args);
        }
    }
}

pub(super) fn build(shape: &Shape) -> Definition<()> {
    let mut s = Builder::new("random", 1);
    if shape.parks {
        s.on_failure(OnFailure::Park);
    }
    if shape.deadline {
        s.deadline(Duration::from_secs(20));
    }
    let last = s.input();
    let mut layer = Layer { s: &mut s, count: 0, last };
    layer.items(&shape.before);
    if let Some((kind, beside, after)) = &shape.pivot {
        let mut open = layer.s.begin_branches();
        layer.s.begin_branch(&mut open);
        let last = layer.last;
        layer.kind(*kind, false, false);
        layer.last = last;
        if !beside.is_empty() {
            layer.s.begin_branch(&mut open);
            layer.arm(beside);
        }
        layer.s.end_branches(open);
        layer.items(after);
    }
    s.finish((last,), |(last,)| Ok(last)).unwrap()
}
