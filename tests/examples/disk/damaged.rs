//! A page of the database that holds something else than what was written.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::{PATIENCE, acknowledged, complete, provision, refusal};
use crate::stage::Stage;

/// The page where the table begins, counted from 0, and the size of pages.
fn page_of(database: &Path, table: &str) -> (u64, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(database);
        let mut connection = options.connect().await.unwrap();
        let place = "SELECT rootpage - 1, page_size FROM sqlite_schema, pragma_page_size WHERE name = ?";
        let place: (i64, i64) = sqlx::query_as(place).bind(table).fetch_one(&mut connection).await.unwrap();
        (place.0.try_into().unwrap(), place.1.try_into().unwrap())
    })
}

/// Overwrites a page, and answers what was there.
fn damage(database: &Path, (page, size): (u64, usize)) -> Vec<u8> {
    let file = std::fs::File::options().read(true).write(true).open(database).unwrap();
    let mut was = vec![0; size];
    file.read_exact_at(&mut was, page * size as u64).unwrap();
    file.write_all_at(&vec![0xA5; size], page * size as u64).unwrap();
    was
}

fn mend(database: &Path, (page, size): (u64, usize), was: &[u8]) {
    let file = std::fs::File::options().write(true).open(database).unwrap();
    file.write_all_at(was, page * size as u64).unwrap();
}

#[test]
fn a_corrupted_page_is_told_when_it_is_met_and_nothing_is_acknowledged_after_that() {
    let mut stage = Stage::new();
    let database = stage.file("saga.db");
    let starts: Vec<_> = (1..=3).map(|n| acknowledged(&stage, n)).collect();
    complete(&stage, &starts);
    assert!(stage.terminate());

    let page = page_of(&database, "orchestration_workflow_steps");
    let was = damage(&database, page);
    stage.restart();
    let looked = stage.http.get(stage.url(&format!("workflows/{}", starts[0]))).send().unwrap();
    assert_eq!(looked.status(), StatusCode::SERVICE_UNAVAILABLE);
    let said = looked.text().unwrap();
    assert!(said.contains("malformed"), "{said}");
    let why = stage.unready().expect("unready on a damaged database");
    assert!(why.contains("malformed") && why.contains("restore"), "{why}");
    let (status, answer) = provision(&stage, 4);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("malformed"), "{answer}");
    stage.terminate();

    mend(&database, page, &was);
    stage.restart();
    assert_eq!(stage.unready(), None);
    complete(&stage, &starts);
    complete(&stage, &[acknowledged(&stage, 4)]);
    assert!(stage.terminate());
}

/// The engine's own tables are whole: only the business's own statements, in a step, meet the page.
#[test]
fn a_corrupted_page_of_the_business_is_told_when_a_step_meets_it() {
    let mut stage = Stage::new();
    let database = stage.file("saga.db");
    let first = acknowledged(&stage, 1);
    complete(&stage, std::slice::from_ref(&first));
    assert!(stage.terminate());

    let page = page_of(&database, "customers");
    let was = damage(&database, page);
    stage.restart();
    assert_eq!(stage.unready(), None, "nobody has looked at that page yet");
    let (status, answer) = provision(&stage, 2);
    let second = answer["workflow_id"].as_str().map(str::to_owned);
    assert!(
        status == StatusCode::ACCEPTED || status == StatusCode::SERVICE_UNAVAILABLE,
        "{status}: {answer}"
    );
    let asked = Instant::now();
    let why = loop {
        if let Some(why) = stage.unready() {
            break why;
        }
        assert!(asked.elapsed() < PATIENCE, "ready on a damaged database");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(why.contains("malformed") && why.contains("restore"), "{why}");
    let (status, answer) = provision(&stage, 3);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    stage.terminate();

    mend(&database, page, &was);
    stage.restart();
    assert_eq!(stage.unready(), None);
    complete(&stage, &[first]);
    complete(&stage, &second.into_iter().collect::<Vec<_>>());
    complete(&stage, &[acknowledged(&stage, 3)]);
    assert!(stage.terminate());
}

#[test]
fn a_corrupted_first_page_is_refused_by_the_files_name() {
    let mut stage = Stage::new();
    let database = stage.file("saga.db");
    let started = acknowledged(&stage, 1);
    complete(&stage, std::slice::from_ref(&started));
    assert!(stage.terminate());
    let (_, size) = page_of(&database, "orchestration_workflow_steps");
    let was = damage(&database, (0, size));
    let said = refusal(&mut stage.command());
    assert!(said.contains(&*database.to_string_lossy()) && said.contains("not a database"), "{said}");
    mend(&database, (0, size), &was);
    stage.restart();
    complete(&stage, &[started]);
    assert!(stage.terminate());
}
