//! What a page costs: by SQLite's own plans, over every combination of filters, and by the instructions that it
//! runs for them among a thousand workflows and among a hundred thousand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use saga::store::Status;
use saga::{Timestamp, WorkflowId};
use sqlx::{AssertSqlSafe, Row};

use super::*;

const TENANT: &str = "default";
/// 2025-10-15, noon, and a workflow a second from there on.
const NOON: i64 = 1_760_529_600;

fn any() -> Listing {
    Listing { tenant: TENANT.into(), limit: 20, ..Listing::default() }
}

fn second(n: i64) -> Timestamp {
    Timestamp::from_micros((NOON + n) * 1_000_000)
}

fn place(n: i64) -> Option<(Timestamp, WorkflowId)> {
    Some((second(n), WorkflowId::new(&format!("wf_{n:032x}")).unwrap()))
}

/// Every combination of filters; the bits say which.
fn combinations() -> impl Iterator<Item = Listing> {
    (0..1_u32 << 8).map(|bits| {
        let on = |n: u32| bits & 1 << n != 0;
        Listing {
            status: on(0).then_some(Status::Failed),
            workflow_type: on(1).then(|| "trip".to_owned()),
            created_after: on(2).then(|| second(10)),
            created_before: on(3).then(|| second(900)),
            search_key: on(4).then(|| "x@y".to_owned()),
            step: on(5).then(|| "activate_onu".to_owned()),
            target_system: on(6).then(|| "voltha".to_owned()),
            after: if on(7) { place(500) } else { None },
            ..any()
        }
    })
}

/// A database of `n` workflows: each tenth failed at a step, each tenth is of another type.
async fn among(n: i64) -> SqliteConnection {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    crate::migrate::sqlite(&mut connection).await.unwrap();
    sqlx::query(
        "INSERT INTO orchestration_workflows (workflow_id, tenant_id, input_hash, workflow_type, definition_version,
           definition, total_steps, input_data, max_retries, created_at, created_by, updated_at, status,
           current_step, current_system)
         WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ?1 - 1)
         SELECT printf('wf_%032x', n), 'default', '', iif(n % 10 = 3, 'voyage', 'trip'), 1, 'trip@1#f', 7, '{}', 3,
           strftime('%Y-%m-%dT%H:%M:%S', ?2 + n, 'unixepoch') || '.000000Z', n, '',
           iif(n % 10 = 5, 'failed', 'completed'), iif(n % 10 = 5, 'activate_onu', NULL),
           iif(n % 10 = 5, 'voltha', NULL)
         FROM n",
    )
    .bind(n)
    .bind(NOON)
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("INSERT INTO orchestration_keys SELECT 'default', 'x@y', workflow_id FROM orchestration_workflows LIMIT 9")
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

/// How it is read, with an end where filters meet.
fn read(listing: &Listing) -> (Option<Along>, Option<Position>) {
    let along = Along::of(listing, &[]);
    (along, along.and(place(300)))
}

fn page(listing: &Listing) -> QueryBuilder<Sqlite> {
    let (along, end) = read(listing);
    super::page(listing, along, end.as_ref())
}

fn count(listing: &Listing) -> QueryBuilder<Sqlite> {
    let (along, end) = read(listing);
    super::count(listing, along, end.as_ref())
}

/// The lines of SQLite's plan.
async fn plan(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
    rows.fetch_all(connection).await.unwrap().iter().map(|row| row.get("detail")).collect()
}

/// How many rows a statement gives, and how many instructions SQLite runs for them.
async fn work(connection: &mut SqliteConnection, mut statement: QueryBuilder<Sqlite>) -> (usize, u64) {
    let counted = Arc::new(AtomicU64::new(0));
    let counter = counted.clone();
    connection.lock_handle().await.unwrap().set_progress_handler(1, move || {
        counter.fetch_add(1, Ordering::Relaxed);
        true
    });
    let rows = statement.build().fetch_all(&mut *connection).await.unwrap().len();
    connection.lock_handle().await.unwrap().remove_progress_handler();
    (rows, counted.load(Ordering::Relaxed))
}

#[tokio::test]
async fn every_combination_of_filters_reads_along_an_index_in_its_order() {
    let mut connection = among(0).await;
    for listing in combinations() {
        for listing in [Listing { offset: 7, ..listing.clone() }, listing] {
            let lines = plan(&mut connection, &page(&listing).into_string()).await;
            let shown = format!("{listing:?}\n{}", lines.join("\n"));
            for line in &lines {
                // `p` is the page itself, when some were passed over.
                assert!(!line.starts_with("SCAN") || line == "SCAN p", "{shown}");
                assert!(
                    !line.starts_with("SEARCH")
                        || line.contains("tenant_id=?")
                        || line.contains("workflow_id=?"),
                    "{shown}"
                );
            }
            let sorted = lines.iter().filter(|line| line.contains("TEMP B-TREE")).count();
            // A key's few workflows are sorted; and so is the page itself, when some were passed over.
            let allowed = usize::from(listing.search_key.is_some()) + usize::from(listing.offset > 0);
            assert!(sorted <= allowed, "{shown}");
            if listing.search_key.is_none() {
                let bounded = listing.created_after.is_some()
                    || listing.created_before.is_some()
                    || listing.after.is_some()
                    || read(&listing).1.is_some();
                assert!(!bounded || shown.contains("created_at"), "{shown}");
                assert_eq!(
                    bounded,
                    lines.iter().any(|line| line.contains("created_at<?")
                        || line.contains("created_at>?")
                        || line.contains("(created_at,workflow_id)<(?,?)")
                        || line.contains("(created_at,workflow_id)>(?,?)")),
                    "{shown}"
                );
            }
            if let (Some(along), _) = read(&listing) {
                let lines = plan(&mut connection, &last_seen(&listing, along).into_string()).await;
                let [line] = lines.as_slice() else { panic!("{listing:?}\n{lines:?}") };
                assert!(line.contains("COVERING INDEX") && line.contains("(tenant_id=? AND "), "{line}");
            }
            let lines = plan(&mut connection, &count(&listing).into_string()).await;
            let read = lines.iter().any(|line| line.starts_with("SCAN w") || line.contains("TEMP"));
            assert!(!read, "{listing:?}\n{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_page_costs_the_same_among_a_thousand_and_a_hundred_thousand() {
    let (few, many) = (1_000, 100_000);
    let (mut small, mut large) = (among(few).await, among(many).await);
    let failed = || Listing { status: Some(Status::Failed), ..any() };
    // Counted from the newest on, or from the oldest: where each begins.
    let cases: [(&str, &dyn Fn(i64) -> Listing); 13] = [
        ("all", &|_| any()),
        ("the last page", &|_| Listing { after: place(20), ..any() }),
        ("a page in the middle", &|n| Listing { after: place(n / 2), ..any() }),
        ("failed", &|_| failed()),
        ("failed, the last page", &|_| Listing { after: place(205), ..failed() }),
        ("completed", &|_| Listing { status: Some(Status::Completed), ..any() }),
        ("of a type", &|_| Listing { workflow_type: Some("voyage".into()), ..any() }),
        ("at a step", &|_| Listing { step: Some("activate_onu".into()), ..any() }),
        ("failed at a step of a system", &|_| Listing {
            step: Some("activate_onu".into()),
            target_system: Some("voltha".into()),
            ..failed()
        }),
        ("of a time", &|_| Listing {
            created_after: Some(second(100)),
            created_before: Some(second(300)),
            ..any()
        }),
        ("failed since the beginning", &|_| Listing { created_after: Some(second(0)), ..failed() }),
        ("of a key", &|_| Listing { search_key: Some("x@y".into()), ..any() }),
        ("nobody's", &|_| Listing { tenant: "nobody".into(), ..any() }),
    ];
    for (name, listing) in cases {
        let (rows, little) = work(&mut small, page(&listing(few))).await;
        let (same_rows, much) = work(&mut large, page(&listing(many))).await;
        assert_eq!(rows, same_rows, "{name}");
        assert!(much <= little + little / 10, "{name}: {little} instructions became {much}");
        let (_, counting) = work(&mut large, count(&listing(many))).await;
        assert!(counting < 20 * Page::COUNTED as u64, "{name}: {counting} instructions to count");
    }
    // What is passed over is passed over in the index: a few instructions each, and no row is fetched.
    let far = 90_000;
    let (rows, passing) = work(&mut large, page(&Listing { offset: far, ..any() })).await;
    assert!(rows == 20 && passing < 4 * far as u64, "{passing} instructions to pass over {far}");
}

/// Where filters meet in none of many workflows a page ends early and says where to go on.
#[tokio::test]
async fn filters_that_meet_in_nothing_do_not_walk_through_everything() {
    let mut connection = among(100_000).await;
    // A tenth of them failed, none of these is a voyage; and the one that did stands behind all others.
    let rare = "UPDATE orchestration_workflows SET status = 'failed', rev = 1, updated_at = created_at
      WHERE created_by = 3";
    sqlx::query(rare).execute(&mut connection).await.unwrap();
    let voyage = || Listing { workflow_type: Some("voyage".into()), ..any() };
    let wanted = Listing {
        status: Some(Status::Failed),
        created_after: Some(second(0)),
        offset: 0,
        limit: 20,
        ..voyage()
    };
    let (mut found, mut pages, mut after) = (vec![], 0, None);
    loop {
        let mut one = list(&mut connection, Listing { after, ..wanted.clone() }).await.unwrap();
        found.append(&mut one.headers);
        pages += 1;
        let Some(next) = one.next else { break };
        assert!(!one.total_is_exact && found.is_empty(), "page {pages}");
        after = Some(next);
    }
    assert_eq!(found.len(), 1);
    // 10,001 failed ones, ten thousand to a page.
    assert_eq!(pages, 2);
    let along = Along::of(&wanted, &[]).unwrap();
    let end: PlaceColumns =
        last_seen(&wanted, along).build_query_as().fetch_one(&mut connection).await.unwrap();
    let end = end.read().unwrap();
    let (rows, much) = work(&mut connection, super::page(&wanted, Some(along), Some(&end))).await;
    let (_, ending) = work(&mut connection, last_seen(&wanted, along)).await;
    assert!(rows == 0 && much < 150 * Page::LOOKED_AT as u64, "{rows} rows, {much} instructions");
    assert!(ending < 5 * Page::LOOKED_AT as u64, "{ending} instructions");
}

#[tokio::test]
async fn counting_has_an_end_and_says_so() {
    let mut connection = among(1_500).await;
    let total = |page: Page| (page.total, page.total_is_exact);
    let since = |n| Listing { created_after: Some(second(n)), ..any() };
    assert_eq!(total(list(&mut connection, since(499)).await.unwrap()), (1_000, false));
    assert_eq!(total(list(&mut connection, since(500)).await.unwrap()), (1_000, true));
    assert_eq!(total(list(&mut connection, since(1_490)).await.unwrap()), (10, true));
}
