//! The journal's batches: one statement each, fenced whatever its shape.

use saga::store::*;
use saga::{CommitId, Timestamp, WorkflowId};
use sqlx::{Connection, PgConnection};

use crate::fence::{SOON, id, is_free, line, owner};
use crate::kit::Home;

/// What a batch may consist of, and the words by which its statement is known.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Facts,
    Decisions,
    All,
}

const SHAPES: [(Shape, &str); 3] = [
    (Shape::Facts, "This one: facts that are new, of workflows"),
    (Shape::Decisions, "This one: facts that are new, and decisions"),
    (Shape::All, "This one: starts too"),
];

pub(crate) fn fact(step_order: u32) -> StepRow {
    StepRow {
        run: 1,
        step_order,
        item: "".into(),
        rev: 1,
        node: "flight".into(),
        step_name: "book_flight".into(),
        target_system: None,
        status: StepStatus::Completed,
        effect: TouchedEffect::Done,
        attempts: 1,
        undo_attempts: 0,
        key_generation: 0,
        deaths: 0,
        input: None,
        output: None,
        record: None,
        heartbeat: None,
        carry: None,
        debt: None,
        debt_note: None,
        error_message: None,
        started_at: None,
        completed_at: Some(Timestamp::from_micros(0)),
        failed_at: None,
    }
}

async fn header(store: &impl Store) -> Header {
    store.load(&id()).await.unwrap().unwrap().header
}

/// A commit of this shape to the workflow `a`, with one new fact.
async fn commit(store: &impl Store, shape: Shape, number: i64) -> Commit {
    let header = header(store).await;
    let facts = vec![fact(u32::try_from(number).unwrap())];
    let commit = Commit { facts, ..Commit::empty(id(), CommitId(number)) };
    let decision = Decision {
        expected_rev: header.rev,
        expected_status: header.state.status,
        state: header.state,
        audit: vec![],
        interrupted: Interrupted::Told,
        release: false,
        retake_exclusion: false,
    };
    match shape {
        Shape::Facts => commit,
        Shape::Decisions => Commit { decision: Some(Box::new(decision)), ..commit },
        Shape::All => Commit { audit: line(number).audit, ..commit },
    }
}

/// Finding 5: in each shape the fence is selected from, so its lock is there for as long as the batch is under way. And
/// it is the one statement that is under way, not the careful transaction.
#[tokio::test]
async fn each_shape_of_a_batch_holds_the_fence_while_it_is_under_way() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    for (number, (shape, words)) in (1..).zip(SHAPES) {
        let before = header(&store).await.rev;
        let commit = commit(&store, shape, number).await;
        let mut foreign = home.foreign().await;
        let mut held = foreign.begin().await.unwrap();
        // What the batch wants to insert too, and waits for.
        let row = "INSERT INTO orchestration_workflow_steps (workflow_id, run, step_order, rev, node, step_name, status,
          effect, attempts, undo_attempts, key_generation, deaths) VALUES ('a', 1, $1, 1, '', '', 'completed', 'done', 0, 0, 0, 0)";
        sqlx::query(row).bind(i32::try_from(number).unwrap()).execute(&mut *held).await.unwrap();
        let writing = tokio::spawn({
            let store = store.clone();
            async move { store.commit(Some(worker), vec![commit]).await }
        });
        home.blocked_by(&mut held, words).await;
        assert!(!is_free(&home, worker).await, "{shape:?}");
        assert!(store.beat(worker).await.is_ok(), "a heartbeat waits for no batch");
        held.rollback().await.unwrap();
        let rev = before + i64::from(matches!(shape, Shape::Decisions));
        assert_eq!(writing.await.unwrap(), Ok(vec![CommitOutcome::Applied { rev }]), "{shape:?}");
        assert!(is_free(&home, worker).await);
    }
    home.remove().await;
}

/// Findings 5 and 6: who finds itself dead when the fencer has committed writes nothing.
#[tokio::test]
async fn each_shape_of_a_batch_waits_for_the_fencer_and_then_writes_nothing() {
    for (shape, _) in SHAPES {
        let home = Home::new();
        let (store, worker) = owner(&home).await;
        let commit = commit(&store, shape, 1).await;
        let mut fencer = home.foreign().await;
        let mut fence = fencer.begin().await.unwrap();
        let dead = "WITH w AS (SELECT worker FROM orchestration_workers WHERE worker = $1 FOR UPDATE)
          UPDATE orchestration_workers AS o SET state = 'dead' FROM w WHERE o.worker = w.worker";
        sqlx::query(dead).bind(worker.0).execute(&mut *fence).await.unwrap();
        let writing = tokio::spawn({
            let store = store.clone();
            async move { store.commit(Some(worker), vec![commit]).await }
        });
        tokio::time::sleep(SOON).await;
        assert!(!writing.is_finished(), "{shape:?}");
        fence.commit().await.unwrap();
        assert_eq!(writing.await.unwrap(), Err(StoreError::Fenced), "{shape:?}");
        let loaded = store.load(&id()).await.unwrap().unwrap();
        assert_eq!((loaded.header.rev, loaded.steps.len()), (0, 0), "{shape:?}");
        home.remove().await;
    }
}

/// Finding 27: nothing is paid for on the way of plain facts but their rows. No foreign key locks the header, and no
/// statement touches it.
#[tokio::test]
async fn facts_leave_their_header_alone() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let mut foreign = home.foreign().await;
    let version =
        "SELECT ctid::text, xmin::text, xmax::text FROM orchestration_workflows WHERE workflow_id = 'a'";
    let before: (String, String, String) = sqlx::query_as(version).fetch_one(&mut foreign).await.unwrap();
    let facts = commit(&store, Shape::Facts, 1).await;
    store.commit(Some(worker), vec![facts]).await.unwrap();
    let after: (String, String, String) = sqlx::query_as(version).fetch_one(&mut foreign).await.unwrap();
    assert_eq!(before, after);
    assert_eq!(store.load(&id()).await.unwrap().unwrap().steps.len(), 1);
    let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema::regnamespace";
    assert_eq!(sqlx::query_scalar::<_, i64>(keys).fetch_one(&mut foreign).await.unwrap(), 0);
    home.remove().await;
}

/// How many versions of the workers' rows were locked by several at a time.
async fn multixacts(foreign: &mut PgConnection) -> i64 {
    const XMAX_IS_MULTI: i32 = 0x1000;
    let versions =
        "SELECT count(*) FROM heap_page_items(get_raw_page(current_schema || '.orchestration_workers', 0))
      WHERE t_infomask & $1 <> 0";
    sqlx::query_scalar(versions).bind(XMAX_IS_MULTI).fetch_one(foreign).await.unwrap()
}

/// Finding 26: two lockers of one row make a multixact, and these age every table. The journal has one batch under way
/// at a time, so its worker's row has one locker.
#[tokio::test]
async fn a_batch_makes_no_multixact_of_its_workers_row() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let mut foreign = home.foreign().await;
    let inspect = "CREATE EXTENSION IF NOT EXISTS pageinspect SCHEMA public";
    sqlx::query(inspect).execute(&mut foreign).await.unwrap();
    let path = "SELECT set_config('search_path', current_schema || ', public', false)";
    sqlx::query(path).execute(&mut foreign).await.unwrap();
    for number in 1..=20 {
        let commit = commit(&store, SHAPES[usize::try_from(number).unwrap() % 3].0, number).await;
        store.commit(Some(worker), vec![commit]).await.unwrap();
        store.beat(worker).await.unwrap();
    }
    assert_eq!(multixacts(&mut foreign).await, 0);
    // It would be seen.
    let lock = "SELECT worker FROM orchestration_workers FOR KEY SHARE";
    let (mut one, mut other) = (home.foreign().await, home.foreign().await);
    let (mut one, mut other) = (one.begin().await.unwrap(), other.begin().await.unwrap());
    sqlx::query(lock).execute(&mut *one).await.unwrap();
    sqlx::query(lock).execute(&mut *other).await.unwrap();
    assert_eq!(multixacts(&mut foreign).await, 1);
    one.rollback().await.unwrap();
    other.rollback().await.unwrap();
    home.remove().await;
}

/// A workflow that others start may meet what is under way: the statement fails as a whole, and is done with care.
#[tokio::test]
async fn what_a_statement_cannot_do_the_careful_way_does() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let stale = commit(&store, Shape::Decisions, 1).await;
    store.send("default", &id(), SignalKind::Cancel, "alice").await.unwrap();
    let header = header(&store).await;
    let name = WorkflowId::new("b").unwrap();
    let new = Header { workflow_id: name.clone(), rev: 0, ..header.clone() };
    let start = Commit {
        create: Some(Box::new(NewWorkflow { header: new })),
        ..Commit::empty(name.clone(), CommitId(2))
    };
    let refused = CommitOutcome::Refused { rev: 1, status: Status::Running, owned: true };
    let started = CommitOutcome::Applied { rev: 0 };
    let outcomes = store.commit(Some(worker), vec![stale.clone(), start.clone()]).await.unwrap();
    assert_eq!(outcomes, [refused.clone(), started.clone()]);
    // The answer was lost.
    assert_eq!(store.commit(Some(worker), vec![stale, start]).await.unwrap(), [refused, started]);
    assert_eq!(store.load(&id()).await.unwrap().unwrap().steps.len(), 1, "facts land");
    assert_eq!(store.statistics("default").await.unwrap().workflows.values().sum::<u64>(), 1);
    home.remove().await;
}
