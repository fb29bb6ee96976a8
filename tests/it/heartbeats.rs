//! A step that takes long says how far it has come, and hears what has become of its workflow.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::seal::Keys;
use saga::store::{Loaded, MemoryStore, Status, Store, TouchedEffect};
use saga::{Config, Engine, Heard, Json, StepContext, StepError, saga, step};
use tokio::sync::{Notify, mpsc};

use crate::life::id;
use crate::tap::Tap;

/// Where rows are copied to, and what else the test hears.
#[derive(Clone)]
struct Desk(Arc<Inner>);

struct Inner {
    copied: Mutex<Vec<u64>>,
    /// The row after which an attempt goes on no further.
    stuck_at: Mutex<Option<u64>>,
    stuck: Notify,
    words: mpsc::UnboundedSender<String>,
}

impl Desk {
    fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (words, heard) = mpsc::unbounded_channel();
        let inner =
            Inner { copied: Mutex::default(), stuck_at: Mutex::default(), stuck: Notify::new(), words };
        (Self(Arc::new(inner)), heard)
    }
    fn stuck_at(&self, row: Option<u64>) {
        *self.0.stuck_at.lock().unwrap() = row;
    }
    fn copied(&self) -> Vec<u64> {
        self.0.copied.lock().unwrap().clone()
    }
    fn say(&self, words: impl Into<String>) {
        // The test may have heard enough.
        let _ = self.0.words.send(words.into());
    }
}

#[step(compensate = remove(desk, cx), timeout = "10s", settle_after = "10ms",
       retry(max_attempts = 3, backoff = fixed("10ms"), jitter = none))]
async fn copy(#[inject] desk: &Desk, cx: &StepContext, rows: u64) -> saga::Result<u64> {
    let done: u64 = cx.last_heartbeat()?.unwrap_or(0);
    desk.say(format!("attempt {} begins after {done}", cx.attempt()));
    for row in done + 1..=rows {
        desk.0.copied.lock().unwrap().push(row);
        if cx.heartbeat(&row).await?.is_cancelled() {
            desk.say("cancelled");
            return Err(StepError::unknown("cancelled").no_retry());
        }
        if *desk.0.stuck_at.lock().unwrap() == Some(row) {
            desk.0.stuck.notify_one();
            std::future::pending::<()>().await;
        }
    }
    Ok(rows)
}
async fn remove(desk: &Desk, cx: &StepContext) -> saga::Result<()> {
    let done: Option<u64> = cx.last_heartbeat()?;
    let refused = cx.heartbeat(&0).await.expect_err("an undo has no heartbeat");
    desk.say(format!("undo after {done:?}: {refused}"));
    Ok(())
}

#[saga(version = 1)]
async fn archive(rows: u64) -> saga::Result<u64> {
    let copied = copy(rows).await?;
    Ok(copied)
}

async fn engine(desk: &Desk, store: impl Store) -> Engine<Desk> {
    let builder = Engine::builder(desk.clone()).store(store).saga(archive::definition());
    let builder = builder.saga(private_archive::definition()).saga(noisy::definition());
    builder
        .saga(escape::definition())
        .saga(odd::definition())
        .secrets(Keys::new("k", &[7; 32]).unwrap())
        .build()
        .await
        .unwrap()
}

async fn load(store: &MemoryStore) -> Loaded {
    store.load(&id("w")).await.unwrap().unwrap()
}

async fn heartbeat(store: &MemoryStore) -> Option<String> {
    load(store).await.steps.first().and_then(|row| row.heartbeat.as_ref()).map(ToString::to_string)
}

#[test]
fn after_a_crash_the_next_attempt_begins_where_the_last_one_was() {
    let (store, (desk, mut heard)) = (MemoryStore::new(), Desk::new());
    desk.stuck_at(Some(6));
    let life =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    life().block_on(async {
        let engine = engine(&desk, store.clone()).await;
        engine.client().start(archive(10)).id("w").await.unwrap();
        desk.0.stuck.notified().await;
        assert_eq!(heartbeat(&store).await.as_deref(), Some("6"));
    });
    desk.stuck_at(None);
    life().block_on(async {
        let engine = engine(&desk, store.clone()).await;
        let loaded = engine.client().ended(&id("w")).await.unwrap();
        assert_eq!(loaded.header.state.status, Status::Completed);
        assert_eq!(heartbeat(&store).await, None, "what is done has none");
    });
    assert_eq!(desk.copied(), (1..=10).collect::<Vec<_>>(), "no row twice");
    assert_eq!(heard.try_recv().unwrap(), "attempt 1 begins after 0");
    assert!(heard.try_recv().unwrap().ends_with("begins after 6"));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_step_hears_of_it_and_its_undo_knows_how_far_it_came() {
    let (store, (desk, mut heard)) = (MemoryStore::new(), Desk::new());
    let engine = engine(&desk, store.clone()).await;
    let client = engine.client();
    client.start(archive(u64::MAX)).id("w").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "attempt 1 begins after 0");
    client.cancel("default", &id("w"), "alice").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "cancelled");
    let undone = heard.recv().await.unwrap();
    let last = *desk.copied().last().unwrap();
    assert!(
        undone.starts_with(&format!("undo after Some({last}): `copy.copied` has no heartbeat here")),
        "{undone}"
    );
    assert_eq!(client.ended(&id("w")).await.unwrap().header.state.status, Status::RolledBack);
}

/// Its work goes on although the attempt has timed out.
#[step(compensate = return_home(desk, cx), timeout = "1s", settle_after = "10ms",
       retry(max_attempts = 2, backoff = fixed("10ms"), jitter = none))]
async fn flee(#[inject] desk: &Desk, cx: &StepContext) -> saga::Result<()> {
    let (desk, cx) = (desk.clone(), cx.clone());
    if cx.attempt() > 1 {
        cx.heartbeat("second").await?;
        // The first one speaks now.
        desk.0.stuck.notify_one();
        tokio::time::sleep(Duration::from_millis(500)).await;
        desk.say(format!("{:?}", cx.last_heartbeat::<String>()?));
        return Err(StepError::permanent("enough"));
    }
    cx.heartbeat("first").await?;
    let outside = tokio::spawn(async move {
        desk.0.stuck.notified().await;
        let heard = cx.heartbeat("too late").await;
        desk.say(heard.expect_err("its attempt is over").to_string());
    });
    Ok(outside.await?)
}

async fn return_home(desk: &Desk, cx: &StepContext) -> saga::Result<()> {
    desk.say(format!("undo after {:?}", cx.last_heartbeat::<String>()?));
    Ok(())
}

#[saga(version = 1)]
async fn escape(_word: String) -> saga::Result<()> {
    flee().await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_a_stale_attempt_says_is_not_kept_and_it_hears_that() {
    let (store, (desk, mut heard)) = (MemoryStore::new(), Desk::new());
    let engine = engine(&desk, store.clone()).await;
    engine.client().start(escape(String::new())).id("w").await.unwrap();
    assert!(heard.recv().await.unwrap().starts_with("this attempt is over"));
    assert_eq!(heard.recv().await.unwrap(), r#"Some("first")"#);
    assert_eq!(heard.recv().await.unwrap(), r#"undo after Some("second")"#);
    assert_eq!(engine.client().ended(&id("w")).await.unwrap().header.state.status, Status::RolledBack);
}

#[tokio::test(start_paused = true)]
async fn a_step_of_a_dead_worker_hears_of_it_and_writes_nothing_more() {
    let (store, (desk, mut heard)) = (MemoryStore::new(), Desk::new());
    let first = engine(&desk, store.clone()).await;
    first.client().start(escape(String::new())).id("w").await.unwrap();
    while heartbeat(&store).await.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // On a store of one process a successor fences its predecessor.
    let (other, _words) = Desk::new();
    let _second = engine(&other, store.clone()).await;
    desk.0.stuck.notify_one();
    assert!(heard.recv().await.unwrap().starts_with("this attempt is over"));
    let kept = heartbeat(&store).await.unwrap();
    assert!(["\"first\"", "\"second\""].contains(&&*kept), "{kept}");
}

#[step(compensate = nothing, timeout = "10s", settle_after = "10ms",
       retry(max_attempts = 2, backoff = fixed("10ms"), jitter = none))]
async fn whisper(#[inject] desk: &Desk, cx: &StepContext, #[secret] word: &str) -> saga::Result<()> {
    if let Some(last) = cx.last_heartbeat::<String>()? {
        desk.say(last);
        return match cx.last_heartbeat::<u64>() {
            Err(e) => Err(e),
            Ok(_) => Ok(()),
        };
    }
    cx.heartbeat(&format!("half of {word}")).await?;
    Err(StepError::transient("busy"))
}
async fn nothing(_: &Desk, _: &StepContext, _: &str, _: Option<&()>) -> saga::Result<()> {
    Ok(())
}

#[saga(version = 1)]
async fn private_archive(#[secret] word: String) -> saga::Result<()> {
    whisper(&word).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_of_a_step_with_secrets_is_sealed_and_shown_to_nobody() {
    let (store, (desk, mut heard)) = (MemoryStore::new(), Desk::new());
    let engine = engine(&desk, store.clone()).await;
    let client = engine.client();
    client.start(private_archive("correct-horse".into())).id("w").await.unwrap();
    client.ended(&id("w")).await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "half of correct-horse", "in plain for the step");
    let stored = heartbeat(&store).await.unwrap();
    assert!(stored.contains("sealed") && !stored.contains("horse"), "{stored}");
    let view = client.workflow("default", &id("w")).await.unwrap();
    assert_eq!(view.steps[0].heartbeat.as_ref().map(|json| json.as_str()), Some("\"[secret]\""));
    let words = format!("{:?}", load(&store).await);
    assert!(words.contains("has another type") && !words.contains("horse"), "{words}");
}

#[step(compensate = remove(desk, cx), timeout = "100s", settle_after = "10ms", retry(max_attempts = 1))]
async fn chatter(#[inject] desk: &Desk, cx: &StepContext, times: u64) -> saga::Result<()> {
    for n in 0..times {
        assert_eq!(cx.heartbeat(&n).await?, Heard::GoOn);
    }
    desk.say("enough");
    Err(StepError::permanent("enough"))
}

#[saga(version = 1)]
async fn noisy(times: u64) -> saga::Result<()> {
    chatter(times).await?;
    Ok(())
}

/// A machine numbers its commits from numbers of its own. Whoever writes more than it has would use another's, and
/// what that one writes would be taken for what is there.
#[tokio::test(start_paused = true)]
async fn however_much_a_step_writes_no_two_commits_have_one_number() {
    const MANY: u64 = 17_000;
    let (desk, mut heard) = Desk::new();
    let tap = Tap::new(Arc::new(MemoryStore::new()), None);
    let engine = engine(&desk, tap.clone()).await;
    let client = engine.client();
    client.start(noisy(MANY)).id("w").await.unwrap();
    client.start(noisy(3)).id("v").await.unwrap();
    client.ended(&id("v")).await.unwrap();
    client.ended(&id("w")).await.unwrap();
    client.start(noisy(3)).id("u").await.unwrap();
    client.ended(&id("u")).await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "enough");
    let ids = tap.ids();
    assert!(ids.len() as u64 > MANY);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

/// What it wants to say no store can hold.
#[step(compensate = remove(desk, cx), timeout = "10s", settle_after = "10ms", retry(max_attempts = 3))]
async fn boast(#[inject] desk: &Desk, cx: &StepContext) -> saga::Result<()> {
    let _ = desk;
    cx.heartbeat(&"x".repeat(2 << 20)).await?;
    Ok(())
}

#[saga(version = 1)]
async fn odd(_word: String) -> saga::Result<()> {
    boast().await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_no_store_can_hold_fails_its_step_which_is_undone() {
    let (store, (desk, mut heard)) = (MemoryStore::new(), Desk::new());
    let config = Config { show_running_after: Duration::from_secs(1), ..Config::default() };
    let builder = Engine::builder(desk.clone()).store(store.clone()).config(config);
    let engine = builder.saga(odd::definition()).build().await.unwrap();
    engine.client().start(odd(String::new())).id("w").await.unwrap();
    let ended = engine.client().ended(&id("w")).await.unwrap();
    let message = ended.header.state.error_message.clone().unwrap();
    assert!(message.contains("the heartbeat has 2097154 bytes, at most 1048576 are possible"), "{message}");
    assert!(heard.recv().await.unwrap().starts_with("undo after None"), "it may have done something");
    let row = ended.steps.first().unwrap();
    assert_eq!((ended.header.state.status, row.attempts), (Status::RolledBack, 1));
    assert_eq!(row.effect, TouchedEffect::None);
}

#[tokio::test]
async fn a_step_in_a_unit_test_says_how_far_it_has_come() {
    let (desk, _heard) = Desk::new();
    let test = saga::step::TestContext::default().last_heartbeat(Json::encode(&2).unwrap());
    assert_eq!(copy(&desk, &test.build(), 4).await.unwrap(), 4);
    assert_eq!(test.heartbeats(), [Json::encode(&3).unwrap(), Json::encode(&4).unwrap()]);
    let cancelled = saga::step::TestContext::default().cancelled();
    assert_eq!(copy(&desk, &cancelled.build(), 4).await.unwrap_err().message(), "cancelled");
}
