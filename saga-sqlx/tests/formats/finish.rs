//! Makes what a fixture holds, and brings it to its end.

use std::time::Duration;

use saga::machine::DebtAction;
use saga::seal::Keys;
use saga::store::{FailureReason, Status, StepStatus, Store};
use saga::{Client, Config, Engine, Json, WorkflowId};

use crate::basic::{World, basic};
use crate::later::{Hidden, Trip, sealed, whole};
use crate::{booked, newest};

/// Nobody's key but the fixtures'.
const KEY: [u8; 32] = [7; 32];
/// In no row of a fixture.
pub(crate) const PHRASE: &str = "nobody may read this";

/// How each workflow ends; with its output, if it has one.
const BASIC: [(&str, Status, Option<&str>); 6] = [
    ("done", Status::Completed, Some("do first of done, do third of done")),
    ("undone", Status::RolledBack, None),
    ("owed", Status::RolledBack, None),
    ("running", Status::Completed, Some("do first of running, do third of running")),
    ("undoing", Status::RolledBack, None),
    ("again", Status::Completed, Some("do first of again, do third of again")),
];
const LATER: [(&str, Status, Option<&str>); 5] = [
    ("listing", Status::Completed, Some("3 items, good, do outer of listing")),
    ("inside", Status::Completed, Some("3 items, good, do outer of inside")),
    ("sleeping", Status::Completed, Some("3 items, good, do outer of sleeping")),
    ("waiting", Status::Completed, Some("3 items, good, do outer of waiting")),
    ("hiding", Status::Completed, Some("20 letters")),
];

pub(crate) async fn engine(store: impl Store, world: &World, config: Config) -> Engine<World> {
    // What has happened is not forgotten before a fixture of it is read.
    let keep_events = Duration::from_secs(100 * 365 * 24 * 3600);
    let config = Config { poll_interval: Duration::from_millis(50), keep_events, ..config };
    let builder = Engine::builder(world.clone()).store(store).config(config);
    let builder = builder.secrets(Keys::new("fixtures", &KEY).unwrap());
    let builder = builder.saga(basic::definition()).saga(whole::definition()).saga(sealed::definition());
    let builder = builder.saga(booked::booking::definition()).saga(booked::reading::definition());
    newest::sagas(builder).build().await.unwrap()
}

pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let reached = tokio::time::timeout(Duration::from_secs(120), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(reached.await.is_ok(), "it did not come to that: {what}");
}

pub(crate) fn id(word: &str) -> WorkflowId {
    WorkflowId::new(word).unwrap()
}

async fn status(client: &Client, word: &str) -> Status {
    client.workflow("default", &id(word)).await.unwrap().header.state.status
}

/// And what came later.
pub(crate) async fn make_all(engine: &Engine<World>, world: &World, nap: Duration) {
    booked::make(engine.client()).await;
    newest::make(engine.client(), world, nap).await;
    make(engine, world, nap).await;
}

/// All workflows, each where it is to stand still. `nap`: how long the one sleeps that sleeps.
async fn make(engine: &Engine<World>, world: &World, nap: Duration) {
    let client = engine.client();
    for (word, ..) in BASIC {
        let start = client.start(basic(word.to_owned())).id(word).search_key(word);
        start.idempotency_key(format!("key of {word}")).exclusive(format!("line of {word}")).await.unwrap();
    }
    for (word, ..) in LATER {
        let seconds = if word == "sleeping" { nap.as_secs() } else { 0 };
        match word {
            "hiding" => drop(
                client
                    .start(sealed(Hidden { word: word.to_owned(), phrase: PHRASE.to_owned() }))
                    .id(word)
                    .await
                    .unwrap(),
            ),
            _ => drop(client.start(whole(Trip { word: word.to_owned(), seconds })).id(word).await.unwrap()),
        }
    }
    let is = async |word, wanted| status(client, word).await == wanted;
    let called = |call: &str| world.calls().iter().filter(|other| *other == call).count();
    until("again is rolled back", async || is("again", Status::RolledBack).await).await;
    client.retry("default", &id("again"), "bob", false).await.unwrap();
    until("all stand still", async || {
        is("done", Status::Completed).await
            && is("undone", Status::RolledBack).await
            && is("owed", Status::Failed).await
            && called("do second of running") == 1
            && called("undo second of undoing") == 1
            && called("do second of again") == 2
            && called("do item of listing") == 1
            && called("do inner of inside") == 1
            && called("do keep of hiding") == 1
            && (nap < Duration::from_secs(31) || is("sleeping", Status::Waiting).await)
            // Steps that run for long are shown.
            && stands(client, "running", "second", StepStatus::Running).await
            && stands(client, "inside", "inner", StepStatus::Running).await
            && stands(client, "sleeping", "inner", StepStatus::Completed).await
            && stands(client, "waiting", "inner", StepStatus::Completed).await
    })
    .await;
}

async fn stands(client: &Client, word: &str, step: &str, status: StepStatus) -> bool {
    let steps = client.workflow("default", &id(word)).await.unwrap().steps;
    steps.iter().any(|row| &*row.step_name == step && row.status == status)
}

/// And what came later.
pub(crate) async fn finish_newest(engine: &Engine<World>, world: &World) {
    finish(engine, world).await;
    newest::finish(engine.client()).await;
}

/// And what came after that.
pub(crate) async fn finish_all(engine: &Engine<World>, world: &World) {
    finish_newest(engine, world).await;
    booked::finish(engine.client()).await;
}

/// Everything that is there ends as it should.
pub(crate) async fn finish(engine: &Engine<World>, world: &World) {
    let client = engine.client();
    assert_eq!(status(client, "owed").await, Status::Failed);
    is_known(client).await;
    client.change_debt("default", &id("owed"), "first", DebtAction::Retry, "", "bob").await.unwrap();
    for word in ["listing", "inside", "sleeping", "waiting"] {
        client.publish("default", "news", word, Json::encode("good").unwrap(), None).await.unwrap();
    }
    for (word, end, output) in BASIC.into_iter().chain(LATER) {
        until(word, async || status(client, word).await == end).await;
        assert_eq!(written(client, word).await.as_deref(), output, "{word}");
    }
    let called = |call: &str| world.calls().iter().filter(|other| *other == call).count();
    for word in ["running", "undoing", "again"] {
        assert_eq!(called(&format!("do first of {word}")), 0, "what was done is done again");
    }
    assert_eq!(called("do second of running"), 1, "nobody knew whether it was done");
    assert!(called("undo second of undoing") >= 1 && called("undo first of undoing") == 1);
    assert_eq!(called("do item of listing"), 1);
    assert_eq!(called("do inner of inside"), 1);
    assert_eq!(called("do inner of waiting") + called("do inner of sleeping"), 0);
    // Their keys are free again.
    let next = client.start(basic("next".to_owned())).id("next").exclusive("line of running").await.unwrap();
    until("next", async || status(client, next.handle.id().as_str()).await == Status::Completed).await;
}

/// What has ended is read, what lived is parked because its plan was told in other words, and a person can end it.
pub(crate) async fn told_apart(engine: &Engine<World>, world: &World) {
    let client = engine.client();
    is_known(client).await;
    for (word, end, output) in BASIC {
        match word {
            "done" | "undone" => {
                assert_eq!(status(client, word).await, end);
                assert_eq!(written(client, word).await.as_deref(), output);
            }
            "owed" => {
                let (action, note) = (DebtAction::Settle, "by hand");
                client.change_debt("default", &id(word), "first", action, note, "bob").await.unwrap();
                assert_eq!(status(client, word).await, end);
            }
            _ => {
                until(word, async || status(client, word).await == Status::Failed).await;
                let state = client.workflow("default", &id(word)).await.unwrap().header.state;
                assert_eq!(state.failure_reason, Some(FailureReason::Definition), "{word}");
                let shown = state.error_message.unwrap();
                assert!(shown.contains("third.last [step third"), "the difference is not shown: {shown}");
            }
        }
    }
    assert_eq!(world.calls(), [""; 0], "nothing is done under a plan that is not the same");
}

/// Who started it then, and does so again, gets what was made then.
async fn is_known(client: &Client) {
    let again = client.start(basic("done".to_owned())).idempotency_key("key of done").await.unwrap();
    assert_eq!((again.replayed, again.handle.id().as_str()), (true, "done"));
}

async fn written(client: &Client, word: &str) -> Option<String> {
    let output = client.workflow("default", &id(word)).await.unwrap().header.state.output;
    output.map(|output| output.decode().unwrap())
}
