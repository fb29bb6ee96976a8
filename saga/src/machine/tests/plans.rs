//! Steps of every kind, and plans made of them. They have no code: the simulation answers in their place.

use std::time::Duration;

use crate::definition::{Definition, Handle, SagaBuilder};
use crate::error::StepError;
use crate::json::Json;
use crate::retry::{Backoff, Jitter, RetryPolicy};
use crate::step::{
    Args, Arguments, Callable, Callee, Class, ErasedStep, IfUnknown, Meta, Policy, Signature, Step,
    StepContext, Success,
};

pub(super) type Builder = SagaBuilder<(), serde_json::Value>;
pub(super) type Out = Handle<serde_json::Value>;

/// Three attempts, one second apart.
const THREE: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    backoff: Backoff::Fixed(Duration::from_millis(500)),
    jitter: Jitter::None,
    deadline: None,
};
pub(super) const POLICY: Policy = Policy {
    retry: THREE,
    timeout: Some(Duration::from_secs(2)),
    undo_retry: THREE,
    undo_timeout: None,
    settle_after: Some(Duration::from_secs(5)),
};
const PLAIN: Meta = Meta { policy: POLICY, ..Meta::new("plain", Class::Compensatable) };
const PIVOT: Meta = Meta { policy: POLICY, ..Meta::new("pivot", Class::Pivot) };

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident = $meta:expr;)*) => {$(
        $(#[$doc])*
        pub(super) enum $name {}
        impl Signature for $name {
            type Output = serde_json::Value;
            const META: &'static Meta = &$meta;
        }
        impl Step<()> for $name {
            async fn run(_: &(), _: &StepContext, _: &Arguments<'_>) -> Result<Success, StepError> {
                Err(StepError::permanent("the simulation answers"))
            }
        }
        impl Callable<()> for $name {
            fn erased() -> Callee<()> {
                ErasedStep::plain::<Self>().into()
            }
        }
    )*}
}

steps! {
    /// Its compensation needs no output.
    Plain = Meta { name: "plain", ..PLAIN };
    /// Its unknown outcome is looked up.
    Looked = Meta { name: "looked", if_unknown: IfUnknown::LookUp, ..PLAIN };
    /// Its unknown outcome is learnt by running it again.
    Rerun = Meta { name: "rerun", if_unknown: IfUnknown::Rerun, ..PLAIN };
    /// Its unknown outcome is for a person.
    Asked = Meta { name: "asked", if_unknown: IfUnknown::Park, ..PLAIN };
    /// Late duplicates do no harm at its system.
    Safe = Meta { name: "safe", late_safe: true, ..PLAIN };
    /// It is tried once.
    Once = Meta { name: "once", policy: Policy { retry: RetryPolicy { max_attempts: 1, ..THREE }, ..POLICY }, ..PLAIN };
    /// It works in the engine's own database.
    Local = Meta { name: "local", transactional: true, ..PLAIN };
    /// It only reads.
    Reads = Meta { name: "reads", policy: POLICY, ..Meta::new("reads", Class::NoEffect) };
    /// The point of no return.
    Pivot = Meta { name: "pivot", ..PIVOT };
    /// A pivot whose unknown outcome is looked up.
    LookedPivot = Meta { name: "looked_pivot", if_unknown: IfUnknown::LookUp, ..PIVOT };
    /// A pivot that may be run again.
    RerunPivot = Meta { name: "rerun_pivot", if_unknown: IfUnknown::Rerun, ..PIVOT };
    /// It is tried until it succeeds.
    Keeps = Meta {
        name: "keeps",
        policy: Policy { retry: RetryPolicy { max_attempts: u32::MAX, ..THREE }, ..POLICY },
        ..Meta::new("keeps", Class::Retriable)
    };
}

/// The arguments of a step that has none.
pub(super) fn no_args<S>(_: ()) -> Result<Args<S>, StepError> {
    Ok(Args::new(Json::parse("{}").unwrap()))
}

/// A call without arguments; `name` is how it is shown in traces.
pub(super) fn call<S: Callable<()> + Signature<Output = serde_json::Value>>(
    s: &mut Builder,
    name: &str,
) -> Out {
    s.named(name);
    s.call::<S, ()>((), no_args)
}

/// A tolerated call without arguments.
pub(super) fn tolerated<S: Callable<()> + Signature<Output = serde_json::Value>>(
    s: &mut Builder,
    name: &str,
) {
    s.named(name);
    s.call_tolerated::<S, ()>((), no_args);
}

/// A saga of the calls that `body` makes; its output is `"out"`.
pub(super) fn saga(body: impl FnOnce(&mut Builder)) -> Definition<()> {
    let mut s = Builder::new("saga", 1);
    body(&mut s);
    s.finish((), |()| Ok("out".to_owned())).unwrap()
}

/// Plain steps one after the other.
pub(super) fn chain(names: &[&str]) -> Definition<()> {
    saga(|s| {
        for name in names {
            call::<Plain>(s, name);
        }
    })
}
