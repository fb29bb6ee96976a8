//! The FreeRADIUS adapter against a running FreeRADIUS on PostgreSQL: SQL in, RADIUS packets out.
//!
//! `scripts/systems/freeradius.sh start DIR` starts one and prints the variables that are needed here.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "suite/freeradius.rs"]
mod freeradius_suite;

use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use freeradius_suite::{Target, account, cases};
use isp_provisioning::adapters::freeradius::{PasswordStorage, PostgresRadius};
use isp_provisioning::ports::{ErrorClass, Radius};
use isp_provisioning::secret::SecretKey;
use sqlx::{Connection, PgConnection, Row};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const OURS: &str = "wf_1/radius";
const PATIENT: Duration = Duration::from_secs(10);

fn required(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: scripts/systems/freeradius.sh start DIR starts a FreeRADIUS and prints it")
    })
}

fn adapter(url: &str, storage: PasswordStorage) -> PostgresRadius {
    PostgresRadius::connect(url, storage, PATIENT).unwrap()
}

struct Postgres(PostgresRadius);

impl Postgres {
    fn new(storage: PasswordStorage) -> Self {
        Self(adapter(&required("RADIUS_DB_URL"), storage))
    }
    /// A connection that is not the adapter's, and may do everything.
    async fn connection(&self) -> PgConnection {
        PgConnection::connect(&required("RADIUS_DB_ADMIN_URL")).await.unwrap()
    }
}

#[async_trait]
impl Target for Postgres {
    fn radius(&self) -> &dyn Radius {
        &self.0
    }
    async fn rows(&self, username: &str) -> Vec<String> {
        let rows = sqlx::query(
            "SELECT 'radcheck: ' || attribute || ' ' || op || ' ' || value AS line FROM radcheck WHERE username = $1 \
             UNION ALL SELECT 'radreply: ' || attribute || ' ' || op || ' ' || value FROM radreply WHERE username = $1 \
             UNION ALL SELECT 'radusergroup: ' || groupname FROM radusergroup WHERE username = $1",
        );
        let rows = rows.bind(username).fetch_all(&mut self.connection().await).await.unwrap();
        let mut lines: Vec<String> = rows.iter().map(|row| row.get("line")).collect();
        lines.sort();
        lines
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

cases!(Postgres::new(PasswordStorage::Cleartext));

/// What FreeRADIUS answers to a log-in. `password` is a RADIUS attribute with its value.
async fn log_in(username: &str, password: &str) -> String {
    let mut radclient = Command::new("radclient")
        .args(["-x", "-r", "1", "-t", "5", &required("RADIUS_AUTH"), "auth", &required("RADIUS_SECRET")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let request = format!("User-Name = \"{username}\", {password}\n");
    radclient.stdin.take().unwrap().write_all(request.as_bytes()).await.unwrap();
    let output = radclient.wait_with_output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_once("Received ").expect("an answer of FreeRADIUS").1.to_owned()
}

#[tokio::test]
async fn the_subscriber_logs_in_and_gets_address_vlan_owner_and_plan() {
    let target = Postgres::new(PasswordStorage::Cleartext);
    let secret = SecretKey::from_bytes([1; 32]).derive("wf_1");
    let mut account = account("login@real", secret.expose());
    account.group = "plan_premium_1000".into();
    target.0.create_account(OURS, &account).await.unwrap();
    target.0.set_address(OURS, "login@real", "10.0.1.50/24", Some(100)).await.unwrap();
    for attribute in ["User-Password", "CHAP-Password"] {
        let answer = log_in("login@real", &format!("{attribute} = \"{}\"", secret.expose())).await;
        assert!(answer.starts_with("Access-Accept"), "{answer}");
        let class: String = OURS.bytes().map(|byte| format!("{byte:02x}")).collect();
        for line in [
            "Framed-IP-Address = 10.0.1.50",
            "Framed-IP-Netmask = 255.255.255.255",
            "Tunnel-Type:0 = VLAN",
            "Tunnel-Medium-Type:0 = IEEE-802",
            "Tunnel-Private-Group-Id:0 = \"100\"",
            &format!("Class = 0x{class}"),
            "Mikrotik-Rate-Limit = \"1000M/1000M\"",
        ] {
            assert!(answer.contains(line), "{line} is not in {answer}");
        }
    }
    assert!(log_in("login@real", "User-Password = \"wrong\"").await.starts_with("Access-Reject"));
    target.0.clear_address(OURS, "login@real").await.unwrap();
    let answer = log_in("login@real", &format!("User-Password = \"{}\"", secret.expose())).await;
    assert!(answer.starts_with("Access-Accept") && !answer.contains("Framed-IP-Address"), "{answer}");
    target.0.delete_account(OURS, "login@real").await.unwrap();
    let answer = log_in("login@real", &format!("User-Password = \"{}\"", secret.expose())).await;
    assert!(answer.starts_with("Access-Reject"), "{answer}");
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let target = Postgres::new(PasswordStorage::Cleartext);
    for secret in ["first", "second"] {
        target.0.create_account(OURS, &account("password@real", secret)).await.unwrap();
    }
    assert!(log_in("password@real", "User-Password = \"second\"").await.starts_with("Access-Accept"));
    assert!(log_in("password@real", "User-Password = \"first\"").await.starts_with("Access-Reject"));
}

#[tokio::test]
async fn a_hashed_password_serves_pap_and_not_chap() {
    let target = Postgres::new(PasswordStorage::SaltedSha512);
    target.0.create_account(OURS, &account("hashed@real", "s3cret")).await.unwrap();
    assert!(log_in("hashed@real", "User-Password = \"s3cret\"").await.starts_with("Access-Accept"));
    assert!(log_in("hashed@real", "User-Password = \"wrong\"").await.starts_with("Access-Reject"));
    assert!(log_in("hashed@real", "CHAP-Password = \"s3cret\"").await.starts_with("Access-Reject"));
}

#[tokio::test]
async fn another_change_of_the_same_name_is_waited_for() {
    let target = Postgres::new(PasswordStorage::Cleartext);
    let mut other = target.connection().await;
    let mut tx = other.begin().await.unwrap();
    lock(&mut tx, "locked@real").await;
    let account = account("locked@real", "s3cret");
    let given_up = tokio::time::timeout(Duration::from_millis(150), target.0.create_account(OURS, &account));
    assert!(given_up.await.is_err());
    tx.rollback().await.unwrap();
    target.0.create_account(OURS, &account).await.unwrap();
    assert_eq!(target.rows("locked@real").await.len(), 3);
}

#[tokio::test]
async fn a_connection_that_is_lost_before_the_commit_is_transient() {
    let target = Postgres::new(PasswordStorage::Cleartext);
    let mut other = target.connection().await;
    let mut tx = other.begin().await.unwrap();
    lock(&mut tx, "killed@real").await;
    target.0.delete_account(OURS, "somebody@real").await.unwrap();
    let account = account("killed@real", "s3cret");
    let (created, ()) = tokio::join!(target.0.create_account(OURS, &account), async {
        let mut admin = target.connection().await;
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_locks \
                    WHERE locktype = 'advisory' AND NOT granted \
                    AND objid = (hashtextextended('radius:killed@real', 0) & 4294967295)::oid";
        while sqlx::query(kill).fetch_all(&mut admin).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let error = created.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient, "{error}");
    tx.rollback().await.unwrap();
    assert!(target.rows("killed@real").await.is_empty());
}

#[tokio::test]
async fn wrong_credentials_and_names_are_a_matter_of_configuration_and_no_server_is_transient() {
    let url = required("RADIUS_DB_URL");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (start, _) = url.rsplit_once('@').unwrap();
    for (url, class) in [
        (url.replace("provpass", "wrong"), ErrorClass::Configuration),
        (url.replace("/radius", "/no_such_database"), ErrorClass::Configuration),
        (format!("{start}@127.0.0.1:{closed}/radius"), ErrorClass::Transient),
    ] {
        let impatient = Duration::from_millis(500);
        let radius = PostgresRadius::connect(&url, PasswordStorage::Cleartext, impatient).unwrap();
        let error = radius.delete_account(OURS, "any@real").await.unwrap_err();
        assert_eq!(error.class, class, "{url}: {error}");
        assert!(!error.message.contains("provpass"), "{error}");
    }
}

/// Takes the adapter's lock of a user name.
async fn lock(tx: &mut PgConnection, username: &str) {
    let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('radius:' || $1, 0))");
    lock.bind(username).execute(tx).await.unwrap();
}
