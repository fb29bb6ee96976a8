//! What the systems have of the subscriber, asked of the systems themselves.

use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

use super::spoil::open;
use crate::harness::Product;

/// What each of them had before anything happened.
pub struct Before {
    addresses: usize,
    onus: Value,
    routers: Value,
}

impl Before {
    pub async fn look(product: &Product) -> Self {
        let addresses = product.world("netbox").await["addresses"].as_array().unwrap().len();
        let onus = product.world("voltha-control").await["devices"].clone();
        let routers = product.world("genieacs").await["devices"].clone();
        Self { addresses, onus, routers }
    }
}

/// The words of what is there now and was not there before; what is there twice says so.
pub async fn held(product: &Product, before: &Before) -> String {
    let (mut business, mut radius) = (open(product, "saga.db").await, open(product, "radius.db").await);
    let after = Before::look(product).await;
    let genieacs = product.world("genieacs").await;
    let enabled = |onus: &Value| {
        let onus = onus.as_object().unwrap().values();
        onus.filter(|onus| onus["admin_state"] == "ENABLED").count()
    };
    let counts = [
        ("customer", count(&mut business, "customers").await),
        ("subscriber", count(&mut business, "subscribers").await),
        ("active", count(&mut business, "subscribers WHERE status = 'active'").await),
        ("account", count(&mut radius, "radcheck WHERE value <> 'by hand'").await),
        ("reply", count(&mut radius, "radreply WHERE attribute = 'Framed-IP-Address'").await),
        ("address", after.addresses - before.addresses),
        ("line", enabled(&after.onus) - enabled(&before.onus)),
        ("router", changed(&before.routers, &after.routers, false)),
        ("service", count(&mut business, "services").await),
        // Beside these nothing may be left: no mark of an account without a password, no group, no task.
        ("mark", marks(&mut radius).await),
        ("task", genieacs["tasks"].as_array().unwrap().len() + genieacs["faults"].as_array().unwrap().len()),
        ("password", passwords(&before.routers, &after.routers)),
    ];
    let words = counts.iter().filter(|(_, n)| *n > 0).map(|(word, n)| match n {
        1 => (*word).to_owned(),
        n => format!("{word} × {n}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

async fn count(connection: &mut SqliteConnection, what: &str) -> usize {
    let text = format!("SELECT count(*) FROM {what}");
    let n: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(connection).await.unwrap();
    usize::try_from(n).unwrap()
}

/// Rows of an account beyond what an account with its password has.
async fn marks(radius: &mut SqliteConnection) -> usize {
    let account = count(radius, "radcheck WHERE value <> 'by hand'").await;
    let marks = count(radius, "radreply WHERE attribute = 'Class'").await;
    let groups = count(radius, "radusergroup").await;
    marks.abs_diff(account) + groups.abs_diff(account)
}

/// Routers with another value than before. Passwords are looked at on their own.
fn changed(before: &Value, after: &Value, passwords: bool) -> usize {
    let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
    let differs = |id: &String| {
        let values = after[id]["values"].as_object().unwrap();
        values.iter().any(|(path, value)| {
            path.ends_with("Password") == passwords && *value != before[id]["values"][path]
        })
    };
    after.keys().filter(|id| differs(id)).count()
}

/// Passwords that somebody could log in with although the router has been put back. One that was changed and
/// put back is blank, because nobody could read what it was.
fn passwords(before: &Value, after: &Value) -> usize {
    let blank = |device: &Value| {
        let values = device["values"].as_object().unwrap();
        values.iter().any(|(path, value)| path.ends_with("Password") && value == "")
    };
    let blanks = after.as_object().unwrap().values().filter(|device| blank(device)).count();
    let set = changed(before, after, true) - blanks;
    set.abs_diff(changed(before, after, false))
}
