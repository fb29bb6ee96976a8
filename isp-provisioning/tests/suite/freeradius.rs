//! What the adapter promises over any database with FreeRADIUS's tables: the SQLite file and, in
//! `real_freeradius`, the PostgreSQL of a running server.

use async_trait::async_trait;
use isp_provisioning::ports::{ErrorClass, PortResult, Radius, RadiusAccount};

/// An adapter, and the tables behind its back.
#[async_trait]
pub(crate) trait Target: Sync {
    fn radius(&self) -> &dyn Radius;
    /// The rows of a user name, as `table: attribute op value`, sorted.
    async fn rows(&self, username: &str) -> Vec<String>;
    /// Adds a row to a table by hand.
    async fn insert(&self, table: &str, username: &str, attribute: &str, value: &str);
}

/// Gives every case a test of its own name. `$target` is an expression that makes a [`Target`]; each case
/// has a user name of its own, so they may share a database.
macro_rules! cases {
    ($target:expr) => {
        $crate::freeradius_suite::cases!($target;
            an_account_is_its_password_its_owner_and_its_group,
            creating_again_replaces_what_is_ours,
            a_user_name_that_is_another_workflows_is_taken,
            a_user_name_that_somebody_entered_by_hand_is_taken,
            deleting_takes_everything_and_can_be_repeated,
            deleting_leaves_what_is_not_ours,
            an_address_loses_its_mask_and_comes_with_its_vlan,
            a_new_address_replaces_the_old_one,
            an_account_created_again_keeps_its_address,
            an_address_is_set_only_in_our_account,
            clearing_the_address_leaves_the_account,
            values_that_would_spoil_the_account_are_refused_before_anything_is_written,
            the_same_creation_twenty_times_at_once_is_one,
            of_twenty_owners_at_once_one_gets_the_name,
        );
    };
    ($target:expr; $($case:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $case() {
            $crate::freeradius_suite::$case(&$target).await;
        })+
    };
}
pub(crate) use cases;

const OURS: &str = "wf_1/radius";
const THEIRS: &str = "wf_2/radius";

pub(crate) fn account(username: &str, secret: &str) -> RadiusAccount {
    RadiusAccount { username: username.into(), secret: secret.into(), group: "plan_basic_100".into() }
}

/// A fresh account of ours.
async fn created(target: &impl Target, username: &str) {
    target.radius().delete_account(OURS, username).await.unwrap();
    target.radius().create_account(OURS, &account(username, "s3cret")).await.unwrap();
}

fn account_rows(secret: &str) -> [String; 3] {
    [
        format!("radcheck: Cleartext-Password := {secret}"),
        format!("radreply: Class := {OURS}"),
        "radusergroup: plan_basic_100".into(),
    ]
}

#[track_caller]
fn refused(result: PortResult<()>, message: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (ErrorClass::Permanent, message));
}

pub(crate) async fn an_account_is_its_password_its_owner_and_its_group(target: &impl Target) {
    created(target, "rows@suite").await;
    assert_eq!(target.rows("rows@suite").await, account_rows("s3cret"));
}

pub(crate) async fn creating_again_replaces_what_is_ours(target: &impl Target) {
    created(target, "again@suite").await;
    target.insert("radcheck", "again@suite", "Cleartext-Password", "older").await;
    target.radius().create_account(OURS, &account("again@suite", "newer")).await.unwrap();
    assert_eq!(target.rows("again@suite").await, account_rows("newer"));
}

pub(crate) async fn a_user_name_that_is_another_workflows_is_taken(target: &impl Target) {
    created(target, "theirs@suite").await;
    let before = target.rows("theirs@suite").await;
    let again = target.radius().create_account(THEIRS, &account("theirs@suite", "mine")).await;
    refused(again, "RADIUS username taken: theirs@suite");
    assert_eq!(target.rows("theirs@suite").await, before);
}

pub(crate) async fn a_user_name_that_somebody_entered_by_hand_is_taken(target: &impl Target) {
    if target.rows("hand@suite").await.is_empty() {
        target.insert("radcheck", "hand@suite", "Cleartext-Password", "by-hand").await;
    }
    let created = target.radius().create_account(OURS, &account("hand@suite", "mine")).await;
    refused(created, "RADIUS username taken: hand@suite");
    target.radius().delete_account(OURS, "hand@suite").await.unwrap();
    assert_eq!(target.rows("hand@suite").await, ["radcheck: Cleartext-Password := by-hand"]);
}

pub(crate) async fn deleting_takes_everything_and_can_be_repeated(target: &impl Target) {
    created(target, "deleted@suite").await;
    target.radius().set_address(OURS, "deleted@suite", "10.0.1.50", Some(100)).await.unwrap();
    target.radius().delete_account(OURS, "deleted@suite").await.unwrap();
    assert!(target.rows("deleted@suite").await.is_empty());
    target.radius().delete_account(OURS, "deleted@suite").await.unwrap();
}

pub(crate) async fn deleting_leaves_what_is_not_ours(target: &impl Target) {
    created(target, "kept@suite").await;
    target.radius().delete_account(THEIRS, "kept@suite").await.unwrap();
    assert_eq!(target.rows("kept@suite").await, account_rows("s3cret"));
}

pub(crate) async fn an_address_loses_its_mask_and_comes_with_its_vlan(target: &impl Target) {
    created(target, "address@suite").await;
    target.radius().set_address(OURS, "address@suite", "10.0.1.50/24", Some(100)).await.unwrap();
    assert_eq!(
        target.rows("address@suite").await,
        [
            "radcheck: Cleartext-Password := s3cret",
            "radreply: Class := wf_1/radius",
            "radreply: Framed-IP-Address := 10.0.1.50",
            "radreply: Framed-IP-Netmask := 255.255.255.255",
            "radreply: Tunnel-Medium-Type:0 := IEEE-802",
            "radreply: Tunnel-Private-Group-Id:0 := 100",
            "radreply: Tunnel-Type:0 := VLAN",
            "radusergroup: plan_basic_100",
        ]
    );
}

pub(crate) async fn a_new_address_replaces_the_old_one(target: &impl Target) {
    created(target, "moved@suite").await;
    target.radius().set_address(OURS, "moved@suite", "10.0.1.50", Some(100)).await.unwrap();
    target.radius().set_address(OURS, "moved@suite", "10.0.1.51", None).await.unwrap();
    let rows = target.rows("moved@suite").await;
    assert_eq!(
        rows[2..4],
        ["radreply: Framed-IP-Address := 10.0.1.51", "radreply: Framed-IP-Netmask := 255.255.255.255"]
    );
    assert_eq!(rows.len(), 5, "the VLAN has gone: {rows:?}");
}

pub(crate) async fn an_account_created_again_keeps_its_address(target: &impl Target) {
    created(target, "late@suite").await;
    target.radius().set_address(OURS, "late@suite", "10.0.1.50", Some(100)).await.unwrap();
    let before = target.rows("late@suite").await;
    target.radius().create_account(OURS, &account("late@suite", "s3cret")).await.unwrap();
    assert_eq!(target.rows("late@suite").await, before);
}

pub(crate) async fn an_address_is_set_only_in_our_account(target: &impl Target) {
    created(target, "owned@suite").await;
    let theirs = target.radius().set_address(THEIRS, "owned@suite", "10.0.1.50", None).await;
    refused(theirs, "RADIUS username taken: owned@suite");
    assert_eq!(target.rows("owned@suite").await, account_rows("s3cret"));
    let missing = target.radius().set_address(OURS, "missing@suite", "10.0.1.50", None).await;
    refused(missing, "RADIUS account missing: missing@suite");
    assert!(target.rows("missing@suite").await.is_empty());
}

pub(crate) async fn clearing_the_address_leaves_the_account(target: &impl Target) {
    created(target, "cleared@suite").await;
    target.radius().set_address(OURS, "cleared@suite", "10.0.1.50", Some(100)).await.unwrap();
    target.insert("radreply", "cleared@suite", "Session-Timeout", "86400").await;
    let before = target.rows("cleared@suite").await;
    target.radius().clear_address(THEIRS, "cleared@suite").await.unwrap();
    assert_eq!(target.rows("cleared@suite").await, before);
    for _ in 0..2 {
        target.radius().clear_address(OURS, "cleared@suite").await.unwrap();
        let [password, owner, group] = account_rows("s3cret");
        let timeout = "radreply: Session-Timeout := 86400".into();
        assert_eq!(target.rows("cleared@suite").await, [password, owner, timeout, group]);
    }
    target.radius().clear_address(OURS, "missing@suite").await.unwrap();
}

pub(crate) async fn values_that_would_spoil_the_account_are_refused_before_anything_is_written(
    target: &impl Target,
) {
    let create = |username: &str, secret: &str| {
        let account = account(username, secret);
        async move { target.radius().create_account(OURS, &account).await.unwrap_err() }
    };
    let error = create("spoilt@suite", "`reboot`").await;
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(!error.message.contains("reboot"), "a secret is never shown: {error}");
    assert_eq!(create("", "s3cret").await.class, ErrorClass::Permanent);
    let bad = target.radius().set_address(OURS, "spoilt@suite", "10.0.1.500", None).await;
    refused(bad, "not an IPv4 address: 10.0.1.500");
    assert!(target.rows("spoilt@suite").await.is_empty());
}

pub(crate) async fn the_same_creation_twenty_times_at_once_is_one(target: &impl Target) {
    let account = account("crowd@suite", "s3cret");
    let creations = (0..20).map(|_| target.radius().create_account(OURS, &account));
    for created in futures_util::future::join_all(creations).await {
        created.unwrap();
    }
    assert_eq!(target.rows("crowd@suite").await, account_rows("s3cret"));
}

pub(crate) async fn of_twenty_owners_at_once_one_gets_the_name(target: &impl Target) {
    let account = account("race@suite", "s3cret");
    let owners: Vec<String> = (0..20).map(|n| format!("wf_race_{n}:2:do:0")).collect();
    for owner in &owners {
        target.radius().delete_account(owner, "race@suite").await.unwrap();
    }
    let creations = owners.iter().map(|owner| target.radius().create_account(owner, &account));
    let results = futures_util::future::join_all(creations).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for result in results.into_iter().filter(Result::is_err) {
        refused(result, "RADIUS username taken: race@suite");
    }
    assert_eq!(target.rows("race@suite").await.len(), 3);
}
