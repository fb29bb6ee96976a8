//! From a random shape to a definition. Every value that the machine hands on is read again by what comes after,
//! as the type it should have.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::plans::*;
use super::plan::{EVENTS, Item, KEYS, Kind, Pivoted, Shape};
use crate::definition::{Definition, Handle, IfFailed, OnFailure};
use crate::error::StepError;
use crate::failure::Failure;
use crate::json::Json;
use crate::step::{Args, Callable, Callee, Class, Meta, Signature};

/// A number that no other evaluation gives.
fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

thread_local! {
    static DRAWN: RefCell<Option<Arc<Definition<()>>>> = const { RefCell::new(None) };
}

/// The sub-saga that was drawn last.
enum Drawn {}

impl Signature for Drawn {
    type Output = Value;
    const META: &'static Meta =
        &Meta { params: &["input"], saga: true, ..Meta::new("sub", Class::Compensatable) };
}
impl Callable<()> for Drawn {
    fn erased() -> Callee<()> {
        Callee::Saga(DRAWN.with(RefCell::take).unwrap())
    }
}

struct Layer<'a> {
    s: &'a mut Builder,
    count: &'a mut usize,
    /// The last value that every later node may read.
    last: Out,
}

impl Layer<'_> {
    fn name(&mut self) -> String {
        *self.count += 1;
        format!("n{}", self.count)
    }
    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }
    /// Items whose values nobody outside may read, but who closes the arm.
    fn arm(&mut self, items: &[Item]) -> Out {
        let last = self.last;
        self.items(items);
        std::mem::replace(&mut self.last, last)
    }
    fn item(&mut self, item: &Item) {
        match item {
            Item::Step { kind, if_failed, evaluated } => self.kind(*kind, Call::Step(*if_failed, *evaluated)),
            Item::Each { kind, if_failed, items, at_once } => {
                self.kind(*kind, Call::Each(*if_failed, *items, *at_once));
            }
            Item::Value { fails: true } => {
                let name = self.name();
                self.s.value(&name, (self.last,), |_| Err::<(), _>(StepError::permanent("nobody knows")));
            }
            Item::Value { fails: false } => self.read(self.last),
            Item::Sleep(seconds) => {
                let (name, length) = (self.name(), Duration::from_secs(*seconds));
                self.s.named(&name).sleep((self.last,), move |_| Ok(length));
            }
            Item::Wait { event, key, timeout, if_failed } => {
                let timeout = timeout.map(Duration::from_secs);
                self.wait(EVENTS[*event], KEYS[*key], timeout, *if_failed);
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
                self.kind(*kind, Call::Step(IfFailed::Fail, false));
                let value = std::mem::replace(&mut self.last, last);
                self.s.begin_else(&mut condition);
                let name = self.name();
                self.s.named(&name);
                self.s.end_when(condition, value);
            }
            Item::Match { arm, arms } => {
                let (name, arm) = (self.name(), ["A", "B", "C", "none"][*arm]);
                let mut open = self.s.begin_match(&name, (self.last,), move |_| Ok(arm));
                let mut values = vec![];
                for (name, items) in ["A", "B", "C"].into_iter().zip(arms) {
                    self.s.begin_arm(&mut open, name);
                    values.push(self.arm(items));
                }
                let name = self.name();
                self.s.named(&name);
                self.last = self.s.end_match(open, values[0], &values[1..]);
            }
            Item::Join(branches) => {
                let mut open = self.s.begin_branches();
                for branch in branches {
                    self.s.begin_branch(&mut open);
                    self.arm(branch);
                }
                self.s.end_branches(open);
            }
            Item::Sub { items, if_failed } => self.sub(*if_failed, |layer| layer.items(items)),
        }
    }
    fn sub(&mut self, if_failed: IfFailed, body: impl FnOnce(&mut Layer<'_>)) {
        let name = self.name();
        let mut s = Builder::new("sub", 1);
        let last = s.input();
        let mut inner = Layer { s: &mut s, count: self.count, last };
        body(&mut inner);
        let last = inner.last;
        let definition = s.finish((last,), |(last,)| Ok(last)).unwrap();
        DRAWN.with(|drawn| drawn.replace(Some(Arc::new(definition))));
        let args = |(last,): (Value,)| Ok(Args::new(Json::encode(&json!({ "input": last }))?));
        let reads = (self.last,);
        self.s.named(&name);
        match if_failed {
            IfFailed::Fail => self.last = self.s.call::<Drawn, _>(reads, args),
            IfFailed::GoOn => {
                let handle = self.s.call_tolerated::<Drawn, _>(reads, args);
                self.read(handle);
            }
            IfFailed::Decide => {
                let handle = self.s.call_decided::<Drawn, _>(reads, args);
                self.decide(handle, "sub");
            }
        }
    }
    /// The value is read as what it should be, and what comes after depends on it.
    fn read<T: crate::step::Data>(&mut self, handle: Handle<T>) {
        let name = self.name();
        self.last = self.s.value(&name, (handle,), |(value,)| Ok(json!({ "read": value, "at": fresh() })));
    }
    fn decide(&mut self, handle: Handle<Result<Value, Failure>>, at: &'static str) {
        let name = self.name();
        self.last = self.s.value(&name, (handle,), move |(value,)| {
            if let Err(failure) = &value {
                assert!(failure.at.starts_with(at) && !failure.message.is_empty(), "{failure:?}");
            }
            Ok(json!({ "decided": value }))
        });
    }
    fn wait(&mut self, event: &'static str, key: &'static str, timeout: Option<Duration>, failed: IfFailed) {
        let (name, reads) = (self.name(), (self.last,));
        self.s.named(&name);
        let key = move |_: (Value,)| Ok(key.to_owned());
        match failed {
            IfFailed::Fail => {
                let handle = self.s.wait_for_event::<String, _>(event, timeout, reads, key);
                self.read(handle);
            }
            IfFailed::GoOn => {
                let handle = self.s.wait_for_event_tolerated::<String, _>(event, timeout, reads, key);
                self.read(handle);
            }
            IfFailed::Decide => {
                let handle = self.s.wait_for_event_decided::<Value, _>(event, timeout, reads, key);
                self.decide(handle, event);
            }
        }
    }
    fn kind(&mut self, kind: Kind, call: Call) {
        match kind {
            Kind::Plain => self.call::<Plain>(call),
            Kind::Looked => self.call::<Looked>(call),
            Kind::Rerun => self.call::<Rerun>(call),
            Kind::Asked => self.call::<Asked>(call),
            Kind::Safe => self.call::<Safe>(call),
            Kind::Once => self.call::<Once>(call),
            Kind::Local => self.call::<Local>(call),
            Kind::Reads => self.call::<Reads>(call),
            Kind::Keeps => self.call::<Keeps>(call),
            Kind::Pivot => self.call::<Pivot>(call),
            Kind::LookedPivot => self.call::<LookedPivot>(call),
            Kind::RerunPivot => self.call::<RerunPivot>(call),
        }
    }
    fn call<S: Callable<()> + Signature<Output = Value>>(&mut self, call: Call) {
        match call {
            Call::Step(if_failed, evaluated) => self.step::<S>(if_failed, evaluated),
            Call::Each(if_failed, items, at_once) => self.each::<S>(if_failed, items, at_once),
        }
    }
    fn step<S: Callable<()> + Signature<Output = Value>>(&mut self, if_failed: IfFailed, evaluated: bool) {
        let name = self.name();
        let args = move |(last,): (Value,)| {
            let fresh = evaluated.then(fresh);
            Ok(Args::<S>::new(Json::encode(&json!({ "last": last, "fresh": fresh }))?))
        };
        let reads = (self.last,);
        self.s.named(&name);
        if evaluated {
            self.s.evaluated();
        }
        match if_failed {
            IfFailed::Fail => self.last = self.s.call::<S, _>(reads, args),
            IfFailed::GoOn => {
                let handle = self.s.call_tolerated::<S, _>(reads, args);
                if evaluated {
                    self.read(handle);
                }
            }
            IfFailed::Decide => {
                let handle = self.s.call_decided::<S, _>(reads, args);
                self.decide(handle, S::META.name);
            }
        }
    }
    fn each<S: Callable<()> + Signature<Output = Value>>(
        &mut self,
        if_failed: IfFailed,
        items: Option<usize>,
        at_once: u32,
    ) {
        let name = self.name();
        let args = move |(last,): (Value,)| {
            let items = items.ok_or_else(|| StepError::permanent("nobody knows how many"))?;
            let one = |i| Ok(Args::<S>::new(Json::encode(&json!({ "last": last, "i": i, "at": fresh() }))?));
            (0..items).map(one).collect()
        };
        let reads = (self.last,);
        self.s.named(&name).max_parallel(at_once);
        match if_failed {
            IfFailed::Fail => {
                let handle = self.s.call_each::<S, _>(reads, args);
                self.all(handle, items, |value| Some(value.clone()));
            }
            IfFailed::GoOn => {
                let handle = self.s.call_each_tolerated::<S, _>(reads, args);
                self.all(handle, items, Clone::clone);
            }
            IfFailed::Decide => {
                let handle = self.s.call_each_decided::<S, _>(reads, args);
                self.all(handle, items, |value| value.as_ref().ok().cloned());
            }
        }
    }
    /// The values of a list are as many as its items, in their order.
    fn all<T: crate::step::Data>(
        &mut self,
        handle: Handle<Vec<T>>,
        items: Option<usize>,
        value: fn(&T) -> Option<Value>,
    ) {
        let name = self.name();
        self.last = self.s.value(&name, (handle,), move |(all,)| {
            assert_eq!(Some(all.len()), items, "as many values as items");
            for (i, value) in all.iter().map(value).enumerate() {
                let key = value.as_ref().and_then(Value::as_str).unwrap_or_default();
                assert!(key.is_empty() || key.contains(&format!("[{i}]")), "{key} is not of item {i}");
            }
            Ok(json!(all))
        });
    }
    fn pivot(&mut self, Pivoted { kind, beside, after, .. }: &Pivoted) {
        let mut open = self.s.begin_branches();
        self.s.begin_branch(&mut open);
        let last = self.last;
        self.kind(*kind, Call::Step(IfFailed::Fail, false));
        self.last = last;
        if !beside.is_empty() {
            self.s.begin_branch(&mut open);
            self.arm(beside);
        }
        self.s.end_branches(open);
        self.items(after);
    }
}

#[derive(Clone, Copy)]
enum Call {
    /// Are its arguments evaluated?
    Step(IfFailed, bool),
    /// How many items, and how many of them at once?
    Each(IfFailed, Option<usize>, u32),
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
    let mut layer = Layer { s: &mut s, count: &mut 0, last };
    layer.items(&shape.before);
    match &shape.pivot {
        Some(pivot) if pivot.within => layer.sub(IfFailed::Fail, |layer| layer.pivot(pivot)),
        Some(pivot) => layer.pivot(pivot),
        None => {}
    }
    let last = layer.last;
    s.finish((last,), |(last,)| Ok(last)).unwrap()
}
