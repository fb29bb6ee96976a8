//! Deciding alone: the machine of a seven-step saga from its creation to its end, without engine and store.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench that cannot run says so by failing"
)]

use std::hint::black_box;
use std::sync::Arc;

use benches::{Request, seven};
use criterion::{Criterion, criterion_group, criterion_main};
use saga::machine::{Command, Env, Event, Machine, Settings};
use saga::step::Success;
use saga::store::{CommitOutcome, Header, MemoryStore, Store};
use saga::{Definition, Engine, Json, Timestamp};
use tokio::runtime::Runtime;

/// Answers every command at once, until the machine stops. Returns how many commits it wrote.
fn run(plan: &Arc<saga::Plan>, header: &Header, value: &Json) -> u32 {
    let env = Env { now: Timestamp::from_micros(1), random: 0.5 };
    let mut machine = Machine::create(Arc::clone(plan), header.clone(), Settings::default(), 0);
    let mut events = vec![Event::Begin];
    let mut commits = 0;
    while let Some(event) = events.pop() {
        for command in machine.step(event, env) {
            match command {
                Command::Evaluate(expression) => {
                    events.push(Event::Evaluated { expression, result: Ok(value.clone()) });
                }
                Command::Commit(commit) => {
                    commits += 1;
                    black_box(commit);
                    events.push(Event::Committed(CommitOutcome::Applied { rev: 0 }));
                }
                Command::Call(call) => {
                    let success = Success { output: value.clone(), adopted: false };
                    events.push(Event::Attempted { step: call.step, result: Ok(success) });
                }
                Command::Stop => return commits,
                _ => {}
            }
        }
    }
    commits
}

fn bench(c: &mut Criterion) {
    let definition: Definition<()> = seven::definition();
    let header = Runtime::new().expect("a runtime").block_on(async {
        let store = MemoryStore::new();
        let engine = Engine::builder(())
            .store(store.clone())
            .saga(seven::definition())
            .build()
            .await
            .expect("an engine");
        let started = engine.client().start(seven(Request::numbered(1))).await.expect("a start");
        let id = started.handle.id().clone();
        started.handle.outcome().await.expect("an outcome");
        let mut header = store.load(&id).await.expect("a store").expect("a workflow").header;
        header.state.status = saga::store::Status::Running;
        header.state.context = None;
        header.state.output = None;
        header
    });
    let value = Json::encode(&Request::numbered(1)).expect("JSON");
    assert_eq!(run(definition.plan(), &header, &value), 8, "n + 1 commits");
    c.bench_function("machine/seven steps", |b| b.iter(|| run(definition.plan(), &header, &value)));
}

criterion_group!(benches, bench);
criterion_main!(benches);
