//! What is looked up, or made in a transaction.

use std::time::Duration;

use saga::definition::Start;
use saga::step::{Arguments, Callee, ErasedStep, Success};
use saga::store::{MemoryStore, Store};
use saga::{
    Callable, Class, Engine, IfUnknown, Json, Meta, Outcome, SagaBuilder, Signature, Step, StepContext,
    StepError, TransactionalStep, Tx,
};

use crate::life::id;

use super::stage::*;

/// What it made is known only by asking.
enum Lost {}
impl Signature for Lost {
    type Output = String;
    const META: &'static Meta = &Meta {
        secret_output: true,
        if_unknown: IfUnknown::LookUp,
        ..Meta::new("lost", Class::Compensatable)
    };
}
impl Callable<Seen> for Lost {
    fn erased() -> Callee<Seen> {
        ErasedStep::plain::<Self>().into()
    }
}
impl Step<Seen> for Lost {
    async fn run(_: &Seen, _: &StepContext, _: &Arguments<'_>) -> saga::Result<Success> {
        Err(StepError::unknown("the answer is lost").no_retry())
    }
    async fn compensate(
        seen: &Seen,
        _: &StepContext,
        _: &Arguments<'_>,
        output: Option<&Json>,
    ) -> saga::Result<()> {
        seen.revokes(output)
    }
    async fn look_up(_: &Seen, _: &StepContext, _: &Arguments<'_>) -> saga::Result<Option<Json>> {
        Ok(Some(Json::encode(TOKEN)?))
    }
}

/// Works in the store's own transaction.
enum Local {}
impl Signature for Local {
    type Output = String;
    const META: &'static Meta = &Meta {
        params: &["password"],
        secrets: &["password"],
        secret_output: true,
        transactional: true,
        ..Meta::new("local", Class::Compensatable)
    };
}
impl Callable<Seen> for Local {
    fn erased() -> Callee<Seen> {
        ErasedStep::transactional::<Self>().into()
    }
}
impl TransactionalStep<Seen> for Local {
    async fn run(
        seen: &Seen,
        _: &mut Tx<'_>,
        _: &StepContext,
        args: &Arguments<'_>,
    ) -> saga::Result<Success> {
        seen.say(format!("in {}", args.get::<String>("password")?));
        made(TOKEN)
    }
    async fn compensate(
        seen: &Seen,
        _: &mut Tx<'_>,
        _: &StepContext,
        args: &Arguments<'_>,
        output: Option<&Json>,
    ) -> saga::Result<()> {
        seen.say(format!("out {} {}", args.get::<String>("password")?, output.unwrap()));
        Ok(())
    }
}

#[tokio::test]
async fn what_is_looked_up_or_made_in_a_transaction_is_sealed_too() {
    enum Short {}
    impl Signature for Short {
        type Output = ();
        const META: &'static Meta = &Meta { saga: true, ..Meta::new("short", Class::Compensatable) };
    }
    let mut s = SagaBuilder::<Seen, String>::new("short", 1);
    s.secret_input();
    let password = s.input();
    s.call::<Local, _>((password,), |(password,)| args(&[("password", &password)]));
    s.adjusted(|policy| policy.settle_after = Some(Duration::ZERO));
    s.call::<Lost, _>((), |()| args(&[]));
    let short = s.finish((), |()| Ok(())).unwrap();
    let (seen, store) = (Seen::default(), MemoryStore::new());
    let builder = Engine::builder(seen.clone()).store(store.clone()).secrets(old_key()).saga(short);
    let engine = builder.build().await.unwrap();
    let started = engine.client().start(Start::<Short>::new(PASSWORD)).id("w").await.unwrap();
    assert!(matches!(started.handle.outcome().await.unwrap(), Outcome::RolledBack { .. }));
    let [said_in, revoked, said_out] = seen.all().try_into().unwrap();
    assert_eq!(said_in, format!("in {PASSWORD}"));
    assert_eq!(revoked, format!("revoke \"{TOKEN}\""));
    assert_eq!(said_out, format!("out {PASSWORD} \"{TOKEN}\""));
    let kept = format!("{:?}", store.load(&id("w")).await.unwrap());
    assert!(kept.contains("$sealed") && !kept.contains(PASSWORD) && !kept.contains(TOKEN), "{kept}");
}
