//! The FreeRADIUS adapter over its SQLite file.

use std::time::Duration;

use async_trait::async_trait;
use isp_provisioning::adapters::freeradius::{PasswordStorage, SqliteRadius};
use isp_provisioning::ports::{ErrorClass, Radius};
use sqlx::{Connection, Row, SqliteConnection};
use tempfile::TempDir;

use crate::freeradius_suite::{Target, account, cases};

const OURS: &str = "wf_1/radius";
const PATIENT: Duration = Duration::from_secs(10);

struct Sqlite {
    folder: TempDir,
    radius: SqliteRadius,
}

impl Sqlite {
    async fn open() -> Self {
        Self::with(PasswordStorage::Cleartext, PATIENT).await
    }
    async fn with(storage: PasswordStorage, busy_timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let radius = SqliteRadius::open(folder.path(), storage, busy_timeout).await.unwrap();
        Self { folder, radius }
    }
    /// A connection that is not the adapter's.
    async fn connection(&self) -> SqliteConnection {
        let url = format!("sqlite://{}", self.folder.path().join("radius.db").display());
        SqliteConnection::connect(&url).await.unwrap()
    }
}

#[async_trait]
impl Target for Sqlite {
    fn radius(&self) -> &dyn Radius {
        &self.radius
    }
    async fn rows(&self, username: &str) -> Vec<String> {
        let rows = sqlx::query(
            "SELECT 'radcheck: ' || attribute || ' ' || op || ' ' || value AS line FROM radcheck WHERE username = $1 \
             UNION ALL SELECT 'radreply: ' || attribute || ' ' || op || ' ' || value FROM radreply WHERE username = $1 \
             UNION ALL SELECT 'radusergroup: ' || groupname FROM radusergroup WHERE username = $1 ORDER BY line",
        );
        let rows = rows.bind(username).fetch_all(&mut self.connection().await).await.unwrap();
        rows.iter().map(|row| row.get("line")).collect()
    }
    async fn insert(&self, table: &str, username: &str, attribute: &str, value: &str) {
        let text = match table {
            "radcheck" => "INSERT INTO radcheck (username, attribute, op, value) VALUES ($1, $2, ':=', $3)",
            _ => "INSERT INTO radreply (username, attribute, op, value) VALUES ($1, $2, ':=', $3)",
        };
        let query = sqlx::query(text).bind(username).bind(attribute).bind(value);
        query.execute(&mut self.connection().await).await.unwrap();
    }
}

mod adapter {
    use super::*;
    cases!(Sqlite::open().await);
}

#[tokio::test]
async fn another_writer_is_waited_for_and_then_the_call_fails_as_transient() {
    let target = Sqlite::with(PasswordStorage::Cleartext, Duration::from_millis(30)).await;
    let mut other = target.connection().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let account = account("busy@test", "s3cret");
    let error = target.radius.create_account(OURS, &account).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient, "{error}");
    assert_eq!(
        target.radius.delete_account(OURS, "busy@test").await.unwrap_err().class,
        ErrorClass::Transient
    );
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(target.rows("busy@test").await.is_empty());
    target.radius.create_account(OURS, &account).await.unwrap();
}

#[tokio::test]
async fn a_call_that_was_given_up_does_not_keep_the_file_locked() {
    let target = Sqlite::open().await;
    let mut other = target.connection().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let account = account("gone@test", "s3cret");
    let given_up =
        tokio::time::timeout(Duration::from_millis(30), target.radius.create_account(OURS, &account));
    assert!(given_up.await.is_err());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    target.radius.create_account(OURS, &account).await.unwrap();
    assert_eq!(target.rows("gone@test").await.len(), 3);
}

#[tokio::test]
async fn accounts_are_there_after_a_restart() {
    let target = Sqlite::open().await;
    target.radius.create_account(OURS, &account("stays@test", "s3cret")).await.unwrap();
    let before = target.rows("stays@test").await;
    drop(target.radius);
    let radius = SqliteRadius::open(target.folder.path(), PasswordStorage::Cleartext, PATIENT).await.unwrap();
    let target = Sqlite { folder: target.folder, radius };
    assert_eq!(target.rows("stays@test").await, before);
}

#[tokio::test]
async fn all_of_freeradiuss_tables_are_there() {
    let target = Sqlite::open().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(&mut target.connection().await)
    .await
    .unwrap();
    let expected = "nas radacct radcheck radgroupcheck radgroupreply radpostauth radreply radusergroup";
    assert_eq!(tables.join(" "), expected);
}

#[tokio::test]
async fn a_hashed_password_is_not_kept_in_clear() {
    let target = Sqlite::with(PasswordStorage::SaltedSha512, PATIENT).await;
    target.radius.create_account(OURS, &account("hashed@test", "s3cret")).await.unwrap();
    let rows = target.rows("hashed@test").await;
    assert!(rows[0].starts_with("radcheck: SSHA2-512-Password := "), "{rows:?}");
    assert!(!rows.join(" ").contains("s3cret"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_a_matter_of_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("radius.db"),
        "this is a text, and long enough to be looked at. ".repeat(40),
    )
    .unwrap();
    let opened = SqliteRadius::open(folder.path(), PasswordStorage::Cleartext, PATIENT).await;
    assert_eq!(opened.unwrap_err().class, ErrorClass::Configuration);
    let missing = folder.path().join("no/such/folder");
    let opened = SqliteRadius::open(&missing, PasswordStorage::Cleartext, PATIENT).await;
    assert_eq!(opened.unwrap_err().class, ErrorClass::Configuration);
}
