//! Secrets: in plain for the steps, and nowhere else.

mod keys;
mod made;
mod stage;
mod tested;

use std::time::Duration;

use saga::definition::Start;
use saga::step::{Arguments, Callee, ErasedStep, Success};
use saga::store::{Listing, MemoryStore, Store, TrailPart};
use saga::{
    Callable, Class, Engine, Json, Meta, Outcome, PlanError, SagaBuilder, Signature, Step, StepContext,
};
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::life::id;

use self::stage::*;

#[tokio::test]
async fn no_secret_stands_in_the_sqlite_file_and_nobody_is_shown_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let seen = Seen::default();
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let engine = engine(&seen, store.clone(), old_key()).await;
    let client = engine.client();
    let started = client.start(Start::<Account>::new(&request("bob"))).id("good").await.unwrap();
    let refused = client.start(Start::<Account>::new(&request("refused"))).id("bad").await.unwrap();
    let nobody = client.start(Start::<Account>::new(&request("nobody"))).id("nobody").await.unwrap();
    let outer = client.start(Start::<Outer>::new("amy")).id("outer").await.unwrap();
    for user in ["bob", "nobody", "amy"] {
        confirm(client, user).await;
    }

    // In plain for the steps, and for who has the handle.
    let phrase = format!("{PASSWORD}+{TOKEN}");
    let Outcome::Completed(opened) = started.handle.outcome().await.unwrap() else { panic!() };
    let mails = vec!["sent".to_owned(); 2];
    assert_eq!(opened, Opened { id: "account of bob".into(), phrase: phrase.clone(), mails });
    assert!(matches!(refused.handle.outcome().await.unwrap(), Outcome::RolledBack { .. }));
    let Outcome::Completed(opened) = nobody.handle.outcome().await.unwrap() else { panic!() };
    assert_eq!(opened.phrase, "{\"$sealed\":\"not at all\"}");
    assert_eq!(outer.handle.outcome().await.unwrap(), Outcome::Completed(phrase.clone()));
    let all = seen.all();
    for words in [
        format!("open bob {phrase}"),
        format!("mail {phrase}"),
        format!("close {phrase} before {phrase}"),
        format!("revoke \"{TOKEN}\""),
        format!("open amy {phrase}"),
    ] {
        assert!(all.contains(&words), "{words} is not in {all:?}");
    }

    // For others there is nothing to see.
    let mut shown = String::new();
    for workflow in ["good", "bad", "outer"] {
        shown += &format!("{:?}", client.workflow("default", &id(workflow)).await.unwrap());
        shown += &format!("{:?}", client.ended(&id(workflow)).await.unwrap());
        shown += &format!("{:?}", client.history("default", &id(workflow), TrailPart::ALL).await.unwrap());
    }
    let listing = Listing { tenant: "default".into(), limit: 9, ..Listing::default() };
    shown += &format!("{:?}", client.list(listing).await.unwrap());
    assert!(!shown.contains("$sealed"), "{shown}");
    nothing_leaks(folder.path(), &shown);
    let good = client.workflow("default", &id("good")).await.unwrap();
    assert_eq!(good.header.input.as_str(), "\"[secret]\"");
    assert_eq!(good.header.state.output.unwrap().as_str(), "\"[secret]\"");
    let open = &good.steps[1];
    assert_eq!(open.input.as_ref().unwrap().as_str(), "\"[secret]\"");
    assert_eq!(open.output.as_ref().unwrap().as_str(), "\"account of bob\"");
    assert_eq!(open.record.as_ref().unwrap().as_str(), "\"[secret]\"");
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
    nothing_leaks(folder.path(), "");
    store.close().await;
    nothing_leaks(folder.path(), "");
    // What is no secret does stand there, so looking like this finds things.
    let file = std::fs::read(&path).unwrap();
    assert!(file.windows(14).any(|part| part == b"account of bob"));
}

#[tokio::test]
async fn a_secret_of_another_type_is_not_quoted_in_the_error() {
    let mut s = SagaBuilder::<Seen, String>::new("mistyped", 1);
    s.secret_input();
    let word = s.input();
    s.call::<Numbers, _>((word,), |(word,)| args(&[("number", &word)]));
    let mistyped = s.finish((), |()| Ok(())).unwrap();
    enum Mistyped {}
    impl Signature for Mistyped {
        type Output = ();
        const META: &'static Meta = &Meta { saga: true, ..Meta::new("mistyped", Class::Compensatable) };
    }
    let builder = Engine::builder(Seen::default()).store(MemoryStore::new()).secrets(old_key());
    let engine = builder.saga(mistyped).build().await.unwrap();
    // An argument that cannot be read, and an input of another type than the plan's.
    for (input, words) in [
        (
            Json::encode(PASSWORD).unwrap(),
            "argument `number` of `numbers` cannot be read: it has another type",
        ),
        (Json::encode(&[PASSWORD]).unwrap(), "a journaled value, which is secret, has another type"),
    ] {
        let started = engine.client().start(Start::<Mistyped>::new(&input)).await.unwrap();
        let Outcome::RolledBack { message } = started.handle.outcome().await.unwrap() else { panic!() };
        assert!(message.contains(words) && !message.contains(PASSWORD), "{message}");
    }
}

step!(Numbers -> u32, Meta { params: &["number"], ..Meta::new("numbers", Class::NoEffect) });
impl Step<Seen> for Numbers {
    async fn run(_: &Seen, _: &StepContext, args: &Arguments<'_>) -> saga::Result<Success> {
        made(args.get::<u32>("number")?)
    }
}

#[tokio::test]
async fn a_secret_argument_of_open_values_is_sealed_by_itself() {
    let mut s = SagaBuilder::<Seen, String>::new("plain", 1);
    let user = s.input();
    s.evaluated().call::<Open, _>((user,), |(user,)| args(&[("user", &user), ("password", PASSWORD)]));
    let plain = s.finish((), |()| Ok(())).unwrap();
    enum Plain {}
    impl Signature for Plain {
        type Output = ();
        const META: &'static Meta = &Meta { saga: true, ..Meta::new("plain", Class::Compensatable) };
    }
    let (seen, store) = (Seen::default(), MemoryStore::new());
    let builder = Engine::builder(seen.clone()).store(store.clone()).secrets(old_key()).saga(plain);
    let engine = builder.build().await.unwrap();
    let started = engine.client().start(Start::<Plain>::new("bob")).id("w").await.unwrap();
    started.handle.outcome().await.unwrap();
    assert_eq!(seen.all(), [format!("open bob {PASSWORD}")]);
    let view = engine.client().workflow("default", &id("w")).await.unwrap();
    assert_eq!(view.header.input.as_str(), "\"bob\"");
    let input = view.steps[0].input.as_ref().unwrap().as_str();
    assert_eq!(input, r#"{"password":"[secret]","user":"bob"}"#);
    let kept = format!("{:?}", store.load(&id("w")).await.unwrap());
    assert!(kept.contains("$sealed") && !kept.contains(PASSWORD));
}

#[test]
fn what_is_computed_from_secrets_is_secret_and_what_is_not_is_not() {
    let text = account().plan().describe();
    let line =
        |name: &str| text.lines().find(|line| line.starts_with(&format!("{name} ["))).unwrap().to_owned();
    for (name, end) in [
        ("input", "secret"),
        ("issue.token", "secret"),
        ("phrase", "secret"),
        ("somebody", "secret"),
        ("select", "secret"),
    ] {
        assert!(line(name).ends_with(end), "{text}");
    }
    assert!(line("open.id").contains(" sealed secrets (password)]") && !line("open.id").ends_with("secret"));
    assert!(line("mail.mails").contains(" sealed]"), "{text}");
    for open in ["nobody", "if", "confirmed"] {
        assert!(!line(open).contains("secret"), "{text}");
    }
    assert!(text.ends_with("secret"), "{text}");
    assert!(account().plan().has_secrets() && outer().plan().has_secrets());
    assert!(!outer().plan().is_input_secret() && outer().plan().is_output_secret());
}

#[test]
fn a_workflow_cannot_wait_by_a_secret_unless_that_is_said_to_be_none() {
    let waiting = |disclosed: bool| {
        let mut s = SagaBuilder::<Seen, Request>::new("waiting", 1);
        s.secret_input();
        let request = s.input();
        if disclosed {
            s.disclosed();
        }
        s.wait_for_event::<(), _>("confirmed", None, (request,), |(r,)| Ok(r.user));
        s.disclosed();
        s.finish((request,), |(r,)| Ok(r.user))
    };
    assert_eq!(waiting(false).unwrap_err(), PlanError::SecretWait("confirmed".into()));
    assert!(!waiting(true).unwrap().plan().is_output_secret());
}

#[tokio::test]
async fn the_secret_input_of_a_schedule_is_sealed_until_its_workflows_begin() {
    let (seen, store) = (Seen::default(), MemoryStore::new());
    let engine = engine(&seen, store.clone(), old_key()).await;
    let request = Start::<Account>::new(&request("bob"));
    let schedule = engine.client().schedule("s", "* * * * * *", request).await.unwrap();
    assert_eq!(schedule.input.as_str(), "\"[secret]\"");
    let kept = format!("{:?}", store.schedules().unwrap().list_schedules("default").await.unwrap());
    assert!(kept.contains("$sealed") && !kept.contains(PASSWORD));
    while !seen.all().contains(&format!("open bob {PASSWORD}+{TOKEN}")) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
}
