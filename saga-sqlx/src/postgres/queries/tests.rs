use sqlx::{Connection, Executor, PgConnection};

use super::*;

/// A schema with tables in which nothing is.
pub(super) async fn empty(name: &str) -> PgConnection {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL: run scripts/test postgres");
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let schema = format!("{name}_{}", std::process::id());
    let path = "SELECT set_config('search_path', $1, false)";
    sqlx::query(path).bind(&schema).execute(&mut connection).await.unwrap();
    crate::migrate::postgres(&mut connection, Some(&schema)).await.unwrap();
    connection
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let mut connection = empty("queries").await;
    for (file, sql) in ALL {
        let prepared = (&mut connection).prepare(sqlx::SqlStr::from_static(sql)).await;
        assert!(prepared.is_ok(), "{file}: {:?}", prepared.err());
    }
}

#[test]
fn no_file_is_left_over() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/postgres")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    for file in files {
        assert!(ALL.iter().any(|(known, _)| *known == file), "nobody uses {file}");
    }
}
