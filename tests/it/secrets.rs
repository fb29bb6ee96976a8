//! Secrets: in plain for the steps, and nowhere else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::definition::Start;
use saga::engine::{BuildError, StartError, TokioRuntime};
use saga::seal::Keys;
use saga::step::{Arguments, Callee, ErasedStep, Success};
use saga::store::{FailureReason, Listing, Loaded, MemoryStore, Status, Store, TrailPart};
use saga::{
    Args, Callable, Class, Client, Definition, Engine, IfUnknown, Json, Meta, Outcome, PlanError,
    SagaBuilder, Signature, Step, StepContext, StepError, TransactionalStep, Tx,
};
use saga_sqlx::{SqliteOptions, SqliteStore};
use serde::{Deserialize, Serialize};

use crate::life::id;

/// What the steps were told.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn say(&self, words: String) {
        self.0.lock().unwrap().push(words);
    }
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Request {
    user: String,
    password: String,
}

fn request(user: &str) -> Request {
    Request { user: user.into(), password: PASSWORD.into() }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Opened {
    id: String,
    phrase: String,
    mails: Vec<String>,
}

const PASSWORD: &str = "correct-horse-battery";
const TOKEN: &str = "s3cret-token-of-the-bank";

fn args<C>(fields: &[(&str, &str)]) -> Result<Args<C>, StepError> {
    let fields: BTreeMap<_, _> = fields.iter().copied().collect();
    Ok(Args::new(Json::encode(&fields)?))
}

fn made(output: impl Serialize) -> Result<Success, StepError> {
    Ok(Success { output: Json::encode(&output)?, adopted: false })
}

macro_rules! step {
    ($name:ident -> $output:ty, $meta:expr) => {
        enum $name {}
        impl Signature for $name {
            type Output = $output;
            const META: &'static Meta = &$meta;
        }
        impl Callable<Seen> for $name {
            fn erased() -> Callee<Seen> {
                ErasedStep::plain::<Self>().into()
            }
        }
    };
}

// What it makes is secret.
step!(Issue -> String, Meta { secret_output: true, ..Meta::new("issue", Class::Compensatable) });
impl Step<Seen> for Issue {
    async fn run(_: &Seen, _: &StepContext, _: &Arguments<'_>) -> saga::Result<Success> {
        made(TOKEN)
    }
    async fn compensate(
        seen: &Seen,
        _: &StepContext,
        _: &Arguments<'_>,
        output: Option<&Json>,
    ) -> saga::Result<()> {
        seen.say(format!("revoke {}", output.unwrap()));
        Ok(())
    }
}

// One of its arguments is secret.
step!(Open -> String, Meta {
    params: &["user", "password"],
    secrets: &["password"],
    ..Meta::new("open", Class::Compensatable)
});
impl Step<Seen> for Open {
    async fn run(seen: &Seen, cx: &StepContext, args: &Arguments<'_>) -> saga::Result<Success> {
        let (user, password): (String, String) = (args.get("user")?, args.get("password")?);
        cx.record(&format!("before {password}")).await?;
        seen.say(format!("open {user} {password}"));
        made(format!("account of {user}"))
    }
    async fn compensate(
        seen: &Seen,
        cx: &StepContext,
        args: &Arguments<'_>,
        _: Option<&Json>,
    ) -> saga::Result<()> {
        let recorded: Option<String> = cx.recorded()?;
        seen.say(format!("close {} {}", args.get::<String>("password")?, recorded.unwrap()));
        Ok(())
    }
}

// Knows nothing of secrets.
step!(Mail -> String, Meta { params: &["text"], ..Meta::new("mail", Class::NoEffect) });
impl Step<Seen> for Mail {
    async fn run(seen: &Seen, _: &StepContext, args: &Arguments<'_>) -> saga::Result<Success> {
        let text: String = args.get("text")?;
        seen.say(format!("mail {text}"));
        match text.starts_with("refused") {
            true => Err(StepError::permanent("refused")),
            false => made("sent"),
        }
    }
}

/// A saga that calls this one lays it into its plan.
enum Account {}
impl Signature for Account {
    type Output = Opened;
    const META: &'static Meta =
        &Meta { saga: true, params: &["request"], ..Meta::new("account", Class::Compensatable) };
}
impl Callable<Seen> for Account {
    fn erased() -> Callee<Seen> {
        Callee::Saga(Arc::new(account()))
    }
}

fn account() -> Definition<Seen> {
    let mut s = SagaBuilder::<Seen, Request>::new("account", 1);
    s.secret_input();
    let request = s.input();
    let token = s.named("token").call::<Issue, _>((), |()| args(&[]));
    let phrase = s.value("phrase", (request, token), |(r, token): (Request, String)| {
        Ok(format!("{}+{token}", r.password))
    });
    let id = s
        .named("id")
        .call::<Open, _>((request, phrase), |(r, phrase)| args(&[("user", &r.user), ("password", &phrase)]));
    let chosen = s.if_else(
        (request,),
        |(r,)| Ok(r.user != "nobody"),
        |s| s.value("somebody", (phrase,), |(phrase,)| Ok(phrase)),
        |s| s.value("nobody", (), |()| Ok("{\"$sealed\":\"not at all\"}".to_owned())),
    );
    let mails = s.named("mails").call_each::<Mail, _>((request, chosen), |(r, chosen)| {
        [&r.user, &chosen].map(|text| args(&[("text", text)])).into_iter().collect()
    });
    s.disclosed().wait_for_event::<(), _>("confirmed", None, (request,), |(r,)| Ok(r.user));
    s.finish((id, chosen, mails), |(id, phrase, mails)| Ok(Opened { id, phrase, mails })).unwrap()
}

/// Its input is open; the sub-saga's is not.
fn outer() -> Definition<Seen> {
    let mut s = SagaBuilder::<Seen, String>::new("outer", 1);
    let user = s.input();
    let opened = s.call::<Account, _>((user,), |(user,)| {
        let request = BTreeMap::from([("request", request(&user))]);
        Ok(Args::new(Json::encode(&request)?))
    });
    s.finish((opened,), |(opened,)| Ok(opened.phrase)).unwrap()
}
enum Outer {}
impl Signature for Outer {
    type Output = String;
    const META: &'static Meta = &Meta { saga: true, ..Meta::new("outer", Class::Compensatable) };
}

fn old_key() -> Keys {
    Keys::new("k1", &[1; 32]).unwrap()
}
fn new_key() -> Keys {
    Keys::new("k2", &[2; 32]).unwrap()
}

async fn engine(seen: &Seen, store: impl Store, keys: Keys) -> Engine<Seen> {
    let config = saga::Config { poll_interval: Duration::from_millis(20), ..saga::Config::default() };
    let builder = Engine::builder(seen.clone()).store(store).config(config).secrets(keys);
    builder.saga(account()).saga(outer()).build().await.unwrap()
}

async fn until(client: &Client, workflow: &str, status: Status) -> Loaded {
    loop {
        let view = client.workflow("default", &id(workflow)).await.unwrap();
        if view.header.state.status == status {
            return Loaded { header: view.header, steps: view.steps };
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn confirm(client: &Client, user: &str) {
    client.publish("default", "confirmed", user, Json::null(), None).await.unwrap();
}

/// Nothing in any file of the folder, nor in these words, gives a secret away.
fn nothing_leaks(folder: &Path, words: &str) {
    let mut texts = vec![(words.as_bytes().to_vec(), "words".to_owned())];
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        texts.push((std::fs::read(&path).unwrap(), path.display().to_string()));
    }
    for (text, name) in texts {
        for secret in [PASSWORD, TOKEN] {
            let is = text.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is, "`{secret}` stands in {name}");
        }
    }
}

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

#[tokio::test]
async fn without_a_key_an_engine_is_not_built_and_a_client_starts_nothing() {
    let builder = Engine::builder(Seen::default()).store(MemoryStore::new()).saga(account());
    let Err(refused) = builder.build().await else { panic!("it was built") };
    assert!(matches!(refused, BuildError::NoKey { .. }));
    assert_eq!(
        refused.to_string(),
        "saga `account` has secrets and the engine has no key: `Engine::builder(..).secrets(key)`"
    );
    let (store, definition) = (MemoryStore::new(), account());
    let runtime = Arc::new(TokioRuntime::current().unwrap());
    let client = Client::without_worker(Arc::new(store), runtime, [Arc::clone(definition.plan())]);
    let start = || Start::<Account>::new(&request("bob"));
    assert_eq!(client.start(start()).await.unwrap_err(), StartError::NoKey("account".into()));
    client.with_secrets(Arc::new(old_key())).start(start()).await.unwrap();
}

#[tokio::test]
async fn a_repeated_start_is_recognised_by_a_keyed_hash_under_older_keys_too() {
    let (seen, store) = (Seen::default(), MemoryStore::new());
    let first = engine(&seen, store.clone(), old_key()).await;
    let start = |client: &Client, password: &str| {
        let request = Request { user: "bob".into(), password: password.into() };
        client.start(Start::<Account>::new(&request)).idempotency_key("k")
    };
    let started = start(first.client(), PASSWORD).await.unwrap();
    assert!(start(first.client(), PASSWORD).await.unwrap().replayed);
    let other = start(first.client(), "another").await.unwrap_err();
    assert!(matches!(other, StartError::Conflict { .. }));
    let header = store.load(started.handle.id()).await.unwrap().unwrap().header;
    assert!(header.input_hash.starts_with("k1."), "{}", header.input_hash);
    first.shutdown(Duration::from_secs(1)).await.unwrap();

    let rotated = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    assert!(start(rotated.client(), PASSWORD).await.unwrap().replayed);
    assert!(matches!(start(rotated.client(), "another").await, Err(StartError::Conflict { .. })));
    rotated.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn a_repeated_start_within_a_transaction_is_recognised_under_older_keys_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("saga.db"), SqliteOptions::default()).await.unwrap();
    let seen = Seen::default();
    let first = engine(&seen, store.clone(), old_key()).await;
    let start = |client: &Client, password: &str| {
        let request = Request { user: "bob".into(), password: password.into() };
        client.start(Start::<Account>::new(&request)).idempotency_key("k")
    };
    let started = start(first.client(), PASSWORD).await.unwrap();
    first.shutdown(Duration::from_secs(1)).await.unwrap();

    let rotated = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    for (password, same) in [(PASSWORD, true), ("another", false)] {
        let start = start(rotated.client(), password);
        let again = store.transaction(Duration::from_secs(10), |tx| Box::pin(start.start_in(tx)));
        match again.await.unwrap() {
            Ok(again) => {
                assert!(same && again.replayed, "{password}");
                assert_eq!(again.handle.id(), started.handle.id());
            }
            Err(error) => {
                let existing = started.handle.id().clone();
                assert_eq!((error, same), (StartError::Conflict { existing }, false));
            }
        }
    }
    rotated.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn a_workflow_goes_on_under_a_new_key_and_waits_for_a_person_when_its_own_is_gone() {
    let (seen, store) = (Seen::default(), MemoryStore::new());
    let first = engine(&seen, store.clone(), old_key()).await;
    for user in ["one", "two"] {
        first.client().start(Start::<Account>::new(&request(user))).id(user).await.unwrap();
        until(first.client(), user, Status::Waiting).await;
    }
    first.shutdown(Duration::from_secs(1)).await.unwrap();

    let rotated = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    confirm(rotated.client(), "one").await;
    let handle = rotated.client().handle::<Account>(id("one"));
    let Outcome::Completed(opened) = handle.outcome().await.unwrap() else { panic!() };
    assert_eq!(opened.phrase, format!("{PASSWORD}+{TOKEN}"));
    rotated.shutdown(Duration::from_secs(1)).await.unwrap();

    let forgetful = engine(&seen, store.clone(), new_key()).await;
    confirm(forgetful.client(), "two").await;
    let stopped = until(forgetful.client(), "two", Status::Failed).await.header.state;
    assert_eq!(stopped.failure_reason, Some(FailureReason::Configuration));
    assert!(stopped.error_message.unwrap().contains("key `k1`, which is not here"));
    forgetful.shutdown(Duration::from_secs(1)).await.unwrap();

    let mended = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    mended.client().retry("default", &id("two"), "alice", false).await.unwrap();
    until(mended.client(), "two", Status::Completed).await;
    mended.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn what_was_sealed_for_one_workflow_is_not_opened_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("saga.db"), SqliteOptions::default()).await.unwrap();
    let seen = Seen::default();
    let engine = engine(&seen, store.clone(), old_key()).await;
    let client = engine.client();
    let soon = saga::engine::Runtime::now(&TokioRuntime::current().unwrap()).plus(Duration::from_millis(600));
    for name in ["hers", "mine"] {
        client.start(Start::<Account>::new(&request(name))).id(name).at(soon).await.unwrap();
    }
    let moved = store.transaction(Duration::from_secs(1), |tx| {
        Box::pin(async move {
            let sql = "UPDATE orchestration_workflows SET input_data = (SELECT input_data FROM \
                       orchestration_workflows WHERE workflow_id = 'hers') WHERE workflow_id = 'mine'";
            sqlx::query(sql).execute(saga_sqlx::sqlite(tx)?).await?;
            Ok::<_, StepError>(())
        })
    });
    moved.await.unwrap().unwrap();
    let stopped = until(client, "mine", Status::Failed).await.header.state;
    assert!(stopped.error_message.unwrap().contains("belongs elsewhere"));
    assert!(!seen.all().iter().any(|words| words.starts_with("open mine")));
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
}

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
        seen.say(format!("revoke {}", output.unwrap()));
        Ok(())
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
